"""Reading what a page gives its packaged components, in an AppTest."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def given(app: AppTest, name: str, package: str = "winnow-pieces") -> dict[str, Any] | None:
    """What the component of studio/assets/<name>.js is given on the page, None where it is not drawn."""
    for entry in app.get("bidi_component"):
        if entry.proto.component_name == f"{package}.{name}":
            found: dict[str, Any] = json.loads(entry.proto.json)
            return found
    return None


def num_kept(app: AppTest) -> int | None:
    """How many samples Curate says are kept, None where it says nothing."""
    shown = given(app, "outcome")
    return None if shown is None else int(shown["num"])

"""Cards and stages that can be dragged; what the buttons beside them do as well, for who has no mouse.

The component draws nothing of its own: it listens on the page, shows where a card would go, and says where it was let go.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio import mixture_draft as drafts
from studio import mixture_start as start
from studio import session, style

_KEY = "mixture-drag"


def drag(num_stages: int) -> None:
    """Let the cards of the recipe in edit be dragged between its stages, and the stages into another order."""
    with st.container(key="drag-place"):
        style.component("drag")(key=_KEY, data={"stages": num_stages}, on_moved_change=_moved)


def _moved() -> None:
    """Move before the run that follows; a card or stage that is not there any more stays where it is."""
    told: Any = getattr(session.held(_KEY), "moved", None)
    draft = start.current()
    if not told or draft is None:
        return
    if told["card"]:
        start.keep(drafts.place_part(draft, str(told["card"]), str(told["lane"]), int(told["place"])))
    else:
        start.keep(drafts.move_stage(draft, str(told["lane"]), int(told["place"])))

"""The curator's list of licences a mixture may hold, as acts of the workspace: until one is made everything is allowed.

It stands in no recipe: it is a rule of who trains, not of what is trained on, and a recipe means the same wherever it is opened.
What it finds in a mixture is among the mixture's warnings, with the list (`core.mixture.warnings`).
"""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import BadInput
from core.store.acts import Acts
from core.workspace import Workspace

KIND, _KEY = "allowed-licences", "list"
_LONGEST = 200


def allowed(workspace: Workspace) -> tuple[str, ...] | None:
    """The licences on the list, sorted; None while there is none, which allows everything."""
    found = Acts(workspace.acts_path).all(KIND).get(_KEY)
    return None if found is None else tuple(sorted(str(name) for name in found["licences"]))


def allow(workspace: Workspace, names: Iterable[str]) -> tuple[str, ...]:
    """Allow these licences and no others; an empty list allows none."""
    wanted = tuple(sorted({" ".join(name.split()) for name in names}))
    for name in wanted:
        if not name or len(name) > _LONGEST:
            raise BadInput(f"{name[:40]!r} is not a licence.", f"Give a name of 1 to {_LONGEST} characters.")
    if wanted != allowed(workspace):
        Acts(workspace.acts_path).put(KIND, _KEY, {"licences": list(wanted)})
    return wanted


def allow_everything(workspace: Workspace) -> None:
    """Take the list away."""
    if allowed(workspace) is not None:
        Acts(workspace.acts_path).remove(KIND, _KEY)


def is_allowed(licence: str, names: Iterable[str] | None) -> bool:
    """Whether a licence is on the list, however it is written: capitals and blanks do not count."""
    return names is None or _plain(licence) in {_plain(name) for name in names}


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()

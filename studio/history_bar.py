"""The buttons of undo and redo with their keys: Ctrl+Z and Ctrl+Shift+Z anywhere on the page, except while typing."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from studio import cached, history, layout, session, style
from studio.history import Act

_KEY = "history-bar"
_TOLD: session.Slot[str] = session.Slot("history.told", "")
_ONLY: session.Slot[Collection[str]] = session.Slot("history.only", ())


def history_bar(only: Collection[str] = ()) -> None:
    """Draw the two buttons; what they would do is their hover. `only`: the kinds of change that are undone on this page, all
    without it: what cannot be seen here is undone where it can."""
    _ONLY.set(only)
    told = _TOLD.take()
    if told:
        st.toast(told)
    kept = _now()
    shown = {}
    for name, act in (("undo", kept.undoable), ("redo", kept.redoable)):
        shown[name] = None if act is None or not _is_here(act) else act.says
        shown[f"no_{name}"] = f"Nothing to {name}" if act is None else f"Go to Curate to {name}: {act.says}"
    style.component("history")(key=_KEY, data=shown, on_act_change=_act, width=76)


def _now() -> history.History:
    if not _ONLY.get():
        from studio import curate_state  # Curate may hold an act that it writes at the end of its run

        return curate_state.history_now()
    return history.read(cached.workspace()).history


def _is_here(act: Act) -> bool:
    return not _ONLY.get() or all(change.kind in _ONLY.get() for change in act.changes)


def _act() -> None:
    """Undo or redo before the run that follows, so that all of it shows the state put back."""
    told = getattr(session.held(_KEY), "act", None)
    if not told:
        return
    from studio import curate_state

    back = told["name"] == "undo"
    next_one = _now().undoable if back else _now().redoable
    if next_one is None or not _is_here(next_one):
        return
    act = curate_state.step(back)
    if act is not None and any(
        change.kind in ("selection", "rating") for change in act.changes
    ):  # it may be out of sight
        _TOLD.set(f"{'Undone' if back else 'Done again'}: {layout.verbatim(act.says)}")

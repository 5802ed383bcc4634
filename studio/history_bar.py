"""The buttons of undo and redo with their keys: Ctrl+Z and Ctrl+Shift+Z anywhere on the page, except while typing."""

from __future__ import annotations

import streamlit as st

from studio import curate_state, layout, session, style

_KEY = "history-bar"
_TOLD: session.Slot[str] = session.Slot("history.told", "")


def history_bar() -> None:
    """Draw the two buttons; what they would do is their hover."""
    kept = curate_state.history_now()
    shown = {
        "undo": None if kept.undoable is None else kept.undoable.says,
        "redo": None if kept.redoable is None else kept.redoable.says,
    }
    told = _TOLD.take()
    if told:
        st.toast(told)
    style.component("history")(key=_KEY, data=shown, on_act_change=_act, width=76)


def _act() -> None:
    """Undo or redo before the run that follows, so that all of it shows the state put back."""
    told = getattr(session.held(_KEY), "act", None)
    if not told:
        return
    back = told["name"] == "undo"
    act = curate_state.step(back)
    if act is not None and any(change.kind == "selection" for change in act.changes):  # the list may be out of sight
        _TOLD.set(f"{'Undone' if back else 'Done again'}: {layout.verbatim(act.says)}")

"""Marked samples on screen: how many there are, what can be done with them, and which tiles carry the mark."""

from __future__ import annotations

import streamlit as st

from core.errors import StudioError
from core.store import marks as kept
from studio import cached, layout, session
from studio.words import num

PROBLEM: session.Slot[StudioError | None] = session.Slot("marks.problem", None)


def marked() -> tuple[int, ...]:
    """The marked samples of the workspace on screen, the one marked first at the front."""
    return kept.marked(cached.workspace())


def toggle(sample_id: int) -> None:
    """Mark a sample, or take its mark away."""
    kept.toggle(cached.workspace(), [sample_id])


def chip() -> None:
    """How many samples are marked and what can be done with them; nothing while there are none."""
    if (problem := PROBLEM.take()) is not None:
        layout.problem(problem)
    now = marked()
    if not now:
        return
    with st.container(horizontal=True, width="content", gap=None, key="marks"):
        opened = st.popover(f"{num(len(now))} marked", key="popover-marks", on_change="rerun", icon=":material/done:")
        if opened.open:
            with opened:
                layout.small("Press x on a sample to mark it, and again to take the mark away.")
                st.button("Clear marks", key="marks-clear", on_click=_clear)


def toggle_button(sample_id: int) -> None:
    """Mark an opened sample with a click, as `x` does."""
    is_marked = sample_id in marked()
    st.button(
        "Marked" if is_marked else "Mark", key="sample-mark", icon=":material/done:" if is_marked else None, type="tertiary",
        on_click=_guarded, args=(sample_id,), help="Take the mark away (x)" if is_marked else "Mark this sample (x)",
    )  # fmt: skip


def _guarded(sample_id: int) -> None:
    try:
        toggle(sample_id)
    except StudioError as error:
        PROBLEM.set(error)


def _clear() -> None:
    kept.clear(cached.workspace())

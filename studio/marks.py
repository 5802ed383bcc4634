"""Marked samples on screen: how many there are, what can be done with them, and which tiles carry the mark."""

from __future__ import annotations

import streamlit as st

from core.errors import StudioError
from core.store import marks as kept
from studio import cached, layout, session
from studio.words import many, num

PROBLEM: session.Slot[StudioError | None] = session.Slot("marks.problem", None)


def marked() -> tuple[int, ...]:
    """The marked samples of the workspace on screen, the one marked first at the front."""
    return kept.marked(cached.workspace())


def toggle(sample_id: int) -> None:
    """Mark a sample, or take its mark away."""
    kept.toggle(cached.workspace(), [sample_id])


def chip() -> None:
    """How many samples are marked and what can be done with them; nothing while there are none."""
    _tell()
    now = marked()
    if not now:
        return
    with st.container(horizontal=True, width="content", gap=None, key="marks"):
        opened = st.popover(f"{num(len(now))} marked", key="popover-marks", on_change="rerun", icon=":material/done:")
        if opened.open:
            with opened:
                _acts(now)


def _acts(now: tuple[int, ...]) -> None:
    """Pin all marked samples, rule them out, show them alone, or take the marks away."""
    from studio import pinning  # with the methods behind it, which the first screen does not need

    layout.small("Press x on a sample to mark it, and again to take the mark away.")
    with st.container(horizontal=True, gap="small", width=500, key="marks-acts"):
        st.button(
            f"Pin {many(len(now), 'sample')}", icon=":material/keep:", key="marks-pin", on_click=pinning.pin_samples, args=(now,),
            help="Always kept; counts in the budget.",
        )  # fmt: skip
        st.button(
            "Never", icon=":material/block:", key="marks-never", on_click=pinning.never_samples, args=(now,),
            help="Never kept, whatever the method says.",
        )  # fmt: skip
        pinning.browse_button("Show", now, key="marks-show")
        st.button("Clear marks", key="marks-clear", on_click=_clear)
    pinning.problem()


def toggle_button(sample_id: int) -> None:
    """Mark an opened sample with a click, as `x` does."""
    _tell()
    is_marked = sample_id in marked()
    st.button(
        "Marked" if is_marked else "Mark", key="sample-mark", icon=":material/done:" if is_marked else None, type="tertiary",
        on_click=_guarded, args=(sample_id,), help="Take the mark away (x)" if is_marked else "Mark this sample (x)",
    )  # fmt: skip


def _tell() -> None:
    """What went wrong with the last mark, if anything did."""
    if (problem := PROBLEM.take()) is not None:
        layout.problem(problem)


def _guarded(sample_id: int) -> None:
    try:
        toggle(sample_id)
    except StudioError as error:
        PROBLEM.set(error)


def _clear() -> None:
    kept.clear(cached.workspace())

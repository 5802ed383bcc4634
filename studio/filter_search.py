"""The search box of the filters bar: words that must occur in the conversation, or what the pictures should show.

Words are a part of the filter. Meaning is an order of Browse, so that everything stays in sight, the best first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from core.errors import StudioError
from studio import cached_search, layout, session

Mode = Literal["words", "meaning"]
MODES: tuple[Mode, ...] = ("words", "meaning")
_SAYS = {
    "words": "Samples whose conversation holds all the words.",
    "meaning": "All samples, those whose pictures show it first.",
}
_MODE: session.Slot[Mode | None] = session.Slot("filters.search-mode", None)


def mode() -> Mode:
    """What the box searches by; an address that orders by likeness opens it so."""
    return _MODE.get() or ("meaning" if session.view().like else "words")


def search_box() -> None:
    """The box with the choice of its mode in front."""
    now, shown = mode(), session.view()
    wrong = missing()
    with st.container(horizontal=True, width="content", gap=None, vertical_alignment="center", key="search"):
        opened = st.popover(now.capitalize(), key="popover-search", on_change="rerun", help="What to search by")
        session.seed("filter-text", shown.chosen.text if now == "words" else shown.like)
        st.text_input(
            "Search", key="filter-text", placeholder=_placeholder(now, wrong is not None), label_visibility="collapsed",
            on_change=_search, width=156, disabled=wrong is not None and not shown.like,
        )  # fmt: skip
    if opened.open:
        with opened:
            _modes(now)


def missing() -> StudioError | None:
    """Why the box cannot search in the mode it is in, told under the bar; None when it can."""
    return cached_search.missing() if mode() == "meaning" else None


def _placeholder(now: Mode, is_missing: bool) -> str:
    if is_missing:
        return "Not prepared yet"
    return "Search conversations" if now == "words" else "What pictures show"


def _modes(now: Mode) -> None:
    session.seed("filter-mode", now)
    st.radio(
        "Search by", MODES, key="filter-mode", format_func=str.capitalize, captions=[_SAYS[one] for one in MODES], on_change=_choose,
        width=400,
    )  # fmt: skip


def _choose() -> None:
    _MODE.set("meaning" if session.held("filter-mode") == "meaning" else "words")


def _search() -> None:
    text = str(session.held("filter-text") or "").strip()
    if mode() == "words":
        session.set_filter(session.chosen_filter().model_copy(update={"text": text[:1000]}))
        return
    session.set_like(text)
    if text and not session.is_at("Browse"):
        session.go_to("browse")


def other_chip() -> None:
    """What the box does not show because it is in its other mode, with a sign that clears it."""
    shown, now = session.view(), mode()
    if now == "meaning" and shown.chosen.text:
        cleared_by_click(f"words: {shown.chosen.text}", "words", _clear_words)
    elif now == "words" and shown.like:
        cleared_by_click(f"most like: {shown.like}", "likeness", _clear_likeness)


def cleared_by_click(text: str, name: str, clear: Callable[[], None]) -> None:
    """A chip that says something of the view, and takes it away when it is clicked."""
    short = text if len(text) <= 28 else f"{text[:27]}…"
    with st.container(horizontal=True, width="content", gap=None, key=f"chip-alone-{name}"):
        st.button(
            layout.verbatim(short), icon=":material/close:", icon_position="right", key=f"chip-clear-{name}", help=f"Clear {name}",
            on_click=clear,
        )  # fmt: skip


def _clear_words() -> None:
    session.set_filter(session.chosen_filter().without("text"))


def _clear_likeness() -> None:
    session.set_like("")

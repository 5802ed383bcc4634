"""What Compare shows: the chosen selections, the pair of them that is looked at, and the page of samples; the address says all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadInput
from studio import cached, session

NOW = "now"
"""Stands for the selection that Curate is set to, among the ids of saved ones."""

PARTS = ("first", "second", "both", "measures", "settings")
_PARAMETERS = ("of", "pair", "show", "at")


class CompareView(BaseModel):
    """What is on screen: `chosen` are ids of saved selections, or NOW; `pair` are the two that are held against each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chosen: tuple[str, ...] = Field((), description="Selections, in the order they were chosen.")
    pair: tuple[str, ...] = Field((), description="The first and the second of the pair; none means the first two.")
    shown: str = Field(PARTS[0], description="The part below the map.")
    page: int = Field(1, ge=1, description="Page of the samples, from 1.")

    @property
    def looked_at(self) -> tuple[str, str] | None:
        """The pair in force; None with fewer than two chosen."""
        if len(self.pair) == 2 and self.pair[0] != self.pair[1] and set(self.pair) <= set(self.chosen):
            return self.pair[0], self.pair[1]
        return (self.chosen[0], self.chosen[1]) if len(self.chosen) > 1 else None


_VIEW: session.Slot[CompareView | None] = session.Slot("compare.view", None)
_FOLDER: session.Slot[str] = session.Slot("compare.folder", "")
_WRITTEN: session.Slot[dict[str, list[str]] | None] = session.Slot("compare.written", None)
_ACTED: session.Slot[bool] = session.Slot("compare.acted", False)


def view() -> CompareView:
    """What is on screen."""
    return _VIEW.get() or CompareView()


def change(**update: Any) -> None:
    """Show something else, from a callback; other selections or another part start at the first page."""
    if "page" not in update:
        update["page"] = 1
    _VIEW.set(view().model_copy(update=update))
    _FOLDER.set(str(cached.workspace().path))
    _ACTED.set(True)


def put_first(selection_id: str) -> None:
    """Choose a selection beside those chosen before, or beside what Curate is set to, and look at it first."""
    others = tuple(key for key in view().chosen if key != selection_id) or (NOW,)
    change(chosen=(selection_id, *others), pair=())


def start(known: Collection[str], newest: Sequence[str]) -> tuple[CompareView, BadInput | None]:
    """Settle what is shown at the top of the page; an address that was edited or shared wins.

    What is not known is left out, and said where it came from the address. `newest` are the selections a first visit begins with.
    """
    problem = None
    query, acted, folder = _query(), _ACTED.take(), str(cached.workspace().path)
    fresh = _VIEW.get() is None or _FOLDER.get() != folder
    if query and not acted and (fresh or query != _WRITTEN.get()):
        asked, problem = view_from_query(query), wrong_in_query(query, known)
        _VIEW.set(asked if "of" in query else asked.model_copy(update={"chosen": tuple(newest)}))
    elif fresh:
        _VIEW.set(CompareView(chosen=tuple(newest)))
    _FOLDER.set(folder)
    there = tuple(dict.fromkeys(key for key in view().chosen if key in known))
    _VIEW.set(view().model_copy(update={"chosen": there}))
    return view(), problem


def publish() -> None:
    """Make the address say what is shown; parameters that are not ours stay."""
    query = view_to_query(view())
    if _query() != query:
        others = {name: st.query_params.get_all(name) for name in st.query_params if name not in _PARAMETERS}
        st.query_params.from_dict({**others, **query})
    _WRITTEN.set(query)


def view_from_query(query: Mapping[str, Sequence[str]]) -> CompareView:
    """The view URL parameters stand for; what cannot be read is at its default."""
    page = next(iter(query.get("at", ())), "1")
    shown = next(iter(query.get("show", ())), PARTS[0])
    pair = tuple(next(iter(query.get("pair", ())), "").split(","))
    return CompareView(
        chosen=tuple(query.get("of", ())),
        pair=pair if len(pair) == 2 else (),
        shown=shown if shown in PARTS else PARTS[0],
        page=int(page) if _is_page(page) else 1,
    )


def wrong_in_query(query: Mapping[str, Sequence[str]], known: Collection[str]) -> BadInput | None:
    """The first thing an address asks for that cannot be shown; None where all can."""
    absent = [key for key in query.get("of", ()) if key not in known]
    if absent:
        which = "a selection" if len(absent) == 1 else f"{len(absent)} selections"
        are = "is" if len(absent) == 1 else "are"
        return BadInput(
            f"The address asks for {which} that {are} not in this workspace ({', '.join(map(_short, absent[:3]))}).",
            "Choose selections in the list, or ask for the workspace they were saved in.",
        )
    for text in query.get("pair", ()):
        two = text.split(",")
        if len(two) != 2 or two[0] == two[1] or not set(two) <= set(query.get("of", ())):
            return BadInput(
                f"The address holds the pair {_short(text)} against each other, which is not two of its selections.",
                "Choose two in the list; Swap turns them round.",
            )
    for text in query.get("show", ()):
        if text not in PARTS:
            return BadInput(f"The address asks for the part {_short(text)}.", "Choose a part below the map.")
    for text in query.get("at", ()):
        if not _is_page(text):
            return BadInput(f"The address asks for page {_short(text)}.", "Choose a page below the samples.")
    return None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def _is_page(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:20]) < 10**9


def view_to_query(shown: CompareView) -> dict[str, list[str]]:
    """A view as URL parameters; what stands at its default is left out."""
    query: dict[str, list[str]] = {}
    if shown.chosen:
        query["of"] = list(shown.chosen)
    if shown.looked_at is not None and shown.looked_at != shown.chosen[:2]:
        query["pair"] = [",".join(shown.looked_at)]
    if shown.shown != PARTS[0]:
        query["show"] = [shown.shown]
    if shown.page != 1:
        query["at"] = [str(shown.page)]
    return query


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in _PARAMETERS if name in st.query_params}

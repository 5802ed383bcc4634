"""The one door to the browser session and the URL, with types: which workspace, which filter, page, order and open sample.

The URL reproduces what is on screen. A session keeps its view when the page changes; a URL that was edited, shared or reached
with the back button wins over it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast
from urllib.parse import urlsplit

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadInput, StudioError
from core.filters import Filter, ScoreRange
from core.store.ids import digest_of, id_from_hex, id_hex

WORKSPACE_VARIABLE = "WINNOW_WORKSPACE"
_FILTER_PARAMETERS = ("source", "licence", "style", "tag", "flag", "score", "images", "q", "where", "list")
_LISTS = {"source": "sources", "licence": "licences", "style": "styles", "tag": "tags", "flag": "flags"}
"""Parameters that stand once for each entry of a list, and the field of the filter that holds it."""

_WORDS = {"size": "size", "tree": "tree", "view": "capability_view"}
"""Parameters that hold one of a few words, and the field of the view that says which."""

_IMAGES = re.compile(r"(\d{0,9})-(\d{0,9})", re.ASCII)
_VIEW_PARAMETERS = (*_FILTER_PARAMETERS, "sort", "like", "page", "sample", *_WORDS)
_WORKSPACE_PARAMETER = "workspace"

DEFAULT_SORT = "shuffled"
SORT_BY_LIKENESS = "like"
"""The order of Browse by how much pictures show what `View.like` says."""

LONGEST_LIKE = 300
"""Characters; the models read a few dozen words at most."""

T = TypeVar("T")


class View(BaseModel):
    """What is on screen, as the URL says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chosen: Filter = Field(default_factory=Filter, description="Which samples are visible.")
    sort: str = Field(DEFAULT_SORT, max_length=64, description="Key of the order in Browse.")
    like: str = Field("", max_length=LONGEST_LIKE, description="What pictures should show, for the order by likeness.")
    page: int = Field(1, ge=1, description="Page of the grid, from 1.")
    sample: int | None = Field(None, ge=0, lt=2**64, description="The opened sample.")
    size: Literal["small", "medium", "large"] = Field("medium", description="Size of the tiles in Browse.")
    tree: Literal["instruction_tags", "image_tags"] = Field("instruction_tags", description="The tree on Tags.")
    capability_view: Literal["histograms", "correlation", "by source", "people"] = Field(
        "histograms", description="The picture on Capabilities."
    )


@dataclass(frozen=True)
class Selected:
    """A selection to compare with the pool; sample_ids: [K] uint64, digest: names exactly these ids in this order."""

    name: str
    sample_ids: NDArray[np.uint64] = field(repr=False)
    digest: str

    def among(self, sample_ids: Sequence[int]) -> set[int]:
        """Those of a few samples that are in the selection."""
        some = np.array(sample_ids, dtype=np.uint64)
        return {int(one) for one in some[np.isin(some, self.sample_ids)]}


class Slot(Generic[T]):
    """A named, typed place in the session: `BUDGET = Slot("curate.budget", 0.3)`, then `BUDGET.get()` and `BUDGET.set(0.2)`."""

    def __init__(self, name: str, default: T) -> None:
        self.name = f"slot:{name}"
        self.default = default

    def get(self) -> T:
        return cast("T", st.session_state.get(self.name, self.default))

    def set(self, value: T) -> None:
        st.session_state[self.name] = value

    def clear(self) -> None:
        st.session_state.pop(self.name, None)

    def take(self) -> T:
        """The value, once: afterwards the slot is at its default again."""
        value = self.get()
        self.clear()
        return value


SELECTION: Slot[Selected | None] = Slot("selection", None)
"""The selection made last, for pages that compare it with the pool."""

ADDING_DATA: Slot[bool] = Slot("adding-data", False)
"""Set by whoever wants Overview to open its dialog for adding data."""

_VIEW: Slot[View | None] = Slot("view", None)
_WRITTEN: Slot[dict[str, list[str]] | None] = Slot("written", None)
_PLACE: Slot[str] = Slot("place", "")
_STAYED: Slot[bool] = Slot("stayed", False)
_PAGE: Slot[str] = Slot("page", "")
_WORKSPACE: Slot[str | None] = Slot("workspace", None)
_TARGET: Slot[str] = Slot("target", "")


# -- the workspace ------------------------------------------------------------------------------------------------------


def workspace_path() -> Path | None:
    """The folder of the workspace this session looks at; None before one was chosen.

    A session that begins at an address which names one of the workspaces used last looks at that one.
    """
    asked = st.query_params.get(_WORKSPACE_PARAMETER, "")
    if _WORKSPACE.get() is None and asked:
        _WORKSPACE.set(next((str(path) for path in _known_workspaces() if workspace_key(path) == asked), ""))
        if found := _WORKSPACE.get():
            from studio.server import also_serve

            also_serve(Path(found))
    text = _WORKSPACE.get() or os.environ.get(WORKSPACE_VARIABLE, "")
    return _resolved(text) if text else None


def _started_with() -> Path | None:
    text = os.environ.get(WORKSPACE_VARIABLE, "")
    return _resolved(text) if text else None


@lru_cache(maxsize=32)
def _resolved(text: str) -> Path:
    """The folder a text names; a run of a page asks for the same one twenty times, and each answer looks at every folder above."""
    return Path(text).expanduser().resolve()


def _known_workspaces() -> list[Path]:
    """The workspace the studio was started with, and those used last."""
    from studio.recent import recent

    started = _started_with()
    return [*([started] if started else []), *(entry.path for entry in recent() if entry.exists)]


def workspace_key(path: Path) -> str:
    """Names a workspace in an address without telling where it lies."""
    return digest_of(str(path))[:12]


def switch_workspace(path: Path) -> None:
    """Look at another workspace from now on; the filter of the old one is dropped."""
    from studio.server import also_serve

    also_serve(path)
    _WORKSPACE.set(str(path.expanduser().resolve()))
    _VIEW.set(View())


# -- the view and the URL -----------------------------------------------------------------------------------------------


def filter_to_query(chosen: Filter) -> dict[str, list[str]]:
    """A filter as URL parameters; an empty filter has none."""
    query: dict[str, list[str]] = {}
    for name, field_name in _LISTS.items():
        if values := getattr(chosen, field_name):
            query[name] = list(values)
    if chosen.scores:
        query["score"] = [f"{entry.capability}:{entry.low:g}-{entry.high:g}" for entry in chosen.scores]
    if chosen.min_images is not None or chosen.max_images is not None:
        low, high = chosen.min_images, chosen.max_images
        query["images"] = [f"{'' if low is None else low}-{'' if high is None else high}"]
    for name, text in (("q", chosen.text), ("where", chosen.where), ("list", chosen.listed)):
        if text:
            query[name] = [text]
    return query


def filter_from_query(query: Mapping[str, Sequence[str]]) -> Filter:
    """The filter URL parameters stand for; BadInput names the one that cannot be read."""
    fields: dict[str, Any] = {
        **{field_name: tuple(query.get(name, ())) for name, field_name in _LISTS.items()},
        "text": next(iter(query.get("q", ())), ""),
        "where": next(iter(query.get("where", ())), ""),
        "listed": next(iter(query.get("list", ())), ""),
    }
    fields["scores"] = tuple(_score_range(text) for text in query.get("score", ()))
    for text in query.get("images", ()):
        found = _IMAGES.fullmatch(text)
        if found is None:
            raise _unread(
                f"the numbers of images {text[:40]!r}", "a range is written such as 1-3, or 2- for 2 and more"
            )
        fields["min_images"], fields["max_images"] = (int(end) if end else None for end in found.groups())
    try:
        return Filter(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        given = str(first["input"])
        if first["loc"][0] == "listed":
            raise _unread(f"the list {given[:40]!r}", "a list is named by 16 hexadecimal digits") from error
        what = "a condition" if first["loc"][0] == "where" else "a search"
        most = first.get("ctx", {}).get("max_length", 0)
        raise _unread(f"{what} of {len(given):,} characters", f"it may have {most:,}") from error


def _unread(what: str, right: str) -> BadInput:
    return BadInput(f"The address holds {what}, and {right}.", "Choose the filter again on the page.")


def _score_range(text: str) -> ScoreRange:
    capability, _, span = text.partition(":")
    low, _, high = span.partition("-")
    try:
        return ScoreRange(capability=capability, low=float(low), high=float(high))
    except ValueError as error:  # pydantic's complaint is one too
        raise _unread(
            f"the range of scores {text[:40]!r}", "a range is written such as ocr:2-4, with ends from 0 to 5"
        ) from error


def view_to_query(shown: View) -> dict[str, list[str]]:
    """A view as URL parameters; what stands at its default is left out."""
    query = filter_to_query(shown.chosen)
    if shown.sort != DEFAULT_SORT:
        query["sort"] = [shown.sort]
    if shown.like:
        query["like"] = [shown.like]
    if shown.page != 1:
        query["page"] = [str(shown.page)]
    if shown.sample is not None:
        query["sample"] = [id_hex(shown.sample)]
    for name, field_name in _WORDS.items():
        if (word := getattr(shown, field_name)) != View.model_fields[field_name].default:
            query[name] = [word]
    return query


def view_from_query(query: Mapping[str, Sequence[str]]) -> View:
    """The view URL parameters stand for; BadInput names what cannot be read."""
    chosen = filter_from_query(query)
    sample = next(iter(query.get("sample", ())), None)
    page = next(iter(query.get("page", ())), "1")
    if not page.isascii() or not page.isdigit() or not 1 <= int(page) < 10**9:
        raise BadInput(f"The address asks for page {page!r}.", "Choose a page below the grid.")
    words = {field_name: query[name][0] for name, field_name in _WORDS.items() if query.get(name)}
    try:
        return View(
            chosen=chosen,
            sort=next(iter(query.get("sort", ())), DEFAULT_SORT)[:64],
            like=next(iter(query.get("like", ())), "")[:LONGEST_LIKE],
            page=int(page),
            sample=None if sample is None else id_from_hex(sample),
            **words,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(
            f"The address asks for {str(first.get('input'))[:60]!r}, which this page cannot show.",
            "Choose again on the page.",
        ) from error


def is_at(page: str) -> bool:
    """Whether the page with this title is on screen, or was when a callback was called."""
    return _PAGE.get() == page


def go_to(page: str) -> None:
    """Open another page by its name at the end of this click; for callbacks, which cannot change the page themselves."""
    _TARGET.set(page)


def target() -> str:
    """The page that `go_to` asked for, once; '' when none was."""
    return _TARGET.take()


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in _VIEW_PARAMETERS if name in st.query_params}


def start(page: str = "") -> StudioError | None:
    """Settle view and URL at the top of the page with this title; gives back what was wrong with the URL, if anything was."""
    _PAGE.set(page)
    query = _query()
    place = urlsplit(st.context.url or "").path
    stayed = place == _PLACE.get()
    _PLACE.set(place)
    _STAYED.set(stayed)
    problem = None
    # The navigation opens pages without parameters, and the view should survive that; on the page itself an address without
    # parameters is the back button's.
    if _VIEW.get() is None or ((query or stayed) and query != _WRITTEN.get()):
        try:
            _VIEW.set(view_from_query(query))
        except StudioError as error:
            _VIEW.set(View())
            problem = error
    if _WORKSPACE.get() == "" and _WORKSPACE_PARAMETER in st.query_params:
        problem = BadInput("The address names a workspace that is not among those used last.", "Open it on Overview.")
    _publish()
    return problem


def stayed() -> bool:
    """Whether the run before this one was of the same page: only then does an address without parameters mean something."""
    return _STAYED.get()


def _publish() -> None:
    """Make the URL say the view, and the workspace where it is not the one the studio was started with; the rest stays."""
    wanted = view_to_query(view())
    here = workspace_path()
    place = {} if here is None or here == _started_with() else {_WORKSPACE_PARAMETER: [workspace_key(here)]}
    said = st.query_params.get_all(_WORKSPACE_PARAMETER) if _WORKSPACE_PARAMETER in st.query_params else []
    if _query() != wanted or said != place.get(_WORKSPACE_PARAMETER, []):
        ours = (*_VIEW_PARAMETERS, _WORKSPACE_PARAMETER)
        others = {name: st.query_params.get_all(name) for name in st.query_params if name not in ours}
        st.query_params.from_dict({**others, **wanted, **place})
    _WRITTEN.set(wanted)


def view() -> View:
    """What is on screen."""
    return _VIEW.get() or View()


def chosen_filter() -> Filter:
    """The filter all pages share."""
    return view().chosen


def set_filter(chosen: Filter) -> None:
    """Show other samples; the grid starts again at its first page."""
    _change(chosen=chosen, page=1, sample=None)


def set_sort(sort: str) -> None:
    """Show the grid in another order, from its first page."""
    _change(sort=sort, page=1)


def set_like(text: str) -> None:
    """Order the grid by how much pictures show what a text says; '' goes back to the usual order."""
    sort = SORT_BY_LIKENESS if text else DEFAULT_SORT if view().sort == SORT_BY_LIKENESS else view().sort
    _change(like=text[:LONGEST_LIKE], sort=sort, page=1, sample=None)


def set_word(parameter: str, word: str) -> None:
    """Set what holds one of a few words, by its name in the address: `set_word("tree", "image_tags")`."""
    _change(**{_WORDS[parameter]: word})


def set_page(page: int) -> None:
    """Turn to a page of the grid."""
    _change(page=page)


def open_sample(sample_id: int | None, page: int | None = None) -> None:
    """Open a sample, or close the opened one with None; `page` is where the grid stands behind it."""
    _change(sample=sample_id, **({} if page is None else {"page": page}))


def _change(**update: Any) -> None:
    _VIEW.set(view().model_copy(update=update))
    _publish()


# -- widgets ------------------------------------------------------------------------------------------------------------


def seed(key: str, value: object) -> str:
    """Give the widget with this key a value before it is drawn, whatever it held; returns the key."""
    st.session_state[key] = value
    return key


def holds(key: str) -> bool:
    """Whether the widget or component with this key exists, whatever it holds."""
    return key in st.session_state


def held(key: str) -> Any:
    """What the widget or component with this key holds; None when it does not exist."""
    return st.session_state.get(key)

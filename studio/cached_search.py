"""What search by meaning keeps: the text model, once loaded, and the order a text gives the pictures of a workspace.

The third home of caching decorators (see cached.py): the model is large, and its first use takes seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import StudioError
from core.filters import Filter
from core.store.evidence import Producer
from studio import cached

if TYPE_CHECKING:
    from core.evidence.open_clip_embedding import OpenClip
    from core.evidence.text_search import Likeness


def space() -> Producer:
    """The embedding a text can be compared with; MissingEvidence says the command that makes one."""
    from core.evidence import text_search

    return text_search.space_of(cached.workspace())


def missing() -> StudioError | None:
    """What keeps this workspace from being searched by meaning; None when nothing is known to."""
    try:
        space()
    except StudioError as error:
        return error
    return None


@st.cache_resource(max_entries=1, show_spinner="Loading the text model")
def _model(path: str, table: str) -> OpenClip:
    from core.evidence import text_search

    return text_search.load_text_model(cached.workspace().store, space())


@st.cache_resource(max_entries=8, show_spinner="Comparing pictures with the text")
def _likeness(path: str, at_version: str, table: str, text: str) -> Likeness:
    from core.evidence import text_search

    return text_search.rank_by_text(cached.workspace().store, space(), text, _model(path, table))


def likeness(text: str) -> Likeness:
    """How like a text the pictures of the workspace are; kept for the texts asked last."""
    here = cached.workspace()
    return _likeness(str(here.path), cached.tables_version(here.path), space().table, text)


def cosines(text: str, sample_ids: list[int]) -> dict[int, float]:
    """How like the text each of a few samples is; samples without a picture are left out."""
    found = likeness(text)
    rows = np.flatnonzero(np.isin(found.sample_ids, np.array(sample_ids, dtype=np.uint64)))
    return {int(found.sample_ids[row]): float(found.cosines[row]) for row in rows}


@st.cache_resource(max_entries=100, show_spinner=False)
def _page(
    path: str, at_version: str, table: str, chosen: str, text: str, limit: int, offset: int
) -> NDArray[np.uint64]:
    ids = likeness(text).sample_ids
    answer = cached.lens().ask(
        "samples_page_chosen", Filter.model_validate_json(chosen), ids=ids, limit=limit, offset=offset
    )
    return np.asarray(answer["sample_id"].to_numpy(), dtype=np.uint64)


def _places(chosen: Filter, text: str, limit: int, offset: int) -> NDArray[np.uint64]:
    here = cached.workspace()
    return _page(
        str(here.path), cached.version(here.path), space().table, chosen.model_dump_json(), text, limit, offset
    )


def page_of_samples(chosen: Filter, text: str, page: int, page_size: int) -> list[int]:
    """Sample ids of one page of the grid, those most like the text first, those without a picture last."""
    return [int(value) for value in _places(chosen, text, page_size, (page - 1) * page_size)]


def place_of_sample(chosen: Filter, text: str, sample_id: int) -> int | None:
    """The 0-based place of a sample in that order, None when the filter hides it."""
    found = np.flatnonzero(_places(chosen, text, 2**40, 0) == np.uint64(sample_id))
    return int(found[0]) if len(found) else None


def sample_at(chosen: Filter, text: str, place: int) -> int | None:
    """The sample at a 0-based place in that order, None beyond its ends."""
    if place < 0:
        return None
    found = _places(chosen, text, 1, place)
    return int(found[0]) if len(found) else None

"""The URL says the view and gives it back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.filters import Filter, ScoreRange
from core.vocabulary import CAPABILITY_KEYS
from studio.session import View, filter_from_query, view_from_query, view_to_query

_words = st.text(min_size=1, max_size=20)
_scores = st.integers(0, 250).map(lambda fiftieths: fiftieths / 50)
_ranges = st.builds(ScoreRange, capability=st.sampled_from(CAPABILITY_KEYS), low=_scores, high=_scores)
_filters = st.builds(
    Filter,
    sources=st.lists(_words, max_size=3).map(tuple),
    styles=st.lists(_words, max_size=3).map(tuple),
    tags=st.lists(_words, max_size=3).map(tuple),
    scores=st.lists(_ranges, max_size=3).map(tuple),
    min_images=st.none() | st.integers(0, 9),
    max_images=st.none() | st.integers(0, 9),
    text=st.text(max_size=20),
    where=st.text(max_size=20),
)
_views = st.builds(
    View,
    chosen=_filters,
    sort=st.sampled_from(("shuffled", "source", "-ocr", "length")),
    page=st.integers(1, 10**6),
    sample=st.none() | st.integers(0, 2**64 - 1),
)


@given(_views)
def test_a_view_survives_its_url(shown: View) -> None:
    assert view_from_query(view_to_query(shown)) == shown


def test_the_view_one_starts_with_needs_no_parameters() -> None:
    assert view_to_query(View()) == {}


@pytest.mark.parametrize(
    "query",
    [
        {"score": ["ocr"]}, {"score": ["ocr:x-3"]}, {"score": ["ocr:0-9"]}, {"images": ["many"]}, {"images": ["-1-2"]},
        {"page": ["0"]}, {"page": ["²"]}, {"page": ["-1"]}, {"sample": ["xyz"]}, {"sample": ["1"]}, {"q": ["a" * 2000]},
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_told(query: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput):
        view_from_query(query)


@given(
    st.dictionaries(
        st.sampled_from(("source", "style", "tag", "score", "images", "q", "where")), st.lists(st.text(), max_size=3)
    )
)
def test_any_address_gives_a_filter_or_a_problem(query: dict[str, list[str]]) -> None:
    with suppress(BadInput):
        assert isinstance(filter_from_query(query), Filter)

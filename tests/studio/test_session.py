"""The URL says the view and gives it back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.filters import NO_LICENCE, UNFLAGGED, Filter, ScoreRange
from core.vocabulary import CAPABILITY_KEYS
from studio.session import View, filter_from_query, view_from_query, view_to_query

_words = st.text(min_size=1, max_size=20)
_scores = st.integers(0, 250).map(lambda fiftieths: fiftieths / 50)
_ranges = st.builds(ScoreRange, capability=st.sampled_from(CAPABILITY_KEYS), low=_scores, high=_scores)
_FILTER_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "sources": st.lists(_words, max_size=3).map(tuple),
    "styles": st.lists(_words, max_size=3).map(tuple),
    "tags": st.lists(_words, max_size=3).map(tuple),
    "licences": st.lists(_words | st.just(NO_LICENCE), max_size=3).map(tuple),
    "flags": st.lists(_words | st.just(UNFLAGGED), max_size=3).map(tuple),
    "scores": st.lists(_ranges, max_size=3).map(tuple),
    "min_images": st.none() | st.integers(0, 9),
    "max_images": st.none() | st.integers(0, 9),
    "text": st.text(max_size=20),
    "where": st.text(max_size=20),
    "listed": st.from_regex("^([0-9a-f]{16})?$", fullmatch=True),
}
_filters = st.builds(Filter, **_FILTER_FIELDS)
_VIEW_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "chosen": _filters,
    "sort": st.sampled_from(("shuffled", "source", "-ocr", "length", "like")),
    "page": st.integers(1, 10**6),
    "sample": st.none() | st.integers(0, 2**64 - 1),
    "like": st.text(max_size=30),
    "size": st.sampled_from(("small", "medium", "large")),
    "tree": st.sampled_from(("instruction_tags", "image_tags")),
    "capability_view": st.sampled_from(("histograms", "correlation", "by source", "people")),
}
_views = st.builds(View, **_VIEW_FIELDS)


def test_no_field_of_a_view_or_a_filter_is_forgotten_here() -> None:
    assert set(_FILTER_FIELDS) == set(Filter.model_fields)
    assert set(_VIEW_FIELDS) == set(View.model_fields)


@given(_views)
def test_a_view_survives_its_url(shown: View) -> None:
    assert view_from_query(view_to_query(shown)) == shown


@given(_views)
def test_a_view_survives_the_address_a_browser_keeps(shown: View) -> None:
    """Percent-encoded and read back as an address is; what is empty in a list cannot stand in one."""
    address = urlencode(view_to_query(shown), doseq=True, errors="surrogatepass")
    assert view_from_query(parse_qs(address, errors="surrogatepass", keep_blank_values=True)) == shown


def test_the_view_one_starts_with_needs_no_parameters() -> None:
    assert view_to_query(View()) == {}


@pytest.mark.parametrize(
    "query",
    [
        {"score": ["ocr"]}, {"score": ["ocr:x-3"]}, {"score": ["ocr:0-9"]}, {"images": ["many"]}, {"images": ["-1-2"]},
        {"page": ["0"]}, {"page": ["²"]}, {"page": ["-1"]}, {"sample": ["xyz"]}, {"sample": ["1"]}, {"q": ["a" * 2000]},
        {"size": ["huge"]}, {"tree": ["oak"]}, {"view": ["pie"]},
        {"list": ["0"]}, {"list": ["00000000000000AA"]}, {"list": ["' OR true --"]},
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_told(query: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput):
        view_from_query(query)


@given(
    st.dictionaries(
        st.sampled_from(("source", "licence", "style", "tag", "flag", "score", "images", "q", "where", "list")),
        st.lists(st.text(), max_size=3),
    )
)
def test_any_address_gives_a_filter_or_a_problem(query: dict[str, list[str]]) -> None:
    with suppress(BadInput):
        assert isinstance(filter_from_query(query), Filter)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"list": ["zz"]}, "the list 'zz', and a list is named by 16 hexadecimal digits"),
        ({"score": ["ocr:x-3"]}, "the range of scores 'ocr:x-3'"),
        ({"score": ["ocr:0-9"]}, "with ends from 0 to 5"),
        ({"images": ["many"]}, "the numbers of images 'many'"),
        ({"images": ["1--2"]}, "the numbers of images '1--2'"),
        ({"images": ["٣-4"]}, "such as 1-3"),
        ({"q": ["a" * 2000]}, "a search of 2,000 characters, and it may have 1,000"),
        ({"where": ["a" * 20_000]}, "a condition of 20,000 characters, and it may have 10,000"),
    ],
)
def test_what_a_filter_in_an_address_says_wrongly_is_named(query: dict[str, list[str]], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        filter_from_query(query)
    assert says in caught.value.problem
    assert "validation" not in str(caught.value)

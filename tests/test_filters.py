"""A filter as a value: compiled to SQL that quotes what it is given, refuses what it does not know, and can be taken apart."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import BadInput
from core.filters import Filter, ScoreRange, compile_filter, quoted


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_a_quoted_text_is_that_text(text: str) -> None:
    found = duckdb.sql(f"SELECT {quoted(text)}").fetchall()
    assert found == [(text,)]


def test_an_empty_filter_is_true() -> None:
    assert compile_filter(Filter(), [], has_matches=False) == "true"
    assert Filter().is_empty
    assert not Filter(text="a").is_empty


def test_names_with_quotes_stay_names() -> None:
    hostile = "x'); DROP TABLE samples; --"
    con = duckdb.connect()
    con.execute("CREATE TABLE samples AS SELECT * FROM (VALUES ('a'), (?)) t(source)", [hostile])
    condition = compile_filter(Filter(sources=(hostile,)), [], has_matches=False)
    assert con.execute(f"SELECT source FROM samples WHERE {condition}").fetchall() == [(hostile,)]


def test_a_tag_stands_for_itself_and_what_is_below_it_but_not_for_names_that_begin_alike() -> None:
    paths = ["OCR", "OCR > Text", "OCRs", "Other > OCR"]
    assert "(0, 1)" in compile_filter(Filter(tags=("OCR",)), paths, has_matches=False)
    assert compile_filter(Filter(tags=("Nothing",)), paths, has_matches=False) == "false"


def test_unknown_styles_and_capabilities_are_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="'poem' is not a style") as caught:
        compile_filter(Filter(styles=("poem",)), [], has_matches=False)
    assert "comparison" in caught.value.fix
    with pytest.raises(BadInput, match="'x' is not a capability") as caught:
        compile_filter(Filter(scores=(ScoreRange(capability="x"),)), [], has_matches=False)
    assert "ocr" in caught.value.fix


@pytest.mark.parametrize(
    "wrong", [{"min_images": -1}, {"scores": [{"capability": "ocr", "low": 6}]}, {"colour": "red"}]
)
def test_values_out_of_bounds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Filter.model_validate(wrong)


def test_one_chip_can_be_taken_away() -> None:
    chosen = Filter(sources=("a",), text="b")
    assert chosen.without("text") == Filter(sources=("a",))
    assert chosen.without("text").without("sources").is_empty

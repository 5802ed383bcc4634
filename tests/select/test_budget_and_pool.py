"""Budgets in exact decimals, and a pool that does not remember the order it came in."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadData, BadInput, StudioError
from core.select.budget import Budget, decimal_text, parse_budget
from core.select.pool import Pool


@pytest.mark.parametrize(
    ("text", "pool_size", "expected"),
    [
        ("29%", 100, 29),  # 0.29 * 100 is 28.999999999999996 in binary
        ("57%", 100, 57),
        ("30%", 12_060, 3618),
        (" 30 % ", 12_060, 3618),
        ("0.1%", 12_060, 12),
        ("100%", 7, 7),
        ("100.0%", 7, 7),
        (".5%", 200, 1),
        ("33.333333333333333333333333333333333333%", 3_000_000, 999_999),
        ("500", 12_060, 500),
        ("1", 1, 1),
    ],
)
def test_a_budget_is_floor_of_the_exact_share(text: str, pool_size: int, expected: int) -> None:
    assert parse_budget(text).count(pool_size) == expected


@given(tenths=st.integers(1, 1000), pool_size=st.integers(1000, 10**7))
def test_shares_in_tenths_of_a_percent_are_whole_number_arithmetic(tenths: int, pool_size: int) -> None:
    assert parse_budget(f"{tenths // 10}.{tenths % 10}%").count(pool_size) == pool_size * tenths // 1000
    assert Budget.percent(tenths / 10).count(pool_size) == pool_size * tenths // 1000


@pytest.mark.parametrize("text", ["0", "0%", "0.0%", "101%", "100.0001%", "12061", "0.001%"])
def test_a_budget_of_nothing_or_of_more_than_there_is_says_what_to_give(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_budget(text).count(12_060)
    assert caught.value.fix.startswith("Give ")


@pytest.mark.parametrize(
    "text", ["", "%", "thirty", "-5", "-5%", "1e3", "nan%", "30 percent", "1,000", "1.5", "٣", "5%%"]
)
def test_what_is_not_a_budget_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a budget"):
        parse_budget(text)


@given(st.text(max_size=12))
def test_no_text_breaks_the_budget_parser(text: str) -> None:
    with contextlib.suppress(StudioError):
        assert 1 <= parse_budget(text).count(1000) <= 1000


def test_the_smallest_share_that_would_do_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        Budget.percent("0.1").count(300)
    assert "0.333334%" in caught.value.fix


def test_an_empty_pool_has_no_budget() -> None:
    with pytest.raises(BadInput, match="No sample is left"):
        parse_budget("30%").count(0)


@given(st.decimals(0, 100, places=4))
def test_a_budget_prints_as_it_was_typed(share: Decimal) -> None:
    printed = str(Budget.percent(share))
    assert Decimal(printed.removesuffix("%")) == share
    assert parse_budget(printed) == Budget.percent(share)


def test_a_fraction_without_an_end_is_cut_or_rounded_up_at_six_digits() -> None:
    third = Budget.percent(1).amount / 3
    assert decimal_text(third) == "0.333333"
    assert decimal_text(third, up=True) == "0.333334"


def small_pool(**changes: object) -> Pool:
    arrays: dict[str, object] = {
        "sample_id": [3, 1, 2],
        "source": [0, 1, 0],
        "source_names": ["b", "a"],
        "scores": {"ocr": [3, 1, 2]},
        "style_bits": [0, 1, 2],
        "original_id": ["three", "one", "two"],
    }
    return Pool.from_arrays(**{**arrays, **changes})


def test_rows_stand_in_the_order_of_their_ids_with_everything_aligned() -> None:
    pool = small_pool()
    assert pool.sample_id.tolist() == [1, 2, 3]
    assert pool.original_id.to_pylist() == ["one", "two", "three"]
    assert [pool.source_names[code] for code in pool.source] == ["a", "b", "b"]
    assert pool.scores[pool.capabilities.index("ocr")].tolist() == [1, 2, 3]
    assert pool.row.tolist() == [1, 2, 0]


def test_the_digest_sees_every_change_and_no_difference_that_is_none() -> None:
    digest = small_pool().digest
    assert small_pool(source_names=["b", "a", "unused"]).digest == digest
    for change in (
        {"sample_id": [4, 1, 2]},
        {"source": [1, 1, 0]},
        {"source_names": ["b", "c"]},
        {"scores": {"ocr": [3, 1, 255]}},
        {"scores": {"data": [3, 1, 2]}},
        {"style_bits": [0, 1, 3]},
        {"columns": {"x": [1, 2, 3]}},
    ):
        assert small_pool(**change).digest != digest, change


def test_sources_sort_by_code_point_not_by_locale() -> None:
    names = ["é", "z", "Z", "字", "\U0001f600", "\uffff"]
    pool = Pool.from_arrays(
        sample_id=np.arange(6), source=np.arange(6), source_names=names, scores={"ocr": np.ones(6)},
        style_bits=np.zeros(6, int),
    )  # fmt: skip
    assert pool.source_names == ("Z", "z", "é", "字", "\uffff", "\U0001f600")


def test_doubled_ids_and_styles_beyond_the_list_are_bad_data() -> None:
    with pytest.raises(BadData, match="stand twice"):
        small_pool(sample_id=[1, 1, 2])
    with pytest.raises(BadData, match="beyond the 9"):
        small_pool(style_bits=[0, 1 << 9, 0])


def test_rows_are_found_by_id_and_strangers_are_named() -> None:
    pool = small_pool()
    assert pool.rows_of([3, 1]).tolist() == [2, 0]
    assert pool.rows_of([]).tolist() == []
    with pytest.raises(BadData, match="1 samples are not in the pool"):
        pool.rows_of([1, 2**64 - 1])

"""Distances and overlaps against counting by hand."""

from __future__ import annotations

import statistics
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.select import compare
from core.select.budget import Budget
from core.select.methods import choose
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.pool import Pool
from tests.select import oracle


def test_total_variation_worked_by_hand() -> None:
    """(1/2, 1/2, 0) against (1/4, 1/4, 1/2): half of 1/4 + 1/4 + 1/2."""
    assert compare.total_variation(np.array([1, 1, 0]), np.array([1, 1, 2])) == 0.5
    assert compare.total_variation(np.array([3, 1]), np.array([6, 2])) == 0.0
    assert compare.total_variation(np.array([1, 0]), np.array([0, 9])) == 1.0
    assert compare.total_variation(np.array([0, 0]), np.array([0, 1])) == 1.0
    assert compare.total_variation(np.array([0, 0]), np.array([0, 0])) == 0.0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12))
def test_total_variation_is_the_largest_difference_of_any_event(bars: list[tuple[int, int]]) -> None:
    a, b = np.array([x for x, _ in bars]), np.array([y for _, y in bars])
    if not a.sum() or not b.sum():
        return
    p, q = a / a.sum(), b / b.sum()
    assert compare.total_variation(a, b) == pytest.approx((p - q)[p > q].sum(), abs=1e-12)


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_jaccard_is_that_of_sets(first: set[int], second: set[int]) -> None:
    expected = len(first & second) / len(first | second) if first | second else 1.0
    ids = [np.array(sorted(each), dtype=np.uint64) for each in (first, second)]
    assert compare.jaccard(*ids) == pytest.approx(expected)


IDS = st.lists(st.integers(0, 30), unique=True)


@given(st.lists(IDS, min_size=1, max_size=5))
def test_the_matrix_of_overlaps_is_that_of_sets_in_every_cell(selections: list[list[int]]) -> None:
    found = compare.jaccard_matrix([np.array(each, dtype=np.uint64) for each in selections])
    for i, first in enumerate(map(set, selections)):
        for j, second in enumerate(map(set, selections)):
            expected = len(first & second) / len(first | second) if first | second else 1.0
            assert found[i, j] == pytest.approx(expected, abs=1e-15)


@given(IDS, IDS)
def test_a_split_holds_every_sample_once_in_the_order_of_its_selection(first: list[int], second: list[int]) -> None:
    found = compare.split(*(np.array(each, dtype=np.uint64) for each in (first, second)))
    assert found.both.tolist() == [one for one in first if one in second]
    assert found.only_first.tolist() == [one for one in first if one not in second]
    assert found.only_second.tolist() == [one for one in second if one not in first]
    assert found.jaccard == compare.jaccard(*(np.array(each, dtype=np.uint64) for each in (first, second)))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20))
def test_mean_and_spread_are_those_of_the_statistics_module(values: list[float]) -> None:
    mean, spread = compare.mean_and_spread([*values, float("nan")])
    assert mean == pytest.approx(statistics.mean(values), abs=1e-12)
    assert spread == pytest.approx(statistics.stdev(values), abs=1e-9)


def test_one_value_has_a_mean_and_no_spread_and_none_has_neither() -> None:
    assert compare.mean_and_spread([2.0])[0] == 2.0
    assert np.isnan(compare.mean_and_spread([2.0])[1])
    assert np.isnan(compare.mean_and_spread([float("nan")])).all()


@given(labels=st.lists(st.lists(st.integers(0, 5), max_size=4, unique=True), min_size=1, max_size=20), data=st.data())
@settings(max_examples=60, deadline=None)
def test_label_counts_count_each_label_of_each_chosen_sample(labels: list[list[int]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(labels) - 1), unique=True))
    offsets = np.concatenate(([0], np.cumsum([len(each) for each in labels]))).astype(np.int64)
    codes = np.array([code for each in labels for code in each], dtype=np.int64)
    expected = Counter(code for row in rows for code in labels[row])
    found = compare.label_counts(offsets, codes, 6, np.array(rows, dtype=np.int64))
    assert found.tolist() == [expected[code] for code in range(6)]
    assert compare.label_counts(offsets, codes, 6).tolist() == [Counter(codes.tolist())[code] for code in range(6)]


def small_pool() -> Pool:
    return Pool.from_arrays(
        sample_id=[1, 2, 3, 4],
        source=[0, 0, 1, 1],
        source_names=["a", "b"],
        scores={"ocr": [0, 24, 25, 255]},
        style_bits=[0b1, 0b11, 0, 0b100000000],
    )


def test_counts_by_source_style_and_score_worked_by_hand() -> None:
    pool = small_pool()
    kept = np.array([1, 2])
    assert compare.source_counts(pool).tolist() == [2, 2]
    assert compare.source_counts(pool, kept).tolist() == [1, 1]
    assert compare.style_counts(pool).tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 1, 1]
    assert compare.style_counts(pool, kept).tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert compare.score_histogram(pool, "ocr").tolist() == [2, 1, 0, 0, 0, 0]
    assert compare.mean_score(pool, "ocr", kept) == pytest.approx(24.5 / 50)
    assert np.isnan(compare.mean_score(pool, "data"))


def test_cluster_coverage_leaves_out_samples_without_a_cluster() -> None:
    clusters = np.array([0, 0, 7, 9, -1])
    assert compare.cluster_coverage(clusters, np.array([0, 1, 4])) == pytest.approx(1 / 3)
    assert compare.cluster_coverage(clusters, np.array([2, 3, 0])) == 1.0
    assert np.isnan(compare.cluster_coverage(np.array([-1]), np.array([0])))


def test_agreement_of_nested_with_faithful_is_the_jaccard_of_the_two_selections() -> None:
    rng = np.random.default_rng(5)
    rows = [
        oracle.Row(
            int(sample_id),
            f"s{int(rng.integers(4))}",
            [oracle.STYLE_ORDER[int(rng.integers(9))]],
            {key: int(rng.integers(0, 6)) * 50 for key in oracle.TABLE_ORDER},
        )
        for sample_id in np.unique(rng.integers(0, 2**63, 600))
    ]
    pool = oracle.pool_of(rows)
    found = compare.agreement_with_faithful(pool, MmssrNested(), seed=2, percents=(0.01, 5, 30))
    assert list(found) == [5, 30], "a share that holds no sample has no agreement"
    ours = set(MmssrNested().order(pool, seed=2).cut(Budget.percent(30)).sample_ids.tolist())
    theirs = set(choose(Mmssr(), pool, Budget.percent(30), 2).sample_ids.tolist())
    assert found[30] == pytest.approx(len(ours & theirs) / len(ours | theirs))
    assert 0.3 < found[30] < 1

"""Faithful and nested mmSSR against a slow reading of the algorithm, over random pools."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, MissingEvidence
from core.select import mmssr_nested
from core.select.budget import Budget
from core.select.methods import choose
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.ordering import BEYOND_THE_BUDGET
from tests.select import oracle
from tests.select.oracle import Row

IDS = st.integers(0, 2**64 - 1)
SEEDS = st.one_of(st.integers(0, 5), IDS, st.integers(-3, -1), st.integers(2**64, 2**65))
SOURCES = st.sampled_from(["a", "B", "Ä", "字", "a b", "\U0001f600", "\uffff"])
STORED = st.one_of(st.sampled_from([0, 1, 50, 100, 250]), st.integers(0, 250))


@st.composite
def pools(draw: st.DrawFn, capabilities: tuple[str, ...]) -> list[Row]:
    return [
        Row(
            sample_id,
            draw(SOURCES),
            draw(st.lists(st.sampled_from(oracle.STYLE_ORDER), max_size=3, unique=True)),
            draw(st.dictionaries(st.sampled_from(capabilities), STORED, max_size=len(capabilities))),
        )
        for sample_id in draw(st.lists(IDS, min_size=1, max_size=40, unique=True))
    ]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Row], tuple[str, ...], float, int]:
    capabilities = tuple(draw(st.lists(st.sampled_from(oracle.TABLE_ORDER), min_size=1, max_size=6, unique=True)))
    rows = draw(pools(capabilities))
    # a pool without a single score is MissingEvidence, which has its own test
    rows[0].scores.setdefault(capabilities[0], 5)
    typed = tuple(draw(st.permutations(capabilities)))
    threshold = draw(st.sampled_from([0.0, 0.02, 1.0, 2.3, 2.5, 4.98, 5.0]))
    return rows, typed, threshold, draw(SEEDS)


def stored(threshold: float) -> int:
    return round(threshold * 50)


@given(case=cases(), data=st.data())
@settings(max_examples=400, deadline=None)
def test_faithful_mmssr_chooses_what_the_written_algorithm_chooses_in_its_order(case, data) -> None:
    rows, typed, threshold, seed = case
    budget = data.draw(st.integers(1, len(rows)))
    selection = choose(
        Mmssr(capabilities=typed, threshold=threshold), oracle.pool_of(rows), Budget.samples(budget), seed
    )
    assert selection.sample_ids.tolist() == oracle.mmssr(rows, set(typed), stored(threshold), budget, seed)


@given(case=cases())
@settings(max_examples=300, deadline=None)
def test_nested_mmssr_orders_as_the_written_algorithm_orders(case) -> None:
    rows, typed, threshold, seed = case
    ordering = MmssrNested(capabilities=typed, threshold=threshold).order(oracle.pool_of(rows), seed=seed)
    assert ordering.sample_ids.tolist() == oracle.nested(rows, set(typed), stored(threshold), seed)


def big_pool(num: int, seed: int) -> list[Row]:
    """A skewed pool where bins overlap, run dry and carry missing scores."""
    rng = np.random.default_rng(seed)
    rows = []
    for sample_id in np.unique(rng.integers(0, 2**63, num)).tolist():
        styles = [oracle.STYLE_ORDER[i] for i in np.flatnonzero(rng.random(9) < 0.15)]
        scores = {
            key: int(value)
            for key, value in zip(oracle.TABLE_ORDER, rng.integers(0, 251, 14), strict=True)
            if rng.random() < 0.7
        }
        scores = {key: value if rng.random() < 0.6 else 0 for key, value in scores.items()}
        rows.append(Row(sample_id, f"s{int(rng.zipf(1.6)) % 9}", styles, scores))
    return rows


@pytest.mark.parametrize("budget", [1, 13, 14, 15, 150, 333, 500])
def test_all_fourteen_capabilities_over_five_hundred_samples(budget: int) -> None:
    rows = big_pool(500, 1)
    selection = choose(Mmssr(), oracle.pool_of(rows), Budget.samples(budget), 7)
    assert selection.sample_ids.tolist() == oracle.mmssr(rows, set(oracle.TABLE_ORDER), 0, budget, 7)


def test_the_compiled_loop_gives_what_the_plain_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = big_pool(400, 2)
    pool = oracle.pool_of(rows)
    plain = MmssrNested().order(pool, seed=3).sample_ids.tolist()
    monkeypatch.setattr(mmssr_nested, "COMPILE_ABOVE", 0)
    assert MmssrNested().order(pool, seed=3).sample_ids.tolist() == plain
    assert plain == oracle.nested(rows, set(oracle.TABLE_ORDER), 0, 3)


def test_a_budget_on_a_nested_ordering_only_moves_the_cut() -> None:
    ordering = MmssrNested().order(oracle.pool_of(big_pool(300, 3)))
    whole = ordering.sample_ids.tolist()
    assert len(set(whole)) == len(whole)
    for budget in (1, 7, 90, 300):
        assert ordering.cut(budget).sample_ids.tolist() == whole[:budget]


def test_a_faithful_ordering_refuses_another_budget() -> None:
    ordering = Mmssr().order(oracle.pool_of(big_pool(60, 4)), budget=Budget.percent(50))
    assert ordering.cut(Budget.samples(30)).num == 30
    with pytest.raises(BadInput, match="made for 30 samples"):
        ordering.cut(31)


def worked_pool() -> list[Row]:
    """ocr: bins (yes/no, a) = 1 2, (no style, b) = 3, small enough to follow by hand."""
    return [
        Row(1, "a", ["yes/no"], {"ocr": 100}),
        Row(2, "a", ["yes/no"], {"ocr": 200, "data": 50}),
        Row(3, "b", [], {"ocr": 50}),
        Row(4, "b", ["yes/no"], {"ocr": 0, "data": 0}),
        Row(5, "b", ["yes/no"], {}),
    ]


def test_a_pool_worked_by_hand() -> None:
    """Three of five: data stands before ocr in the table. share = 3 // 2 = 1.

    data takes 2 (its only candidate). ocr, one sample: bins (yes/no, a) = {1}, (no style, b) = {3}, both of size 1, style
    order puts yes/no first, so 1. Second pass, share = 1 // 2 -> 1: data has none left and dies; ocr takes 3.
    """
    selection = choose(Mmssr(capabilities=("ocr", "data")), oracle.pool_of(worked_pool()), Budget.samples(3))
    assert selection.sample_ids.tolist() == [2, 1, 3]
    assert [selection.reason(int(row)) for row in selection.rows] == [
        "kept: data understanding, style yes/no, source a, rank 1 of 1",
        "kept: optical character recognition, style yes/no, source a, rank 2 of 2",
        "kept: optical character recognition, style no style, source b, rank 1 of 1",
    ]


def test_every_sample_that_is_not_kept_has_a_reason() -> None:
    pool = oracle.pool_of(worked_pool())
    selection = choose(Mmssr(capabilities=("ocr", "data")), pool, Budget.samples(2))
    assert selection.left_out == {
        "no score in any selected capability": 1,
        "score 0 or missing in every selected capability": 1,
        BEYOND_THE_BUDGET: 1,
    }
    by_id = {int(sample_id): selection.reason(row) for row, sample_id in enumerate(pool.sample_id)}
    assert by_id[4] == "not kept: score 0 or missing in every selected capability"
    assert by_id[5] == "not kept: no score in any selected capability"
    assert by_id[3] == "not kept: beyond the budget"


def test_reasons_count_up_to_the_pool_and_name_the_capability_that_chose() -> None:
    pool = oracle.pool_of(big_pool(300, 5))
    for method in (Mmssr(threshold=2.5), MmssrNested(threshold=2.5)):
        selection = choose(method, pool, Budget.percent(30))
        assert selection.num + sum(selection.left_out.values()) == len(pool)
        counts = selection.ordering.reasons.counts("capability", selection.num)
        assert sum(counts.values()) == selection.num
        texts = selection.ordering.reasons.texts(0, selection.num).to_pylist()
        assert Counter(text.split("kept: ")[1].split(",")[0] for text in texts) == Counter(counts)


def test_running_dry_returns_fewer_and_says_how_many() -> None:
    selection = choose(Mmssr(capabilities=("ocr",)), oracle.pool_of(worked_pool()), Budget.samples(5))
    assert sorted(selection.sample_ids.tolist()) == [1, 2, 3]
    assert selection.notes[0].startswith("Only 3 of the 5 samples asked for")


def test_fewer_samples_than_bins_is_said() -> None:
    selection = choose(Mmssr(capabilities=("ocr",)), oracle.pool_of(worked_pool()), Budget.samples(1))
    assert any("1 samples for 2 bins, only the 1 smallest bins are served" in note for note in selection.notes)


def test_a_pool_without_scores_says_how_to_get_them() -> None:
    pool = oracle.pool_of([Row(1, "a", [], {}), Row(2, "a", [], {"ocr": 5})])
    with pytest.raises(MissingEvidence, match="in data") as caught:
        choose(Mmssr(capabilities=("data",)), pool, Budget.samples(1))
    assert "winnow prepare" in caught.value.fix


def test_an_unknown_capability_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="sapience") as caught:
        choose(Mmssr(capabilities=("sapience",)), oracle.pool_of(worked_pool()), Budget.samples(1))
    assert "ocr" in caught.value.fix


def test_an_added_capability_comes_after_those_of_the_table() -> None:
    from core.select.pool import Pool

    pool = Pool.from_arrays(
        sample_id=[1, 2],
        source=[0, 0],
        source_names=["a"],
        scores={"aaa": [50, 0], "ocr": [0, 50]},
        style_bits=[0, 0],
    )
    assert choose(Mmssr(capabilities=("aaa", "ocr")), pool, Budget.samples(2)).sample_ids.tolist() == [2, 1]

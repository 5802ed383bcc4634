"""Faithful and nested mmSSR against a slow reading of the algorithm, over random pools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, MissingEvidence
from core.select import loops
from core.select.budget import Budget
from core.select.methods import choose
from core.select.methods import settings as settings_of
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.ordering import BEYOND_THE_BUDGET
from core.select.pool import Pool
from core.select.weights import visits
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


Case = tuple[list[Row], tuple[str, ...], float, int, dict[str, float]]


@st.composite
def cases(draw: st.DrawFn, *, weighted: bool = False) -> Case:
    """A pool, the capabilities as typed (some of those it has scores in, or none for all), threshold, seed, weights."""
    scored = tuple(draw(st.lists(st.sampled_from(oracle.TABLE_ORDER), min_size=1, max_size=6, unique=True)))
    rows = draw(pools(scored))
    typed = tuple(draw(st.permutations(scored)))[: draw(st.integers(0, len(scored)))]
    # a selection without a single score is MissingEvidence, which has its own test
    rows[0].scores.setdefault(typed[0] if typed else scored[0], 5)
    threshold = draw(st.sampled_from([0.0, 0.02, 1.0, 2.3, 2.5, 4.98, 5.0]))
    whole = st.integers(1, 5).map(float)
    weight = st.one_of(whole, st.sampled_from([0.01, 0.1, 0.29, 0.5, 1.5, 2.25, 99.99, 100.0]))
    weights = draw(st.dictionaries(st.sampled_from(typed or oracle.TABLE_ORDER), weight)) if weighted else {}
    return rows, typed, threshold, draw(SEEDS), weights


def stored(threshold: float) -> int:
    return round(threshold * 50)


def chosen_of(typed: tuple[str, ...]) -> set[str]:
    return set(typed or oracle.TABLE_ORDER)


@contextmanager
def compiling(always: bool) -> Iterator[None]:
    """The loops compiled for pools of any size, or as they stand."""
    with pytest.MonkeyPatch.context() as patch:
        if always:
            patch.setattr(loops, "COMPILE_ABOVE", 0)
        yield


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_faithful_mmssr_chooses_what_the_written_algorithm_chooses_in_its_order(compiled: bool, weighted: bool) -> None:
    @given(case=cases(weighted=weighted), data=st.data())
    @settings(max_examples=150, deadline=None)
    def hold(case: Case, data: st.DataObject) -> None:
        rows, typed, threshold, seed, weights = case
        budget = data.draw(st.integers(1, len(rows)))
        selector = Mmssr(capabilities=typed, threshold=threshold, weights=weights)
        with compiling(compiled):
            selection = choose(selector, oracle.pool_of(rows), Budget.samples(budget), seed)
        assert selection.sample_ids.tolist() == oracle.mmssr(
            rows, chosen_of(typed), stored(threshold), budget, seed, weights
        )

    hold()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_nested_mmssr_orders_as_the_written_algorithm_orders(compiled: bool, weighted: bool) -> None:
    @given(case=cases(weighted=weighted))
    @settings(max_examples=100, deadline=None)
    def hold(case: Case) -> None:
        rows, typed, threshold, seed, weights = case
        selector = MmssrNested(capabilities=typed, threshold=threshold, weights=weights)
        with compiling(compiled):
            ordering = selector.order(oracle.pool_of(rows), seed=seed)
        assert ordering.sample_ids.tolist() == oracle.nested(rows, chosen_of(typed), stored(threshold), seed, weights)

    hold()


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


@pytest.mark.parametrize("compiled", [False, True])
def test_all_fourteen_capabilities_over_five_hundred_samples(compiled: bool) -> None:
    rows = big_pool(500, 1)
    pool, weights = oracle.pool_of(rows), {"ocr": 2.5, "spatial": 0.5}
    everything = set(oracle.TABLE_ORDER)
    with compiling(compiled):
        for budget in (1, 13, 14, 15, 150, 333, len(rows)):
            chosen = choose(Mmssr(), pool, Budget.samples(budget), 7).sample_ids.tolist()
            assert chosen == oracle.mmssr(rows, everything, 0, budget, 7)
        weighted = choose(Mmssr(weights=weights), pool, Budget.samples(200), 7).sample_ids.tolist()
        assert weighted == oracle.mmssr(rows, everything, 0, 200, 7, weights)
        assert MmssrNested().order(pool, seed=3).sample_ids.tolist() == oracle.nested(rows, everything, 0, 3)
        assert MmssrNested(weights=weights).order(pool, seed=3).sample_ids.tolist() == oracle.nested(
            rows, everything, 0, 3, weights
        )


def unmixed(y: int) -> int:
    """The number whose splitmix64 this is."""

    def unshifted(value: int, by: int) -> int:
        found = value
        for _ in range(64 // by + 1):
            found = value ^ (found >> by)
        return found

    y = unshifted(y, 31) * pow(0x94D049BB133111EB, -1, 2**64) % 2**64
    y = unshifted(y, 27) * pow(0xBF58476D1CE4E5B9, -1, 2**64) % 2**64
    return (unshifted(y, 30) - 0x9E3779B97F4A7C15) % 2**64


def test_tie_keys_that_share_their_upper_half_still_stand_in_their_order() -> None:
    seed = 11
    keys = [(upper << 32) | lower for upper in (0, 7, 2**32 - 1) for lower in (9, 0, 2**32 - 1, 4, 2**31)]
    rows = [Row(unmixed(key) ^ oracle.splitmix(seed), "a", [], {"ocr": 50}) for key in keys]
    assert sorted(oracle.tie(row.sample_id, seed) for row in rows) == sorted(keys)
    with compiling(True):
        ordering = MmssrNested(capabilities=("ocr",)).order(oracle.pool_of(rows), seed=seed)
    assert [oracle.tie(sample_id, seed) for sample_id in ordering.sample_ids.tolist()] == sorted(keys)


@pytest.mark.parametrize(("num_styles", "num_capabilities"), [(32, 40), (1, 63), (5, 70)])
def test_as_many_styles_and_capabilities_as_a_pool_can_hold_are_chosen_alike_both_ways(
    num_styles: int, num_capabilities: int
) -> None:
    """Bit sets have room for 32 styles and 63 capabilities; more capabilities go the plain way."""
    rng = np.random.default_rng(num_styles)
    num = 300
    pool = Pool.from_arrays(
        sample_id=rng.integers(0, 2**64, num, dtype=np.uint64),
        source=rng.integers(0, 70, num),
        source_names=[f"s{n}" for n in range(70)],
        scores={f"c{n:02d}": rng.integers(0, 251, num) * (rng.random(num) < 0.4) for n in range(num_capabilities)},
        style_bits=rng.integers(0, 2**num_styles, num) & rng.integers(0, 2**num_styles, num),
        style_names=[f"style {n}" for n in range(num_styles)],
    )
    for method in (Mmssr(), MmssrNested()):
        tables = []
        for compiled in (False, True):
            with compiling(compiled):
                tables.append(choose(method, pool, Budget.samples(200), 5).to_table())
        assert tables[0] == tables[1]


def test_weights_worked_by_hand() -> None:
    """Six of eight, ocr three times data: shares of the first pass 6 x 1 // 4 = 1 and 6 x 3 // 4 = 4, then 1 x 1 // 4 -> 1.

    Nested: in a round ocr gives at 1/3, 2/3 and 1, data at 1 and stands before ocr in the table.
    """
    rows = [Row(n, "a", [], {"data": 50}) for n in range(4)] + [Row(n, "a", [], {"ocr": 50}) for n in range(10, 14)]
    pool, weights = oracle.pool_of(rows), {"ocr": 3.0}
    faithful = choose(Mmssr(capabilities=("ocr", "data"), weights=weights), pool, Budget.samples(6))
    assert [n >= 10 for n in faithful.sample_ids.tolist()] == [False, True, True, True, True, False]
    nested = MmssrNested(capabilities=("ocr", "data"), weights=weights).order(pool)
    assert [n >= 10 for n in nested.sample_ids.tolist()] == [True, True, False, True, True, False, False, False]


def test_weights_that_are_all_the_same_change_nothing() -> None:
    pool = oracle.pool_of(big_pool(200, 6))
    same = dict.fromkeys(oracle.TABLE_ORDER, 2.5)
    for plain, weighted in ((Mmssr(), Mmssr(weights=same)), (MmssrNested(), MmssrNested(weights=same))):
        first, second = (choose(method, pool, Budget.percent(40), 3) for method in (plain, weighted))
        assert first.sample_ids.tolist() == second.sample_ids.tolist()
        assert "weights" not in first.provenance()["settings"]
        assert second.provenance()["settings"]["weights"] == same


@pytest.mark.parametrize("weight", ["0", "-1", "0.005", "101", "nan", "1.234", "much"])
def test_a_weight_that_cannot_be_is_named(weight: str) -> None:
    for name in ("mmssr", "mmssr-nested"):
        with pytest.raises(BadInput, match=f"{name}: weights"):
            settings_of(name, {"weights": f"ocr:{weight}"})


def test_a_weight_for_a_capability_that_is_not_selected_is_an_error() -> None:
    for method in (Mmssr(capabilities=("ocr",), weights={"data": 2}), MmssrNested(weights={"sapience": 2})):
        with pytest.raises(BadInput, match="not among the selected capabilities"):
            choose(method, oracle.pool_of(worked_pool()), Budget.samples(1))


@given(weights=st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_a_round_visits_each_capability_as_often_as_it_weighs_and_evenly(weights: list[int]) -> None:
    order = visits(weights)
    points = sorted((Fraction(turn, weight), c) for c, weight in enumerate(weights) for turn in range(1, weight + 1))
    assert order == [capability for _, capability in points]


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
    pool = Pool.from_arrays(
        sample_id=[1, 2],
        source=[0, 0],
        source_names=["a"],
        scores={"aaa": [50, 0], "ocr": [0, 50]},
        style_bits=[0, 0],
    )
    assert choose(Mmssr(capabilities=("aaa", "ocr")), pool, Budget.samples(2)).sample_ids.tolist() == [2, 1]

"""The random baseline and the best-first baseline, against plain sorting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, MissingEvidence
from core.select.budget import Budget
from core.select.methods import choose
from core.select.methods import settings as settings_of
from core.select.pool import Pool
from core.select.top_score import TopScore
from core.select.uniform import Random
from tests.select import oracle


def pool_with(scores: dict[str, list[int]], columns: dict[str, list[float]] | None = None) -> Pool:
    num = len(next(iter({**scores, **(columns or {})}.values())))
    return Pool.from_arrays(
        sample_id=np.arange(1, num + 1),
        source=np.zeros(num, int),
        source_names=["a"],
        scores=scores,
        style_bits=np.zeros(num, int),
        columns=columns,
    )


@given(ids=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50, unique=True), seed=st.integers(-5, 2**65))
@settings(max_examples=100, deadline=None)
def test_random_sorts_by_the_key_of_its_purpose(ids: list[int], seed: int) -> None:
    pool = oracle.pool_of([oracle.Row(value, "a", []) for value in ids])
    expected = sorted(ids, key=lambda value: oracle.purpose(value, seed, "random"))
    assert Random().order(pool, seed=seed).sample_ids.tolist() == expected


def test_random_shares_no_more_with_the_tie_order_than_chance() -> None:
    """With one key for both, a tenth of the pool by each would be the same tenth."""
    ids = np.random.default_rng(0).integers(0, 2**64, 20_000, dtype=np.uint64)
    pool = Pool.from_arrays(
        sample_id=ids, source=np.zeros(20_000, int), source_names=["a"], scores={"ocr": np.full(20_000, 50)},
        style_bits=np.zeros(20_000, int),
    )  # fmt: skip
    budget = Budget.percent(10)
    random = choose(Random(), pool, budget).sample_ids
    ties = choose(TopScore(), pool, budget).sample_ids
    assert 0.07 < len(np.intersect1d(random, ties)) / 2000 < 0.13


@given(
    rows=st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=40),
    weight=st.sampled_from([1.0, 2.0, 0.5, -1.0]),
    seed=st.integers(0, 2**64 - 1),
)
@settings(max_examples=150, deadline=None)
def test_a_blend_sorts_by_its_sum_and_leaves_out_what_has_no_value(
    rows: list[tuple[int, int]], weight: float, seed: int
) -> None:
    rows = [(50, 50), *((255 if a > 250 else a, 255 if b > 250 else b) for a, b in rows)]
    pool = pool_with({"ocr": [a for a, _ in rows], "data": [b for _, b in rows]})
    ordering = TopScore(capabilities=("ocr", "data"), weights={"data": weight}).order(pool, seed=seed)
    valued = {index + 1: a + weight * b for index, (a, b) in enumerate(rows) if a != 255 and b != 255}
    expected = sorted(valued, key=lambda sample_id: (-valued[sample_id], oracle.tie(sample_id, seed)))
    assert ordering.sample_ids.tolist() == expected
    counts = ordering.cut(len(rows)).left_out
    # capabilities stand in vocabulary order, so what both lack is counted under data
    assert counts.get("no value in data", 0) == sum(b == 255 for _, b in rows)
    assert counts.get("no value in ocr", 0) == sum(a == 255 and b != 255 for a, b in rows)


def test_one_further_column_is_ordered_by_alone() -> None:
    pool = pool_with({"ocr": [0, 50, 100]}, {"num_chars": [3.0, 9.0, 5.0]})
    ordering = TopScore(columns=("num_chars",)).order(pool)
    assert ordering.sample_ids.tolist() == [2, 3, 1]
    assert ordering.reasons.text(0) == "kept: num_chars 9, rank 1 of 3"


def test_a_blend_of_scores_and_a_column_weighs_both_in_their_own_units() -> None:
    """ocr 1.0, 2.0, 0.0 plus 0.5 x (4, 1, 7) gives 3.0, 2.5, 3.5."""
    pool = pool_with({"ocr": [50, 100, 0]}, {"loss": [4.0, 1.0, 7.0]})
    ordering = TopScore(capabilities=("ocr",), columns=("loss",), weights={"loss": 0.5}).order(pool)
    assert ordering.sample_ids.tolist() == [3, 1, 2]


def test_without_names_the_capabilities_that_have_scores_are_blended_and_the_rest_is_said() -> None:
    ordering = TopScore().order(pool_with({"ocr": [50, 100], "data": [100, 40]}))
    assert ordering.sample_ids.tolist() == [1, 2]
    assert ordering.settings["capabilities"] == ["data", "ocr"]
    assert "Blended without spatial" in ordering.notes[0]


def test_evidence_that_is_not_there_is_named_with_the_way_to_get_it() -> None:
    pool = pool_with({"ocr": [50, 100]}, {"perplexity": [float("nan")] * 2})
    for asked in ({"capabilities": ("data",)}, {"columns": ("perplexity",)}):
        with pytest.raises(MissingEvidence) as caught:
            TopScore(**asked).order(pool)
        assert "winnow prepare" in caught.value.fix
    with pytest.raises(MissingEvidence, match="no column 'beauty'") as caught:
        TopScore(columns=("beauty",)).order(pool)
    assert "ocr" in caught.value.fix


def test_weights_from_a_command_line() -> None:
    made = settings_of("top-score", {"capabilities": "ocr,data", "weights": "ocr:2,data:0.5"})
    assert made.model_dump()["weights"] == {"ocr": 2.0, "data": 0.5}
    with pytest.raises(BadInput, match="weights"):
        settings_of("top-score", {"weights": "ocr"})
    with pytest.raises(BadInput, match="'spatial', which is not among"):
        settings_of("top-score", {"capabilities": "ocr", "weights": "spatial:1"}).order(pool_with({"ocr": [1]}))

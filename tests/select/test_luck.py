"""Random beside a selection: each seed measured as any selection is, and no selection held against itself."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from core.select import luck
from core.select.budget import Budget
from core.select.compare import jaccard
from core.select.constraints import Constraints, Contradiction, Quota
from core.select.groups import Labels as Asked
from core.select.methods import choose
from core.select.pool import Pool
from core.select.spread import Labels, counts, distances
from core.select.uniform import Random


@pytest.fixture
def pool() -> Pool:
    rng = np.random.default_rng(3)
    ids = np.unique(rng.integers(0, 2**63, 120))
    return Pool.from_arrays(
        sample_id=ids,
        source=rng.integers(0, 3, len(ids)),
        source_names=["a", "b", "c"],
        scores={"ocr": rng.integers(0, 251, len(ids)).astype(np.uint8)},
        style_bits=rng.integers(0, 8, len(ids)),
    )


def labels_of(pool: Pool) -> Labels:
    num = len(pool)
    return Labels(
        np.arange(num, dtype=np.int32) % 5, np.arange(num + 1), np.arange(num, dtype=np.int32) % 4, tuple("wxyz")
    )


def test_each_seed_is_measured_like_any_selection(pool: Pool) -> None:
    labels = labels_of(pool)
    everything = counts(pool, labels)
    other = pool.sample_id[:40]
    found = luck.luck(pool, 30, everything, pool, labels, {"other": other}, seeds=(2, 5, 9))
    draws = [choose(Random(), pool, Budget.samples(30), seed) for seed in (2, 5, 9)]
    said = [distances(everything, counts(pool, labels, one.rows), labels, one.rows) for one in draws]
    for name in luck.DISTANCES:
        values = [getattr(one, name) for one in said]
        assert found.distances[name] == pytest.approx((statistics.mean(values), statistics.stdev(values)))
    shared = [jaccard(one.sample_ids, other) for one in draws]
    assert found.overlaps["other"] == pytest.approx((statistics.mean(shared), statistics.stdev(shared)))
    assert (found.num_seeds, found.budget) == (3, 30)


def test_draws_come_from_the_part_of_the_pool_a_filter_left(pool: Pool) -> None:
    labels = labels_of(pool)
    rows = np.flatnonzero(pool.source == 0)
    part = Pool.from_arrays(
        sample_id=pool.sample_id[rows],
        source=np.zeros(len(rows)),
        source_names=["a"],
        scores={},
        style_bits=np.zeros(len(rows)),
    )
    found = luck.luck(part, 5, counts(pool, labels), pool, labels, {"part": part.sample_id}, seeds=(0, 1))
    assert found.overlaps["part"][0] == pytest.approx(5 / len(part)), "every draw lies within the part"


def test_seeds_that_a_compared_selection_was_drawn_with_are_left_out() -> None:
    assert luck.fresh_seeds(()) == tuple(range(8))
    assert luck.fresh_seeds({0, 3}, 4) == (1, 2, 4, 5)
    assert luck.fresh_seeds({2**64 - 1}, 2) == (0, 1)


def test_draws_keep_the_constraints_and_their_measures_are_of_those_draws(pool: Pool) -> None:
    labels = labels_of(pool)
    everything = counts(pool, labels)
    pins = tuple(f"{int(value):016x}" for value in pool.sample_id[:3])
    seen = np.arange(len(pool)) % 2 == 0
    rules = Constraints(
        pins=pins, include=("even",), minimum=(Quota(kind="source", name="c", count=12),),
        maximum=(Quota(kind="style", name="multi-choice", share=0.2),),
    )  # fmt: skip
    asked = Asked(conditions={"even": seen | (np.arange(len(pool)) < 3)})
    draws = [choose(Random(), pool, Budget.samples(20), seed, rules, asked) for seed in (1, 4)]
    found = luck.luck(
        pool, 20, everything, pool, labels, {"pins": pool.sample_id[:3]}, seeds=(1, 4), constraints=rules, asked=asked
    )
    assert found.overlaps["pins"] == pytest.approx((3 / 20, 0)), "what must be kept is in every draw"
    for draw in draws:
        assert int((pool.source[draw.rows] == 2).sum()) >= 12
        assert int((pool.style_bits[draw.rows] & 1).sum()) <= 4
    said = [distances(everything, counts(pool, labels, one.rows), labels, one.rows).source for one in draws]
    assert found.distances["source"] == pytest.approx((statistics.mean(said), statistics.stdev(said)))
    with pytest.raises(Contradiction):
        luck.luck(
            pool, 20, everything, pool, labels, {}, seeds=(1,),
            constraints=Constraints(minimum=(Quota(kind="source", name="c", count=21),)),
        )  # fmt: skip

"""COINCIDE: shares and greedy picks against exact fractions, SciPy and scikit-learn's kernel formula written out."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from core.errors import BadInput
from core.select.budget import Budget
from core.select.coincide import (
    KERNEL_ONE,
    Coincide,
    Kernel,
    density,
    nearest_in_mean,
    share_out,
    share_weights,
    transferability,
)
from core.select.spherical import num_clusters, whole
from tests.select import plain_vectors
from tests.select.plain_vectors import bunches, pool_with


def gaussian(vectors: np.ndarray, gamma: float) -> np.ndarray:
    """[n, n] float64: exp(-gamma |x - y|^2), pair by pair."""
    wide = vectors.astype(np.float64)
    return np.array([[np.exp(-gamma * ((x - y) ** 2).sum()) for y in wide] for x in wide])


@given(num=st.integers(1, 30), made=st.integers(0, 10**6), gamma=st.sampled_from([0.1, 1.0, 4.0]))
@settings(max_examples=40, deadline=None)
def test_the_kernel_and_the_density_are_gaussian(num: int, made: int, gamma: float) -> None:
    vectors = bunches(num, 5, made)
    kernel, exact = Kernel(gamma), gaussian(vectors, gamma)
    values = whole(vectors)
    assert np.abs(kernel.of(values @ values.T) / KERNEL_ONE - exact).max() < 2e-3 * gamma + 1e-5
    sums = kernel.sums(values)
    assert np.abs(sums / KERNEL_ONE - exact.sum(axis=1)).max() < (2e-3 * gamma + 1e-5) * num
    off_diagonal = exact[~np.eye(num, dtype=bool)]
    assert float(density(sums)) == pytest.approx(off_diagonal.mean() if num > 1 else 1, rel=0.02)


@given(count=st.integers(1, 12), made=st.integers(0, 10**6), tau=st.sampled_from([0.05, 0.1, 1.0]))
@settings(max_examples=40, deadline=None)
def test_shares_are_the_softmax_of_transferability_over_density(count: int, made: int, tau: float) -> None:
    rng = np.random.default_rng(made)
    centres = bunches(count, 6, made)
    moved = transferability(whole(centres))
    cosines = centres.astype(np.float64) @ centres.T.astype(np.float64)
    expected = (cosines.sum(axis=1) - np.diag(cosines)) / max(count - 1, 1)
    assert [float(one) for one in moved] == pytest.approx(expected, abs=2e-3)
    dense = [density(np.array([KERNEL_ONE + int(KERNEL_ONE * x)] * 2)) for x in rng.uniform(0.05, 1, count)]
    weights = share_weights(moved, dense, tau)
    theirs = softmax([float(t) / (tau * float(d)) for t, d in zip(moved, dense, strict=True)])
    assert np.array(weights, dtype=float) / sum(weights) == pytest.approx(theirs, abs=1e-12)


@given(
    room=st.lists(st.integers(1, 20), min_size=1, max_size=8),
    weights=st.lists(st.integers(1, 1000), min_size=8, max_size=8),
    wanted=st.integers(1, 170),
)
@settings(max_examples=200, deadline=None)
def test_a_budget_is_shared_out_and_what_does_not_fit_is_spread_over_the_others(
    room: list[int], weights: list[int], wanted: int
) -> None:
    weights = weights[: len(room)]
    given_ = share_out(wanted, room, weights)
    assert sum(given_) == min(wanted, sum(room))
    assert all(0 <= one <= most for one, most in zip(given_, room, strict=True))
    # Read as water: fill all vessels at rates of their weights; a full one leaves its flow to the others.
    level, open_ = [Fraction(0)] * len(room), set(range(len(room)))
    left = Fraction(min(wanted, sum(room)))
    while left and open_:
        total = sum(weights[one] for one in open_)
        time = min([left / total, *((room[one] - level[one]) / Fraction(weights[one]) for one in open_)])
        for one in open_:
            level[one] += time * weights[one]
        left -= time * total
        open_ = {one for one in open_ if level[one] < room[one]}
    for one, exact in zip(given_, level, strict=True):
        assert exact // 1 <= one <= -(-exact // 1)


def test_what_rounding_leaves_goes_to_the_largest_fractions() -> None:
    assert share_out(5, [9, 9, 9], [5, 3, 2]) == [3, 1, 1]  # 2.5, 1.5, 1: the first half is the heavier one's
    assert share_out(10, [2, 9, 9], [8, 1, 1]) == [2, 4, 4]
    assert share_out(3, [1, 1], [1, 10**9]) == [1, 1]
    assert share_out(2, [0, 3], [5, 1]) == [0, 2]


@given(num=st.integers(1, 14), made=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_each_pick_brings_the_discrepancy_lowest(num: int, made: int) -> None:
    values = whole(bunches(num, 4, made))
    kernel = Kernel(1.0)
    pairs = kernel.of(values @ values.T)
    np.fill_diagonal(pairs, KERNEL_ONE)

    def discrepancy(chosen: list[int]) -> Fraction:
        """MMD^2 of the chosen against all, in whole-number kernels."""
        inside = Fraction(int(pairs[np.ix_(chosen, chosen)].sum()), len(chosen) ** 2)
        across = Fraction(int(pairs[chosen].sum()), len(chosen) * num)
        return inside - 2 * across + Fraction(int(pairs.sum()), num**2)

    order: list[int] = []
    for _ in range(num):
        free = [at for at in range(num) if at not in order]
        order.append(min(free, key=lambda at: (discrepancy([*order, at]), at)))
    assert nearest_in_mean(kernel, values, kernel.sums(values), num).tolist() == order


@given(num=st.integers(1, 50), made=st.integers(0, 10**6), seed=st.integers(0, 2**64 - 1), data=st.data())
@settings(max_examples=30, deadline=None)
def test_clusters_come_in_order_of_share_and_give_their_quota(
    num: int, made: int, seed: int, data: st.DataObject
) -> None:
    pool = pool_with(bunches(num, 4, made))
    wanted = data.draw(st.integers(1, num))
    ordering = Coincide().order(pool, budget=Budget.samples(wanted), seed=seed)
    label, centres = plain_vectors.k_means(plain_vectors.whole_of(pool), num_clusters(num), seed)
    groups = [[key for key in label if label[key] == index] for index in range(len(centres))]
    rows = [pool.rows_of(group) for group in groups]
    kernel = Kernel(1.0)
    weights = share_weights(
        transferability(np.array(centres, np.float32)),
        [density(kernel.sums(whole(pool.vectors[one]))) for one in rows],
        0.1,
    )
    quotas = share_out(wanted, [len(group) for group in groups], weights)
    found = [label[key] for key in ordering.sample_ids.tolist()]
    order = sorted(range(len(groups)), key=lambda index: (-weights[index], index))
    assert found == [index for index in order for _ in range(quotas[index])]
    assert len(ordering) == wanted == ordering.budget


def test_one_cluster_alone_is_picked_from_its_middle_outwards() -> None:
    vectors = np.array([[np.cos(x), np.sin(x)] for x in (-0.5, -0.2, 0.0, 0.2, 0.5)], np.float32)
    pool = pool_with(vectors, sample_id=[1, 2, 3, 4, 5])
    ordering = Coincide(num_clusters=1).order(pool, budget=Budget.samples(3), seed=0)
    assert ordering.sample_ids.tolist()[0] == 3
    assert ordering.reasons.text(0) == "kept: cluster 1 of 1, share 100 %, pick 1 of its 5"


def test_without_a_budget_there_is_no_share() -> None:
    with pytest.raises(BadInput, match="needs a budget"):
        Coincide().order(pool_with(bunches(3, 3, 0)))

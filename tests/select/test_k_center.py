"""Farthest first against a brute-force reading."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.select.k_center import KCenter
from core.select.spherical import num_clusters
from tests.select import oracle, plain_vectors
from tests.select.plain_vectors import bunches, pool_with, product


class EightExact(KCenter):
    exact_picks: ClassVar[int] = 8


def farthest_first(vectors: dict[int, list[int]], seed: int, exact: int) -> list[int]:
    """Sample ids in order. After `exact` picks only those of its own cluster bring a sample's cosine up."""
    mean = plain_vectors.unit(list(vectors.values()))
    label, _ = plain_vectors.k_means(vectors, num_clusters(len(vectors)), seed)
    order = [min(vectors, key=lambda key: (-product(vectors[key], mean), oracle.tie(key, seed)))]
    near = {key: product(vectors[key], vectors[order[0]]) for key in vectors}
    while len(order) < len(vectors):
        pick = min(vectors.keys() - set(order), key=lambda key: (near[key], oracle.tie(key, seed)))
        for key, vector in vectors.items():
            if len(order) < exact or label[key] == label[pick]:
                near[key] = max(near[key], product(vector, vectors[pick]))
        order.append(pick)
    return order


@given(num=st.integers(1, 60), width=st.integers(1, 6), made=st.integers(0, 10**6), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=60, deadline=None)
def test_k_center_is_farthest_first(num: int, width: int, made: int, seed: int) -> None:
    pool = pool_with(bunches(num, width, made))
    ordering = KCenter().order(pool, seed=seed)
    assert ordering.sample_ids.tolist() == farthest_first(plain_vectors.whole_of(pool), seed, 20_000)
    assert not ordering.notes


@given(num=st.integers(2, 60), made=st.integers(0, 10**6), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=60, deadline=None)
def test_beyond_the_exact_picks_each_cluster_goes_on_alone(num: int, made: int, seed: int) -> None:
    pool = pool_with(bunches(num, 4, made))
    ordering = EightExact().order(pool, seed=seed)
    assert ordering.sample_ids.tolist() == farthest_first(plain_vectors.whole_of(pool), seed, 8)
    assert bool(ordering.notes) == (num > 8)


def test_more_picks_than_are_computed_ahead_are_the_same_picks() -> None:
    pool = pool_with(bunches(700, 8, 2))
    vectors = pool.vectors.astype(np.float64)
    ordering = KCenter().order(pool, seed=0)
    near = vectors @ vectors[ordering.rows[0]]
    for row in ordering.rows[1:].tolist():
        assert near[row] <= near[near < 2].min() + 5e-3, "nearly the farthest, up to the rounding of vectors"
        near = np.maximum(near, vectors @ vectors[row])
        near[row] = 2
    assert len(set(ordering.rows.tolist())) == 700


def test_reasons_say_how_far_a_sample_was() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    ordering = KCenter().order(pool_with(vectors, sample_id=[1, 2, 3]))
    assert ordering.sample_ids.tolist() == [2, 3, 1]  # the mean points to (0.75, 0.66)
    assert ordering.reasons.text(0).startswith("kept: nearest to the mean of the pool, cosine 0.99")
    assert ordering.reasons.text(1) == "kept: farthest from those before it, cosine 0.6"

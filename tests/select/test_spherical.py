"""Whole-number vectors, k-means on the sphere and what stands on them, against plain readings and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.vq import kmeans2

from core.errors import BadData, MissingEvidence
from core.select import spherical
from core.select.budget import Budget
from core.select.methods import METHODS
from tests.select import oracle, plain_vectors
from tests.select.plain_vectors import bunches, pool_with

VECTOR_METHODS = [name for name, entry in METHODS.items() if entry.needs_vectors and name != "clip-score"]


@given(num=st.integers(1, 60), width=st.integers(2, 9), made=st.integers(0, 10**6), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=60, deadline=None)
def test_k_means_is_lloyds_algorithm_over_whole_numbers(num: int, width: int, made: int, seed: int) -> None:
    pool = pool_with(bunches(num, width, made))
    vectors = spherical.whole_vectors(pool, seed, "k-means")
    count = spherical.num_clusters(num)
    found = spherical.k_means(vectors.values, pool.sample_id[vectors.rows], count, seed)
    expected, centres = plain_vectors.k_means(plain_vectors.whole_of(pool), count, seed)
    ids = pool.sample_id[vectors.rows].tolist()
    assert dict(zip(ids, found.label.tolist(), strict=True)) == expected
    assert found.centroids.tolist() == centres
    assert sorted(np.concatenate(found.members()).tolist()) == list(range(num))


def test_bunches_that_are_far_apart_are_the_clusters_scipy_finds() -> None:
    rng = np.random.default_rng(3)
    centres = np.eye(8)
    made = centres[rng.integers(0, 8, 400)] + rng.normal(size=(400, 8)) * 0.05
    pool = pool_with((made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32))
    vectors = spherical.whole_vectors(pool, 0, "k-means")
    values = vectors.values / spherical.SCALE
    _, theirs = kmeans2(values, centres, minit="matrix")
    ours = min(
        (spherical.k_means(vectors.values, pool.sample_id[vectors.rows], 8, seed) for seed in range(20)),
        key=lambda found: -found.closeness.sum(),
    )
    assert len(set(zip(theirs.tolist(), ours.label.tolist(), strict=True))) == len(set(theirs.tolist())) == 8


def test_learning_on_a_part_still_places_every_sample_with_its_nearest_centre() -> None:
    pool = pool_with(bunches(2000, 6, 1))
    vectors = spherical.whole_vectors(pool, 0, "k-means")
    found = spherical.k_means(vectors.values, pool.sample_id[vectors.rows], 3, 0)  # learns on 768
    near = vectors.values @ found.centroids.T
    assert np.array_equal(near.max(axis=1), found.closeness)


@given(width=st.sampled_from([1, 2, 192, 1536, 4096]), made=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_products_of_whole_vectors_are_exact_in_float32(width: int, made: int) -> None:
    vectors = bunches(12, width, made).astype(np.float16).astype(np.float32)  # as they are stored
    values = spherical.whole(vectors)
    exact = values.astype(np.int64) @ values.astype(np.int64).T
    assert np.array_equal((values @ values.T).astype(np.int64), exact)
    assert (
        np.abs(spherical.cosine(values @ values.T) - vectors.astype(np.float64) @ vectors.T.astype(np.float64)).max()
        < 0.003
    )


@pytest.mark.parametrize("name", VECTOR_METHODS)
def test_adding_up_in_another_order_changes_nothing(name: str) -> None:
    """A machine with another instruction set sums in another order; here the dimensions change places."""
    vectors = bunches(300, 40, 5)
    columns = {"complexity": np.arange(300) % 7, "quality": np.arange(300) % 5}
    first = METHODS[name]().order(pool_with(vectors, columns=columns), budget=Budget.samples(90), seed=3)
    turned = vectors[:, np.random.default_rng(0).permutation(40)]
    second = METHODS[name]().order(pool_with(turned, columns=columns), budget=Budget.samples(90), seed=3)
    assert first.sample_ids.tolist() == second.sample_ids.tolist()
    assert first.reasons.texts() == second.reasons.texts()


@given(num=st.integers(1, 80), made=st.integers(0, 10**6), before=st.integers(0, 5), limit=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_a_walk_keeps_what_is_apart_from_all_kept_before(num: int, made: int, before: int, limit: int) -> None:
    values = spherical.whole(bunches(num + before, 4, made, 0.3))
    held, walked = values[:before], values[before:]
    most = spherical.stored_cosine(0.9)
    expected: list[int] = []
    end = num
    for at in range(num):
        against = [*held.tolist(), *(walked[one].tolist() for one in expected)]
        if all(plain_vectors.product(walked[at].tolist(), other) <= most for other in against):
            expected.append(at)
            if len(expected) == limit:
                end = at + 1
                break
    kept, went = spherical.keep_apart(walked, most, before=held, limit=limit)
    assert np.flatnonzero(kept).tolist() == expected
    assert went == end


def test_a_walk_over_many_blocks_is_the_walk_over_one() -> None:
    values = spherical.whole(bunches(3000, 5, 2, 0.2))
    kept, _ = spherical.keep_apart(values, spherical.stored_cosine(0.99))
    assert kept.sum() > 1024, "more than the first allotment of memory"
    near = values[kept] @ values[kept].T
    np.fill_diagonal(near, 0)
    assert near.max() <= spherical.stored_cosine(0.99)
    dropped = np.flatnonzero(~kept)
    for at in dropped.tolist():
        earlier = np.flatnonzero(kept[:at])
        assert (values[earlier] @ values[at]).max() > spherical.stored_cosine(0.99)


@given(sizes=st.lists(st.integers(0, 12), min_size=1, max_size=6), data=st.data())
@settings(max_examples=100, deadline=None)
def test_groups_take_turns_by_websters_rule(sizes: list[int], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.0]), min_size=len(sizes), max_size=len(sizes)))
    starts = np.cumsum([0, *sizes[:-1]])
    expected = plain_vectors.webster(
        [list(range(start, start + size)) for start, size in zip(starts.tolist(), sizes, strict=True)], weights
    )
    group, place = spherical.interleaved(np.array(sizes), np.array(weights))
    assert (starts[group] + place).tolist() == expected


def test_limits_on_a_cosine_are_exact_decimals() -> None:
    assert spherical.stored_cosine(0.9) == 14_400_000
    assert spherical.stored_cosine(0.1) == 1_600_000
    assert spherical.stored_cosine(1.0) == spherical.COSINE_ONE


@pytest.mark.parametrize("name", VECTOR_METHODS)
def test_without_vectors_a_method_says_how_to_get_them(name: str) -> None:
    columns = {"complexity": [1.0, 2.0], "quality": [1.0, 2.0]}
    with pytest.raises(MissingEvidence, match="needs vectors") as caught:
        METHODS[name]().order(pool_with(None, 2, columns=columns), budget=Budget.samples(1))
    assert "winnow prepare" in caught.value.fix
    none = np.full((2, 3), np.nan, np.float32)
    with pytest.raises(MissingEvidence, match="No sample of the pool has a vector by descriptors 1"):
        METHODS[name]().order(pool_with(none, columns=columns), budget=Budget.samples(1))


@pytest.mark.parametrize("name", VECTOR_METHODS)
def test_samples_without_a_vector_are_left_out_and_counted(name: str) -> None:
    vectors = bunches(30, 4, 0)
    vectors[::3] = np.nan
    pool = pool_with(vectors, columns={"complexity": np.ones(30), "quality": np.ones(30)})
    selection = METHODS[name]().order(pool, budget=Budget.samples(30), seed=0).cut(30)
    assert selection.left_out["no vector by descriptors 1"] == 10
    assert not np.isnan(pool.vectors[selection.rows]).any()


@pytest.mark.parametrize("name", VECTOR_METHODS)
@pytest.mark.parametrize("num", [1, 2])
def test_one_or_two_samples_are_a_pool_too(name: str, num: int) -> None:
    vectors = np.repeat(bunches(1, 4, 0), num, axis=0)  # the same one twice
    pool = pool_with(vectors, columns={"complexity": np.ones(num), "quality": np.ones(num)})
    ids = METHODS[name]().order(pool, budget=Budget.samples(num), seed=0).sample_ids.tolist()
    first = min(pool.sample_id.tolist(), key=lambda key: oracle.tie(key, 0))
    assert ids[0] == first
    assert len(ids) == (1 if name == "deita" else num)


def test_vectors_of_another_length_are_bad_data() -> None:
    with pytest.raises(BadData, match="not of unit length"):
        pool_with(np.array([[3.0, 4.0]], np.float32))

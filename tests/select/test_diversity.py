"""Measures of diversity against hand computation, sklearn, brute force and the definitions of their papers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import eigvalsh
from sklearn.neighbors import NearestNeighbors

from core.errors import BadData
from core.evidence.contents import Contents
from core.select import diversity
from core.select.diversity import (
    MEASURES,
    Material,
    beside,
    effective_rank,
    landmarks,
    measure,
    nearest_cosine,
    singular_values,
    vendi_score,
    with_copy,
    with_same_picture,
)
from core.select.pool import Pool
from core.select.uniform import Random
from core.store.ids import splitmix64

KEYS = [one.key for one in MEASURES]


def contents_of(content: Sequence[int], pictures: Sequence[Sequence[int]]) -> Contents:
    offsets = np.cumsum([0, *(len(row) for row in pictures)])
    return Contents(np.array(content), offsets, np.array([code for row in pictures for code in row], dtype=np.int64))


def material_of(vectors: NDArray[np.float32]) -> Material:
    """Vectors of samples that have nothing in common but those."""
    num = len(vectors)
    ids = np.sort(splitmix64(np.arange(num, dtype=np.uint64)))
    return Material(ids, vectors.astype(np.float32), contents_of(range(num), [[code] for code in range(num)]), "made 1")


def pool_of(ids: NDArray[np.uint64]) -> Pool:
    return Pool.from_arrays(
        sample_id=ids,
        source=np.zeros(len(ids), dtype=np.int64),
        source_names=["a"],
        scores={},
        style_bits=np.zeros(len(ids), dtype=np.uint32),
    )


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def drawn(num: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).normal(size=(num, width)) + 0.5)


# -- Vendi score and effective rank --------------------------------------------------------------------------------------


def test_vendi_score_of_two_vectors_by_hand() -> None:
    # Cosine 0.6: K / 2 has eigenvalues 0.8 and 0.2.
    vectors = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    expected = math.exp(-(0.8 * math.log(0.8) + 0.2 * math.log(0.2)))
    assert vendi_score(singular_values(vectors)) == pytest.approx(expected, abs=1e-6)


def test_effective_rank_of_two_vectors_by_hand() -> None:
    # The singular values are sqrt(1.6) and sqrt(0.4), so two thirds and one third of their sum.
    vectors = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    expected = math.exp(-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)))
    assert effective_rank(singular_values(vectors)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("num", "width"), [(40, 7), (12, 60), (30, 30)])
def test_vendi_score_equals_the_eigenvalues_of_the_whole_kernel_matrix(num: int, width: int) -> None:
    vectors = drawn(num, width).astype(np.float64)
    eigenvalues = eigvalsh(vectors @ vectors.T / num)
    eigenvalues = eigenvalues[eigenvalues > 1e-12]
    expected = math.exp(-sum(value * math.log(value) for value in eigenvalues))
    assert vendi_score(singular_values(vectors)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("num", "width"), [(40, 7), (12, 60)])
def test_effective_rank_equals_its_definition(num: int, width: int) -> None:
    vectors = drawn(num, width).astype(np.float64)
    sizes = np.sqrt(np.maximum(np.linalg.eigvalsh(vectors.T @ vectors), 0))
    parts = sizes[sizes > 1e-6] / sizes.sum()
    assert effective_rank(singular_values(vectors)) == pytest.approx(math.exp(-(parts * np.log(parts)).sum()), rel=1e-4)


@given(num=st.integers(1, 12))
def test_orthogonal_vectors_give_their_number_and_equal_ones_give_one(num: int) -> None:
    sizes = singular_values(np.eye(12, dtype=np.float32)[:num])
    assert vendi_score(sizes) == pytest.approx(num)
    assert effective_rank(sizes) == pytest.approx(num)
    same = singular_values(np.tile(drawn(1, 5), (num, 1)))
    assert vendi_score(same) == pytest.approx(1)
    assert effective_rank(same) == pytest.approx(1, abs=1e-3)


@settings(max_examples=30)
@given(num=st.integers(1, 20), width=st.integers(1, 8), times=st.integers(2, 4), seed=st.integers(0, 1000))
def test_repeating_every_row_leaves_vendi_score_and_effective_rank(num: int, width: int, times: int, seed: int) -> None:
    vectors = drawn(num, width, seed)
    once, often = singular_values(vectors), singular_values(np.tile(vectors, (times, 1)))
    assert vendi_score(often) == pytest.approx(vendi_score(once), rel=1e-4)
    assert effective_rank(often) == pytest.approx(effective_rank(once), rel=1e-3)


@settings(max_examples=30)
@given(num=st.integers(2, 30), width=st.integers(2, 8), seed=st.integers(0, 1000))
def test_no_measure_leaves_its_bounds(num: int, width: int, seed: int) -> None:
    values = measure(material_of(drawn(num, width, seed))).values
    assert 0 <= values["neighbour_distance"] <= 2
    assert 1 - 1e-6 <= values["vendi"] <= values["effective_rank"] * (1 + 1e-6) <= min(num, width) * (1 + 1e-5)
    assert all(0 <= values[key] <= 1 for key in ("exact", "near", "picture"))


# -- nearest neighbours ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [50, 8_000_000])
def test_nearest_neighbours_are_those_of_sklearn_in_blocks_of_any_size(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diversity, "_BLOCK_CELLS", cells)
    vectors = drawn(300, 16)
    rows = np.sort(np.random.default_rng(3).choice(300, 120, replace=False))
    looked_at = rows[::7]
    model = NearestNeighbors(n_neighbors=2, metric="cosine", algorithm="brute").fit(vectors[rows])
    distance = model.kneighbors(vectors[looked_at])[0][:, 1]
    assert np.allclose(1 - nearest_cosine(vectors, rows, looked_at), distance, atol=1e-5)


def test_a_twin_is_at_distance_nought_and_a_sample_is_not_its_own_neighbour() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    rows = np.arange(3)
    assert nearest_cosine(vectors, rows, rows).tolist() == [1, 1, 0]


def test_vectors_rounded_to_float16_are_measured_at_unit_length() -> None:
    vectors = drawn(50, 32).astype(np.float16)
    twice = material_of(np.repeat(vectors, 2, axis=0).astype(np.float32))
    assert measure(twice).values["neighbour_distance"] == pytest.approx(0, abs=1e-6)


def test_above_the_bound_landmarks_look_for_their_neighbours_in_the_whole_set(monkeypatch: pytest.MonkeyPatch) -> None:
    material = material_of(drawn(500, 8))
    exact = measure(material)
    monkeypatch.setattr(diversity, "EXACT_ROWS", 499)
    monkeypatch.setattr(diversity, "LANDMARKS", 400)
    monkeypatch.setattr(diversity, "SPECTRUM_ROWS", 450)
    sampled = measure(material)
    assert (exact.sampled("neighbour_distance"), exact.sampled("vendi")) == (None, None)
    assert (sampled.sampled("near"), sampled.sampled("vendi"), sampled.sampled("exact")) == (400, 450, None)
    rows = landmarks(material.sample_id, np.arange(500), 400)
    expected = 1 - nearest_cosine(material.vectors, np.arange(500), rows).mean()
    assert sampled.values["neighbour_distance"] == pytest.approx(float(expected))
    assert sampled.values["neighbour_distance"] == pytest.approx(exact.values["neighbour_distance"], rel=0.05)
    said = beside(material, pool_of(material.sample_id), material.sample_id[:200]).notes
    assert said == (
        "Sampled by the landmark key: nearest neighbours on 400 of the pool; Vendi score and effective rank on 450 of the pool.",
    )


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_order_of_the_rows_changes_nothing(data: st.DataObject) -> None:
    material = material_of(drawn(40, 6))
    rows = data.draw(st.permutations(range(40)))[: data.draw(st.integers(1, 40))]
    first, second = measure(material, np.array(rows)), measure(material, np.array(sorted(rows)))
    assert first.values == pytest.approx(second.values, nan_ok=True)


def test_landmarks_of_a_set_do_not_depend_on_how_many_are_asked_for() -> None:
    ids = material_of(drawn(100, 2)).sample_id
    rows = np.arange(0, 100, 2)
    few, more = landmarks(ids, rows, 10), landmarks(ids, rows, 20)
    assert len(few) == 10
    assert set(few) < set(more) < set(rows)


# -- copies ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=80)
@given(data=st.data())
def test_copies_and_shared_pictures_are_those_of_a_brute_force(data: st.DataObject) -> None:
    num = data.draw(st.integers(1, 12))
    content = data.draw(st.lists(st.integers(-1, 4), min_size=num, max_size=num))
    pictures = data.draw(st.lists(st.lists(st.integers(0, 6), max_size=3, unique=True), min_size=num, max_size=num))
    rows = data.draw(st.lists(st.integers(0, num - 1), min_size=1, unique=True))
    contents = contents_of(content, pictures)
    copies = [any(a != b and content[a] == content[b] >= 0 for b in rows) for a in rows]
    shared = [any(a != b and set(pictures[a]) & set(pictures[b]) for b in rows) for a in rows]
    assert with_copy(contents, np.array(rows)).tolist() == copies
    assert with_same_picture(contents, np.array(rows)).tolist() == shared


def test_near_copies_are_those_above_the_stated_cosine() -> None:
    def at(cosine: float) -> list[float]:
        return [cosine, math.sqrt(1 - cosine**2)]

    vectors = np.zeros((4, 4), dtype=np.float32)
    vectors[0, :2], vectors[1, :2] = [1, 0], at(diversity.NEAR_COSINE + 0.01)
    vectors[2, 2:], vectors[3, 2:] = [1, 0], at(diversity.NEAR_COSINE - 0.01)
    assert measure(material_of(vectors)).values["near"] == 0.5


# -- what is said of a selection -------------------------------------------------------------------------------------------


def test_half_a_pool_of_near_copies_ranks_one_of_each_above_random_above_the_copies() -> None:
    rng = np.random.default_rng(5)
    apart = rng.normal(size=(200, 32))
    groups = rng.normal(size=(10, 32))
    copied = np.repeat(groups, 20, axis=0) + rng.normal(scale=0.02, size=(200, 32))
    material = material_of(unit(np.concatenate([apart, copied])))
    pool = pool_of(material.sample_id)
    one_of_each = np.concatenate([np.arange(190), 200 + 20 * np.arange(10)])
    deduplicated = beside(material, pool, material.sample_id[one_of_each])
    copies = measure(material, np.arange(200, 400))
    for key in ("neighbour_distance", "vendi", "effective_rank"):
        mean, spread = deduplicated.expected(key)
        assert deduplicated.chosen.values[key] > mean + 3 * spread > mean - 3 * spread > copies.values[key]
    assert deduplicated.chosen.values["near"] == 0 < deduplicated.expected("near")[0] < copies.values["near"] == 1


def test_random_of_the_same_size_is_what_the_method_random_keeps() -> None:
    material = material_of(drawn(60, 5))
    pool = pool_of(material.sample_id)
    found = beside(material, pool, material.sample_id[:20])
    again = [measure(material, Random().order(pool, seed=seed).cut(20).rows) for seed in diversity.RANDOM_SEEDS]
    assert list(found.random) == again
    values = [reading.values["vendi"] for reading in again]
    assert found.expected("vendi") == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert found.pool == measure(material)


def test_the_whole_pool_is_its_own_baseline() -> None:
    material = material_of(drawn(30, 5))
    found = beside(material, pool_of(material.sample_id), material.sample_id[::-1])
    assert found.chosen == found.pool == found.random[0]
    assert found.expected("vendi")[1] == pytest.approx(0)


def test_samples_without_a_vector_are_counted_and_said_and_still_searched_for_copies() -> None:
    vectors = drawn(6, 4)
    vectors[1] = np.nan
    material = Material(
        np.arange(1, 7, dtype=np.uint64), vectors, contents_of([7, 7, 2, 3, 4, 5], [[0], [0], [1], [2], [3], [4]])
    )
    reading = measure(material, np.array([0, 1, 2]))
    assert (reading.num, reading.num_vectors) == (3, 2)
    assert reading.values["neighbour_distance"] == pytest.approx(1 - float(vectors[0] @ vectors[2]), abs=1e-6)
    assert reading.values["exact"] == pytest.approx(2 / 3)
    found = beside(material, pool_of(material.sample_id), material.sample_id[:3])
    assert found.notes == ("1 of the 3 selected samples have no vector and are in the copies alone.",)


def test_without_vectors_or_samples_there_is_nothing_to_measure_and_no_number() -> None:
    nothing = Material(
        np.arange(3, dtype=np.uint64), np.zeros((3, 0), np.float32), contents_of([0, 0, 1], [[], [], []])
    )
    values = measure(nothing).values
    assert [key for key in KEYS if math.isnan(values[key])] == ["neighbour_distance", "vendi", "effective_rank", "near"]
    assert values["exact"] == pytest.approx(2 / 3)
    assert all(math.isnan(value) for value in measure(nothing, np.zeros(0, np.int64)).values.values())
    alone = measure(material_of(drawn(3, 2)), np.array([1]))
    assert math.isnan(alone.values["neighbour_distance"])
    assert alone.values["vendi"] == pytest.approx(1)


def test_material_of_other_samples_is_refused() -> None:
    with pytest.raises(BadData, match="not of the samples"):
        Material(np.arange(3, dtype=np.uint64), np.zeros((2, 4), np.float32), contents_of([0, 1, 2], [[], [], []]))


def test_the_json_names_every_measure_with_selection_random_and_pool() -> None:
    material = material_of(drawn(30, 5))
    said = beside(material, pool_of(material.sample_id), material.sample_id[:10]).as_json()
    assert list(said["measures"]) == KEYS
    assert set(said["measures"]["vendi"]) == {"selection", "random", "pool", "sampled"}
    assert (said["vectors_by"], said["random_seeds"]) == ("made 1", [1, 2, 3])

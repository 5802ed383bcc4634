"""Clusters for coverage: their number, their members, and that later samples join the nearest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.evidence.clusters import Centroids, learn_centroids, num_clusters
from core.evidence.embedder import unit_rows
from core.workspace import Workspace


def bundles(sizes: list[int], width: int = 32) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(0).normal(size=(len(labels), width)) * 0.05
    return unit_rows((np.eye(len(sizes), width)[labels] + noise).astype(np.float32)), labels


@pytest.mark.parametrize(
    ("num_samples", "expected"), [(0, 1), (1, 1), (5, 5), (50, 8), (81, 9), (12_060, 110), (65_536, 256), (10**7, 256)]
)
def test_there_are_about_as_many_clusters_as_the_square_root_says(num_samples: int, expected: int) -> None:
    assert num_clusters(num_samples) == expected


def test_separate_bundles_never_share_a_cluster_and_the_largest_comes_first() -> None:
    vectors, labels = bundles([300, 40, 60])
    found = learn_centroids(vectors, 0, {})
    clusters = found.nearest(vectors)
    assert found.values.shape == (20, 32)
    for cluster in set(clusters.tolist()):
        assert len(set(labels[clusters == cluster])) == 1
    sizes = np.bincount(clusters, minlength=20)
    assert (np.diff(sizes) <= 0).all()


def test_each_vector_is_in_the_cluster_of_its_nearest_centre() -> None:
    vectors, _ = bundles([100, 100, 100])
    found = learn_centroids(vectors, 0, {})
    exact = (vectors.astype(np.float64) @ found.values.astype(np.float64).T).max(axis=1)
    chosen = found.nearest(vectors)
    np.testing.assert_allclose((vectors * found.values[chosen]).sum(axis=1), exact, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.values, axis=1), 1, atol=1e-5)


def test_the_same_vectors_and_seed_give_the_same_clusters() -> None:
    vectors, _ = bundles([90, 90])
    np.testing.assert_array_equal(learn_centroids(vectors, 3, {}).values, learn_centroids(vectors, 3, {}).values)
    assert not np.array_equal(learn_centroids(vectors, 4, {}).values, learn_centroids(vectors, 3, {}).values)


def test_kept_centres_come_back_and_unreadable_ones_count_as_none(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    assert Centroids.load(workspace, "descriptors-1") is None
    found = learn_centroids(bundles([30, 30])[0], 0, {"model": "abc"})
    found.save(workspace, "descriptors-1")
    found.save(workspace, "descriptors-1")
    kept = Centroids.load(workspace, "descriptors-1")
    assert kept is not None
    assert kept.settings == {"model": "abc", "num_learnt": 60}
    np.testing.assert_array_equal(kept.values, found.values)
    (workspace.path / "models" / "clusters-descriptors-1" / "centroids.npy").write_bytes(b"half")
    assert Centroids.load(workspace, "descriptors-1") is None


def test_fewer_samples_than_clusters_is_no_error() -> None:
    vectors, _ = bundles([1, 1, 1])
    assert sorted(learn_centroids(vectors, 0, {}).nearest(vectors).tolist()) == [0, 1, 2]
    assert learn_centroids(vectors[:1], 0, {}).nearest(vectors[:1]).tolist() == [0]

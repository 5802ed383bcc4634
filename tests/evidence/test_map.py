"""Maps: principal components, neighbours, trustworthiness against other readings; UMAP in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from sklearn import manifold
from sklearn.decomposition import PCA

from core.errors import RunFailed
from core.evidence.embedder import unit_rows
from core.evidence.map_layout import (
    MapSettings,
    fitted,
    nearest_neighbours,
    pca_layout,
    principal_components,
    trustworthiness,
)
from core.evidence.map_process import MapProcess

ROOT = Path(__file__).resolve().parents[2]


def unit(rows: int, width: int = 24, seed: int = 0) -> NDArray[np.float32]:
    made = np.random.default_rng(seed).normal(size=(rows, width)) * np.linspace(2, 0.2, width)
    return unit_rows(made)


def islands(per_island: int, width: int = 24) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Four separate bundles of directions, and which each row belongs to."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), per_island)
    made = np.eye(4, width)[labels] * 3 + rng.normal(size=(len(labels), width)) * 0.35
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32), labels


def test_principal_components_are_those_of_scikit_learn_up_to_sign() -> None:
    vectors = unit(300)
    ours = principal_components(vectors, 3)
    theirs = PCA(3, svd_solver="full").fit_transform(vectors.astype(np.float64))
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, atol=1e-5)


def test_the_sign_of_a_component_does_not_depend_on_the_order_of_rows() -> None:
    vectors = unit(200)
    order = np.random.default_rng(3).permutation(200)
    np.testing.assert_allclose(pca_layout(vectors)[order], pca_layout(vectors[order]), atol=1e-4)


def test_a_map_fits_the_square_and_keeps_its_proportions() -> None:
    placed = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32) * [30, 10] + [500, -7]
    placed[0] = [1e6, 1e6]
    made = fitted(placed.astype(np.float32))
    assert np.abs(made).max() <= 1.5
    assert (np.abs(made) <= 1).all(axis=1).mean() >= 0.985
    spread = made[1:].std(axis=0)
    assert spread[0] / spread[1] == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("placed", [np.zeros((0, 2)), np.ones((1, 2)), np.ones((5, 2))])
def test_a_map_without_extent_is_all_zeros(placed: NDArray[np.float64]) -> None:
    assert not fitted(placed.astype(np.float32)).any()


def test_neighbours_are_those_of_brute_force() -> None:
    vectors = unit(400)
    rows, distances = nearest_neighbours(vectors, 10)
    exact = 1 - vectors.astype(np.float64) @ vectors.astype(np.float64).T
    np.fill_diagonal(exact, -1)
    np.testing.assert_array_equal(rows, np.argsort(exact, axis=1)[:, :10])
    np.testing.assert_allclose(distances[:, 1:], np.sort(exact, axis=1)[:, 1:10], atol=1e-5)


def test_a_row_is_its_own_first_neighbour_among_exact_duplicates() -> None:
    vectors = np.repeat(unit(5), 6, axis=0)
    rows, distances = nearest_neighbours(vectors, 4)
    np.testing.assert_array_equal(rows[:, 0], np.arange(30))
    assert all(len(set(row)) == 4 for row in rows.tolist())
    np.testing.assert_allclose(distances, 0, atol=1e-6)


def test_neighbours_by_graph_above_the_limit_mostly_agree_with_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(3000, width=60)
    exact, _ = nearest_neighbours(vectors, 10)
    monkeypatch.setattr("core.evidence.map_layout.EXACT_NEIGHBOURS", 1000)
    found, _ = nearest_neighbours(vectors, 10)
    np.testing.assert_array_equal(found[:, 0], np.arange(3000))
    shared = [len(set(a) & set(b)) for a, b in zip(exact.tolist(), found.tolist(), strict=True)]
    assert np.mean(shared) / 10 > 0.85


def test_trustworthiness_is_that_of_scikit_learn() -> None:
    vectors = unit(300)
    placed = pca_layout(vectors)
    expected = manifold.trustworthiness(vectors, placed, n_neighbors=15, metric="cosine")
    assert trustworthiness(vectors, placed, count=15, sample=300) == pytest.approx(expected, abs=1e-4)


def test_umap_keeps_islands_apart_and_is_the_same_in_two_processes() -> None:
    vectors, labels = islands(60)
    vectors[7] = vectors[8]  # an exact duplicate
    settings = MapSettings(neighbours=10, seed=5)
    with MapProcess() as one, MapProcess() as two:
        one.ask(vectors, settings)
        two.ask(vectors, settings)
        placed, again = one.places(), two.places()
    np.testing.assert_array_equal(placed, again)
    assert np.isfinite(placed).all()
    assert np.abs(placed).max() <= 1.5
    distances = ((placed[:, None] - placed[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).mean() == 1.0
    assert trustworthiness(vectors, placed, sample=240) > 0.85
    assert one.seconds > 0
    assert one.cpu_seconds > 0


def test_a_killed_map_process_is_reported_not_waited_for() -> None:
    with MapProcess() as process:
        os.kill(process._process.pid, signal.SIGKILL)
        process.ask(unit(50), MapSettings())
        with pytest.raises(RunFailed, match="without a map"):
            process.places()


def test_the_map_process_goes_when_its_caller_is_killed() -> None:
    code = (
        "import time\nfrom core.evidence.map_process import MapProcess\n"
        "process = MapProcess()\nprint(process._process.pid, flush=True)\ntime.sleep(600)"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    pid = int(caller.stdout.readline())
    child = psutil.Process(pid)
    caller.kill()
    caller.wait()
    deadline = time.monotonic() + 60
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE

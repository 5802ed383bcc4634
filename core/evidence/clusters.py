"""Clusters of an embedding: spherical k-means with K near the square root of the number of samples, for coverage figures.

Centroids are kept in the workspace, so that samples added later join the cluster nearest to them.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence.embedder import unit_rows
from core.workspace import Workspace, write_json

VERSION = "1"
FEWEST, MOST = 8, 256
_ROUNDS = 20


@dataclass(frozen=True)
class Centroids:
    """Cluster centres, largest cluster first, and what they were made from."""

    values: NDArray[np.float32]
    """[K, D] float32, unit length"""
    settings: dict[str, Any]

    def nearest(self, vectors: NDArray[np.float32]) -> NDArray[np.int32]:
        """[N] index of the centroid with the largest cosine; the lower index among equals."""
        parts = [
            (vectors[start : start + 16_384] @ self.values.T).argmax(axis=1) for start in range(0, len(vectors), 16_384)
        ]
        return np.concatenate(parts).astype(np.int32) if parts else np.zeros(0, dtype=np.int32)

    def save(self, workspace: Workspace, name: str) -> None:
        """Keep them in the workspace under the name of their embedding."""
        folder = workspace.path / "models" / f"clusters-{name}"
        partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        np.save(partial / "centroids.npy", self.values)
        write_json(partial / "centroids.json", self.settings)
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)

    @classmethod
    def load(cls, workspace: Workspace, name: str) -> Centroids | None:
        """The centroids kept for an embedding, None without any; unreadable ones count as none, they are made anew."""
        folder = workspace.path / "models" / f"clusters-{name}"
        try:
            values = np.load(folder / "centroids.npy", allow_pickle=False)
            return cls(values, json.loads((folder / "centroids.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None


def num_clusters(num_samples: int) -> int:
    """round(sqrt(N)) between 8 and 256, never more than there are samples."""
    return min(max(round(math.sqrt(num_samples)), FEWEST), MOST, max(num_samples, 1))


def learn_centroids(vectors: NDArray[np.float32], seed: int, settings: dict[str, Any]) -> Centroids:
    """Spherical k-means (Lloyd, 20 rounds from seeded samples); the same vectors in the same order give the same centres.

    Cost: about a second for 12,000 vectors of 192 dimensions; above 256 samples per cluster it learns on a subset.
    """
    import faiss

    count = num_clusters(len(vectors))
    means: Any = faiss.Kmeans(
        vectors.shape[1], count, niter=_ROUNDS, seed=seed, spherical=True, min_points_per_centroid=1, verbose=False
    )
    means.train(np.ascontiguousarray(vectors, dtype=np.float32))
    found = Centroids(unit_rows(means.centroids.reshape(count, -1)), settings)
    sizes = np.bincount(found.nearest(vectors), minlength=count)
    return Centroids(found.values[np.argsort(-sizes, kind="stable")], {**settings, "num_learnt": len(vectors)})

"""Placing unit vectors on a plane: principal components at once, UMAP with neighbours of our own.

Pure functions of arrays. `umap_layout` compiles for 10 to 20 s at its first use in a process (numba), so it is only called
in `core.evidence.map_process`, a process of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

EXACT_NEIGHBOURS = 50_000
"""Up to this many samples neighbours are exact; above, an HNSW graph over 50 principal components finds them."""

FEWEST = 16
"""Fewer samples than this make no neighbourhood: they get the map of principal components alone."""

_SPREAD_CHUNK = 4096


class MapSettings(BaseModel):
    """How the map is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    neighbours: int = Field(
        15, ge=2, le=200, description="Neighbours each sample is drawn towards; more shows the large shape."
    )
    min_dist: float = Field(0.5, ge=0, le=1.0, description="How close neighbours may lie; less makes denser islands.")
    spread: float = Field(1.5, ge=1.0, le=5.0, description="How far a neighbourhood reaches; more fills the picture.")
    epochs: int = Field(
        0, ge=0, le=2000, description="Optimisation rounds; 0 means 300 up to 50,000 samples and 200 above."
    )
    deterministic: bool = Field(
        True,
        description="Same map from the same data and seed, on one core; off it uses all cores and differs a little each time.",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of the layout.")


def principal_components(vectors: NDArray[np.float32], num_components: int) -> NDArray[np.float32]:
    """[N, K] coordinates along the directions of largest variance; the sign of each is fixed by its largest weight."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((vectors.shape[1], vectors.shape[1]))
    for start in range(0, len(vectors), _SPREAD_CHUNK):
        centred = vectors[start : start + _SPREAD_CHUNK].astype(np.float64) - mean
        scatter += centred.T @ centred
    _, directions = np.linalg.eigh(scatter)
    axes = directions[:, ::-1][:, :num_components]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    placed = np.zeros((len(vectors), num_components), dtype=np.float32)
    placed[:, : axes.shape[1]] = (vectors - mean.astype(np.float32)) @ axes.astype(np.float32)
    return placed


def pca_layout(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """[N, 2] on the two principal components, scaled by `fitted`."""
    return fitted(principal_components(vectors, 2))


def fitted(placed: NDArray[np.float32]) -> NDArray[np.float32]:
    """[N, 2] moved and scaled, both axes alike, so that all but 1 % lie within -1 and 1 and none beyond 1.5."""
    if not len(placed):
        return placed.astype(np.float32)
    low, high = np.quantile(placed, [0.005, 0.995], axis=0)
    scale = float((high - low).max()) / 2
    centred = placed - (low + high) / 2
    return np.asarray(np.clip(centred / scale if scale > 0 else centred, -1.5, 1.5), dtype=np.float32)


def nearest_neighbours(vectors: NDArray[np.float32], count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rows [N, count] and cosine distances of the nearest vectors, each row itself first."""
    import faiss

    index: Any
    if len(vectors) <= EXACT_NEIGHBOURS:
        searched, index = vectors, faiss.IndexFlatIP(vectors.shape[1])
    else:
        searched = principal_components(vectors, min(50, vectors.shape[1]))
        searched /= np.maximum(np.linalg.norm(searched, axis=1, keepdims=True), 1e-9)
        index = faiss.IndexHNSWFlat(searched.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction, index.hnsw.efSearch = 80, 64
    searched = np.ascontiguousarray(searched, dtype=np.float32)
    index.add(searched)
    closeness, rows = index.search(searched, count)
    own = np.arange(len(vectors))
    for column in range(count - 1, 0, -1):  # among exact duplicates a row is not always found first: move it there
        late = rows[:, column] == own
        rows[late, 1 : column + 1] = rows[late, 0:column]
    rows[:, 0] = own
    distances = np.maximum(1.0 - closeness, 0.0)
    distances[:, 0] = 0.0
    return rows.astype(np.int32), np.sort(distances, axis=1).astype(np.float32)


def umap_layout(vectors: NDArray[np.float32], settings: MapSettings) -> NDArray[np.float32]:
    """[N, 2] by UMAP (McInnes et al. 2018) from principal components, scaled by `fitted`.

    Deterministic means one core for the layout: 12,000 samples in 6 s instead of 3.5 s on 2 cores, once compiled. Needs
    FEWEST samples or more.
    """
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

    count = min(settings.neighbours, len(vectors) - 1)
    rows, distances = nearest_neighbours(vectors, count)
    state = np.random.RandomState(settings.seed)
    graph, _, _ = fuzzy_simplicial_set(vectors, count, state, "cosine", knn_indices=rows, knn_dists=distances)
    axes = principal_components(vectors, 2)
    start = axes / max(float(np.abs(axes).max()), 1e-9) * 10
    start = start + state.normal(scale=1e-3, size=start.shape)  # exact duplicates must be able to part
    a, b = find_ab_params(settings.spread, settings.min_dist)
    placed, _ = simplicial_set_embedding(
        vectors, graph, 2, 1.0, a, b, 1.0, 5, settings.epochs or (300 if len(vectors) <= EXACT_NEIGHBOURS else 200),
        start.astype(np.float32), state, "cosine", {}, False, {}, False, parallel=not settings.deterministic,
    )  # fmt: skip
    return fitted(np.asarray(placed, dtype=np.float32))


def trustworthiness(
    vectors: NDArray[np.float32], placed: NDArray[np.float32], count: int = 15, sample: int = 2000, seed: int = 0
) -> float:
    """How far neighbours on the map are neighbours in truth (Venna and Kaski 2001), 0 to 1, over a sample of rows.

    Exact for the sampled rows: their ranks are taken against all others, by cosine distance.
    """
    total = len(vectors)
    count = min(count, max((total - 2) // 2, 1))
    chosen = np.random.default_rng(seed).permutation(total)[: min(sample, total)]
    penalty = 0.0
    for row in chosen:
        on_map = ((placed - placed[row]) ** 2).sum(axis=1)
        in_truth = -(vectors @ vectors[row])
        on_map[row] = in_truth[row] = np.inf  # itself is last in both
        near: NDArray[Any] = np.argsort(on_map, kind="stable")[:count]
        rank = np.empty(total, dtype=np.int64)
        rank[np.argsort(in_truth, kind="stable")] = np.arange(1, total + 1)
        penalty += float(np.maximum(rank[near] - count, 0).sum())
    return 1.0 - penalty * 2.0 / (len(chosen) * count * (2.0 * total - 3.0 * count - 1.0))

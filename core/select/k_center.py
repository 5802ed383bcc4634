"""k-center greedy (Gonzalez 1985; core-sets, arXiv 1708.00489): every sample of the pool has a chosen one near it.

Steps: start with the sample nearest to the mean of the pool, then always the one farthest from all chosen so far. Exact for
20,000 picks; after that inside each cluster of a k-means alone, merged farthest first. Cost: picks x samples x dimensions,
about 35 s for 100,000 samples on one core. Not for noisy pools: what is unlike everything, broken samples included, comes first.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Label, Number, Reasons
from core.select.selector import Selector
from core.select.spherical import (
    EXACT_PICKS,
    Vectors,
    cosine,
    direction,
    k_means,
    k_means_seconds,
    num_clusters,
    whole_vectors,
)

_TAKEN = np.float32(np.inf)  # in place of a cosine: never the farthest again
_AHEAD_NUMBERS = 1 << 24  # cosines computed ahead of the picks, 4 bytes each


class KCenter(Selector):
    """Farthest first."""

    key: ClassVar[str] = "k-center"
    title: ClassVar[str] = "k-center"
    summary: ClassVar[str] = "Always the sample farthest from all chosen so far: the pool is covered evenly."
    prefix_valid: ClassVar[bool] = True
    needs_vectors: ClassVar[bool] = True
    exact_picks: ClassVar[int] = EXACT_PICKS

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        vectors = whole_vectors(pool, seed, self.title)
        at, near, of_all = _exact(vectors, self.exact_picks)
        notes: tuple[str, ...] = ()
        if len(at) < len(vectors):
            rest = _by_cluster(pool, vectors, of_all, seed)
            at, near = np.concatenate([at, rest[0]]), np.concatenate([near, rest[1]])
            notes = (
                f"Approximate: after the first {self.exact_picks:,} picks a sample is compared with later ones of its own "
                "cluster only.",
            )
        rule = np.ones(len(at), dtype=np.uint8)
        rule[:1] = 0
        return Ordering(
            pool=pool,
            method=self.key,
            settings={},
            seed=seed,
            rows=vectors.rows[at],
            reasons=Reasons(
                len(at),
                (
                    "kept: ",
                    Label("rule", rule, ("nearest to the mean of the pool", "farthest from those before it")),
                    ", cosine ",
                    Number(cosine(near)),
                ),
            ),
            left_out=vectors.left_out,
            left_out_reasons=(vectors.left_out_reason,),
            notes=notes,
        )

    def seconds(self, pool_size: int, budget: int) -> float:
        further = k_means_seconds(pool_size, num_clusters(pool_size)) if pool_size > self.exact_picks else 0.0
        return pool_size * min(pool_size, self.exact_picks) * 1.5e-8 + further


def _exact(vectors: Vectors, limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Positions in order of choice, the cosine of each with the nearest before it (of the first: with the mean), and that of
    every sample with the nearest of all picks, infinite for a pick."""
    if not len(vectors):
        return np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32)
    to_mean = vectors.values @ direction(vectors.values)
    start = int(to_mean.argmax())
    near = vectors.values @ vectors.values[start]
    near[start] = _TAKEN
    order, cosines = farthest_first(vectors.values, near, min(limit, len(vectors)) - 1)
    return np.concatenate([[start], order]), np.concatenate([to_mean[start : start + 1], cosines]), near


def _by_cluster(
    pool: Pool, vectors: Vectors, near: NDArray[np.float32], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The samples that are not taken, farthest first inside their cluster; merged by how far each was when its turn came."""
    clusters = k_means(vectors.values, pool.sample_id[vectors.rows], num_clusters(len(vectors)), seed)
    orders, cosines = [], []
    for members in clusters.members():
        free = members[near[members] < _TAKEN]
        order, found = farthest_first(vectors.values[free], near[free], len(free))
        orders.append(free[order])
        cosines.append(found)
    at, found = np.concatenate(orders), np.concatenate(cosines)
    # Inside a cluster the cosines never fall, and among equals the tie order holds, so sorting all of them merges the clusters.
    merged = np.lexsort((at, found))
    return at[merged], found[merged]


def farthest_first(
    values: NDArray[np.float32], near: NDArray[np.float32], num: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The next `num` picks of [M, D] whole vectors, and the cosine of each with what was picked before it.

    near: [M], the cosine of each with the nearest pick so far, infinite for a pick; it is brought up to date. Among equals the earlier.
    """
    order, cosines = np.empty(num, dtype=np.int64), np.empty(num, dtype=np.float32)
    # A pick is likely to be among those that are farthest now: their cosines are computed together, which is far quicker.
    ahead = int(np.clip(_AHEAD_NUMBERS // max(len(values), 1), 8, 128))
    likely: dict[int, int] = {}
    rows = np.empty((0, len(values)), dtype=np.float32)
    for index in range(num):
        pick = int(near.argmin())
        if pick not in likely:
            far = np.argpartition(near, min(ahead, len(near) - 1))[:ahead]
            far = np.concatenate([[pick], far[(far != pick) & (near[far] < _TAKEN)]])
            rows = values[far] @ values.T
            likely = {int(one): place for place, one in enumerate(far)}
        order[index], cosines[index] = pick, near[pick]
        np.maximum(near, rows[likely[pick]], out=near)
        near[pick] = _TAKEN
    return order, cosines

"""Vectors as whole numbers, and what several methods do with them: k-means on the sphere, and keeping only what is apart.

Sums of rounded products differ between machines in the last digit, and with them every order that stands on one. Here a
component is rounded to a whole number first, 1 being SCALE, so that every product of matrices is exact whatever adds it up.
A cosine is then a whole number too, about 0.0001 from that of the vectors themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.errors import MissingEvidence
from core.select.pool import Pool
from core.store.ids import purpose_key, tie_key

SCALE = 4000
"""A component of 1. Sums of products stay below 2^24, up to where float32 holds every whole number, for any width in use."""

COSINE_ONE = SCALE * SCALE
EXACT_PICKS = 20_000
"""Up to here a method compares every pick with all before it; further ones with those of their own cluster only."""

_ROUNDS = 20
_LEARN_PER_CLUSTER = 256  # more samples than this do not move a centre by much
_BLOCK_ROWS = 16_384
_WALK_ROWS = 512
_NO_VECTORS = "Run `winnow prepare` on the workspace; it makes an embedding."


@dataclass(frozen=True, eq=False)
class Vectors:
    """The samples of a pool that have a vector, in the order of their tie keys.

    rows: [M] int64 into the pool; values: [M, D] float32, whole numbers; left_out: [N] uint8, 1 for a pool row without one.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    left_out: NDArray[np.uint8]
    left_out_reason: str

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Clusters:
    """K clusters, the largest first and none empty: label [M] int64; centroids [K, D] float32, whole numbers;
    closeness: [M] float32, the whole-number cosine of each sample with its centroid."""

    label: NDArray[np.int64]
    centroids: NDArray[np.float32]
    closeness: NDArray[np.float32]

    def members(self) -> list[NDArray[np.int64]]:
        """[n] int64 positions per cluster, ascending."""
        order = np.argsort(self.label, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.label, minlength=len(self.centroids)))[:-1])


def whole_vectors(pool: Pool, seed: int, wanted_by: str) -> Vectors:
    """What a method compares; MissingEvidence for a pool without vectors."""
    if pool.vectors is None:
        raise MissingEvidence(f"{wanted_by} needs vectors, and the pool has none.", _NO_VECTORS)
    there = ~np.isnan(pool.vectors[:, 0])
    if len(pool) and not there.any():
        raise MissingEvidence(f"No sample of the pool has a vector by {pool.vectors_by}.", _NO_VECTORS)
    rows = np.flatnonzero(there)
    rows = rows[np.argsort(tie_key(pool.sample_id[rows], seed), kind="stable")]
    return Vectors(rows, whole(pool.vectors[rows]), (~there).astype(np.uint8), f"no vector by {pool.vectors_by}")


def whole(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors in whole numbers; any shape."""
    rounded: NDArray[np.float32] = np.rint(vectors * np.float32(SCALE))
    return rounded


def cosine(stored: NDArray[np.float32]) -> NDArray[np.float64]:
    """Whole-number cosines as -1 to 1, for reading."""
    return stored.astype(np.float64) / COSINE_ONE


def stored_cosine(value: float | Decimal) -> int:
    """The largest whole-number cosine that is not above `value`."""
    return math.floor(Decimal(str(value)) * COSINE_ONE)


def num_clusters(num: int) -> int:
    """round(sqrt N), at least 1."""
    return max(round(math.sqrt(num)), 1)


def k_means(values: NDArray[np.float32], sample_ids: NDArray[np.uint64], count: int, seed: int) -> Clusters:
    """Spherical k-means (Lloyd, at most 20 rounds), the same on every machine.

    values: [M, D] whole numbers; sample_ids: [M]. It starts at the `count` samples first by the key of purpose `landmark`
    and learns on the first 256 x count by it; a sample goes to the centre with the largest cosine, to the earlier among
    equals. Cost: M x count x D products a round: about 2 s for 100,000 samples of 192 dimensions.
    """
    if not len(values):
        return Clusters(np.empty(0, np.int64), np.empty((0, values.shape[1]), np.float32), np.empty(0, np.float32))
    order = np.argsort(purpose_key(sample_ids, seed, "landmark"), kind="stable")
    centroids = values[order[:count]]
    learnt_on = values[order[: _LEARN_PER_CLUSTER * count]]
    label = np.full(len(learnt_on), -1, dtype=np.int64)
    for _ in range(_ROUNDS):
        before, label = label, _nearest(learnt_on, centroids)
        if np.array_equal(before, label):
            break
        centroids = _centres(learnt_on, label, centroids)
    label = _nearest(values, centroids)
    sizes = np.bincount(label, minlength=len(centroids))
    used = np.argsort(-sizes, kind="stable")[: int((sizes > 0).sum())]
    place = np.zeros(len(centroids), dtype=np.int64)
    place[used] = np.arange(len(used))
    centroids = centroids[used]
    label = place[label]
    blocks = (slice(at, at + _BLOCK_ROWS) for at in range(0, len(values), _BLOCK_ROWS))
    closeness = np.concatenate([np.einsum("nd,nd->n", values[one], centroids[label[one]]) for one in blocks])
    return Clusters(label, centroids, closeness)


def k_means_seconds(num: int, count: int) -> float:
    """About how long `k_means` takes for so many samples of 192 dimensions, on one core."""
    learnt_on = min(num, _LEARN_PER_CLUSTER * count)
    return (_ROUNDS * learnt_on + num) * count * 9e-9


def _nearest(values: NDArray[np.float32], centroids: NDArray[np.float32]) -> NDArray[np.int64]:
    """[M] which centroid has the largest cosine, the earlier among equals."""
    blocks = (values[at : at + _BLOCK_ROWS] @ centroids.T for at in range(0, len(values), _BLOCK_ROWS))
    return np.concatenate([near.argmax(axis=1) for near in blocks]).astype(np.int64)


def _centres(values: NDArray[np.float32], label: NDArray[np.int64], before: NDArray[np.float32]) -> NDArray[np.float32]:
    """The direction of each cluster's sum; an empty one stays where it was."""
    centres = before.copy()
    order = np.argsort(label, kind="stable")
    ends = np.cumsum(np.bincount(label, minlength=len(before)))
    for index, (start, end) in enumerate(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)):
        if end > start:
            centres[index] = direction(values[order[start:end]])
    return centres


def direction(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """[D] whole numbers: the unit vector along the sum of [n, D]; zero where they cancel out."""
    # In 64ths the mean is whole again, and so is its squared length, which float64 holds exactly.
    mean = np.rint(values.sum(axis=0, dtype=np.float64) / len(values) * 64)
    length = math.sqrt(float(mean @ mean))
    return np.rint(mean * SCALE / length).astype(np.float32) if length else np.zeros(values.shape[1], np.float32)


def keep_apart(
    values: NDArray[np.float32],
    most: int,
    *,
    before: NDArray[np.float32] | None = None,
    limit: int | None = None,
) -> tuple[NDArray[np.bool_], int]:
    """Walk [M, D] whole vectors in order and keep each whose cosine with every kept one is at most `most`.

    `before`: [B, D], kept already. The walk ends once `limit` are kept; gives [M] what is kept, and how many it looked at.
    Cost: M x kept x D products.
    """
    kept = np.zeros(len(values), dtype=bool)
    held = np.empty((max(1024, 0 if before is None else len(before)), values.shape[1]), dtype=np.float32)
    num_before = num = 0 if before is None else len(before)
    if before is not None:
        held[:num] = before
    for start in range(0, len(values), _WALK_ROWS):
        block = values[start : start + _WALK_ROWS]
        free = np.flatnonzero((block @ held[:num].T).max(axis=1, initial=-np.inf) <= most)
        near = block[free] @ block[free].T > most
        shut = np.zeros(len(free), dtype=bool)
        for at in range(len(free)):
            if shut[at]:
                continue
            kept[start + free[at]] = True
            shut |= near[at]
            if num == len(held):
                held = np.concatenate([held, np.empty_like(held)])
            held[num] = block[free[at]]
            num += 1
            if num - num_before == limit:
                return kept, start + int(free[at]) + 1
    return kept, len(values)


def interleaved(sizes: NDArray[np.int64], weights: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One order over groups in which every prefix comes nearest to the wanted shares (Webster's rule).

    sizes, weights: [G]; the next place goes to the group with the smallest (given + 1/2) / weight, the earlier group among
    equals; an empty or exhausted one gives nothing. Result: [sum of sizes] group, and place inside it from 0.
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    order = np.lexsort((group, (2 * place + 1) / weights[group]))
    return group[order], place[order]

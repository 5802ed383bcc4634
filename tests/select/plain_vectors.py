"""Slow, plain readings for the methods that compare vectors: whole Python numbers, one pair at a time.

Nothing here is shared with core: rounding, k-means and keys are written out again.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.select.pool import Pool
from tests.select import oracle

ONE = 4000
Whole = list[int]


def bunches(num: int, width: int, seed: int, spread: float = 0.5) -> NDArray[np.float32]:
    """[num, width] unit vectors around a few centres, a fifth of them equal to their centre."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(num // 5, 1), width))
    made = centres[rng.integers(0, len(centres), num)]
    made = made + rng.normal(size=made.shape) * spread * (rng.random((num, 1)) < 0.8)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def pool_with(vectors: NDArray[np.float32] | None, num: int = 0, seed: int = 0, **more: object) -> Pool:
    """Samples with these vectors and scattered ids; NaN rows have none."""
    num = num if vectors is None else len(vectors)
    ids = np.random.default_rng(seed).permutation(10 * num + 10)[:num].astype(np.uint64)
    arrays: dict[str, object] = {
        "sample_id": ids,
        "source": np.zeros(num, int),
        "source_names": ["a"],
        "scores": {},
        "style_bits": np.zeros(num, int),
    }
    if vectors is not None:
        arrays |= {"vectors": vectors, "vectors_by": "descriptors 1"}
    return Pool.from_arrays(**{**arrays, **more})


def whole_of(pool: Pool) -> dict[int, Whole]:
    """Sample id to its vector in 4,000ths, for those that have one."""
    assert pool.vectors is not None
    pairs = zip(pool.sample_id.tolist(), pool.vectors.astype(np.float64).tolist(), strict=True)
    return {
        key: [round(float(np.float32(x) * np.float32(ONE))) for x in row]
        for key, row in pairs
        if not math.isnan(row[0])
    }


def product(one: Whole, other: Whole) -> int:
    return sum(a * b for a, b in zip(one, other, strict=True))


def unit(vectors: list[Whole]) -> Whole:
    """The direction of a sum, in 4,000ths."""
    mean = [round(sum(row[i] for row in vectors) / len(vectors) * 64) for i in range(len(vectors[0]))]
    length = math.sqrt(sum(x * x for x in mean))
    return [round(x * ONE / length) if length else 0 for x in mean]


def k_means(vectors: dict[int, Whole], count: int, seed: int) -> tuple[dict[int, int], list[Whole]]:
    """(sample id to cluster, centres), the largest cluster first."""
    landmarks = sorted(vectors, key=lambda key: oracle.purpose(key, seed, "landmark"))
    centres = [vectors[key] for key in landmarks[:count]]
    label: dict[int, int] = {}
    for _ in range(20):
        before, label = label, {key: nearest(vectors[key], centres) for key in vectors}
        if before == label:
            break
        for index in range(len(centres)):
            members = [vectors[key] for key in vectors if label[key] == index]
            centres[index] = unit(members) if members else centres[index]
    label = {key: nearest(vectors[key], centres) for key in vectors}
    sizes = [sum(one == index for one in label.values()) for index in range(len(centres))]
    order = sorted((index for index in range(len(centres)) if sizes[index]), key=lambda index: (-sizes[index], index))
    return {key: order.index(one) for key, one in label.items()}, [centres[index] for index in order]


def nearest(vector: Whole, centres: list[Whole]) -> int:
    return max(range(len(centres)), key=lambda index: (product(vector, centres[index]), -index))


def webster(groups: list[list[int]], weights: list[float]) -> list[int]:
    """Members of the groups in turn: next is the group with the smallest (given + 1/2) / weight that has one left."""
    given = [0] * len(groups)
    order = []
    while True:
        open_ = [index for index in range(len(groups)) if given[index] < len(groups[index])]
        if not open_:
            return order
        index = min(open_, key=lambda one: ((2 * given[one] + 1) / weights[one], one))
        order.append(groups[index][given[index]])
        given[index] += 1

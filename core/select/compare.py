"""How a selection differs from its pool, and two selections from each other: pure arithmetic on counts.

Total-variation distance is half the sum of absolute differences of two distributions: 0 is the same, 1 is disjoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.select.budget import Budget
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.pool import Pool
from core.store.ids import MISSING, SCORE_SCALE

NUM_SCORE_BARS = 6


def total_variation(first: NDArray[Any], second: NDArray[Any]) -> float:
    """The distance of two histograms over the same bars, 0 to 1; an empty histogram is 1 away from any other."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    if not a.sum() or not b.sum():
        return 0.0 if a.sum() == b.sum() else 1.0
    return float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


def jaccard(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
    """Shared over all of two sets of sample ids, 0 to 1; two empty sets are the same set."""
    shared = len(np.intersect1d(first, second))
    everything = len(np.unique(first)) + len(np.unique(second)) - shared
    return shared / everything if everything else 1.0


def jaccard_matrix(selections: Sequence[NDArray[np.uint64]]) -> NDArray[np.float64]:
    """The overlap of every selection with every other, [S, S], 1 on the diagonal. Cost: a merge of two sorts for each pair."""
    matrix = np.eye(len(selections))
    for first in range(len(selections)):
        for second in range(first):
            matrix[first, second] = matrix[second, first] = jaccard(selections[first], selections[second])
    return matrix


@dataclass(frozen=True, eq=False)
class Split:
    """Two selections taken apart, each part [K] uint64 in the order of the selection it is of (`both`: of the first)."""

    both: NDArray[np.uint64]
    only_first: NDArray[np.uint64]
    only_second: NDArray[np.uint64]

    @property
    def jaccard(self) -> float:
        everything = len(self.both) + len(self.only_first) + len(self.only_second)
        return len(self.both) / everything if everything else 1.0


def split(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> Split:
    """What two selections share and what only one of them holds; ids without repeats, best first."""
    shared = np.isin(first, second)
    return Split(first[shared], first[~shared], second[~np.isin(second, first)])


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """The mean of some measurements and their standard deviation (of a sample: n - 1), NaN where there are too few."""
    known = np.array([value for value in values if not np.isnan(value)])
    mean = float(known.mean()) if len(known) else float("nan")
    return mean, float(known.std(ddof=1)) if len(known) > 1 else float("nan")


def source_counts(pool: Pool, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Samples per source, in the order of `pool.source_names`; of the whole pool without `rows`."""
    return np.bincount(_of(pool.source, rows), minlength=len(pool.source_names))


def style_counts(pool: Pool, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Samples per style, those without one last: [number of styles + 1]. A sample with two styles counts in both."""
    bits = _of(pool.style_bits, rows)
    counts = [int(((bits >> np.uint32(index)) & np.uint32(1)).sum()) for index in range(len(pool.style_names))]
    return np.array([*counts, int((bits == 0).sum())], dtype=np.int64)


def score_histogram(pool: Pool, capability: str, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Samples per nearest whole score 0 to 5 of a capability, half upwards: [6]; missing scores are in no bar."""
    stored = _of(pool.scores[pool.capabilities.index(capability)], rows)
    present = stored[stored != MISSING].astype(np.int64)
    return np.bincount((present + SCORE_SCALE // 2) // SCORE_SCALE, minlength=NUM_SCORE_BARS)


def mean_score(pool: Pool, capability: str, rows: NDArray[np.int64] | None = None) -> float:
    """The mean score of a capability, 0 to 5; NaN when nobody has one."""
    stored = _of(pool.scores[pool.capabilities.index(capability)], rows)
    present = stored[stored != MISSING]
    return float(present.mean() / SCORE_SCALE) if present.size else float("nan")


def label_counts(
    offsets: NDArray[np.int64], codes: NDArray[Any], num_labels: int, rows: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Samples per label where a sample carries several: sample i has codes[offsets[i]:offsets[i + 1]].

    offsets: [N + 1] int64; codes: [M] integers below `num_labels`; result: [num_labels].
    """
    if rows is None:
        return np.bincount(codes, minlength=num_labels)
    kept = np.zeros(len(offsets) - 1, dtype=bool)
    kept[rows] = True
    return np.bincount(codes[np.repeat(kept, np.diff(offsets))], minlength=num_labels)


def cluster_coverage(clusters: NDArray[Any], rows: NDArray[np.int64]) -> float:
    """The share of the pool's clusters with at least one chosen sample, 0 to 1; a negative cluster is none."""
    present = np.unique(clusters[clusters >= 0])
    chosen = clusters[rows]
    return len(np.unique(chosen[chosen >= 0])) / len(present) if len(present) else float("nan")


def agreement_with_faithful(
    pool: Pool,
    nested: MmssrNested,
    seed: int = 0,
    percents: Sequence[float] = (5, 10, 30),
) -> dict[float, float]:
    """The Jaccard overlap of nested mmSSR with the faithful one at each share of the pool that holds a sample."""
    faithful = Mmssr(capabilities=nested.capabilities, threshold=nested.threshold, weights=nested.weights)
    ordering = nested.order(pool, seed=seed)
    overlaps = {}
    for percent in percents:
        budget = Budget.percent(percent)
        if int(len(pool) * budget.amount / 100) == 0:
            continue
        ours = ordering.cut(budget).sample_ids
        theirs = faithful.order(pool, budget=budget, seed=seed).cut(budget).sample_ids
        overlaps[percent] = jaccard(ours, theirs)
    return overlaps


def _of(values: NDArray[Any], rows: NDArray[np.int64] | None) -> NDArray[Any]:
    return values if rows is None else values[rows]

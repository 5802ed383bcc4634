"""How a selection spreads over what its pool holds, in one reading: sources, styles, tags, capabilities, clusters.

Labels of a pool are taken once; a reading for a budget is then counts over rows, quick enough for every move of a slider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.select import compare
from core.select.pool import Pool


@dataclass(frozen=True, eq=False)
class Labels:
    """What the samples of a pool carry beside its own columns, in pool order.

    cluster: [N] int32, -1 none; tag_offsets: [N + 1] int64 and tag_codes: [M] int32 into tag_names (second-level instruction tags).
    """

    cluster: NDArray[np.int32]
    tag_offsets: NDArray[np.int64]
    tag_codes: NDArray[np.int32]
    tag_names: tuple[str, ...]


def labels_of(pool: Pool, cluster: NDArray[np.int32], found: Any) -> Labels:
    """Second-level tags by sample; `found` is the Arrow table of tags_of_visible.sql, a row for each sample and tag."""
    levels = [found[name].combine_chunks().dictionary_encode() for name in ("level1", "level2")]
    names = [[*level.dictionary.to_pylist(), None] for level in levels]  # the last is for none
    first, second = (
        level.indices.fill_null(len(known) - 1).to_numpy() for level, known in zip(levels, names, strict=True)
    )
    pair = first.astype(np.int64) * len(names[1]) + second
    present = np.flatnonzero(np.bincount(pair))
    shown = [
        " > ".join(part for part in (names[0][at // len(names[1])], names[1][at % len(names[1])]) if part)
        for at in present.tolist()
    ]
    distinct = tuple(sorted(set(shown)))
    code_of = np.zeros(int(pair.max(initial=0)) + 1, dtype=np.int32)
    code_of[present] = [distinct.index(name) for name in shown]
    row = pool.rows_of(found["sample_id"].to_numpy())
    order = np.argsort(row, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(pool)))]).astype(np.int64)
    return Labels(cluster, offsets, code_of[pair][order], distinct)


@dataclass(frozen=True, eq=False)
class Counts:
    """Samples by source, style (without one last), tag; [14, 6] score bars by capability; mean score by capability."""

    num: int
    source: NDArray[np.int64]
    style: NDArray[np.int64]
    tag: NDArray[np.int64]
    bars: NDArray[np.int64]
    mean: NDArray[np.float64]


@dataclass(frozen=True)
class Distances:
    """Total-variation distance of selection and pool, 0 to 1; `capability` is the mean over the scored capabilities.

    `clusters` is the share of the pool's clusters with a selected sample; NaN where there is nothing to compare.
    """

    source: float
    style: float
    tag: float
    capability: float
    clusters: float


def counts(pool: Pool, labels: Labels, rows: NDArray[np.int64] | None = None) -> Counts:
    """The distributions of some rows of the pool ([K] int64), or of all of it."""
    bars = np.stack([compare.score_histogram(pool, key, rows) for key in pool.capabilities])
    return Counts(
        num=len(pool) if rows is None else len(rows),
        source=compare.source_counts(pool, rows),
        style=compare.style_counts(pool, rows),
        tag=compare.label_counts(labels.tag_offsets, labels.tag_codes, len(labels.tag_names), rows),
        bars=bars,
        mean=np.array([compare.mean_score(pool, key, rows) for key in pool.capabilities]),
    )


def distances(pool: Counts, chosen: Counts, labels: Labels, rows: NDArray[np.int64]) -> Distances:
    """How far the chosen rows are from the pool they come from."""
    return between(pool, chosen, labels, compare.cluster_coverage(labels.cluster, rows))


def between(pool: Counts, chosen: Counts, labels: Labels, clusters: float) -> Distances:
    """How far two readings of one pool lie from each other; `clusters` is the share of its clusters the chosen ones reach."""
    scored = np.flatnonzero(pool.bars.sum(axis=1))
    by_capability: Sequence[float] = [compare.total_variation(pool.bars[i], chosen.bars[i]) for i in scored]
    return Distances(
        source=compare.total_variation(pool.source, chosen.source),
        style=compare.total_variation(pool.style, chosen.style),
        tag=compare.total_variation(pool.tag, chosen.tag) if len(labels.tag_names) else float("nan"),
        capability=float(np.mean(by_capability)) if by_capability else float("nan"),
        clusters=clusters,
    )

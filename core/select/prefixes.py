"""The distributions of any prefix of an order at once, so that a budget change costs a few thousand rows and not the pool.

Counts are summed up once at 256 cuts of the order; a prefix is the nearest cut below it and the rows in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.select import spread
from core.select.compare import NUM_SCORE_BARS
from core.select.pool import Pool
from core.store.ids import MISSING, SCORE_SCALE

NUM_CUTS = 256
_NUM_STORED = 256  # a stored score is one byte


@dataclass(frozen=True, eq=False)
class _Tables:
    """Counts in each of S steps of an order, all int64: source [S, sources], style [S, styles + 1], tag [S, tags],
    bars [S, C, 6], scored and points [S, C]: how many have a score, and the sum of the stored ones."""

    source: NDArray[np.int64]
    style: NDArray[np.int64]
    tag: NDArray[np.int64]
    bars: NDArray[np.int64]
    scored: NDArray[np.int64]
    points: NDArray[np.int64]


class Prefixes:
    """What `spread` says of the first `num` rows of an order, for every `num`.

    pool and labels as for `spread.counts`; rows: [M] int64 into the pool, best first; everything: the counts of the whole pool.
    Cost: a pass over the order for each capability, about 0.2 s for 1M samples; afterwards a prefix takes about 2 ms.
    """

    def __init__(self, pool: Pool, labels: spread.Labels, everything: spread.Counts, rows: NDArray[np.int64]) -> None:
        self.pool, self.labels, self.everything, self.rows = pool, labels, everything, rows
        self.cuts = np.unique(np.linspace(0, len(rows), NUM_CUTS + 1).round().astype(np.int64))

    @cached_property
    def _sums(self) -> _Tables:
        """The tables at every cut: row i sums up the first cuts[i] rows."""
        step = np.repeat(np.arange(len(self.cuts) - 1), np.diff(self.cuts))
        found = _tables(self.pool, self.labels, self.rows, step, len(self.cuts) - 1)
        return _Tables(**{name: _summed(table) for name, table in vars(found).items()})

    @cached_property
    def _first_of_clusters(self) -> tuple[NDArray[np.int64], int]:
        """Where in the order each cluster comes first, ascending; and how many clusters the pool has."""
        known = self.labels.cluster >= 0
        present = np.bincount(self.labels.cluster[known])
        first = np.full(len(present) + 1, len(self.rows), dtype=np.int64)  # the last is for rows without a cluster: -1
        first[self.labels.cluster[self.rows[::-1]]] = np.arange(len(self.rows))[::-1]  # what is written last is first
        return np.sort(first[:-1][present > 0]), int((present > 0).sum())

    def counts(self, num: int) -> spread.Counts:
        """The distributions of the first `num` rows: what `spread.counts` gives for them."""
        assert 0 <= num <= len(self.rows), "a prefix is not longer than its order"
        cut = int(np.searchsorted(self.cuts, num, side="right")) - 1
        now = {name: table[cut] for name, table in vars(self._sums).items()}
        between = self.rows[self.cuts[cut] : num]
        if len(between):
            rest = _tables(self.pool, self.labels, between, np.zeros(len(between), dtype=np.int64), 1)
            now = {name: counted + getattr(rest, name)[0] for name, counted in now.items()}
        scored = now["scored"].astype(np.float64)
        return spread.Counts(
            num=num,
            source=now["source"],
            style=now["style"],
            tag=now["tag"],
            bars=now["bars"],
            mean=np.divide(now["points"], scored, out=np.full(len(scored), np.nan), where=scored > 0) / SCORE_SCALE,
        )

    def distances(self, num: int) -> spread.Distances:
        """How far the first `num` rows are from the pool: what `spread.distances` gives for them."""
        return self.read(num)[1]

    def read(self, num: int) -> tuple[spread.Counts, spread.Distances]:
        """Both of the first `num` rows, counted once."""
        first, there = self._first_of_clusters
        clusters = float(np.searchsorted(first, num)) / there if there else float("nan")
        counts = self.counts(num)
        return counts, spread.between(self.everything, counts, self.labels, clusters)


def _tables(
    pool: Pool, labels: spread.Labels, rows: NDArray[np.int64], step: NDArray[np.int64], num_steps: int
) -> _Tables:
    """Count rows ([K] into the pool) by the step each belongs to ([K], below `num_steps`)."""

    def table(steps: NDArray[np.int64], codes: NDArray[np.integer], width: int) -> NDArray[np.int64]:
        return np.bincount(steps * width + codes, minlength=num_steps * width).reshape(num_steps, width)

    bits = pool.style_bits[rows]
    carried = [((bits >> np.uint32(index)) & np.uint32(1)).astype(bool) for index in range(len(pool.style_names))]
    styles = [np.bincount(step[one], minlength=num_steps) for one in (*carried, bits == 0)]
    starts = labels.tag_offsets[rows]
    lengths = labels.tag_offsets[rows + 1] - starts
    before = np.cumsum(lengths) - lengths
    tags = labels.tag_codes[np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))]
    stored = np.arange(_NUM_STORED)
    present = stored != MISSING
    bar = np.zeros((_NUM_STORED, NUM_SCORE_BARS), dtype=np.int64)
    place = (stored + SCORE_SCALE // 2) // SCORE_SCALE
    bar[stored[present], place[present]] = 1
    found = np.stack([table(step, scores[rows], _NUM_STORED) for scores in pool.scores], axis=1)
    return _Tables(
        source=table(step, pool.source[rows], len(pool.source_names)),
        style=np.stack(styles, axis=1),
        tag=table(np.repeat(step, lengths), tags, len(labels.tag_names)),
        bars=found @ bar,
        scored=found @ present.astype(np.int64),
        points=found @ np.where(present, stored, 0),
    )


def _summed(table: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros_like(table[:1]), np.cumsum(table, axis=0)])

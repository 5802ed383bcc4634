"""The (style, source) bins of a capability, each a run of pool rows best first.

One table of (sample, bin) pairs in tie order is made per pool and seed; a capability's bins are two stable radix
sorts of it, by score and then by bin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.select.pool import UNSTYLED, Pool
from core.store.ids import MISSING, tie_key


@dataclass(frozen=True, eq=False)
class Bins:
    """The candidates of one capability in K bins.

    sample: [M] int32 pool rows, bin after bin, best first inside each; start: [K + 1] int64, bin k is
    sample[start[k]:start[k + 1]]. K counts every bin of the pool, so a bin without candidates is an empty run.
    """

    sample: NDArray[np.int32]
    start: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self.start)


class BinTable:
    """Every (sample, bin) pair of a pool; `bins(capability)` sorts those that are candidates.

    style: [K] int64 into `style_labels` (the last one is "no style"), source: [K] int64; bins are numbered by style in
    vocabulary order, samples without a style last, then by source by code point.
    """

    def __init__(self, pool: Pool, seed: int) -> None:
        num_sources = max(len(pool.source_names), 1)
        self.style_labels = (*pool.style_names, UNSTYLED)
        by_tie = np.argsort(tie_key(pool.sample_id, seed), kind="stable").astype(np.int32)
        bits = pool.style_bits[by_tie]
        source = pool.source[by_tie].astype(np.int64)
        rows, codes = [], []
        for style in range(len(self.style_labels)):
            unstyled = style == len(pool.style_names)
            member = bits == 0 if unstyled else (bits >> np.uint32(style)) & np.uint32(1) == 1
            rows.append(by_tie[member])
            codes.append(style * num_sources + source[member])
        all_codes = np.concatenate(codes)
        used = np.flatnonzero(np.bincount(all_codes, minlength=1))
        compact = np.zeros(len(self.style_labels) * num_sources, dtype=np.int64)
        compact[used] = np.arange(len(used))
        self.num = len(used)
        self.style, self.source = np.divmod(used, num_sources)
        narrow = np.uint16 if self.num <= 2**16 else np.int32  # numpy sorts 16 bits by radix
        self._rows = np.concatenate(rows)
        self._bin = compact[all_codes].astype(narrow)
        self._pool = pool

    def bins(self, capability: int, above: int) -> Bins:
        """The bins of a capability (a row of `pool.scores`) over samples whose stored score is more than `above`."""
        stored = self._pool.scores[capability][self._rows]
        keep = np.flatnonzero((stored > above) & (stored != MISSING))
        worst_first = (MISSING - stored[keep]).astype(np.uint8)
        keep = keep[np.argsort(worst_first, kind="stable")]
        keep = keep[np.argsort(self._bin[keep], kind="stable")]
        sizes = np.bincount(self._bin[keep], minlength=self.num)
        return Bins(self._rows[keep], np.concatenate(([0], np.cumsum(sizes))).astype(np.int64))

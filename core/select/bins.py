"""The (style, source) bins of each capability, every one a run of samples best first.

Samples go by their position in the tie order of a pool and seed, so that sorting by score alone, keeping the order of equals,
is the whole order of a bin.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.select import loops
from core.select.pool import UNSTYLED, Pool
from core.store.ids import MISSING, tie_key

_KEY_ROWS = 1 << 16  # keys made at once, so that they stay in the cache


class BinTable:
    """The bins of a pool for some of its capabilities.

    by_tie: [N] int32 pool rows in tie order; a position is a place in it. K bins are numbered by style in vocabulary order,
    samples without a style last, then by source by code point: style [K] int64 into `style_labels`, source [K] int64;
    number: [styles x sources] int64 has the bin of style x sources + source, -1 for an empty one. M entries, one per sample
    and bin it sits in: the candidates of capability c in bin k are the positions sample[c, start[k]:ends[c, k]], best
    first ([C, M] int32, [K + 1] int64, [C, K] int64). record: [2 N] integers by position, first a bit per capability the
    sample is a candidate of, then its home as `loops` has it.
    """

    def __init__(self, pool: Pool, seed: int, capabilities: Sequence[int], above: int) -> None:
        """`capabilities` are rows of `pool.scores`; a candidate's stored score is more than `above`."""
        values = np.arange(256)
        candidate_of = ((values > above) & (values != MISSING)).astype(np.int64)
        self.style_labels = (*pool.style_names, UNSTYLED)
        self.num_sources = max(len(pool.source_names), 1)
        self.is_large = len(pool) > loops.COMPILE_ABOVE and len(capabilities) < 64
        fill = self._fill_compiled if self.is_large else self._fill
        fill(pool, seed, list(capabilities), candidate_of)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """[C, K] candidates of each capability in each bin."""
        return self.ends - self.start[:-1]

    def _number(self, sizes: NDArray[np.int64]) -> None:
        """Number the bins that hold a sample; sizes: by style x sources + source."""
        used = np.flatnonzero(sizes)
        self.num = len(used)
        self.style, self.source = np.divmod(used, self.num_sources)
        self.number = np.full(len(sizes), -1, dtype=np.int64)
        self.number[used] = np.arange(self.num)
        self.start = np.concatenate(([0], np.cumsum(sizes[used]))).astype(np.int64)

    def _fill(self, pool: Pool, seed: int, capabilities: list[int], candidate_of: NDArray[np.int64]) -> None:
        """Two stable sorts per capability, by score and then by bin; numpy sorts small integers by radix."""
        self.by_tie = np.argsort(tie_key(pool.sample_id, seed), kind="stable").astype(np.int32)
        home = _home(pool)[self.by_tie]
        member = [(home >> style) & 1 == 1 for style in range(len(self.style_labels))]
        position, style = np.nonzero(np.column_stack(member))
        code = style * self.num_sources + (home >> loops.SOURCE_BIT)[position]
        self._number(np.bincount(code, minlength=len(self.style_labels) * self.num_sources))
        bin_of = self.number[code].astype(np.uint16 if self.num <= 2**16 else np.int32)
        self.sample = np.empty((len(capabilities), len(position)), dtype=np.int32)
        self.ends = np.empty((len(capabilities), self.num), dtype=np.int64)
        wide: Any = (
            np.int64 if len(capabilities) < 64 else object
        )  # Python's own integers have as many bits as it takes
        record: NDArray[Any] = np.zeros((len(pool), 2), dtype=wide)
        record[:, 1] = home
        for index, row in enumerate(capabilities):
            stored = pool.scores[row][self.by_tie]
            candidate = candidate_of[stored]
            record[:, 0] += candidate.astype(wide) << index
            worst_first = np.where(candidate == 1, MISSING - stored, MISSING).astype(np.uint8)[position]
            order = np.argsort(worst_first, kind="stable")
            order = order[np.argsort(bin_of[order], kind="stable")]
            self.sample[index] = position[order]
            in_bin = np.bincount(bin_of[candidate[position] == 1], minlength=self.num)
            self.ends[index] = self.start[:-1] + in_bin
        self.record = record.ravel()

    def _fill_compiled(self, pool: Pool, seed: int, capabilities: list[int], candidate_of: NDArray[np.int64]) -> None:
        """Entries bin by bin first, then a counting sort by score inside each; two threads and more.

        Fresh memory costs as much as the work (the system clears it), so what is needed on the way stands where `sample` will.
        """
        num, num_threads, num_words = len(pool), os.cpu_count() or 1, -(-len(capabilities) // 8)
        unstyled = 1 << len(pool.style_names)
        sizes = np.zeros(len(self.style_labels) * self.num_sources, dtype=np.int64)
        loops.compiled(loops.bin_sizes)(pool.source, pool.style_bits, unstyled, self.num_sources, sizes)
        self._number(sizes)
        num_entries, size = int(self.start[-1]), len(capabilities) * int(self.start[-1])
        room = np.empty(max(-(-size // 2), num * max(2 + num_words, 3)), dtype=np.int64)
        self.by_tie = np.empty(num, dtype=np.int32)
        key, packed, other = room[: 3 * num].view(np.uint64).reshape(3, num)
        for at in range(0, num, _KEY_ROWS):
            key[at : at + _KEY_ROWS] = tie_key(pool.sample_id[at : at + _KEY_ROWS], seed)
        loops.compiled(loops.radix_order)(key, packed, other, self.by_tie)
        words = room[: num * (2 + num_words)].reshape(num, 2 + num_words)
        self.record = np.empty(2 * num, dtype=np.int64)
        self.sample = room.view(np.int32)[:size].reshape(len(capabilities), num_entries)
        self.ends = np.empty((len(capabilities), self.num), dtype=np.int64)
        position_of, stored = np.empty(num_entries, dtype=np.int32), np.empty((num_entries, num_words), dtype=np.int64)
        known = (
            pool.scores,
            np.array(capabilities, dtype=np.int64),
            pool.source,
            pool.style_bits,
            unstyled,
            candidate_of,
        )
        edges = [num * part // num_threads for part in range(num_threads + 1)]
        halves = ((0, num // 2, 1, self.start[:-1].copy()), (num - 1, num // 2 - 1, -1, self.start[1:] - 1))
        target = (self.number, self.num_sources, self.record, position_of, stored)
        result = (candidate_of, position_of, stored.view(np.uint8), self.sample, self.ends)
        # Every n-th bin to each thread: large ones stand beside each other.
        parts = [np.arange(first, self.num, num_threads) for first in range(num_threads)]
        with ThreadPoolExecutor(num_threads) as threads:
            _run(threads, loops.pack, ((*known, *edge, words, words.view(np.uint8)) for edge in pairwise(edges)))
            _run(threads, loops.spread, ((words, self.by_tie, *half, *target) for half in halves))
            _run(threads, loops.sort_bins, ((part, self.start, *result) for part in parts))


def _run(threads: ThreadPoolExecutor, loop: Callable[..., Any], calls: Iterable[tuple[Any, ...]]) -> None:
    """A loop with several arguments at once; returns when all are done."""
    for done in [threads.submit(loops.compiled(loop), *call) for call in calls]:
        done.result()


def _home(pool: Pool) -> NDArray[np.int64]:
    """[N] source and style bits, with a bit for no style."""
    bits = np.where(pool.style_bits == 0, 1 << len(pool.style_names), pool.style_bits.astype(np.int64))
    return (pool.source.astype(np.int64) << loops.SOURCE_BIT) | bits

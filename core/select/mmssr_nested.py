"""Nested mmSSR, our reformulation: one ordering whose every prefix is a valid selection, so a budget only moves a cut.

Steps: each capability keeps its (style, source) bins as queues, best first; round after round every capability gives
one sample from the next bin of its cycle. Cost: one ordering of the whole pool, then any budget is free.
Not for reproducing the published numbers: its overlap with `mmssr` is partial and shown beside it.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from core.select.bins import Bins, BinTable
from core.select.budget import Budget
from core.select.mmssr import Picks, bin_reasons
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.selector import (
    Capabilities,
    Selector,
    Threshold,
    selected_capabilities,
    stored_threshold,
    unscored_notes,
    without_candidates,
)

COMPILE_ABOVE = 2_000_000
"""Candidates from which compiling the loop pays; below, plain Python is done before numba is imported."""


class MmssrNested(Selector):
    """Round robin over capabilities and bins: valid at every prefix."""

    key: ClassVar[str] = "mmssr-nested"
    title: ClassVar[str] = "mmSSR, nested"
    summary: ClassVar[str] = "mmSSR as one ordering: any budget is a prefix of it, so the slider moves at once."
    prefix_valid: ClassVar[bool] = True

    capabilities: Capabilities = ()
    threshold: Threshold = 0.0

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        rows = selected_capabilities(pool, self.capabilities)
        table = BinTable(pool, seed)
        bins = [table.bins(row, stored_threshold(self.threshold)) for row in rows]
        left_out, reasons = without_candidates(pool, rows, self.threshold)
        picks, samples = _interleaved(bins, len(pool), int((left_out == 0).sum()))
        return Ordering(
            pool=pool,
            method=self.key,
            settings={
                "capabilities": [pool.capabilities[row] for row in rows],
                "threshold": self.threshold,
            },
            seed=seed,
            rows=samples,
            reasons=bin_reasons(pool, rows, table, bins, picks),
            left_out=left_out,
            left_out_reasons=reasons,
            notes=unscored_notes(pool, rows),
        )


def _interleaved(bins: list[Bins], pool_size: int, num: int) -> tuple[Picks, NDArray[np.int64]]:
    """Run `serve` over the bins of all capabilities laid end to end; picks and pool rows, [num] each."""
    num_bins = len(bins[0].sizes)
    offsets = np.concatenate(([0], np.cumsum([len(one.sample) for one in bins]))).astype(np.int64)
    sample = np.concatenate([one.sample for one in bins]).astype(np.int64)
    heads = np.concatenate([one.start[:-1] + offset for one, offset in zip(bins, offsets, strict=False)])
    ends = np.concatenate([one.start[1:] + offset for one, offset in zip(bins, offsets, strict=False)])
    follow = np.zeros(num_bins * len(bins), dtype=np.int64)
    last = np.full(len(bins), -1, dtype=np.int64)
    for capability, one in enumerate(bins):
        present = np.flatnonzero(one.sizes)
        if present.size:
            cycle = present[np.argsort(one.sizes[present], kind="stable")] + capability * num_bins
            follow[cycle] = np.roll(cycle, -1)
            last[capability] = cycle[-1]  # so that the first visit serves the first bin
    chosen = np.zeros(pool_size, dtype=bool)
    place, queue = np.zeros(num, dtype=np.int64), np.zeros(num, dtype=np.int64)
    if len(sample) > COMPILE_ABOVE:
        given = _compiled()(sample, heads, ends, follow, last, chosen, place, queue)
    else:
        flat_place, flat_queue = place.tolist(), queue.tolist()
        given = serve(
            sample.tolist(), heads.tolist(), ends.tolist(), follow.tolist(), last.tolist(), chosen.tolist(),
            flat_place, flat_queue,
        )  # fmt: skip
        place, queue = np.array(flat_place, dtype=np.int64), np.array(flat_queue, dtype=np.int64)
    assert given == num, "every candidate is served exactly once"
    capability_of = queue // max(num_bins, 1)
    return Picks(place - offsets[capability_of], capability_of, queue % max(num_bins, 1)), sample[place]


def serve(
    sample: Sequence[int],
    heads: MutableSequence[int],
    ends: Sequence[int],
    follow: MutableSequence[int],
    last: MutableSequence[int],
    chosen: MutableSequence[bool],
    place: MutableSequence[int],
    queue: MutableSequence[int],
) -> int:
    """The rounds; how many samples were given. Plain loops over lists or arrays, so that numba can compile them.

    Queue b holds sample[heads[b]:ends[b]]; follow[b] is the next queue of its capability's cycle; last[c] is the queue
    capability c served last, -1 once its cycle is empty. Writes the position and the queue of the k-th sample given.
    """
    given = 0
    moving = True
    while moving:
        moving = False
        for capability in range(len(last)):
            before = last[capability]
            while before >= 0:
                current = follow[before]
                head, end = heads[current], ends[current]
                while head < end and chosen[sample[head]]:
                    head += 1
                if head < end:
                    heads[current] = head + 1
                    chosen[sample[head]] = True
                    place[given] = head
                    queue[given] = current
                    given += 1
                    last[capability] = current
                    moving = True
                    break
                heads[current] = head
                if current == before:  # it was alone in the cycle
                    before = -1
                    last[capability] = -1
                else:
                    follow[before] = follow[current]
    return given


@lru_cache(maxsize=1)
def _compiled() -> Any:
    """`serve` as machine code; compiled once per installation (about two seconds), then read from numba's cache."""
    import numba

    return numba.njit(cache=True)(serve)

"""mmSSR (arXiv 2503.13383): high scores per capability, spread over interaction styles and sources.

Steps: pass after pass, each capability takes an equal share of what is left of the budget from its (style, source)
bins, smallest bin first. Cost: about two sorts of the pool per capability. The result is exact for its budget only.
Not for pools without scores, nor where a slider should move a cut: `mmssr-nested` is for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.select.bins import Bins, BinTable
from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Label, Number, Reasons
from core.select.selector import (
    Capabilities,
    Selector,
    Threshold,
    selected_capabilities,
    stored_threshold,
    unscored_notes,
    without_candidates,
)


@dataclass(frozen=True, eq=False)
class Picks:
    """Chosen samples in order of choice, with the bin each came from.

    place: [K] int64 positions in the capability's `Bins.sample`; capability: [K] int64 index into the selected ones;
    bin: [K] int64.
    """

    place: NDArray[np.int64]
    capability: NDArray[np.int64]
    bin: NDArray[np.int64]


class Mmssr(Selector):
    """Faithful mmSSR: exact for one budget."""

    key: ClassVar[str] = "mmssr"
    title: ClassVar[str] = "mmSSR"
    summary: ClassVar[str] = "High scores in every capability, spread over styles and sources; exact for one budget."
    prefix_valid: ClassVar[bool] = False

    capabilities: Capabilities = ()
    threshold: Threshold = 0.0

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        if budget is None:
            raise BadInput("mmssr needs a budget.", "Give one, or use mmssr-nested, whose every prefix is valid.")
        wanted = budget.count(len(pool))
        rows = selected_capabilities(pool, self.capabilities)
        table = BinTable(pool, seed)
        turns = _Turns(pool, rows, table, stored_threshold(self.threshold))
        turns.fill(wanted)
        left_out, reasons = without_candidates(pool, rows, self.threshold)
        picks, samples = turns.picks()
        return Ordering(
            pool=pool,
            method=self.key,
            settings={
                "capabilities": [pool.capabilities[row] for row in rows],
                "threshold": self.threshold,
            },
            seed=seed,
            rows=samples,
            reasons=bin_reasons(pool, rows, table, turns.bins, picks),
            left_out=left_out,
            left_out_reasons=reasons,
            budget=wanted,
            notes=(*unscored_notes(pool, rows), *turns.notes),
        )


class _Queue:
    """A capability's candidates that are still free: positions into its bins, and the bin of each."""

    def __init__(self, bins: Bins, num_bins: int) -> None:
        self.bins = bins
        self.live = np.arange(len(bins.sample))
        self.bin = np.repeat(np.arange(num_bins, dtype=np.int32), bins.sizes)

    def drop(self, chosen: NDArray[np.bool_]) -> None:
        free = ~chosen[self.bins.sample[self.live]]
        self.live, self.bin = self.live[free], self.bin[free]


class _Turns:
    """The passes of mmSSR over a pool; `chosen` marks the samples that are taken, for every capability at once."""

    def __init__(self, pool: Pool, rows: tuple[int, ...], table: BinTable, above: int) -> None:
        self._names = [pool.capability_names[row] for row in rows]
        self._table = table
        self.bins = [table.bins(row, above) for row in rows]
        self._queues = [_Queue(bins, table.num) for bins in self.bins]
        self._chosen = np.zeros(len(pool), dtype=bool)
        self._taken: list[tuple[int, int, NDArray[np.int64]]] = []
        self.notes: tuple[str, ...] = ()

    def fill(self, wanted: int) -> None:
        """Pass after pass until `wanted` are chosen or no capability has a candidate left."""
        alive = list(range(len(self._queues)))
        tight: list[tuple[int, int, int]] = []  # first pass: capability, samples, bins
        num_chosen, num_passes, late = 0, 0, 0
        while num_chosen < wanted and alive:
            num_passes += 1
            share = max((wanted - num_chosen) // len(alive), 1)
            dry = []
            for capability in alive:
                num = min(share, wanted - num_chosen)
                if num == 0:
                    break
                given, num_bins = self._turn(capability, num)
                num_chosen += given
                if num_bins == 0:
                    dry.append(capability)
                elif num < num_bins and num_passes == 1:
                    tight.append((capability, num, num_bins))
                elif num < num_bins:
                    late += 1
            alive = [capability for capability in alive if capability not in dry]
        self.notes = self._say(tight, late)

    def _say(self, tight: list[tuple[int, int, int]], late: int) -> tuple[str, ...]:
        notes = []
        if tight:
            whose = (
                "every capability" if len(tight) == len(self._names) else ", ".join(self._names[c] for c, _, _ in tight)
            )
            num, bins = max(n for _, n, _ in tight), sorted({bins for _, _, bins in tight})
            spread = f"{bins[0]:,}" if len(bins) == 1 else f"{bins[0]:,} to {bins[-1]:,}"
            notes.append(f"{whose}: {num:,} samples for {spread} bins, only the {num:,} smallest bins are served.")
        if late:
            notes.append(
                f"After the first pass {late:,} turns had fewer samples than bins and served only the smallest bins."
            )
        return tuple(notes)

    def _turn(self, capability: int, num: int) -> tuple[int, int]:
        """Take up to `num` samples for a capability; how many were taken, and how many bins had candidates."""
        queue = self._queues[capability]
        queue.drop(self._chosen)
        if not queue.live.size:
            return 0, 0
        counts = np.bincount(queue.bin, minlength=self._table.num)
        ends = np.cumsum(counts)
        present = np.flatnonzero(counts)
        served = present[np.argsort(counts[present], kind="stable")]  # bin numbers already stand in the order of ties
        quota = max(num // len(served), 1)
        debt = taken = 0
        for index in served.tolist():
            run = queue.live[ends[index] - counts[index] : ends[index]]
            places = self._best_free(run, queue.bins.sample, min(quota + debt, num - taken))
            self._chosen[queue.bins.sample[places]] = True
            self._taken.append((capability, index, places))
            taken += len(places)
            debt += quota - len(places)
            if taken == num:
                break
        return taken, len(served)

    def _best_free(self, run: NDArray[np.int64], sample: NDArray[np.int32], limit: int) -> NDArray[np.int64]:
        """The first `limit` of a run that no earlier bin of this turn took; reads no further than it must."""
        found: list[NDArray[np.int64]] = []
        start = 0
        while limit > 0 and start < len(run):
            block = run[start : start + limit]
            start += len(block)
            free = block[~self._chosen[sample[block]]]
            found.append(free)
            limit -= len(free)
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def picks(self) -> tuple[Picks, NDArray[np.int64]]:
        """Everything taken in order of choice, and the pool rows."""
        sizes = np.array([len(places) for _, _, places in self._taken], dtype=np.int64)
        capability = np.repeat(np.array([c for c, _, _ in self._taken], dtype=np.int64), sizes)
        index = np.repeat(np.array([b for _, b, _ in self._taken], dtype=np.int64), sizes)
        empty = np.empty(0, np.int64)
        place = np.concatenate([empty, *(places for _, _, places in self._taken)])
        samples = np.concatenate(
            [empty, *(self.bins[c].sample[places].astype(np.int64) for c, _, places in self._taken)]
        )
        return Picks(place, capability, index), samples


def bin_reasons(pool: Pool, rows: tuple[int, ...], table: BinTable, bins: list[Bins], picks: Picks) -> Reasons:
    """kept: optical character recognition, style yes/no, source sroie, rank 12 of 340.

    The rank is the sample's place among all the bin's candidates in the pool, best first.
    """
    starts = np.array([one.start for one in bins])
    first = starts[picks.capability, picks.bin]
    size = starts[picks.capability, picks.bin + 1] - first
    return Reasons(
        len(picks.place),
        (
            "kept: ",
            Label("capability", picks.capability.astype(np.uint8), tuple(pool.capability_names[row] for row in rows)),
            ", style ",
            Label("style", table.style[picks.bin].astype(np.uint8), table.style_labels),
            ", source ",
            Label("source", table.source[picks.bin].astype(np.int32), pool.source_names),
            ", rank ",
            Number((picks.place - first + 1).astype(np.int32)),
            " of ",
            Number(size.astype(np.int32)),
        ),
    )

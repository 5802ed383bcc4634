"""Nested mmSSR, our reformulation: one ordering whose every prefix is a valid selection, so a budget only moves a cut.

Steps: each capability keeps its (style, source) bins as queues, best first; round after round every capability gives
one sample from the next bin of its cycle. Weights are whole numbers in lowest terms: in a round a capability of weight w
gives w samples, at the points 1/w, 2/w, ... 1 of the round, ties in the table's order (a smooth weighted round robin); one
that has no candidate left takes its points with it. Cost: one ordering of the whole pool, then any budget is free.
Not for reproducing the published numbers: its overlap with `mmssr` is partial and shown beside it.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from core.select import loops
from core.select.bins import BinTable
from core.select.budget import Budget
from core.select.mmssr import Picks, bin_reasons, bin_settings
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
from core.select.weights import CapabilityWeights, visits, whole_weights


class MmssrNested(Selector):
    """Round robin over capabilities and bins: valid at every prefix."""

    key: ClassVar[str] = "mmssr-nested"
    title: ClassVar[str] = "mmSSR, nested"
    summary: ClassVar[str] = "mmSSR as one ordering: any budget is a prefix of it, so the slider moves at once."
    prefix_valid: ClassVar[bool] = True

    capabilities: Capabilities = ()
    threshold: Threshold = 0.0
    weights: CapabilityWeights = Field(default_factory=dict)

    def seconds(self, pool_size: int, budget: int) -> float:
        return 7e-7 * pool_size

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        rows = selected_capabilities(pool, self.capabilities)
        round_of = visits(whole_weights(pool, rows, self.weights))
        table = BinTable(pool, seed, rows, stored_threshold(self.threshold))
        left_out, reasons = without_candidates(pool, rows, self.threshold)
        picks = _interleaved(table, round_of, int((left_out == 0).sum()))
        return Ordering(
            pool=pool,
            method=self.key,
            settings=bin_settings(pool, rows, self.threshold, self.weights),
            seed=seed,
            rows=picks.rows(table),
            reasons=bin_reasons(pool, rows, table, picks),
            left_out=left_out,
            left_out_reasons=reasons,
            notes=unscored_notes(pool, rows),
        )


def _interleaved(table: BinTable, round_of: list[int], num_candidates: int) -> Picks:
    """Run the rounds over the bins of all capabilities laid end to end; [num_candidates] picks."""
    num, num_bins = len(table.sample), table.num
    offsets = table.sample.shape[1] * np.arange(num)[:, None]
    heads, ends = (table.start[:-1] + offsets).ravel(), (table.ends + offsets).ravel()
    follow = np.zeros(num_bins * num, dtype=np.int64)
    last = np.full(num, -1, dtype=np.int64)
    for capability, sizes in enumerate(table.sizes):
        present = np.flatnonzero(sizes)
        if present.size:
            cycle = present[np.argsort(sizes[present], kind="stable")] + capability * num_bins
            follow[cycle] = np.roll(cycle, -1)
            last[capability] = cycle[-1]  # so that the first visit serves the first bin
    chosen = np.zeros(len(table.by_tie), dtype=bool)
    given_to = np.zeros((2, num_candidates), dtype=np.int64)
    state = (np.array(round_of, dtype=np.int64), table.sample.ravel(), heads, ends, follow, last, chosen, *given_to)
    if table.is_large:
        given = loops.compiled(loops.take_rounds)(*state)
        place, queue = state[-2:]
    else:
        lists = [array.tolist() for array in state]
        given = loops.take_rounds(*lists)
        place, queue = (np.array(one, dtype=np.int64) for one in lists[-2:])
    assert given == num_candidates, "every candidate is served exactly once"
    capability_of = queue // max(num_bins, 1)
    return Picks(place - offsets[capability_of, 0], capability_of, queue % max(num_bins, 1))

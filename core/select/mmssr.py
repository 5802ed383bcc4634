"""mmSSR (arXiv 2503.13383): high scores per capability, spread over interaction styles and sources.

Steps: pass after pass, each capability takes its share of what is left of the budget (equal ones unless weights say
otherwise) from its (style, source) bins, smallest bin first. Cost: about two sorts of the pool per capability. The result
is exact for its budget only.
Not for pools without scores, nor where a slider should move a cut: `mmssr-nested` is for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import BadInput
from core.select import loops
from core.select.bins import BinTable
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
from core.select.weights import CapabilityWeights, whole_weights


@dataclass(frozen=True, eq=False)
class Picks:
    """Chosen samples in order of choice, with the bin each came from.

    place: [K] int64 into row `capability` of `BinTable.sample`; capability: [K] int64 index into the selected ones;
    bin: [K] int64.
    """

    place: NDArray[np.int64]
    capability: NDArray[np.int64]
    bin: NDArray[np.int64]

    def rows(self, table: BinTable) -> NDArray[np.int64]:
        """[K] int64 rows of the pool."""
        return table.by_tie[table.sample[self.capability, self.place]].astype(np.int64)


class Mmssr(Selector):
    """Faithful mmSSR: exact for one budget."""

    key: ClassVar[str] = "mmssr"
    title: ClassVar[str] = "mmSSR"
    summary: ClassVar[str] = "High scores in every capability, spread over styles and sources; exact for one budget."
    prefix_valid: ClassVar[bool] = False

    capabilities: Capabilities = ()
    threshold: Threshold = 0.0
    weights: CapabilityWeights = Field(default_factory=dict)

    def seconds(self, pool_size: int, budget: int) -> float:
        return 4e-7 * pool_size

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        if budget is None:
            raise BadInput("mmssr needs a budget.", "Give one, or use mmssr-nested, whose every prefix is valid.")
        wanted = budget.count(len(pool))
        rows = selected_capabilities(pool, self.capabilities)
        weights = whole_weights(pool, rows, self.weights)
        table = BinTable(pool, seed, rows, stored_threshold(self.threshold))
        turns = _Turns(table, wanted)
        turns.fill(wanted, weights)
        left_out, reasons = without_candidates(pool, rows, self.threshold)
        picks = turns.picks()
        return Ordering(
            pool=pool,
            method=self.key,
            settings=bin_settings(pool, rows, self.threshold, self.weights),
            seed=seed,
            rows=picks.rows(table),
            reasons=bin_reasons(pool, rows, table, picks),
            left_out=left_out,
            left_out_reasons=reasons,
            budget=wanted,
            notes=(*unscored_notes(pool, rows), *turns.notes([pool.capability_names[row] for row in rows])),
        )


class _Turns:
    """The passes of mmSSR; a chosen sample is chosen for every capability at once."""

    def __init__(self, table: BinTable, most: int) -> None:
        as_given: Any = np.asarray if table.is_large else np.ndarray.tolist
        self._turn = loops.compiled(loops.take_turn) if table.is_large else loops.take_turn
        num = len(table.sample)
        self._sample = [as_given(table.sample[capability]) for capability in range(num)]
        self._heads = [as_given(table.start[:-1].copy()) for _ in range(num)]
        self._ends = [as_given(table.ends[capability]) for capability in range(num)]
        self._free = as_given(table.sizes.T.ravel())  # bin by bin, the capabilities of each side by side
        self._homes = as_given(table.record), as_given(table.number), table.num_sources
        self._chosen = as_given(np.zeros(len(table.by_tie), dtype=bool))
        self._place, self._bin = (as_given(np.zeros(most, dtype=np.int64)) for _ in range(2))
        self._taken: list[tuple[int, int]] = []
        self._given = 0
        self._tight: list[tuple[int, int, int]] = []  # first pass: capability, samples, bins
        self._late = 0

    def fill(self, wanted: int, weights: Sequence[int]) -> None:
        """Pass after pass until `wanted` are chosen or no capability has a candidate left."""
        alive = list(range(len(weights)))
        num_passes = 0
        while self._given < wanted and alive:
            num_passes += 1
            left, total = wanted - self._given, sum(weights[capability] for capability in alive)
            dry = []
            for capability in alive:
                num = min(max(left * weights[capability] // total, 1), wanted - self._given)
                if num == 0:
                    break
                num_bins = self._take(capability, num)
                if num_bins == 0:
                    dry.append(capability)
                elif num < num_bins and num_passes == 1:
                    self._tight.append((capability, num, num_bins))
                elif num < num_bins:
                    self._late += 1
            alive = [capability for capability in alive if capability not in dry]

    def _take(self, capability: int, num: int) -> int:
        """Up to `num` samples for a capability; how many of its bins had candidates."""
        before = self._given
        self._given, num_bins = self._turn(
            capability, num, before, self._sample[capability], self._heads[capability], self._ends[capability],
            self._free, *self._homes, self._chosen, self._place, self._bin,
        )  # fmt: skip
        self._taken.append((capability, self._given - before))
        return num_bins

    def notes(self, names: Sequence[str]) -> tuple[str, ...]:
        """What a person should know of how the shares went."""
        notes = []
        if self._tight:
            whose = (
                "every capability" if len(self._tight) == len(names) else ", ".join(names[c] for c, _, _ in self._tight)
            )
            num, bins = max(n for _, n, _ in self._tight), sorted({bins for _, _, bins in self._tight})
            spread = f"{bins[0]:,}" if len(bins) == 1 else f"{bins[0]:,} to {bins[-1]:,}"
            notes.append(f"{whose}: {num:,} samples for {spread} bins, only the {num:,} smallest bins are served.")
        if self._late:
            notes.append(
                f"After the first pass {self._late:,} turns had fewer samples than bins and served only the smallest bins."
            )
        return tuple(notes)

    def picks(self) -> Picks:
        """Everything taken, in order of choice."""
        capability, sizes = np.array(self._taken, dtype=np.int64).reshape(-1, 2).T
        place, bins = (np.asarray(given[: self._given], dtype=np.int64) for given in (self._place, self._bin))
        return Picks(place, np.repeat(capability, sizes), bins)


def bin_settings(pool: Pool, rows: Sequence[int], threshold: float, weights: Mapping[str, float]) -> dict[str, Any]:
    """The settings as they are kept: capabilities in vocabulary order, only the weights that were given."""
    names = [pool.capabilities[row] for row in rows]
    given = {name: weights[name] for name in names if name in weights}
    return {"capabilities": names, "threshold": threshold, **({"weights": given} if given else {})}


def bin_reasons(pool: Pool, rows: Sequence[int], table: BinTable, picks: Picks) -> Reasons:
    """kept: optical character recognition, style yes/no, source sroie, rank 12 of 340.

    The rank is the sample's place among all the bin's candidates in the pool, best first.
    """
    first = table.start[picks.bin]
    size = table.ends[picks.capability, picks.bin] - first
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

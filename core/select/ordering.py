"""What a method gives back: sample ids best first with a reason each, and what a budget keeps of them.

An Ordering says whether every prefix of it is a valid selection or only the whole of it, for one budget.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import BadInput
from core.select.budget import Budget
from core.select.constraints import Contradiction
from core.select.pool import Pool
from core.select.reasons import Reasons

BEYOND_THE_BUDGET = "beyond the budget"


@dataclass(frozen=True, eq=False)
class Ordering:
    """A pool in the order of a method.

    rows: [K] int64 into the pool, best first, K at most N. `left_out` has for each pool row 0 (it can be chosen) or
    1 + an index into `left_out_reasons`: [N] uint8. `budget` is the one budget the ordering is exact for, or None when
    every prefix is valid; rows beyond that budget only show what a larger one might keep. Under constraints,
    `num_excluded` samples of the pool are left out before any budget, and the first `num_pinned` rows must be kept.
    """

    pool: Pool
    method: str
    settings: dict[str, Any]
    seed: int
    rows: NDArray[np.int64]
    reasons: Reasons
    left_out: NDArray[np.uint8]
    left_out_reasons: tuple[str, ...]
    budget: int | None = None
    notes: tuple[str, ...] = ()
    constraints: Mapping[str, Any] = field(default_factory=dict)
    num_excluded: int = 0
    num_pinned: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def prefix_valid(self) -> bool:
        return self.budget is None

    @cached_property
    def sample_ids(self) -> NDArray[np.uint64]:
        """[K] uint64, best first."""
        return self.pool.sample_id[self.rows]

    @property
    def pool_digest(self) -> str:
        return self.pool.digest

    @property
    def pool_size(self) -> int:
        """Samples the budget is measured by: those of the pool that constraints leave in it."""
        return len(self.pool) - self.num_excluded

    def cut(self, budget: Budget | int) -> Selection:
        """What this budget keeps. An ordering made for one budget can only be cut there."""
        wanted = (Budget.samples(budget) if isinstance(budget, int) else budget).count(self.pool_size)
        if wanted < self.num_pinned:
            raise Contradiction(
                f"{self.num_pinned:,} samples must be kept and the budget is {wanted:,}.",
                f"Give a budget of at least {self.num_pinned:,}, or take samples off the must-keep list.",
                larger_helps=True,
            )
        if self.budget is not None and wanted != self.budget:
            raise BadInput(
                f"This ordering by {self.method} was made for {self.budget:,} samples, not for {wanted:,}.",
                "Order again with the new budget, or use a method whose every prefix is valid.",
            )
        return Selection(self, wanted, min(wanted, len(self)))


@dataclass(frozen=True, eq=False)
class Selection:
    """An ordering cut at a budget: `num` samples are kept of the `budget` that were allowed."""

    ordering: Ordering
    budget: int
    num: int

    def __len__(self) -> int:
        return self.num

    @property
    def rows(self) -> NDArray[np.int64]:
        """[num] int64 into the pool, best first."""
        return self.ordering.rows[: self.num]

    @property
    def sample_ids(self) -> NDArray[np.uint64]:
        """[num] uint64, best first."""
        return self.ordering.sample_ids[: self.num]

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """[N] int64: the rank of each pool row from 1, 0 for one that is not kept."""
        ranks = np.zeros(len(self.ordering.pool), dtype=np.int64)
        ranks[self.rows] = np.arange(1, self.num + 1)
        return ranks

    @cached_property
    def left_out(self) -> dict[str, int]:
        """How many samples of the pool are not kept, by reason; with `num` they add up to the pool."""
        ordering = self.ordering
        counts = {
            reason: int((ordering.left_out == code).sum()) for code, reason in enumerate(ordering.left_out_reasons, 1)
        }
        counts[BEYOND_THE_BUDGET] = len(ordering.pool) - self.num - sum(counts.values())
        return {reason: count for reason, count in counts.items() if count}

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about this result, fewer samples than asked for first."""
        why = "the maxima let no more in" if self.ordering.constraints.get("maximum") else "no candidate is left"
        short = (
            (f"Only {self.num:,} of the {self.budget:,} samples asked for can be chosen: {why}.",)
            if self.num < self.budget
            else ()
        )
        return (*short, *self.ordering.notes)

    def reason(self, pool_row: int) -> str:
        """Why the sample at this row of the pool is kept or not."""
        rank = int(self.rank[pool_row])
        if rank:
            return self.ordering.reasons.text(rank - 1)
        code = int(self.ordering.left_out[pool_row])
        return f"not kept: {self.ordering.left_out_reasons[code - 1] if code else BEYOND_THE_BUDGET}"

    def to_table(self) -> Any:
        """An Arrow table: rank (int64, from 1), sample_id (uint64), original_id, source, reason.

        The schema's metadata says under `winnow` which method, settings, seed, budget and pool made it.
        """
        pool = self.ordering.pool
        columns = {
            "rank": pa.array(np.arange(1, self.num + 1)),
            "sample_id": pa.array(self.sample_ids),
            "original_id": pool.original_id.take(pa.array(self.rows)),
            "source": pa.array(pool.source_names, type=pa.string()).take(pa.array(pool.source[self.rows])),
            "reason": self.ordering.reasons.texts(0, self.num),
        }
        return pa.table(columns).replace_schema_metadata({"winnow": json.dumps(self.provenance(), sort_keys=True)})

    def provenance(self) -> dict[str, Any]:
        """How this selection came to be, as JSON-able values."""
        return {
            "method": self.ordering.method,
            "settings": self.ordering.settings,
            "seed": self.ordering.seed,
            "budget": self.budget,
            "num_selected": self.num,
            "pool_size": self.ordering.pool_size,
            "pool": self.ordering.pool_digest,
            **({"constraints": dict(self.ordering.constraints)} if self.ordering.constraints else {}),
            **self.ordering.pool.origin,
            "left_out": self.left_out,
            "notes": list(self.notes),
        }

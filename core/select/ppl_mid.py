"""Middle perplexity (after arXiv 2309.04564): what a reference model finds neither trivial nor strange comes first.

Steps: percentile of each sample's value among all that have one, (those below + half of those equal, itself included) / N;
ascending distance from 0.5, ties by the tie key. Cost: one sort.
Not where the tails are the point: rare skills often have high perplexity.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Number, Reasons
from core.select.selector import Column, Selector, column_values
from core.store.ids import tie_key


class PplMid(Selector):
    """The middle of a column first."""

    key: ClassVar[str] = "ppl-mid"
    title: ClassVar[str] = "Middle perplexity"
    summary: ClassVar[str] = "The middle of a perplexity column first, the extremes last."
    prefix_valid: ClassVar[bool] = True

    column: Annotated[Column, Field(description="Number column with the perplexity, or a loss: only ranks count.")] = (
        "ppl"
    )

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        values, one = column_values(pool, self.column)
        absent = np.isnan(values)
        there = np.flatnonzero(~absent)
        ordered = np.sort(values[there])
        below = np.searchsorted(ordered, values[there], side="left")
        not_above = np.searchsorted(ordered, values[there], side="right")
        twice = below + not_above  # percentile x 2N, whole numbers
        rank = np.lexsort((tie_key(pool.sample_id[there], seed), np.abs(twice - len(there))))
        rows, num = there[rank], len(there)
        return Ordering(
            pool=pool,
            method=self.key,
            settings=self.model_dump(mode="json"),
            seed=seed,
            rows=rows,
            reasons=Reasons.ranked(
                num,
                f"kept: {self.column} ",
                Number(values[rows] / one),
                ", percentile ",
                Number(50.0 * twice[rank] / max(num, 1)),
            ),
            left_out=absent.astype(np.uint8),
            left_out_reasons=(f"no value in {self.column}",),
        )

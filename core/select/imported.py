"""An order made elsewhere: an index list, a difficulty, votes; anything that is a number per sample.

Steps: by one column, the smallest or the largest first, ties by the tie key; samples without a value are left out. That is
how lists of ICONS, XMAS, ScalSelect and COINCIDE, and difficulties of Self-Filter and CoIDO, come in. Cost: one sort.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Number, Reasons
from core.select.selector import Column, Selector, column_values
from core.store.ids import tie_key


class Imported(Selector):
    """By an imported column."""

    key: ClassVar[str] = "imported"
    title: ClassVar[str] = "Imported order"
    summary: ClassVar[str] = "An order that another tool made: an index list, a difficulty, votes."
    prefix_valid: ClassVar[bool] = True

    column: Annotated[
        Column, Field(description="Number column to go by, such as the place in an imported index list.")
    ] = "imported"
    best: Annotated[
        Literal["low", "high"],
        Field(title="Best value", description="Whether the lowest value is best, as of a place, or the highest."),
    ] = "low"

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        values, one = column_values(pool, self.column)
        absent = np.isnan(values)
        there = np.flatnonzero(~absent)
        worth = values[there] if self.best == "low" else -values[there]
        rows = there[np.lexsort((tie_key(pool.sample_id[there], seed), worth))]
        return Ordering(
            pool=pool,
            method=self.key,
            settings=self.model_dump(mode="json"),
            seed=seed,
            rows=rows,
            reasons=Reasons.ranked(len(rows), f"kept: {self.column} ", Number(values[rows] / one)),
            left_out=absent.astype(np.uint8),
            left_out_reasons=(f"no value in {self.column}",),
        )

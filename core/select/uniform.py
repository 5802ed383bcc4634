"""Random choice: the baseline every other method is shown beside, with several seeds.

Steps: ascending key of purpose `random`, which shares nothing with the tie key of the other methods. Cost: one sort.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Number, Reasons
from core.select.selector import Selector
from core.store.ids import purpose_key


class Random(Selector):
    """Every sample is equally likely; the seed decides."""

    key: ClassVar[str] = "random"
    title: ClassVar[str] = "Random"
    summary: ClassVar[str] = "A draw by seed: the baseline that most published methods fail to beat."
    prefix_valid: ClassVar[bool] = True

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        num = len(pool)
        return Ordering(
            pool=pool,
            method=self.key,
            settings={},
            seed=seed,
            rows=np.argsort(purpose_key(pool.sample_id, seed, "random"), kind="stable"),
            reasons=Reasons(num, ("kept: drawn at random, place ", Number(np.arange(1, num + 1)), f" of {num}")),
            left_out=np.zeros(num, dtype=np.uint8),
            left_out_reasons=(),
        )

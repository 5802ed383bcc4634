"""Best first by one column, or by a weighted blend of several.

Steps: blend = sum of weight x value over the columns, descending, ties by the tie key. Cost: one sort.
Not for diversity: the best scores of a pool tend to look alike.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from core.errors import BadInput
from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Number, Reasons
from core.select.selector import COLUMN, Capabilities, Names, Selector, selected_capabilities
from core.store.ids import MISSING, SCORE_SCALE, tie_key


def _weights(value: Any) -> Any:
    """`ocr:2,data:0.5` as a command line gives it; anything else is left to the field's own check."""
    if isinstance(value, str):
        pairs = [part.rsplit(":", 1) for part in value.split(",") if part.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("weights are written as column:weight,column:weight")
        return {name.strip(): weight for name, weight in pairs}
    return value


class TopScore(Selector):
    """The highest values first."""

    key: ClassVar[str] = "top-score"
    title: ClassVar[str] = "Top score"
    summary: ClassVar[str] = "The highest scores first: one column, or a weighted blend of several."
    prefix_valid: ClassVar[bool] = True

    capabilities: Capabilities = ()
    columns: Annotated[
        Names, Field(description="Further number columns to blend in; without capabilities, only these count."), COLUMN
    ] = ()
    weights: Annotated[
        dict[str, Annotated[float, Field(allow_inf_nan=False)]],
        BeforeValidator(_weights),
        Field(description="Weight per column or capability; 1 where none is given, negative prefers low values."),
    ] = Field(default_factory=dict)

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        names = self._names(pool)
        astray = [name for name in self.weights if name not in names]
        if astray:
            raise BadInput(
                f"A weight is given for {astray[0]!r}, which is not among the blended columns.",
                f"These are: {', '.join(names)}.",
            )
        # Stored scores are whole numbers: equal blends are equal on every machine. Other columns join at their scale.
        mixed = any(name in pool.capabilities for name in names)
        unit = float(SCORE_SCALE) if mixed else 1.0
        blend = np.zeros(len(pool), dtype=np.float64)
        left_out = np.zeros(len(pool), dtype=np.uint8)
        for code, name in enumerate(names, 1):
            values = _at_scale(pool, name, unit)
            absent = np.isnan(values)
            left_out[absent & (left_out == 0)] = code
            blend += np.where(absent, 0.0, values) * self.weights.get(name, 1.0)
        there = np.flatnonzero(left_out == 0)
        rows = there[np.lexsort((tie_key(pool.sample_id[there], seed), -blend[there]))]
        total_weight = sum(abs(self.weights.get(name, 1.0)) for name in names) or 1.0
        shown = blend[rows] / total_weight / unit
        said = f"mean of {len(names)} columns" if len(names) > 1 else names[0]
        return Ordering(
            pool=pool,
            method=self.key,
            settings={
                "capabilities": [name for name in names if name in pool.capabilities],
                "columns": [name for name in names if name not in pool.capabilities],
                "weights": {name: self.weights[name] for name in names if name in self.weights},
            },
            seed=seed,
            rows=rows,
            reasons=Reasons.ranked(len(rows), f"kept: {said} ", Number(shown)),
            left_out=left_out,
            left_out_reasons=tuple(f"no value in {name}" for name in names),
            notes=self._notes(pool, names),
        )

    def _names(self, pool: Pool) -> tuple[str, ...]:
        """The blended columns: capabilities in vocabulary order, then further columns as typed.

        All capabilities at once stands for those that have scores; one that was named must have them.
        """
        further = tuple(name for name in self.columns if name not in pool.capabilities)
        typed = (*self.capabilities, *(name for name in self.columns if name in pool.capabilities))
        if further and not typed:
            named: tuple[str, ...] = ()
        else:
            rows = selected_capabilities(pool, typed)
            named = tuple(pool.capabilities[row] for row in rows)
            if not typed:
                named = tuple(name for name in named if name in pool.scored)
        names = (*named, *dict.fromkeys(further))
        for name in names:
            if len(pool):
                pool.values(name)  # MissingEvidence where nothing is known
        return names

    def _notes(self, pool: Pool, names: tuple[str, ...]) -> tuple[str, ...]:
        absent = [name for name in pool.capabilities if name not in pool.scored]
        if self.capabilities or self.columns or not absent or not names:
            return ()
        return (f"Blended without {', '.join(absent)}: no sample has a score there.",)


def _at_scale(pool: Pool, name: str, unit: float) -> NDArray[np.float64]:
    """[N] float64, NaN missing: a capability's stored scores, or a further column times `unit`."""
    if name in pool.capabilities:
        stored = pool.scores[pool.capabilities.index(name)]
        return np.where(stored == MISSING, np.nan, stored.astype(np.float64))
    return pool.columns[name] * unit

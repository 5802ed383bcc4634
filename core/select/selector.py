"""What every method is: frozen settings with one verb, `order`, and the words a page shows about it."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from core.errors import BadInput, MissingEvidence
from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.store.ids import MISSING, SCORE_SCALE


def _names(value: Any) -> Any:
    """A comma-separated list as a command line gives it; anything else is left to the field's own check."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class _NamesColumn:
    """Marks a setting whose value names a number column or a capability, so that a form can offer those there are."""


COLUMN = _NamesColumn()
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Column = Annotated[str, Field(min_length=1, max_length=100), COLUMN]
"""The name of a number column or of a capability; each field that has one describes it."""


def names_column(field: FieldInfo) -> bool:
    """Whether a setting names columns."""
    return COLUMN in field.metadata


Capabilities = Annotated[
    Names,
    Field(description="Keys of the capabilities to select for, in any order; none means all of the vocabulary."),
]
Threshold = Annotated[
    float,
    Field(ge=0, le=5, description="A sample is a candidate for a capability when its score there is above this (0-5)."),
]


class Selector(BaseModel):
    """A method: its settings are the fields, `order` is its verb."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    prefix_valid: ClassVar[bool]
    needs_vectors: ClassVar[bool] = False
    """Whether `order` reads `Pool.vectors`; a pool for any other method can be had without them."""

    @abstractmethod
    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        """The pool best first, with a reason for every sample.

        A method whose every prefix is valid orders all it can and does not need the budget; any other method is exact
        for that budget only. The same pool, settings, budget and seed give the same ordering on every machine.
        """

    def seconds(self, pool_size: int, budget: int) -> float:
        """About how long an order of a pool of this size takes on one core with nothing else to do; 0 where nobody waits for it."""
        return 0.0

    def cost(self, pool_size: int, budget: int) -> str | None:
        """`seconds` in words, to be said before it starts; None below a few seconds."""
        return took(pool_size, self.seconds(pool_size, budget))


def selected_capabilities(pool: Pool, wanted: Iterable[str]) -> tuple[int, ...]:
    """Rows of `pool.scores` for the wanted capabilities, in vocabulary order whatever order they were typed in.

    MissingEvidence when none of them has a single score.
    """
    asked = tuple(wanted)
    unknown = [key for key in asked if key not in pool.capabilities]
    if unknown:
        raise BadInput(
            f"There is no capability {unknown[0]!r}.", f"The known ones are: {', '.join(pool.capabilities)}."
        )
    rows = tuple(row for row, key in enumerate(pool.capabilities) if not asked or key in asked)
    if len(pool) and not any(pool.capabilities[row] in pool.scored for row in rows):
        which = ", ".join(asked) if asked else "any capability"
        raise MissingEvidence(
            f"No sample of the pool has a score in {which}.",
            "Run `winnow prepare` on the workspace, or import scores with `winnow import-evidence`.",
        )
    return rows


def stored_threshold(threshold: float) -> int:
    """The largest stored score that is not above the threshold; 2.3 is 115, though 2.3 x 50 is less in binary."""
    return int(Decimal(str(threshold)) * SCORE_SCALE)


def without_candidates(
    pool: Pool, rows: tuple[int, ...], threshold: float
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Which samples are a candidate for none of the capabilities: [N] uint8 codes (0 = candidate) and the reasons."""
    limit = stored_threshold(threshold)
    candidate = np.zeros(len(pool), dtype=bool)
    scored = np.zeros(len(pool), dtype=bool)
    for row in rows:
        present = pool.scores[row] != MISSING
        scored |= present
        candidate |= present & (pool.scores[row] > limit)
    low = "score 0" if limit == 0 else f"score {threshold:g} or less"
    reasons = ("no score in any selected capability", f"{low} or missing in every selected capability")
    codes = np.where(candidate, 0, np.where(scored, 2, 1)).astype(np.uint8)
    return codes, reasons


def column_values(pool: Pool, name: str) -> tuple[NDArray[np.float64], float]:
    """A column or capability: [N] float64, NaN missing, and what 1 is in it.

    Scores are given as stored, 50 for 1, because whole numbers are equal where they are equal on paper. MissingEvidence,
    with the way to get it, for a name nobody knows anything about.
    """
    values = pool.values(name) if len(pool) else np.empty(0, np.float64)
    if name in pool.capabilities:
        return np.rint(values * SCORE_SCALE), float(SCORE_SCALE)
    return values, 1.0


def took(pool_size: int, seconds: float) -> str | None:
    """What `cost` says of an estimate in seconds; None below a few."""
    return None if seconds < 4 else f"{about(seconds)} for {pool_size:,} samples"


def about(seconds: float) -> str:
    """An estimate in words, no more exact than it is: 'about 7 s', 'about 40 s', 'about 3 min 20 s', 'about 7 min', 'about 2 h'."""
    step = 10 if seconds > 57 else 5 if seconds > 17 else 1
    minutes, rest = divmod(step * round(seconds / step), 60)
    if minutes >= 60:
        return f"about {round(minutes / 60)} h"
    if minutes and (minutes >= 5 or not rest):
        return f"about {minutes} min"
    return f"about {minutes} min {rest} s" if minutes else f"about {rest} s"


def slowed() -> float:
    """How many times as long work takes while other work keeps the machine busy; 1 on a machine with a core to spare."""
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):  # not every system tells
        return 1.0
    return max(load / (os.cpu_count() or 1), 1.0)


def unscored_notes(pool: Pool, rows: tuple[int, ...]) -> tuple[str, ...]:
    """What to say when evidence is partly absent: capabilities without a score, a pool without styles."""
    notes = []
    absent = [pool.capability_names[row] for row in rows if pool.capabilities[row] not in pool.scored]
    if absent:
        notes.append(f"No sample has a score in {', '.join(absent)}.")
    if len(pool) and not bool(pool.style_bits.any()):
        notes.append("No sample carries a style, so the bins are the sources alone.")
    return tuple(notes)

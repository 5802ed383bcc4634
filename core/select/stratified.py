"""Stratified choice: every source, or every kind of question, gets its share, whatever the budget.

Steps: the strata are the sources, or the first-level instruction tags (a sample with several counts for its first in the
order of the tree, one without any is in a stratum of its own). Shares are in proportion to the strata, uniform, by square
root, or explicit. The next place always goes to the stratum with the smallest (given + 1/2) / share, to the first by name
among equals, so that every prefix is as near to the shares as whole samples allow; a stratum that is used up leaves the
others to go on. Inside a stratum the order is random or top score. Cost: two sorts.
Not a measure of quality, unless the inside is ordered by one.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from core.errors import BadInput, MissingEvidence
from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Label, Number, Reasons
from core.select.selector import COLUMN, Selector
from core.select.spherical import interleaved
from core.select.top_score import TopScore
from core.select.uniform import Random

UNTAGGED = "no tag"


def _shares(value: Any) -> Any:
    """`coco:0.7,vg:0.3` as a command line gives it; anything else is left to the field's own check."""
    if isinstance(value, str):
        pairs = [part.rsplit(":", 1) for part in value.split(",") if part.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("shares are written as name:share, name:share")
        return {name.strip(): share.strip() for name, share in pairs}
    return value


class Stratified(Selector):
    """Shares per source or tag."""

    key: ClassVar[str] = "stratified"
    title: ClassVar[str] = "Stratified"
    summary: ClassVar[str] = "Every source or tag gets its share: proportional, uniform, square root, or as you say."
    prefix_valid: ClassVar[bool] = True

    by: Annotated[
        Literal["source", "tag"], Field(title="Strata", description="What the strata are; a tag is of the first level.")
    ] = "source"
    shares: Annotated[
        Literal["proportional", "uniform", "square root", "explicit"],
        Field(description="Shares of the strata: by size, all alike, by the square root of the size, or those below."),
    ] = "proportional"
    explicit: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]],
        BeforeValidator(_shares),
        Field(
            title="Explicit shares",
            description="As name:share, name:share; only their proportions count, and others get nothing.",
        ),
    ] = Field(default_factory=dict)
    inside: Annotated[
        Literal["random", "top score"],
        Field(title="Order inside", description="How the samples of a stratum are ordered."),
    ] = "random"
    column: Annotated[
        str,
        Field(
            title="Column of the top score",
            max_length=100,
            description="A number column or a capability; empty is the mean of all capabilities.",
        ),
        COLUMN,
    ] = ""

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        stratum, names = self._strata(pool)
        inner = self._inside().order(pool, seed=seed)
        sizes = np.bincount(stratum[inner.rows], minlength=len(names)).astype(np.int64)
        weights = self._weights(sizes, names)
        shares = weights > 0
        served = inner.rows[shares[stratum[inner.rows]]]
        served = served[np.argsort(stratum[served], kind="stable")]
        room = np.where(shares, sizes, 0)
        group, at = interleaved(room, np.where(shares, weights, 1.0))
        rows = served[(np.cumsum(room) - room)[group] + at]
        left_out = inner.left_out.copy()
        left_out[inner.rows[~shares[stratum[inner.rows]]]] = len(inner.left_out_reasons) + 1
        return Ordering(
            pool=pool,
            method=self.key,
            settings=self.model_dump(mode="json"),
            seed=seed,
            rows=rows,
            reasons=Reasons(
                len(rows),
                (
                    f"kept: {self.by} ",
                    Label("stratum", group.astype(np.int32), names),
                    ", place ",
                    Number(at + 1),
                    " of ",
                    Number(room[group]),
                    f" by {self._inside_said()}",
                ),
            ),
            left_out=left_out,
            left_out_reasons=(*inner.left_out_reasons, f"no share for its {self.by}"),
            notes=(*inner.notes, *self._notes(room, weights, names)),
        )

    def _strata(self, pool: Pool) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """[N] int64 stratum of each sample, and the names, by code point."""
        if self.by == "source":
            return pool.source.astype(np.int64), pool.source_names
        if pool.tag is None:
            raise MissingEvidence(
                "No sample of the pool has an instruction tag.",
                "Run `winnow prepare` on the workspace, or stratify by source.",
            )
        names = tuple(sorted({*pool.tag_names, UNTAGGED}))
        place = np.array([names.index(name) for name in (*pool.tag_names, UNTAGGED)], dtype=np.int64)
        return place[pool.tag], names  # a sample without a tag has -1, the last

    def _inside(self) -> Selector:
        if self.inside == "random":
            return Random()
        return TopScore(columns=(self.column,)) if self.column.strip() else TopScore()

    def _inside_said(self) -> str:
        return "a random draw" if self.inside == "random" else self.column.strip() or "the mean of all capabilities"

    def _weights(self, sizes: NDArray[np.int64], names: tuple[str, ...]) -> NDArray[np.float64]:
        """[G] float64: the wanted shares, up to a factor; 0 for a stratum that gets nothing."""
        if self.shares == "explicit":
            return self._explicit(names)
        if self.shares == "uniform":
            return np.ones(len(names))
        return np.sqrt(sizes) if self.shares == "square root" else sizes.astype(np.float64)

    def _explicit(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        known = f"The {self.by}s of this pool are: {', '.join(names)}."
        if not any(self.explicit.values()):
            raise BadInput("No explicit share is above 0.", f"Give some as name:share, name:share. {known}")
        astray = [name for name in self.explicit if name not in names]
        if astray:
            raise BadInput(f"A share is given for the {self.by} {astray[0]!r}, which is not in the pool.", known)
        return np.array([self.explicit.get(name, 0.0) for name in names])

    def _notes(self, room: NDArray[np.int64], weights: NDArray[np.float64], names: tuple[str, ...]) -> tuple[str, ...]:
        """Up to which budget the shares hold: until the first stratum is used up."""
        given = np.flatnonzero(room)
        if self.shares == "proportional" or len(given) < 2:
            return ()
        first = given[np.argmin(room[given] / weights[given])]
        holds = int(room[first] * weights[given].sum() / weights[first])
        if holds >= int(room.sum()):
            return ()
        return (f"The shares hold up to about {holds:,} samples; then {names[first]} is used up.",)

"""DEITA (arXiv 2312.15685): complex and good samples first, none too like one that is already taken.

Steps: order by complexity x quality; walk down and skip a sample whose cosine with an accepted one is above the limit.
The published score sums over the turns of a conversation; here both columns stand for the whole sample, so a sum over turns
is made where the columns are made. Cost: samples x accepted x dimensions, up to 12 s for 100,000 samples on one core.
Not for pools where complexity and quality were not measured: a product of guesses is a guess.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Number, Reasons
from core.select.selector import Column, Selector, column_values
from core.select.spherical import (
    EXACT_PICKS,
    Vectors,
    k_means,
    keep_apart,
    num_clusters,
    stored_cosine,
    whole_vectors,
)


class Deita(Selector):
    """Complexity times quality, without near copies."""

    key: ClassVar[str] = "deita"
    title: ClassVar[str] = "DEITA"
    summary: ClassVar[str] = "Complexity times quality, best first, skipping what is too like a sample already taken."
    prefix_valid: ClassVar[bool] = True
    needs_vectors: ClassVar[bool] = True
    exact_picks: ClassVar[int] = EXACT_PICKS

    complexity: Annotated[
        Column, Field(description="Number column or capability that says how complex a sample is.")
    ] = "complexity"
    quality: Annotated[Column, Field(description="Number column or capability that says how good a sample is.")] = (
        "quality"
    )
    most_cosine: Annotated[
        float,
        Field(
            title="Largest cosine",
            ge=0,
            le=1,
            description="A sample nearer than this cosine to an accepted one is skipped.",
        ),
    ] = 0.9

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        names = tuple(dict.fromkeys((self.complexity, self.quality)))
        complexity, one = column_values(pool, self.complexity)
        quality, other_one = column_values(pool, self.quality)
        score = complexity * quality
        vectors = whole_vectors(pool, seed, self.title)
        left_out = np.where(vectors.left_out == 1, len(names) + 1, 0).astype(np.uint8)
        for code, values in enumerate((complexity, quality), 1):
            left_out[(left_out == 0) & np.isnan(values)] = min(code, len(names))
        there = np.flatnonzero(left_out[vectors.rows] == 0)
        there = there[np.argsort(-score[vectors.rows[there]], kind="stable")]  # the vectors stand in order of ties
        best = Vectors(vectors.rows[there], vectors.values[there], vectors.left_out, vectors.left_out_reason)
        kept, notes = self._walk(pool, best, seed)
        left_out[best.rows[~kept]] = len(names) + 2
        rows = best.rows[kept]
        num = len(rows)
        return Ordering(
            pool=pool,
            method=self.key,
            settings=self.model_dump(mode="json"),
            seed=seed,
            rows=rows,
            reasons=Reasons(
                num,
                (
                    f"kept: {self.complexity} x {self.quality} ",
                    Number(score[rows] / (one * other_one)),
                    ", rank ",
                    Number(np.flatnonzero(kept) + 1),
                    f" of {len(best)}, apart from all before it",
                ),
            ),
            left_out=left_out,
            left_out_reasons=(
                *(f"no value in {name}" for name in names),
                vectors.left_out_reason,
                f"cosine above {self.most_cosine:g} with an accepted sample",
            ),
            notes=notes,
        )

    def _walk(self, pool: Pool, best: Vectors, seed: int) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
        """[M] what is accepted, against all accepted ones at first, then inside each cluster alone."""
        most = stored_cosine(self.most_cosine)
        kept, end = keep_apart(best.values, most, limit=self.exact_picks)
        if end == len(best):
            return kept, ()
        clusters = k_means(best.values, pool.sample_id[best.rows], num_clusters(len(best)), seed)
        for members in clusters.members():
            head, tail = members[members < end], members[members >= end]
            accepted, _ = keep_apart(best.values[tail], most, before=best.values[head[kept[head]]])
            kept[tail] = accepted
        return kept, (
            f"Approximate: after the first {self.exact_picks:,} picks a sample is compared with those of its own cluster only.",
        )

    def seconds(self, pool_size: int, budget: int) -> float:
        return pool_size * min(pool_size, self.exact_picks) * 6e-9  # as if nearly all picks were kept: fewer take less

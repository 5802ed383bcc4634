"""CLIP score (DataComp, arXiv 2304.14108; there the best 30 % are kept): pictures and wording that belong together first.

Steps: the similarity is a number column where there is one, else the cosine of the two halves of an `open_clip` vector,
picture and wording; best first, ties by the tie key. Cost: one pass over the vectors and a sort.
Not for charts and documents, whose wording is in the picture: CLIP reads little of it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import MissingEvidence
from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Number, Reasons
from core.select.selector import Column, Selector, column_values
from core.store.ids import tie_key

EMBEDDING = "open_clip"
_HALF_ONE = float(1 << 20)  # 1 in whole numbers: their products add up exactly in float64, so all machines agree


class ClipScore(Selector):
    """Image-text similarity, best first."""

    key: ClassVar[str] = "clip-score"
    title: ClassVar[str] = "CLIP score"
    summary: ClassVar[str] = "Samples whose picture and wording belong together first, as a CLIP model sees them."
    prefix_valid: ClassVar[bool] = True
    needs_vectors: ClassVar[bool] = True

    column: Annotated[
        Column, Field(description="Number column with the similarity; without it the open_clip embedding is used.")
    ] = "clip"

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        similarity, left_out, reasons = self._similarity(pool)
        there = np.flatnonzero(left_out == 0)
        rows = there[np.lexsort((tie_key(pool.sample_id[there], seed), -similarity[there]))]
        return Ordering(
            pool=pool,
            method=self.key,
            settings=self.model_dump(mode="json"),
            seed=seed,
            rows=rows,
            reasons=Reasons.ranked(len(rows), "kept: similarity of picture and wording ", Number(similarity[rows])),
            left_out=left_out,
            left_out_reasons=reasons,
        )

    def _similarity(self, pool: Pool) -> tuple[NDArray[np.float64], NDArray[np.uint8], tuple[str, ...]]:
        """[N] similarity, NaN missing; [N] why it is missing, 0 where it is not; the reasons."""
        if self.column in (*pool.columns, *pool.capabilities):
            stored, one = column_values(pool, self.column)
            return stored / one, np.isnan(stored).astype(np.uint8), (f"no value in {self.column}",)
        if pool.vectors is None or not pool.vectors_by.startswith(EMBEDDING):
            raise MissingEvidence(
                f"CLIP score needs a number column {self.column!r} or an {EMBEDDING} embedding, and there is neither.",
                f"Run `winnow prepare WS --embedding {EMBEDDING}`, or import the column with "
                "`winnow import-evidence WS FILE --format numbers`.",
            )
        picture, text = (np.rint(half * _HALF_ONE) for half in np.split(pool.vectors.astype(np.float64), 2, axis=1))
        squares = [np.einsum("nd,nd->n", half, half) for half in (picture, text)]
        left_out = np.select([np.isnan(squares[0]), squares[0] == 0, squares[1] == 0], [1, 2, 3], 0).astype(np.uint8)
        products = np.einsum("nd,nd->n", picture, text)
        with np.errstate(invalid="ignore"):
            similarity = np.where(left_out == 0, products / np.sqrt(squares[0] * squares[1]), np.nan)
        return similarity, left_out, (f"no vector by {pool.vectors_by}", "no picture", "no text")

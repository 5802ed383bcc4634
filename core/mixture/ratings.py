"""Ratings by turn that came with a record, as FineVision has them: `relevance_ratings` and `relevance_min`, and three more.

A workspace keeps fields it has no place for as they were; here they are read again. Nothing is made up: a list counts when it
is as long as the turns and holds whole numbers from 1 to 5 and nulls.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from core.store import Store
from core.store.keyed import KeyedRows

ASPECTS = ("relevance", "visual_dependency", "image_correspondence", "formatting")
LOWEST, HIGHEST = 1, 5
_CHUNK_SAMPLES = 1 << 16

Rated = tuple[list[int | None] | None, int | None]
"""The ratings of a sample in one aspect, one per question and answer, and the least of them; None where nobody said."""


class Further:
    """Fields of the samples' records that the workspace keeps as they were, read when they are asked for."""

    def __init__(self, store: Store, version: int | None) -> None:
        self._store, self._version = store, version

    def of(self, sample_ids: Sequence[int] | NDArray[np.uint64]) -> list[dict[str, Any]]:
        """The fields of each sample in the order asked for, as far as they may hold ratings."""
        asked = np.asarray(sample_ids, dtype=np.uint64)
        table = self._rows.take(np.unique(asked), ["extra"])
        texts = dict(zip(table["sample_id"].to_pylist(), table["extra"].to_pylist(), strict=True))
        return [_fields(texts.get(sample_id)) for sample_id in asked.tolist()]

    def rated_aspects(self, sample_ids: NDArray[np.uint64]) -> tuple[str, ...]:
        """The aspects in which at least one of these samples is rated."""
        found: set[str] = set()
        for start in range(0, len(sample_ids), _CHUNK_SAMPLES):
            for fields in self.of(sample_ids[start : start + _CHUNK_SAMPLES]):
                found |= {aspect for aspect in ASPECTS if fields and _says(fields, aspect)}
            if len(found) == len(ASPECTS):
                break
        return tuple(aspect for aspect in ASPECTS if aspect in found)

    @cached_property
    def _rows(self) -> KeyedRows:
        return KeyedRows(self._store, "samples", "sample_id", self._version)


def rated(fields: dict[str, Any], aspect: str, num_pairs: int) -> Rated:
    """What a record says of its turns; the least is that of the ratings where there are any."""
    given = fields.get(f"{aspect}_ratings")
    if isinstance(given, list) and len(given) == num_pairs and all(one is None or _is_rating(one) for one in given):
        said = [one for one in given if one is not None]
        return given, min(said, default=None)
    least = fields.get(f"{aspect}_min")
    return None, least if _is_rating(least) else None


def _says(fields: dict[str, Any], aspect: str) -> bool:
    given = fields.get(f"{aspect}_ratings")
    return rated(fields, aspect, len(given) if isinstance(given, list) else 0)[1] is not None


def _is_rating(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and LOWEST <= value <= HIGHEST


def _fields(text: str | None) -> dict[str, Any]:
    if not text or ('_ratings"' not in text and '_min"' not in text):
        return {}
    found: dict[str, Any] = orjson.loads(text)
    return found

"""What every embedding has in common: a name, a version, a width, and one verb that turns samples into unit vectors.

`descriptors` needs no weights and learns from the workspace; `open_clip` loads weights somebody else trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.store import Store

VIEW_COLUMNS = ("sample_id", "content_hash", "text", "image_keys")


@dataclass(frozen=True)
class SampleView:
    """What an embedding may see of a sample."""

    sample_id: int
    content_hash: str
    text: str
    """All turns joined, image marks left out."""
    image_keys: tuple[str, ...]


@dataclass(frozen=True)
class Embedded:
    """Vectors of some samples, and why others have none."""

    vectors: NDArray[np.float32]
    """[N, D], unit length; rows of failed samples are NaN."""
    failures: dict[int, str] = field(default_factory=dict)
    """Row -> reason; never a made-up vector."""


class Embedder(Protocol):
    """Anything that places samples on the unit sphere so that like ones are near."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def num_dimensions(self) -> int: ...

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the vectors, the hash of its weights included; kept with the table."""
        ...

    def embed(self, samples: Sequence[SampleView]) -> Embedded:
        """One vector per sample, in order."""
        ...


def views(store: Store, sample_ids: Sequence[int], batch_rows: int = 1024) -> Iterator[list[SampleView]]:
    """Samples by id in the order given, in batches."""
    for start in range(0, len(sample_ids), batch_rows):
        yield views_of(store.samples(sample_ids[start : start + batch_rows], VIEW_COLUMNS))


def views_of(table: pa.Table) -> list[SampleView]:
    """Views of the rows of a table with VIEW_COLUMNS."""
    return [
        SampleView(
            row["sample_id"],
            row["content_hash"],
            (row["text"] or "").replace("<image>", ""),
            tuple(row["image_keys"] or ()),
        )
        for row in table.select(VIEW_COLUMNS).to_pylist()
    ]


def unit_rows(matrix: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """[N, D] with each row at length 1; a zero row stays zero."""
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(matrix, length, out=np.zeros_like(matrix), where=length > 0).astype(
        np.float32
    )
    return unit

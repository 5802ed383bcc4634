"""One Parquet file written as parts that are each whole, so that an export that was cut short loses one part at most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from core.mixture.gather import Sample

ROWS_PER_PART = 4096


class PartsWriter:
    """Samples as rows of one Parquet file, a row group for each part; `table_of` makes the rows of some samples."""

    def __init__(
        self, path: Path, schema: Any, table_of: Callable[[list[Sample]], Any], state: dict[str, Any] | None
    ) -> None:
        self._path, self._schema, self._table_of = path, schema, table_of
        self._num_parts = state["parts"] if state else 0
        self._waiting: list[Sample] = []

    def write(self, sample: Sample) -> None:
        self._waiting.append(sample)
        if len(self._waiting) == ROWS_PER_PART:
            self._write_part()

    def checkpoint(self) -> dict[str, Any] | None:
        return {"parts": self._num_parts} if not self._waiting else None

    def close(self) -> None:
        """Join the parts; row groups stay as they are."""
        if self._waiting:
            self._write_part()
        with pq.ParquetWriter(self._path, self._schema, compression="zstd") as writer:
            for number in range(self._num_parts):
                writer.write_table(pq.read_table(self._part(number), schema=self._schema))
            if not self._num_parts:
                writer.write_table(self._schema.empty_table())
        for number in range(self._num_parts):
            self._part(number).unlink()

    def _write_part(self) -> None:
        pq.write_table(self._table_of(self._waiting), self._part(self._num_parts), compression="zstd")
        self._num_parts += 1
        self._waiting = []

    def _part(self, number: int) -> Path:
        return self._path.with_name(f".{self._path.name}.{number:06d}")

"""One Parquet file written as parts that are each whole, so that an export that was cut short loses one part at most."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from core.mixture.disk import LostFile, num_rows, synced
from core.mixture.gather import Sample


class PartsWriter:
    """Samples as rows of one Parquet file, a row group for each part; `table_of` makes the rows of some samples.

    A checkpoint is a number of parts. Once joined they are found in the file itself, as its first row groups, so an export
    goes on from there too when it ends between the last row and its name.
    """

    def __init__(
        self,
        path: Path,
        schema: Any,
        table_of: Callable[[list[Sample]], Any],
        state: dict[str, Any] | None,
        *,
        rows_per_part: int,
    ) -> None:
        self._path, self._schema, self._table_of, self._rows_per_part = path, schema, table_of, rows_per_part
        self._num_parts = state["parts"] if state else 0
        self._waiting: list[Sample] = []
        self._joining = path.with_name(f".{path.name}.joining")
        self._clear()

    def write(self, sample: Sample) -> None:
        self._waiting.append(sample)
        if len(self._waiting) == self._rows_per_part:
            self._write_part()

    def checkpoint(self) -> dict[str, Any] | None:
        return {"parts": self._num_parts} if not self._waiting else None

    def close(self) -> None:
        """Join the parts, row groups as they are, and only then take them away."""
        if self._waiting:
            self._write_part()
        with pq.ParquetWriter(self._joining, self._schema, compression="zstd") as writer:
            for number in range(self._num_parts):
                writer.write_table(self._rows_of(number))
            if not self._num_parts:
                writer.write_table(self._schema.empty_table())
        synced(self._joining)
        os.replace(self._joining, self._path)
        synced(self._path.parent)
        for number in range(self._num_parts):
            self._part(number).unlink(missing_ok=True)

    def abandon(self) -> None:
        """Nothing is open between two rows."""

    def _clear(self) -> None:
        """Take away what stands behind the checkpoint; LostFile when what stands before it does not."""
        self._joining.unlink(missing_ok=True)
        numbers = {int(part.suffix[1:]): part for part in self._path.parent.glob(f".{self._path.name}.[0-9]*")}
        for number, part in numbers.items():
            if number >= self._num_parts:
                part.unlink()
        gone = [number for number in range(self._num_parts) if number not in numbers]
        for number in range(self._num_parts):
            if number in numbers and num_rows(numbers[number]) != self._rows_per_part:
                raise LostFile(f"{numbers[number]} is not the part that was written there.")
        if gone and num_rows(self._path) < (gone[-1] + 1) * self._rows_per_part:
            raise LostFile(f"{self._part(gone[-1])} is gone, and {self._path} does not hold it.")

    def _rows_of(self, number: int) -> Any:
        part = self._part(number)
        if part.is_file():
            return pq.read_table(part, schema=self._schema).combine_chunks()
        with pq.ParquetFile(self._path) as joined:
            return joined.read_row_group(number).cast(self._schema).combine_chunks()

    def _write_part(self) -> None:
        part = self._part(self._num_parts)
        pq.write_table(self._table_of(self._waiting), part, compression="zstd")
        synced(part)
        self._num_parts += 1
        self._waiting = []

    def _part(self, number: int) -> Path:
        return self._path.with_name(f".{self._path.name}.{number:06d}")

"""Parquet shards with images inside: `data/train-00000-of-000NN.parquet`, each closed at a size, in row groups the Hub can show.

A closed shard is a checkpoint. Names that tell how many there are can only be given at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from core.errors import BadData
from core.mixture.disk import let_go_of_parquet, num_rows, synced
from core.mixture.gather import Sample

FOLDER = "data"
ROW_GROUP_BYTES = 64 << 20
"""Closed at this size; the Hub's viewer wants less than 100 MB."""

_CHUNK_ROWS = 64


class ParquetShards:
    """Samples as rows of shards; `table_of` makes the rows of some samples."""

    def __init__(
        self,
        folder: Path,
        schema: Any,
        table_of: Callable[[list[Sample]], Any],
        shard_bytes: int,
        state: dict[str, Any] | None,
        *,
        group_rows: int,
    ) -> None:
        self._folder, self._schema, self._table_of, self._shard_bytes = folder / FOLDER, schema, table_of, shard_bytes
        self._group_rows = group_rows
        self._num_shards = state["shards"] if state else 0
        self._writer: Any = None
        self._waiting: list[Sample] = []
        self._waiting_bytes = self._written_bytes = 0
        self._folder.mkdir(exist_ok=True)
        self._clear()

    def write(self, sample: Sample) -> None:
        self._waiting.append(sample)
        self._waiting_bytes += _size(sample)
        if self._waiting_bytes + self._written_bytes >= self._shard_bytes:
            self._close_shard()
        elif self._waiting_bytes >= ROW_GROUP_BYTES or len(self._waiting) == self._group_rows:
            self._write_group()

    def checkpoint(self) -> dict[str, Any] | None:
        return {"shards": self._num_shards} if self._writer is None and not self._waiting else None

    def close(self) -> None:
        if self._waiting or self._writer is not None:
            self._close_shard()
        for number in range(self._num_shards):
            name = f"train-{number:05d}-of-{self._num_shards:05d}.parquet"
            os.replace(self._open_name(number), self._folder / name)
        synced(self._folder)

    def abandon(self) -> None:
        if self._writer is not None:
            let_go_of_parquet(self._writer, self._open_name(self._num_shards))

    def _clear(self) -> None:
        """Take away what stands behind the checkpoint, and the names that were given; LostFile when a shard before it is gone.

        A shard that was begun goes too, before one of its name is opened: whoever still holds it ends it when he is forgotten.
        """
        for path in sorted(self._folder.glob("train-*-of-*.parquet")):  # named by an attempt that was cut short
            os.replace(path, self._open_name(int(path.name.split("-")[1])))
        for path in sorted(self._folder.glob(".train-*")):
            if int(path.name.split("-")[1]) >= self._num_shards:
                path.unlink()
        for number in range(self._num_shards):
            num_rows(self._open_name(number))

    def _write_group(self) -> None:
        if self._writer is None:
            path = self._open_name(self._num_shards)
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", use_dictionary=False)
        self._writer.write_table(self._table_of(self._waiting))
        self._written_bytes += self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0

    def _close_shard(self) -> None:
        if self._waiting:
            self._write_group()
        self._writer.close()
        synced(self._open_name(self._num_shards))
        self._writer, self._written_bytes = None, 0
        self._num_shards += 1

    def _open_name(self, number: int) -> Path:
        return self._folder / f".train-{number:05d}"


def read_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of all shards, in order; BadData when one of those that the names speak of is not there."""
    paths = sorted((folder / FOLDER).glob("train-*-of-*.parquet"))
    expected = [f"train-{number:05d}-of-{len(paths):05d}.parquet" for number in range(len(paths))]
    if [path.name for path in paths] != expected:
        raise BadData(f"{folder / FOLDER} does not hold every shard that its names speak of.", "Export again.")
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_CHUNK_ROWS):
                yield from batch.to_pylist()


def _size(sample: Sample) -> int:
    return sum(len(text) for _, text in sample.turns) + sum(len(image.data or b"") for image in sample.images)

"""LanceDB as the store of record: open, append, merge and read the tables of a workspace.

Third-party errors are turned into ours here, because this is where Lance is owned.
"""

from __future__ import annotations

import errno
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import BadData, DiskFull
from core.store import schemas

_IN_LIST_ROWS = 4096  # ids per IN list: longer ones are split so that the filter's plan stays small
_INDEX_BYTES = 256 << 20  # most that a session of Lance keeps of indices; that of 1M keys takes 16 MB
_METADATA_BYTES = 32 << 20  # and of manifests

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_TEXTS = tuple(f"(os error {number})" for number in sorted(_FULL))
_BROKEN_TEXTS = ("LanceError", "External error", "Not found")


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, a quota or a file is full."""
    return getattr(error, "errno", None) in _FULL or any(text in str(error) for text in _FULL_TEXTS)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn a full disk, quota or file into DiskFull; Lance reports it as OSError or as text in a RuntimeError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        if is_full(error):
            raise DiskFull(
                f"The disk is full while writing {what}.",
                "Free some space and run the same command again; finished work is kept.",
            ) from error
        raise


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn a damaged table into BadData; Lance reports it as OSError or through Arrow."""
    try:
        yield
    except (OSError, RuntimeError, pa.ArrowException) as error:
        if any(text in str(error) for text in _BROKEN_TEXTS):
            raise BadData(
                f"The table {what} of the workspace cannot be read ({str(error).splitlines()[0][:160]}).",
                "Run `winnow check` on the workspace; it says how to mend it.",
            ) from error
        raise


class Store:
    """The Lance tables under `<workspace>/tables`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _connection(self) -> Any:
        import lancedb

        return lancedb.connect(str(self.path))

    @cached_property
    def _session(self) -> Any:
        """What Lance has read of indices and manifests, for every opening of a table: finding 48 of 1M samples costs 6 ms of CPU
        with it and 17 without (measured)."""
        import lance

        return lance.Session(index_cache_size_bytes=_INDEX_BYTES, metadata_cache_size_bytes=_METADATA_BYTES)

    def names(self) -> list[str]:
        """Names of the tables that exist, sorted; read from the folder, so another process's tables show at once."""
        if not self.path.is_dir():
            return []
        found = (entry.name.removesuffix(".lance") for entry in self.path.glob("*.lance"))
        return sorted(name for name in found if self.exists(name))

    def exists(self, name: str) -> bool:
        """Whether a table has a first version: a folder without one is being made now, or its maker was killed, and is no table yet."""
        versions = self.path / f"{name}.lance" / "_versions"
        return any(versions.glob("*.manifest"))

    def open(self, name: str) -> Any:
        """The LanceDB table, made empty from its schema when it is one of the fixed tables and not there yet."""
        if name in schemas.TABLES and not self.exists(name):
            with writing(f"table {name}"):
                return self._connection.create_table(name, schema=schemas.TABLES[name], exist_ok=True)
        return self._connection.open_table(name)

    def dataset(self, name: str, version: int | None = None) -> Any:
        """The Lance dataset of a table at its newest or a given version."""
        import lance

        try:
            return lance.dataset(str(self.path / f"{name}.lance"), version=version, session=self._session)
        except BaseException as error:
            # For some cut manifests Lance panics, and its PanicException is no Exception.
            if not isinstance(error, (OSError, ValueError)) and type(error).__name__ != "PanicException":
                raise
            raise BadData(
                f"The table {name} of the workspace cannot be opened ({str(error).splitlines()[0][:160]}).",
                "Run `winnow check` on the workspace; it says how to mend it.",
            ) from error

    def versions(self) -> dict[str, int]:
        """Table name to newest version, without opening data files."""
        return {name: self.dataset(name).version for name in self.names()}

    def tag(self, name: str, tag: str, version: int) -> None:
        """Name a version, so that no clean-up removes it; the same name twice is one."""
        try:
            tags = self.dataset(name, version).tags
            if tag not in tags.list():
                tags.create(tag, version)
        except ValueError:
            if tag not in self.dataset(name).tags.list():  # else another process named it in between
                raise

    def count(self, name: str) -> int:
        return int(self.dataset(name).count_rows()) if self.exists(name) else 0

    def append(self, name: str, rows: pa.Table) -> None:
        """Append rows that are known to be new."""
        if rows.num_rows:
            table = self.open(name)
            with writing(f"table {name}"):
                table.add(rows)

    def merge(self, name: str, rows: pa.Table, key: str) -> None:
        """Insert rows, replacing those with the same key."""
        if rows.num_rows:
            table = self.open(name)
            with writing(f"table {name}"):
                table.merge_insert(key).when_matched_update_all().when_not_matched_insert_all().execute(rows)

    def delete(self, name: str, condition: str) -> None:
        """Delete the rows that meet a condition; no version is made when there are none."""
        if self.exists(name) and self.dataset(name).count_rows(condition):
            with writing(f"table {name}"):
                self.open(name).delete(condition)

    def create(self, name: str, rows: pa.Table, *, replace: bool = False) -> None:
        """Make a table from rows, its schema theirs; `replace` makes a new version of an existing one."""
        with writing(f"table {name}"):
            self._connection.create_table(
                name, data=rows, schema=rows.schema, mode="overwrite" if replace else "create"
            )

    def read(self, name: str, columns: Sequence[str] | None = None, version: int | None = None) -> pa.Table:
        """The whole table in memory (fixed tables that do not exist yet are empty)."""
        if not self.exists(name) and name in schemas.TABLES:
            empty = schemas.TABLES[name].empty_table()
            return empty.select(list(columns)) if columns is not None else empty
        with reading(name):
            return self.dataset(name, version).to_table(columns=list(columns) if columns is not None else None)

    def scan(self, name: str, columns: Sequence[str] | None = None, batch_rows: int = 1024) -> Iterator[pa.RecordBatch]:
        """The table in batches, in row order, in bounded memory."""
        if self.exists(name):
            scanner = self.dataset(name).scanner(
                columns=list(columns) if columns is not None else None, batch_size=batch_rows, scan_in_order=True
            )
            batches = iter(scanner.to_batches())
            while True:
                with reading(name):
                    batch = next(batches, None)
                if batch is None:
                    return
                yield batch

    def samples(self, sample_ids: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """Samples by id, in the order given; ids that do not exist are left out."""
        return self._by_key("samples", "sample_id", [int(value) for value in sample_ids], columns)

    def images(self, image_keys: Sequence[str], columns: Sequence[str] | None = None) -> pa.Table:
        """Images by key, in the order given; keys that do not exist are left out."""
        return self._by_key("images", "image_key", list(image_keys), columns)

    def _by_key(self, name: str, key: str, values: Sequence[Any], columns: Sequence[str] | None) -> pa.Table:
        wanted = list(columns) if columns is not None else list(schemas.TABLES[name].names)
        read = wanted if key in wanted else [key, *wanted]
        if not values or not self.exists(name):
            return schemas.TABLES[name].empty_table().select(wanted)
        dataset = self.dataset(name)
        parts = []
        for start in range(0, len(values), _IN_LIST_ROWS):
            literals = ",".join(repr(value) for value in values[start : start + _IN_LIST_ROWS])
            with reading(name):
                parts.append(dataset.to_table(columns=read, filter=f"{key} IN ({literals})"))
        found = pa.concat_tables(parts)
        place = {value: index for index, value in enumerate(found[key].to_pylist())}
        rows = [place[value] for value in values if value in place]
        return found.take(pa.array(rows, pa.int64())).select(wanted)

    def search(self, text: str, limit: int | None = None) -> NDArray[np.uint64]:
        """[K] ids of samples whose turns contain the words of `text`, best match first (full-text index, icu tokenizer).

        All of them, or the first `limit`.
        """
        if not text.strip() or not self.exists("samples"):
            return np.empty(0, np.uint64)
        wanted = text.strip()
        limit = self.dataset("samples").count_rows() if limit is None else limit
        if len(wanted) == 1 and unicodedata.name(wanted, "").startswith("CJK UNIFIED"):
            # icu splits into words, and a single character is often only part of one: read the texts themselves.
            found = self.dataset("samples").to_table(
                columns=["sample_id"], filter=f"text LIKE '%{wanted}%'", limit=limit
            )
            return np.asarray(found["sample_id"].to_numpy(), dtype=np.uint64)
        table = self.open("samples")
        from lancedb.query import MatchQuery

        query = MatchQuery(text, "text", operator="AND")
        found = table.search(query, query_type="fts").limit(limit).select(["sample_id", "_score"]).to_arrow()
        return np.asarray(found["sample_id"].to_numpy(), dtype=np.uint64)

    def nearest(self, table: str, vector: Sequence[float], limit: int) -> list[tuple[int, float]]:
        """(sample_id, cosine similarity) of the nearest vectors of an embedding table, best first."""
        query = self.open(table).search(list(vector), vector_column_name="vector").distance_type("cosine")
        found = query.limit(limit).select(["sample_id", "_distance"]).to_arrow()
        return [
            (int(key), 1.0 - float(distance))
            for key, distance in zip(found["sample_id"].to_pylist(), found["_distance"].to_pylist(), strict=True)
        ]

    def index_text(self) -> None:
        """Build or refresh the full-text index; icu splits Chinese words that the default tokenizer joins.

        Stop words stay in: with their removal Lance also drops words such as cat, dog and 7 (measured with 0.40).
        """
        from lancedb.index import FTS

        table = self.open("samples")
        if not table.count_rows():
            return
        with writing("the full-text index"):
            if any(index.name == "text_idx" for index in table.list_indices()):
                table.optimize()
            else:
                table.create_index(
                    "text", config=FTS(base_tokenizer="icu", remove_stop_words=False, with_position=False), replace=True
                )

    def index_keys(self, smallest_rows: int = 50_000) -> None:
        """Index the keys of large tables, so that one page of samples does not read a whole key column."""
        from lancedb.index import BTree

        for name, key in (("samples", "sample_id"), ("images", "image_key")):
            if self.count(name) < smallest_rows:
                continue
            table = self.open(name)
            with writing(f"the index of {name}"):
                if any(index.name == f"{key}_idx" for index in table.list_indices()):
                    table.optimize()
                else:
                    table.create_index(key, config=BTree(), replace=True)

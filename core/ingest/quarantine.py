"""The quarantine table: records and replies set aside, each with file, row, reason and what was read.

A row goes away when its file is read again as a whole and it is not found again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa

from core.ingest.reasons import Rejected
from core.store import Store, schemas

_RAW_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One record set aside; `reason` is a key of REASONS."""

    source: str
    file: Path
    row: int
    reason: str
    detail: str
    raw: str

    @classmethod
    def of(cls, rejected: Rejected, source: str, file: Path, row: int, raw: str) -> Quarantined:
        return cls(source, file, row, rejected.reason, rejected.detail, raw)


def write(store: Store, rows: Sequence[Quarantined], reading: str) -> None:
    """Put rows into the table; `reading` names the reading that found them."""
    records = [
        {
            "quarantine_id": _id(row),
            "source": row.source,
            "file": path_text(row.file),
            "row": row.row,
            "reason": row.reason,
            "detail": row.detail,
            "raw": row.raw[:_RAW_CHARS].encode("utf-8", "backslashreplace").decode("utf-8"),
            "ingest": reading,
        }
        for row in rows
    ]
    store.merge("quarantine", pa.Table.from_pylist(records, schema=schemas.QUARANTINE), "quarantine_id")


def _id(row: Quarantined) -> str:
    key = json.dumps([row.source, path_text(row.file), row.row, row.reason])
    return blake2b(key.encode("utf-8"), digest_size=16).hexdigest()


def forget(store: Store, files: Iterable[Path], reading: str) -> None:
    """Drop the rows of these files that this reading did not find again."""
    for file in files:
        literal = path_text(file).replace("'", "''")
        store.delete("quarantine", f"file = '{literal}' AND ingest <> '{reading}'")


def path_text(path: Path) -> str:
    """A path as text that any table can hold; names that are no text keep their bytes as escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")

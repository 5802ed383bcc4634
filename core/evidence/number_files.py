"""The rows of a file of numbers, whatever its format: CSV, TSV, JSONL, a JSON list or object, Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadData, BadInput
from core.ingest.reader import LINES, LIST, read_records

KEYS = ("sample_id", "id")
"""Id columns, the first that is there counts."""

FORMATS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
_RAW_CHARS = 2000
_BATCH_ROWS = 1 << 14


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One row: column to value as the file has it; `place` is where people find it, `fault` why it could not be read."""

    number: int
    value: dict[str, Any]
    raw: str
    place: str
    fault: str = ""


def read_rows(path: Path, name: str = "") -> Iterator[NumberRow]:
    """The rows of a file in order; `name` is the column of a file that does not name its numbers, default its stem."""
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise BadInput(f"{path.name} is no file of numbers.", f"Give a file ending in {', '.join(FORMATS)}.")
    if kind in (".csv", ".tsv"):
        return _separated(path, "," if kind == ".csv" else "\t")
    if kind == ".parquet":
        return _parquet(path)
    return _json(path, name or path.stem)


def _separated(path: Path, separator: str) -> Iterator[NumberRow]:
    with path.open("r", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        try:
            header = [column.strip() for column in next(reader, [])]
            twice = next((column for column in header if header.count(column) > 1), None)
            if twice is not None:
                raise BadData(f"{path} has two columns {twice!r}.", "Give each column a name of its own.")
            for number, cells in enumerate(reader):
                if not cells:
                    continue
                raw = separator.join(cells)[:_RAW_CHARS]
                fault = "" if len(cells) == len(header) else f"{len(cells)} cells under {len(header)} columns"
                yield NumberRow(number, dict(zip(header, cells, strict=False)), raw, f"line {reader.line_num}", fault)
        except csv.Error as error:
            raise BadData(f"{path} cannot be read at line {reader.line_num} ({error}).", "Mend the file.") from error


def _parquet(path: Path) -> Iterator[NumberRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(_BATCH_ROWS):
                for value in batch.to_pylist():
                    yield NumberRow(number, value, str(value)[:_RAW_CHARS], f"row {number + 1}")
                    number += 1
    except (pa.ArrowException, OSError) as error:
        raise BadData(
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0][:160]}).", "Write the file again."
        ) from error


def _json(path: Path, name: str) -> Iterator[NumberRow]:
    """JSON lines, a list of objects, an object of id to number, or ScalSelect's {"sample_scores": [{sample_id, score}]}."""
    with path.open("rb") as file:
        head = file.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    if path.suffix.lower() == ".json" and head.startswith(b"{") and not _is_lines(head):
        yield from _object(path, name)
        return
    for record in read_records(path, LIST if head.startswith(b"[") else LINES):
        value, fault = record.value, record.fault or ""
        if not isinstance(value, dict):
            value, fault = {}, fault or "not a JSON object"
        yield NumberRow(record.row, value, record.raw[:_RAW_CHARS], f"row {record.row + 1}", fault)


def _is_lines(head: bytes) -> bool:
    """Whether the first line is an object by itself, with another one after it."""
    first, _, rest = head.partition(b"\n")
    try:
        return isinstance(json.loads(first), dict) and rest.lstrip().startswith(b"{")
    except (ValueError, RecursionError):
        return False


def _object(path: Path, name: str) -> Iterator[NumberRow]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8-sig", errors="backslashreplace"))
    except (ValueError, RecursionError) as error:
        raise BadData(f"{path} is no JSON ({error}).", "Give one object, a list, or one object per line.") from error
    listed = whole.get("sample_scores")
    if isinstance(listed, list):
        pairs = [(one.get("sample_id"), one.get("score")) if isinstance(one, dict) else (None, None) for one in listed]
    elif len(whole) and not any(key in whole for key in KEYS):
        pairs = list(whole.items())
    else:
        pairs = []
        yield NumberRow(0, whole, str(whole)[:_RAW_CHARS], "row 1")
    for number, (key, value) in enumerate(pairs):
        yield NumberRow(
            number, {"id": key, name: value}, f"{key}: {value}"[:_RAW_CHARS], f"entry {number + 1}, id {key!r:.80}"
        )

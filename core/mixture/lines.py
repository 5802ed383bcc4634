"""JSON rows written one a line, as JSONL or as a list: the data files of most targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from core.errors import BadData
from core.mixture.disk import ended, flushed, let_go, opened
from core.mixture.gather import Sample


class LinesWriter:
    """A row of JSON for each sample; `listed` wraps them into one JSON list, a row a line all the same.

    A checkpoint is a length of the file: going on cuts off what stands behind it.
    """

    def __init__(
        self,
        path: Path,
        row_of: Callable[[Sample], dict[str, Any]],
        state: dict[str, Any] | None,
        *,
        listed: bool = False,
    ) -> None:
        self._row_of, self._listed = row_of, listed
        self._file = opened(path, state["bytes"] if state else None)
        self._num_rows = state["rows"] if state else 0
        if listed and not state:
            self._file.write(b"[")

    def write(self, sample: Sample) -> None:
        row = orjson.dumps(self._row_of(sample))
        if self._listed:
            self._file.write((b",\n" if self._num_rows else b"\n") + row)
        else:
            self._file.write(row + b"\n")
        self._num_rows += 1

    def checkpoint(self) -> dict[str, Any]:
        return {"bytes": flushed(self._file), "rows": self._num_rows}

    def close(self) -> None:
        if self._listed:
            self._file.write(b"\n]\n")
        ended(self._file)

    def abandon(self) -> None:
        let_go(self._file)


def name_of(sample: Sample) -> str:
    """A sample's source and id as one text, SOURCE/ID; a stroke in the source is written %2F, a percent sign %25.

    Readers that take the type of a column from its first rows see dates in ids such as 2024-01-01, and stop at the first that is
    none; what has a stroke like this is a text to all of them.
    """
    source = sample.source.replace("%", "%25").replace("/", "%2F")
    return f"{source}/{sample.original_id}"


def named(text: str) -> tuple[str, str]:
    """`name_of` the other way round: source and id."""
    source, _, original_id = text.partition("/")
    return source.replace("%2F", "/").replace("%25", "%"), original_id


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield _row(path, number, line)


def read_list(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSON list that has one a line, as `LinesWriter` writes it, without holding the whole list."""
    with path.open("rb") as file:
        if file.readline() != b"[\n":
            raise BadData(f"{path} does not start as a JSON list.", "Export again.")
        for number, line in enumerate(file, 2):
            if line == b"]\n":
                return
            yield _row(path, number, line.removesuffix(b"\n").removesuffix(b","))
    raise BadData(f"{path} ends before its list does.", "Check the disk and export again.")


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadData(f"Line {number:,} of {path} is no JSON ({error.msg}).", "Export again.") from error
    if not isinstance(row, dict):
        raise BadData(f"Line {number:,} of {path} is no JSON object.", "Export again.")
    return row

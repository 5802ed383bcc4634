"""Records out of JSON lists and JSON lines, one at a time, in bounded memory.

A list is read through the standard decoder in chunks and gives line and column for a syntax error; a bad line of a JSON lines
file is a record with a fault. Bytes that are not UTF-8 become lone surrogates, so that only the records that hold them suffer.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from core.errors import BadData

LIST, LINES = "llava-json", "llava-jsonl"
CHUNK_CHARS = 1 << 20
_LONGEST_RECORD_CHARS = 1 << 28
_LOOKAHEAD_CHARS = 16  # the decoder never looks further ahead than a literal, an escape or a number's exponent
_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it stands in the file; `fault` says why it could not be decoded."""

    row: int
    value: object
    raw: str
    fault: str | None = None


def sniff(path: Path) -> str:
    """LIST or LINES, by the first character and, for a .json file of objects, by its first line."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise BadData(f"{path} is UTF-16 text.", "Convert it to UTF-8.")
        text = head.removeprefix(codecs.BOM_UTF8).lstrip()
        if text.startswith(b"[") or (not text and path.suffix.lower() == ".json"):
            return LIST
        if path.suffix.lower() == ".json":
            file.seek(0)
            first = file.readline().removeprefix(codecs.BOM_UTF8).strip()
            try:
                value = json.loads(first.decode("utf-8", "surrogateescape"))
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                raise BadData(
                    f"{path} is neither a JSON list of records nor one JSON object per line.",
                    "Give a list, or one object per line.",
                )
    return LINES


def read_records(path: Path, layout: str) -> Iterator[RawRecord]:
    """The records of a file in order; BadData with line and column for a list with a syntax error."""
    if layout == LINES:
        yield from _read_lines(path)
        return
    with path.open("r", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from read_list(file, str(path))


def _read_lines(path: Path) -> Iterator[RawRecord]:
    row = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.decode("utf-8", "surrogateescape")
            text = (text.removeprefix("\ufeff") if number == 1 else text).rstrip(" \t\r\n")
            if not text:
                continue
            try:
                yield RawRecord(row, json.loads(text), text)
            except json.JSONDecodeError as error:
                yield RawRecord(row, None, text, f"line {number} column {error.colno}: {error.msg}")
            except (ValueError, RecursionError) as error:  # a number of thousands of digits, nesting without end
                yield RawRecord(row, None, text, f"line {number}: {error}")
            row += 1


class _Window:
    """The part of a text that is in memory, and where it stands in the whole."""

    def __init__(self, file: TextIO, name: str, chunk_chars: int) -> None:
        self.file, self.name, self.chunk_chars = file, name, chunk_chars
        self.text = ""
        self.at = 0
        self.ended = False
        self._lines_before = 0
        self._chars_before = 0  # in the line that the window starts in

    def more(self) -> bool:
        """Drop what was read and read on, at least as much as is kept; at the end of the file nothing moves and it says False."""
        if self.ended:
            return False
        kept = len(self.text) - self.at
        if kept > _LONGEST_RECORD_CHARS:
            raise self.error("A record without end", self.at)
        added = self.file.read(max(self.chunk_chars, kept))
        if not added:
            self.ended = True
            return False
        newlines = self.text.count("\n", 0, self.at)
        if newlines:
            self._lines_before += newlines
            self._chars_before = self.at - self.text.rindex("\n", 0, self.at) - 1
        else:
            self._chars_before += self.at
        self.text, self.at = self.text[self.at :] + added, 0
        return True

    def skip_blank(self) -> str:
        """Go to the next character that is not blank and give it; empty at the end."""
        while True:
            self.at = _BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def error(self, message: str, at: int) -> BadData:
        newlines = self.text.count("\n", 0, at)
        line = self._lines_before + newlines + 1
        column = at - self.text.rindex("\n", 0, at) if newlines else self._chars_before + at + 1
        return BadData(
            f"{self.name} is not valid JSON at line {line} column {column} ({message}).",
            "Mend it there and ingest it again; nothing was taken from it.",
        )


def read_list(file: TextIO, name: str, chunk_chars: int = CHUNK_CHARS) -> Iterator[RawRecord]:
    """The elements of a JSON list. Memory: one chunk, or twice the longest record."""
    window = _Window(file, name, chunk_chars)
    if window.skip_blank() != "[":
        raise window.error("Expecting '['", window.at)
    window.at += 1
    row = 0
    closed = window.skip_blank() == "]"
    while not closed:
        window.skip_blank()
        value, end = _decode(window)
        yield RawRecord(row, value, window.text[window.at : end])
        row += 1
        window.at = end
        mark = window.skip_blank()
        if mark not in (",", "]"):
            raise window.error("Expecting ',' delimiter", window.at)
        closed = mark == "]"
        window.at += not closed
    window.at += 1
    if window.skip_blank():
        raise window.error("Extra data", window.at)


def _decode(window: _Window) -> tuple[object, int]:
    """The value at the window's place and where it ends; reads on while the value may only be cut off by the window."""
    while True:
        try:
            value, end = _DECODER.raw_decode(window.text, window.at)
        except json.JSONDecodeError as error:
            cut_off = error.msg.startswith("Unterminated string") or len(window.text) - error.pos <= _LOOKAHEAD_CHARS
            if cut_off and window.more():
                continue
            raise window.error(error.msg, error.pos) from None
        except (ValueError, RecursionError) as error:
            raise window.error(str(error), window.at) from None
        # A number at the end of the window may go on in the next chunk: 1 | 2, 1. | 5, 1e | 5.
        if len(window.text) - end <= _LOOKAHEAD_CHARS and isinstance(value, int | float) and window.more():
            continue
        return value, end

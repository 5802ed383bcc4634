"""The reader of lists gives what json.load gives, at any chunk size, and names the same place for a syntax error."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import BadData
from core.ingest.reader import LINES, LIST, read_list, read_records, sniff

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def read_all(text: str, chunk_chars: int) -> list[Any]:
    return [record.value for record in read_list(io.StringIO(text, newline=""), "f", chunk_chars)]


def outcome(read: Callable[[], Any]) -> Any:
    """What a reader gives, or (line, column) of the error it raises."""
    try:
        return read()
    except json.JSONDecodeError as error:
        return error.lineno, error.colno
    except BadData as error:
        place = re.search(r"line (\d+) column (\d+)", error.problem)
        return (int(place[1]), int(place[2])) if place else None


@settings(max_examples=300)
@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.booleans(), st.sampled_from([None, 0, 3]))
@example([1.5e10, -2, 10**30, [True], "\U0001f600\\u", None], 1, True, None)
def test_a_list_reads_as_json_load_reads_it(
    values: list[Any], chunk: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(values, ensure_ascii=ascii_only, indent=indent)
    assert read_all(text, chunk) == json.loads(text)


@settings(max_examples=200)
@given(st.lists(VALUES, min_size=1, max_size=4), st.integers(1, 40))
def test_each_record_keeps_the_text_it_was_read_from(values: list[Any], chunk: int) -> None:
    text = json.dumps(values, indent=1)
    for row, record in enumerate(read_list(io.StringIO(text), "f", chunk)):
        assert record.row == row
        assert json.loads(record.raw) == record.value


@settings(max_examples=500)
@given(st.data())
def test_a_syntax_error_is_found_where_json_load_finds_it(data: st.DataObject) -> None:
    text = json.dumps(data.draw(st.lists(VALUES, min_size=1, max_size=4)), indent=data.draw(st.sampled_from([None, 1])))
    start = data.draw(st.integers(1, len(text)))
    broken = text[:start] + data.draw(st.sampled_from(["", "x", '"', ",", "]", "}", "\n\\", "\x01", "1e", "-"]))
    broken += text[start + data.draw(st.integers(0, 3)) :] if data.draw(st.booleans()) else ""
    chunk = data.draw(st.integers(1, 40))
    expected = outcome(lambda: json.loads(broken))
    assert outcome(lambda: read_all(broken, chunk)) == expected


def test_an_error_late_in_a_large_file_costs_no_more_memory_than_a_chunk() -> None:
    class Counted(io.StringIO):
        most = 0

        def read(self, size: int | None = -1) -> str:
            assert size is not None
            Counted.most = max(Counted.most, size)
            return super().read(size)

    entry = json.dumps({"id": 1, "text": "x" * 90})
    text = "[" + ",\n".join([entry] * 5000 + ["{]"] + [entry] * 5000) + "]"
    with pytest.raises(BadData, match="line 5001 column 2 "):
        list(read_list(Counted(text), "f", 1000))
    assert Counted.most < 2500


@pytest.mark.parametrize("text", ["", "  \n", '{"a": 1}', "[1] 2", "[1,,2]", "[1 2]", "[", "[1", "nope"])
def test_what_is_no_list_is_an_error(text: str) -> None:
    with pytest.raises(BadData, match="not valid JSON at line"):
        read_all(text, 3)


@pytest.mark.parametrize("nested", ["[" * 200_000, "[" + "9" * 5000 + "]"])
def test_nesting_without_end_and_endless_numbers_are_errors_with_a_line(nested: str) -> None:
    with pytest.raises(BadData, match="line 1 column"):
        read_all(nested, 1000)


def test_a_bad_line_is_one_record_with_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1}\r\n\n  {"id": 2,}\n{"id": "\xe9"}\n[3]\n' + b"9" * 5000 + b"\n{}")
    records = list(read_records(path, LINES))
    assert [record.row for record in records] == [0, 1, 2, 3, 4, 5]
    assert [record.value for record in records] == [{"id": 1}, None, {"id": "\udce9"}, [3], None, {}]
    assert records[1].fault is not None
    assert records[1].fault.startswith("line 3 column 12")
    assert records[4].fault is not None
    assert records[4].fault.startswith("line 6:")


def test_a_byte_order_mark_does_not_shift_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf[{"id": 1}, ]')
    with pytest.raises(BadData, match="line 1 column 13 "):
        list(read_records(path, LIST))


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("a.json", b" [1]", LIST),
        ("a.json", b'\xef\xbb\xbf[{"id": 1}]', LIST),
        ("a.jsonl", b'[{"id": 1}]', LIST),
        ("a.json", b'{"id": 1}\n{"id": 2}\n', LINES),
        ("a.jsonl", b'{"id": 1}\n', LINES),
        ("a.jsonl", b"", LINES),
        ("a.json", b"", LIST),
    ],
)
def test_the_layout_is_told_by_the_content(tmp_path: Path, name: str, content: bytes, layout: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert sniff(tmp_path / name) == layout


@pytest.mark.parametrize("content", [b'{\n "a": [1]\n}', b"id,image\n1,2\n", "[1]".encode("utf-16")])
def test_a_json_file_that_is_neither_layout_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(BadData, match=r"neither|UTF-16"):
        sniff(tmp_path / "a.json")

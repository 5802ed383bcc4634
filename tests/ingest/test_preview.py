"""The preview shows what an ingest would take, with the same reasons, and writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadData
from core.ingest import IngestSettings, preview
from tests.ingest.making import data_set, record, text_only


def test_the_preview_shows_files_root_mapping_and_records(tmp_path: Path) -> None:
    rows = [record(0, idx=3), record(1), text_only(2, id=None, kind="sum"), {"id": 4}]
    path = data_set(tmp_path, rows, num_pictures=1)
    data_set(tmp_path, [text_only(9)], "z.jsonl")
    before = sorted(tmp_path.rglob("*"))
    shown = preview(IngestSettings(paths=(tmp_path,)))
    assert sorted(tmp_path.rglob("*")) == before
    assert [(file.path, file.layout, file.source) for file in shown.files] == [
        (str(path), "llava-json", "shop"),
        (str(tmp_path / "z.jsonl"), "llava-jsonl", "z"),
    ]
    assert shown.image_root == str(tmp_path)
    assert shown.mapping == {
        "id": "original id", "image": "images", "conversations": "turns", "idx": "kept as it is", "kind": "kept as it is",
    }  # fmt: skip
    assert [(entry.original_id, entry.reason) for entry in shown.records] == [
        ("r0", ""),
        ("r1", "image_missing"),
        ("shop.json:2", ""),
        ("4", "no_conversation"),
    ]
    assert shown.records[0].images == [str(tmp_path / "images" / "0.png")]
    assert shown.records[0].turns[1] == ("gpt", "Colour 0.")


def test_the_preview_says_which_field_names_the_source(tmp_path: Path) -> None:
    path = data_set(tmp_path, [text_only(0, image_source="x"), text_only(1)])
    shown = preview(IngestSettings(paths=(path,), source_from="image_source"), num_records=2)
    assert [(entry.source, entry.reason) for entry in shown.records] == [("x", ""), ("", "bad_source")]
    assert shown.mapping["image_source"] == "source, and kept as it is"


def test_the_preview_of_a_broken_list_says_where(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"id": 1},\n oops]', encoding="utf-8")
    with pytest.raises(BadData, match="line 2 column 2"):
        preview(IngestSettings(paths=(tmp_path,)))

"""A workspace: made where nothing is, never guessed at when newer, its state named by a digest that can be pinned."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import BadInput, NewerFormat
from core.store import schemas
from core.workspace import FORMAT, Workspace, write_json


def test_a_workspace_is_made_opened_and_made_only_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ws"
    made = Workspace.create(path, "My data")
    opened = Workspace.open(path)
    assert (opened.name, opened.path, opened.created_at) == ("My data", path.resolve(), made.created_at)
    assert json.loads((path / "workspace.json").read_text())["format"] == FORMAT
    with pytest.raises(BadInput, match="already"):
        Workspace.create(path)
    assert Workspace.open_or_create(path).name == "My data"
    assert Workspace.open_or_create(tmp_path / "other").name == "other"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("dear", encoding="utf-8")
    for path in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(BadInput, match="not empty"):
            Workspace.create(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_no_workspace_is_refused_with_a_remedy(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadInput, match="not a Winnow workspace") as caught:
            Workspace.open(path)
        assert "winnow ingest" in caught.value.fix


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "x"}', '{"format": 1}', "null"])
def test_a_damaged_record_is_said_and_not_overwritten(tmp_path: Path, content: str) -> None:
    Workspace.create(tmp_path / "ws")
    (tmp_path / "ws" / "workspace.json").write_text(content, encoding="utf-8")
    for opening in (Workspace.open, Workspace.open_or_create):
        with pytest.raises(BadInput, match="cannot be read"):
            opening(tmp_path / "ws")
    assert (tmp_path / "ws" / "workspace.json").read_text() == content


def test_a_newer_format_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    Workspace.create(path)
    write_json(path / "workspace.json", {"format": FORMAT + 1, "name": "n", "created_at": "c", "news": 1})
    before = {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")}
    for opening in (Workspace.open, Workspace.open_or_create):
        with pytest.raises(NewerFormat, match=f"format {FORMAT + 1}"):
            opening(path)
    assert {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")} == before


def rows(numbers: range) -> pa.Table:
    return pa.Table.from_pylist([{"image_key": f"{number:032x}"} for number in numbers], schema=schemas.IMAGES)


def test_a_snapshot_names_the_state_and_can_be_pinned(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    empty = workspace.snapshot()
    workspace.store.append("images", rows(range(3)))
    first = workspace.pin_snapshot()
    assert first == workspace.pin_snapshot() == workspace.snapshot() != empty
    workspace.store.append("images", rows(range(3, 5)))
    assert workspace.snapshot() != first
    versions = workspace.pinned(first)
    assert versions is not None
    assert workspace.store.read("images", version=versions["images"]).num_rows == 3
    assert workspace.pinned("0" * 32) is None


def test_a_pinned_version_survives_a_clean_up_of_old_ones(tmp_path: Path) -> None:
    from datetime import timedelta

    workspace = Workspace.create(tmp_path / "ws")
    workspace.store.append("images", rows(range(3)))
    versions = workspace.pinned(workspace.pin_snapshot())
    workspace.store.append("images", rows(range(3, 5)))
    workspace.store.delete("images", "true")
    workspace.store.dataset("images").cleanup_old_versions(older_than=timedelta(0), error_if_tagged_old_versions=False)
    assert versions is not None
    assert workspace.store.read("images", version=versions["images"]).num_rows == 3


def test_readers_of_a_json_file_see_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": "\u00e9"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "\u00e9"}
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "\u00e9"}


def test_making_that_was_interrupted_can_be_repeated(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    (path / "tables").mkdir(parents=True)
    (path / ".workspace.json.12.34.tmp").write_text('{"for')
    assert Workspace.open_or_create(path).versions() == {}
    (tmp_path / "other" / "tables").mkdir(parents=True)
    (tmp_path / "other" / "tables" / "mine.txt").write_text("dear")
    with pytest.raises(BadInput, match="not empty"):
        Workspace.open_or_create(tmp_path / "other")


@pytest.mark.parametrize("path", ["~nobody-of-this-name/ws", "x" * 300])
def test_a_path_that_can_be_no_folder_is_a_mistake(path: str) -> None:
    for opening in (Workspace.open, Workspace.create, Workspace.open_or_create):
        with pytest.raises(BadInput):
            opening(Path(path))


def test_versions_that_were_looked_at_can_be_pinned_after_the_tables_moved_on(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    workspace.store.append("images", rows(range(3)))
    seen, digest = workspace.versions(), workspace.snapshot()
    workspace.store.append("images", rows(range(3, 5)))
    assert workspace.pin_snapshot(seen) == digest != workspace.snapshot()
    assert workspace.pinned(digest) == seen

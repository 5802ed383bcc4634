"""`winnow verify` on manifests that were edited or broken, and on folders with what no export holds."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadData
from core.lens import Lens
from core.mixture.export import export
from core.mixture.manifest import digest_in
from core.mixture.mixture import resolve
from core.mixture.verify import verify
from tests.mixture.conftest import two_stages

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def sound(lens: Lens, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "out"
    export(resolve(two_stages(), lens), lens, "llava", folder)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "x")


def edit(folder: Path, change: Edit, *, sealed: bool) -> None:
    """Change the manifest; `sealed` gives it a digest of itself again, as somebody would who knows of it."""
    path = folder / "manifest.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    if sealed:
        record["digest"] = digest_in(record)
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def told(folder: Path) -> list[str]:
    """What differs, or that the manifest is none; anything else that is raised is a fault."""
    try:
        return [one.what for one in verify(folder).differences]
    except BadData as error:
        return [error.problem] if "manifest.json" in error.problem else []


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where single values stand in a manifest."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [each for key, one in inner for each in paths_in(one, (*path, key))]
    return found or [path]


def at(record: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    for key in path[:-1]:
        record = record[key]
    return record, path[-1]


def test_an_untouched_export_is_sound(folder: Path) -> None:
    assert verify(folder).ok


def test_no_value_of_a_manifest_changes_unnoticed(folder: Path) -> None:
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    places = paths_in(json.loads(text))
    assert len(places) > 80
    for path in places[:: max(len(places) // 60, 1)]:

        def change(record: dict[str, Any], path: tuple[Any, ...] = path) -> None:
            holder, key = at(record, path)
            value = holder[key]
            holder[key] = (
                (not value) if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"
            )

        edit(folder, change, sealed=False)
        assert told(folder), path
        (folder / "manifest.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["recipe"]["stages"][0].update(tokens_per_step=999_999),
        lambda record: record.update(num_rows=record["num_rows"] + 1),
        lambda record: record.update(num_samples=record["num_samples"] - 1),
        lambda record: record["counts"]["after"]["source"].update(shapes=1),
        lambda record: record["sources"][0].update(licence="MIT"),
        lambda record: record.update(ids_sha256="0" * 64),
        lambda record: record["image_checks"].update(num_bytes=1),
    ],
)
def test_what_follows_from_the_data_is_compared_even_where_the_digest_was_made_to_fit(
    folder: Path, change: Edit
) -> None:
    edit(folder, change, sealed=True)
    assert not verify(folder).ok


@pytest.mark.parametrize("key", ["files", "num_rows", "round_trip", "counts", "recipe", "sources", "image_checks"])
@pytest.mark.parametrize("value", [None, [], "x", 3, {"a": [1]}])
def test_a_broken_manifest_is_told_in_words(folder: Path, key: str, value: Any) -> None:
    edit(folder, lambda record: record.pop(key) if value is None else record.update({key: value}), sealed=True)
    assert told(folder)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["/dev/zero", "/etc/hostname", "../x/README.md", "images/../README.md"])
def test_paths_that_lead_out_of_the_folder_are_not_followed(folder: Path, name: str) -> None:
    fact = {"sha256": "0" * 64, "size_bytes": 1}
    edit(folder, lambda record: record["files"].update({name: fact}), sealed=True)
    with pytest.raises(BadData):
        verify(folder)


def test_links_and_empty_folders_that_no_export_has_are_differences(folder: Path, tmp_path: Path) -> None:
    (folder / "more").mkdir()
    (folder / "link").symlink_to("/etc")
    assert {"more", "link"} <= {one.what for one in verify(folder).differences}
    (folder / "more").rmdir()
    (folder / "link").unlink()
    image = next(path for path in sorted((folder / "images").rglob("*")) if path.is_file())
    shutil.move(image, tmp_path / "elsewhere")
    image.symlink_to(tmp_path / "elsewhere")
    assert image.relative_to(folder).as_posix() in {one.what for one in verify(folder).differences}


@pytest.mark.timeout(20)
def test_a_pipe_in_the_place_of_a_file_is_a_difference(folder: Path) -> None:
    (folder / "README.md").unlink()
    os.mkfifo(folder / "README.md")
    assert "README.md" in {one.what for one in verify(folder).differences}


def test_a_journal_that_was_left_at_the_very_end_is_no_difference(folder: Path) -> None:
    (folder / ".journal.jsonl").write_text("{}\n")
    assert verify(folder).ok

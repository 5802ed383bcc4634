"""`winnow verify` against exports that were left alone, moved, damaged, added to or emptied."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from core.errors import BadData, BadInput
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.targets import TARGETS
from core.mixture.verify import verify
from studio.cli import EXPORT_TARGETS
from tests.mixture import conftest
from tests.mixture.conftest import two_stages


@pytest.mark.parametrize("target", TARGETS)
def test_an_export_is_as_its_manifest_says_wherever_it_was_moved(
    folders: dict[str, Path], tmp_path: Path, target: str
) -> None:
    moved = shutil.copytree(folders[target], tmp_path / "elsewhere" / "x")
    found = verify(moved)
    assert found.ok, found.differences
    assert found.num_files == sum(path.is_file() for path in moved.rglob("*")) - 1
    assert found.num_rows == json.loads((moved / "manifest.json").read_text())["num_rows"]


def spoil_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


Damage = Callable[[Path], None]
ANY_IMAGE = "images/shapes"


def an_image(folder: Path) -> Path:
    return sorted((folder / ANY_IMAGE).iterdir())[3]


@pytest.mark.parametrize(
    ("damage", "what", "says"),
    [
        (lambda at: spoil_byte(an_image(at)), ANY_IMAGE, "content has changed"),
        (lambda at: an_image(at).unlink(), ANY_IMAGE, "missing"),
        (lambda at: (at / "more.txt").write_text("x"), "more.txt", "not in the manifest"),
        (lambda at: (at / "README.md").write_text("short"), "README.md", "5 bytes instead of"),
        (lambda at: spoil_byte(at / "SHA256SUMS"), "SHA256SUMS", "content has changed"),
        (lambda at: (at / "SHA256SUMS").unlink(), "SHA256SUMS", "missing"),
        (lambda at: (at / "data.json").unlink(), "rows", "cannot be read from row 1"),
    ],
)
def test_what_differs_is_named(folders: dict[str, Path], tmp_path: Path, damage: Damage, what: str, says: str) -> None:
    folder = shutil.copytree(folders["llava"], tmp_path / "x")
    damage(folder)
    found = verify(folder)
    assert any(one.what.startswith(what) and says in one.says for one in found.differences), found.differences


@pytest.mark.parametrize("target", TARGETS)
def test_a_changed_byte_of_any_data_file_is_found(folders: dict[str, Path], tmp_path: Path, target: str) -> None:
    folder = shutil.copytree(folders[target], tmp_path / "x")
    data = [
        path for path in folder.rglob("*") if path.suffix in (".json", ".jsonl", ".parquet", ".tar", ".txt", ".npy")
    ]
    path = max((one for one in data if one.name != "manifest.json"), key=lambda one: one.stat().st_size)
    spoil_byte(path)
    assert path.relative_to(folder).as_posix() in {one.what for one in verify(folder).differences}


def test_rows_and_ids_are_compared_apart_from_the_hashes(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["llava"], tmp_path / "x")
    lines = (folder / "data.json").read_text(encoding="utf-8").split("\n")
    (folder / "data.json").write_text("\n".join([lines[0], *lines[2:]]), encoding="utf-8")
    assert {one.what for one in verify(folder).differences} == {"data.json", "rows", "ids"}
    (folder / "data.json").write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8")
    assert {one.what for one in verify(folder).differences} == {"data.json", "ids"}


def test_images_that_stayed_where_they_were_are_read_too(data_dir: Path, tmp_path: Path) -> None:
    data = shutil.copytree(data_dir, tmp_path / "data")
    lens = conftest.build(tmp_path / "ws", data, "reference")
    folder = export(resolve(two_stages(), lens), lens, "llamafactory", tmp_path / "out", "reference").path
    assert verify(folder).ok
    sorted((data / "images" / "shapes").iterdir())[0].unlink()
    assert [one.what for one in verify(folder).differences] == ["images"]


def test_a_folder_that_is_no_export_is_said(tmp_path: Path, folders: dict[str, Path]) -> None:
    with pytest.raises(BadInput, match="is no export"):
        verify(tmp_path)
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(BadData, match="is no manifest"):
        verify(tmp_path)
    record = json.loads((folders["uids"] / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**record, "winnow_manifest": 99}))
    with pytest.raises(BadData, match="format 99"):
        verify(tmp_path)


def winnow(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "studio.cli", *words], capture_output=True, text=True, check=False)


def test_the_command_says_what_differs_and_ends_with_one(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["webdataset"], tmp_path / "x")
    sound = winnow("verify", str(folder))
    assert (sound.returncode, "200 rows are as the manifest says" in sound.stdout) == (0, True)
    spoil_byte(folder / "train-000001.tar")
    (folder / "train-000003.tar").unlink()
    said = winnow("verify", str(folder))
    assert said.returncode == 1
    assert "train-000001.tar: its content has changed" in said.stdout
    as_json = winnow("verify", str(folder), "--json")
    found = json.loads(as_json.stdout)
    assert (as_json.returncode, found["ok"], found["target"]) == (1, False, "webdataset")
    assert {one["what"] for one in found["differences"]} >= {"train-000001.tar", "train-000003.tar"}
    nothing = winnow("verify", str(tmp_path / "nowhere"))
    assert (nothing.returncode, nothing.stderr.count("\n")) == (2, 2)


def test_the_help_of_export_names_every_target() -> None:
    assert tuple(TARGETS) == EXPORT_TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_the_card_says_what_is_in_it_and_how_to_load_it(folders: dict[str, Path], target: str) -> None:
    text = (folders[target] / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---\n")[1])
    record = json.loads((folders[target] / "manifest.json").read_text(encoding="utf-8"))
    assert (head["pretty_name"], head["license"]) == ("small", "cc0-1.0")
    files = [entry["path"] for config in head.get("configs", []) for entry in config["data_files"]]
    assert bool(files) == (target in ("trl", "hf", "finevision"))
    assert all(list(folders[target].glob(pattern)) for pattern in files)
    assert TARGETS[target]().card() in text
    assert "| shapes | 60 | CC0 | r1 |" in text
    for style, count in record["counts"]["after"]["style"].items():
        assert f"| {style.replace('_', chr(92) + '_')} | {count} |" in text
    assert record["snapshot"] in text
    assert "winnow_recipe: 1" in text

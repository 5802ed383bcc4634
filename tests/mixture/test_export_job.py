"""Exports as runs, and as archives."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from core import runs
from core.errors import BadInput
from core.mixture.export_job import archive, start_export
from core.mixture.recipe import BudgetEntry, PartEntry, Recipe, SelectionByMethod, Stage
from tests.studio.small_workspace import make_workspace

RECIPE = Recipe(
    name="few",
    selections={"some": SelectionByMethod(method="random", budget=BudgetEntry(samples=12))},
    stages=(Stage(name="all", parts=(PartEntry(selection="some", repeat=1.5),)),),
)


def unpacked(folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(archive(folder)))) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def test_an_archive_holds_every_file_below_the_folders_name_and_equal_folders_give_equal_bytes(tmp_path: Path) -> None:
    for place in ("one", "two"):
        folder = tmp_path / place / "export"
        (folder / "images" / "a b").mkdir(parents=True)
        (folder / "data.json").write_text("[]", encoding="utf-8")
        (folder / "images" / "a b" / "ü.png").write_bytes(bytes(range(256)) * 9000)
    found = unpacked(tmp_path / "one" / "export")
    assert found == {"export/data.json": b"[]", "export/images/a b/ü.png": bytes(range(256)) * 9000}
    assert b"".join(archive(tmp_path / "one" / "export")) == b"".join(archive(tmp_path / "two" / "export"))


def test_an_export_run_writes_the_folder_and_says_what_is_in_it(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    out = workspace.exports_dir / "few"
    run = runs.wait(start_export(workspace, RECIPE, "llava", out))
    assert run.state == "done"
    assert (run.result["num_rows"], run.result["num_samples"]) == (18, 12)
    assert run.result["path"] == str(out)
    assert len(json.loads((out / "data.json").read_text(encoding="utf-8"))) == 18
    assert "few/manifest.json" in unpacked(out)


@pytest.mark.parametrize(
    ("target", "images", "folder"), [("cassette", "copy", "new"), ("llava", "fax", "new"), ("llava", "copy", "full")]
)
def test_a_mistake_is_told_before_a_run_is_made(tmp_path: Path, target: str, images: str, folder: str) -> None:
    workspace = make_workspace(tmp_path / "ws")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(BadInput):
        start_export(workspace, RECIPE, target, tmp_path / folder, images)
    assert runs.list_runs(workspace.path) == []

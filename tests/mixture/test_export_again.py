"""`--resume`: an export that is there is verified, mended or refused; nothing else is ever written over."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import runs
from core.errors import BadData, BadInput
from core.lens import Lens
from core.mixture.export import export
from core.mixture.export_job import start_export
from core.mixture.folder import partial_of
from core.mixture.mixture import resolve
from core.mixture.targets import TARGETS
from core.mixture.verify import verify
from tests.mixture.conftest import two_stages
from tests.mixture.test_export import CutShort, cut_after, own_lens, recipe, tree
from tests.mixture.test_export_job import RECIPE
from tests.mixture.test_verify import spoil_byte
from tests.studio.small_workspace import make_workspace

SMALL: dict[str, Any] = {"shard_bytes": 20_000, "checkpoint_samples": 16}


def inodes(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_ino for path in folder.rglob("*") if path.is_file()}


def again(lens: Lens, target: str, out: Path, **more: Any) -> Any:
    return export(resolve(two_stages(), lens), lens, target, out, resume=True, **{**SMALL, **more})


@pytest.fixture
def made(folders: dict[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of the session's export to a target that a test may spoil."""
    return shutil.copytree(folders[getattr(request, "param", "llava")], tmp_path / "out")


@pytest.mark.parametrize(("made", "target"), [(name, name) for name in TARGETS], indirect=["made"])
def test_an_export_that_is_there_and_sound_is_said_to_be_there(lens: Lens, made: Path, target: str) -> None:
    before = inodes(made)
    found = again(lens, target, made)
    assert (found.already, found.mended) == (True, ())
    assert inodes(made) == before
    record = json.loads((made / "manifest.json").read_text())
    assert {key: found.as_json()[key] for key in ("num_rows", "num_samples")} == {
        key: record[key] for key in ("num_rows", "num_samples")
    }
    assert set(found.as_json()["files"]) == {
        str(made / name) for name in before if not name.startswith("images/")
    }  # as one that was just written says them


@pytest.mark.parametrize(("made", "target"), [(name, name) for name in TARGETS], indirect=["made"])
def test_of_a_damaged_export_only_what_is_damaged_or_gone_is_written_anew(
    lens: Lens, made: Path, target: str, folders: dict[str, Path]
) -> None:
    files = sorted(path for path in made.rglob("*") if path.is_file() and path.name != "manifest.json")
    damaged, gone = files[-1], files[0]
    spoil_byte(damaged)
    gone.unlink()
    before = inodes(made)
    found = again(lens, target, made)
    named = {path.relative_to(made).as_posix() for path in (damaged, gone)}
    assert set(found.mended) == named
    assert tree(made) == tree(folders[target])
    after = inodes(made)
    assert all(after[name] == node for name, node in before.items() if name not in named), "the others are not touched"
    assert not partial_of(made).exists()
    assert verify(made).ok


@pytest.mark.parametrize("lost", ["SHA256SUMS", "README.md", "data.json", "images"])
def test_whatever_part_is_lost_comes_back(lens: Lens, made: Path, folders: dict[str, Path], lost: str) -> None:
    shutil.rmtree(made / lost) if lost == "images" else (made / lost).unlink()
    assert again(lens, "llava", made).mended
    assert tree(made) == tree(folders["llava"])


def test_an_interrupted_export_is_gone_on_with(lens: Lens, tmp_path: Path, folders: dict[str, Path]) -> None:
    with pytest.raises(CutShort):
        again(lens, "llava", tmp_path / "out", progress=cut_after(5))
    assert again(lens, "llava", tmp_path / "out").resumed
    assert tree(tmp_path / "out") == tree(folders["llava"])


def test_a_mending_that_was_cut_short_goes_on_too(lens: Lens, made: Path, folders: dict[str, Path]) -> None:
    spoil_byte(made / "data.json")
    left = iter(range(7))

    def cut(done: int, total: int | None, note: str) -> None:
        if note.startswith("writing") and next(left, None) is None:
            raise CutShort

    with pytest.raises(CutShort):
        again(lens, "llava", made, progress=cut)
    assert not verify(made).ok
    done = again(lens, "llava", made)
    assert (done.resumed, done.mended) == (True, ("data.json",))
    assert tree(made) == tree(folders["llava"])


def other_recipe(lens: Lens, out: Path) -> None:
    export(resolve(recipe(50), lens), lens, "llava", out, resume=True, **SMALL)


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (other_recipe, "an export of another recipe"),
        (lambda lens, out: again(lens, "llava-next", out), "an export of the format 'llava', not 'llava-next'"),
        (lambda lens, out: again(lens, "llava", out, images="link"), "of handing over images 'copy', not 'link'"),
        (lambda lens, out: again(lens, "llava", out, shard_bytes=30_000), "with another shard size"),
    ],
)
def test_an_export_of_something_else_is_refused_and_stays(
    lens: Lens, made: Path, attempt: Callable[[Lens, Path], Any], says: str
) -> None:
    before = tree(made)
    with pytest.raises(BadInput, match=says):
        attempt(lens, made)
    assert tree(made) == before
    assert not partial_of(made).exists()


def test_what_was_begun_for_something_else_is_refused_with_resume_and_begun_anew_without(
    lens: Lens, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(CutShort):
        again(lens, "llava", out, progress=cut_after(5))
    before = tree(partial_of(out))
    with pytest.raises(BadInput, match=r"What was begun for .* is an export of another recipe") as caught:
        other_recipe(lens, out)
    assert str(partial_of(out)) in caught.value.fix
    assert tree(partial_of(out)) == before, "it is not lost"
    assert not export(resolve(recipe(50), lens), lens, "llava", out).resumed


@pytest.mark.parametrize("content", [{"mine.txt": "x"}, {"manifest.json": "{}"}, {"manifest.json": "{"}, {"a/b": "x"}])
def test_a_folder_with_anything_else_is_refused_by_name(lens: Lens, tmp_path: Path, content: dict[str, str]) -> None:
    out = tmp_path / "out"
    for name, text in content.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)
    before = tree(out)
    for resume in (False, True):
        with pytest.raises(BadInput, match=next(iter(content)).split("/")[0]):
            export(resolve(two_stages(), lens), lens, "llava", out, resume=resume)
    assert tree(out) == before


@pytest.mark.parametrize("also", [(), ("SHA256SUMS",)])
def test_files_that_are_no_part_of_an_export_are_never_taken_away(
    lens: Lens, made: Path, also: tuple[str, ...]
) -> None:
    spoil_byte(made / "data.json")
    (made / "notes.md").write_text("mine")
    for name in also:
        (made / name).unlink()
    before = tree(made)
    with pytest.raises(BadInput, match=r"also holds what is no part of the export: notes\.md"):
        again(lens, "llava", made)
    assert tree(made) == before


def test_what_cannot_be_made_again_as_it_was_is_left_as_it_is(data_dir: Path, tmp_path: Path) -> None:
    lens, data = own_lens(tmp_path, data_dir, "reference")
    out = export(resolve(two_stages(), lens), lens, "llava", tmp_path / "out", **SMALL).path
    (out / "data.json").unlink()
    before = tree(out)
    shutil.rmtree(data / "images" / "shapes")
    with pytest.raises(BadData, match="cannot be made again as it was"):
        again(lens, "llava", out)
    assert tree(out) == before


def test_images_an_export_only_refers_to_are_not_mended(data_dir: Path, tmp_path: Path) -> None:
    lens, data = own_lens(tmp_path, data_dir, "reference")
    out = export(resolve(two_stages(), lens), lens, "llava", tmp_path / "out", "reference", **SMALL).path
    shutil.rmtree(data / "images" / "shapes")
    with pytest.raises(BadData, match="images it refers to are gone or changed"):
        again(lens, "llava", out, images="reference")


def winnow(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "studio.cli", *words], capture_output=True, text=True, check=False)


def test_the_command_says_already_exported_and_ends_well(lens: Lens, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(recipe().to_yaml(), encoding="utf-8")
    words = ["export", str(lens.workspace.path), "--to", "llava", "--recipe", str(tmp_path / "recipe.yaml")]
    words += ["--out", str(tmp_path / "out")]
    assert winnow(*words).returncode == 0
    twice = winnow(*words)
    assert (twice.returncode, "--resume" in twice.stderr) == (2, True)
    (tmp_path / "out" / "README.md").unlink()
    mended = winnow(*words, "--resume")
    assert (mended.returncode, "since damaged or gone: README.md" in mended.stdout) == (0, True)
    there = winnow(*words, "--resume")
    assert (
        there.returncode,
        "200 rows of 80 different samples" in there.stdout,
        "already exported" in there.stdout,
    ) == (0, True, True)


def test_a_run_that_died_after_its_export_was_whole_ends_well_when_it_goes_on(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    run = runs.wait(start_export(workspace, RECIPE, "llava", workspace.exports_dir / "few"))
    (run.path / "DONE").rename(run.path / "STOPPED")
    ended = runs.wait(runs.resume(runs.load(run.path)))
    assert (ended.state, ended.result["already"]) == ("done", True)

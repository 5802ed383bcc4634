"""What goes wrong while an export runs: a full disk, images that go, ids that formats cannot hold, recipes that cannot be meant."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadData, BadInput, Busy, DiskFull
from core.lens import Lens
from core.mixture.export import export
from core.mixture.folder import final_of, partial_of
from core.mixture.mixture import resolve
from core.mixture.targets import TARGETS
from core.mixture.verify import verify
from studio.verbs import export_mixture
from tests.mixture.conftest import two_stages
from tests.mixture.test_export import manifest, own_lens, recipe, tree

SMALL: dict[str, Any] = {"shard_bytes": 20_000, "checkpoint_samples": 16}
Step = Callable[[int, int | None, str], None]


@contextmanager
def files_end_at(num_bytes: int) -> Iterator[None]:
    """The system refuses to let any file of this process grow further, as a full disk or a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def nothing_looks_whole(out: Path) -> None:
    assert not out.exists()
    with pytest.raises(BadInput, match=r"unfinished|is no export"):
        verify(out)


@pytest.mark.parametrize("target", TARGETS)
def test_wherever_the_disk_is_full_it_is_said_and_the_export_goes_on_when_there_is_room(
    lens: Lens, tmp_path: Path, target: str
) -> None:
    mixture, out = resolve(recipe(), lens), tmp_path / "out"
    whole = export(mixture, lens, target, tmp_path / "whole", **SMALL)
    largest = max(path.stat().st_size for path in whole.path.rglob("*") if path.is_file())
    said = set()
    for share in (0, 0.02, 0.1, 0.3, 0.6, 0.9):
        with files_end_at(int(share * largest)), pytest.raises(DiskFull) as caught:
            export(mixture, lens, target, out, **SMALL)
        said.add(caught.value.problem)
        assert "it goes on where it stopped" in caught.value.fix
        nothing_looks_whole(out)
    assert said == {f"The disk is full while exporting to {out}."}
    done = export(mixture, lens, target, out, **SMALL)
    assert tree(out) == tree(whole.path)
    assert (done.num_samples, done.dropped) == (whole.num_samples, whole.dropped)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


@pytest.mark.parametrize(
    ("target", "name", "note"),
    [
        ("llava", "images", "writing samples and images"),
        ("hf", "data/.train-00001", "writing samples and images"),
        ("winnow", "stage_2.parquet", "writing samples and images"),
        ("llava", "README.md", "reading the export back"),
        ("llava", "SHA256SUMS", "reading the export back"),
        ("llava", "manifest.json", "reading the export back"),
    ],
)
def test_no_space_left_on_the_device_is_told_for_data_images_and_manifest_alike(
    lens: Lens, tmp_path: Path, target: str, name: str, note: str
) -> None:
    """Writing to /dev/full is what the kernel itself refuses with this error."""
    mixture, out = resolve(recipe(), lens), tmp_path / "out"
    whole = export(mixture, lens, target, tmp_path / "whole", **SMALL)
    if name == "images":
        name = str(next((whole.path / "images").rglob("*.png")).relative_to(whole.path))
    place = partial_of(out) / name

    def fill(done: int, total: int | None, what: str) -> None:
        if what == note and not place.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.symlink_to("/dev/full")

    with pytest.raises(DiskFull, match="The disk is full while exporting"):
        export(mixture, lens, target, out, progress=fill, **SMALL)
    nothing_looks_whole(out)
    place.unlink(missing_ok=True)
    done = export(mixture, lens, target, out, **SMALL)
    assert done.resumed
    assert tree(out) == tree(whole.path)


def test_a_workspace_on_a_full_disk_is_told_too(data_dir: Path, tmp_path: Path) -> None:
    lens, _ = own_lens(tmp_path, data_dir, "reference")
    mixture = resolve(recipe(), lens)
    with files_end_at(0), pytest.raises(DiskFull):
        export(mixture, lens, "uids", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert export(mixture, lens, "uids", tmp_path / "out").num_rows == 200


def at_step(number: int, act: Callable[[], object]) -> Step:
    """A progress that does something at its n-th step."""
    left = iter(range(number))

    def step(done: int, total: int | None, note: str) -> None:
        if next(left, None) is None:
            act()

    return step


@pytest.mark.parametrize("ingested", ["copy", "reference"])
@pytest.mark.parametrize("images", ["copy", "link", "reference"])
@pytest.mark.parametrize("how", ["deleted", "changed"])
def test_an_image_that_goes_under_way_ends_the_export_or_does_not_matter(
    data_dir: Path, tmp_path: Path, ingested: str, images: str, how: str
) -> None:
    lens, data = own_lens(tmp_path, data_dir, ingested)
    mixture, out = resolve(recipe(), lens), tmp_path / "out"
    names = sorted((data / "images" / "shapes").iterdir())

    def go() -> None:
        for path in names[:3]:
            if how == "deleted":
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(names[5].read_bytes())

    matters = images == "reference" or (images == "link" and how == "changed")
    if matters:
        with pytest.raises(BadData, match=r"3 images were deleted or changed while they were exported, .*/shapes/"):
            export(mixture, lens, "llava", out, images, at_step(13, go), checkpoint_samples=16)
        assert not out.exists()
        assert not partial_of(out).exists()
    else:
        assert export(mixture, lens, "llava", out, images, at_step(13, go), checkpoint_samples=16).dropped == {}
        assert verify(out).ok
        shutil.rmtree(out)
    again = export(mixture, lens, "llava", out, images)
    reason = "image_missing" if how == "deleted" else "image_changed"
    assert set(again.dropped) == (set() if (ingested, images) == ("copy", "copy") else {reason})
    assert verify(out).ok


def test_images_that_went_between_a_stop_and_going_on_are_noticed(data_dir: Path, tmp_path: Path) -> None:
    lens, data = own_lens(tmp_path, data_dir, "reference")

    def stop() -> None:
        raise KeyboardInterrupt

    mixture, out = resolve(recipe(), lens), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        export(mixture, lens, "llamafactory", out, "reference", at_step(6, stop), checkpoint_samples=16)
    shutil.rmtree(data / "images" / "shapes")
    with pytest.raises(BadData, match="deleted or changed while"):
        export(mixture, lens, "llamafactory", out, "reference", checkpoint_samples=16)
    assert export(mixture, lens, "llamafactory", out, "reference").dropped["image_missing"] > 40


def edited(**changes: Any) -> dict[str, Any]:
    return {**recipe().as_dict(), **changes}


def with_part(**part: Any) -> dict[str, Any]:
    return edited(stages=[{"name": "one", "parts": [{"selection": "all", **part}]}])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps(edited(extra=1)), "extra is not a key of a recipe"),
        (json.dumps(with_part(weight=2)), r"stages\[0\]\.parts\[0\]\.weight is not a key"),
        (json.dumps(with_part(repeat=-1)), r"stages\[0\]\.parts\[0\]\.repeat: .*greater than 0.*-1"),
        (json.dumps(with_part(repeat=0)), r"repeat: .*greater than 0"),
        (json.dumps(with_part(repeat=1)).replace('"repeat": 1', '"repeat": .nan'), "repeat: .*nan"),
        (json.dumps(with_part(repeat=1)).replace('"repeat": 1', '"repeat": .inf'), "repeat: .*inf"),
        (json.dumps(with_part(selection="gone")), "uses the selection 'gone', which is not among all"),
        (json.dumps(edited(selections={"all": {"file": "gone.parquet"}})), "There is no selection file gone.parquet"),
        (json.dumps(edited(selections={"all": {"method": "best", "budget": {"percent": 5}}})), "best"),
        (json.dumps(edited(sources=[{"name": "gone"}])), "needs the source 'gone'"),
        ("winnow_recipe: 1\nname: [", "is not YAML"),
    ],
)
def test_a_recipe_edited_by_hand_is_refused_with_what_is_wrong_and_nothing_is_written(
    lens: Lens, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=says) as caught:
        export_mixture(
            lens.workspace, "llava", tmp_path / "out", None, tmp_path / "recipe.yaml", "copy", lambda *_: None, 1 << 20
        )
    assert caught.value.fix
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.yaml"]


def test_a_missing_selection_is_told_with_the_saved_ones(lens: Lens, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        export_mixture(
            lens.workspace, "llava", tmp_path / "out", tmp_path / "no.parquet", None, "copy", lambda *_: None, 1 << 20
        )
    assert "no.parquet" in caught.value.problem
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("inside", ["", "tables", "tables/samples.lance/x", "snapshots/x", "exports", "runs", "new"])
def test_no_export_goes_where_the_workspace_keeps_its_own_files(lens: Lens, inside: str) -> None:
    before = sorted(str(path) for path in lens.workspace.path.rglob("*"))
    with pytest.raises(BadInput, match=r"is where the workspace keeps its own files|is not empty"):
        export(resolve(recipe(), lens), lens, "llava", lens.workspace.path / inside)
    assert sorted(str(path) for path in lens.workspace.path.rglob("*")) == before


@pytest.mark.parametrize("out", ["/proc/nowhere/out", "/dev/null/out", "n" * 300, "nul\0l"])
def test_a_path_that_cannot_be_written_is_said(lens: Lens, tmp_path: Path, out: str) -> None:
    with pytest.raises(BadInput, match=r"cannot be (written|used)"):
        export(resolve(recipe(), lens), lens, "llava", tmp_path / out)
    assert not list(tmp_path.iterdir())


OTHER = """
import sys
from pathlib import Path
from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.recipe import load_recipe
from core.workspace import Workspace
lens = Lens(Workspace.open(Path(sys.argv[1])))
mixture = resolve(load_recipe(Path(sys.argv[2])), lens)
def wait(done, total, note):
    if not done and note.startswith("writing"):
        print("here", flush=True)
        sys.stdin.readline()
export(mixture, lens, "llava", Path(sys.argv[3]), progress=wait)
"""


def test_of_two_processes_that_export_to_one_place_the_second_is_told(lens: Lens, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(recipe().to_yaml(), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        OTHER,
        str(lens.workspace.path),
        str(tmp_path / "recipe.yaml"),
        str(tmp_path / "out"),
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parents[2]) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == "here\n"
        for resume in (False, True):
            with pytest.raises(Busy, match=r"Another export to .* is under way"):
                export(resolve(recipe(), lens), lens, "llava", tmp_path / "out", resume=resume)
        first.stdin.close()
    assert first.returncode == 0
    assert manifest(tmp_path / "out")["num_rows"] == 200


def test_a_temporary_folders_name_says_what_it_is_for() -> None:
    assert partial_of(Path("/x/out")) == Path("/x/.out.partial")
    assert final_of(Path("/x/.out.partial")) == Path("/x/out")
    assert [final_of(Path(name)) for name in ("out", ".partial", "..partial", ".out")] == [None] * 4


def test_an_unfinished_export_is_not_verified_but_named(lens: Lens, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(resolve(two_stages(), lens), lens, "llava", out, progress=at_step(4, stop), checkpoint_samples=16)
    for folder in (out, partial_of(out)):
        with pytest.raises(BadInput, match="is unfinished") as caught:
            verify(folder)
        assert "goes on where it stopped" in caught.value.fix

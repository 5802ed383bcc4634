"""What happens between two attempts at an export, or while one goes on, changes nothing that is written and costs no sample."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import Busy
from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture.export import export
from core.mixture.images import CannotRead
from core.mixture.mixture import resolve
from core.workspace import Workspace
from tests.mixture.test_export import CutShort, cut_after, manifest, own_lens, recipe, tree

SMALL: dict[str, Any] = {"shard_bytes": 20_000, "checkpoint_samples": 16}


@pytest.mark.parametrize("target", ["llava", "hf", "winnow", "webdataset"])
def test_samples_that_are_ingested_anew_meanwhile_are_exported_as_the_lens_has_them(
    data_dir: Path, tmp_path: Path, target: str
) -> None:
    lens, data = own_lens(tmp_path, data_dir, "copy")
    mixture = resolve(recipe(), lens)
    whole = export(mixture, lens, target, tmp_path / "whole", **SMALL)
    with pytest.raises(CutShort):
        export(mixture, lens, target, tmp_path / "out", progress=cut_after(4), **SMALL)
    path = data / "shapes.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Es ist", "Es war"), encoding="utf-8")
    settings = IngestSettings(paths=(path,), image_root=data, source="shapes", update=True)
    assert ingest(lens.workspace, settings).changed == 60
    done = export(mixture, lens, target, tmp_path / "out", **SMALL)
    assert done.resumed
    assert tree(done.path) == tree(whole.path)
    new = Lens(Workspace.open(lens.workspace.path))
    anew = export(resolve(recipe(), new), new, "llava", tmp_path / "new", **SMALL)
    assert "Es war" in (anew.path / "data.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("images", ["copy", "link", "reference"])
def test_images_that_were_away_for_a_moment_cost_no_sample(data_dir: Path, tmp_path: Path, images: str) -> None:
    lens, data = own_lens(tmp_path, data_dir, "reference")
    mixture = resolve(recipe(), lens)
    whole = export(mixture, lens, "llava", tmp_path / "whole", images, **SMALL)
    (data / "images").rename(tmp_path / "away")
    with pytest.raises(CutShort):
        export(mixture, lens, "llava", tmp_path / "out", images, cut_after(9), **SMALL)
    (tmp_path / "away").rename(data / "images")
    done = export(mixture, lens, "llava", tmp_path / "out", images, **SMALL)
    assert (done.resumed, done.dropped) == (False, {})
    assert tree(done.path) == tree(whole.path)


def test_an_image_that_cannot_be_read_now_stops_the_export_which_goes_on_later(data_dir: Path, tmp_path: Path) -> None:
    lens, data = own_lens(tmp_path, data_dir, "reference")
    mixture = resolve(recipe(), lens)
    whole = export(mixture, lens, "llava", tmp_path / "whole", **SMALL)
    listed = json.loads((whole.path / "data.json").read_text(encoding="utf-8"))
    key = next(row["image"] for row in reversed(listed) if isinstance(row.get("image"), str))
    last = next(
        path
        for path in sorted((data / "images").rglob("*"))
        if path.is_file() and path.read_bytes() == (whole.path / key).read_bytes()
    )
    kept = last.rename(tmp_path / "kept")
    last.symlink_to(last)  # too many levels of links: an error, and not one that says the file is gone
    with pytest.raises(CannotRead, match="cannot be read now"):
        export(mixture, lens, "llava", tmp_path / "out", **SMALL)
    last.unlink()
    kept.rename(last)
    done = export(mixture, lens, "llava", tmp_path / "out", **SMALL)
    assert done.resumed
    assert tree(done.path) == tree(whole.path)


@pytest.mark.parametrize("images", ["copy", "link", "reference"])
def test_of_two_contents_one_path_has_had_the_one_it_has_now_is_exported(
    data_dir: Path, tmp_path: Path, images: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pictures = sorted((data_dir / "images").rglob("*.png"))[:2]
    workspace = Workspace.create(tmp_path / "ws")
    for source, picture in zip(("before", "now"), pictures, strict=True):
        shutil.copy(picture, data / "one.png")
        says = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": source}]
        rows = [{"id": str(number), "image": "one.png", "conversations": says} for number in range(4)]
        (data / f"{source}.json").write_text(json.dumps(rows))
        ingest(workspace, IngestSettings(paths=(data / f"{source}.json",), image_root=data, images="reference"))
    lens = Lens(workspace)
    done = export(resolve(recipe(), lens), lens, "llava", tmp_path / "out", images)
    rows = json.loads((done.path / "data.json").read_text())
    assert {row["conversations"][1]["value"] for row in rows} == {"now"}
    assert manifest(done.path)["dropped"] == {"image_changed": 4}


@pytest.mark.parametrize("target", ["llava", "llava-next", "hf", "webdataset", "winnow", "energon"])
def test_a_journal_that_outlived_its_data_is_not_believed(lens: Lens, tmp_path: Path, target: str) -> None:
    mixture = resolve(recipe(), lens)
    with pytest.raises(CutShort):
        export(mixture, lens, target, tmp_path / "out", progress=cut_after(5), **SMALL)
    partial = tmp_path / ".out.partial"
    for path in sorted(partial.iterdir()):
        if path.name != ".journal.jsonl":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = export(mixture, lens, target, tmp_path / "out", **SMALL)
    assert tree(done.path) == tree(export(mixture, lens, target, tmp_path / "whole", **SMALL).path)


def test_a_folder_somebody_wrote_into_meanwhile_costs_none_of_the_work(lens: Lens, tmp_path: Path) -> None:
    mixture, out = resolve(recipe(), lens), tmp_path / "out"

    def intrude(done: int, total: int | None, note: str) -> None:
        if note == "reading the export back":
            out.mkdir(exist_ok=True)
            (out / ".DS_Store").touch()

    with pytest.raises(Busy, match="Something was written"):
        export(mixture, lens, "llava", out, progress=intrude, **SMALL)
    (out / ".DS_Store").unlink()
    done = export(mixture, lens, "llava", out, **SMALL)
    assert done.resumed
    assert tree(out) == tree(export(mixture, lens, "llava", tmp_path / "whole", **SMALL).path)

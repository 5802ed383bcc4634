"""Exports against the data they came from: layout, round trip, repeatability, and images that change under way."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from core.errors import BadData, BadInput, Busy, DiskFull
from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture import llava
from core.mixture.export import ExportReport, export
from core.mixture.gather import folder_name
from core.mixture.mixture import freeze, holdout, recipe_for_file, resolve
from core.mixture.recipe import Recipe, load_recipe, recipe_from_dict
from core.mixture.target import RowDigest, Written, check_round_trip
from core.mixture.targets import TARGETS
from core.mixture.winnow import Winnow
from core.progress import silent
from core.select import saved
from core.select.budget import Budget
from core.select.methods import choose
from core.select.mmssr import Mmssr
from core.select.pool import Pool
from core.store.ids import image_key, sample_id
from core.train.data import Export
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace
from tests.mixture import conftest


def recipe(percent: float = 100, **stage: Any) -> Recipe:
    return recipe_from_dict(
        {
            "winnow_recipe": 1,
            "name": "small",
            "selections": {"all": {"method": "random", "budget": {"percent": percent}}},
            "stages": [
                {"name": "one", "parts": [{"selection": "all"}], **stage},
                {"name": "two", "parts": [{"selection": "all", "repeat": 1.5}], "shuffle_seed": 1},
            ],
        }
    )


def run(lens: Lens, target: str, out: Path, chosen: Recipe | None = None, images: str = "copy") -> ExportReport:
    return export(resolve(chosen or recipe(), lens), lens, target, out, images)


EMBEDS = {name for name, kind in TARGETS.items() if kind.embeds}
"""Targets whose images travel inside the data files."""


def sums(folder: Path) -> dict[str, str]:
    """What `SHA256SUMS` says, by path."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def tree(folder: Path) -> dict[str, str]:
    """Every file of a folder with its sha256."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def given(data: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The records as they were handed to the ingest, by source and id."""
    return {
        (source, str(row["id"])): row
        for source in conftest.NUM
        for row in json.loads((data / f"{source.replace('/', '-')}.json").read_text(encoding="utf-8"))
    }


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("images", ["copy", "link", "reference"])
def test_llava_json_holds_every_conversation_verbatim_and_every_image_byte_for_byte(
    lens: Lens, data_dir: Path, tmp_path: Path, images: str
) -> None:
    single = recipe_from_dict({**recipe().as_dict(), "stages": recipe().as_dict()["stages"][:1]})
    report = run(lens, "llava", tmp_path / "out", single, images)
    rows = json.loads((tmp_path / "out" / "data.json").read_text(encoding="utf-8"))
    expected = given(data_dir)
    assert len(rows) == report.num_rows == len(expected) == 80
    assert len({(row["source"], row["id"]) for row in rows}) == 80
    for row in rows:
        original = expected[row["source"], row["id"]]
        assert row["conversations"] == original["conversations"]
        assert isinstance(row.get("image"), type(original.get("image")))
        was = original.get("image", [])
        now = row.get("image", [])
        for before, after in zip(
            [was] if isinstance(was, str) else was, [now] if isinstance(now, str) else now, strict=True
        ):
            assert (tmp_path / "out" / after).read_bytes() == (data_dir / before).read_bytes()
            assert not os.path.isabs(after)
            assert after.startswith(f"images/{folder_name(row['source'])}/") or images == "reference"
    lists = [path for path in (tmp_path / "out").rglob("*.json") if path.read_text(encoding="utf-8").startswith("[")]
    assert lists == [tmp_path / "out" / "data.json"]
    if images == "link":
        linked = next((tmp_path / "out" / "images").rglob("*.png"))
        assert linked.stat().st_nlink > 1
    if images == "reference":
        assert not (tmp_path / "out" / "images").exists()


def test_an_exported_llava_folder_ingests_again_as_the_same_samples(lens: Lens, tmp_path: Path) -> None:
    run(
        lens,
        "llava",
        tmp_path / "out",
        recipe_from_dict({**recipe().as_dict(), "stages": recipe().as_dict()["stages"][:1]}),
    )
    again = Workspace.create(tmp_path / "again")
    report = ingest(again, IngestSettings(paths=(tmp_path / "out" / "data.json",), source_from="source"))
    assert (report.ingested, report.quarantined) == (80, {})
    columns = ["sample_id", "content_hash"]
    first, second = (
        store.read("samples", columns).sort_by("sample_id") for store in (lens.workspace.store, again.store)
    )
    assert first == second


def test_the_winnow_folder_is_what_the_trainer_reads(lens: Lens, data_dir: Path, tmp_path: Path) -> None:
    report = run(lens, "winnow", tmp_path / "out")
    opened = Export(tmp_path / "out")
    assert len(opened) == report.num_rows == 80
    expected = {sample_id(source, key): row for (source, key), row in given(data_dir).items()}
    for row in range(len(opened)):
        original = expected[int(opened.sample_ids[row])]
        assert opened.turns(row) == [(turn["from"], turn["value"]) for turn in original["conversations"]]
        was = original.get("image", [])
        paths = [was] if isinstance(was, str) else was
        assert opened.sizes(row) == [Image.open(data_dir / path).size for path in paths]
        assert [(tmp_path / "out" / path).read_bytes() for path in opened.images(row)] == [
            (data_dir / path).read_bytes() for path in paths
        ]
        assert opened.image_reason(row) is None
    assert load_recipe(tmp_path / "out" / "recipe.yaml").stages == recipe().stages
    pool = Pool.from_lens(lens)
    table = pq.read_table(tmp_path / "out" / "samples.parquet")
    assert table["sample_id"].to_pylist() == pool.sample_id.tolist()
    for key in CAPABILITY_KEYS:
        assert table[key].to_pylist() == pool.scores[pool.capabilities.index(key)].tolist()
    assert table["style_bits"].to_pylist() == pool.style_bits.tolist()
    assert table["num_text_tokens"].to_pylist() == pool.columns["num_text_tokens"].tolist()


def test_stages_are_in_training_order_and_never_hold_what_is_held_out(lens: Lens, tmp_path: Path) -> None:
    mixture = resolve(recipe(), lens)
    export(mixture, lens, "winnow", tmp_path / "out")
    opened = Export(tmp_path / "out")
    held = opened.sample_ids[opened.holdout_rows()].tolist()
    assert held == holdout(mixture.sample_ids()).tolist()
    assert len(held) == len(mixture.sample_ids()) // 10
    for number, stage in enumerate(mixture.stages, 1):
        expected = [value for value in stage.listed[stage.order].tolist() if value not in held]
        assert opened.sample_ids[opened.stage_rows(number)].tolist() == expected
        table = pq.read_table(tmp_path / "out" / f"stage_{number}.parquet")
        assert table["position"].to_pylist() == list(range(len(expected)))
        assert set(table["selection"].to_pylist()) == {"all"}
    assert manifest(tmp_path / "out")["counts"]["stages"]["two"] == {"before": 120, "after": len(expected)}


@pytest.mark.parametrize("target", TARGETS)
def test_two_exports_of_one_recipe_are_the_same_bytes(lens: Lens, tmp_path: Path, target: str) -> None:
    first = run(lens, target, tmp_path / "a", recipe(60))
    second = run(Lens(lens.workspace), target, tmp_path / "deeper" / "b", recipe(60))
    assert tree(first.path) == tree(second.path)
    assert not list(tmp_path.rglob(".*partial*"))


@pytest.mark.parametrize("target", TARGETS)
def test_the_manifest_accounts_for_every_file_sample_and_reason(lens: Lens, tmp_path: Path, target: str) -> None:
    report = run(lens, target, tmp_path / "out", recipe(50))
    record = manifest(tmp_path / "out")
    files = tree(tmp_path / "out")
    files.pop("manifest.json")
    images = {path for path in files if path.startswith("images/")}
    assert {path: fact["sha256"] for path, fact in record["files"].items()} == {
        path: digest for path, digest in files.items() if path not in images
    }
    assert sums(report.path) == {path: digest for path, digest in files.items() if path != "SHA256SUMS"}
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=report.path, check=False
    )
    assert checked.returncode == 0
    if target in EMBEDS:
        assert report.num_images == record["num_images"] > 30
    else:
        assert report.num_images == record["num_images"] == len(images)
    assert bool(images) == (target not in EMBEDS and target != "uids")
    assert record["images"] == ("embedded" if target in EMBEDS else "none" if target == "uids" else "copy")
    assert set(report.files) == {path for path in files if path not in images} | {"manifest.json"}
    frozen = freeze(resolve(recipe(50), lens), lens).recipe
    assert record["recipe"] == frozen.as_dict()
    assert record["recipe"]["snapshot"] == lens.snapshot
    assert record["recipe_hash"] == frozen.content_hash()
    assert record["snapshot"] == lens.snapshot
    assert record["seed"] == {"selections": {"all": 0}, "stages": {"one": 0, "two": 1}}
    assert [entry["licence"] for entry in record["sources"]] == ["CC0", "CC0"]
    assert record["counts"]["before"]["source"] == {"a/b 字": 20, "shapes": 60}
    assert record["counts"]["before"]["num_samples"] == 80
    assert record["counts"]["after"]["num_samples"] == record["num_samples"] == 40
    assert sum(record["counts"]["after"]["source"].values()) == 40
    assert sum(record["counts"]["before"]["tag"]["instruction_tags"].values()) == 80
    assert sum(record["counts"]["after"]["tag"]["instruction_tags"].values()) == 40
    pool = Pool.from_lens(lens)
    ocr = pool.scores[pool.capabilities.index("ocr")]
    assert record["counts"]["before"]["capability"]["ocr"] == int(((ocr >= 150) & (ocr != 255)).sum())
    assert record["round_trip"]["ok"]
    assert record["round_trip"]["num_rows"] == record["num_rows"]
    assert record["tokens"]["text"] == sum(stage["text"] for stage in record["tokens"]["stages"].values()) > 0
    ids = resolve(recipe(50), lens).sample_ids()
    if target == "winnow":
        listed = "".join(f"{value:016x}\n" for value in ids.tolist())
        assert record["ids_sha256"] == hashlib.sha256(listed.encode()).hexdigest()


def test_a_saved_selection_exports_in_its_own_order(lens: Lens, tmp_path: Path) -> None:
    path = tmp_path / "sel.parquet"
    saved.write_parquet(choose(Mmssr(), Pool.from_lens(lens), Budget.percent(30)), path)
    report = export(resolve(recipe_for_file(path), lens, tmp_path), lens, "llava", tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "data.json").read_text(encoding="utf-8"))
    assert [sample_id(row["source"], row["id"]) for row in rows] == saved.read_ids(path).tolist()
    assert report.as_json()["num_samples"] == 24
    assert report.as_json()["dropped"] == {}


Damage = Callable[[Path], None]


def own_lens(tmp_path: Path, data_dir: Path, images: str) -> tuple[Lens, Path]:
    """A workspace over a copy of the data that a test may spoil."""
    copy = tmp_path / "data"
    shutil.copytree(data_dir, copy)
    return conftest.build(tmp_path / "ws", copy, images), copy


def spoil(data: Path) -> tuple[str, str]:
    """One image file deleted, one changed; their names in the records."""
    gone, changed = "images/shapes/1.jpg", "images/shapes/2.jpg"
    names = [f"images/shapes/{path.name}" for path in sorted((data / "images" / "shapes").iterdir())]
    gone, changed = names[0], names[1]
    (data / gone).unlink()
    (data / changed).write_bytes((data / names[2]).read_bytes())
    return gone, changed


@pytest.mark.parametrize(
    ("ingested", "images"),
    [("reference", "copy"), ("reference", "link"), ("reference", "reference"), ("copy", "link"), ("copy", "reference")],
)
@pytest.mark.parametrize("target", TARGETS)
def test_samples_whose_image_is_gone_or_changed_are_left_out_and_reported(
    data_dir: Path, tmp_path: Path, target: str, ingested: str, images: str
) -> None:
    lens, data = own_lens(tmp_path, data_dir, ingested)
    gone, changed = spoil(data)
    hit: dict[int, str] = {}
    for (source, key), row in given(data_dir).items():
        paths = [row["image"]] if isinstance(row.get("image"), str) else row.get("image", [])
        if {gone, changed} & set(paths):
            hit[sample_id(source, key)] = "image_missing" if gone in paths else "image_changed"
    assert len(set(hit.values())) == 2
    report = run(lens, target, tmp_path / "out", images=images)
    record = manifest(tmp_path / "out")
    if target == "uids" or (target in EMBEDS and ingested == "copy"):
        assert (report.dropped, record["num_samples"]) == ({}, 80), "no file is needed"
        assert any("has no effect" in note for note in report.notes) == (images != "copy")
        return
    assert {entry["sample_id"]: entry["reason"] for entry in record["dropped_samples"]} == {
        f"{key:016x}": reason for key, reason in hit.items()
    }
    assert sum(report.dropped.values()) == len(hit)
    assert record["num_samples"] == 80 - len(hit)
    assert record["image_checks"]["missing_or_changed"] == 2
    if target == "winnow":
        opened = Export(tmp_path / "out")
        for number in (1, 2):
            assert not set(opened.sample_ids[opened.stage_rows(number)].tolist()) & set(hit)


def test_copying_needs_no_origin_when_the_workspace_has_the_bytes(data_dir: Path, tmp_path: Path) -> None:
    lens, data = own_lens(tmp_path, data_dir, "copy")
    shutil.rmtree(data)
    assert run(lens, "winnow", tmp_path / "out").dropped == {}


def test_when_nothing_can_be_exported_nothing_is_left_behind(data_dir: Path, tmp_path: Path) -> None:
    lens, data = own_lens(tmp_path, data_dir, "reference")
    shutil.rmtree(data / "images")
    only_pictures = recipe().as_dict()
    only_pictures["selections"]["all"]["where"] = "num_images > 0"
    with pytest.raises(BadData, match=r"Not one sample could be exported: .* image_missing"):
        run(lens, "llava", tmp_path / "out", recipe_from_dict(only_pictures))
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_holds_something_is_never_written_into(lens: Lens, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(BadInput, match="is not empty"):
        run(lens, "llava", tmp_path / "out")
    with pytest.raises(BadInput, match="is a file"):
        run(lens, "llava", tmp_path / "out" / "mine.txt")
    with pytest.raises(BadInput, match="cannot be written"):
        run(lens, "llava", tmp_path / "out" / "mine.txt" / "deeper")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert run(lens, "llava", tmp_path / "empty").num_rows == 200


class CutShort(Exception):
    """What ends an export from outside."""


def cut_after(num_steps: int) -> Callable[[int, int | None, str], None]:
    """A progress that ends the export at its n-th step."""
    left = iter(range(num_steps))

    def step(done: int, total: int | None, note: str) -> None:
        if next(left, None) is None:
            raise CutShort

    return step


@pytest.mark.parametrize("images", ["copy", "link", "reference"])
@pytest.mark.parametrize("target", TARGETS)
def test_an_export_that_was_cut_short_goes_on_and_ends_with_the_same_bytes(
    lens: Lens, tmp_path: Path, target: str, images: str
) -> None:
    mixture = resolve(recipe(), lens)
    small: dict[str, Any] = {"shard_bytes": 20_000, "checkpoint_samples": 16}
    whole = export(mixture, lens, target, tmp_path / "whole", images, **small)
    assert not whole.resumed
    out = tmp_path / "out"
    num_cuts = 0
    for num_steps in (1, 2, 4, 7, 30):
        try:
            done = export(mixture, lens, target, out, images, cut_after(num_steps), **small)
        except CutShort:
            num_cuts += 1
            assert not out.exists(), "what is not whole does not look so"
        else:
            break
    assert num_cuts >= 3
    assert done.resumed
    assert tree(out) == tree(tmp_path / "whole")
    assert (done.num_rows, done.num_images, done.dropped) == (whole.num_rows, whole.num_images, whole.dropped)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


@pytest.mark.parametrize("target", TARGETS)
def test_an_export_that_was_cut_short_after_its_last_row_goes_on_too(lens: Lens, tmp_path: Path, target: str) -> None:
    """By then shards have their final names, and what stands beside the data may be there already."""
    small: dict[str, Any] = {"shard_bytes": 20_000, "checkpoint_samples": 16}
    mixture = resolve(recipe(), lens)

    def cut(done: int, total: int | None, note: str) -> None:
        if note == "reading the export back":
            raise CutShort

    for _ in range(2):
        with pytest.raises(CutShort):
            export(mixture, lens, target, tmp_path / "out", progress=cut, **small)
    done = export(mixture, lens, target, tmp_path / "out", **small)
    assert done.resumed
    assert tree(done.path) == tree(export(mixture, lens, target, tmp_path / "whole", **small).path)


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_begun_for_another_mixture_is_begun_anew(lens: Lens, tmp_path: Path, target: str) -> None:
    with pytest.raises(CutShort):
        export(resolve(recipe(50), lens), lens, target, tmp_path / "out", progress=cut_after(4), checkpoint_samples=16)
    done = export(resolve(recipe(60), lens), lens, target, tmp_path / "out", checkpoint_samples=16)
    assert not done.resumed
    assert tree(done.path) == tree(run(lens, target, tmp_path / "other", recipe(60)).path)


def test_what_could_not_be_exported_before_a_stop_is_told_after_it(data_dir: Path, tmp_path: Path) -> None:
    lens, data = own_lens(tmp_path, data_dir, "reference")
    spoil(data)
    mixture = resolve(recipe(), lens)
    whole = export(mixture, lens, "llava", tmp_path / "whole", checkpoint_samples=16)
    with pytest.raises(CutShort):
        export(mixture, lens, "llava", tmp_path / "out", progress=cut_after(9), checkpoint_samples=16)
    done = export(mixture, lens, "llava", tmp_path / "out", checkpoint_samples=16)
    assert done.resumed
    assert tree(done.path) == tree(whole.path)
    assert manifest(done.path)["image_checks"]["missing_or_changed"] == 2


def test_a_journal_whose_last_line_was_cut_off_counts_up_to_the_line_before(lens: Lens, tmp_path: Path) -> None:
    mixture = resolve(recipe(), lens)
    with pytest.raises(CutShort):
        export(mixture, lens, "llava", tmp_path / "out", progress=cut_after(8), checkpoint_samples=16)
    journal = tmp_path / ".out.partial" / ".journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    done = export(mixture, lens, "llava", tmp_path / "out", checkpoint_samples=16)
    assert done.resumed
    assert tree(done.path) == tree(export(mixture, lens, "llava", tmp_path / "b", checkpoint_samples=16).path)


def test_only_one_export_at_a_time_writes_to_a_place(lens: Lens, tmp_path: Path) -> None:
    mixture = resolve(recipe(), lens)

    def another(done: int, total: int | None, note: str) -> None:
        with pytest.raises(Busy, match="under way"):
            export(mixture, lens, "winnow", tmp_path / "out")

    assert export(mixture, lens, "llava", tmp_path / "out", progress=another).num_rows == 200


def test_a_full_disk_is_said_and_nothing_looks_whole(lens: Lens, tmp_path: Path) -> None:
    def full(done: int, total: int | None, note: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match="The disk is full while exporting"):
        export(resolve(recipe(), lens), lens, "winnow", tmp_path / "out", progress=full)
    assert not (tmp_path / "out").exists()
    assert run(lens, "winnow", tmp_path / "out").num_samples > 0


def test_unknown_targets_and_image_modes_list_the_known_ones(lens: Lens, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        run(lens, "lava", tmp_path / "out")
    known = "llava, llava-next, llamafactory, ms-swift, trl, axolotl, hf, finevision, webdataset, energon, uids, winnow"
    assert caught.value.fix == f"The known ones are: {known}."
    with pytest.raises(BadInput) as caught:
        run(lens, "llava", tmp_path / "out", images="symlink")
    assert caught.value.fix == "Use one of copy, link, reference."
    empty = recipe_from_dict({**recipe().as_dict(), "stages": [{"name": "one"}]})
    with pytest.raises(BadInput, match="holds no sample"):
        run(lens, "llava", tmp_path / "out", empty)


def test_progress_reaches_its_end(lens: Lens, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None, str]] = []
    export(resolve(recipe(), lens), lens, "llava", tmp_path / "out", progress=lambda *step: seen.append(step))
    notes = [note for _, _, note in seen]
    assert list(dict.fromkeys(notes)) == ["writing samples and images", "reading the export back"]
    assert seen[-1][0] == seen[-1][1] == 200


@pytest.mark.parametrize("damage", ["turn", "image", "row", "end", "start"])
def test_the_round_trip_finds_damage(lens: Lens, tmp_path: Path, damage: str) -> None:
    """What is compared is not vacuous: a changed turn, image or row does not read back."""
    run(lens, "llava", tmp_path / "out")
    path = tmp_path / "out" / "data.json"
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    digest = RowDigest()
    for row in llava.Llava().read_back(tmp_path / "out"):
        keys = [image_key((tmp_path / "out" / name).read_bytes()) for name in row.images]
        digest.add(row.source, row.original_id, row.turns, keys)
    written = Written(np.zeros(digest.num_rows, dtype=np.uint64), (), digest.hexdigest())
    assert check_round_trip(llava.Llava(), tmp_path / "out", written, {}, False, silent)["ok"]
    if damage == "turn":
        path.write_text(text.replace("Es ist 3.", "Es ist 4.", 1), encoding="utf-8")
    elif damage == "image":
        one, two = sorted((tmp_path / "out" / "images").rglob("*.png"))[:2]
        one.write_bytes(two.read_bytes())
    elif damage == "row":
        path.write_text("\n".join([*lines[:5], *lines[6:]]), encoding="utf-8")
    elif damage == "end":
        path.write_text(text.removesuffix("\n]\n"), encoding="utf-8")
    else:
        path.write_text(text.removeprefix("[\n"), encoding="utf-8")
    with pytest.raises(BadData):
        check_round_trip(llava.Llava(), tmp_path / "out", written, {}, False, silent)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain-name_1.0", "plain-name_1.0"),
        ("a/b", "a%2Fb"),
        ("..", "%2E%2E"),
        ("../x", "%2E.%2Fx"),
        (".hidden", "%2Ehidden"),
        ("100%", "100%25"),
        ("字 é", "字 é"),
        ("a:b*?", "a%3Ab%2A%3F"),
        ("end. ", "end.%20"),
    ],
)
def test_a_source_becomes_one_harmless_folder(source: str, expected: str) -> None:
    assert folder_name(source) == expected


def test_long_sources_stay_apart_and_short_enough() -> None:
    first, second = folder_name("字" * 200), folder_name("字" * 200 + "x")
    assert first != second
    assert max(len(first.encode()), len(second.encode())) <= 120


def test_image_paths_of_the_two_layouts() -> None:
    assert llava.Llava().image_path("a/b", "ab12", "png") == "images/a%2Fb/ab12.png"
    assert Winnow().image_path("a/b", "ab12", "png") == "images/ab/ab12.png"

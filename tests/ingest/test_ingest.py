"""The whole ingest: what lands in which table, twice the same, changed content, quarantine, sources, images kept or referenced."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.errors import BadData, BadInput
from core.ingest import IngestSettings, ingest
from core.store.ids import content_hash, image_key, sample_id
from core.workspace import Workspace
from tests.ingest.making import data_set, everything, original_ids, picture, read_in, record, text_only


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "in"


def quarantined(workspace: Workspace) -> list[tuple[int, str]]:
    table = workspace.store.read("quarantine")
    return sorted(zip(table["row"].to_pylist(), table["reason"].to_pylist(), strict=True))


def two_pictures() -> list[dict[str, str]]:
    return [{"from": "human", "value": "<image>\n<image>\nWhich is darker?"}, {"from": "gpt", "value": "The first."}]


def test_a_record_becomes_a_sample_column_by_column(workspace: Workspace, folder: Path) -> None:
    entry = record(2, id=17, image=["images/1.png", "images/0.png"], conversations=two_pictures(), idx=4)
    read_in(workspace, data_set(folder, [text_only(0), entry], num_pictures=2))
    row = workspace.store.samples([sample_id("shop", "17")]).to_pylist()[0]
    turns = [("human", "<image>\n<image>\nWhich is darker?"), ("gpt", "The first.")]
    keys = [image_key(picture(1)), image_key(picture(0))]
    assert row == {
        "sample_id": sample_id("shop", "17"),
        "source": "shop",
        "original_id": "17",
        "content_hash": content_hash(turns, keys),
        "conversations": [{"role": role, "text": text} for role, text in turns],
        "question": "Which is darker?",
        "text": "<image>\n<image>\nWhich is darker?\nThe first.",
        "image_keys": keys,
        "num_images": 2,
        "num_turns": 1,
        "num_chars": len("\n\nWhich is darker?") + len("The first."),
        "width_px": 20,
        "height_px": 10,
        "ingest_row": 1,
        "extra": '{"idx": 4}',
    }
    plain = workspace.store.samples([sample_id("shop", "r0")]).to_pylist()[0]
    assert (plain["image_keys"], plain["num_images"], plain["width_px"], plain["extra"]) == ([], 0, None, None)


def test_images_are_kept_once_by_content_with_bytes_as_given(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0), record(1), record(2, image="images/copy.png")], num_pictures=2)
    (folder / "images" / "copy.png").write_bytes(picture(0))
    report = read_in(workspace, path)
    assert (report.num_images, report.image_bytes) == (2, len(picture(0)) + len(picture(1)))
    rows = {row["image_key"]: row for row in workspace.store.read("images").to_pylist()}
    assert set(rows) == {image_key(picture(0)), image_key(picture(1))}
    row = rows[image_key(picture(0))]
    file = folder / "images" / "0.png"
    assert (row["bytes"], row["format"], row["width_px"], row["height_px"]) == (picture(0), "PNG", 20, 10)
    assert (row["origin_path"], row["size_bytes"], row["mtime_ns"]) == (
        str(file),
        len(picture(0)),
        file.stat().st_mtime_ns,
    )
    assert row["thumbnail"].startswith(b"\xff\xd8")


def test_referenced_images_keep_path_and_hash_but_no_bytes(workspace: Workspace, folder: Path) -> None:
    read_in(workspace, data_set(folder, [record(0)], num_pictures=1), images="reference")
    row = workspace.store.read("images").to_pylist()[0]
    assert (row["bytes"], row["image_key"], row["origin_path"]) == (
        None,
        image_key(picture(0)),
        str(folder / "images" / "0.png"),
    )
    assert row["thumbnail"].startswith(b"\xff\xd8")


def test_a_copy_after_a_reference_brings_the_bytes(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0)], num_pictures=1)
    read_in(workspace, path, images="reference")
    data_set(folder, [record(0), record(5, image="images/0.png")])
    assert read_in(workspace, path).num_images == 1
    assert workspace.store.read("images")["bytes"].to_pylist() == [picture(0)]
    read_in(workspace, path, images="reference", source="again")
    assert workspace.store.read("images")["bytes"].to_pylist() == [picture(0)]


def test_the_second_reading_changes_nothing_not_even_a_version(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0), record(1), text_only(2), record(3), {"id": 1}], num_pictures=2)
    first = read_in(workspace, path)
    before, versions = everything(workspace), workspace.store.read("samples")
    second = read_in(workspace, path)
    assert (first.ingested, first.already_known, first.quarantined) == (
        3,
        0,
        {"image_missing": 1, "no_conversation": 1},
    )
    assert (second.ingested, second.already_known, second.quarantined) == (0, 3, first.quarantined)
    assert (second.num_images, second.changed) == (0, 0)
    assert everything(workspace) == before
    assert workspace.store.read("samples").equals(versions)


def test_a_data_set_without_defects_leaves_the_snapshot_when_read_again(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0), text_only(1)], num_pictures=1)
    read_in(workspace, path)
    snapshot = workspace.snapshot()
    read_in(workspace, path)
    assert workspace.snapshot() == snapshot


@pytest.mark.parametrize("what", ["text", "image"])
def test_changed_content_is_counted_and_replaced_only_with_update(
    workspace: Workspace, folder: Path, what: str
) -> None:
    path = data_set(folder, [record(0), record(1), record(2, image="images/1.png")], num_pictures=2)
    read_in(workspace, path)
    if what == "text":
        changed = record(0)
        changed["conversations"][1]["value"] = "Something else."
        data_set(folder, [changed, record(1), record(2, image="images/1.png")])
    else:
        (folder / "images" / "0.png").write_bytes(picture(99))
    before = everything(workspace)
    report = read_in(workspace, path)
    assert (report.ingested, report.already_known, report.changed, report.replaced) == (0, 2, 1, 0)
    assert everything(workspace)["samples"] == before["samples"]
    assert everything(workspace)["images"] == before["images"]
    report = read_in(workspace, path, update=True)
    assert (report.ingested, report.already_known, report.changed, report.replaced) == (0, 2, 1, 1)
    fresh = Workspace.create(folder.parent / "fresh")
    read_in(fresh, path)
    assert everything(workspace)["samples"] == everything(fresh)["samples"]
    assert (
        everything(workspace)["images"] == everything(fresh)["images"]
    )  # the replaced picture is gone, the shared one is not
    assert read_in(workspace, path).already_known == 3


def test_update_mends_bytes_that_were_damaged(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0), record(1)], num_pictures=2)
    read_in(workspace, path)
    sound = everything(workspace)
    images = workspace.store.read("images")
    rows = [
        row | {"bytes": row["bytes"][: -(row["image_key"] == image_key(picture(0))) or None]}
        for row in images.to_pylist()
    ]
    workspace.store.merge("images", pa.Table.from_pylist(rows, schema=images.schema), "image_key")
    assert everything(workspace) != sound
    assert read_in(workspace, path).num_images == 0
    report = read_in(workspace, path, update=True)
    assert (report.num_images, report.replaced, report.already_known) == (1, 0, 2)
    assert everything(workspace) == sound


def test_a_mended_file_takes_its_rows_out_of_quarantine(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0), record(1), {"id": "x"}], num_pictures=1)
    assert read_in(workspace, path).quarantined == {"image_missing": 1, "no_conversation": 1}
    assert quarantined(workspace) == [(1, "image_missing"), (2, "no_conversation")]
    (folder / "images" / "1.png").write_bytes(picture(1))
    report = read_in(workspace, path)
    assert (report.ingested, report.already_known) == (1, 1)
    assert quarantined(workspace) == [(2, "no_conversation")]


def test_quarantine_keeps_file_row_reason_detail_and_the_raw_record(workspace: Workspace, folder: Path) -> None:
    (folder / "images").mkdir(parents=True)
    path = folder / "a.jsonl"
    bad = ['{"id": 1,}', '{"id": "caf\\ud800"}', json.dumps([1, "x" * 30_000])]
    path.write_bytes("\n".join([json.dumps(text_only(0)), *bad]).encode() + b'\n{"id": "\xe9"}\n')
    report = read_in(workspace, path)
    assert report.quarantined == {"bad_id": 1, "bad_json": 1, "not_an_object": 1, "not_utf8": 1}
    rows = workspace.store.read("quarantine").sort_by("row").to_pylist()
    assert [(row["file"], row["source"], row["row"]) for row in rows] == [
        (str(path), "a", number) for number in (1, 2, 3, 4)
    ]
    assert [row["raw"] for row in rows] == [bad[0], bad[1], bad[2][:20_000], '{"id": "\\udce9"}']
    assert rows[0]["detail"].startswith("line 2 column 10")


def test_a_list_with_a_syntax_error_commits_nothing_of_the_whole_folder(workspace: Workspace, folder: Path) -> None:
    data_set(folder, [text_only(0)], "a.json")
    (folder / "b.json").write_text('[{"id": 1},\n {"id": 2,]}\n', encoding="utf-8")
    with pytest.raises(BadData, match=r"b\.json is not valid JSON at line 2 column 11"):
        read_in(workspace, folder)
    assert workspace.versions() == {}
    assert not workspace.unfinished_path.exists()


def test_when_every_record_is_set_aside_it_is_an_error_and_quarantine_is_written(
    workspace: Workspace, folder: Path
) -> None:
    path = data_set(folder, [record(0), record(1), {"id": 2}])
    with pytest.raises(BadData, match=r"No record of .* \(2 image_missing, 1 no_conversation\)") as caught:
        read_in(workspace, path)
    assert "--image-root" in caught.value.fix
    assert quarantined(workspace) == [(0, "image_missing"), (1, "image_missing"), (2, "no_conversation")]
    assert workspace.store.count("samples") == workspace.store.count("sources") == 0


@pytest.mark.parametrize("content", ["", "[]", "\n\n"])
def test_a_file_without_records_is_an_error(workspace: Workspace, folder: Path, content: str) -> None:
    folder.mkdir()
    (folder / "a.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(BadData, match="holds no records"):
        read_in(workspace, folder / "a.jsonl")


def test_paths_without_data_are_refused_with_a_remedy(workspace: Workspace, folder: Path) -> None:
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.json").write_text("[]", encoding="utf-8")
    with pytest.raises(BadInput, match=r"holds no \.json") as caught:
        read_in(workspace, folder)
    assert "inner" in caught.value.fix
    with pytest.raises(BadInput, match="no file or folder"):
        read_in(workspace, folder / "nowhere")
    with pytest.raises(BadInput, match="image root"):
        read_in(workspace, folder / "inner" / "a.json", image_root=folder / "nowhere")


def test_a_folder_is_its_files_in_order_each_a_source_of_its_own(workspace: Workspace, folder: Path) -> None:
    for name in ("b.json", "a.jsonl", "C.json"):
        data_set(folder, [text_only(0)], name)
    (folder / ".hidden.json").write_text("broken", encoding="utf-8")
    (folder / "notes.txt").write_text("no data", encoding="utf-8")
    report = read_in(workspace, folder)
    assert report.files == [str(folder / name) for name in ("C.json", "a.jsonl", "b.json")]
    assert report.source == ["C", "a", "b"]
    assert read_in(workspace, folder, source="one").source == "one"


def test_a_folder_with_a_train_folder_is_read_through_that(workspace: Workspace, folder: Path) -> None:
    data_set(folder / "train", [record(0, image="images/0.png")], "a.json")
    data_set(folder, [text_only(0)], "eval.jsonl", num_pictures=1)
    report = read_in(workspace, folder)
    assert report.files == [str(folder / "train" / "a.json")]
    assert (report.ingested, report.image_root) == (1, str(folder))


@pytest.mark.parametrize("place", [".", "..", "images", "../images"])
def test_the_image_root_is_found_near_the_data(workspace: Workspace, folder: Path, place: str) -> None:
    path = data_set(folder / "data", [record(0, image="p/x.png"), record(1, image="p/x.png")])
    root = (path.parent / place).resolve()
    (root / "p").mkdir(parents=True)
    (root / "p" / "x.png").write_bytes(picture(0))
    report = read_in(workspace, path)
    assert (report.ingested, report.image_root) == (2, str(root))


def test_sources_by_a_field_of_the_records(workspace: Workspace, folder: Path) -> None:
    rows = [
        text_only(0, image_source="x"),
        text_only(0, image_source="y"),
        text_only(0, image_source="x"),
        text_only(3),
    ]
    report = read_in(workspace, data_set(folder, rows), source_from="image_source")
    assert (report.source, report.quarantined) == (["x", "y"], {"bad_source": 1})
    found = workspace.store.read("samples", ["source", "original_id"]).to_pylist()
    assert sorted((row["source"], row["original_id"]) for row in found) == [("x", "r0"), ("x", "r0#2"), ("y", "r0")]


def test_a_source_keeps_what_was_stated_and_grows_by_further_files(workspace: Workspace, folder: Path) -> None:
    first, second = data_set(folder, [text_only(0)], "a.json"), data_set(folder, [text_only(1)], "b.json")
    read_in(workspace, first, source="s", licence="MIT", revision="r1")
    read_in(workspace, second, source="s", category="maths")
    row = workspace.store.read("sources").to_pylist()[0]
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)]
    assert (row["licence"], row["revision"], row["category"]) == ("MIT", "r1", "maths")
    assert (row["paths"], row["file_sha256"]) == ([str(first), str(second)], hashes)
    assert row["sha256"] == hashlib.sha256("".join(hashes).encode()).hexdigest()
    assert row["format"] == "llava-json"


def test_a_file_that_moved_is_not_listed_twice(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [text_only(0)], "a.json")
    read_in(workspace, path)
    moved = path.rename(folder.parent / "a.json")
    assert read_in(workspace, moved).already_known == 1
    assert workspace.store.read("sources")["paths"].to_pylist() == [[str(moved)]]


def test_the_limit_counts_records_of_each_file(workspace: Workspace, folder: Path) -> None:
    for name in ("a.json", "b.jsonl"):
        data_set(folder, [text_only(number) for number in range(5)], name)
    report = read_in(workspace, folder, limit=2)
    assert (report.ingested, report.num_records) == (4, 4)
    report = read_in(workspace, folder)
    assert (report.ingested, report.already_known) == (6, 4)


def test_a_dry_run_counts_the_same_and_writes_nothing(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0), record(1), text_only(2), {"id": 9}], num_pictures=1)
    dry = read_in(None, path, dry_run=True)
    also = read_in(workspace, path, dry_run=True)
    assert workspace.versions() == {}
    wet = read_in(workspace, path)
    for report in (dry, also):
        assert (report.ingested, report.quarantined, report.num_images) == (
            wet.ingested,
            wet.quarantined,
            wet.num_images,
        )
    assert read_in(workspace, path, dry_run=True).already_known == 2
    with pytest.raises(BadInput):
        ingest(None, IngestSettings(paths=(path,)))


def test_the_report_has_the_keys_other_tools_rely_on(workspace: Workspace, folder: Path) -> None:
    report = read_in(workspace, data_set(folder, [text_only(0), {"id": 1}])).to_json()
    assert {"ingested", "quarantined", "already_known", "changed", "source", "seconds"} <= set(report)
    assert json.loads(json.dumps(report))["quarantined"] == {"no_conversation": 1}
    assert (report["ingested"], report["source"], report["num_records"]) == (1, "shop", 2)


def test_text_is_searchable_afterwards_in_english_and_chinese(workspace: Workspace, folder: Path) -> None:
    chinese = text_only(1) | {
        "conversations": [{"from": "human", "value": "图中有多少只猫？"}, {"from": "gpt", "value": "三只猫坐在窗边。"}]
    }
    read_in(workspace, data_set(folder, [text_only(0), chinese, record(2)], num_pictures=3))
    assert workspace.store.search("窗边", 10).tolist() == [sample_id("shop", "r1")]
    assert workspace.store.search("colour", 10).tolist() == [sample_id("shop", "r2")]
    assert workspace.store.search("picture 2", 10).tolist() == [
        sample_id("shop", "r2")
    ]  # short words and numbers count, too
    assert workspace.store.search("", 10).tolist() == workspace.store.search("nowhere", 10).tolist() == []


def test_strange_but_sound_text_is_kept_to_the_letter(workspace: Workspace, folder: Path) -> None:
    texts = [
        "a\x00b",
        "\u2028",
        "\U0001f600",
        "\ufeffx",
        "  spaced  ",
        "e\u0301",
        "\x1f",
        "#2",
        "'; DROP TABLE samples; --",
    ]
    rows = [
        {
            "id": text,
            "conversations": [{"from": "human", "value": f"q{text}"}, {"from": "gpt", "value": f"{text}a"}],
            "k": text,
        }
        for text in texts
    ]
    assert read_in(workspace, data_set(folder, rows, "odd.jsonl")).ingested == len(texts)
    found = {row["original_id"]: row for row in workspace.store.read("samples").to_pylist()}
    for text in texts:
        turns = [{"role": "human", "text": f"q{text}"}, {"role": "gpt", "text": f"{text}a"}]
        assert found[text]["conversations"] == turns
        assert json.loads(found[text]["extra"]) == {"k": text}
        assert found[text]["sample_id"] == sample_id("odd", text)
    assert read_in(workspace, folder / "odd.jsonl").already_known == len(texts)


def test_one_faulty_image_sets_its_records_aside_and_no_other(workspace: Workspace, folder: Path) -> None:
    path = data_set(folder, [record(0), record(1), record(2, image="images/0.png"), record(3)], num_pictures=4)
    (folder / "images" / "0.png").write_bytes(picture(0)[:-20])
    (folder / "images" / "3.png").write_bytes(b"")
    report = read_in(workspace, path)
    assert report.quarantined == {"image_truncated": 2, "image_empty": 1}
    assert original_ids(workspace) == ["r1"]


def test_batches_do_not_change_the_outcome(workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Any] = [record(number, image=f"images/{number % 7}.png") for number in range(150)]
    rows[20], rows[70]["id"], rows[140]["id"] = {"id": 5}, "r3", "r3"
    path = data_set(folder, rows, num_pictures=6)
    read_in(workspace, path)
    small = Workspace.create(folder.parent / "small")
    monkeypatch.setattr("core.ingest.writer._BATCH_ROWS", 10)
    report = read_in(small, path)
    assert small.store.dataset("samples").version > workspace.store.dataset("samples").version
    assert everything(small) == everything(workspace)
    assert report.ingested + sum(report.quarantined.values()) == 150

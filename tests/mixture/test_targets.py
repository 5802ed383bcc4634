"""Each target's files by the rules of who reads them: layout, order, what survives, and what is refused with a reason."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import BadData
from core.evidence.imports_lists import import_index_list
from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture import finevision, parquet_shards
from core.mixture.energon import Groups
from core.mixture.export import export
from core.mixture.gather import REASONS, PlacedImage, Sample
from core.mixture.lines import name_of, named
from core.mixture.mixture import resolve
from core.mixture.recipe import recipe_from_dict
from core.mixture.rules import typed, untyped
from core.mixture.tar_shards import KEY_CHARS, escaped, key_of, unescaped
from core.mixture.targets import TARGETS
from core.mixture.uids import halves
from core.select.pool import Pool
from core.store.ids import id_hex, sample_id
from core.workspace import Workspace
from tests.mixture import conftest
from tests.mixture.conftest import two_stages
from tests.mixture.test_export import given as records_given

Row = tuple[str, str, tuple[tuple[str, str], ...], tuple[bytes, ...]]


def original_rows(data: Path) -> dict[int, Row]:
    """Every sample as it was handed to the ingest, by its id."""
    found = {}
    for (source, key), row in records_given(data).items():
        paths = [row["image"]] if isinstance(row.get("image"), str) else row.get("image", [])
        turns = tuple((turn["from"], turn["value"]) for turn in row["conversations"])
        found[sample_id(source, key)] = (source, key, turns, tuple((data / path).read_bytes() for path in paths))
    return found


def in_order(lens: Lens, data: Path) -> list[Row]:
    """What a target that keeps the recipe's order holds."""
    original = original_rows(data)
    return [original[value] for stage in resolve(two_stages(), lens).stages for value in stage.listed.tolist()]


def images_first(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: not row[3])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def bytes_of(folder: Path, paths: list[str]) -> tuple[bytes, ...]:
    return tuple((folder / path).read_bytes() for path in paths)


def llava_rows(folder: Path, name: str) -> list[Row]:
    """What LLaVA-NeXT makes of a YAML: `all` takes a file as it is; a text is one image, a list several."""
    rows = []
    for entry in yaml.safe_load((folder / name).read_text(encoding="utf-8"))["datasets"]:
        assert entry["sampling_strategy"] == "all"
        for row in json.loads((folder / entry["json_path"]).read_text(encoding="utf-8")):
            paths = [row["image"]] if isinstance(row.get("image"), str) else row.get("image", [])
            turns = tuple((turn["from"], turn["value"]) for turn in row["conversations"])
            rows.append((row["source"], row["id"], turns, bytes_of(folder, paths)))
    return rows


def test_llava_next_mixes_the_stages_in_order_and_takes_each_by_itself(
    lens: Lens, data_dir: Path, folders: dict[str, Path]
) -> None:
    expected = in_order(lens, data_dir)
    assert llava_rows(folders["llava-next"], "mixture.yaml") == expected
    assert llava_rows(folders["llava-next"], "stage_1.yaml") == expected[:80]
    assert llava_rows(folders["llava-next"], "stage_2.yaml") == expected[80:]


FROM = {"user": "human", "assistant": "gpt", "system": "system"}


@pytest.mark.parametrize("target", ["llamafactory", "ms-swift"])
def test_messages_have_as_many_marks_as_images_and_images_are_always_a_list(
    lens: Lens, data_dir: Path, folders: dict[str, Path], target: str
) -> None:
    rows = lines(folders[target] / "data.jsonl")
    for row in rows:
        assert isinstance(row["images"], list)
        assert set(row) == {"sample", "messages", "images"} | ({"channel"} if target == "ms-swift" else set())
        assert sum(one["content"].count("<image>") for one in row["messages"]) == len(row["images"])
        assert [one["role"] for one in row["messages"]] == ["user", "assistant"] * (len(row["messages"]) // 2)
    seen = [
        (
            *named(row["sample"]),
            tuple((FROM[one["role"]], one["content"]) for one in row["messages"]),
            bytes_of(folders[target], row["images"]),
        )
        for row in rows
    ]
    assert seen == images_first(in_order(lens, data_dir))


def test_llamafactory_finds_its_columns_through_dataset_info(folders: dict[str, Path]) -> None:
    info = json.loads((folders["llamafactory"] / "dataset_info.json").read_text(encoding="utf-8"))["mixture"]
    first = lines(folders["llamafactory"] / info["file_name"])[0]
    assert set(info["columns"].values()) <= set(first)
    assert {info["tags"]["role_tag"], info["tags"]["content_tag"]} == set(first["messages"][0])


def test_the_channel_of_a_row_is_what_it_scores_highest_in(lens: Lens, folders: dict[str, Path]) -> None:
    pool = Pool.from_lens(lens)
    for row in lines(folders["ms-swift"] / "data.jsonl"):
        [at] = pool.rows_of([sample_id(*named(row["sample"]))])
        scores = {key: int(pool.scores[n][at]) for n, key in enumerate(pool.capabilities) if pool.scores[n][at] != 255}
        assert row["channel"] == max(scores, key=lambda key: scores[key])


def test_axolotl_has_a_part_with_a_path_wherever_a_mark_stood(
    lens: Lens, data_dir: Path, folders: dict[str, Path]
) -> None:
    seen = []
    for row in lines(folders["axolotl"] / "data.jsonl"):
        parts = [part for message in row["messages"] for part in message["content"]]
        assert all(set(part) == ({"type", "path"} if part["type"] == "image" else {"type", "text"}) for part in parts)
        turns = tuple(
            (
                FROM[one["role"]],
                "".join("<image>" if part["type"] == "image" else part["text"] for part in one["content"]),
            )
            for one in row["messages"]
        )
        paths = [part["path"] for part in parts if part["type"] == "image"]
        seen.append((*named(row["sample"]), turns, bytes_of(folders["axolotl"], paths)))
    assert seen == images_first(in_order(lens, data_dir))
    config = yaml.safe_load((folders["axolotl"] / "axolotl.yaml").read_text(encoding="utf-8"))
    assert config["sample_packing"] is False
    assert config["datasets"][0]["path"] == "data.jsonl"


@pytest.mark.parametrize("target", ["trl", "hf", "finevision"])
def test_parquet_shards_are_named_by_their_number_and_closed_at_a_size(folders: dict[str, Path], target: str) -> None:
    paths = sorted((folders[target] / "data").iterdir())
    assert len(paths) > 3
    assert [path.name for path in paths] == [f"train-{n:05d}-of-{len(paths):05d}.parquet" for n in range(len(paths))]
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in paths) == 200
    assert json.loads(pq.read_schema(paths[0]).metadata[b"huggingface"])["info"]["features"]["images"] == [
        {"_type": "Image"}
    ]


def test_row_groups_are_closed_at_their_size(lens: Lens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_shards, "ROW_GROUP_BYTES", 5_000)
    report = export(resolve(two_stages(), lens), lens, "hf", tmp_path / "out")
    [path] = (report.path / "data").iterdir()
    groups = pq.ParquetFile(path).metadata
    assert groups.num_row_groups > 10
    assert max(groups.row_group(n).total_byte_size for n in range(groups.num_row_groups)) < 12_000


def test_a_shard_that_is_gone_is_noticed(lens: Lens, folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for path in sorted((folders["hf"] / "data").iterdir())[1:]:
        (tmp_path / "data" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(BadData, match="every shard"):
        list(TARGETS["hf"]().read_back(tmp_path))


def test_a_tar_says_nothing_but_names_and_sizes_and_keeps_a_samples_members_together(folders: dict[str, Path]) -> None:
    keys: list[str] = []
    for path in sorted(folders["webdataset"].glob("train-*.tar")):
        assert path.stat().st_size % 10_240 == 0
        with tarfile.open(path) as tar:
            for member in tar:
                assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
                assert (member.mode, member.isreg()) == (0o644, True)
                key = member.name.split(".")[0]
                if not keys or keys[-1] != key:
                    keys.append(key)
    assert len(keys) == len(set(keys)) == 200
    assert keys == sorted(keys)


def test_energon_writes_each_sample_once_and_repeats_it_by_stage(lens: Lens, folders: dict[str, Path]) -> None:
    mixture = resolve(two_stages(), lens)
    groups = Groups(mixture)
    group_of = dict(zip(groups.sample_ids.tolist(), groups.group.tolist(), strict=True))
    for number, stage in enumerate(mixture.stages):
        config = yaml.safe_load((folders["energon"] / f"stage_{number + 1}.yaml").read_text(encoding="utf-8"))
        blend = {entry["path"]: entry["repetitions"] for entry in config["splits"]["train"]["blend_epochized"]}
        times = Counter(stage.listed.tolist())
        assert times == {value: blend[f"./{groups.names[at]}"] for value, at in group_of.items()}
    for meta in folders["energon"].glob("*/.nv-meta"):
        counts = json.loads((meta / ".info.json").read_text())["shard_counts"]
        split = yaml.safe_load((meta / "split.yaml").read_text())
        assert split["split_parts"]["train"] == list(counts)
        for name, count in counts.items():
            starts = np.frombuffer((meta.parent / f"{name}.idx").read_bytes(), dtype="<u8")
            assert len(starts) == count + 1
            with tarfile.open(meta.parent / name) as tar:
                offsets = {member.offset for member in tar}
                assert set(starts[:-1].tolist()) <= offsets
                assert starts[-1] == tar.offset


def test_uids_are_text_rows_and_a_sorted_array_and_come_back_in(lens: Lens, data_dir: Path, tmp_path: Path) -> None:
    mixture = resolve(two_stages(), lens)
    folder = export(mixture, lens, "uids", tmp_path / "out").path
    listed = [value for stage in mixture.stages for value in stage.listed.tolist()]
    assert (folder / "uids.txt").read_text().split() == [id_hex(value) for value in listed]
    assert np.load(folder / "uids.npy").tolist() == sorted((0, value) for value in listed)
    other = conftest.build(tmp_path / "ws", data_dir)
    (tmp_path / "best.txt").write_text("\n".join((folder / "uids.txt").read_text().split()[:80]))
    assert import_index_list(other.workspace, tmp_path / "best.txt").imported == 80


def test_uids_of_datacomp_are_stored_as_their_two_halves() -> None:
    uid = "0123456789abcdef" + "f" * 16
    found = halves(["x", uid, uid], np.array([7, 8, 8], dtype=np.uint64))
    assert found.dtype == np.dtype("u8,u8")
    assert found.tolist() == [(0, 7), (0x0123456789ABCDEF, 2**64 - 1), (0x0123456789ABCDEF, 2**64 - 1)]


KINDS = {
    "text alone": lambda row: not row[3],
    "one image": lambda row: len(row[3]) == 1,
    "several images": lambda row: len(row[3]) > 1,
    "several turns": lambda row: len(row[2]) > 2,
}
ONCE = {"energon", "winnow"}
"""Targets that write each sample once and say beside it how often a stage uses it."""


@pytest.mark.parametrize("target", TARGETS)
def test_samples_of_every_kind_come_back_from_each_target_by_its_own_reader(
    lens: Lens, data_dir: Path, folders: dict[str, Path], target: str
) -> None:
    meant = in_order(lens, data_dir)
    assert all(sum(map(is_of, meant)) > 10 for is_of in KINDS.values())
    bare = target == "uids"
    seen = [
        (
            row.source,
            row.original_id,
            row.turns,
            tuple(one if isinstance(one, bytes) else (folders[target] / one).read_bytes() for one in row.images),
        )
        for row in TARGETS[target]().read_back(folders[target])
    ]
    expected = Counter((*row[:2], (), ()) if bare else row for row in meant)
    assert Counter(seen) == (Counter(expected.keys()) if target in ONCE else expected)
    record = json.loads((folders[target] / "manifest.json").read_text(encoding="utf-8"))
    assert (record["num_rows"], record["dropped"]) == (len(seen), {}), "nothing is left out"


ODD = {
    "plain": [("human", "<image>\nWhat?"), ("gpt", "A dot.")],
    "system": [("system", "Be short."), ("human", "<image>What?"), ("gpt", "Dot.")],
    "video": [("human", "<image>\nIs it a <video>?"), ("gpt", "No.")],
    "path": [("human", "<image>\nWrite <img>a.png</img>"), ("gpt", "No.")],
    "inside": [("human", "See <image> here"), ("gpt", "Yes.")],
    "at the end": [("human", "What?\n<image>"), ("gpt", "A dot.")],
    "later": [("human", "Hello"), ("gpt", "Hi"), ("human", "<image>\nWhat?"), ("gpt", "Dot.")],
    "in the answer": [("human", "Draw"), ("gpt", "So: <image>")],
    "text alone": [("human", "Hello"), ("gpt", "Hi")],
    "a.b/c\\d %41é\t字?*": [("human", "<image>\nWhat?"), ("gpt", "A dot.")],
    "x" * 300: [("human", "<image>\nWhat?"), ("gpt", "A dot.")],
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Lens:
    """Samples that one format or another has no place for; every other one has an image."""
    folder = tmp_path_factory.mktemp("odd")
    Image.new("RGB", (20, 20), "red").save(folder / "dot.png")
    rows = [
        {
            "id": key,
            "conversations": [{"from": role, "value": text} for role, text in turns],
            **({"image": "dot.png"} if any("<image>" in text for _, text in turns) else {}),
        }
        for key, turns in ODD.items()
    ]
    (folder / "odd.json").write_text(json.dumps(rows), encoding="utf-8")
    workspace = Workspace.create(folder / "ws")
    report = ingest(workspace, IngestSettings(paths=(folder / "odd.json",), image_root=folder))
    assert (report.ingested, report.quarantined) == (len(ODD), {})
    return Lens(workspace)


REFUSED: dict[str, dict[str, list[str]]] = {
    "llava-next": {"image_inside_text": ["inside", "in the answer"], "system_turn": ["system"]},
    "llamafactory": {"media_marks": ["video"]},
    "ms-swift": {"media_marks": ["video", "path"]},
    "finevision": {"image_inside_text": ["inside", "later", "in the answer"], "system_turn": ["system"]},
}


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_format_cannot_carry_is_left_out_with_a_reason_and_all_else_survives(
    odd: Lens, tmp_path: Path, target: str
) -> None:
    one_stage = recipe_from_dict(
        {**two_stages().as_dict(), "stages": [{"name": "one", "parts": [{"selection": "all"}]}]}
    )
    report = export(resolve(one_stage, odd), odd, target, tmp_path / "out")
    refused = REFUSED.get(target, {})
    assert report.dropped == {reason: len(keys) for reason, keys in refused.items()}
    kept = {row.original_id: row for row in TARGETS[target]().read_back(report.path)}
    assert set(kept) == set(ODD) - {key for keys in refused.values() for key in keys}
    if target != "uids":
        assert {key: row.turns for key, row in kept.items()} == {key: tuple(ODD[key]) for key in kept}
    card = (report.path / "README.md").read_text(encoding="utf-8")
    assert all(REASONS[reason].replace("<", "\\<").replace(">", "\\>") in card for reason in refused)


Q, A = ("human", "What?"), ("gpt", "Dot.")
STRICT = ("llava-next", "llamafactory", "ms-swift", "finevision")
"""Targets whose loaders want question and answer in turn."""

PAIRED = dict.fromkeys((*STRICT, "trl", "axolotl"), "image_marks")
IN_TURN = dict.fromkeys(STRICT, "turns_do_not_alternate")
NO_SYSTEM = dict.fromkeys(("llava-next", "finevision"), "system_turn")
INSIDE = dict.fromkeys(("llava-next", "finevision"), "image_inside_text")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("turns", "num_images", "reasons"),
    [
        ((Q, A), 0, {}),
        ((("human", "<image> What?"), A), 1, {}),
        ((("human", "<image> What?"), A), 2, PAIRED),
        ((("human", "<image> What?"), A), 0, PAIRED),
        ((Q, Q, A), 0, IN_TURN),
        ((A, Q), 0, IN_TURN),
        ((Q, A, Q), 0, IN_TURN),
        ((), 0, IN_TURN),
        ((("system", "Short."), Q, A), 0, NO_SYSTEM),
        ((("system", "Short."),), 0, {**IN_TURN, **NO_SYSTEM}),
        ((("human", " "), ("gpt", "")), 0, {"llava-next": "no_words"}),
        ((("human", "See <image> here"), A), 1, INSIDE),
        ((("human", "What is it?\n<image>"), A), 1, {}),
        ((("human", " <image> What?"), A), 1, {}),
        ((Q, ("gpt", "So: <image>")), 1, INSIDE),
        ((Q, ("gpt", "<image> So.")), 1, {"finevision": "image_inside_text"}),
        ((Q, A, ("human", "<image>\nWhat?"), A), 1, {"finevision": "image_inside_text"}),
        ((("human", "Is <image> more than <image>?"), A), 2, {"finevision": "image_inside_text"}),
        ((("human", "A <video>?"), A), 0, dict.fromkeys(("llamafactory", "ms-swift"), "media_marks")),
    ],
)
def test_each_format_refuses_what_its_loader_would_skip_or_mistake(
    target: str, turns: tuple[tuple[str, str], ...], num_images: int, reasons: dict[str, str]
) -> None:
    images = tuple(PlacedImage("k", f"{number}.png", "png", 1, 1, b"x") for number in range(num_images))
    assert TARGETS[target]().refuses(Sample(1, "s", "i", turns, images)) == reasons.get(target)


@given(st.lists(st.tuples(st.sampled_from(["human", "gpt"]), st.lists(st.sampled_from(["<image>", " ", "\n", "a"])))))
def test_what_llava_next_carries_keeps_its_words_and_marks_in_order_in_that_loader(
    said: list[tuple[str, list[str]]],
) -> None:
    """Its loader brings the only mark of a turn to the front; questions may have theirs behind all words."""
    turns = tuple((role, "".join(pieces)) for role, pieces in said)
    images = (PlacedImage("k", "k.png", "png", 1, 1, b"x"),) * sum(text.count("<image>") for _, text in turns)
    if TARGETS["llava-next"]().refuses(Sample(1, "s", "i", turns, images)) is None:
        for role, text in turns:
            read = text
            if text.count("<image>") == 1 and not text.startswith("<image>"):
                read = ("<image>\n" + text.replace("<image>", "").strip()).strip()
            at_end = role == "human" and text.rstrip().endswith("<image>")
            assert read.split() == text.split() or at_end or "".join(read.split()) == "".join(text.split())


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS, TEXTS)
def test_source_and_id_in_one_column_are_told_apart_again(source: str, original_id: str) -> None:
    assert named(name_of(Sample(1, source, original_id, (), ()))) == (source, original_id)


@given(TEXTS)
def test_escaping_an_id_is_reversible_and_leaves_nothing_a_key_forbids(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert re.fullmatch(r"[A-Za-z0-9_~%-]*", escaped(text))
    key = key_of(12, text)[10:]
    assert unescaped(key) == text if len(escaped(text)) <= KEY_CHARS else len(key) == KEY_CHARS


@given(st.lists(st.sampled_from(["<image>", "<imag", "e>", "\n", "a", " ", "<image>\n"]), max_size=9))
def test_text_cut_at_its_marks_is_put_together_again(pieces: list[str]) -> None:
    text = "".join(pieces)
    parts = typed(text)
    assert untyped(parts) == text
    assert parts.count(None) == text.count("<image>")
    assert all(part is None or "<image>" not in part for part in parts)
    assert "" not in parts or parts == [""]


@given(st.lists(st.sampled_from(["<image>", "\n", " ", "a", "b.", "<image>\n"]), max_size=9))
def test_marks_taken_off_a_question_are_only_those_at_its_ends(pieces: list[str]) -> None:
    text = "".join(pieces)
    before, question, after = finevision.cut(text)
    assert before + question + after == text
    for taken in (before, after):
        assert not taken.replace("<image>", "").strip()
    assert not question.strip().startswith("<image>")
    assert not question.strip().endswith("<image>")

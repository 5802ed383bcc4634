"""The committed pool holds what its README promises: sizes, styles, skills, defects, and a fair held-out split."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sample_data import EVAL_PATH, KNOWN_PATH, POOL_DIR, RECIPE_PATH, SAMPLE_DATA_DIR, TRAIN_DIR
from sample_data.defects import DEFECTS
from sample_data.plan import COMMITTED
from sample_data.scenes.photograph_facts import PHOTOS
from sample_data.scenes.photographs import CREDITS, HELD_OUT
from sample_data.skills import CAPABILITY_KEYS, STYLES

MAX_BYTES = 8_000_000


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(TRAIN_DIR.iterdir()):
        rows = json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else _jsonl(path)
        for row in rows:
            yield path.stem, row


def _images(row: dict[str, Any]) -> list[str]:
    image = row.get("image", [])
    return [image] if isinstance(image, str) else image


def test_the_pool_is_small() -> None:
    assert sum(path.stat().st_size for path in POOL_DIR.rglob("*") if path.is_file()) <= MAX_BYTES


def test_counts_are_those_of_the_plan_and_about_as_many_as_promised() -> None:
    rows = list(_rows())
    counts = Counter(source for source, _ in rows)
    assert {plan.name: plan.num_samples for plan in COMMITTED} == {s: n for s, n in counts.items() if s != "defects"}
    assert 480 <= len(rows) <= 540
    assert 360 <= len({path for _, row in rows for path in _images(row)}) <= 440


def test_rows_have_one_two_and_more_pictures_or_none_and_one_or_several_turns() -> None:
    pictures = Counter(min(len(_images(row)), 3) for _, row in _rows())
    turns = Counter(min(len(row["conversations"]) // 2, 3) for _, row in _rows())
    assert pictures[0] >= 30
    assert pictures[2] >= 15
    assert pictures[3] >= 10
    assert turns[2] >= 20
    assert turns[3] >= 20


def test_ids_are_text_and_integers_and_known_rows_join_them() -> None:
    known = {(row["source"], row["id"]) for row in _jsonl(KNOWN_PATH)}
    sound = {(source, str(row["id"])) for source, row in _rows() if source != "defects"}
    assert sound <= known
    assert len(known) == len(_jsonl(KNOWN_PATH))
    assert {type(row["id"]) for _, row in _rows()} == {str, int}
    in_defects = {name for source, name in known - sound}
    quarantined = {defect.id for defect in DEFECTS if defect.reason}
    assert in_defects == {f"defects-{k:03d}" for k in range(1, 13)} - quarantined | {"defects-012#2"}


def test_marks_match_pictures_and_turns_alternate_outside_the_defects() -> None:
    for source, row in _rows():
        if source == "defects":
            continue
        spoken = row["conversations"]
        assert sum(turn["value"].count("<image>") for turn in spoken) == len(_images(row)), row
        assert [turn["from"] for turn in spoken] == ["human", "gpt"] * (len(spoken) // 2)
        assert all(turn["value"].strip() for turn in spoken)


def test_every_picture_outside_the_defects_can_be_read_and_is_used() -> None:
    used = {path for _, row in _rows() for path in _images(row)} | {
        path for row in _jsonl(EVAL_PATH) for path in _images(row)
    }
    held = {path.relative_to(POOL_DIR).as_posix() for path in (POOL_DIR / "images").rglob("*.*")}
    assert held == {path for path in used if (POOL_DIR / path).exists()}
    for path in held - {"images/defects/defects-009.png"}:
        with Image.open(POOL_DIR / path) as image:
            image.load()
            assert 140 <= image.width <= 640
            assert 120 <= image.height <= 480, (path, image.size)


def test_no_two_rows_say_the_same_about_the_same_outside_the_defects() -> None:
    said = Counter(
        (tuple(_images(row)), json.dumps(row["conversations"])) for source, row in _rows() if source != "defects"
    )
    assert max(said.values()) == 1


@pytest.mark.parametrize("style", STYLES)
def test_every_style_occurs_fifteen_times(style: str) -> None:
    assert sum(style in row["styles"] for row in _jsonl(KNOWN_PATH)) >= 15


def test_rows_with_several_styles_occur() -> None:
    assert sum(len(row["styles"]) > 1 for row in _jsonl(KNOWN_PATH)) >= 50


@pytest.mark.parametrize("key", CAPABILITY_KEYS)
def test_every_capability_is_known_at_every_level(key: str) -> None:
    levels = Counter(row["skills"][key] for row in _jsonl(KNOWN_PATH))
    assert set(levels) == {0, 1, 2, 3, 4, 5}
    assert sum(count for level, count in levels.items() if level >= 3) >= 15


def test_chinese_conversations_occur_with_and_without_a_picture() -> None:
    rows = [row for source, row in _rows() if source == "chinese"]
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in row["conversations"][0]["value"]) for row in rows)
    assert {bool(_images(row)) for row in rows} == {True, False}


# ---- defects -------------------------------------------------------------------------------------------------------


def _defects() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for source, row in _rows():
        if source == "defects":
            found.setdefault(str(row["id"]), []).append(row)
    return found


def _pixels(path: str) -> Image.Image:
    return Image.open(io.BytesIO((POOL_DIR / path).read_bytes())).convert("RGB")


def test_exact_duplicates_differ_in_their_id_only() -> None:
    everything = {(source, str(row["id"])): row for source, row in _rows()}
    for name, twin in (("defects-002", "defects-001"), ("defects-003", "charts-0000"), ("defects-004", "scenes-0000")):
        (row,) = _defects()[name]
        other = everything[twin.rsplit("-", 1)[0], twin]
        assert {**row, "id": ""} == {**other, "id": ""}


def test_near_duplicates_look_alike_and_are_not_equal() -> None:
    everything = {(source, str(row["id"])): row for source, row in _rows()}
    for name, twin in (("defects-005", ("defects", "defects-001")), ("defects-006", ("receipts", "receipts-0001"))):
        (row,) = _defects()[name]
        one, other = _pixels(row["image"]), _pixels(everything[twin]["image"])
        assert (POOL_DIR / row["image"]).read_bytes() != (POOL_DIR / everything[twin]["image"]).read_bytes()
        small = [list(image.convert("L").resize((12, 12)).tobytes()) for image in (one, other)]
        assert max(abs(a - b) for a, b in zip(*small, strict=True)) < 30
        words = [" ".join(r["conversations"][0]["value"].split()) for r in (row, everything[twin])]
        assert words[0] == words[1]


def test_the_damaged_rows_are_damaged_as_documented() -> None:
    found = _defects()
    marks = {
        name: sum(turn["value"].count("<image>") for turn in rows[0]["conversations"]) for name, rows in found.items()
    }
    assert marks["defects-007"] == 0
    assert "image" in found["defects-007"][0]
    assert marks["defects-008"] == 2
    assert isinstance(found["defects-008"][0]["image"], str)
    with pytest.raises(OSError, match=r"truncated|broken"):
        _pixels(found["defects-009"][0]["image"])
    assert not (POOL_DIR / found["defects-010"][0]["image"]).exists()
    assert found["defects-011"][0]["conversations"][-1]["value"] == ""
    first, second = found["defects-012"]
    assert first["conversations"] != second["conversations"]
    assert {name for name, rows in found.items() if len(rows) > 1} == {"defects-012"}


def test_the_readme_lists_every_defect_and_every_licence() -> None:
    readme = (SAMPLE_DATA_DIR / "README.md").read_text(encoding="utf-8")
    for defect in DEFECTS:
        (line,) = [line for line in readme.splitlines() if line.startswith(f"| {defect.id} |")]
        assert defect.kind.replace("<image>", "`<image>`") in line
        assert not defect.reason or f"`{defect.reason}`" in line
        assert not defect.twin or defect.twin in line
    for file in {photo.file for photo in PHOTOS.values()}:
        assert file in CREDITS
        (line,) = [line for line in readme.splitlines() if line.startswith(f"| {file} |")]
        assert ("CC0" in line) == ("CC0" in CREDITS[file].split(";")[-1])
    for plan in COMMITTED:
        assert f"| {plan.name} | {plan.num_samples} |" in readme


# ---- held-out split ------------------------------------------------------------------------------------------------


def test_no_held_out_picture_is_trained_on() -> None:
    def digests(paths: set[str]) -> set[str]:
        return {hashlib.sha256(_pixels(path).tobytes()).hexdigest() for path in paths}

    broken = {"images/defects/defects-009.png"}
    trained = {path for _, row in _rows() for path in _images(row) if (POOL_DIR / path).exists()} - broken
    held_out = {path for row in _jsonl(EVAL_PATH) for path in _images(row)}
    assert all(path.startswith("images/eval/") for path in held_out)
    assert not digests(trained) & digests(held_out)
    photos = {row["image"] for source, row in _rows() if source == "photos"}
    assert len(photos) == len(PHOTOS) - len(HELD_OUT)


def test_held_out_questions_are_short_and_of_four_types() -> None:
    rows = _jsonl(EVAL_PATH)
    assert 110 <= len(rows) <= 130
    assert len({row["id"] for row in rows}) == len(rows)
    types = Counter(row["answer_type"] for row in rows)
    assert set(types) == {"short", "choice", "number", "yes_no"}
    assert min(types.values()) >= 15
    single = sum(len(row["answer"].split()) == 1 for row in rows)
    assert single / len(rows) >= 0.85
    for row in rows:
        assert "<image>" not in row["question"]
        assert ("choices" in row) == (row["answer_type"] == "choice")


@pytest.mark.parametrize("answer_type", ["yes_no", "choice", "short", "number"])
def test_no_constant_answer_does_well_on_the_held_out_split(answer_type: str, record_property: Any) -> None:
    answers = Counter(row["answer"] for row in _jsonl(EVAL_PATH) if row["answer_type"] == answer_type)
    majority = max(answers.values()) / answers.total()
    record_property("majority_baseline", majority)
    assert majority <= {"yes_no": 0.6, "choice": 0.4, "short": 0.25, "number": 0.3}[answer_type]


def test_no_constant_answer_does_well_in_training() -> None:
    yes_no = Counter(
        turn["value"].split(",")[0].lower()
        for _, row in _rows()
        for turn in row["conversations"]
        if turn["from"] == "gpt" and turn["value"].split(",")[0].lower() in ("yes", "no")
    )
    assert max(yes_no.values()) / yes_no.total() <= 0.6


def test_the_recipe_names_the_sources_there_are() -> None:
    from core.mixture.recipe import load_recipe

    recipe = load_recipe(RECIPE_PATH)
    assert {entry.name for entry in recipe.sources} == {plan.name for plan in COMMITTED}
    assert len(recipe.stages) == 4
    assert recipe.stages[0].trainable == ("projector",)
    tiles = [stage.resolution.max_tiles for stage in recipe.stages]
    assert tiles == sorted(tiles)
    assert recipe.model.preset == "tiny"

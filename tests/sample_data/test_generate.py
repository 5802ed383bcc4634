"""The generator makes the committed pool again, makes others of any size, and refuses what it cannot do."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from PIL import Image

from sample_data import POOL_DIR, SAMPLE_DATA_DIR
from sample_data.building import drafts, make_scene
from sample_data.drawing import encode
from sample_data.generate import SEED, check, compare, main
from sample_data.plan import COMMITTED, scaled
from sample_data.scenes import shapes
from sample_data.skills import CAPABILITY_KEYS, FAMILY, KINDS, STYLE, STYLES, parse, turn_skills


def _quiet(text: str) -> None:
    pass


def test_the_committed_pool_is_what_the_code_makes() -> None:
    found = check(_quiet)
    assert not found.different
    assert len(found.identical) + len(found.same_pixels) == sum(1 for path in POOL_DIR.rglob("*") if path.is_file())


def test_a_changed_file_a_missing_one_and_one_too_many_are_differences(tmp_path: Path) -> None:
    for folder, files in (("a", {"x.json": b"1", "y.json": b"2"}), ("b", {"x.json": b"3", "z.json": b"4"})):
        (tmp_path / folder).mkdir()
        for name, data in files.items():
            (tmp_path / folder / name).write_bytes(data)
    assert compare(tmp_path / "a", tmp_path / "b").different == ("x.json", "y.json", "z.json")


def test_the_same_pixels_packed_otherwise_are_told_apart_from_other_pixels(tmp_path: Path) -> None:
    image = Image.linear_gradient("L").convert("RGB")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    image.save(tmp_path / "a" / "p.png", compress_level=1)
    image.save(tmp_path / "b" / "p.png", compress_level=9)
    image.save(tmp_path / "a" / "q.png")
    image.rotate(90).save(tmp_path / "b" / "q.png")
    found = compare(tmp_path / "a", tmp_path / "b")
    assert (found.same_pixels, found.different) == (("p.png",), ("q.png",))


def test_another_seed_gives_other_questions() -> None:
    plan = COMMITTED[0]
    first, again, other = (
        [turn.question for draft in drafts(plan, seed) for turn in draft.turns] for seed in (SEED, SEED, SEED + 1)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("num_samples", [100, 512, 9_999, 1_000_000])
def test_a_plan_of_any_size_has_that_many_rows_and_keeps_to_the_pictures(num_samples: int) -> None:
    plans = scaled(num_samples, 4000)
    assert sum(plan.num_samples for plan in plans) == num_samples
    assert sum(plan.num_scenes for plan in plans if plan.name != "dialogues") <= 4000
    assert all(1 <= plan.num_scenes <= plan.num_samples for plan in plans)


def test_a_larger_pool_has_the_same_layout_and_reuses_its_pictures(tmp_path: Path) -> None:
    out = tmp_path / "pool"
    assert main(["--out", str(out), "--num-samples", "1500", "--max-images", "150", "--seed", "7"]) == 0
    rows = 0
    for path in (out / "train").iterdir():
        text = path.read_text(encoding="utf-8")
        rows += len(json.loads(text)) if path.suffix == ".json" else len(text.splitlines())
    assert rows == 1500 + 13
    pictures = [path for path in (out / "images").rglob("*") if path.is_file()]
    held_out = [path for path in pictures if path.parent.name == "eval"]
    assert len(pictures) - len(held_out) <= 150 * 1.3
    assert {path.name for path in (out / "train").iterdir()} == {path.name for path in (POOL_DIR / "train").iterdir()}
    lines = (out / "known.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == rows - 5  # what an ingest sets aside has no known skills


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--num-samples", "10"], "needs --out"),
        (["--out", "x", "--num-samples", "-1"], "must be from 1"),
        (["--out", "x", "--num-samples", "10", "--max-images", "3"], "100 or more"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert says in capsys.readouterr().err


def test_a_folder_with_other_files_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--num-samples", "100"])
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_drawings_are_small_png_and_photographs_jpeg() -> None:
    (drawing,) = shapes.draw(make_scene(shapes, 1, 0, "t", 0, set()))
    assert encode(drawing)[1] == "png"
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    assert encode(noise)[1] == "jpg"


# ---- the rationale -------------------------------------------------------------------------------------------------


def test_every_task_kind_has_a_rationale_and_every_rationale_a_task() -> None:
    asked = {kind for plan in COMMITTED for kind in (*plan.family.SCHEDULE, *plan.family.SHORT)}
    assert asked == set(KINDS)
    for own, grows, why in KINDS.values():
        assert set(parse(own)) <= set(CAPABILITY_KEYS)
        assert all(0 <= level <= 5 for level in parse(own).values())
        assert set(grows.split()) <= set(CAPABILITY_KEYS)
        assert len(why.split()) >= 3
    assert set(STYLE) == set(STYLES)
    assert {plan.name for plan in COMMITTED} <= set(FAMILY)


def test_keys_and_styles_are_those_of_the_vocabulary_in_its_order() -> None:
    from core import vocabulary

    assert tuple(CAPABILITY_KEYS) == tuple(vocabulary.CAPABILITY_KEYS)
    assert tuple(STYLES) == tuple(vocabulary.STYLES)


def test_a_level_is_the_highest_of_picture_task_and_form_and_grows_with_difficulty() -> None:
    def of(level: int) -> dict[str, int]:
        skills = turn_skills("charts", "chart_total", ("chain-of-thought",), level)
        return {key: value for key, value in zip(CAPABILITY_KEYS, skills, strict=True) if value}

    # Worked by hand: the picture gives data 2 and ocr 2, the task data 5 and stem 2, steps give logical 4 and langgen 1;
    # data and logical grow, and 5 is the most there is.
    assert of(1) == {"logical": 4, "langgen": 1, "stem": 2, "data": 5, "ocr": 2}
    assert of(0) == {"logical": 3, "langgen": 1, "stem": 2, "data": 4, "ocr": 2}
    assert of(2) == {"logical": 5, "langgen": 1, "stem": 2, "data": 5, "ocr": 2}


def test_every_way_to_ask_is_used_and_nothing_is_left_to_fill_in() -> None:
    ways = yaml.safe_load((SAMPLE_DATA_DIR / "questions.yaml").read_text(encoding="utf-8"))
    modules = "".join(path.read_text(encoding="utf-8") for path in (SAMPLE_DATA_DIR / "scenes").glob("*.py"))
    for kind, lines in ways.items():
        assert f'asked("{kind}")' in modules, kind
        assert len(set(lines)) == len(lines) >= 1
    for plan in scaled(2000, 1000):
        for draft in drafts(plan, 3):
            for turn in draft.turns:
                assert not re.search(r"\{[a-z_]+\}", turn.question), turn


def test_wording_varies() -> None:
    questions = Counter(
        turn.question for plan in scaled(3000, 1500) for draft in drafts(plan, 5) for turn in draft.turns
    )
    openings = Counter(question.replace("<image>", "").strip().split("\n")[0][:25] for question in questions)
    assert len(openings) > 700
    assert openings.most_common(1)[0][1] < 0.06 * sum(openings.values())

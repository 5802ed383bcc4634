"""Imported mmSSR replies: which texts are scores, how replies find their samples, what is set aside, what an import never does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadData, BadInput
from core.evidence.imports import import_mmssr, parse_score, parse_styles
from core.ingest.reasons import Rejected
from core.lens import Lens
from core.store import evidence
from core.store.ids import sample_id
from core.vocabulary import STYLES
from core.workspace import Workspace
from tests.ingest.making import data_set, read_in, text_only

SCORES = evidence.producer("scores", "mmssr", "1")
STYLE = evidence.producer("styles", "mmssr", "1")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Source `plain` with ids 0 to 4, and source `own` whose rows have an idx of 100 to 102."""
    workspace = Workspace.create(tmp_path / "ws")
    read_in(workspace, data_set(tmp_path / "in", [text_only(number, id=number) for number in range(5)], "plain.json"))
    read_in(
        workspace, data_set(tmp_path / "in", [text_only(number, idx=100 + number) for number in range(3)], "own.json")
    )
    return workspace


@pytest.fixture
def replies(tmp_path: Path) -> Path:
    folder = tmp_path / "replies"
    folder.mkdir()
    return folder


def say(folder: Path, name: str, lines: list[Any]) -> None:
    text = (
        json.dumps({"idx": line[0], "pred_response": line[1]}) if isinstance(line, tuple) else line for line in lines
    )
    (folder / f"{name}.jsonl").write_text("\n".join(text) + "\n", encoding="utf-8")


def stored(workspace: Workspace, key: str) -> dict[str, int | None]:
    """Original id to stored score."""
    names = {row["sample_id"]: row["original_id"] for row in workspace.store.read("samples").to_pylist()}
    return {names[row["sample_id"]]: row[key] for row in evidence.read(workspace.store, SCORES).to_pylist()}


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("4", 4),
        ("4.0", 4),
        (" 4", 4),
        ("4/5", 4),
        ("4 \n", 4),
        ("4 / 5", 4),
        ("0", 0),
        ("5", 5),
        ("3.7", 3.7),
        ("4.", 4),
        (3, 3),
        (2.5, 2.5),
    ],
)
def test_these_replies_are_scores(reply: object, score: float) -> None:
    assert parse_score(reply) == score


@pytest.mark.parametrize(
    "reply",
    [
        "",
        " ",
        "6",
        "5.01",
        "-1",
        "four",
        "4/10",
        "8/10",
        "4 5",
        "4,5",
        "nan",
        "inf",
        "1e0",
        "Score: 4",
        "\u0664",
        "4/5/5",
        None,
        True,
        [4],
        "4a",
    ],
)
def test_these_replies_are_none(reply: object) -> None:
    with pytest.raises(Rejected, match="not_a_score"):
        parse_score(reply)


@given(st.floats(0, 5).map(lambda value: round(value, 3)))
def test_any_decimal_from_0_to_5_is_a_score(value: float) -> None:
    assert parse_score(f"{value:.3f}") == value


@given(st.lists(st.sampled_from(STYLES), unique=True), st.lists(st.sampled_from(["poem", "Haiku", "a b"]), unique=True))
def test_known_styles_come_in_vocabulary_order_and_unknown_words_apart(known: list[str], unknown: list[str]) -> None:
    found, rest = parse_styles(" , ".join([*unknown, *known]))
    assert found == [style for style in STYLES if style in known]
    assert rest == unknown


def test_the_published_alias_is_a_style() -> None:
    assert parse_styles("chain-of-thought (step-by-step), Yes/No") == (["yes/no", "chain-of-thought"], [])


def test_scores_join_the_original_id_or_the_sources_own_idx(workspace: Workspace, replies: Path) -> None:
    say(replies, "ocr", [(0, "4"), ("1", "4/5"), (2, " 3"), (100, "5"), (102, "0"), (7, "1")])
    report = import_mmssr(workspace, replies)
    assert stored(workspace, "ocr") == {"0": 200, "1": 200, "2": 150, "r0": 250, "r2": 0}
    assert stored(workspace, "stem") == dict.fromkeys(["0", "1", "2", "r0", "r2"])
    assert (report.imported, report.samples, report.rejected, report.files) == (
        5,
        5,
        {"no_such_sample": 1},
        {"ocr.jsonl": 5},
    )


def test_a_source_with_an_idx_of_its_own_is_not_joined_by_original_id(workspace: Workspace, replies: Path) -> None:
    say(replies, "ocr", [("r0", "4"), ("r1", "4")])
    with pytest.raises(BadData, match="joins a sample, such as idx 'r0'; the samples have keys such as"):
        import_mmssr(workspace, replies)


@pytest.mark.parametrize("name", ["ocr", "optical character recognition", "Optical_Character-Recognition"])
def test_a_file_is_named_by_key_or_full_name(workspace: Workspace, replies: Path, name: str) -> None:
    say(replies, name, [(0, "4")])
    say(replies, "readme", [(0, "4")])
    report = import_mmssr(workspace, replies)
    assert stored(workspace, "ocr") == {"0": 200}
    assert report.ignored_files == ["readme.jsonl"]


def test_what_is_no_score_goes_to_quarantine_with_its_reason(workspace: Workspace, replies: Path) -> None:
    say(
        replies,
        "ocr",
        [(0, "4"), (1, "six"), (2, "6"), "{broken", '{"idx": 3}', '{"idx": [1], "pred_response": "1"}', (0, "2")],
    )
    report = import_mmssr(workspace, replies)
    assert report.rejected == {"not_a_score": 2, "bad_reply": 2, "bad_json": 1, "repeated_reply": 1}
    assert stored(workspace, "ocr") == {"0": 200}
    rows = workspace.store.read("quarantine").sort_by("row").to_pylist()
    assert [(row["row"], row["reason"]) for row in rows] == [
        (1, "not_a_score"), (2, "not_a_score"), (3, "bad_json"), (4, "bad_reply"), (5, "bad_reply"), (6, "repeated_reply"),
    ]  # fmt: skip
    assert rows[0]["raw"] == '{"idx": 1, "pred_response": "six"}'
    say(replies, "ocr", [(0, "4"), (1, "5")])
    import_mmssr(workspace, replies)
    assert workspace.store.count("quarantine") == 0
    assert stored(workspace, "ocr") == {"0": 200, "1": 250}


def test_unknown_styles_are_reported_and_make_no_bin(workspace: Workspace, replies: Path) -> None:
    say(replies, "style", [(0, "yes/no, poem"), (1, "poem"), (2, "comparison,multiple choice"), (3, "")])
    report = import_mmssr(workspace, replies)
    assert report.unknown_styles == {"poem": 2}
    table = evidence.read(workspace.store, STYLE).to_pylist()
    assert {row["sample_id"]: row["styles"] for row in table} == {
        sample_id("plain", "0"): ["yes/no"],
        sample_id("plain", "1"): [],
        sample_id("plain", "2"): ["multi-choice", "comparison"],
        sample_id("plain", "3"): [],
    }


@pytest.mark.parametrize("name", ["ocr", "style"])
def test_a_file_that_joins_nothing_is_an_error_and_nothing_is_written(
    workspace: Workspace, replies: Path, name: str
) -> None:
    say(replies, "stem", [(0, "4")])
    say(replies, name, [(5000, "4"), (6000, "4")])
    with pytest.raises(BadData, match=f"None of the 2 replies in .*{name}.jsonl joins a sample"):
        import_mmssr(workspace, replies)
    assert evidence.producers(workspace.store) == []


def test_a_file_without_one_valid_reply_is_an_error(workspace: Workspace, replies: Path) -> None:
    say(replies, "ocr", [(0, "good"), (1, "better")])
    with pytest.raises(BadData, match="None of the 2 replies"):
        import_mmssr(workspace, replies)
    assert workspace.store.read("quarantine")["reason"].to_pylist() == ["not_a_score"] * 2
    assert evidence.producers(workspace.store) == []


def test_a_folder_without_reply_files_and_an_unknown_source_are_refused(
    workspace: Workspace, replies: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="holds no reply file"):
        import_mmssr(workspace, replies)
    with pytest.raises(BadInput, match="no folder"):
        import_mmssr(workspace, replies / "none")
    say(replies, "ocr", [(0, "4")])
    with pytest.raises(BadInput, match="no source 'x'") as caught:
        import_mmssr(workspace, replies, source="x")
    assert "own, plain" in caught.value.fix or "plain, own" in caught.value.fix
    with pytest.raises(BadInput, match="no samples"):
        import_mmssr(Workspace.create(tmp_path / "empty"), replies)
    say(replies, "optical character recognition", [(0, "4")])
    with pytest.raises(BadInput, match="both about ocr"):
        import_mmssr(workspace, replies)


def test_an_idx_of_several_different_samples_needs_a_source(
    workspace: Workspace, replies: Path, tmp_path: Path
) -> None:
    other = [text_only(90, id=0), text_only(1, id=1), text_only(99, id=99)]
    read_in(workspace, data_set(tmp_path / "in", other, "other.json"))
    say(replies, "ocr", [(0, "4"), (1, "3"), (99, "5")])
    report = import_mmssr(workspace, replies)
    assert report.rejected == {"ambiguous_idx": 1}
    assert (report.imported, report.samples) == (2, 3)  # id 1 is the same sample in both sources
    report = import_mmssr(workspace, replies, source="other")
    assert report.rejected == {}
    rows = {row["sample_id"]: row["ocr"] for row in evidence.read(workspace.store, SCORES).to_pylist()}
    assert rows == {
        sample_id("other", "0"): 200,
        sample_id("other", "1"): 150,
        sample_id("plain", "1"): 150,
        sample_id("other", "99"): 250,
    }


def test_a_later_import_of_other_capabilities_keeps_the_earlier_ones(workspace: Workspace, replies: Path) -> None:
    say(replies, "ocr", [(0, "4"), (1, "3")])
    import_mmssr(workspace, replies)
    (replies / "ocr.jsonl").unlink()
    say(replies, "stem", [(1, "2"), (2, "1")])
    import_mmssr(workspace, replies)
    assert stored(workspace, "ocr") == {"0": 200, "1": 150, "2": None}
    assert stored(workspace, "stem") == {"0": None, "1": 100, "2": 50}


def test_a_corrected_file_replaces_what_it_answers_and_nothing_else(workspace: Workspace, replies: Path) -> None:
    say(replies, "ocr", [(0, "5"), (1, "4"), (2, "3")])
    import_mmssr(workspace, replies)
    say(replies, "ocr", [(0, "2"), (1, "no idea")])
    report = import_mmssr(workspace, replies)
    assert (report.imported, report.samples, report.rejected) == (1, 1, {"not_a_score": 1})
    assert stored(workspace, "ocr") == {"0": 100, "1": None, "2": 150}


def test_scores_of_changed_content_are_not_carried_over(workspace: Workspace, replies: Path, tmp_path: Path) -> None:
    say(replies, "ocr", [(0, "4"), (1, "3")])
    import_mmssr(workspace, replies)
    changed = text_only(0, id=0)
    changed["conversations"][1]["value"] = "other"
    read_in(workspace, data_set(tmp_path / "in", [changed], "plain.json"), update=True)
    (replies / "ocr.jsonl").unlink()
    say(replies, "stem", [(0, "2"), (1, "1")])
    import_mmssr(workspace, replies)
    assert stored(workspace, "ocr") == {"0": None, "1": 150}


def test_what_was_imported_is_what_the_lens_shows(workspace: Workspace, replies: Path) -> None:
    say(replies, "ocr", [(0, "4"), (100, "2.5")])
    say(replies, "style", [(0, "yes/no")])
    import_mmssr(workspace, replies)
    assert len(json.loads(json.dumps(evidence.settings_of(workspace.store, SCORES)))["files"]) == 2
    assert Lens(workspace).producers["scores"] == [SCORES]

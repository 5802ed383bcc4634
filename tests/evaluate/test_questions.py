"""Question files: good lines are kept, bad ones are counted by reason with their number, none is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import BadData, BadInput
from core.evaluate.questions import install, load_questions, own_split


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / "images" / name)
    return tmp_path


def row(**changes: Any) -> dict[str, Any]:
    return {"id": "1", "image": "images/a.png", "question": "What?", "answer": "red", "answer_type": "short", **changes}


def write(root: Path, *lines: Any) -> Path:
    path = root / "eval.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_images_may_be_one_several_or_none_and_kinds_have_aliases(root: Path) -> None:
    found = load_questions(
        write(
            root,
            row(),
            row(id="2", image=["images/a.png", "images/b.png"], answer_type="yes/no", answer=True),
            {"id": 3, "question": "2+2?", "answer": 4, "answer_type": "number"},
            row(id="4", answer_type="choice", answer="B", choices=["red", "blue"]),
            row(id="5", answers=["crimson", "red"]),
        ),
        root,
    )
    assert [question.images for question in found.questions[:3]] == [
        ("images/a.png",), ("images/a.png", "images/b.png"), (),
    ]  # fmt: skip
    assert [question.kind for question in found.questions] == ["short", "yes_no", "number", "choice", "short"]
    assert [question.answer for question in found.questions] == ["red", "yes", "4", "B", "red"]
    assert found.questions[4].answers == ("red", "crimson")
    assert found.rejected == ()


def test_every_bad_line_is_counted_by_reason_with_its_number(root: Path) -> None:
    found = load_questions(
        write(
            root,
            row(),
            "{broken",
            row(id="3", image="images/none.png"),
            row(id="4", image="../outside.png"),
            row(id="5", answer_type="riddle"),
            row(id="6", question=" "),
            row(id="7", answer=None),
            row(),
            "[1]",
            "",
            row(id="8", question="<image> or <image>?"),
        ),
        root,
    )
    assert len(found.questions) == 1
    assert found.reasons() == {
        "bad_json": 1, "image_missing": 1, "image_outside_root": 1, "unknown_answer_type": 1, "no_question": 1,
        "no_answer": 1, "duplicate_id": 1, "not_an_object": 1, "image_marks_differ": 1,
    }  # fmt: skip
    assert [line.line for line in found.rejected] == [2, 3, 4, 5, 6, 7, 8, 9, 11]


def test_a_file_of_bad_lines_is_an_error_with_the_line(root: Path) -> None:
    with pytest.raises(BadData, match="line 2"):
        load_questions(write(root, "", "{"), root)
    with pytest.raises(BadData, match="no question"):
        load_questions(write(root, ""), root)
    with pytest.raises(BadInput, match="no question file"):
        load_questions(root / "none.jsonl", root)


def test_a_limit_takes_the_first_questions(root: Path) -> None:
    path = write(root, *[row(id=str(number)) for number in range(5)])
    assert [question.question_id for question in load_questions(path, root, 2).questions] == ["0", "1"]


def test_a_workspaces_own_split_is_a_whole_copy(root: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    assert own_split(workspace) is None
    path = write(
        root, row(), "{", row(id="2", image=["images/a.png", "images/b.png"], choices=["x"], answers=["crimson"])
    )
    installed = install(workspace, path, root)
    split = own_split(workspace)
    assert split is not None
    assert load_questions(*split).questions == installed.questions
    assert load_questions(*split).rejected == ()
    install(workspace, write(root, row(id="9", image=None)), root)
    assert [question.question_id for question in load_questions(*split).questions] == ["9"]
    assert not (workspace / "evaluation" / "images").exists()


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_any_bytes_are_read_without_a_crash(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    root = tmp_path_factory.getbasetemp()
    path = root / "any.jsonl"
    good = json.dumps({"id": "good", "question": "?", "answer": "!", "answer_type": "short"}).encode()
    path.write_bytes(b"\n".join([*lines, good]))
    assert load_questions(path, root).questions[-1].question_id == "good"

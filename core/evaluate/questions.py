"""Questions with gold answers: one JSON object a line, read with every bad line named and counted.

A workspace keeps its own split in evaluation/questions.jsonl with the pictures below the same folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadData, BadInput

SPLIT_DIR = "evaluation"
SPLIT_FILE = "questions.jsonl"

KINDS = (
    "short",
    "text",
    "choice",
    "choice_text",
    "number",
    "math",
    "yes_no",
    "true_false",
    "open",
    "list",
    "point",
    "vqa",
)
"""What an answer can be; `metrics.METRICS` says how each is scored."""

_ALIASES = {"yes/no": "yes_no", "true/false": "true_false", "multiple_choice": "choice", "multi-choice": "choice"}


@dataclass(frozen=True)
class Question:
    """One question. `images` are paths below the image root; `answers` holds the gold answer first, then others."""

    question_id: str
    images: tuple[str, ...]
    question: str
    kind: str
    answers: tuple[str, ...]
    choices: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        return self.answers[0]


@dataclass(frozen=True)
class Rejected:
    """A line that cannot be asked: `line` counts from 1."""

    line: int
    reason: str
    detail: str


@dataclass(frozen=True)
class QuestionSet:
    questions: tuple[Question, ...]
    rejected: tuple[Rejected, ...]

    def reasons(self) -> dict[str, int]:
        """Rejected lines by reason."""
        return dict(sorted(Counter(line.reason for line in self.rejected).items()))


def load_questions(path: Path, image_root: Path, limit: int | None = None) -> QuestionSet:
    """The questions of a JSONL file; bad lines are set aside with number and reason, a file of bad lines is an error."""
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except FileNotFoundError:
        raise BadInput(f"There is no question file {path}.", "Give the path of a JSONL file with --data.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error}", "Give the path of a JSONL file with --data.") from error
    questions: list[Question] = []
    rejected: list[Rejected] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if limit is not None and len(questions) == limit:
            break
        if not line.strip():
            continue
        try:
            question = _question(line, number, image_root)
            if question.question_id in seen:
                raise _Bad("duplicate_id", f"the id {question.question_id!r} stands twice")
        except _Bad as bad:
            rejected.append(Rejected(number, bad.reason, bad.detail))
            continue
        seen.add(question.question_id)
        questions.append(question)
    if not questions:
        if not rejected:
            raise BadData(f"{path} holds no question.", "Give a JSONL file with one question a line.")
        first = rejected[0]
        raise BadData(
            f"{path} holds no usable question; line {first.line}: {first.detail}.",
            f"Each line needs question, answer and answer_type ({', '.join(KINDS)}), and images below {image_root}.",
        )
    return QuestionSet(tuple(questions), tuple(rejected))


def install(workspace_path: Path, jsonl: Path, image_root: Path) -> QuestionSet:
    """Make a question file the workspace's own split: questions and their pictures are copied; bad lines stay out."""
    found = load_questions(jsonl, image_root)
    target = workspace_path / SPLIT_DIR
    partial = workspace_path / f".{SPLIT_DIR}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for image in sorted({image for question in found.questions for image in question.images}):
        (partial / image).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image_root / image, partial / image)
    with (partial / SPLIT_FILE).open("w", encoding="utf-8") as file:
        for question in found.questions:
            file.write(json.dumps(_plain(question), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    old = workspace_path / f".{SPLIT_DIR}.old"
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return found


def own_split(workspace_path: Path) -> tuple[Path, Path] | None:
    """(question file, image root) of the workspace's own split, None when it has none."""
    path = workspace_path / SPLIT_DIR / SPLIT_FILE
    return (path, path.parent) if path.is_file() else None


class _Bad(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def _question(line: bytes, number: int, image_root: Path) -> Question:
    try:
        row: Any = json.loads(line)
    except UnicodeDecodeError as error:
        raise _Bad("not_utf8", f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _Bad("bad_json", f"{error.msg} at column {error.colno}") from error
    if not isinstance(row, dict):
        raise _Bad("not_an_object", "it is not a JSON object")
    answers = _texts(row.get("answer")) + _texts(row.get("answers"))
    kind = str(row.get("answer_type", "short")).strip().lower()
    kind = _ALIASES.get(kind, kind)
    images = _texts(row.get("image"))
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise _Bad("no_question", "it has no question")
    if not answers or not answers[0].strip():
        raise _Bad("no_answer", "it has no answer")
    if kind not in KINDS:
        raise _Bad("unknown_answer_type", f"the answer_type {row.get('answer_type')!r} is not known")
    marks = text.count("<image>")
    if images and marks not in (0, len(images)):
        raise _Bad("image_marks_differ", f"it has {marks} <image> for {len(images)} images")
    for image in images:
        _check_image(image, image_root)
    # The gold answer stands first; a list of answers that repeats it keeps its own counts for the vqa metric.
    others = answers[1:] if kind == "vqa" else [other for other in dict.fromkeys(answers[1:]) if other != answers[0]]
    return Question(
        question_id=str(row.get("id", f"line-{number}")),
        images=tuple(images),
        question=text,
        kind=kind,
        answers=(answers[0], *others),
        choices=tuple(_texts(row.get("choices"))),
    )


def _check_image(image: str, image_root: Path) -> None:
    root = image_root.resolve()
    path = (root / image).resolve()
    if not path.is_relative_to(root) or Path(image).is_absolute():
        raise _Bad("image_outside_root", f"the image {image!r} is not below {image_root}")
    if not path.is_file():
        raise _Bad("image_missing", f"the image {image!r} is not below {image_root}")


def _texts(value: Any) -> list[str]:
    """A value that may be absent, one or several, as texts."""
    if value is None:
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, (str, int, float)):
        return [str(value)]
    return [text for entry in value for text in _texts(entry)] if isinstance(value, list) else []


def _plain(question: Question) -> dict[str, Any]:
    row: dict[str, Any] = {"id": question.question_id}
    if question.images:
        row["image"] = question.images[0] if len(question.images) == 1 else list(question.images)
    row |= {"question": question.question, "answer": question.answer, "answer_type": question.kind}
    if len(question.answers) > 1:
        row["answers"] = list(question.answers[1:])
    if question.choices:
        row["choices"] = list(question.choices)
    return row

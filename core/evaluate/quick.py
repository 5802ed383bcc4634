"""Quick evaluation: a model answers questions by greedy generation in batches; figures with intervals and two baselines.

Baselines make a figure readable: `majority` always says the most frequent gold answer of the kind, and `blind` is the
same model without the pictures.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from core.errors import BadData, BadInput
from core.evaluate.intervals import Estimate, difference_interval, f1_interval, mean_interval
from core.evaluate.metrics import score, verdict
from core.evaluate.questions import Question
from core.progress import Progress, silent
from core.train.data import read_picture
from core.train.generate import Prompt, Speaker

NEW_TOKENS = {"text": 48, "open": 64, "list": 24, "math": 16, "point": 16, "short": 12, "vqa": 12, "choice_text": 16}
"""Most tokens of an answer by kind; the others are a letter, a number or a word."""

_SHORT_ANSWER = 8


@dataclass(frozen=True)
class Answered:
    """A question with what the model said and how that scores."""

    question: Question
    prediction: str
    scores: dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """Answers to a set of questions."""

    answered: tuple[Answered, ...]

    @property
    def scores(self) -> list[float]:
        """Each question's own score, in order."""
        return [entry.scores["score"] for entry in self.answered]

    def metrics(self, seed: int = 0) -> dict[str, Estimate]:
        """`score` over all questions, then each metric over the questions it is of."""
        names = dict.fromkeys(name for entry in self.answered for name in entry.scores)
        found = {
            name: mean_interval([entry.scores[name] for entry in self.answered if name in entry.scores], seed)
            for name in names
        }
        judged = [entry for entry in self.answered if "yes_no" in entry.scores]
        if judged:
            said = [verdict(entry.prediction) is True for entry in judged]
            gold = [verdict(entry.question.answer) is True for entry in judged]
            found["yes_no_f1"] = f1_interval(said, gold, seed)
        return found

    def counts(self) -> dict[str, int]:
        """Questions behind each metric."""
        return dict(Counter(name for entry in self.answered for name in entry.scores))


def answer_questions(
    speaker: Speaker,
    questions: Sequence[Question],
    image_root: Path,
    *,
    batch_size: int = 16,
    blind: bool = False,
    max_new_tokens: int | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """The model's answers. Batches hold questions of one kind and of like length; the order given is kept."""
    order = sorted(range(len(questions)), key=lambda place: (questions[place].kind, len(questions[place].question)))
    predictions: dict[int, str] = {}
    start = 0
    while start < len(order):
        kind = questions[order[start]].kind
        batch = [place for place in order[start : start + batch_size] if questions[place].kind == kind]
        prompts = [_prompt(questions[place], image_root, blind) for place in batch]
        said = speaker.answer(prompts, max_new_tokens or NEW_TOKENS.get(kind, _SHORT_ANSWER))
        predictions.update(zip(batch, said, strict=True))
        start += len(batch)
        progress(start, len(order), "answering without pictures" if blind else "answering")
    return Evaluation(
        tuple(
            Answered(question, predictions[place], score(predictions[place], question))
            for place, question in enumerate(questions)
        )
    )


def majority(questions: Sequence[Question]) -> Evaluation:
    """The most frequent gold answer of each kind, said to every question of it."""
    frequent: dict[str, str] = {}
    for kind in dict.fromkeys(question.kind for question in questions):
        counts = Counter(question.answer for question in questions if question.kind == kind)
        frequent[kind] = min(counts, key=lambda answer: (-counts[answer], answer))
    return Evaluation(
        tuple(
            Answered(question, frequent[question.kind], score(frequent[question.kind], question))
            for question in questions
        )
    )


def compare(before: Evaluation, after: Evaluation, seed: int = 0) -> dict[str, Any]:
    """What changed on the same questions: the paired difference of each metric, and how many got better or worse."""
    ids = [entry.question.question_id for entry in before.answered]
    if ids != [entry.question.question_id for entry in after.answered]:
        raise BadData(
            "The two evaluations are not of the same questions.", "Evaluate both models on one question file."
        )
    pairs = list(zip(before.answered, after.answered, strict=True))
    names = dict.fromkeys(name for entry in after.answered for name in entry.scores)
    changed = [late.scores["score"] - early.scores["score"] for early, late in pairs]
    return {
        "differences": {
            name: difference_interval(
                [early.scores[name] for early, _ in pairs if name in early.scores],
                [late.scores[name] for _, late in pairs if name in late.scores],
                seed,
            ).as_dict()
            for name in names
        },
        "better": sum(change > 0 for change in changed),
        "worse": sum(change < 0 for change in changed),
        "equal": sum(change == 0 for change in changed),
    }


def write_predictions(evaluation: Evaluation, path: Path) -> None:
    """One JSON object a line, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        for entry in evaluation.answered:
            row = {
                "id": entry.question.question_id,
                "images": list(entry.question.images),
                "question": entry.question.question,
                "answer": entry.question.answer,
                "answers": list(entry.question.answers[1:]),
                "choices": list(entry.question.choices),
                "answer_type": entry.question.kind,
                "prediction": entry.prediction,
                "scores": entry.scores,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_predictions(path: Path) -> Evaluation:
    """The answers of an earlier evaluation, scored anew."""
    answered = []
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            question = Question(
                row["id"],
                tuple(row["images"]),
                row["question"],
                row["answer_type"],
                (row["answer"], *row["answers"]),
                tuple(row["choices"]),
            )
            answered.append(Answered(question, row["prediction"], score(row["prediction"], question)))
    except FileNotFoundError:
        raise BadInput(f"There are no predictions at {path}.", "Evaluate the model first.") from None
    except (json.JSONDecodeError, KeyError) as error:
        raise BadData(f"{path} is damaged: {error}", "Evaluate the model again.") from error
    return Evaluation(tuple(answered))


def generate(model_dir: Path, prompt: str, image: Image.Image | Path | None = None, max_new_tokens: int = 32) -> str:
    """What a model says to a prompt and a picture; for trying it out."""
    pictures: tuple[Image.Image, ...] = ()
    if isinstance(image, Image.Image):
        pictures = (image.convert("RGB"),)
    elif image is not None:
        try:
            pictures = (read_picture(image),)
        except (OSError, SyntaxError, ValueError) as error:
            raise BadInput(f"{image} is not a picture: {error}", "Give a PNG, JPEG or WebP file.") from error
    return Speaker.load(model_dir).answer([Prompt((("human", prompt),), pictures)], max_new_tokens)[0]


def _prompt(question: Question, image_root: Path, blind: bool) -> Prompt:
    if blind:
        question = replace(question, images=(), question=question.question.replace("<image>", "").strip())
    pictures = []
    for image in question.images:
        try:
            pictures.append(read_picture(image_root / image))
        except (OSError, SyntaxError, ValueError) as error:
            raise BadData(
                f"{image_root / image} of question {question.question_id} cannot be decoded: {error}",
                "Mend the picture or take the question out.",
            ) from error
    return Prompt((("human", question.question),), tuple(pictures))

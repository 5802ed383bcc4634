"""An evaluation run: a model on a question file, against the model before training, with baselines; for a run's process.

Writes predictions.jsonl (and predictions-before.jsonl) and evaluation.json into the run's folder.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from core.errors import BadInput
from core.evaluate.questions import load_questions, own_split
from core.evaluate.quick import Evaluation, answer_questions, compare, majority, write_predictions
from core.progress import Progress, silent
from core.runs import RunFolder
from core.train.generate import Speaker
from core.train.presets import Frozen

RESULT_FILE = "evaluation.json"
PREDICTIONS_FILE = "predictions.jsonl"
BEFORE_FILE = "predictions-before.jsonl"


class EvaluateSettings(Frozen):
    """What is evaluated on what."""

    model: str = Field(description="Folder of the model.")
    before: str = Field(
        "", description="Folder of the model to compare with, such as the untrained one; empty for none."
    )
    data: str = Field("", description="Question file (JSONL); empty takes the workspace's own split.")
    image_root: str = Field("", description="Folder the questions' images are below; empty is the file's own folder.")
    workspace: str = Field("", description="Workspace whose own split is used when there is no question file.")
    limit: int = Field(0, ge=0, description="Only the first so many questions; 0 takes all.")
    blind: bool = Field(True, description="Also answer without the pictures.")
    batch_size: int = Field(16, ge=1, le=4096, description="Questions answered at once.")
    max_new_tokens: int = Field(
        0, ge=0, le=4096, description="Most tokens of an answer; 0 goes by the kind of question."
    )
    num_threads: int = Field(0, ge=0, le=512, description="CPU threads; 0 takes all cores.")
    seed: int = Field(0, ge=0, description="Seed of the bootstrap.")


def run_job(folder: RunFolder) -> dict[str, Any]:
    """The job behind `winnow evaluate`."""
    try:
        settings = EvaluateSettings.model_validate(folder.settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(
            f"The evaluation setting {'.'.join(map(str, first['loc']))!r} is not acceptable: {first['msg']}.",
            f"Settings are {', '.join(EvaluateSettings.model_fields)}.",
        ) from error

    def progress(done: int, total: int | None, note: str) -> None:
        folder.check_stop()
        folder.progress(done, total, note)

    return evaluate(settings, folder.path, progress)


def evaluate(settings: EvaluateSettings, out: Path, progress: Progress = silent) -> dict[str, Any]:
    """Evaluate and write the files below `out`; the result is what evaluation.json holds."""
    import torch

    torch.set_num_threads(settings.num_threads or os.cpu_count() or 1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    data, image_root = _where(settings)
    found = load_questions(data, image_root, settings.limit or None)
    passes = 1 + settings.blind + bool(settings.before)
    total = passes * len(found.questions)
    done = 0

    def answer(speaker: Speaker, *, blind: bool = False) -> Evaluation:
        nonlocal done
        start = done
        done += len(found.questions)
        return answer_questions(
            speaker,
            found.questions,
            image_root,
            batch_size=settings.batch_size,
            blind=blind,
            max_new_tokens=settings.max_new_tokens or None,
            progress=lambda some, _, note: progress(start + some, total, note),
        )

    speaker = Speaker.load(Path(settings.model), device)
    after = answer(speaker)
    write_predictions(after, out / PREDICTIONS_FILE)
    result: dict[str, Any] = {
        "num_questions": len(found.questions),
        "metrics": _plain(after, settings.seed),
        "counts": after.counts(),
        "rejected": found.reasons(),
        "rejected_lines": [f"line {line.line}: {line.detail}" for line in found.rejected[:20]],
        "baselines": {"majority": _plain(majority(found.questions), settings.seed)},
        "model": settings.model,
        "data": str(data),
        "predictions": str(out / PREDICTIONS_FILE),
    }
    if settings.blind:
        result["baselines"]["blind"] = _plain(answer(speaker, blind=True), settings.seed)
    if settings.before:
        before = answer(Speaker.load(Path(settings.before), device))
        write_predictions(before, out / BEFORE_FILE)
        result["before"] = {"model": settings.before, "metrics": _plain(before, settings.seed)}
        result["change"] = compare(before, after, settings.seed)
    partial = out / f".{RESULT_FILE}.partial"
    partial.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    partial.replace(out / RESULT_FILE)
    return result


def _where(settings: EvaluateSettings) -> tuple[Path, Path]:
    """The question file and its image root."""
    if settings.data:
        data = Path(settings.data)
        return data, Path(settings.image_root) if settings.image_root else data.parent
    split = own_split(Path(settings.workspace)) if settings.workspace else None
    if split is None:
        raise BadInput(
            "The workspace has no questions of its own.",
            "Give a question file with --data EVAL.jsonl --image-root DIR.",
        )
    return split


def _plain(evaluation: Evaluation, seed: int) -> dict[str, dict[str, float]]:
    return {name: estimate.as_dict() for name, estimate in evaluation.metrics(seed).items()}

"""A training run: from an exported folder to a model, stage after stage; the job behind `winnow train`.

Reads data/ of its run folder and nothing else. Every stage starts from the folder the one before it left, the plan of all
stages is written before the first step, and a run that was stopped goes on where its last checkpoint is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import BadData
from core.runs import RunFolder
from core.train import checkpoint
from core.train.plan import StagePlan
from core.train.prepare import prepare
from core.train.stage import StageRun
from core.train.tokenizer import TOKENIZER_DIR


def run_job(folder: RunFolder) -> dict[str, Any]:
    """Train all stages; the result names the model's folder, the untrained one's and what each stage did."""
    prepared = prepare(folder)
    total_steps = sum(len(plan.steps) for plan in prepared.plans)
    for number, plan in enumerate(prepared.plans, start=1):
        done = sum(len(earlier.steps) for earlier in prepared.plans[: number - 1])
        final = checkpoint.stage_dir(folder.path, number) / checkpoint.FINAL
        if not final.is_dir():
            StageRun(folder, prepared, number, done, total_steps).run()
        folder.progress(
            done + len(plan.steps), total_steps, f"stage {number}: {prepared.recipe.stages[number - 1].name}"
        )
    last = checkpoint.stage_dir(folder.path, len(prepared.plans)) / checkpoint.FINAL
    model_dir = folder.path / "model"
    checkpoint.link_model(last, model_dir)
    return {
        "model_dir": str(model_dir),
        "base_model_dir": str(checkpoint.stage_dir(folder.path, 0) / checkpoint.FINAL),
        "tokenizer_dir": str(folder.path / TOKENIZER_DIR),
        "stages": [_stage_summary(folder.path, number, plan) for number, plan in enumerate(prepared.plans, start=1)],
    }


def _stage_summary(run_dir: Path, number: int, plan: StagePlan) -> dict[str, Any]:
    path = checkpoint.stage_dir(run_dir, number) / checkpoint.FINAL
    record = checkpoint.read_record(path)
    if record is None:
        raise BadData(f"{path} has no {checkpoint.RECORD_FILE}.", "Remove that folder and resume the run.")
    return {
        "stage": number,
        "name": record.stage_name,
        "held_out_start": record.held_out_start,
        "held_out_end": record.held_out_end,
        "dropped": plan.dropped,
        **plan.totals(),
    }

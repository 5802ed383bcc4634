"""Checkpoints that are plain Hugging Face folders: written beside, synced, renamed, so that one is there whole or not.

A folder `ckpt-<steps>` also holds the optimizer's state and can be continued; `ckpt-final` is a stage's result. Our own
record, winnow.json, says which stage, step and resolution the weights are of.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from core.errors import BadData, DiskFull
from core.train.tiles import Tiling

RECORD_FILE = "winnow.json"
OPTIMIZER_FILE = "optimizer.pt"
FINAL = "ckpt-final"


@dataclass(frozen=True)
class Record:
    """What a checkpoint is of. `step` counts optimizer steps inside the stage; `plan` is the digest of its order;
    the held-out losses are those at the stage's start and, once it is finished, at its end."""

    stage: int
    stage_name: str
    step: int
    tiling: Tiling
    weights: str
    tokenizer: str
    plan: str
    held_out_start: float | None = None
    held_out_end: float | None = None


def stage_dir(run_dir: Path, stage: int) -> Path:
    """Where a stage keeps its plan and checkpoints; stage 0 is the model before any training."""
    return run_dir / f"stage_{stage}"


def save(folder: Path, model: Any, processor: Any, record: Record, state: dict[str, Any] | None = None) -> None:
    """Write a checkpoint to `folder`. `state` (optimizer, generators) makes it one that can be continued."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        model.save_pretrained(partial)
        processor.save_pretrained(partial)
        if state is not None:
            _save_state(state, partial / OPTIMIZER_FILE)
        (partial / RECORD_FILE).write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
        for file in sorted(partial.rglob("*")):
            _sync(file)
        _sync(partial)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)  # first of all, for what it takes on a full disk
        if not isinstance(error, (OSError, SafetensorError, _Unwritten)):
            raise
        raise DiskFull(
            f"The checkpoint {folder} could not be written: {str(error).splitlines()[0]}",
            "Make room on its disk and resume the run.",
        ) from error
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    _sync(folder.parent)


class _Unwritten(Exception):
    """torch could not write its file; it raises a RuntimeError without the number of the system's error."""


def _save_state(state: dict[str, Any], path: Path) -> None:
    try:
        torch.save(state, path)
    except RuntimeError as error:
        raise _Unwritten(str(error)) from error


def read_record(folder: Path) -> Record | None:
    """The record of a model folder, None for a folder somebody else made."""
    path = folder / RECORD_FILE
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Record(**{**fields, "tiling": Tiling(**fields["tiling"])})
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadData(f"{path} is damaged: {error}", "Use another checkpoint of the run.") from error


def read_state(folder: Path) -> dict[str, Any]:
    """The optimizer's state of a checkpoint that can be continued."""
    state: dict[str, Any] = torch.load(folder / OPTIMIZER_FILE, map_location="cpu", weights_only=True)
    return state


def latest(folder: Path) -> Path | None:
    """The newest checkpoint inside a stage that can be continued."""
    found = [path for path in folder.glob("ckpt-*") if path.name != FINAL and (path / OPTIMIZER_FILE).is_file()]
    return max(found, key=lambda path: int(path.name.removeprefix("ckpt-")), default=None)


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints inside a stage; its final one always stays."""
    found = sorted(
        (path for path in folder.glob("ckpt-*") if path.name != FINAL),
        key=lambda path: int(path.name.removeprefix("ckpt-")),
    )
    for path in found[: max(len(found) - keep, 0)]:
        shutil.rmtree(path)


def link_model(checkpoint: Path, folder: Path) -> None:
    """The finished model under a name of its own, sharing the files on disk where the file system allows."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file in sorted(checkpoint.iterdir()):
        if file.name == OPTIMIZER_FILE:
            continue
        try:
            os.link(file, partial / file.name)
        except OSError:
            shutil.copy2(file, partial / file.name)
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

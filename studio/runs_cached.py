"""What Train and Runs keep between runs of a page: events read so far, predictions, small pictures, models being tried.

A home of caching decorators beside cached.py.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import streamlit as st

from core.runs import Run
from studio.train_log import EventFile, TrainLog, gather

_THUMB_PX = 160


@st.cache_resource(max_entries=32, show_spinner=False)
def _events(path: str, made: int) -> EventFile:
    return EventFile(Path(path))


@st.cache_resource(max_entries=32, show_spinner=False)
def _log(path: str, made: int, num_bytes: int) -> TrainLog:
    return gather(_events(path, made).read())


def train_log(run: Run) -> TrainLog:
    """What a training run has told so far; new events are read once."""
    path = run.path / "events.jsonl"
    size = path.stat().st_size if path.is_file() else 0
    return _log(str(path), (run.path / "job.json").stat().st_ino, size)


@st.cache_resource(max_entries=16, show_spinner=False)
def _predictions(path: str, moved: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line]


def predictions(path: Path) -> list[dict[str, Any]]:
    """The lines of a predictions file; empty when there is none."""
    return _predictions(str(path), path.stat().st_mtime_ns) if path.is_file() else []


@st.cache_data(max_entries=600, show_spinner=False)
def _thumb(path: str, moved: int, most_px: int) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB")
            small.thumbnail((most_px, most_px))
    except (OSError, UnidentifiedImageError, ValueError):
        return ""
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def thumb(path: Path, most_px: int = _THUMB_PX) -> str:
    """A small copy of a picture file as a data URL; '' when it cannot be read."""
    return _thumb(str(path), path.stat().st_mtime_ns, most_px) if path.is_file() else ""


@st.cache_resource(max_entries=1, show_spinner=False, on_release=lambda asker: asker.close())
def _asker(models: tuple[str, ...], moved: tuple[int, ...]) -> Any:
    from core.evaluate.asking import Asker

    return Asker([Path(model) for model in models])


def asker(models: list[Path]) -> Any:
    """The process that answers with these models; it is started by the first question and ends by itself."""
    return _asker(tuple(map(str, models)), tuple(model.stat().st_mtime_ns for model in models))

"""The facts of photographs.yaml as values: one Photo per picture, by key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Pair = tuple[str, str]


@dataclass(frozen=True)
class Photo:
    """`crop` and the box are shares of the width and height. Pairs are (question, answer)."""

    file: str
    level: int
    subject: str
    setting: str
    caption: str
    sentences: tuple[str, ...]
    present: tuple[str, ...]
    absent: tuple[str, ...]
    choice: tuple[str, str, tuple[str, ...]]
    haiku: str
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    colours: tuple[Pair, ...] = ()
    activity: Pair | None = None
    box: tuple[str, tuple[float, float, float, float]] | None = None
    history: Pair | None = None
    science: Pair | None = None
    why: Pair | None = None
    detail: Pair | None = None


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _load() -> dict[str, Photo]:
    raw = yaml.safe_load(Path(__file__).with_name("photographs.yaml").read_text(encoding="utf-8"))
    return {key: Photo(**{field: _frozen(value) for field, value in entry.items()}) for key, entry in raw.items()}


PHOTOS = _load()

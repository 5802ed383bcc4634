"""What a scene module hands back: turns (a question with its known answer) and samples (turns over pictures).

A sample keeps the scene it was asked about, so that a test can recompute every answer from the scene's parameters.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from PIL import Image


@dataclass(frozen=True)
class Turn:
    """One question and its answer. `kind` names the task in the skills table; `about` holds the task's own parameters."""

    kind: str
    question: str
    answer: str
    styles: tuple[str, ...]
    about: Mapping[str, Any] = field(default_factory=dict)
    answer_type: str = "open"  # short | choice | number | yes_no | open
    choices: tuple[str, ...] = ()


class Scene(Protocol):
    """The parameters of a picture: a frozen dataclass. `level` is its difficulty, 0 easy, 1 medium, 2 hard."""

    @property
    def level(self) -> int: ...


class Family(Protocol):
    """A scene module. SCHEDULE is the rotation of task kinds, SHORT those that may become turns of a longer conversation."""

    NAME: str
    SCHEDULE: tuple[str, ...]
    SHORT: tuple[str, ...]

    def make(self, rng: random.Random, level: int) -> Any: ...

    def draw(self, scene: Any) -> list[Image.Image]: ...

    def ask(self, scene: Any, kind: str, rng: random.Random) -> Turn | None: ...


@dataclass(frozen=True)
class Sample:
    """One row of a source: LLaVA fields, the known skills and styles, and where they came from."""

    source: str
    original_id: str | int
    images: tuple[str, ...]
    turns: tuple[Turn, ...]
    scene: Any
    skills: Mapping[str, int]
    styles: tuple[str, ...]
    image_at_end: bool = False

    def row(self) -> dict[str, Any]:
        """LLaVA JSON. `image` is a string for one picture, a list for several, absent for none, as in public data."""
        row: dict[str, Any] = {"id": self.original_id}
        if len(self.images) == 1:
            row["image"] = self.images[0]
        elif self.images:
            row["image"] = list(self.images)
        row["conversations"] = conversations(self.turns, len(self.images), self.image_at_end)
        return row

    def known(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "id": str(self.original_id),
            "skills": dict(self.skills),
            "styles": list(self.styles),
        }


def conversations(turns: Sequence[Turn], num_images: int, image_at_end: bool) -> list[dict[str, str]]:
    spoken = []
    for position, turn in enumerate(turns):
        question = turn.question
        if position == 0 and num_images and "<image>" not in question:
            marks = "<image>\n" * num_images
            question = question + "\n" + marks.rstrip("\n") if image_at_end else marks + question
        spoken.append({"from": "human", "value": question})
        spoken.append({"from": "gpt", "value": turn.answer})
    return spoken

"""The held-out split: short questions over scenes that training never shows, with answers spread evenly.

Yes and no, and the letters of options, are drawn again until the rarer one comes, so no constant answer does well.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sample_data.building import Rotation, make_scene
from sample_data.plan import EVALUATION
from sample_data.records import Family, Turn
from sample_data.scenes import photographs
from sample_data.scenes.photograph_facts import PHOTOS
from sample_data.wording import LETTERS

NAME = "eval"
SHORT_TYPES = ("short", "choice", "number", "yes_no")


@dataclass(frozen=True)
class Question:
    """One evaluation question before its pictures have paths."""

    id: str
    family: Family
    scene_index: int
    scene: Any
    turn: Turn

    @property
    def answer(self) -> str:
        if self.turn.answer_type == "choice":
            return LETTERS[self.turn.choices.index(str(self.turn.about["answer"]))]
        return self.turn.answer.lower() if self.turn.answer_type == "yes_no" else self.turn.answer

    def row(self, images: tuple[str, ...]) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": self.id,
            "image": images[0] if len(images) == 1 else list(images),
            "question": self.turn.question,
            "answer": self.answer,
            "answer_type": self.turn.answer_type,
        }
        if self.turn.answer_type == "choice":
            row["choices"] = list(self.turn.choices)
        return row


def questions(seed: int) -> list[Question]:
    made: list[Question] = []
    balance: dict[str, Counter[str]] = {
        "yes_no": Counter(yes=0, no=0),
        "choice": Counter(dict.fromkeys(LETTERS[:4], 0)),
    }
    for family, count, num_scenes, kinds in EVALUATION:
        seen: set[Any] = set()
        scenes = []
        for index in range(num_scenes):
            if family.NAME == "photos":
                key = photographs.HELD_OUT[index]
                scenes.append(photographs.PhotoScene(PHOTOS[key].level, key, 100))
            else:
                scenes.append(make_scene(family, num_scenes, seed, NAME, index, seen))
        rotation = Rotation(kinds)
        asked: dict[int, set[str]] = {index: set() for index in range(num_scenes)}
        for number in range(count):
            index = number % num_scenes
            turn = _balanced(
                family, scenes[index], rotation, asked[index], f"{seed}/{NAME}/{family.NAME}/{number}", balance
            )
            asked[index].add(turn.kind)
            made.append(Question(f"{NAME}-{family.NAME}-{number:03d}", family, index, scenes[index], turn))
    return made


def _balanced(
    family: Family, scene: Any, rotation: Rotation, avoid: set[str], name: str, balance: dict[str, Counter[str]]
) -> Turn:
    """The first of forty draws whose answer is the rarest of its type; the last one if none is."""
    before = Counter(rotation.asked)
    turn = None
    for attempt in range(40):
        rotation.asked = Counter(before)
        turn = rotation.next(family, scene, random.Random(f"{name}/{attempt}"), avoid)
        if turn.answer_type not in SHORT_TYPES:
            continue
        counts = balance.get(turn.answer_type)
        answer = Question("", family, 0, scene, turn).answer
        if counts is None or counts[answer] == min(counts.values()):
            break
    if turn is None or turn.answer_type not in SHORT_TYPES:
        raise AssertionError(f"{family.NAME}: no short question fits {scene}")
    if turn.answer_type in balance:
        balance[turn.answer_type][Question("", family, 0, scene, turn).answer] += 1
    return turn

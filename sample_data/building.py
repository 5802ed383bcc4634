"""From a plan to samples: scenes by seed, tasks by rotation, conversations of one or several turns. Nothing is written here."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sample_data.plan import SourcePlan
from sample_data.records import Family, Sample, Turn
from sample_data.scenes.chinese import ChineseScene
from sample_data.scenes.photograph_facts import PHOTOS
from sample_data.scenes.photographs import PhotoScene
from sample_data.scenes.texts import TextScene
from sample_data.skills import sample_skills, sample_styles

MAX_ROWS_PER_SCENE = 8  # beyond that a scene has little new to ask, and looking for it would only cost time


@dataclass
class Draft:
    """A sample before its pictures have paths: `scene_index` says which scene of its source it shows."""

    scene_index: int
    scene: Any
    turns: tuple[Turn, ...]
    original_id: str | int
    image_at_end: bool


def make_scene(family: Family, plan_scenes: int, seed: int, split: str, index: int, seen: set[Any]) -> Any:
    """The scene of this index: unlike all before it, as far as the family has enough of them."""
    for attempt in range(300):
        rng = random.Random(f"{seed}/{split}/{family.NAME}/scene/{index}/{attempt}")
        scene = family.make(rng, index % 3)
        few = plan_scenes <= len(PHOTOS)
        identity = scene.key if isinstance(scene, PhotoScene) and few else scene
        if identity not in seen:
            seen.add(identity)
            return scene
    return scene


@dataclass
class Rotation:
    """Which task kind comes next: the one asked least so far that fits the scene, by its weight in the schedule."""

    schedule: tuple[str, ...]
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.weights = Counter(self.schedule)
        self.kinds = tuple(dict.fromkeys(self.schedule))

    def next(self, family: Family, scene: Any, rng: random.Random, avoid: set[str]) -> Turn:
        order = sorted(self.kinds, key=lambda kind: (kind in avoid, self.asked[kind] / self.weights[kind]))
        for kind in order:
            turn = family.ask(scene, kind, rng)
            if turn is not None:
                self.asked[kind] += 1
                return turn
        raise AssertionError(f"no task of {family.NAME} fits {scene}")


def has_picture(scene: Any) -> bool:
    return not (isinstance(scene, TextScene) or (isinstance(scene, ChineseScene) and scene.family == "none"))


def original_id(plan: SourcePlan, row: int) -> str | int:
    if plan.ids == "integer" or (plan.ids == "mixed" and row % 5 == 2):
        return 100_000 + row * 7
    return f"{plan.name}-{row:04d}"


def conversation(
    plan: SourcePlan, scene: Any, rng: random.Random, rotation: Rotation, avoid: set[str]
) -> tuple[Turn, ...]:
    """Several short questions with the plan's probability, else one task of the rotation."""
    family = plan.family
    if family.SHORT and rng.random() < plan.multi_turn_share:
        turns: list[Turn] = []
        for kind in rng.sample(sorted(set(family.SHORT)), min(rng.randint(2, 4), len(set(family.SHORT)))):
            turn = family.ask(scene, kind, rng)
            if turn is not None and turn.question not in [other.question for other in turns]:
                turns.append(turn)
        if len(turns) > 1:
            return tuple(turns)
    return (rotation.next(family, scene, rng, avoid),)


def drafts(plan: SourcePlan, seed: int, split: str = "train") -> Iterator[Draft]:
    """The samples of a source in order. Beyond `num_scenes` rows the scenes come round again, with other tasks."""
    rotation = Rotation(plan.family.SCHEDULE)
    scenes: list[Any] = []
    seen: set[Any] = set()
    kinds_of: list[set[str]] = []
    known: set[tuple[Any, ...]] = set()
    for row in range(plan.num_samples):
        index = row if row < plan.num_scenes else row % plan.num_scenes
        if index == len(scenes):
            scenes.append(make_scene(plan.family, plan.num_scenes, seed, split, index, seen))
            kinds_of.append(set())
        scene = scenes[index]
        attempts = 20 if plan.num_samples <= MAX_ROWS_PER_SCENE * plan.num_scenes else 1
        for attempt in range(attempts):
            rng = random.Random(f"{seed}/{split}/{plan.name}/row/{row}/{attempt}")
            turns = conversation(plan, scene, rng, rotation, kinds_of[index])
            at_end = len(turns) == 1 and "<image>" not in turns[0].question and rng.random() < 0.1
            spoken = (index if has_picture(scene) else -1, *((turn.question, turn.answer) for turn in turns))
            if attempts == 1 or spoken not in known:
                break
        if attempts > 1:
            known.add(spoken)
        kinds_of[index].update(turn.kind for turn in turns)
        yield Draft(index, scene, turns, original_id(plan, row), at_end)


def sample(source: str, family: str, draft: Draft, images: tuple[str, ...]) -> Sample:
    """A draft with its pictures, known skills and styles. `family` names the rationale; a planted defect keeps its own."""
    return Sample(
        source,
        draft.original_id,
        images,
        draft.turns,
        draft.scene,
        sample_skills(family, draft.turns, draft.scene.level),
        sample_styles(draft.turns),
        draft.image_at_end,
    )

"""How many samples and pictures each source gets, in the committed pool and in pools of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sample_data.records import Family
from sample_data.scenes import (
    charts,
    chinese,
    code_pictures,
    comparisons,
    examples,
    geometry,
    maps,
    outdoors,
    photographs,
    receipts,
    screens,
    shapes,
    tables,
    texts,
)  # fmt: skip


@dataclass(frozen=True)
class SourcePlan:
    """`ids` is how its original ids look: text, integer, or mixed (every fifth one an integer), as in public data."""

    family: Family
    num_samples: int
    num_scenes: int
    file: str
    ids: str = "text"
    multi_turn_share: float = 0.14

    @property
    def name(self) -> str:
        return self.family.NAME


def _family(module: object) -> Family:
    return cast(Family, module)


COMMITTED: tuple[SourcePlan, ...] = (
    SourcePlan(_family(charts), 54, 42, "charts.json"),
    SourcePlan(_family(tables), 34, 26, "tables.jsonl", ids="integer"),
    SourcePlan(_family(receipts), 32, 24, "receipts.json"),
    SourcePlan(_family(geometry), 36, 28, "geometry.json"),
    SourcePlan(_family(maps), 33, 25, "maps.jsonl"),
    SourcePlan(_family(screens), 34, 26, "screens.json", ids="mixed"),
    SourcePlan(_family(code_pictures), 28, 22, "code.json"),
    SourcePlan(_family(shapes), 54, 42, "shapes.json", ids="integer", multi_turn_share=0.3),
    SourcePlan(_family(comparisons), 32, 17, "compare.json", multi_turn_share=0.1),
    SourcePlan(_family(photographs), 33, 15, "photos.json"),
    SourcePlan(_family(outdoors), 50, 38, "scenes.json", multi_turn_share=0.2),
    SourcePlan(_family(examples), 24, 18, "examples.json", multi_turn_share=0.0),
    SourcePlan(_family(texts), 30, 30, "dialogues.jsonl", ids="integer", multi_turn_share=0.25),
    SourcePlan(_family(chinese), 28, 22, "chinese.json"),
)
# Pictures per scene, for the cap on pictures of a large pool.
PICTURES_PER_SCENE = {"compare": 2.0, "examples": 3.5, "dialogues": 0.0, "chinese": 0.8}


def scaled(num_samples: int, max_images: int) -> tuple[SourcePlan, ...]:
    """The committed plan in the same proportions at another size; pictures are reused beyond `max_images`."""
    total = sum(plan.num_samples for plan in COMMITTED)
    pictures = sum(plan.num_scenes * PICTURES_PER_SCENE.get(plan.name, 1.0) for plan in COMMITTED)
    factor = num_samples / total
    scene_factor = min(factor, max_images / pictures)
    plans = []
    handed_out = 0
    for position, plan in enumerate(COMMITTED):
        until = round(num_samples * sum(p.num_samples for p in COMMITTED[: position + 1]) / total)
        count, handed_out = until - handed_out, until
        if plan.name == "dialogues":
            scenes = max(1, round(plan.num_scenes * factor))
        else:
            scenes = max(1, int(plan.num_scenes * scene_factor))
        if count:
            plans.append(SourcePlan(plan.family, count, min(scenes, count), plan.file, plan.ids, plan.multi_turn_share))
    return tuple(plans)


# Family, questions and scenes of the held-out split, and the task kinds asked there: all with a short answer.
EVALUATION: tuple[tuple[Family, int, int, tuple[str, ...]], ...] = (
    (
        _family(shapes),
        36,
        18,
        (
            "shape_colour",
            "shape_exists",
            "shape_kind",
            "shape_choice",
            "shape_count",
            "shape_left_of",
            "shape_more",
            "shape_biggest",
        ),
    ),
    (_family(charts), 13, 7, ("chart_exceeds", "chart_choice", "chart_max", "chart_value", "chart_count")),
    (_family(tables), 8, 4, ("table_exceeds", "table_choice", "table_cell", "table_rows")),
    (_family(receipts), 8, 4, ("receipt_has", "receipt_choice", "receipt_total", "receipt_cheaper")),
    (_family(geometry), 10, 6, ("geo_right", "geo_choice", "geo_area", "geo_name", "geo_longer")),
    (_family(maps), 8, 4, ("map_north", "map_choice", "map_count", "map_direction")),
    (_family(screens), 9, 5, ("screen_state", "screen_choice", "screen_colour", "screen_position")),
    (_family(code_pictures), 6, 3, ("code_uses", "code_language", "code_literal", "code_choice")),
    (
        _family(outdoors),
        15,
        8,
        ("scene_hour", "scene_place", "scene_weather", "scene_doing", "scene_activity_choice", "scene_shirt"),
    ),
    (_family(photographs), 4, 3, ("photo_has", "photo_choice", "photo_colour")),
    (_family(comparisons), 5, 3, ("pair_same", "pair_choice", "pair_more", "pair_which")),
)

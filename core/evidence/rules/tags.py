"""Instruction tags (three levels, of the vocabulary) and image tags (an open list), by conditions over cues.

A sample takes the tags whose condition holds firmly, the strongest first, a few at most. A tag that is missing says
nothing: the lists of conditions are much shorter than what pictures and questions can be about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from core.errors import BadData
from core.evidence.rules.conditions import Condition, parse_condition
from core.evidence.rules.cues import Cues, cue_columns
from core.vocabulary import INSTRUCTION_TAGS

_FOLDER = Path(__file__).parent
_FIRM = 0.6
"""A condition that holds by less is a guess: one hit of a wording is 0.7."""
_STRUCTURED_OTHER = "Logic Reasoning > Structuralized Image-Text Understanding > Other image-text understanding"
_TEXT_OTHER = "Logic Reasoning > Structuralized Image-Text Understanding > Parse text"
_PHOTO_OTHER = "Coarse Perception > Image Scene > Other scene descriptions"


@cache
def _instruction_conditions() -> dict[str, Condition]:
    path = _FOLDER / "instruction_tags.yaml"
    return parse_tags(yaml.safe_load(path.read_text(encoding="utf-8")), path.name, INSTRUCTION_TAGS)


@cache
def _image_conditions() -> dict[str, Condition]:
    path = _FOLDER / "image_tags.yaml"
    return parse_tags(yaml.safe_load(path.read_text(encoding="utf-8")), path.name, None)


def parse_tags(data: Mapping[str, str], origin: str, allowed: Collection[str] | None) -> dict[str, Condition]:
    """Condition by tag; BadData for a tag that is not among the allowed ones or a condition that cannot be read."""
    unknown = [] if allowed is None else sorted(set(data) - set(allowed))
    if unknown:
        raise BadData(
            f"{origin} names tags that are not in the tree: {unknown[:3]}.", "Use the full paths of the tree."
        )
    columns = cue_columns()
    return {tag: parse_condition(text, columns, f"{origin}, {tag}") for tag, text in data.items()}


def instruction_tags(cues: Cues, limit: int) -> list[tuple[str, ...]]:
    """Paths of the tree for each row, strongest first; where the words apply but none fits, the matching 'other' leaf."""
    columns = cue_columns()
    found = _firm_tags(cues.values, _instruction_conditions(), limit)
    for row, (language, turns) in enumerate(zip(cues.languages, cues.turns, strict=True)):
        if language == "other" or not turns:
            found[row] = ()
        elif not found[row]:
            if cues.values[row, columns["text_only"]]:
                found[row] = (_TEXT_OTHER,)
            else:
                found[row] = (_PHOTO_OTHER if cues.values[row, columns["photo"]] >= _FIRM else _STRUCTURED_OTHER,)
    return found


def image_tags(cues: Cues, limit: int) -> list[tuple[str, ...]]:
    """What the pictures of each row seem to show, strongest first; empty for rows without pictures."""
    found = _firm_tags(cues.values, _image_conditions(), limit)
    pictured = cues.values[:, cue_columns()["has_image"]] > 0
    return [tags if there else () for tags, there in zip(found, pictured, strict=True)]


def _firm_tags(values: NDArray[np.float32], conditions: Mapping[str, Condition], limit: int) -> list[tuple[str, ...]]:
    names = tuple(conditions)
    held = np.stack([condition.of(values) for condition in conditions.values()], axis=1)
    order = np.argsort(-held, axis=1, kind="stable")[:, :limit]  # ties in file order
    firm = np.take_along_axis(held, order, axis=1) >= _FIRM
    return [
        tuple(names[column] for column, is_firm in zip(columns, flags, strict=True) if is_firm)
        for columns, flags in zip(order.tolist(), firm.tolist(), strict=True)
    ]

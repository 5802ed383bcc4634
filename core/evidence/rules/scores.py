"""Fourteen scores from the cues of a batch, by the points of scores.yaml: a heuristic, not a judgement.

Where the wording rules do not apply (another language than English or Chinese, or nothing said) every score is NaN:
unknown is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from core.errors import BadData
from core.evidence.rules.conditions import Condition, parse_condition
from core.evidence.rules.cues import Cues, cue_columns
from core.vocabulary import CAPABILITY_KEYS

TOP_SCORE = 5.0
_LEAST_SCORE = 0.5
"""What would round to 0 is 0: passing words are no evidence, and a score above 0 makes a sample a candidate."""
_FILE = Path(__file__).with_name("scores.yaml")


@cache
def _points() -> dict[str, tuple[tuple[Condition, float], ...]]:
    return parse_points(yaml.safe_load(_FILE.read_text(encoding="utf-8")), _FILE.name)


def parse_points(
    data: Mapping[str, Mapping[str, float]], origin: str
) -> dict[str, tuple[tuple[Condition, float], ...]]:
    """Conditions with their points by capability key, in vocabulary order; BadData when a key is unknown or missing."""
    wrong = sorted(set(data) ^ set(CAPABILITY_KEYS))
    if wrong:
        raise BadData(
            f"{origin} and the vocabulary disagree about {wrong}.", "Give each capability of the vocabulary its points."
        )
    columns = cue_columns()
    return {
        key: tuple(
            (parse_condition(text, columns, f"{origin}, {key}"), float(points)) for text, points in data[key].items()
        )
        for key in CAPABILITY_KEYS
    }


def score(cues: Cues) -> NDArray[np.float32]:
    """[N, 14] float32, 0 or from 0.5 to 5, in vocabulary order, NaN where the rules cannot tell."""
    table = np.stack([_total(cues.values, rules) for rules in _points().values()], axis=1)
    table = np.where(table < _LEAST_SCORE, np.float32(0.0), np.minimum(table, np.float32(TOP_SCORE)))
    silent = np.array(
        [not any(t.shape.num_words or t.shape.question_words for t in row) for row in cues.turns], dtype=np.bool_
    )
    table[~cues.spoken() | silent] = np.nan
    return table


def _total(values: NDArray[np.float32], rules: tuple[tuple[Condition, float], ...]) -> NDArray[np.float32]:
    total = np.zeros(len(values), dtype=np.float32)
    for condition, points in rules:
        total += np.float32(points) * condition.of(values)
    return total


def reasons(cues: Cues, row: int, key: str) -> list[tuple[str, float]]:
    """Why a row has its score: (condition, points it gave), strongest first, without those that gave nothing."""
    one = cues.values[row : row + 1]
    given = [(condition.text, float(points * condition.of(one)[0])) for condition, points in _points()[key]]
    return sorted((pair for pair in given if pair[1] != 0), key=lambda pair: (-abs(pair[1]), pair[0]))

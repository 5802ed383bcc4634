"""How people's ratings agree with what the rules say of the same samples: Spearman and mean difference per capability.

    people.agreement(workspace)["ocr"].spearman

Cost: one pass over the ratings, and the rules' scores of the samples that were rated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.store import evidence, ratings
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace

LEAST_PAIRS = 10
"""Fewer scores of both say nothing about how they agree."""


class Agreement(NamedTuple):
    """Of one capability: the samples both scored, the rank correlation of what they say, and how much higher people rate."""

    num_pairs: int
    spearman: float | None
    """-1 to 1; None with too few pairs, or where one side says the same of all"""
    difference: float | None
    """people minus rules, on the scale of 0 to 5; None without a pair"""


def agreement(workspace: Workspace, producer: str = "rules") -> dict[str, Agreement]:
    """People's medians against the newest scores of a producer, by capability, over the samples both scored as they are now."""
    said, told = _both(workspace, producer)
    found = {}
    for place, key in enumerate(CAPABILITY_KEYS):
        both = ~(np.isnan(said[:, place]) | np.isnan(told[:, place]))
        people, other = said[both, place], told[both, place]
        difference = float((people - other).mean()) if len(people) else None
        found[key] = Agreement(len(people), spearman(people, other) if len(people) >= LEAST_PAIRS else None, difference)
    return found


def spearman(left: NDArray[np.float64], right: NDArray[np.float64]) -> float | None:
    """Rank correlation, equal values sharing the mean of their ranks; [N] each; None where one side is constant."""
    if len(left) < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    return float(np.corrcoef(_ranks(left), _ranks(right))[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _both(workspace: Workspace, producer: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores from 0 to 5 of the rated samples by people and by a producer, [M, 14] in vocabulary order, NaN for none."""
    given = ratings.Ratings(workspace)
    hashes = ratings.contents(workspace.store, given.sample_ids)
    place = {sample_id: row for row, sample_id in enumerate(hashes)}
    people, told = (np.full((len(hashes), len(CAPABILITY_KEYS)), np.nan) for _ in range(2))
    for sample_id, row in place.items():
        for key, stored in given.scores(sample_id, hashes[sample_id]).items():
            people[row, CAPABILITY_KEYS.index(key)] = stored / SCORE_SCALE
    who = next((one for one in evidence.producers(workspace.store, "scores") if one.name == producer), None)
    if who is None or not hashes:
        return people, told
    rows = evidence.read(workspace.store, who)
    rows = rows.filter(pc.is_in(rows["sample_id"], value_set=pa.array(list(hashes), pa.uint64())))
    current = [
        hashes[sample_id] == said
        for sample_id, said in zip(rows["sample_id"].to_pylist(), rows["content_hash"].to_pylist(), strict=True)
    ]
    rows = rows.filter(pa.array(current, pa.bool_()))
    at = [place[sample_id] for sample_id in rows["sample_id"].to_pylist()]
    for column, key in enumerate(CAPABILITY_KEYS):
        stored = rows[key].fill_null(MISSING).to_numpy().astype(np.float64)
        told[at, column] = np.where(stored == MISSING, np.nan, stored / SCORE_SCALE)
    return people, told

"""How much of a selection's figures is luck: the same measures of Random with several seeds, of the same size, from the same
pool and under the same constraints, so that what differs is the method alone.

Random is a first-class method: most published ones fail to beat it, so it is always shown beside the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from core.progress import Progress, silent
from core.select import compare, spread
from core.select.budget import Budget
from core.select.constraints import Constraints
from core.select.groups import Labels
from core.select.methods import UNCONSTRAINED, choose
from core.select.pool import Pool
from core.select.uniform import Random

NUM_SEEDS = 8

DISTANCES = ("source", "style", "tag", "capability", "clusters")
"""The fields of `spread.Distances`, in the order in which they are shown."""


@dataclass(frozen=True)
class Luck:
    """(mean, standard deviation) over the seeds of each distance, and of the overlap with each selection it was held against."""

    num_seeds: int
    budget: int
    distances: dict[str, tuple[float, float]]
    overlaps: dict[str, tuple[float, float]]


def fresh_seeds(used: Collection[int], count: int = NUM_SEEDS) -> tuple[int, ...]:
    """The first seeds that no compared selection was drawn with, so that none of them is held against itself."""
    return tuple(seed for seed in range(count + len(used)) if seed not in used)[:count]


def luck(
    drawn_from: Pool,
    budget: int,
    everything: spread.Counts,
    pool: Pool,
    labels: spread.Labels,
    against: Mapping[str, NDArray[np.uint64]],
    seeds: Sequence[int] = tuple(range(NUM_SEEDS)),
    progress: Progress = silent,
    *,
    constraints: Constraints = UNCONSTRAINED,
    asked: Labels | None = None,
) -> Luck:
    """Draw `budget` samples of a pool at random with each seed and measure them like any selection.

    The draws keep `constraints`, whose questions about `drawn_from` `asked` answers; Contradiction where nothing can.

    `pool`, its `labels` and its counts `everything` are what selections are measured by; `drawn_from` is that pool or a part of
    it. `against` are selections by name. Cost: one sort of the pool and one count of the selection for each seed.
    """
    distances: dict[str, list[float]] = {name: [] for name in DISTANCES}
    overlaps: dict[str, list[float]] = {name: [] for name in against}
    for done, seed in enumerate(seeds):
        progress(done, len(seeds), f"Random with seed {seed}")
        ids = choose(Random(), drawn_from, Budget.samples(budget), seed, constraints, asked).sample_ids
        rows = pool.rows_of(ids)
        found = asdict(spread.distances(everything, spread.counts(pool, labels, rows), labels, rows))
        for name in DISTANCES:
            distances[name].append(found[name])
        for name, other in against.items():
            overlaps[name].append(compare.jaccard(ids, other))
    return Luck(
        num_seeds=len(seeds),
        budget=budget,
        distances={name: compare.mean_and_spread(values) for name, values in distances.items()},
        overlaps={name: compare.mean_and_spread(values) for name, values in overlaps.items()},
    )

"""A recipe planned: how often each sample stands in each stage, and from that counts, tokens, FLOPs, hours, lengths and packs.

Nothing is listed or decoded: a stage is a number per sample of the pool, so that a million samples are planned in a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.mixture.cost import ASSUMED_UTILISATION, H200_PEAK
from core.mixture.lengths import Ruler
from core.mixture.mixture import Mixture
from core.mixture.packing import Ints, Packing, counted_lengths, packed
from core.mixture.recipe import Recipe
from core.mixture.totals import StageTotals, counted
from core.mixture.uses import Rows, StageUses, stage_uses


@dataclass(frozen=True, eq=False)
class Plan:
    """A recipe's stages as uses of the pool's samples, with their totals."""

    recipe: Recipe
    ruler: Ruler
    stages: tuple[StageUses, ...]
    totals: tuple[StageTotals, ...]

    @property
    def num_samples(self) -> int:
        return sum(one.num_samples for one in self.totals)

    @property
    def num_unique(self) -> int:
        """Different samples over all stages."""
        return int(np.count_nonzero(np.logical_or.reduce([stage.times > 0 for stage in self.stages])))

    def lengths(self, stage: int) -> tuple[Ints, Ints]:
        """(different lengths in tokens of text and pictures [L] ascending, samples of each [L]) of a stage, by its place."""
        uses = self.stages[stage]
        return counted_lengths(self.ruler.at(uses.stage.resolution).tokens, uses.times)

    def pool_lengths(self, stage: int) -> tuple[Ints, Ints]:
        """The same of the whole pool at that stage's resolution."""
        tokens = self.ruler.at(self.stages[stage].stage.resolution).tokens
        return counted_lengths(tokens, np.ones(len(tokens), dtype=np.int64))

    def packing(self, stage: int, pack_tokens: int) -> Packing:
        """How a stage's samples fill packs of a length, by first-fit-decreasing."""
        return packed(*self.lengths(stage), pack_tokens)


def plan(
    recipe: Recipe,
    rows: Mapping[str, Rows],
    ruler: Ruler,
    *,
    peak: float = H200_PEAK,
    utilisation: float = ASSUMED_UTILISATION,
    learnt_vocab_size: int | None = None,
) -> Plan:
    """Plan a recipe; rows: for each selection that a part uses its samples as rows of the ruler's pool, best first."""
    stages = tuple(stage_uses(stage, [rows[part.selection] for part in stage.parts], ruler) for stage in recipe.stages)
    totals = tuple(counted(uses.stage, uses.times, ruler, peak, utilisation, learnt_vocab_size) for uses in stages)
    return Plan(recipe, ruler, stages, totals)


def plan_of(mixture: Mixture) -> Plan:
    """The plan of a mixture that was resolved."""
    rows = {key: mixture.pool.rows_of(one.sample_ids) for key, one in mixture.chosen.items()}
    return plan(mixture.recipe, rows, Ruler(mixture.pool, mixture.recipe.model.preset))

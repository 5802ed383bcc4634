"""What a change of a recipe, or of the data under it, does: samples, tokens, steps and cost per stage, shares, and which samples.

Both sides are whole recipes against a workspace; where one cannot be resolved, why not stands in place of its numbers. Every
sample counts as often as it stands in a stage, tokens are those of one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import StudioError
from core.filters import Filter
from core.lens import Lens
from core.mixture import breakdown
from core.mixture.breakdown import Breakdown, Dimension
from core.mixture.lengths import Ruler
from core.mixture.mixture import Mixture, resolve
from core.mixture.plan import plan
from core.mixture.recipe import Recipe, SelectionByMethod
from core.mixture.recipe_diff import RecipeDiff
from core.mixture.totals import StageTotals
from core.select.compare import total_variation
from core.select.pool import Pool
from core.tokenizer import vocab_size_of

FIGURES = (
    "num_samples", "num_unique_samples", "num_text_tokens", "num_image_tokens", "num_steps", "flops", "gpu_hours",
)  # fmt: skip
"""What is added up over stages; different samples are counted once."""

SPREADS: tuple[Dimension, ...] = ("source", "capability", "style", "tag", "licence")
TAG_LEVEL = 2

Ids = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Side:
    """A recipe with its mixture and what that amounts to, or with the problem that keeps it from having one.

    sample_ids: [U] uint64, ascending: every sample that a stage trains on.
    """

    recipe: Recipe
    lens: Lens
    mixture: Mixture | None = None
    totals: tuple[StageTotals, ...] = ()
    spreads: Mapping[Dimension, Breakdown] | None = None
    sample_ids: Ids = field(default_factory=lambda: np.empty(0, np.uint64))
    problem: StudioError | None = None

    @property
    def figures(self) -> dict[str, float]:
        """The sum of each of FIGURES over the stages; empty where there is a problem."""
        if self.mixture is None:
            return {}
        found = {name: sum(getattr(one, name) for one in self.totals) for name in FIGURES}
        return {**found, "num_unique_samples": len(self.sample_ids)}


def side(
    recipe: Recipe, lens: Lens, folder: Path | None = None, *, accept_newer: bool = False, pool: Pool | None = None
) -> Side:
    """A recipe against a workspace; what keeps it from being resolved is a part of the answer, not an error."""
    try:
        mixture = resolve(recipe, lens, folder, accept_newer=accept_newer, pool=pool)
        return of_mixture(mixture, lens)
    except StudioError as error:
        return Side(recipe, lens, problem=error)


def of_mixture(mixture: Mixture, lens: Lens) -> Side:
    """The side of a recipe that is resolved already. Cost: a few sums over the pool for each stage, and the tags of all samples."""
    recipe, pool = mixture.recipe, mixture.pool
    ruler = Ruler(pool, recipe.model.preset)
    rows = {key: pool.rows_of(one.sample_ids) for key, one in mixture.chosen.items()}
    planned = plan(recipe, rows, ruler, learnt_vocab_size=vocab_size_of(lens.workspace.path / "tokenizer"))
    weights = breakdown.Weights.of(planned.stages, ruler)
    licences = {row["source"]: row["licence"] or "" for row in lens.ask("sources_table").to_pylist()}
    spreads: dict[Dimension, Breakdown] = {
        "source": breakdown.by_source(weights),
        "capability": breakdown.by_capability(weights),
        "style": breakdown.by_style(weights),
        "tag": breakdown.by_tag(weights, breakdown.tags_of(lens, pool, "instruction_tags"), TAG_LEVEL),
        "licence": breakdown.by_licence(weights, licences),
    }
    trains = np.logical_or.reduce([stage.times > 0 for stage in planned.stages])
    return Side(recipe, lens, mixture, planned.totals, spreads, pool.sample_id[trains])


# -- two sides ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StageEffect:
    """A stage by its name in the second recipe (in the first, where it is gone); None where it is not there or not known."""

    name: str
    before: StageTotals | None
    after: StageTotals | None


@dataclass(frozen=True)
class Share:
    """What part of the samples carries a name, 0 to 1: before, after, and of the whole pool of the second side."""

    name: str
    before: float
    after: float
    pool: float


@dataclass(frozen=True)
class Spread:
    """Shares by name, those that moved most first; `distance` is the total variation of the two, 0 the same and 1 disjoint.

    Where a sample carries several names (tags, styles, capabilities) the distance is that of how often each is carried.
    """

    dimension: Dimension
    distance: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, eq=False)
class SamplesEffect:
    """Which samples came and went: kept, added, removed [K] uint64, ascending; counts by reason, most first."""

    kept: Ids
    added: Ids
    removed: Ids
    added_because: Mapping[str, int]
    removed_because: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Effect:
    """Two sides beside each other; `samples` is None where one of them is not known."""

    before: Side
    after: Side
    stages: tuple[StageEffect, ...]
    samples: SamplesEffect | None

    def spread(self, dimension: Dimension, stage: str = "") -> Spread | None:
        """How shares moved, of a stage by its name in the second recipe or of all stages together; None where one side is not
        known or does not have the stage."""
        if self.before.spreads is None or self.after.spreads is None:
            return None
        places = [-1, -1]
        if stage:
            one = next((one for one in self.stages if one.name == stage), None)
            if one is None or one.before is None or one.after is None:
                return None
            places = [1 + self.before.totals.index(one.before), 1 + self.after.totals.index(one.after)]
        return spread(dimension, self.before.spreads[dimension], self.after.spreads[dimension], *places)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        spreads = [one for dimension in SPREADS if (one := self.spread(dimension)) is not None]
        told = self.samples
        return {
            "before": _plain(self.before),
            "after": _plain(self.after),
            "stages": [
                {
                    "name": one.name,
                    "before": one.before.as_dict() if one.before else None,
                    "after": one.after.as_dict() if one.after else None,
                }
                for one in self.stages
            ],
            "shares": {
                one.dimension: {
                    "distance": one.distance,
                    "shares": [{"name": s.name, "before": s.before, "after": s.after} for s in one.shares],
                }
                for one in spreads
            },
            "samples": None
            if told is None
            else {
                "kept": len(told.kept),
                "added": len(told.added),
                "removed": len(told.removed),
                "added_because": dict(told.added_because),
                "removed_because": dict(told.removed_because),
            },
        }


def _plain(one: Side) -> dict[str, Any]:
    if one.problem is not None:
        return {"problem": one.problem.problem, "fix": one.problem.fix}
    return dict(one.figures)


def effect(before: Side, after: Side, told: RecipeDiff) -> Effect:
    """What makes the second side other than the first; `told` says which selections and stages have another name there."""
    firsts = {told.stages.get(one.name, one.name): one for one in before.totals}
    seconds = {one.name: one for one in after.totals}
    names = [stage.name for stage in after.recipe.stages]
    names += [new for one in before.recipe.stages if (new := told.stages.get(one.name, one.name)) not in names]
    stages = tuple(StageEffect(name, firsts.get(name), seconds.get(name)) for name in names)
    return Effect(before, after, stages, _samples(before, after, told.selections))


def spread(dimension: Dimension, before: Breakdown, after: Breakdown, at: int = -1, to: int = -1) -> Spread:
    """How shares moved from row `at` of one breakdown to row `to` of the other; names that neither row holds are left out."""
    rows = ((before, at), (after, to), (after, 0))
    counts = [dict(zip(one.names, one.num_samples[row].tolist(), strict=True)) for one, row in rows]
    wholes = [max(int(one.totals[row, 0]), 1) for one, row in rows]
    names = [name for name in dict.fromkeys((*after.names, *before.names)) if any(one.get(name) for one in counts[:2])]
    shares = [
        Share(name, *(one.get(name, 0) / whole for one, whole in zip(counts, wholes, strict=True))) for name in names
    ]
    shares.sort(key=lambda one: -abs(one.after - one.before))
    first, second = (np.array([one.get(name, 0) for name in names]) for one in counts[:2])
    return Spread(dimension, total_variation(first, second), tuple(shares))


# -- which samples, and why ---------------------------------------------------------------------------------------------------

_GONE = {
    "source": "of the source {name}, which is not there any more",
    "workspace": "not in the workspace any more",
    "selection": "the selection {name} is not used any more",
    "use": "{name} is used less (stages, caps, repeats)",
    "condition": "the condition of {name} does not let it through any more",
    "file": "not in the file of {name} any more",
    "choice": "{name} keeps others",
}
_NEW = {
    "source": "of the new source {name}",
    "workspace": "new in the workspace",
    "selection": "the selection {name} was not used before",
    "use": "{name} is used more (stages, caps, repeats)",
    "condition": "the condition of {name} lets it through now",
    "file": "in the file of {name} now",
    "choice": "{name} keeps it now",
}
"""Why a sample is on one side only, by the first thing that explains it."""


def _samples(before: Side, after: Side, renamed: Mapping[str, str]) -> SamplesEffect | None:
    if before.mixture is None or after.mixture is None:
        return None
    first, second = before.sample_ids, after.sample_ids
    stays = _among(first, second)
    added, removed = second[~_among(second, first)], first[~stays]
    old = {new: key for key, new in renamed.items()}
    return SamplesEffect(
        kept=first[stays],
        added=added,
        removed=removed,
        added_because=_because(added, after, before, lambda key: old.get(key, key), lambda key: key, _NEW),
        removed_because=_because(
            removed, before, after, lambda key: renamed.get(key, key), lambda key: renamed.get(key, key), _GONE
        ),
    )


def _because(
    ids: Ids,
    here: Side,
    there: Side,
    key_there: Callable[[str], str],
    shown: Callable[[str], str],
    words: Mapping[str, str],
) -> dict[str, int]:
    """Counts of why samples that train here do not train there, most first: by the first part that uses each."""
    assert here.mixture is not None, "asked of known sides only"
    assert there.mixture is not None, "asked of known sides only"
    counts: dict[str, int] = {}
    if not len(ids):
        return counts

    def count(kind: str, name: str, num: int) -> None:
        if num:
            said = words[kind].format(name=name)
            counts[said] = counts.get(said, 0) + num

    pool, other = here.mixture.pool, there.mixture.pool
    in_pool = _among(ids, other.sample_id)
    sources = pool.source[pool.rows_of(ids[~in_pool])]
    for code, num in enumerate(np.bincount(sources, minlength=len(pool.source_names)).tolist()):
        name = pool.source_names[code]
        count("workspace" if name in other.source_names else "source", name, num)
    users = _first_users(here.mixture, ids)
    for key, chosen in here.mixture.chosen.items():
        mine = ids[in_pool & (users == list(here.mixture.chosen).index(key))]
        same = there.mixture.chosen.get(key_there(key))
        if same is None:
            count("selection", shown(key), len(mine))
            continue
        listed = np.isin(mine, same.sample_ids)
        count("use", shown(key), int(listed.sum()))
        left = mine[~listed]
        entry = there.recipe.selections[key_there(key)]
        if not isinstance(entry, SelectionByMethod):
            count("file", shown(key), len(left))
            continue
        if len(left) and entry.where.strip():
            passing = there.lens.ask("ids_of_visible", Filter(where=entry.where))["sample_id"].to_numpy()
            passes = np.isin(left, passing)
            count("condition", shown(key), int((~passes).sum()))
            left = left[passes]
        count("choice", shown(chosen.key), len(left))
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _first_users(mixture: Mixture, ids: Ids) -> NDArray[np.int32]:
    """[K] int32: which of the chosen selections, in their order, first brings each of these samples; ids ascending."""
    found = np.full(len(ids), -1, dtype=np.int32)
    for stage in reversed(mixture.stages):
        place = np.minimum(np.searchsorted(ids, stage.listed), len(ids) - 1)
        listed = ids[place] == stage.listed
        found[place[listed][::-1]] = stage.selection[listed][::-1]  # what is written last stands first
    return found


def _among(some: Ids, others: Ids) -> NDArray[np.bool_]:
    """[K] bool: which of some ids are among others; both ascending and without repeats."""
    if not len(others):
        return np.zeros(len(some), dtype=bool)
    found: NDArray[np.bool_] = others[np.minimum(np.searchsorted(others, some), len(others) - 1)] == some
    return found

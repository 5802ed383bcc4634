"""How a mixture is said: FLOPs, what trains, and what to look at before training on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from core.mixture.recipe import MODULES, Recipe
from core.mixture.totals import StageTotals
from studio.words import Note, duration, many, num

_NAMES = {"vision": "vision tower", "projector": "projector", "language": "language model"}


def flops(value: float) -> str:
    """'812 GFLOP', '3.2 PFLOP'."""
    for limit, sign in ((1e21, "Z"), (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G")):
        if value >= limit:
            return f"{value / limit:,.1f} {sign}FLOP"
    return f"{value / 1e6:,.1f} MFLOP"


def time_of(hours: float) -> str:
    """Device time: '< 0.1 s', '40 s', '3 h 20 min', '1,240 h'."""
    if hours * 3600 < 0.1:
        return "< 0.1 s"
    return duration(3600 * hours) if hours < 100 else f"{num(round(hours))} h"


def trains(trainable: Collection[str]) -> str:
    """'everything', 'projector', 'projector and language model'."""
    if set(trainable) == set(MODULES):
        return "everything"
    return " and ".join(_NAMES[module] for module in MODULES if module in trainable)


def stage_warnings(recipe: Recipe, totals: Sequence[StageTotals]) -> list[list[str]]:
    """What to look at, stage by stage: no sample, no picture, tiles that the tower does not see."""
    found = []
    for stage, one in zip(recipe.stages, totals, strict=True):
        told = []
        if not one.num_samples:
            told.append("Holds no sample: add a part.")
        elif not one.num_images:
            only = stage.trainable == ("projector",)
            told.append(
                "Holds no picture: the projector has nothing to learn."
                if only
                else "Holds no picture: trains on text alone."
            )
        if stage.resolution.px != recipe.stages[0].resolution.px:
            told.append(
                f"Tiles of {stage.resolution.px} px, stage 1 has {recipe.stages[0].resolution.px} px: make them equal."
            )
        found.append(told)
    return found


def recipe_warnings(
    totals: Sequence[StageTotals], used_sources: Sequence[str], licences: Mapping[str, str | None], idle: Sequence[str]
) -> list[Note]:
    """Badges about the recipe as a whole, each with what its hover says."""
    notes = []
    without = [name for name in used_sources if not licences.get(name)]
    if without:
        shown = ", ".join(without[:12]) + (f" and {num(len(without) - 12)} more" if len(without) > 12 else "")
        notes.append(Note(f"no licence: {many(len(without), 'source')}", f"No licence is stated for {shown}."))
    estimated = sum(one.num_estimated for one in totals)
    if estimated:
        says = "Their text tokens are estimated from their length, four characters a token. Prepare counts them."
        notes.append(Note(f"estimated: {many(estimated, 'sample')}", says))
    if idle:
        notes.append(Note(f"in no stage: {many(len(idle), 'selection')}", f"Nothing trains on {', '.join(idle)}."))
    return notes

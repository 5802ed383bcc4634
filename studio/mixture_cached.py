"""What Mixture and Train keep between runs of a page: the pool measured, each selection's samples, the plan of a recipe.

A home of caching decorators beside cached.py; selections are kept one by one, so that a new repeat chooses nothing again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from core.errors import StudioError
from core.mixture import breakdown
from core.mixture.breakdown import Breakdown, Dimension, Tags, Weights
from core.mixture.cost import DENSE_BF16_PEAK, H200_PEAK
from core.mixture.lengths import Ruler
from core.mixture.licences import allowed
from core.mixture.mixture import Chosen, choose_samples
from core.mixture.packing import Ints, Packing
from core.mixture.plan import Plan, plan
from core.mixture.recipe import PartEntry, Recipe, SelectionEntry, SourceEntry, Stage, recipe_from_dict
from core.mixture.totals import StageTotals
from core.mixture.uses import Rows, StageUses
from core.mixture.warnings import Finding, Known, findings, known_of
from core.select.pool import Pool
from core.tokenizer import vocab_size_of
from core.train.presets import PRESETS
from studio import cached

DEVICES = {"H200": H200_PEAK, **{name: peak for name, peak in DENSE_BF16_PEAK.items() if name != "H200"}}
"""Dense bf16 FLOP/s of the devices hours are quoted for."""


@dataclass(frozen=True, eq=False)
class Planned:
    """A recipe against the workspace; `key` names exactly this plan."""

    key: str
    chosen: dict[str, Chosen]
    made: Plan

    @property
    def recipe(self) -> Recipe:
        return self.made.recipe

    @property
    def totals(self) -> tuple[StageTotals, ...]:
        return self.made.totals

    @property
    def stages(self) -> tuple[StageUses, ...]:
        return self.made.stages

    @property
    def num_samples(self) -> int:
        return self.made.num_samples

    @cached_property
    def num_unique(self) -> int:
        return self.made.num_unique

    @property
    def flops(self) -> float:
        return sum(one.flops for one in self.totals)

    @property
    def gpu_hours(self) -> float:
        return sum(one.gpu_hours for one in self.totals)

    @property
    def num_steps(self) -> int:
        return sum(one.num_steps for one in self.totals)

    @property
    def num_tokens(self) -> int:
        """Text and image tokens over all stages and epochs."""
        pairs = zip(self.totals, self.recipe.stages, strict=True)
        return round(sum((one.num_text_tokens + one.num_image_tokens) * stage.epochs for one, stage in pairs))

    @cached_property
    def weights(self) -> Weights:
        return Weights.of(self.stages, self.made.ruler)


# -- planning -------------------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=2, show_spinner=False)
def _pool(path: str, at_version: str) -> Pool:
    return Pool.from_lens(cached.lens())


@st.cache_resource(max_entries=3, show_spinner=False)
def _ruler(path: str, at_version: str, preset: str) -> Ruler:
    return Ruler(_pool(path, at_version), preset)


@st.cache_resource(max_entries=64, show_spinner=False)
def _chosen(path: str, at_version: str, alone: str) -> tuple[Chosen, Rows]:
    pool = _pool(path, at_version)
    found = choose_samples(recipe_from_dict(json.loads(alone)), cached.lens(), pool, cached.workspace().path)
    one = next(iter(found.values()))
    return one, pool.rows_of(one.sample_ids)


def chosen(key: str, entry: SelectionEntry, sources: tuple[SourceEntry, ...]) -> tuple[Chosen, Rows]:
    """The samples of one selection of a recipe and their rows in the pool; a StudioError says why it cannot be had."""
    here = cached.workspace().path
    stage = Stage(name="all", parts=(PartEntry(selection=key),))
    alone = Recipe(name="alone", sources=sources, selections={key: entry}, stages=(stage,))
    return _chosen(str(here), cached.version(here), json.dumps(alone.as_dict(), sort_keys=True))


@st.cache_resource(max_entries=4, show_spinner=False)
def _planned(path: str, at_version: str, recipe: str, peak: float, utilisation: float) -> Planned:
    found = recipe_from_dict(json.loads(recipe))
    samples = {key: chosen(key, found.selections[key], found.sources) for key in _used(found)}
    made = plan(
        found,
        {key: rows for key, (_, rows) in samples.items()},
        _ruler(path, at_version, found.model.preset),
        peak=peak,
        utilisation=utilisation,
        learnt_vocab_size=vocab_size_of(Path(path) / "tokenizer"),
    )
    key = f"{path}\n{at_version}\n{recipe}\n{peak}\n{utilisation}"
    return Planned(key, {name: one for name, (one, _) in samples.items()}, made)


def _used(recipe: Recipe) -> list[str]:
    used = {part.selection for stage in recipe.stages for part in stage.parts}
    return [key for key in recipe.selections if key in used]


def planned(recipe: Recipe, device: str, utilisation: float) -> Planned:
    """The recipe's samples and totals, with hours for one device at a share of its peak; a StudioError says what is wrong."""
    here = cached.workspace()
    text = json.dumps(recipe.as_dict(), sort_keys=True)
    return _planned(str(here.path), cached.version(here.path), text, DEVICES[device], utilisation)


def missing(recipe: Recipe) -> dict[str, StudioError]:
    """Why selections that stages use cannot be had, by key; empty when all of them can."""
    found: dict[str, StudioError] = {}
    for key in _used(recipe):
        try:
            chosen(key, recipe.selections[key], recipe.sources)
        except StudioError as error:
            found[key] = error
    return found


# -- what a plan is made of -----------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=2, show_spinner=False)
def _tags(path: str, at_version: str, kind: str) -> Tags:
    return breakdown.tags_of(cached.lens(), _pool(path, at_version), kind)


@st.cache_resource(max_entries=16, show_spinner=False)
def _shares(key: str, dimension: Dimension, level: int, _found: Planned) -> Breakdown:
    weights = _found.weights
    if dimension in ("tag", "image tag"):
        here = cached.workspace().path
        kind = "instruction_tags" if dimension == "tag" else "image_tags"
        return breakdown.by_tag(weights, _tags(str(here), cached.version(here), kind), level)
    if dimension == "licence":
        return breakdown.by_licence(weights, _known().licences)
    by = {"source": breakdown.by_source, "style": breakdown.by_style, "capability": breakdown.by_capability}
    return by[dimension](weights)


def shares(found: Planned, dimension: Dimension, level: int = 1) -> Breakdown:
    """What the stages are made of, by one dimension; a level is that of the tag tree, 1 to 3."""
    return _shares(found.key, dimension, level, found)


@st.cache_resource(max_entries=16, show_spinner=False)
def _lengths(key: str, _found: Planned) -> list[tuple[tuple[Ints, Ints], tuple[Ints, Ints]]]:
    made = _found.made
    return [(made.lengths(place), made.pool_lengths(place)) for place in range(len(made.stages))]


def lengths(found: Planned) -> list[tuple[tuple[Ints, Ints], tuple[Ints, Ints]]]:
    """Of each stage the counted lengths of its samples, and of the whole pool at its resolution."""
    return _lengths(found.key, found)


@st.cache_resource(max_entries=16, show_spinner=False)
def _packings(key: str, pack_tokens: int, _found: Planned) -> list[Packing]:
    return [_found.made.packing(place, pack_tokens) for place in range(len(_found.made.stages))]


def packings(found: Planned, pack_tokens: int) -> list[Packing]:
    """Of each stage how its samples fill packs."""
    return _packings(found.key, pack_tokens, found)


# -- what to look at ------------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=2, show_spinner=False)
def _known_at(path: str, at_version: str, pictures: int, names: tuple[str, ...] | None) -> Known:
    return known_of(cached.lens(), _pool(path, at_version))


def _known() -> Known:
    """What the workspace knows now; pictures of evaluation questions are looked at again when their folder changes."""
    here = cached.workspace()
    folder = here.evaluation_dir / "images"
    moved = folder.stat().st_mtime_ns if folder.is_dir() else 0
    return _known_at(str(here.path), cached.version(here.path), moved, allowed(here))


def looked_at(found: Planned) -> tuple[Finding, ...]:
    """What to look at before training on a plan."""
    notes = tuple(f"{key}: {note}" for key, one in found.chosen.items() for note in one.notes)
    longest = PRESETS[found.recipe.model.preset].document_tokens if found.recipe.model.preset in PRESETS else None
    return findings(found.made, _known(), longest=longest, notes=notes)


def known_licences() -> list[str]:
    """The licences stated for sources of this workspace, each once."""
    return sorted(set(_known().licences.values()))

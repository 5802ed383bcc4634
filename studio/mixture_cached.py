"""What Mixture and Train keep between runs of a page: the pool, each selection's samples, and the totals of each stage.

A home of caching decorators beside cached.py; selections are kept one by one, so that a new repeat chooses nothing again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.mixture.cost import DENSE_BF16_PEAK, H200_PEAK
from core.mixture.mixture import Chosen, resolve, stage_samples
from core.mixture.recipe import PartEntry, Recipe, SelectionEntry, SourceEntry, Stage, recipe_from_dict
from core.mixture.totals import StageTotals, stage_totals
from core.select import compare
from core.select.pool import Pool
from core.tokenizer import vocab_size_of
from studio import cached

DEVICES = {"H200": H200_PEAK, **{name: peak for name, peak in DENSE_BF16_PEAK.items() if name != "H200"}}
"""Dense bf16 FLOP/s of the devices hours are quoted for."""


@dataclass(frozen=True, eq=False)
class Planned:
    """A recipe against the workspace: totals per stage, and its samples by source, [stages, sources] int64."""

    recipe: Recipe
    chosen: dict[str, Chosen]
    totals: tuple[StageTotals, ...]
    source_names: tuple[str, ...]
    by_source: NDArray[np.int64]
    num_unique: int

    @property
    def num_samples(self) -> int:
        return sum(one.num_samples for one in self.totals)

    @property
    def flops(self) -> float:
        return sum(one.flops for one in self.totals)

    @property
    def num_steps(self) -> int:
        return sum(one.num_steps for one in self.totals)

    @property
    def num_tokens(self) -> int:
        """Text and image tokens over all stages and epochs."""
        pairs = zip(self.totals, self.recipe.stages, strict=True)
        return round(sum((one.num_text_tokens + one.num_image_tokens) * stage.epochs for one, stage in pairs))


@st.cache_resource(max_entries=2, show_spinner=False)
def _pool(path: str, at_version: str) -> Pool:
    return Pool.from_lens(cached.lens())


@st.cache_resource(max_entries=64, show_spinner=False)
def _chosen(path: str, at_version: str, alone: str) -> Chosen:
    mixture = resolve(recipe_from_dict(json.loads(alone)), cached.lens(), cached.workspace().path)
    return next(iter(mixture.chosen.values()))


def chosen(key: str, entry: SelectionEntry, sources: tuple[SourceEntry, ...]) -> Chosen:
    """The samples of one selection of a recipe; a StudioError says why it cannot be had."""
    here = cached.workspace().path
    stage = Stage(name="all", parts=(PartEntry(selection=key),))
    alone = Recipe(name="alone", sources=sources, selections={key: entry}, stages=(stage,))
    return _chosen(str(here), cached.version(here), json.dumps(alone.as_dict(), sort_keys=True))


@st.cache_resource(max_entries=32, show_spinner=False)
def _planned(path: str, at_version: str, recipe: str, peak: float, utilisation: float) -> Planned:
    found = recipe_from_dict(json.loads(recipe))
    pool = _pool(path, at_version)
    used = [key for key in found.selections if any(p.selection == key for stage in found.stages for p in stage.parts)]
    samples = {key: chosen(key, found.selections[key], found.sources) for key in used}
    stages = [stage_samples(stage, samples) for stage in found.stages]
    listed = [stage.listed for stage in stages]
    vocab = vocab_size_of(Path(path) / "tokenizer")
    return Planned(
        recipe=found,
        chosen=samples,
        totals=tuple(stage_totals(stage, pool, found.model.preset, peak, utilisation, vocab) for stage in stages),
        source_names=tuple(pool.source_names),
        by_source=np.stack([compare.source_counts(pool, pool.rows_of(ids)) for ids in listed]),
        num_unique=len(np.unique(np.concatenate(listed))),
    )


def planned(recipe: Recipe, device: str, utilisation: float) -> Planned:
    """The recipe's samples and totals, with hours for one device at a share of its peak; a StudioError says what is wrong."""
    here = cached.workspace().path
    text = json.dumps(recipe.as_dict(), sort_keys=True)
    return _planned(str(here), cached.version(here), text, DEVICES[device], utilisation)

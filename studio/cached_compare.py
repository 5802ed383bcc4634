"""What Compare keeps between runs of the page: selections read against a pool, pairs taken apart, and measures that take seconds.

One of the homes of caching decorators (see cached.py). Everything is kept by the digest of the ids it is about, so a renamed
selection is not read again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import StudioError
from core.filters import Filter
from core.select import compare, luck, methods, saved, spread
from core.select.compare import Split
from core.select.constraints import Constraints
from core.select.groups import labels_for
from core.select.luck import Luck
from core.select.mmssr_nested import MmssrNested
from core.select.saved import SavedSelection
from core.select.uniform import Random
from core.store.ids import digest_of, id_from_hex
from studio import cached, curate_state
from studio.cached_curate import InForce, chosen_of, curated, in_force, left
from studio.compare_state import NOW
from studio.curate_value import samples_of


@dataclass(frozen=True, eq=False)
class Chosen:
    """A selection on Compare: a saved one, or what Curate is set to; sample_ids: [K] uint64, best first."""

    key: str
    name: str
    method: str
    settings: dict[str, Any]
    seed: int
    filter: Filter
    constraints: Constraints
    sample_ids: NDArray[np.uint64] = field(repr=False)
    digest: str
    entry: SavedSelection | None = None

    @property
    def num(self) -> int:
        return len(self.sample_ids)


@dataclass(frozen=True, eq=False)
class Reading:
    """A selection read against a pool: rows [R] int64 of those the pool holds, how many it does not, distributions, distances."""

    rows: NDArray[np.int64]
    num_missing: int
    counts: spread.Counts
    distances: spread.Distances


def of_entry(entry: SavedSelection) -> Chosen:
    """A saved selection with its ids; BadData when its file was changed."""
    ids = _ids(str(cached.workspace().path), entry.model_dump_json(include={"path", "sha256", "name"}))
    return Chosen(
        entry.selection_id, entry.name, entry.method, entry.settings, entry.seed, entry.chosen, entry.constraints, ids,
        entry.sha256, entry,
    )  # fmt: skip


@st.cache_resource(max_entries=32, show_spinner=False)
def _ids(path: str, entry: str) -> NDArray[np.uint64]:
    said = json.loads(entry)
    return saved.checked_ids(cached.workspace(), said["path"], said["sha256"], said["name"])


def of_curate() -> Chosen | None:
    """What Curate is set to now; None where it cannot choose, for want of scores or because rules contradict each other."""
    state = curate_state.current()
    rules = in_force(state.constraints)
    try:
        kept = chosen_of(
            state.chosen, state.method, state.settings, state.seed, rules,
            lambda size: samples_of(state.share, size),
        )  # fmt: skip
    except StudioError:
        return None
    ids = kept.sample_ids
    digest = blake2b(ids.tobytes(), digest_size=16).hexdigest()
    return Chosen(
        NOW, "Now on Curate", state.method, state.settings, state.seed, state.chosen, rules.constraints, ids, digest
    )


def pool_filter(chosen: Sequence[Chosen]) -> Filter:
    """The filter of the pool that selections are read against: the one they share, else none, which is the whole workspace.

    A shared filter that lets not all of them through any more (the data have moved on) is none either.
    """
    filters = {one.filter.model_dump_json(): one.filter for one in chosen}
    if len(filters) != 1:
        return Filter()
    (shared,) = filters.values()
    try:
        pool = curated(shared).pool
    except StudioError:
        return Filter()
    return shared if all(bool(np.isin(one.sample_ids, pool.sample_id).all()) for one in chosen) else Filter()


@st.cache_resource(max_entries=32, show_spinner=False)
def _reading(path: str, at_version: str, chosen: str, digest: str, _ids: NDArray[np.uint64]) -> Reading:
    here = curated(Filter.model_validate_json(chosen))
    there = _ids[np.isin(_ids, here.pool.sample_id)]
    rows = here.pool.rows_of(there)
    counts = spread.counts(here.pool, here.labels, rows)
    return Reading(rows, len(_ids) - len(there), counts, spread.distances(here.everything, counts, here.labels, rows))


def reading(one: Chosen, shared: Filter) -> Reading:
    """A selection read against the pool of a filter."""
    here = cached.workspace().path
    return _reading(str(here), cached.version(here), shared.model_dump_json(), one.digest, one.sample_ids)


@st.cache_resource(max_entries=8, show_spinner=False)
def _overlaps(digests: tuple[str, ...], _ids: Sequence[NDArray[np.uint64]]) -> NDArray[np.float64]:
    return compare.jaccard_matrix(_ids)


def overlaps(chosen: Sequence[Chosen]) -> NDArray[np.float64]:
    """The Jaccard overlap of each with each: [S, S]."""
    return _overlaps(tuple(one.digest for one in chosen), [one.sample_ids for one in chosen])


@st.cache_resource(max_entries=8, show_spinner=False)
def _split(first: str, second: str, _first: NDArray[np.uint64], _second: NDArray[np.uint64]) -> Split:
    return compare.split(_first, _second)


def split(first: Chosen, second: Chosen) -> Split:
    """What two selections share and what only one holds."""
    return _split(first.digest, second.digest, first.sample_ids, second.sample_ids)


@st.cache_resource(max_entries=16, show_spinner=False)
def _luck(
    path: str, at_version: str, shared: str, drawn: Drawn, seeds: tuple[int, ...], keys: tuple[str, ...],
    _constraints: Constraints, _ids: Sequence[Any],
) -> Luck:  # fmt: skip
    here = curated(Filter.model_validate_json(shared))
    drawn_from = curated(Filter.model_validate_json(drawn.filter)).pool
    against = dict(zip(keys, _ids, strict=True))
    return luck.luck(
        drawn_from, drawn.num, here.everything, here.pool, here.labels, against, seeds,
        constraints=_constraints, asked=labels_for(cached.lens(), drawn_from, _constraints),
    )  # fmt: skip


def luck_like(one: Chosen, shared: Filter, against: Sequence[Chosen]) -> Luck:
    """Random with several seeds, as large as a selection, from the pool of its filter and under its constraints; StudioError
    where nothing can be drawn like it."""
    here = cached.workspace().path
    seeds = luck.fresh_seeds({other.seed for other in against if other.method == Random.key})
    return _luck(
        str(here), cached.version(here), shared.model_dump_json(), drawn_like(one), seeds,
        tuple(other.digest for other in against), one.constraints, [other.sample_ids for other in against],
    )  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """What decides how Random is drawn beside a selection: the filter as JSON, a digest of the constraints, how many samples."""

    filter: str
    constraints: str
    num: int


def drawn_like(one: Chosen) -> Drawn:
    """How Random is drawn beside a selection; StudioError where its filter or its constraints cannot be understood any more."""
    pinned = np.sort(np.array([id_from_hex(text) for text in one.constraints.pins], dtype=np.uint64))
    rules = InForce(one.constraints, digest_of(one.constraints.model_dump(mode="json")), pinned)
    num, _ = left(one.filter, rules)
    return Drawn(one.filter.model_dump_json(), rules.key, min(one.num, num))


@st.cache_resource(max_entries=8, show_spinner=False)
def _agreement(path: str, at_version: str, chosen: str, settings: str, seed: int) -> dict[float, float]:
    pool = curated(Filter.model_validate_json(chosen)).pool
    nested = methods.settings(MmssrNested.key, json.loads(settings))
    assert isinstance(nested, MmssrNested), "the key is its own"
    return compare.agreement_with_faithful(pool, nested, seed)


def agreement(one: Chosen) -> dict[float, float]:
    """How far nested mmSSR with the settings of a selection agrees with the faithful algorithm, by percent of its pool."""
    here = cached.workspace().path
    text = json.dumps(one.settings, sort_keys=True)
    return _agreement(str(here), cached.version(here), one.filter.model_dump_json(), text, one.seed)

"""What Curate keeps between runs of the page: pools, labels, orderings and map points, per folder, version and settings.

The second of the two homes of caching decorators (see cached.py), because these values are large and only Curate needs them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.filters import Filter
from core.mixture.cost import gpu_hours, preset_cost
from core.mixture.image_tokens import image_cost, patches_along
from core.mixture.recipe import Resolution
from core.select import constrained, methods, pins, spread
from core.select.budget import Budget
from core.select.constraints import Constraints
from core.select.groups import Labels, is_in, labels_for
from core.select.ordering import Ordering, Selection
from core.select.pool import Pool
from core.select.prefixes import Prefixes
from core.store.ids import digest_of, id_from_hex
from core.vocabulary import CAPABILITIES, CAPABILITY_KEYS, STYLES
from core.workspace import Workspace
from studio import cached, charts, costly, outcomes
from studio.map.buffers import CutTable, Figure, class_totals, cuts_of, ranks_of, running_totals
from studio.map.colourings import folded
from studio.outcomes import Group, Outcome

REFERENCE_PRESET = "aquila-vl-2b"
REFERENCE_RESOLUTION = Resolution(mode="anyres", px=384, max_tiles=4)
REFERENCE = (
    "Estimate: one epoch of Aquila-VL-2B, all trainable, up to 2x2 tiles, on one H200 at the assumed utilisation."
)


@dataclass(frozen=True, eq=False)
class Points:
    """The pool's places on the map, by sample_id: [P] each; `row` is the place in the pool."""

    name: str
    sample_id: NDArray[np.uint64]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    row: NDArray[np.int64]
    top_capability: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Classes:
    """One way to tell the points apart: codes [P] uint8 into `names`, the largest first, all beyond nine as "other"."""

    label: str
    codes: NDArray[np.uint8]
    names: Sequence[str]


@dataclass(frozen=True, eq=False)
class Curated:
    """A pool with everything Curate shows about it: text tokens and GPU-hours per sample are [N] float64."""

    pool: Pool
    labels: spread.Labels
    everything: spread.Counts
    points: Points
    classes: Mapping[str, Classes]
    tokens: NDArray[np.float64]
    hours: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Along:
    """What changes along an ordering, summed up once: the distributions of every prefix, and what the map needs.

    digest: names the order of the points; ranks: [P] uint32, the place of each point in the ordering; outcome_of: names the
    ordering and the pool, all that the outcome of a prefix is made of.
    """

    digest: str
    ranks: NDArray[np.uint32]
    table: CutTable
    outcome: Outcome
    outcome_of: str

    @property
    def url(self) -> str:
        """Where the outcome of every prefix is answered from."""
        return outcomes.url_of(self.outcome_of)

    def totals(self, num: int) -> tuple[float, ...]:
        """The figures of the table for the first `num` samples, to the last sample."""
        return tuple(float(values[:num].sum()) for values in self.outcome.costs)


@st.cache_resource(max_entries=4, show_spinner=False)
def _curated(path: str, at_version: str, chosen: str) -> Curated:
    wanted = Filter.model_validate_json(chosen)
    lens = cached.lens()  # one for all of it: the tables may move while this is computed
    pool = Pool.from_lens(lens, wanted)
    places = lens.ask("map_points", wanted)
    ids = places["sample_id"].to_numpy()
    rows = pool.rows_of(ids)
    cluster = np.full(len(pool), -1, dtype=np.int32)
    cluster[rows] = places["cluster"].fill_null(-1).to_numpy()
    labels = spread.labels_of(pool, cluster, lens.ask("tags_of_visible", wanted))
    placed = ~np.isnan(_numbers(places["map_x"]))
    points = Points(
        name=digest_of({"filter": chosen})[:16],
        sample_id=ids[placed],
        x=_numbers(places["map_x"])[placed].astype(np.float32),
        y=_numbers(places["map_y"])[placed].astype(np.float32),
        row=rows[placed],
        top_capability=places["top_capability"].cast("int64").fill_null(-1).to_numpy()[placed],
    )
    text = np.nan_to_num(pool.columns["num_text_tokens"])
    everything = spread.counts(pool, labels)
    return Curated(pool, labels, everything, points, _classes(pool, labels, points), text, _hours(pool))


def _classes(pool: Pool, labels: spread.Labels, points: Points) -> dict[str, Classes]:
    """The ways to tell points apart, in the order they are offered. A sample with several styles or tags goes by its first."""
    top = np.where(points.top_capability < 0, len(CAPABILITY_KEYS), points.top_capability)
    bits = pool.style_bits[points.row]
    style = np.full(len(bits), len(STYLES))
    for index in reversed(range(len(STYLES))):
        style[(bits >> np.uint32(index)) & np.uint32(1) == 1] = index
    tops = sorted({name.split(" > ")[0] for name in labels.tag_names})
    top_of = np.array([*(tops.index(name.split(" > ")[0]) for name in labels.tag_names), len(tops)])
    start = labels.tag_offsets[points.row]
    tagged = labels.tag_offsets[points.row + 1] > start
    tag = np.full(len(start), len(tops))
    tag[tagged] = top_of[labels.tag_codes[start[tagged]]]
    cluster = labels.cluster[points.row]
    num_clusters = int(cluster.max(initial=-1)) + 1
    wanted: list[tuple[str, str, NDArray[Any], Sequence[str]]] = [
        ("source", "source", pool.source[points.row], pool.source_names),
        ("capability", "top capability", top, [*(charts.short_name(one) for one in CAPABILITIES), "none"]),
        ("style", "first style", style, [*STYLES, "unstyled"]),
    ]
    if tops:
        wanted.append(("tag", "first tag", tag, [*tops, "no tag"]))
    if num_clusters:
        names = [*(f"cluster {index}" for index in range(num_clusters)), "no cluster"]
        wanted.append(("cluster", "cluster", np.where(cluster < 0, num_clusters, cluster), names))
    return {key: Classes(label, *folded(codes, names)) for key, label, codes, names in wanted}


def _hours(pool: Pool) -> NDArray[np.float64]:
    """GPU-hours each sample costs in the reference training; samples without a token count cost their pictures alone."""
    cost = image_cost(
        np.nan_to_num(pool.columns["num_images"]).astype(np.int64),
        pool.columns["width_px"],
        pool.columns["height_px"],
        REFERENCE_RESOLUTION,
        patches_along(REFERENCE_PRESET, REFERENCE_RESOLUTION.px),
    )
    text: Any = np.nan_to_num(pool.columns["num_text_tokens"])  # the formula holds for arrays as it does for one sample
    tiles: Any = cost.tiles
    lengths = cost.tokens + text
    parts = ("vision", "projector", "language")
    flops = preset_cost(REFERENCE_PRESET).stage(
        parts, tiles=tiles, tokens=lengths, squares=lengths * lengths, supervised=text
    )
    return np.asarray(flops * gpu_hours(1.0), dtype=np.float64)


def _numbers(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.cast("float64").to_numpy(), dtype=np.float64)


@st.cache_resource(max_entries=1, show_spinner=False)
def _with_vectors(path: str, at_version: str, chosen: str) -> Pool:
    """The pool with its vectors, for the methods that need them; the largest thing there is, so only the last one is kept."""
    return _curated(path, at_version, chosen).pool.with_vectors(cached.lens())


@dataclass(frozen=True, eq=False)
class InForce:
    """Constraints with the workspace's lists in them; key names exactly these, pinned: [K] uint64, ascending."""

    constraints: Constraints
    key: str
    pinned: NDArray[np.uint64]


@st.cache_resource(max_entries=4, show_spinner=False)
def _lists(path: str, at_act: int) -> pins.Lists:
    return pins.read(Workspace.open(Path(path)))


def lists() -> pins.Lists:
    """The pinned and never kept samples of the workspace."""
    here = cached.workspace()
    return _lists(str(here.path), pins.version(here))


@st.cache_resource(max_entries=12, show_spinner=False)
def _in_force(path: str, at_act: int, own: str) -> InForce:
    made = pins.merged(Constraints.model_validate_json(own), _lists(path, at_act))
    pinned = np.sort(np.array([id_from_hex(text) for text in made.pins], dtype=np.uint64))
    return InForce(made, digest_of(made.model_dump(mode="json")), pinned)


def without_rules() -> InForce:
    """No constraint at all, the workspace's lists left out too."""
    none = Constraints()
    return InForce(none, digest_of(none.model_dump(mode="json")), np.empty(0, np.uint64))


def in_force(own: Constraints) -> InForce:
    """These constraints together with the lists of the workspace, which may be long and so are read once."""
    here = cached.workspace()
    return _in_force(str(here.path), pins.version(here), own.model_dump_json())


@st.cache_resource(max_entries=12, show_spinner=False)
def _told(path: str, at_version: str, chosen: str, key: str, _rules: Constraints) -> tuple[Labels, int]:
    """What constraints ask of a pool, and how many samples they leave in it."""
    pool = _curated(path, at_version, chosen).pool
    labels = labels_for(cached.lens(), pool, _rules)
    return labels, constrained.num_left(pool, _rules, labels)


def left(chosen: Filter, rules: InForce) -> tuple[int, int]:
    """How many samples constraints leave of the pool, and how many of these must be kept."""
    here = cached.workspace().path
    _, num = _told(str(here), cached.version(here), chosen.model_dump_json(), rules.key, rules.constraints)
    return num, int(is_in(rules.pinned, curated(chosen).pool.sample_id).sum())


@st.cache_resource(max_entries=12, show_spinner=False)
def _ordering(
    path: str,
    at_version: str,
    chosen: str,
    method: str,
    settings: str,
    seed: int,
    budget: int | None,
    key: str,
    _rules: Constraints,
) -> Ordering:
    selector = methods.settings(method, json.loads(settings))
    pool = _curated(path, at_version, chosen).pool
    read = _with_vectors(path, at_version, chosen) if selector.needs_vectors else pool
    made = constrained.order(
        selector,
        read,
        budget=None if budget is None else Budget.samples(budget),
        seed=seed,
        constraints=_rules,
        labels=_told(path, at_version, chosen, key, _rules)[0],
    )
    return replace(made, pool=pool)  # so that an ordering that is kept does not keep the vectors


def curated(chosen: Filter) -> Curated:
    """The pool a filter leaves, with labels, points and costs."""
    here = cached.workspace().path
    return _curated(str(here), cached.version(here), chosen.model_dump_json())


def ordering(chosen: Filter, method: str, settings: dict[str, Any], seed: int, budget: int, rules: InForce) -> Ordering:
    """A method's ordering of the pool a filter leaves, under constraints; where it is exact for one budget only, of that one."""
    here = cached.workspace().path
    told = rules.constraints
    only = None if methods.method(method).prefix_valid and told.keeps_prefixes else budget
    text = json.dumps(settings, sort_keys=True)
    keys = (str(here), cached.version(here), chosen.model_dump_json())
    selector = methods.settings(method, settings)
    says = costly.ask(selector, len(curated(chosen).pool), budget, *keys, text, seed, only, rules.key)
    with st.spinner(says) if says else nullcontext():  # shows only while it is computed
        return _ordering(*keys, method, text, seed, only, rules.key, told)


def chosen_of(
    chosen: Filter,
    method: str,
    settings: dict[str, Any],
    seed: int,
    rules: InForce,
    budget_of: Callable[[int], int],
) -> Selection:
    """What a method keeps under constraints; `budget_of` gives the budget for the number of samples they leave.

    The pinned samples are kept whatever the budget, so it is never smaller than they are many.
    """
    num, num_pinned = left(chosen, rules)
    budget = min(max(budget_of(num), num_pinned), num)
    return ordering(chosen, method, settings, seed, budget, rules).cut(budget)


def within_tokens(
    chosen: Filter, method: str, settings: dict[str, Any], seed: int, rules: InForce, tokens: Budget
) -> int:
    """The largest budget in samples whose selection has no more text tokens than these.

    Where the method is exact for one budget only, many are tried; what somebody agreed to then holds for the one that is found.
    """
    here = cached.workspace().path
    selector, keys = methods.settings(method, settings), (str(here), cached.version(here), chosen.model_dump_json())
    text, size = json.dumps(settings, sort_keys=True), len(curated(chosen).pool)
    once = selector.prefix_valid and rules.constraints.keeps_prefixes
    wanted = None if once else str(tokens)
    times = 1 if once else size.bit_length()
    costly.ask(selector, size, size, *keys, text, seed, wanted, rules.key, times=times)
    pool = _with_vectors(*keys) if selector.needs_vectors else curated(chosen).pool
    labels = _told(*keys, rules.key, rules.constraints)[0]
    budget = methods.choose(selector, pool, tokens, seed, rules.constraints, labels).budget
    costly.agree(costly.key_of(selector, *keys, text, seed, None if once else budget, rules.key))
    return budget


_ALONG: WeakKeyDictionary[Ordering, Along] = WeakKeyDictionary()
"""Kept exactly as long as the ordering it belongs to."""


def along(chosen: Filter, order: Ordering) -> Along:
    """What changes along an ordering of the pool this filter leaves: summed up once, however often the budget moves."""
    found = _ALONG.get(order)
    if found is None:
        pool_of = digest_of([cached.lens().snapshot, chosen.model_dump()])
        found = _ALONG[order] = _along(curated(chosen), order, pool_of)
    outcomes.publish(
        found.outcome_of, found.outcome
    )  # in every run: an equal ordering may have been published since, and gone
    return found


def _along(here: Curated, order: Ordering, pool_of: str) -> Along:
    points, size = here.points, order.pool_size
    cuts = cuts_of(size)
    ranks = ranks_of(points.sample_id, order.sample_ids)
    unit, per_hour = ("GPU-hours", 1.0) if here.hours.sum() >= 1 else ("GPU-seconds", 3600.0)

    def totals(per_sample: NDArray[np.float64]) -> tuple[float, ...]:
        # An ordering that is shorter than its pool stays at its end.
        return running_totals(cuts, np.concatenate([per_sample[order.rows], np.zeros(size - len(order))]))

    table = CutTable(
        cuts,
        (
            Figure("text tokens", totals(here.tokens), hint="Counted by the workspace's own tokenizer."),
            Figure(f"{unit}, 2B model", totals(here.hours * per_hour), decimals=1, hint=REFERENCE),
        ),
        {key: class_totals(cuts, ranks, one.codes, len(one.names)) for key, one in here.classes.items()},
    )
    digest = blake2b(points.name.encode() + ranks.tobytes(), digest_size=16).hexdigest()
    per_sample = tuple(values[order.rows] for values in (here.tokens, here.hours * per_hour))
    prefixes = Prefixes(here.pool, here.labels, here.everything, order.rows)
    outcome = outcomes.Outcome(prefixes, _groups(here), per_sample)
    # The points alone do not name it: samples without a place on the map count too.
    rows = blake2b(order.rows.tobytes(), digest_size=16).hexdigest()
    return Along(digest, ranks, table, outcome, digest_of([pool_of, rows]))


def _groups(here: Curated) -> tuple[Group, ...]:
    """The distributions Curate shows, by the names people use."""
    return (
        Group("source", "Sources", here.pool.source_names),
        Group("style", "Styles", (*STYLES, "unstyled")),
        Group("mean", "Skills", tuple(charts.short_name(one) for one in CAPABILITIES), scored=True),
        Group("tag", "Tags", tuple(name.split(" > ")[-1] for name in here.labels.tag_names)),
    )

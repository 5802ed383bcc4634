"""What Curate keeps between runs of the page: pools, labels, orderings and map points, per folder, version and settings.

The second of the two homes of caching decorators (see cached.py), because these values are large and only Curate needs them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from core.filters import Filter
from core.mixture.cost import gpu_hours, preset_cost
from core.mixture.image_tokens import image_cost, patches_along
from core.mixture.recipe import Resolution
from core.select import methods, spread
from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.store.ids import digest_of
from studio import cached

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
class Curated:
    """A pool with everything Curate shows about it: text tokens and GPU-hours per sample are [N] float64."""

    pool: Pool
    labels: spread.Labels
    everything: spread.Counts
    points: Points
    tokens: NDArray[np.float64]
    hours: NDArray[np.float64]


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
    labels = _labels(pool, cluster, lens.ask("tags_of_visible", wanted))
    placed = ~np.isnan(_numbers(places["map_x"]))
    points = Points(
        name=digest_of({"filter": chosen})[:16],
        sample_id=ids[placed],
        x=_numbers(places["map_x"])[placed].astype(np.float32),
        y=_numbers(places["map_y"])[placed].astype(np.float32),
        row=rows[placed],
        top_capability=places["top_capability"].cast("int64").fill_null(-1).to_numpy()[placed],
    )
    text = pool.columns["num_text_tokens"]
    return Curated(pool, labels, spread.counts(pool, labels), points, np.nan_to_num(text), _hours(pool))


def _labels(pool: Pool, cluster: NDArray[np.int32], found: pa.Table) -> spread.Labels:
    names = [
        " > ".join(part for part in pair if part)
        for pair in zip(found["level1"].to_pylist(), found["level2"].to_pylist(), strict=True)
    ]
    distinct = tuple(sorted(set(names)))
    place = {name: index for index, name in enumerate(distinct)}
    row = pool.rows_of(found["sample_id"].to_numpy())
    order = np.argsort(row, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(pool)))]).astype(np.int64)
    codes = np.array([place[name] for name in names], dtype=np.int32)[order]
    return spread.Labels(cluster, offsets, codes, distinct)


def _hours(pool: Pool) -> NDArray[np.float64]:
    """GPU-hours each sample costs in the reference training; samples without a token count cost their pictures alone."""
    cost = image_cost(
        np.nan_to_num(pool.columns["num_images"]).astype(np.int64),
        pool.columns["width_px"],
        pool.columns["height_px"],
        REFERENCE_RESOLUTION,
        patches_along(REFERENCE_PRESET, REFERENCE_RESOLUTION.px),
    )
    text = np.nan_to_num(pool.columns["num_text_tokens"])
    model = preset_cost(REFERENCE_PRESET)
    flops = np.array(
        [
            model.stage(("vision", "projector", "language"), tiles=t, tokens=n, squares=n * n, supervised=s)
            for t, n, s in zip(cost.tiles.tolist(), (cost.tokens + text).tolist(), text.tolist(), strict=True)
        ]
    )
    return flops * gpu_hours(1.0)


def _numbers(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.cast("float64").to_numpy(), dtype=np.float64)


@st.cache_resource(max_entries=12, show_spinner=False)
def _ordering(
    path: str, at_version: str, chosen: str, method: str, settings: str, seed: int, budget: int | None
) -> Ordering:
    selector = methods.settings(method, json.loads(settings))
    pool = _curated(path, at_version, chosen).pool
    return selector.order(pool, budget=None if budget is None else Budget.samples(budget), seed=seed)


def curated(chosen: Filter) -> Curated:
    """The pool a filter leaves, with labels, points and costs."""
    here = cached.workspace().path
    return _curated(str(here), cached.version(here), chosen.model_dump_json())


def ordering(chosen: Filter, method: str, settings: dict[str, Any], seed: int, budget: int) -> Ordering:
    """A method's ordering of the pool a filter leaves; for a method that is exact for one budget, of that budget."""
    here = cached.workspace().path
    only = None if methods.method(method).prefix_valid else budget
    text = json.dumps(settings, sort_keys=True)
    return _ordering(str(here), cached.version(here), chosen.model_dump_json(), method, text, seed, only)

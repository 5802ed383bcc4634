"""The map on Curate: the points of the pool, the order a method gives them, and the colours they can have."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.filters import Filter
from core.select import methods
from core.select.ordering import Ordering, Selection
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import CAPABILITIES
from studio import cached, charts
from studio.cached_curate import Curated, along, curated
from studio.map import Colouring, MapEvent, budget_map
from studio.map.buffers import offer_classes, publish_classes, publish_points, publish_ranks, publish_table
from studio.map.colourings import score_codes
from studio.words import num


def picture(chosen: Filter, kept: Selection, on_release: Callable[[int], None], approximate: str = "") -> MapEvent:
    """The map with its slider; everything it is made of is held from the run that first drew it.

    `approximate` says why the picture is not exact; an ordering that is for one budget only is so while another is dragged to.
    """
    here, order = curated(chosen), kept.ordering
    then = along(chosen, order)
    snapshot, points = cached.lens().snapshot, here.points
    return budget_map(
        key="curate-map",
        points_url=publish_points(snapshot, points.name, points.x, points.y, points.sample_id),
        ranks_url=publish_ranks(then.ranks, then.digest),
        table_url=publish_table(then.table),
        num_points=len(points.sample_id),
        budget=kept.budget,
        maximum=order.pool_size,
        colourings=_colourings(snapshot, here),
        approximate=approximate,
        until_done=when_exact(order),
        totals=then.totals(kept.num),
        outcome_url=then.url,
        caption=_caption(here),
        on_release=on_release,
    )


def when_exact(order: Ordering) -> str:
    """Why what is shown is not exact while the budget is dragged; "" for an ordering any prefix of which is a selection."""
    if order.prefix_valid:
        return ""
    method = methods.method(order.method)
    what = "What minima and shares keep" if method.prefix_valid else method.title
    return f"{what} is computed anew when you let go."


def _caption(here: Curated) -> str:
    producers = cached.lens().producers.get("map", [])
    missing = len(here.pool) - len(here.points.sample_id)
    note = f", {num(missing)} samples are newer than the map" if missing else ""
    return f"{producers[0].name.upper() if producers else 'Map'} of {num(len(here.points.sample_id))} samples{note}"


def _colourings(snapshot: str, here: Curated) -> list[Colouring]:
    name, made = here.points.name, []
    for key, one in here.classes.items():
        url = publish_classes(snapshot, name, key, one.codes)
        made.append(Colouring.by_category(key, one.label, url, one.names))
    for capability in CAPABILITIES:
        if capability.key in here.pool.scored:
            url = offer_classes(snapshot, name, f"score-{capability.key}", partial(_scores, here, capability.key))
            made.append(Colouring.by_score(f"score-{capability.key}", f"score: {charts.short_name(capability)}", url))
    return made


def _scores(here: Curated, capability: str) -> NDArray[np.uint8]:
    stored = here.pool.scores[here.pool.capabilities.index(capability)]
    return score_codes(stored[here.points.row], MISSING, SCORE_SCALE)

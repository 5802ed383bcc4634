"""The Python side of the budget map: what a page gives, what a reader did.

The component is registered with Streamlit from its folder here, not through a pyproject.toml: Streamlit's scan finds that file
neither in an editable install nor in a wheel whose import packages are named otherwise than the distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from core.store.ids import id_from_hex
from studio.map.buffers import publish_legend
from studio.map.colourings import KEPT, Colouring
from studio.map.lasso import lassoed
from studio.session import Slot, held

_PACKAGE: Final = "winnow-studio"
_NAME: Final = f"{_PACKAGE}.map"


@dataclass(frozen=True, eq=False)
class MapEvent:
    """What the map says in this run: the budget in force, the sample that was just clicked, and what a box or lasso holds.

    lassoed_sample_ids: [K] uint64 in points order, as long as it is drawn; empty when it holds no point, None without one.
    """

    budget: int
    clicked_sample_id: int | None
    lassoed_sample_ids: NDArray[np.uint64] | None = None


def budget_map(
    *,
    points_url: str,
    ranks_url: str,
    num_points: int,
    budget: int,
    maximum: int,
    key: str,
    table_url: str | None = None,
    colourings: Sequence[Colouring] = (),
    colour_by: str = KEPT.key,
    approximate: str = "",
    until_done: str = "",
    totals: Sequence[float] = (),
    outcome_url: str = "",
    caption: str = "",
    height_px: int | None = None,
    slider: bool = True,
    on_release: Callable[[int], None] | None = None,
) -> MapEvent:
    """Draw the map with its slider, and say what the reader did.

    points_url, ranks_url, table_url: from `studio.map.buffers`. budget and maximum count samples of the ordering, so that
    rank < budget is kept. `colourings` are offered beside "kept and pool". `approximate` is the reason for that badge, empty
    for none; `until_done` is its reason from the first move until the page has answered a release. `totals` are the figures
    of the table at `budget`, to the last sample; who reads them at `outcome_url` sooner tells the map (event `winnow-totals`),
    as the map tells the window where its slider is (`winnow-budget`). Without `height_px` the picture takes the height the window
    leaves, and without `slider` it stands alone, for pages that only show what is kept. The budget belongs to the page:
    `on_release` is called with the new one before the run that follows a release starts, so that everything above the map is
    right too; `MapEvent.budget` is the same number.
    """
    assert points_url.endswith(".bin"), "publish the points with studio.map.buffers.publish_points"
    sequence: Slot[int] = Slot(f"{key}.sequence", 0)
    released_now: Slot[int | None] = Slot(f"{key}.released", None)

    def released() -> None:
        act = (held(key) or {}).get("release")
        if act is None or int(act["sequence"]) <= sequence.get():
            return
        sequence.set(int(act["sequence"]))
        chosen = _within(int(act["budget"]), maximum)
        if on_release is not None:
            on_release(chosen)  # what becomes of it is the page's: it may keep more, where samples are pinned
        else:
            released_now.set(chosen)

    # A page without on_release learns of the new budget only from this run's event: the picture must not jump back meanwhile.
    just_released = released_now.get()
    released_now.clear()
    budget = _within(budget if just_released is None else just_released, maximum)

    offered = (KEPT, *colourings) if slider or not colourings else tuple(colourings)
    told = _renderer()(
        key=key,
        data={
            "points_url": points_url,
            "sample_url": points_url.removesuffix(".bin"),
            "ranks_url": ranks_url,
            "table_url": table_url,
            "num_points": num_points,
            "budget": budget,
            "maximum": maximum,
            "sequence": sequence.get(),
            "legend_url": publish_legend([asdict(one) for one in offered]),
            "colour_by": colour_by if colour_by in {one.key for one in offered} else offered[0].key,
            "approximate": approximate,
            "until_done": until_done,
            "totals": [round(float(value), 4) for value in totals],
            "outcome_url": outcome_url,
            "caption": caption,
            "height_px": height_px,
            "slider": slider,
            "drawn": (held(key) or {}).get("lasso") is not None,
        },
        on_release_change=released,
        on_open_change=_nothing,
        on_reload_change=_nothing,
        on_lasso_change=_nothing,
    )
    opened = told.get("open")
    return MapEvent(budget, id_from_hex(opened) if opened else None, _lassoed(key, told.get("lasso"), points_url))


def _lassoed(key: str, told: Any, points_url: str) -> NDArray[np.uint64] | None:
    """The samples inside what is drawn, computed once for each drawing: it stays while the page runs for other reasons."""
    known: Slot[tuple[str, NDArray[np.uint64] | None] | None] = Slot(f"{key}.lassoed", None)
    drawn = f"{points_url} {told}"
    found = known.get()
    if found is None or found[0] != drawn:
        found = (drawn, lassoed(told, points_url))
        known.set(found)
    return found[1]


def _nothing() -> None:
    """Triggers reach the script only when they have a callback."""


def _within(budget: int, maximum: int) -> int:
    return max(0, min(budget, maximum))


def _renderer() -> Any:
    """The component on the runtime of this run; tests start several runtimes in one process, so it is looked up each time."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        manifest = ComponentManifest(name=_PACKAGE, version="0", components=[ComponentConfig("map", "assets")])
        manager.register_from_manifest(manifest, Path(__file__).parent)
    return st.components.v2.component(_NAME, js="map.js", css="map.css")

"""A Streamlit page with nothing but a budget map over generated points, for the browser tests and the latency benchmark.

In the address: points, budget, colour; spoil = html, short or gone breaks what the map fetches.
"""

from __future__ import annotations

import streamlit as st

from studio.map import Colouring, budget_map
from studio.map.buffers import (
    CutTable,
    Figure,
    cuts_of,
    publish_classes,
    publish_points,
    publish_ranks,
    publish_table,
    running_totals,
)
from studio.session import Slot
from tests.browser.points import SOURCES, Points, generate

st.set_page_config(layout="wide", page_title="Map")

made = st.cache_resource(generate)
num_points = int(st.query_params.get("points", "12000"))
spoil = st.query_params.get("spoil", "")
points: Points = made(num_points)
name = f"points-{num_points}"

RUNS: Slot[int] = Slot("runs", 0)
RUNS.set(RUNS.get() + 1)
BUDGET: Slot[int] = Slot("budget", int(st.query_params.get("budget", str(num_points * 3 // 10))))


@st.cache_resource
def totals(num_points: int) -> CutTable:
    tokens = generate(num_points).tokens
    cuts = cuts_of(num_points)
    return CutTable(
        cuts,
        (
            Figure("tokens", running_totals(cuts, tokens)),
            Figure("GPU-hours", running_totals(cuts, tokens * 2.2e-5), decimals=1, hint="Estimate for one H100."),
        ),
    )


points_url = publish_points("generated", name, points.x, points.y, points.sample_ids)
if spoil == "html":
    points_url = "/not/a/route.bin"
if spoil == "gone":
    points_url = "/api/points/generated/nothing.bin"

st.title("Curate")
left, right = st.columns([7, 3])
if st.session_state.get("broken"):
    left.error("Nothing to draw.")
    right.toggle("Break", key="broken")
    st.stop()
with left:
    event = budget_map(
        key="map",
        points_url=points_url,
        ranks_url=publish_ranks(points.ranks, f"{name}-ranks"),
        table_url=publish_table(totals(num_points)),
        num_points=num_points + (spoil == "short"),
        budget=BUDGET.get(),
        maximum=num_points,
        colourings=(
            Colouring.by_category(
                "source", "source", publish_classes("generated", name, "source", points.sources), SOURCES
            ),
        ),
        colour_by=st.query_params.get("colour", "kept"),
        approximate="The method is recomputed for this budget." if st.query_params.get("approximate") else "",
        caption=f"UMAP of {num_points:,} samples",
        on_release=BUDGET.set,
    )
with right:
    st.metric("Budget of the page", f"{BUDGET.get():,}")
    st.metric("Tokens kept", f"{int(points.tokens[: BUDGET.get()].sum()):,}")
    st.html(f'<div id="page" data-runs="{RUNS.get()}" data-budget="{BUDGET.get()}" data-event="{event.budget}"></div>')
    if event.clicked_sample_id is not None:
        st.html(f'<div id="opened">{event.clicked_sample_id:016x}</div>')
    st.toggle("Break", key="broken")
    if st.button("Run again"):
        st.toast("Ran again")

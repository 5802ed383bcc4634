"""A Streamlit page with nothing but a budget map over generated points, for the browser tests and the latency benchmark.

In the address: points, budget, colour; spoil = html, short or gone breaks what the map fetches; view = membership shows what
changed between the best half and the middle one, without a slider.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from studio.map import Colouring, budget_map
from studio.map.buffers import (
    CutTable,
    Figure,
    class_totals,
    cuts_of,
    offer_classes,
    publish_classes,
    publish_points,
    publish_ranks,
    publish_table,
    running_totals,
)
from studio.map.colourings import membership
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
    points = generate(num_points)
    tokens, cuts = points.tokens, cuts_of(num_points)
    return CutTable(
        cuts,
        (
            Figure("tokens", running_totals(cuts, tokens)),
            Figure("GPU-hours", running_totals(cuts, tokens * 2.2e-5), decimals=1, hint="Estimate for one H100."),
        ),
        {"source": class_totals(cuts, points.ranks, points.sources, len(SOURCES))},
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
sources = Colouring.by_category(
    "source", "source", publish_classes("generated", name, "source", points.sources), SOURCES
)
scores = Colouring.by_score("score", "score: made up", offer_classes("generated", name, "score", lambda: points.scores))
caption = f"UMAP of {num_points:,} samples"
with left:
    if st.query_params.get("view") == "membership":
        own = np.arange(num_points, dtype=np.uint64)  # samples repeat in these points, so each goes by its row
        half = num_points // 2
        codes, ranks, union = membership(
            own, own[points.ranks < half], own[(points.ranks + half // 2) % num_points < half]
        )
        event = budget_map(
            key="membership",
            points_url=points_url,
            ranks_url=publish_ranks(ranks),
            num_points=num_points,
            budget=union,
            maximum=num_points,
            colourings=(Colouring.by_membership(publish_classes("generated", name, "membership", codes)),),
            caption=caption,
            slider=False,
        )
    else:
        event = budget_map(
            key="map",
            points_url=points_url,
            ranks_url=publish_ranks(points.ranks, f"{name}-ranks"),
            table_url=publish_table(totals(num_points)),
            num_points=num_points + (spoil == "short"),
            budget=BUDGET.get(),
            maximum=num_points,
            colourings=(sources, scores),
            colour_by=st.query_params.get("colour", "kept"),
            approximate="The method is recomputed for this budget." if st.query_params.get("approximate") else "",
            caption=caption,
            on_release=BUDGET.set,
        )
with right:
    st.metric("Budget of the page", f"{BUDGET.get():,}")
    st.metric("Tokens kept", f"{int(points.tokens[: BUDGET.get()].sum()):,}")
    st.html(f'<div id="page" data-runs="{RUNS.get()}" data-budget="{BUDGET.get()}" data-event="{event.budget}"></div>')
    lassoed = event.lassoed_sample_ids
    if lassoed is not None:
        st.html(f'<div id="lassoed" data-num="{len(lassoed)}" data-sum="{int(lassoed.sum(dtype=np.uint64))}"></div>')
    if event.clicked_sample_id is not None:
        st.html(f'<div id="opened">{event.clicked_sample_id:016x}</div>')
    st.toggle("Break", key="broken")
    if st.button("Run again"):
        st.toast("Ran again")

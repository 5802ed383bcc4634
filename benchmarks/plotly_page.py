"""What the budget map is compared with: all points as a Plotly scattergl, drawn again by a rerun for each budget.

In the address: points.
"""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from studio.style import LIGHT
from tests.browser.points import generate

st.set_page_config(layout="wide", page_title="Plotly")
num_points = int(st.query_params.get("points", "12000"))
points = st.cache_resource(generate)(num_points)
budget = st.slider("Budget", 1, num_points, num_points * 3 // 10, step=max(1, num_points // 50))
figure = go.Figure(layout={"height": 640, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}})
for name, chosen, colour in (
    ("pool", points.ranks >= budget, LIGHT.pool),
    ("kept", points.ranks < budget, LIGHT.kept),
):
    figure.add_scattergl(
        x=points.x[chosen], y=points.y[chosen], mode="markers", name=name, hoverinfo="skip",
        marker={"size": 2, "color": colour},
    )  # fmt: skip
st.plotly_chart(figure, key="scatter")
st.metric("Kept", f"{budget:,}")

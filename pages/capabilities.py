"""Capabilities: how the fourteen scores are spread, how they go together, and where they come from."""

from __future__ import annotations

import streamlit as st

from studio import cached, evidence_views, layout, people_view
from studio.filters_bar import filters_bar, nothing_visible

with layout.page(
    "Capabilities", "See what the samples can train, capability by capability; click a bar to filter by it."
):
    num_visible = filters_bar()
    if "scores" not in cached.lens().producers:
        evidence_views.not_prepared("scores")
    elif num_visible == 0:
        nothing_visible()
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="capabilities-toolbar"):
            view = evidence_views.capability_view()
            layout.badges(evidence_views.producer_notes("scores"))
            selected = evidence_views.comparison_toggle()
        people_view.remark()
        if view == "correlation":
            evidence_views.correlation()
        elif view == "by source":
            evidence_views.by_source()
        elif view == "people":
            people_view.people()
        else:
            layout.small(
                "Share of samples in %, by score from 0 to 5; each panel has its own scale. Grey behind: the pool."
            )
            evidence_views.histograms(selected)

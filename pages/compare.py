"""Compare: what two or more selections share, what each has alone, and how they spread over the pool."""

from __future__ import annotations

import streamlit as st

from studio import cached, cached_compare, compare_parts, compare_state, comparing, layout, session
from studio.evidence_views import add_data

with layout.page(
    "Compare", "See what selections share, what each has alone, and how they spread over the pool."
) as actions:
    comparing.stylesheet()
    options = comparing.known()
    kept = [key for key in options if key != compare_state.NOW]
    shown, problem = compare_state.start(options, comparing.first_choice(options))
    if problem is not None:
        layout.problem(problem)
    if cached.count() == 0:
        with layout.empty("Nothing to compare yet", "Add data first; selections are made of its samples."):
            st.button("Add data", type="primary", key="compare-add", on_click=add_data)
    elif not kept:
        with layout.empty(
            "No selection is saved yet", "Save two on Curate, such as a method and Random, and compare them here."
        ):
            st.button(
                "Curate a selection", type="primary", key="compare-curate", on_click=session.go_to, args=("curate",)
            )
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="compare-choice"):
            comparing.chooser(shown, options)
            turning = st.container(horizontal=True, vertical_alignment="center", width="content", key="compare-pair")
        chosen = comparing.chosen_ones(shown)
        if len(chosen) < 2:
            comparing.too_few(chosen, options)
        else:
            pair = comparing.pair_of(shown, chosen)
            shared = cached_compare.pool_filter(chosen)
            with turning:
                comparing.pair_chooser(chosen, pair)
            with actions:
                comparing.report_link(pair)
            comparing.remarks(chosen, shared, kept)
            left, right = st.columns([1.6, 1], gap="medium")
            with left:
                comparing.head(chosen, pair)
                opened = comparing.picture(pair, shared)
                compare_parts.clicked(opened, chosen, pair)
            with right:
                comparing.matrix(chosen, pair)
                comparing.distributions(chosen, pair, shared)
            compare_parts.parts(shown, chosen, pair, shared)
        compare_state.publish()

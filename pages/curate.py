"""Curate: drag a budget over the map of the pool and see what the mixture becomes."""

from __future__ import annotations

import streamlit as st

from studio import (
    cached,
    curate,
    curate_diversity,
    curate_state,
    evidence_views,
    layout,
    pinning,
    saved_selections,
    session,
)
from studio.filters_bar import filters_bar, nothing_visible
from studio.history_bar import history_bar

with layout.page(
    "Curate", "Choose a method, drag the budget under the map, and see what is kept of the pool."
) as actions:
    problem = curate_state.start()
    with actions:
        history_bar()
    num_visible = filters_bar()
    notices = st.container()
    if problem is not None:
        with notices:
            layout.problem(problem)
    missing = [kind for kind in ("scores", "map") if kind not in cached.lens().producers]
    if missing:
        evidence_views.not_prepared(missing[0])
    elif num_visible == 0:
        nothing_visible()
    else:
        chosen = session.chosen_filter()
        picture, panel = st.columns([2, 1], gap="medium")
        with panel:
            settings = curate.settings_panel()
            kept = curate.selection(chosen, settings)
        if kept is None:
            with picture:
                event = curate.without_selection(chosen, settings)
            with panel:
                pinning.drawn_bar(event.lassoed_sample_ids)
                saved_selections.saved_list()
        else:
            with actions:
                saved_selections.save_button(chosen, kept)
            with picture:
                event = curate.budget_picture(chosen, kept)
            with panel:
                pinning.drawn_bar(event.lassoed_sample_ids)
                curate.clicked(event.clicked_sample_id, kept)
                curate.results(chosen, kept)
                curate_diversity.diversity(chosen, kept)
                saved_selections.saved_list()
        with notices:
            curate_state.remember(event.budget)

"""Recipes: what changed between two of them, and what that does to the data."""

from __future__ import annotations

import streamlit as st

from studio import cached, layout, recipes_cached, recipes_list, recipes_view, session
from studio.evidence_views import add_data

with layout.page("Recipes", "See what changed between two recipes, and what that does to the data.") as actions:
    recipes_view.stylesheet()
    entries, unread = recipes_cached.entries()
    if cached.count() == 0:
        with layout.empty("Nothing to mix yet", "Add data first; a recipe says which of it trains a model."):
            st.button("Add data", type="primary", key="recipes-add", on_click=add_data)
    elif not entries:
        with layout.empty(
            "No recipe is kept yet", "Save one on Mixture, or export one; it is listed and compared here."
        ):
            st.button("Open Mixture", type="primary", key="recipes-mixture", on_click=session.go_to, args=("mixture",))
        for error in unread:
            layout.problem(error)
    else:
        first, second, problem = recipes_list.pair(entries)
        if problem is not None:
            layout.problem(problem)
        with actions:
            recipes_list.acts(first, second)
        accept = recipes_list.NEWER.get() == "yes"
        if first is None:
            with st.spinner("Choosing the samples", show_time=True):
                alone = recipes_cached.side_of(second, accept_newer=accept)
            recipes_view.one_figures(alone)
            recipes_view.alone(alone)
        else:
            with st.container(horizontal=True, vertical_alignment="center", key="recipes-choice"):
                recipes_list.chooser(entries, first, second)
                recipes_view.remarks(first, second)
            with st.spinner("Choosing the samples of both", show_time=True):
                told, effect = recipes_cached.compared(first, second, accept_newer=accept)
            recipes_view.figures(effect)
            recipes_view.problems(effect)
            left, right = st.columns([1.6, 1], gap="medium")
            with left:
                recipes_view.changes(told, first, second)
                recipes_view.stages(effect)
            with right:
                recipes_view.spreads(effect)
                recipes_view.samples(effect)
        recipes_view.since(first, second)
        recipes_list.table(entries, first, second, unread)

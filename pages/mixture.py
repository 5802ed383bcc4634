"""Mixture: which selections train the model in which stages, what that costs, and the data for a trainer."""

from __future__ import annotations

import streamlit as st

from studio import (
    cached,
    layout,
    mixture_board,
    mixture_export,
    mixture_findings,
    mixture_lengths,
    mixture_shares,
    mixture_start,
    mixture_totals,
)
from studio.evidence_views import add_data

with layout.page(
    "Mixture", "Assign selections to the stages of a training, see what they cost, and export the data."
) as actions:
    mixture_totals.stylesheet()
    draft = mixture_start.current()
    if cached.count() == 0:
        with layout.empty("Nothing to mix yet", "Add data first; a mixture is made of its samples."):
            st.button("Add data", type="primary", key="mixture-add", on_click=add_data)
    elif draft is None:
        mixture_start.chooser("begin")
        mixture_export.finished()
    else:
        mixture_start.tell()
        figures, problem, board = st.container(), st.container(), st.container()
        with board:
            mixture_totals.recipe_bar(draft)
            draft, places = mixture_board.board(draft)
        recipe, found, missing, error = mixture_totals.plan(draft)
        looks = mixture_totals.looks(found)
        with figures:
            mixture_totals.figures(found)
            mixture_findings.panel(looks, known=found is not None)
        with problem:
            mixture_export.progress()
            if error is not None:
                layout.problem(error)
        with actions:
            mixture_export.acts(draft, recipe, found)
        mixture_board.fill(draft, places, found, looks, missing, mixture_totals.plan_now)
        mixture_shares.shares(found)
        long, packs = st.columns([1.4, 1], gap="medium")
        with long:
            mixture_lengths.lengths(found)
        with packs:
            mixture_lengths.packing(found)
        parts, exports = st.columns([1.4, 1], gap="medium")
        with parts:
            mixture_totals.selections(draft, found)
        with exports:
            mixture_export.finished()

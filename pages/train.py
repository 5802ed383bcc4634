"""Train: plan the stages of a recipe, start the run, and watch it; a run goes on by itself when the page is closed."""

from __future__ import annotations

import streamlit as st

from studio import cached, layout, runs_acts, session, train_plan, train_view
from studio.evidence_views import add_data

with layout.page(
    "Train", "Train a recipe's stages one after another; the run goes on when this page is closed."
) as actions:
    train_view.stylesheet()
    train_plan.tell()
    runs_acts.tell()
    run = train_plan.shown_run() if cached.count() else None
    if cached.count() == 0:
        with layout.empty(
            "Nothing to train on yet", "Add data first; a recipe assigns its samples to stages.", icon="chart"
        ):
            st.button("Add data", type="primary", key="train-add", on_click=add_data)
    elif run is not None:
        with actions:
            st.button(
                "Plan another", key="plan-another", type="tertiary", on_click=train_plan.SHOWN.set, args=("plan",)
            )
            runs_acts.buttons(run, key="train")
            if run.state == "done":
                st.button("Evaluate and try it", key="to-runs", type="primary", on_click=runs_acts.to_runs, args=(run,))
        train_view.watch(run.run_id, key="train")
    elif not (choices := train_plan.recipes()):
        with layout.empty(
            "No recipe yet", "A recipe says which selections train the model in which stages.", icon="chart"
        ):
            st.button("Make a recipe", type="primary", key="make-recipe", on_click=session.go_to, args=("mixture",))
        train_plan.earlier()
    else:
        picture, panel = st.columns([2.2, 1], gap="medium")
        with panel:
            choice, preset = train_plan.choose(choices)
            train_plan.needs_list(train_plan.needs(choice.recipe, preset))
            train_plan.earlier()
        with picture:
            found = train_plan.plan(choice, preset)
        with actions:
            st.button(
                f"Train {len(choice.recipe.stages)} stages", type="primary", key="train-go", icon=":material/play_arrow:",
                disabled=found is None, on_click=train_plan.launch, args=(choice, preset),
            )  # fmt: skip

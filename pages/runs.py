"""Runs: everything that was started, how it goes and how it ended; a trained model's before and after, and a place to try it."""

from __future__ import annotations

import streamlit as st

from studio import layout, runs_acts, runs_detail, runs_evaluation, runs_list, runs_try, session, train_view

with layout.page("Runs", "See what runs and how it ended; open a training run to compare before and after.") as actions:
    train_view.stylesheet()
    runs_acts.tell()
    run = runs_list.opened()
    if run is None:
        if runs_list.table() == 0:
            with layout.empty(
                "No run yet", "Adding data, preparing, exporting and training each make one.", icon="chart"
            ):
                st.button(
                    "Go to Overview", type="primary", key="runs-start", on_click=session.go_to, args=("overview",)
                )
    else:
        with actions:
            st.button(
                "All runs", key="runs-back", type="tertiary", icon=":material/arrow_back:", on_click=runs_list.close
            )
            runs_acts.buttons(run, key="run")
            if run.kind == "train":
                runs_evaluation.button(run, key="evaluate-go")
        if run.kind == "train":
            view = runs_evaluation.view(run)
            if view == "Training":
                train_view.watch(run.run_id, key="run")
            elif view == "Before and after":
                runs_evaluation.section(run)
            else:
                runs_try.section(run)
        else:
            runs_detail.watch(run.run_id)
            if run.kind == "evaluate" and run.state == "done":
                runs_evaluation.comparison(run)
                runs_evaluation.answers(run)
            else:
                runs_detail.result(run)
            runs_detail.told(run)

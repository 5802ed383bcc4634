"""What can be done with a run, as buttons: stop, checkpoint, pause, resume. The same on every page."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.errors import StudioError
from core.runs import Run
from studio import layout, runs_list, session

_PROBLEM: session.Slot[StudioError | None] = session.Slot("runs.problem", None)
RESUMABLE = ("failed", "stopped", "died")


def buttons(run: Run, *, key: str) -> None:
    """The buttons that fit the run's state."""
    if run.state == "running":
        if run.kind == "train":
            st.button(
                "Checkpoint", key=f"{key}-checkpoint", icon=":material/save:", on_click=_send, args=(run, "checkpoint"),
                help="Keep the weights and the optimizer after this step.",
            )  # fmt: skip
        st.button(
            "Stop", key=f"{key}-stop", icon=":material/stop:", on_click=_stop, args=(run,),
            help="Ends after the present step and keeps a checkpoint; resume goes on from it.",
        )  # fmt: skip
    elif run.state in RESUMABLE:
        st.button(
            "Resume", key=f"{key}-resume", icon=":material/play_arrow:", type="primary", on_click=_resume, args=(run,)
        )


def to_runs(run: Run) -> None:
    """Open a finished training run on Runs, where it is evaluated and tried; for a button."""
    runs_list.show(run.run_id)
    session.go_to("runs")


def _send(run: Run, command: str) -> None:
    runs.send(run, command)
    st.toast(f"The run will make a {command} at the end of this step.")


def _stop(run: Run) -> None:
    with st.spinner("Stopping at the end of this step"):
        runs.stop(run)


def _resume(run: Run) -> None:
    try:
        runs.resume(run)
    except StudioError as error:
        _PROBLEM.set(error)


def tell() -> None:
    """Draw what went wrong in the last act, once."""
    error = _PROBLEM.take()
    if error is not None:
        layout.problem(error)

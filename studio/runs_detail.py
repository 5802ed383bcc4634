"""One run opened: what it was told, how it ended, what it wrote, its log; for kinds without a view of their own."""

from __future__ import annotations

import json
import time
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from core import runs
from core.errors import StudioError
from core.runs import Run
from studio import cached, charts, layout, mixture_export, mixture_totals, run_panel
from studio.charts import Column, Row
from studio.runs_list import ago, took
from studio.train_view import run_title, state_chip
from studio.words import num

_LOG_LINES = 200
_SHOWN_EVENTS = 100


def watch(run_id: str) -> None:
    """State, progress and problem of a run, redrawn while it lives."""
    path = cached.workspace().path
    alive = runs.find(path, run_id).state == "running"

    @st.fragment(run_every=run_panel.POLL_SECONDS if alive else None)
    def poll() -> None:
        run = runs.find(path, run_id)
        top(run)
        if alive and run.state != "running":
            st.rerun(scope="app")

    poll()


def top(run: Run) -> None:
    """State, when and how long, progress while it lives, problem and remedy when it failed."""
    now = time.time()
    when = f"started {ago(run.started_at, now)}" if run.started_at else "not started"
    line = f"{when}, {'runs for' if run.state == 'running' else 'took'} {took(run, now)}"
    st.html(
        f'<div class="w-run"><div class="w-run-top">{state_chip(run.state)}<b>{escape(run_title(run))}</b>'
        f"<span>{escape(line)}</span></div></div>"
    )
    if run.state == "running":
        st.html(run_panel.run_html(run, now))
    elif run.problem:
        layout.problem(StudioError(run.problem, run.fix or ""))


def result(run: Run) -> None:
    """What the run gave back, as names and values; lists and tables one level deep. An export with its download."""
    if not run.result:
        return
    if run.kind == "export" and Path(str(run.result.get("path", ""))).is_dir():
        mixture_totals.stylesheet()
        st.html(mixture_export.export_html(run))
    layout.section("Result")
    entries = [(said_name(name), said_value(value)) for name, value in run.result.items()]
    layout.facts([(name, value) for name, value in entries if value])


def said_name(name: str) -> str:
    """A key as people say it: 'num_samples' -> 'Samples'."""
    return name.removeprefix("num_").replace("_", " ").capitalize()


def said_value(value: Any) -> str:
    """A value in one line; '' for what holds nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return num(value) if isinstance(value, int) else f"{value:,.2f}"
    if isinstance(value, dict):
        return ", ".join(
            f"{key.replace('_', ' ')} {said_value(inner)}" for key, inner in value.items() if said_value(inner)
        )
    if isinstance(value, list):
        return "\n".join(said_value(inner) for inner in value if said_value(inner))
    return "" if value is None else str(value)


def told(run: Run) -> None:
    """Settings, log and events of a run."""
    left, right = st.columns([1, 1.4], gap="medium")
    with left:
        layout.section("Settings", "as the run was started")
        layout.facts([(said_name(name), said_value(value) or "–") for name, value in run.settings.items()])
        layout.small(str(run.path))
    with right:
        layout.section("Log", "its last lines")
        text = run.log_tail(_LOG_LINES)
        if text.strip():
            st.code(text, language=None, height=300)
        else:
            layout.small("The log is empty.")
    events = list(run.events())[-_SHOWN_EVENTS:][::-1]
    if events:
        layout.section("Events", f"the last {num(len(events))}, newest first")
        rows = [
            Row(
                (
                    str(event.get("time", ""))[11:19],
                    str(event.get("kind", "")),
                    json.dumps(_rest(event), ensure_ascii=False),
                )
            )
            for event in events
        ]
        columns = (Column("UTC", "mono", 70), Column("Event", "name", 110), Column("Says", "mono"))
        charts.rows(columns, rows, key="run-events", tall_px=320)


def _rest(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in ("time", "kind")}

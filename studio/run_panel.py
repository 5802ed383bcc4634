"""Runs on a page: what runs now with its rate and time left, a way to stop, and how the last one ended.

Everything is read from the runs' folders, so a page that was closed and opened again shows the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

import streamlit as st

from core import runs
from core.errors import StudioError
from core.runs import Run
from studio import cached, layout, session
from studio.words import duration, num, on_page

POLL_SECONDS = 1.0
KIND_NAMES = {
    "ingest": "Adding data",
    "prepare": "Preparing",
    "map": "Drawing the map",
    "export": "Exporting",
    "push": "Pushing",
    "train": "Training",
    "evaluate": "Evaluating",
}
_ENDED = {"done": "done", "failed": "failed", "stopped": "stopped", "died": "died"}
_RESULT_NOUNS = {
    "ingested": "samples added",
    "changed": "changed",
    "replaced": "replaced",
    "already_known": "known already",
    "quarantined": "set aside",
    "num_rows": "rows",
    "num_samples": "samples",
    "num_selected": "samples chosen",
    "num_questions": "questions",
    "num_sent": "files sent",
    "num_there": "there already",
    "dropped": "left out",
}
"""What a run's result says when it has ended; counts by reason are added up."""

_FRESH_SECONDS = 600.0  # a run that went well is shown this long, one that did not until it is hidden
_STOPPING: session.Slot[tuple[str, ...]] = session.Slot("runs-stopping", ())
_HIDDEN: session.Slot[tuple[str, ...]] = session.Slot("runs-hidden", ())


def launch(kind: str, module: str, settings: Mapping[str, Any]) -> Run:
    """Start a run of `module.run_job` over the workspace on screen."""
    return runs.launch(cached.workspace().path, kind, module, settings)


def prepare() -> None:
    """Start making all evidence that is missing."""
    launch("prepare", "core.evidence.prepare", {"workspace": str(cached.workspace().path)})


def stop(run: Run) -> None:
    """Ask a run to stop, without waiting for it: it ends at its next step, or is killed after a while."""
    _STOPPING.set((*_STOPPING.get(), run.run_id))
    threading.Thread(target=runs.stop, args=(run,), name=f"stop {run.run_id}", daemon=True).start()


def running(kinds: Sequence[str] = ()) -> list[Run]:
    """The runs of these kinds (all kinds when none is named) that are alive now, newest first."""
    found = runs.list_runs(cached.workspace().path)
    return [run for run in found if run.state == "running" and (not kinds or run.kind in kinds)]


def show(kinds: Sequence[str], *, key: str) -> None:
    """The newest run of each kind: progress while it lives, its end until it is hidden. Polls by itself while one is alive."""
    path = cached.workspace().path
    newest = _newest(path, kinds)
    alive = any(run.state == "running" for run in newest)

    @st.fragment(run_every=POLL_SECONDS if alive else None)
    def poll() -> None:
        now = _newest(path, kinds)
        for run in now:
            _card(run, key)
        if alive and not any(run.state == "running" for run in now):
            st.rerun(scope="app")  # what the run wrote is new on the whole page

    poll()


def _newest(path: Any, kinds: Sequence[str]) -> list[Run]:
    found = runs.list_runs(path)
    first = [next((run for run in found if run.kind == kind), None) for kind in kinds]
    return [run for run in first if run is not None and run.run_id not in _HIDDEN.get() and _worth_showing(run)]


def _worth_showing(run: Run) -> bool:
    return run.state != "done" or run.ended_at is None or time.time() - seconds_of(run.ended_at) < _FRESH_SECONDS


def _card(run: Run, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"card-run-{key}-{run.kind}"):
        st.html(run_html(run, time.time()))
        if run.state == "running":
            if run.run_id in _STOPPING.get():
                st.html('<span class="w-count">stopping</span>', width="content")
            elif st.button("Stop", key=f"stop-{key}-{run.run_id}", icon=":material/stop:", width=100):
                stop(run)
                st.rerun(scope="fragment")
            return
        if can_resume(run) and st.button("Resume", key=f"resume-{key}-{run.run_id}", width=100):
            _STOPPING.set(tuple(entry for entry in _STOPPING.get() if entry != run.run_id))
            try:
                runs.resume(run)
            except StudioError as error:
                layout.problem(error)
                return
            st.rerun(scope="app")
        if st.button(
            "", icon=":material/close:", key=f"hide-{key}-{run.run_id}", type="tertiary", help="Hide", width=40
        ):
            _HIDDEN.set((*_HIDDEN.get(), run.run_id))
            st.rerun(scope="app")


def can_resume(run: Run) -> bool:
    """Whether going on could end differently: not when the data itself could not be used, which adding it anew mends."""
    useless = run.kind == "ingest" and (run.problem or "").startswith("No record of ")
    return run.state in ("failed", "stopped", "died") and not useless


def run_html(run: Run, now: float) -> str:
    """A run as HTML: name, state, bar, and one line with rate and time left, or with its end."""
    name = escape(KIND_NAMES.get(run.kind, run.kind.capitalize()))
    if run.state != "running":
        return f'<div class="w-run"><div class="w-run-top"><b>{name}</b><span>{_ENDED[run.state]}</span></div>{_end_line(run)}</div>'
    part = run.share_done
    bar = '<i class="unknown"></i>' if part is None else f'<i style="width:{100 * part:.1f}%"></i>'
    return (
        f'<div class="w-run"><div class="w-run-top"><b>{name}</b><span>{escape(run.note)}</span></div>'
        f'<div class="w-bar" role="progressbar" aria-valuenow="{round(100 * (part or 0))}">{bar}</div>'
        f'<div class="w-run-line">{escape(pace(run, now))}</div></div>'
    )


def _small_html(run: Run, now: float) -> str:
    part = run.share_done
    bar = '<i class="unknown"></i>' if part is None else f'<i style="width:{100 * part:.1f}%"></i>'
    left = pace(run, now).rsplit(", ", 1)[-1] if part and part < 1 else run.note
    return (
        f'<div class="w-run"><div class="w-run-top"><b>{escape(KIND_NAMES.get(run.kind, run.kind.capitalize()))}</b></div>'
        f'<div class="w-bar">{bar}</div><div class="w-run-line">{escape(left)}</div></div>'
    )


def pace(run: Run, now: float) -> str:
    """'4,100 of 12,060, 310 per second, 26 s left'; what is not known yet is left out, '' before the first."""
    if not run.done:
        return ""
    parts = [num(run.done) if run.total is None else f"{num(run.done)} of {num(run.total)}"]
    elapsed = now - seconds_of(run.started_at) if run.started_at else 0.0
    if run.done and elapsed > 1.0:
        rate = run.done / elapsed
        parts.append(f"{rate:,.0f} per second" if rate >= 2 else f"{60 * rate:,.0f} per minute")
        if run.total and run.done < run.total:
            parts.append(f"{duration((run.total - run.done) / rate)} left")
    return ", ".join(parts)


def seconds_of(stamp: str) -> float:
    """A run's time stamp as seconds since 1970."""
    moment = datetime.fromisoformat(stamp)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _end_line(run: Run) -> str:
    if run.problem:
        return f'<div class="w-run-line">{escape(run.problem)} {escape(on_page(run.fix or ""))}</div>'
    parts = []
    for name, noun in _RESULT_NOUNS.items():
        value = run.result.get(name)
        count = sum(value.values()) if isinstance(value, dict) else value
        if isinstance(count, int) and count:
            parts.append(f"{num(count)} {noun}")
    if run.started_at and run.ended_at:
        parts.append(f"in {duration(seconds_of(run.ended_at) - seconds_of(run.started_at))}")
    return f'<div class="w-run-line">{escape(", ".join(parts))}</div>'


def sidebar() -> None:
    """The workspace's name and size and what runs now, for the navigation at the left. Draws nothing without a workspace."""
    path = session.workspace_path()
    if path is None or not (path / "workspace.json").is_file():
        return
    try:
        name, size = cached.workspace().name, cached.num_rows("samples")
    except StudioError:
        return  # the page itself tells this problem
    st.html(f'<div class="w-here"><b>{escape(name)}</b><span>{num(size)} samples</span></div>')
    alive = bool(running())

    @st.fragment(run_every=2 * POLL_SECONDS if alive else None)
    def poll() -> None:
        for run in running()[:3]:
            st.html(_small_html(run, time.time()))

    poll()

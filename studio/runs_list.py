"""All runs of the workspace as a table, and which one is open. The address holds the open run, so it can be shared."""

from __future__ import annotations

import time

import streamlit as st

from core import runs
from core.errors import BadInput
from core.runs import Run
from studio import cached, charts, run_panel, session
from studio.address_slot import AddressSlot
from studio.charts import Column, Row
from studio.run_panel import seconds_of
from studio.train_view import recipe_name
from studio.words import duration, many, num

POLL_SECONDS = 3.0
PARAMETER = "run"
_OPEN: session.Slot[str] = session.Slot("runs.open", "")
_KIND = AddressSlot("runs.kind", "All", "kind")
_LOOKS = {"running": "kept", "failed": "bad", "died": "bad"}
_COLUMNS = (
    Column("Run", "name"), Column("State", "chip", 90), Column("What came of it", "grow"), Column("Started", "soft"),
    Column("Took", "number", 96),
)  # fmt: skip
_NUMBER_RESULTS = {
    "ingested": "sample added", "num_rows": "row", "num_samples": "sample", "num_questions": "question", "num_images": "picture",
}  # fmt: skip


def opened() -> Run | None:
    """The run that is open; an address that names one this workspace does not have is told and forgotten."""
    asked = st.query_params.get(PARAMETER, "")
    if asked:
        _OPEN.set(asked)
    run_id = _OPEN.get()
    if not run_id:
        return None
    try:
        run = runs.find(cached.workspace().path, run_id)
    except BadInput:
        close()
        raise
    st.query_params[PARAMETER] = run_id
    return run


def show(run_id: str) -> None:
    """Open a run at the next drawing of the page."""
    _OPEN.set(run_id)


def close() -> None:
    """Back to the table."""
    _OPEN.clear()
    if PARAMETER in st.query_params:
        del st.query_params[PARAMETER]


def table() -> int:
    """The runs, newest first; a click opens one. Gives how many there are in all."""
    path = cached.workspace().path
    found = runs.list_runs(path)
    if not found:
        return 0
    kinds = ["All", *dict.fromkeys(run_panel.KIND_NAMES.get(run.kind, run.kind) for run in found)]
    wanted = _KIND.get() if _KIND.get() in kinds else "All"
    if len(kinds) > 2:
        session.seed("runs-kind", wanted)
        st.segmented_control("Kind", kinds, key="runs-kind", on_change=_choose_kind, label_visibility="collapsed")
    alive = any(run.state == "running" for run in found)

    @st.fragment(run_every=POLL_SECONDS if alive else None)
    def poll() -> None:
        if _OPEN.get():
            st.rerun(scope="app")
        now = runs.list_runs(path)
        shown = [run for run in now if wanted in ("All", run_panel.KIND_NAMES.get(run.kind, run.kind))] or now
        rows = [_row(run, time.time()) for run in shown]
        charts.rows(_COLUMNS, rows, key="runs-table", on_pick=show, tall_px=680)
        if alive and not any(run.state == "running" for run in now):
            st.rerun(scope="app")

    poll()
    return len(found)


def _choose_kind() -> None:
    _KIND.set(str(session.held("runs-kind") or "All"))


def _row(run: Run, now: float) -> Row:
    kind = run_panel.KIND_NAMES.get(run.kind, run.kind.capitalize())
    name = recipe_name(run)
    return Row(
        (
            {"text": f"{kind} {name}" if name else kind, "says": run.run_id},
            {"text": run.state, "look": _LOOKS.get(run.state, "")},
            {"text": outcome(run), "says": run.fix or ""},
            ago(run.started_at, now),
            took(run, now),
        ),
        key=run.run_id,
    )


def outcome(run: Run) -> str:
    """What a run came to, in a few words."""
    if run.state == "running":
        part = "" if run.share_done is None else f"{100 * run.share_done:.0f} %, "
        return part + run.note
    if run.problem:
        return run.problem
    if run.state == "stopped":
        return f"at {run.note}"
    result = run.result
    said = [
        many(result[name], noun)
        for name, noun in _NUMBER_RESULTS.items()
        if isinstance(result.get(name), int) and result[name]
    ]
    stages = result.get("stages") or []
    if stages and stages[-1].get("held_out_end") is not None:
        said.append(
            f"{many(len(stages), 'stage')}, held-out loss {stages[0]['held_out_start']:.2f} → {stages[-1]['held_out_end']:.2f}"
        )
    score = (result.get("metrics") or {}).get("score")
    if score:
        said.append(f"score {100 * score['value']:.1f} %")
    left_out = sum((result.get("dropped") or {}).values()) if isinstance(result.get("dropped"), dict) else 0
    if left_out:
        said.append(f"{num(left_out)} left out")
    return ", ".join(said)


def took(run: Run, now: float) -> str:
    """How long a run took, or takes by now; '' before it began."""
    if not run.started_at:
        return ""
    if run.state == "died":
        return "–"
    return duration(max((seconds_of(run.ended_at) if run.ended_at else now) - seconds_of(run.started_at), 0.0))


def ago(stamp: str | None, now: float) -> str:
    """'just now', '12 min ago', '3 h ago', then the date and time of day."""
    if not stamp:
        return ""
    seconds = now - seconds_of(stamp)
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86400:
        return f"{seconds // 3600:.0f} h ago"
    return time.strftime("%d %b %Y, %H:%M", time.localtime(seconds_of(stamp)))

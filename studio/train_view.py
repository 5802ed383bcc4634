"""A training run on screen: stages with time left, live loss, figures, losses by source, answers, log and command line.

Everything is read from the run's folder, so a page that is opened again, or in another browser, shows the same run.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from core import runs
from core.errors import StudioError
from core.runs import Run
from core.vocabulary import CAPABILITY_KEYS, capability_name
from studio import cached, charts, gallery, layout, run_panel, session, style
from studio.charts import Column, Row
from studio.runs_cached import train_log
from studio.train_charts import loss_figure, meters_html, timeline_html
from studio.train_log import GroupLoss, TrainLog, by_group, keep_for, smoothed
from studio.words import duration, num, short, size

POLL_SECONDS = 2.0
TABS = ("Sources", "Skills", "Answers", "Log", "Folder and command")
_TAB: session.Slot[str] = session.Slot("train.tab", TABS[0])
_LOG_LINES = 80


def stylesheet() -> None:
    """Put the stylesheet of runs on the page."""
    st.html(style.ASSETS / "train.css")


def watch(run_id: str, *, key: str, more: Callable[[Run], None] | None = None) -> None:
    """A training run, redrawn by itself while it lives; `more` draws below it."""
    path = cached.workspace().path
    alive = runs.find(path, run_id).state == "running"

    @st.fragment(run_every=POLL_SECONDS if alive else None)
    def poll() -> None:
        run = runs.find(path, run_id)
        _draw(run, key)
        if alive and run.state != "running":
            st.rerun(scope="app")

    poll()
    if more is not None:
        more(runs.find(path, run_id))


def _draw(run: Run, key: str) -> None:
    log = train_log(run)
    head(run, log)
    if run.state in ("failed", "died") and run.problem:
        layout.problem(StudioError(run.problem, run.fix or ""))
    if not log.steps and run.state != "running":  # it ended before it trained: why is in the log
        _log_tail(run)
        folder(run, log)
        return
    if not log.is_planned:
        return
    st.html(timeline_html(log, running=run.state == "running"))
    if log.steps:
        picture, panel = st.columns([2.2, 1], gap="medium")
        with picture:
            st.plotly_chart(
                loss_figure(log), theme=None, key=f"loss-{key}-{run.run_id}", config={"displayModeBar": False}, alt="Loss by step"
            )  # fmt: skip
        with panel:
            st.html(meters_html(meters(log)))
    details(run, log, key)


def head(run: Run, log: TrainLog) -> None:
    """Name, state, progress and time left of a run in one line."""
    eta = float(log.last["eta_seconds"]) if log.last and run.state == "running" else None
    said = [run.note if run.state in ("running", "died") else ""]
    if eta is not None:
        said.append(f"{duration(eta)} left")
    if run.started_at:
        until = run_panel.seconds_of(run.ended_at) if run.ended_at else time.time()
        took = duration(max(until - run_panel.seconds_of(run.started_at), 0.0))
        said.append(f"{'after' if run.state != 'running' else 'for'} {took}")
    part = run.share_done or 0.0
    inner = f'<i style="width:{100 * part:.1f}%"></i>' if log.is_planned else '<i class="unknown"></i>'
    bar = f'<div class="w-bar" role="progressbar" aria-valuenow="{round(100 * part)}">{inner}</div>'
    st.html(
        f'<div class="w-run"><div class="w-run-top">{state_chip(run.state)}<b>{escape(run_title(run))}</b>'
        f"<span>{escape(', '.join(text for text in said if text))}</span></div>"
        f"{bar if run.state == 'running' else ''}</div>"
    )


def state_chip(state: str) -> str:
    """A run's state as a small coloured word."""
    return f'<span class="w-state {escape(state)}">{escape(state)}</span>'


def run_title(run: Run) -> str:
    """What a run is called: the name of its recipe for training and export, and its id's own part."""
    name = recipe_name(run)
    kind = run_panel.KIND_NAMES.get(run.kind, run.kind.capitalize())
    return f"{kind} {name}" if name else kind


def recipe_name(run: Run) -> str:
    """The name in the run's recipe, '' without one."""
    path = run.path / "recipe.yaml"
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8") as file:
        line = next((line for line in file if line.startswith("name:")), "")
    return line.removeprefix("name:").strip().strip("'\"")


# -- figures --------------------------------------------------------------------------------------------------------------


def meters(log: TrainLog) -> list[tuple[str, str, list[float | None], str]]:
    """The figures of the last step, each with its course over the run."""
    last = log.last
    if last is None:
        return []

    def course(name: str) -> list[float | None]:
        return [step.get(name) for step in log.steps]

    smooth = smoothed(log.steps, keep_for(log.num_steps))
    found = [
        ("Loss, smoothed", "–" if smooth[-1] is None else f"{smooth[-1]:.3f}", smooth, "Mean over learnt tokens."),
        (
            "Tokens per second",
            num(round(last["tokens_per_second"])),
            course("tokens_per_second"),
            "Text and image tokens.",
        ),
        (
            "Samples per second",
            f"{last['samples_per_second']:.1f}",
            course("samples_per_second"),
            "Samples trained on.",
        ),
        ("Gradient norm", f"{last['grad_norm']:.2f}", course("grad_norm"), "Before clipping."),
    ]
    for module, rate in last["lr"].items():
        rates = [step["lr"].get(module) for step in log.steps]
        found.append((f"Rate, {module}", f"{rate:.2e}", rates, "Learning rate of this part now."))
    found += [
        ("Data wait", f"{100 * last['data_wait_share']:.1f} %", course("data_wait_share"), "Share of a step spent waiting for data."),
        ("Memory, peak", size(last["memory_bytes"]), course("memory_bytes"), "Of the process, or of the GPU."),
    ]  # fmt: skip
    if last.get("mfu") is not None:
        found.append(
            (
                "Utilisation",
                f"{100 * last['mfu']:.1f} %",
                course("mfu"),
                "Useful FLOPs over the device's dense bf16 peak.",
            )
        )
    return found


# -- below the chart ------------------------------------------------------------------------------------------------------


def details(run: Run, log: TrainLog, key: str) -> None:
    """One of: losses by source or skill, answers, the log, the folder."""
    session.seed(f"train-tab-{key}", _TAB.get())
    st.segmented_control(
        "Shown", TABS, key=f"train-tab-{key}", on_change=_choose_tab, args=(key,), label_visibility="collapsed"
    )  # fmt: skip
    shown = _TAB.get()
    if shown == "Sources":
        groups(by_group(log.steps, "loss_by_source"), "Source", key, {})
    elif shown == "Skills":
        layout.small("Samples with a score of 3 or more; one sample may count for several skills.")
        names = {key: capability_name(key) for key in CAPABILITY_KEYS}
        groups(by_group(log.steps, "loss_by_capability"), "Skill", key, names)
    elif shown == "Answers":
        answers(log)
    elif shown == "Log":
        _log_tail(run)
    else:
        folder(run, log)


def _log_tail(run: Run) -> None:
    text = run.log_tail(_LOG_LINES)
    if text.strip():
        st.code(text, language=None, height=320 if text.count("\n") > 13 else "content")
    else:
        layout.small("The log is empty: nothing was said beside the events.")


def _choose_tab(key: str) -> None:
    _TAB.set(str(session.held(f"train-tab-{key}") or _TAB.get()))


def groups(found: list[GroupLoss], noun: str, key: str, names: dict[str, str]) -> None:
    """Losses by group as bars, where they began behind them in grey."""
    if not found:
        layout.small("No step yet.")
        return
    most = max(max(group.first, group.last) for group in found)
    rows = [
        Row(
            (
                names.get(group.name, group.name),
                {"part": group.last / most, "ghost": group.first / most, "text": f"{group.last:.2f}"},
                f"{group.first:.2f}",
                short(group.num_tokens),
            )
        )
        for group in found
    ]
    columns = (
        Column(noun, "name", 220), Column("Loss in its last 20 steps", "bar"), Column("In its first 20", "number", 110),
        Column("Learnt tokens", "number", 110),
    )  # fmt: skip
    charts.rows(columns, rows, key=f"groups-{noun}-{key}", tall_px=420)


def answers(log: TrainLog) -> None:
    """The same held-out questions answered before training and after every stage."""
    if not log.answers:
        layout.small("The first answers come before the first step.")
        return
    head_cells = "".join(f"<th>{escape(str(event['stage_name']))}</th>" for event in log.answers)
    rows = []
    for place, sample in enumerate(log.answers[0]["samples"]):
        said = "".join(
            f"<td>{escape(str(event['samples'][place]['prediction'])) or '<em>nothing</em>'}</td>"
            for event in log.answers
            if place < len(event["samples"])
        )
        rows.append(
            f"<tr><td>{_picture(sample)}</td><td>{escape(str(sample['prompt']).replace('<image>', '').strip())}</td>"
            f'<td class="gold">{escape(str(sample["answer"]))}</td>{said}</tr>'
        )
    st.html(
        f'<div class="w-answers-wrap"><table class="w-answers"><thead><tr><th></th><th>Question</th><th>Right answer</th>{head_cells}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _picture(sample: dict[str, Any]) -> str:
    if not sample["images"]:
        return '<span class="w-small">text only</span>'
    return f'<img src="{gallery.thumb_url(Path(sample["images"][0]).stem)}" alt="" loading="lazy">'


def folder(run: Run, log: TrainLog) -> None:
    """Where the run lies, the exact command of its process, and how to take it elsewhere."""
    command = shlex.join([sys.executable, "-m", "core.runs.child", str(run.path)])
    parameters = ", ".join(f"{name} {short(count)}" for name, count in log.parameters.items() if count)
    left_out = {reason: count for stage in log.stages for reason, count in stage.dropped.items()}
    layout.facts(
        [
            ("Folder", str(run.path)),
            ("Process", f"{run.pid or '–'} on {log.device or 'a device not known yet'}"),
            ("Parameters", parameters or "–"),
            ("Left out", ", ".join(f"{num(count)} {reason.replace('_', ' ')}" for reason, count in left_out.items()) or "nothing"),
        ]
    )  # fmt: skip
    layout.small("The folder needs no workspace: copied to another machine, this command trains there or goes on.")
    st.code(command, language=None, wrap_lines=True)

"""Evaluation of a trained model: before and after side by side with intervals, the paired change, and every answer."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from core import runs
from core.errors import StudioError
from core.evaluate.questions import own_split
from core.runs import Run
from studio import cached, layout, run_panel, session
from studio.address_slot import AddressSlot
from studio.runs_cached import predictions, thumb
from studio.words import many, num

KIND = "evaluate"
MODULE = "core.evaluate.main"
METRIC_NAMES = {
    "score": "All questions", "anls": "Near match (ANLS)", "vqa": "VQA, ten answers", "yes_no_f1": "Yes or no, F1", "yes_no": "Yes or no",
    "relaxed_number": "Numbers within 5 %",
}  # fmt: skip
_FILTERS = ("All", "Better", "Worse", "Both right", "Both wrong")
_FILTER: session.Slot[str] = session.Slot("evaluation.filter", "All")
_PAGE = 12
VIEWS = ("Training", "Before and after", "Try it")
VIEW = AddressSlot("runs.view", VIEWS[0], "show", VIEWS)
"""What is shown of a training run that is done."""

_SHOWN: session.Slot[int] = session.Slot("evaluation.shown", _PAGE)
_KEY = (("before", "faint"), ("after", "kept"))
_HEADS = (
    ("Metric", ""), ("Questions", "num"), ("Before", "num"), ("After", "num"), ("0 to 100 %", "wide"), ("Change, paired", ""),
)  # fmt: skip


def models_of(run: Run) -> tuple[Path, Path] | None:
    """(base, trained) of a training run that is done, None before."""
    base, model = run.result.get("base_model_dir"), run.result.get("model_dir")
    if not base or not model or not Path(model).is_dir() or not Path(base).is_dir():
        return None
    return Path(base), Path(model)


def evaluations(run: Run) -> list[Run]:
    """The evaluations of a training run's model, newest first."""
    model = run.result.get("model_dir")
    found = runs.list_runs(cached.workspace().path, KIND)
    return [one for one in found if model and one.settings.get("model") == model]


def launch(run: Run) -> None:
    """Evaluate before and after on the workspace's own questions; for a button."""
    models = models_of(run)
    if models is None:
        return
    base, model = models
    settings = {"model": str(model), "before": str(base), "workspace": str(cached.workspace().path)}
    run_panel.launch(KIND, MODULE, settings)
    VIEW.set("Before and after")


def button(run: Run, *, key: str) -> None:
    """The button that starts the evaluation of a finished training run; nothing when it is made or cannot be."""
    if models_of(run) is None or own_split(cached.workspace().path) is None:
        return
    found = evaluations(run)
    if any(one.state == "done" for one in found):
        return
    busy = any(one.state == "running" for one in found)
    st.button(
        "Evaluating" if busy else "Evaluate before and after", type="primary", key=key, disabled=busy, on_click=launch, args=(run,),
        icon=":material/fact_check:",
    )  # fmt: skip


def section(run: Run) -> None:
    """Before and after of a finished training run: the figures, or the button that makes them."""
    if models_of(run) is None:
        return
    found = evaluations(run)
    done = next((one for one in found if one.state == "done"), None)
    busy = any(one.state == "running" for one in found)
    if own_split(cached.workspace().path) is None and done is None:
        layout.problem(
            StudioError(
                "This workspace has no questions of its own.",
                f"Evaluate on a file: winnow evaluate {cached.workspace().path} --model {run.result['model_dir']} --data EVAL.jsonl",
            )
        )
        return
    if found and found[0].state != "done":
        run_panel.show((KIND,), key=f"evaluation-{run.run_id}")
    if done is None:
        if not busy:
            says = "Both models answer the workspace's own held-out questions, which no training saw."
            with layout.empty("Not evaluated yet", says, icon="chart"):
                button(run, key="evaluate-here")
        return
    comparison(done)
    answers(done)


def view(run: Run) -> str:
    """Which of the three views of a training run is shown; a run without a model has only the first."""
    if models_of(run) is None:
        return VIEWS[0]
    session.seed("runs-view", VIEW.get())
    st.segmented_control("View", VIEWS, key="runs-view", on_change=_choose_view, label_visibility="collapsed")
    return VIEW.get()


def _choose_view() -> None:
    VIEW.set(str(session.held("runs-view") or VIEW.get()))


# -- figures --------------------------------------------------------------------------------------------------------------


def comparison(run: Run) -> None:
    """Every metric with its interval before and after on one scale, and the paired change."""
    result = run.result
    before = (result.get("before") or {}).get("metrics") or {}
    baselines = result.get("baselines") or {}
    counts = result.get("counts") or {}
    rows = "".join(
        metric_html(
            name,
            int(counts.get(name.removesuffix("_f1"), result["num_questions"])),
            before.get(name),
            after,
            _change(result, name),
            baselines,
        )
        for name, after in result["metrics"].items()
    )
    key = "".join(f'<span><i style="background:var(--w-{colour})"></i>{name}</span>' for name, colour in _KEY)
    st.html(
        f'<div class="w-key">{key}<span>│ always the most frequent answer</span><span>┊ without the pictures</span>'
        "<span>95 % bootstrap intervals</span></div>"
    )
    heads = "".join(f'<th class="{look}">{name}</th>' for name, look in _HEADS)
    st.html(
        f'<div class="w-eval-wrap"><table class="w-eval"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    change = result.get("change")
    if change:
        layout.small(
            f"{many(change['better'], 'answer')} better, {num(change['worse'])} worse, {num(change['equal'])} equal. "
            "A change whose interval holds 0 is not told apart from chance."
        )


def _change(result: Mapping[str, Any], name: str) -> dict[str, float] | None:
    found: dict[str, float] | None = ((result.get("change") or {}).get("differences") or {}).get(name)
    return found


def metric_html(
    name: str,
    count: int,
    before: Mapping[str, float] | None,
    after: Mapping[str, float],
    change: Mapping[str, float] | None,
    baselines: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> str:
    """One row: figures with intervals, both drawn on one scale, and the change."""
    said = METRIC_NAMES.get(name, name.replace("_", " ").capitalize())
    marks = {key: metrics[name]["value"] for key, metrics in baselines.items() if name in metrics}
    return (
        f'<tr><td><b>{escape(said)}</b></td><td class="num">{num(count)}</td><td class="num">{_estimate(before)}</td>'
        f'<td class="num">{_estimate(after)}</td><td>{_scale(before, after, marks)}</td>{_change_html(change)}</tr>'
    )


def _estimate(value: Mapping[str, float] | None) -> str:
    if value is None:
        return "–"
    return f"<b>{100 * value['value']:.1f} %</b> <small>{100 * value['low']:.1f} to {100 * value['high']:.1f}</small>"


def _scale(before: Mapping[str, float] | None, after: Mapping[str, float], marks: Mapping[str, float]) -> str:
    parts = ['<div class="w-scale-line"></div>']
    for key, value in marks.items():
        parts.append(f'<i class="w-mark {escape(key)}" style="left:{100 * value:.2f}%"></i>')
    for look, estimate in (("before", before), ("after", after)):
        if estimate is None:
            continue
        low, high = 100 * estimate["low"], 100 * estimate["high"]
        parts.append(f'<i class="w-range {look}" style="left:{low:.2f}%;width:{max(high - low, 0.4):.2f}%"></i>')
        parts.append(f'<i class="w-point {look}" style="left:{100 * estimate["value"]:.2f}%"></i>')
    return f'<div class="w-interval">{"".join(parts)}</div>'


def _change_html(change: Mapping[str, float] | None) -> str:
    if change is None:
        return "<td>–</td>"
    sure = change["low"] > 0 or change["high"] < 0
    look = ("up" if change["value"] > 0 else "down") if sure else ""
    interval = f"{_signed(change['low'])} to {_signed(change['high'])}"
    return f'<td class="change {look}"><b>{_signed(change["value"])}</b> <small>{interval}</small></td>'


def _signed(part: float) -> str:
    """A difference in points: '+4.2', '−0.8', '0.0'."""
    said = f"{abs(100 * part):.1f}"
    return said if said == "0.0" else f"{'+' if part > 0 else '−'}{said}"


# -- answers --------------------------------------------------------------------------------------------------------------


def answers(run: Run) -> None:
    """The questions with both answers, the right one beside them."""
    after = predictions(run.path / "predictions.jsonl")
    before = {row["id"]: row for row in predictions(run.path / "predictions-before.jsonl")}
    pairs = [(row, before.get(row["id"])) for row in after]
    with st.container(horizontal=True, vertical_alignment="center", key="evaluation-filter-bar"):
        layout.section("Answers")
        if before:
            session.seed("evaluation-filter", _FILTER.get())
            st.segmented_control(
                "Which", _FILTERS, key="evaluation-filter", on_change=_choose_filter, label_visibility="collapsed"
            )  # fmt: skip
    shown = [pair for pair in pairs if not before or _passes(pair[0], pair[1], _FILTER.get())]
    if not shown:
        layout.small("No question is of this kind.")
        return
    root = _image_root(run)
    rows = "".join(_answer_html(row, early, root) for row, early in shown[: _SHOWN.get()])
    head = "<th></th><th>Question</th><th>Right answer</th>" + ("<th>Before</th>" if before else "") + "<th>After</th>"
    st.html(
        f'<div class="w-answers-wrap"><table class="w-answers"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    if len(shown) > _SHOWN.get():
        st.button(
            f"Show more of {many(len(shown), 'answer')}", key="evaluation-more", type="tertiary", on_click=_SHOWN.set,
            args=(_SHOWN.get() + 3 * _PAGE,),
        )  # fmt: skip


def _choose_filter() -> None:
    _FILTER.set(str(session.held("evaluation-filter") or "All"))
    _SHOWN.clear()


def _passes(after: Mapping[str, Any], before: Mapping[str, Any] | None, wanted: str) -> bool:
    late = float(after["scores"]["score"])
    early = float(before["scores"]["score"]) if before else late
    return {
        "All": True,
        "Better": late > early,
        "Worse": late < early,
        "Both right": late >= 1 and early >= 1,
        "Both wrong": late <= 0 and early <= 0,
    }[wanted]


def _image_root(run: Run) -> Path:
    if run.settings.get("image_root"):
        return Path(run.settings["image_root"])
    if run.settings.get("data"):
        return Path(run.settings["data"]).parent
    split = own_split(cached.workspace().path)
    return split[1] if split else run.path


def _answer_html(row: Mapping[str, Any], early: Mapping[str, Any] | None, root: Path) -> str:
    source = thumb(root / row["images"][0]) if row["images"] else ""
    picture = f'<img src="{source}" alt="">' if source else '<span class="w-small">text only</span>'
    choices = "\n".join(row["choices"])
    question = row["question"].replace("<image>", "").strip() + (f"\n{choices}" if choices else "")
    said = ("" if early is None else _said(early)) + _said(row)
    return f'<tr><td>{picture}</td><td>{escape(question)}</td><td class="gold">{escape(row["answer"])}</td>{said}</tr>'


def _said(row: Mapping[str, Any]) -> str:
    score = row["scores"]["score"]
    look = "good" if score >= 1 else "bad" if score <= 0 else ""
    return f'<td class="{look}">{escape(row["prediction"]) or "<em>nothing</em>"}</td>'

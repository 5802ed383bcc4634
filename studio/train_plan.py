"""Planning a training run: which recipe on which model, what each stage does and how long it takes, what must be there."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from core import runs
from core.errors import StudioError
from core.mixture.cost import PRESET_COSTS
from core.mixture.kept import kept_recipes
from core.mixture.recipe import Recipe
from core.runs import Run
from core.train.presets import preset as find_preset
from core.train.start import KIND, start_training
from studio import cached, charts, layout, mixture_findings, mixture_start, mixture_totals, run_panel, session
from studio.address_slot import AddressSlot
from studio.charts import Column, Row
from studio.mixture_cached import Planned, looked_at, planned
from studio.mixture_words import flops, trains
from studio.runs_cached import train_log
from studio.train_log import measured_rate
from studio.train_view import recipe_name, run_title
from studio.words import Note, duration, many, num, short

ASSUMED_CPU_RATE = 25e9
"""FLOP/s of the tiny model on two cores, until a run on this machine was measured."""

SHOWN = AddressSlot("train.shown", "", "shown")
"""'plan', the id of a run, or '' for whatever fits: a run that lives or has just ended, else the plan."""

_RECIPE = AddressSlot("train.recipe", "", "recipe")
_PRESET = AddressSlot("train.preset", "", "model")
_PROBLEM: session.Slot[StudioError | None] = session.Slot("train.problem", None)
_FRESH_SECONDS = 3600.0


@dataclass(frozen=True)
class Choice:
    """A recipe that can be trained."""

    key: str
    label: str
    recipe: Recipe


def shown_run() -> Run | None:
    """The run on screen, None for the plan."""
    path = cached.workspace().path
    shown = SHOWN.get()
    found = runs.list_runs(path, KIND)
    if shown == "plan":
        return None
    if shown:
        return next((run for run in found if run.run_id == shown), None)
    alive = next((run for run in found if run.state == "running"), None)
    if alive is not None or not found:
        return alive
    last = max(found, key=lambda run: run.ended_at or "")
    fresh = last.ended_at is not None and time.time() - run_panel.seconds_of(last.ended_at) < _FRESH_SECONDS
    return last if fresh else None


def recipes() -> list[Choice]:
    """The recipe in edit on Mixture, those kept in the workspace, and the sample recipe where it fits."""
    found: list[Choice] = []
    draft = mixture_start.current()
    if draft is not None:
        try:
            found.append(Choice("edit", f"{draft.recipe.name}, as on Mixture", draft.as_recipe()))
        except StudioError as error:
            _PROBLEM.set(error)
    for draft_id, recipe in kept_recipes(cached.workspace()).items():
        if draft is None or draft_id != draft.draft_id:
            found.append(Choice(draft_id, f"{recipe.name}, kept in this workspace", recipe))
    sample = mixture_start.sample_recipe()
    if sample is not None:
        found.append(Choice("sample", f"{sample.name}, the sample recipe", sample))
    return found


# -- choosing -------------------------------------------------------------------------------------------------------------


def choose(choices: list[Choice]) -> tuple[Choice, str]:
    """The recipe and the model to train, chosen in the side panel."""
    by_key = {choice.key: choice for choice in choices}
    key = _RECIPE.get() if _RECIPE.get() in by_key else choices[0].key
    session.seed("train-recipe", key)
    st.selectbox(
        "Recipe", list(by_key), key="train-recipe", format_func=lambda one: by_key[one].label, on_change=_choose_recipe
    )  # fmt: skip
    chosen = by_key[key]
    preset = _PRESET.get() if _PRESET.get() in PRESET_COSTS else chosen.recipe.model.preset
    session.seed("train-preset", preset)
    st.selectbox("Model", list(PRESET_COSTS), key="train-preset", on_change=_choose_preset)
    layout.small(find_preset(preset).description)
    return chosen, preset


def _choose_recipe() -> None:
    _RECIPE.set(str(session.held("train-recipe")))
    _PRESET.clear()


def _choose_preset() -> None:
    _PRESET.set(str(session.held("train-preset")))


def launch(choice: Choice, preset: str) -> None:
    """Start the run and show it; for a button."""
    try:
        run = start_training(cached.workspace(), choice.recipe, recipe_folder=cached.workspace().path, preset=preset)
    except StudioError as error:
        _PROBLEM.set(error)
        return
    SHOWN.set(run.run_id)


def tell() -> None:
    """Draw what went wrong in the last act, once."""
    error = _PROBLEM.take()
    if error is not None:
        layout.problem(error)


# -- the plan -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Speed:
    """FLOP/s a run is expected to reach, and where that figure comes from."""

    flops_per_second: float
    says: str
    where: str
    """The machine in a few words, to stand behind a time."""


def speed(preset: str) -> Speed:
    """Measured in an earlier run of this model here; else assumed."""
    if preset != "tiny":
        from studio.mixture_cached import DEVICES

        rate = DEVICES[mixture_totals.device()] * mixture_totals.utilisation()
        says = f"On one {mixture_totals.device()} at {100 * mixture_totals.utilisation():.0f} % of its dense bf16 peak."
        return Speed(rate, says, f"one {mixture_totals.device()}")
    for run in runs.list_runs(cached.workspace().path, KIND):
        if run.state == "done" and (rate_found := measured_rate(train_log(run))):
            return Speed(rate_found, f"At the speed of the run {recipe_name(run)} on this machine.", "this machine")
    return Speed(ASSUMED_CPU_RATE, "Assumed for two CPU cores; the first run measures this machine.", "two CPU cores")


def plan(choice: Choice, preset: str) -> Planned | None:
    """The stages as a table: what trains on what, for how long."""
    recipe = choice.recipe.model_copy(update={"model": choice.recipe.model.model_copy(update={"preset": preset})})
    try:
        with st.spinner("Choosing the samples", show_time=True):
            found = planned(recipe, mixture_totals.device(), mixture_totals.utilisation())
    except StudioError as error:
        layout.problem(error)
        return None
    rate = speed(preset)
    layout.figures(
        [
            (num(len(recipe.stages)), "stages", ""),
            (num(found.num_steps), "steps", "estimate"),
            (short(found.num_tokens), "tokens", "all epochs"),
            (flops(found.flops), "compute", "estimate"),
            (duration(found.flops / rate.flops_per_second), f"training, {rate.where}", "estimate"),
        ]
    )
    layout.section("Stages", "each starts from the weights of the one before", [Note("estimate", rate.says)])
    columns = (
        Column("Stage", "name"), Column("Trains", "soft"), Column("Pictures", "soft"), Column("Samples", "number"),
        Column("Epochs", "number"), Column("Steps", "number"), Column("Tokens", "number"), Column("Time", "number"),
    )  # fmt: skip
    rows = []
    for stage, one in zip(recipe.stages, found.totals, strict=True):
        tokens = (one.num_text_tokens + one.num_image_tokens) * stage.epochs
        size = stage.resolution
        rows.append(
            Row(
                (
                    stage.name, trains(stage.trainable),
                    f"{size.px} px" + ("" if size.mode == "square" else f", ≤ {many(size.max_tiles, 'tile')}"),
                    num(one.num_samples), num(stage.epochs), num(one.num_steps), short(round(tokens)),
                    duration(one.flops / rate.flops_per_second),
                )
            )
        )  # fmt: skip
    charts.rows(columns, rows, key="train-plan")
    mixture_findings.panel([one for one in looked_at(found) if one.level != "note"])
    return found


# -- what must be there ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Need:
    """Something a model needs, whether it is there, and what was found."""

    name: str
    there: bool
    says: str


def needs(recipe: Recipe, preset: str) -> list[Need]:
    """What a preset needs of this machine; nothing for the tiny one."""
    chosen = find_preset(preset)
    if chosen.vision is None or chosen.language is None:
        return []
    towers = recipe.model.towers
    gpu = shutil.which("nvidia-smi") is not None
    found = [Need("GPU", gpu, "found" if gpu else "no NVIDIA driver on this machine; 80 GB of memory are needed")]
    for name, where in (
        ("Vision tower", towers.vision or chosen.vision),
        ("Language model", towers.language or chosen.language),
    ):
        there, says = _weights(where)
        found.append(Need(name, there, f"{where}: {says}"))
    wrong = sorted({stage.resolution.px for stage in recipe.stages} - {384})
    wrong_says = f"the recipe has {', '.join(map(str, wrong))} px; set 384 px in every stage"
    found.append(Need("Tile size", not wrong, wrong_says if wrong else "384 px in every stage"))
    return found


def _weights(where: str) -> tuple[bool, str]:
    if Path(where).expanduser().is_dir():
        return True, "a folder"
    hub = Path(
        os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or "~/.cache/huggingface") / "hub"
    ).expanduser()
    there = any((hub / f"models--{where.replace('/', '--')}" / "snapshots").glob("*/config.json"))
    if there:
        return True, "in the hub cache"
    if os.environ.get("HF_HUB_OFFLINE"):
        return False, "not in the hub cache, and HF_HUB_OFFLINE is set"
    return False, "not in the hub cache; it is downloaded at the start"


def needs_list(found: list[Need]) -> None:
    """The needs with a mark each."""
    if not found:
        return
    missing = sum(not need.there for need in found)
    layout.section("Needs", "all there" if not missing else f"{num(missing)} missing")
    rows = "".join(
        f'<div class="{"yes" if need.there else "no"}"><i>{"✓" if need.there else "✕"}</i><b>{escape(need.name)}</b>'
        f"<span>{escape(need.says)}</span></div>"
        for need in found
    )
    st.html(f'<div class="w-needs">{rows}</div>')


def earlier() -> None:
    """The training runs of this workspace; a click shows one."""
    found = runs.list_runs(cached.workspace().path, KIND)[:12]
    if not found:
        return
    layout.section("Training runs", "a click shows one")
    looks = {"running": "kept", "failed": "bad", "died": "bad"}
    rows = [
        Row((run_title(run).removeprefix("Training ") or run.run_id, {"text": run.state, "look": looks.get(run.state, "")}), key=run.run_id)
        for run in found
    ]  # fmt: skip
    charts.rows(
        (Column("Recipe", "grow"), Column("State", "chip", 80)),
        rows,
        key="train-earlier",
        on_pick=SHOWN.set,
        tall_px=260,
    )

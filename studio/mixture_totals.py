"""What the recipe in edit amounts to: figures for a chosen device, where its samples come from, and its selections."""

from __future__ import annotations

import streamlit as st

from core.errors import StudioError
from core.mixture.cost import ASSUMED_UTILISATION, PRESET_COSTS
from core.mixture.recipe import Recipe, SelectionByMethod, SelectionEntry
from core.select.words import method_title
from studio import cached, charts, layout, mixture_words, refused, session, style
from studio import mixture_draft as drafts
from studio import mixture_start as start
from studio.charts import Column, Row
from studio.mixture_cached import DEVICES, Planned, planned
from studio.mixture_draft import Draft
from studio.mixture_words import flops, recipe_warnings, time_of
from studio.words import Note, many, num, share, short

_DEVICE: session.Slot[str] = session.Slot("mixture.device", "H200")
_UTILISATION: session.Slot[int] = session.Slot("mixture.utilisation", round(100 * ASSUMED_UTILISATION))
_NAME = "recipe-name"
_MOST_SOURCES = 24


def stylesheet() -> None:
    """Put the stylesheet of the stages on the page."""
    st.html(style.ASSETS / "mixture.css")


def device() -> str:
    """The device hours are quoted for."""
    return _DEVICE.get()


def utilisation() -> float:
    """The share of its peak that is assumed, 0 to 1."""
    return _UTILISATION.get() / 100


def recipe_bar(draft: Draft) -> None:
    """Name and model of the recipe, and the device its hours are quoted for."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="recipe-bar"):
        refused.seed(_NAME, draft.recipe.name)
        st.text_input("Recipe", key=_NAME, on_change=_rename, width=200)
        session.seed("recipe-preset", draft.recipe.model.preset)
        st.selectbox(
            "Model", list(PRESET_COSTS), key="recipe-preset", on_change=start.guarded, args=(_model,), width=140
        )
        session.seed("recipe-device", _DEVICE.get())
        st.selectbox(
            "Time on one", list(DEVICES), key="recipe-device", on_change=_choose_device, width=100,
            help="Hours are quoted for the device's dense bf16 peak.",
        )  # fmt: skip
        session.seed("recipe-utilisation", _UTILISATION.get())
        st.number_input(
            "at, % of its peak", 1, 100, step=1, key="recipe-utilisation", on_change=_choose_utilisation, width=120,
            help="The share of the peak a training run is assumed to reach; published runs lie between 10 and 40 %.",
        )  # fmt: skip
        st.button(
            "Add stage", icon=":material/add:", key="add-stage", on_click=start.guarded, args=(_change_stages,), width="content"
        )  # fmt: skip
    refused.tell(_NAME)


def _rename() -> None:
    draft = start.current()
    if draft is not None:
        with refused.kept(_NAME):
            start.keep(drafts.set_name(draft, str(session.held(_NAME)).strip()))


def _model() -> None:
    draft = start.current()
    if draft is not None:
        start.keep(drafts.set_preset(draft, str(session.held("recipe-preset"))))


def _change_stages() -> None:
    draft = start.current()
    if draft is not None:
        start.keep(drafts.add_stage(draft))


def _choose_device() -> None:
    _DEVICE.set(str(session.held("recipe-device")))


def _choose_utilisation() -> None:
    _UTILISATION.set(int(session.held("recipe-utilisation") or _UTILISATION.get()))


def plan(draft: Draft) -> tuple[Recipe | None, Planned | None, StudioError | None]:
    """The recipe as it stands, its samples and totals, and what keeps one of the two from being known."""
    recipe = None
    try:
        recipe = draft.as_recipe()
        with st.spinner("Choosing the samples", show_time=True):
            return recipe, planned(recipe, device(), utilisation()), None
    except StudioError as error:
        return recipe, None, error


def figures(found: Planned | None) -> None:
    """How much there is to train on and what it costs; dashes while that is not known."""
    if found is None:
        names = ("samples", "text tokens", "image tokens", "compute", f"on one {device()}")
        layout.figures([("–", name, "") for name in names])
        return
    totals = found.totals
    hours = sum(one.gpu_hours for one in totals)
    layout.figures(
        [
            (num(found.num_samples), "samples", f"{num(found.num_unique)} different"),
            (short(sum(one.num_text_tokens for one in totals)), "text tokens", "in one pass"),
            (short(sum(one.num_image_tokens for one in totals)), "image tokens", "in one pass"),
            (flops(found.flops), "compute", "estimate"),
            (time_of(hours), f"{found.recipe.model.preset} on one {device()}", "estimate"),
        ]
    )


def warnings(draft: Draft, recipe: Recipe | None, found: Planned | None) -> None:
    """Badges: what is estimated, what to look at, and whether the recipe is kept."""
    says = (
        f"From token counts and the closed formula of image tokens, at {_UTILISATION.get()} % of the dense bf16 peak of one "
        f"{device()}; every text token counts as learnt."
    )
    notes = [Note("estimate", says)]
    if found is not None:
        licences = {row["source"]: row["licence"] for row in cached.ask("sources_table").to_pylist()}
        used = [name for name, count in zip(found.source_names, found.by_source.sum(axis=0), strict=True) if count]
        titles = start.titles(draft.recipe)
        idle = [titles[key] for key in draft.recipe.selections if key not in found.chosen]
        notes += recipe_warnings(found.totals, used, licences, idle)
    if recipe is None or not draft.is_saved(recipe):
        notes.append(Note("changes: not saved", "Save keeps the recipe in the workspace, with every earlier state."))
    layout.badges(notes)


def stage_warnings(found: Planned | None) -> list[list[str]]:
    """What to look at in each stage; nothing while the samples are not known."""
    return [] if found is None else mixture_words.stage_warnings(found.recipe, found.totals)


# -- below the stages -----------------------------------------------------------------------------------------------------


def sources(found: Planned | None) -> None:
    """Where each stage's samples come from, in percent; the pool's own shares in the first column."""
    if found is None:
        return
    pool = {row["source"]: row["num_samples"] for row in cached.ask("sources_table").to_pylist()}
    total_pool = max(sum(pool.values()), 1)
    order = sorted(range(len(found.source_names)), key=lambda i: -pool.get(found.source_names[i], 0))[:_MOST_SOURCES]
    per_stage = found.by_source / found.by_source.sum(axis=1, keepdims=True).clip(min=1)
    names = [found.source_names[i] for i in order]
    columns = ["pool", *(stage.name for stage in found.recipe.stages)]
    values = [
        [pool.get(name, 0) / total_pool, *(float(part) or None for part in per_stage[:, i])]
        for i, name in zip(order, names, strict=True)
    ]
    most = max((value for line in values for value in line if value), default=1.0)
    layout.section("Sources", "share of each stage's samples in %, repeats counted")
    with st.container(key="mixture-sources"):
        charts.heatmap(
            names,
            columns,
            values,
            colour=lambda value: style.blend(style.palette().card, style.palette().kept, 0.85 * value / most),
            text=lambda value: f"{100 * value:.1f}",
            hover=lambda i, j: f"{names[i]}, {columns[j]}: {share(values[i][j] or 0.0)}",
        )


def selections(draft: Draft, found: Planned | None) -> None:
    """The recipe's selections: how each is made and how many samples it holds."""
    layout.section("Selections", "what parts are made of")
    titles, rows = start.titles(draft.recipe), []
    for key, entry in draft.recipe.selections.items():
        chosen = found.chosen.get(key) if found else None
        how, where = said_entry(entry)
        size = num(len(chosen.sample_ids)) if chosen else {"text": "unused"}
        name = {"text": titles[key], "says": f"{titles[key]}\nin the recipe: {key}"}
        rows.append(Row((name, {"text": how, "says": where}, size)))
    columns = (Column("Selection", "name"), Column("How", "grow"), Column("Samples", "number", 70))
    charts.rows(columns, rows, key="recipe-selections", tall_px=300)
    notes = [f"{titles[key]}: {note}" for key, chosen in found.chosen.items() for note in chosen.notes] if found else []
    if notes:
        with st.expander(f"{many(len(notes), 'note')} on how samples were chosen"):
            for note in notes:
                layout.small(note)


def said_entry(entry: SelectionEntry) -> tuple[str, str]:
    """(how a selection is made, its condition or file)."""
    if isinstance(entry, SelectionByMethod):
        budget = entry.budget
        amount = (
            f"{budget.percent.normalize():f} %" if budget.percent is not None
            else f"{num(budget.samples)} samples" if budget.samples is not None
            else f"{num(budget.tokens or 0)} text tokens"
        )  # fmt: skip
        return f"{entry.method}, {amount}" + (
            f" where {entry.where}" if entry.where else ""
        ), entry.where or "all samples"
    one = start.saved_as(entry)
    if one is not None:
        return f"saved on Curate: {method_title(one.method)}, {one.budget}", entry.file
    if entry.file.startswith(start.FROM_CURATE):
        return "as it was on Curate, not saved there", entry.file
    return f"file {entry.file.rsplit('/', 1)[-1]}", entry.file

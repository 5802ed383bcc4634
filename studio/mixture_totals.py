"""What the recipe in edit amounts to: figures for a chosen device, whether it is kept, and its selections."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import StudioError
from core.mixture.cost import PRESET_COSTS
from core.mixture.recipe import Recipe, SelectionByMethod, SelectionEntry
from core.mixture.warnings import Finding
from core.select.words import method_title
from studio import charts, layout, mixture_costs, mixture_findings, mixture_part, refused, session, style
from studio import mixture_draft as drafts
from studio import mixture_start as start
from studio.charts import Column, Row
from studio.mixture_cached import Planned, looked_at, missing, planned
from studio.mixture_draft import Draft
from studio.mixture_words import flops, time_of
from studio.words import num, short

_NAME = "recipe-name"


def stylesheet() -> None:
    """Put the stylesheet of the stages on the page."""
    st.html(style.ASSETS / "mixture.css")


def device() -> str:
    """The device hours are quoted for."""
    return mixture_costs.now().device


def utilisation() -> float:
    """The share of its peak that is assumed, 0 to 1."""
    return mixture_costs.now().utilisation


def recipe_bar(draft: Draft) -> None:
    """Name and model of the recipe, what shares are of, and what its cost is quoted for."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="recipe-bar"):
        refused.seed(_NAME, draft.recipe.name)
        st.text_input("Recipe", key=_NAME, on_change=_rename, width=170)
        session.seed("recipe-preset", draft.recipe.model.preset)
        st.selectbox(
            "Model", list(PRESET_COSTS), key="recipe-preset", on_change=start.guarded, args=(_model,), width=130
        )
        session.seed("recipe-shares-of", mixture_part.OF_TOKENS.get())
        st.segmented_control(
            "Shares of", [False, True], key="recipe-shares-of", format_func=lambda tokens: "tokens" if tokens else "samples",
            on_change=_choose_shares,
        )  # fmt: skip
        mixture_costs.popover()
        mixture_findings.licence_popover(plan_now)
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


def _choose_shares() -> None:
    chosen = session.held("recipe-shares-of")
    if chosen is not None:
        mixture_part.OF_TOKENS.set(chosen)


Told = tuple[Recipe | None, Planned | None, dict[str, StudioError], StudioError | None]
"""The recipe as it stands, its plan, why selections cannot be had by key, and what else keeps a plan from being known."""


def plan(draft: Draft) -> Told:
    """Plan the recipe in edit."""
    recipe = None
    try:
        recipe = draft.as_recipe()
        with st.spinner("Choosing the samples", show_time=True):
            absent = missing(recipe)
            return recipe, None if absent else planned(recipe, device(), utilisation()), absent, None
    except StudioError as error:
        return recipe, None, {}, error


def plan_now() -> Planned | None:
    """The plan of the recipe in edit as it is when a callback runs; None while there is none."""
    draft = start.current()
    return None if draft is None else plan(draft)[1]


def looks(found: Planned | None) -> Sequence[Finding]:
    """What to look at; nothing while the samples are not known."""
    return () if found is None else looked_at(found)


def figures(found: Planned | None) -> None:
    """How much there is to train on and what it costs; dashes while that is not known."""
    quoted = mixture_costs.now()
    where = f"on {num(quoted.num_devices)} × {quoted.device}" if quoted.num_devices > 1 else f"on one {quoted.device}"
    if found is None:
        names = ("samples", "text tokens", "image tokens", "compute", where, "cost")
        layout.figures([("–", name, "") for name in names])
        return
    totals, hours = found.totals, found.gpu_hours
    together = f"{time_of(hours)} of one device" if quoted.num_devices > 1 else "estimate"
    price = mixture_costs.money(quoted.price, quoted.currency)
    layout.figures(
        [
            (num(found.num_samples), "samples", f"{num(found.num_unique)} different"),
            (short(sum(one.num_text_tokens for one in totals)), "text tokens", "in one pass"),
            (short(sum(one.num_image_tokens for one in totals)), "image tokens", "in one pass"),
            (flops(found.flops), "compute", "estimate"),
            (time_of(quoted.wall_hours(hours)), where, together),
            (
                mixture_costs.money(quoted.money(hours), quoted.currency), "cost",
                "example price" if quoted.is_example else f"{price} an hour",
            ),
        ]
    )  # fmt: skip


# -- below the stages -----------------------------------------------------------------------------------------------------


def selections(draft: Draft, found: Planned | None) -> None:
    """The recipe's selections: how each is made and how many samples it holds."""
    layout.section("Selections", "what parts are made of")
    titles, rows = start.titles(draft.recipe), []
    for key, entry in draft.recipe.selections.items():
        chosen = found.chosen.get(key) if found else None
        how, where = said_entry(entry)
        size = num(len(chosen.sample_ids)) if chosen else {"text": "unused"} if found else None
        name = {"text": titles[key], "says": f"{titles[key]}\nin the recipe: {key}"}
        rows.append(Row((name, {"text": how, "says": where}, size)))
    columns = (Column("Selection", "name"), Column("How", "grow"), Column("Samples", "number", 70))
    charts.rows(columns, rows, key="recipe-selections", tall_px=300)


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

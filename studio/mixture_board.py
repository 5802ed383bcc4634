"""The stages of a recipe side by side: what each trains on as cards, and its settings as forms from the recipe's own fields.

`board` draws what can be changed and gives the draft as it is afterwards; totals are written into each stage once they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any, get_args

import streamlit as st
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from streamlit.delta_generator import DeltaGenerator

from core.errors import StudioError
from core.mixture.recipe import Resolution, Stage
from core.mixture.warnings import Finding
from studio import forms, layout, mixture_drag, mixture_part, session
from studio import mixture_draft as drafts
from studio import mixture_start as start
from studio.mixture_cached import Planned
from studio.mixture_draft import Card, Draft, Lane
from studio.mixture_part import CardPlace
from studio.mixture_words import flops, time_of, trains
from studio.words import many, num, short

_FROZEN = ConfigDict(frozen=True, extra="forbid")


def _fields(names: Sequence[str]) -> dict[str, Any]:
    return {name: (Stage.model_fields[name].annotation, Stage.model_fields[name]) for name in names}


_Course: Any = create_model(
    "Course",
    __config__=_FROZEN,
    **_fields(("name", "trainable", "tokens_per_step", "epochs", "warmup_share", "shuffle_seed")),
)
"""The fields of a stage that stand on their own; parts, resolution and rates have forms of their own."""

_RATE = get_args(get_args(Stage.model_fields["lr"].annotation)[1])
_LABELS = {"lr": "Learning rate", "px": "Tile, px", "max_tiles": "Most tiles", "warmup_share": "Warm-up share"}


@dataclass(frozen=True)
class LanePlace:
    """Where the head of a stage and what is known of its parts are written, once they are known."""

    head: DeltaGenerator
    parts: tuple[CardPlace, ...]


def board(draft: Draft) -> tuple[Draft, list[LanePlace]]:
    """Draw the stages; gives the draft with what was changed, and where to write totals."""
    places = []
    with st.container(key="lanes"):
        for lane, column in zip(draft.lanes, st.columns([*[6] * len(draft.lanes), 1], gap="small"), strict=False):
            with column, st.container(key=f"card-lane-{lane.key}"):
                changed, place = _lane(draft, lane)
                draft = _merged(draft, changed)
                places.append(place)
    mixture_drag.drag(len(draft.lanes))
    return start.keep(draft), places


def _merged(draft: Draft, changed: Lane) -> Draft:
    draft = drafts.set_stage(draft, changed.key, changed.stage)
    for card in changed.cards:
        draft = drafts.set_part(draft, card.key, card.part)
    return draft


def _lane(draft: Draft, lane: Lane) -> tuple[Lane, LanePlace]:
    place = draft.lanes.index(lane)
    head = st.container()
    places, cards = [], []
    for card in lane.cards:
        with st.container(key=f"part-{draft.serial}-{card.key}"):
            where, part = mixture_part.card(draft, card, place)
        places.append(where)
        cards.append(Card(card.key, part))
    if not lane.cards:
        st.html('<p class="w-drop">No part yet. Add one, or drag one here.</p>')
    with st.container(horizontal=True, key=f"lane-acts-{draft.serial}-{lane.key}"):
        with st.popover("Add part", icon=":material/add:", type="tertiary"):
            _part_choices(draft, lane)
        with st.popover("Settings", icon=":material/tune:", type="tertiary"):
            stage = _stage_form(draft, lane)
    return Lane(lane.key, stage, tuple(cards)), LanePlace(head, tuple(places))


def _part_choices(draft: Draft, lane: Lane) -> None:
    layout.section("Selections of the recipe")
    for key, title in start.titles(draft.recipe).items():
        st.button(
            layout.verbatim(title), key=f"add-{draft.serial}-{lane.key}-{key}", width="stretch", on_click=start.guarded,
            args=(mixture_part.change, drafts.add_part, lane.key, key),
        )  # fmt: skip
    others = start.selection_choices()
    if others:
        layout.section("Saved selections")
    for label, key, get in others:
        st.button(
            layout.verbatim(label), key=f"take-{draft.serial}-{lane.key}-{key}", width="stretch", on_click=start.guarded,
            args=(mixture_part.change, partial(_add_saved, get=get), lane.key),
        )  # fmt: skip


def _add_saved(draft: Draft, lane_key: str, *, get: Any) -> Draft:
    name, entry = get()
    for key, known in draft.recipe.selections.items():
        if known == entry:
            return drafts.add_part(draft, lane_key, key)
    key = drafts.key_for(name, list(draft.recipe.selections))
    return drafts.add_part(drafts.add_selection(draft, key, entry), lane_key, key)


# -- the settings of a stage ----------------------------------------------------------------------------------------------


def _stage_form(draft: Draft, lane: Lane) -> Stage:
    """All settings of a stage; what does not fit is told here and the stage stays as it was."""
    key, stage = f"mix-{draft.serial}-{lane.key}", lane.stage
    try:
        given = {name: getattr(stage, name) for name in _Course.model_fields}
        left, right = st.columns(2)
        with left:
            course: Any = forms.settings_form(_Course, key=key, given=given, labels=_LABELS)
        with right:
            resolution = _resolution_form(key, stage.resolution)
            rates = _rates_form(key, stage, course.trainable)
            _order(draft, lane)
            if len(draft.lanes) > 1:
                st.button(
                    "Remove this stage", key=f"{key}-drop", on_click=start.guarded, args=(mixture_part.change, drafts.drop_stage, lane.key)
                )  # fmt: skip
        return Stage(**course.model_dump(), resolution=resolution, lr=rates)
    except ValidationError as error:
        layout.problem(forms.bad_settings(error))
    except StudioError as error:
        layout.problem(error)
    return stage


def _order(draft: Draft, lane: Lane) -> None:
    """The buttons that put a stage elsewhere, as dragging its head does."""
    place = draft.lanes.index(lane)
    with st.container(horizontal=True, key=f"lane-order-{draft.serial}-{lane.key}"):
        for name, label, to in (("back", "Earlier", place - 1), ("forward", "Later", place + 1)):
            st.button(
                label, icon=f":material/arrow_{name}:", key=f"stage-{name}-{draft.serial}-{lane.key}",
                disabled=not 0 <= to < len(draft.lanes), on_click=start.guarded,
                args=(mixture_part.change, drafts.move_stage, lane.key, to),
            )  # fmt: skip


def _resolution_form(key: str, given: Resolution) -> Resolution:
    mode = session.held(f"{key}.resolution.mode") or given.mode
    square = {"max_tiles": 1} if mode == "square" else {}
    return forms.settings_form(
        Resolution,
        key=f"{key}.resolution",
        given={**given.model_dump(), **square},
        hidden=tuple(square),
        labels=_LABELS,
    )


def _rates_form(key: str, stage: Stage, trainable: Sequence[str]) -> dict[Any, float]:
    """A rate for each part that trains, each with the bounds the recipe gives it."""
    kind, bounds = _RATE
    rule = copy(bounds)
    rule.description = Stage.model_fields["lr"].description
    fields: dict[str, Any] = dict.fromkeys(trainable, (kind, rule))
    model: type[BaseModel] = create_model("Rates", __config__=_FROZEN, **fields)
    known = drafts.rates_of(stage)
    given = {name: known[name] for name in trainable}
    labels = {name: f"Learning rate, {name}" for name in trainable}
    return forms.settings_form(model, key=f"{key}.lr", given=given, labels=labels).model_dump()


# -- what is known afterwards ---------------------------------------------------------------------------------------------


def fill(
    draft: Draft,
    places: Sequence[LanePlace],
    planned: Planned | None,
    looks: Sequence[Finding],
    missing: Mapping[str, StudioError],
    plan: Callable[[], Planned | None],
) -> None:
    """Write the head of each stage and what each part brings; without a plan only what the recipe says."""
    titles = start.titles(draft.recipe)
    for number, (lane, place) in enumerate(zip(draft.lanes, places, strict=True), start=1):
        told = [one for one in looks if one.stages == (lane.stage.name,) and one.level != "note"]
        place.head.html(lane_html(number, lane.stage, planned, told))
        weighed = mixture_part.weigh(planned, number - 1) if planned else [(None, None)] * len(lane.cards)
        for card, where, (size, share) in zip(lane.cards, place.parts, weighed, strict=True):
            name = card.part.selection
            mixture_part.fill(draft, card, where, titles[name], planned, size, share, missing.get(name), plan)


def lane_html(number: int, stage: Stage, planned: Planned | None, looks: Sequence[Finding]) -> str:
    """The head of a stage: name, what trains on which picture size, and what it amounts to."""
    says = (
        f"trains {trains(stage.trainable)}",
        _size(stage.resolution),
        f"{num(stage.epochs)} epoch{'s' if stage.epochs != 1 else ''}",
    )
    chips = "".join(f'<span class="w-badge">{escape(text)}</span>' for text in says)
    figures = ""
    if planned is not None:
        one = planned.totals[number - 1]
        entries = (
            ("samples", num(one.num_samples), f"{num(one.num_unique_samples)} different ones"),
            ("steps", num(one.num_steps), "Estimate: all tokens over the tokens of a step."),
            ("text tokens", short(one.num_text_tokens), f"{num(one.num_text_tokens)} in one pass over the samples"),
            ("image tokens", short(one.num_image_tokens),
             f"{num(one.num_image_tokens)} in one pass over the samples, in {many(one.num_tiles, 'tile')}"),
            ("compute", flops(one.flops), "Estimate: forward and backward, over all epochs."),
            ("time", time_of(one.gpu_hours), "Estimate: on one device at the utilisation stated above."),
        )  # fmt: skip
        figures = "".join(
            f'<div title="{escape(says)}"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>' for name, value, says in entries
        )  # fmt: skip
    told = "".join(
        f'<p class="w-warn {one.level}" title="{escape(one.fix)}">{escape(one.problem)}</p>' for one in looks
    )
    return (
        f'<div class="w-lane"><h3><i>{number}</i><span>{escape(stage.name)}</span></h3><div class="w-chips">{chips}</div>'
        f"<dl>{figures}</dl>{told}</div>"
    )


def _size(resolution: Resolution) -> str:
    if resolution.mode == "square":
        return f"{resolution.px} px square"
    return f"{resolution.px} px, up to {many(resolution.max_tiles, 'tile')}"

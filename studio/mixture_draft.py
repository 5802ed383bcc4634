"""The recipe in edit: a value with a recipe that always holds together, and what a person can do to it.

Every act gives a new draft. Stages and parts carry keys of their own, so that what was typed follows a card when it moves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from core.errors import BadData, BadInput
from core.mixture.kept import KIND
from core.mixture.recipe import MODULES, ModelEntry, PartEntry, Recipe, Resolution, SelectionEntry, Stage
from core.store.acts import Acts
from core.store.ids import digest_of
from core.workspace import Workspace
from studio.forms import bad_settings

_EDIT_KIND, _EDIT_KEY = "recipe-edit", "mixture"
"""The recipe in edit is no record of its own: of this kind only the present state is kept."""

_ALL = ("vision", "projector", "language")
_TINY_STAGES: tuple[dict[str, Any], ...] = (
    {"name": "align", "resolution": {"mode": "square", "px": 56, "max_tiles": 1}, "trainable": ("projector",), "lr": 1e-3, "epochs": 1},
    {"name": "general", "resolution": {"mode": "anyres", "px": 56, "max_tiles": 1}, "trainable": _ALL, "lr": 1e-3, "epochs": 3},
    {"name": "selective", "resolution": {"mode": "anyres", "px": 56, "max_tiles": 2}, "trainable": _ALL, "lr": 5e-4, "epochs": 2},
    {"name": "reasoning", "resolution": {"mode": "anyres", "px": 56, "max_tiles": 4}, "trainable": _ALL, "lr": 3e-4, "epochs": 2},
)  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A part with its key."""

    key: str
    part: PartEntry


@dataclass(frozen=True)
class Lane:
    """A stage with its key and its parts as cards; `stage` itself holds no parts here."""

    key: str
    stage: Stage
    cards: tuple[Card, ...]

    def as_stage(self) -> Stage:
        return self.stage.model_copy(update={"parts": tuple(card.part for card in self.cards)})


@dataclass(frozen=True)
class Draft:
    """A recipe in edit. `draft_id` is the name it is saved under; `next_key` numbers the stages and parts made so far.

    `recipe` holds everything but the stages as they are now; `as_recipe` puts the two together. `serial` tells two
    openings of one recipe apart, so that what was typed into the first is not taken for the second.
    """

    draft_id: str
    recipe: Recipe
    lanes: tuple[Lane, ...]
    next_key: int
    saved_hash: str = ""
    serial: int = 0

    def as_recipe(self) -> Recipe:
        """The recipe as it stands; BadInput when its parts do not fit together, such as two stages of one name."""
        values = {**self.recipe.as_dict(), "stages": [lane.as_stage().model_dump() for lane in self.lanes]}
        try:
            return Recipe.model_validate(values)
        except ValidationError as error:
            raise bad_settings(error) from error

    def is_saved(self, recipe: Recipe) -> bool:
        return self.saved_hash == recipe.content_hash()


def opened(recipe: Recipe, draft_id: str, *, saved: bool = False, serial: int = 0) -> Draft:
    """A draft of a recipe."""
    draft = Draft(draft_id, recipe, (), 1, recipe.content_hash() if saved else "", serial)
    for stage in recipe.stages:
        draft = _append(draft, stage)
    return draft


def _append(draft: Draft, stage: Stage) -> Draft:
    number = draft.next_key
    cards = tuple(Card(f"p{number + 1 + place}", part) for place, part in enumerate(stage.parts))
    lane = Lane(f"s{number}", stage.model_copy(update={"parts": ()}), cards)
    return replace(draft, lanes=(*draft.lanes, lane), next_key=number + 1 + len(cards))


# -- selections and stages ------------------------------------------------------------------------------------------------


def key_for(name: str, taken: Sequence[str]) -> str:
    """A short key for a selection of this name, unlike those that are taken: 'mmSSR nested 30.0 %' -> 'mmssr-nested-30-0'."""
    base = re.sub(r"\W+", "-", name.lower(), flags=re.UNICODE).strip("-_")[:40] or "selection"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def add_selection(draft: Draft, key: str, entry: SelectionEntry) -> Draft:
    """One more selection to take parts from."""
    return _with_recipe(draft, selections={**draft.recipe.selections, key: entry})


def drop_selection(draft: Draft, key: str) -> Draft:
    """Take a selection out, and every part that uses it; the last one stays."""
    if len(draft.recipe.selections) == 1:
        raise BadInput(f"{key} is the only selection.", "Add another one first.")
    lanes = tuple(
        replace(lane, cards=tuple(card for card in lane.cards if card.part.selection != key)) for lane in draft.lanes
    )
    rest = {name: entry for name, entry in draft.recipe.selections.items() if name != key}
    return replace(_with_recipe(draft, selections=rest), lanes=lanes)


def add_stage(draft: Draft) -> Draft:
    """A stage at the end, set like the last one, without parts."""
    last = draft.lanes[-1].stage
    names = [lane.stage.name for lane in draft.lanes]
    number = len(names) + 1
    while f"stage {number}" in names:
        number += 1
    return _append(draft, last.model_copy(update={"name": f"stage {number}", "shuffle_seed": number - 1}))


def drop_stage(draft: Draft, lane_key: str) -> Draft:
    """Take a stage out; the last one stays."""
    if len(draft.lanes) == 1:
        raise BadInput("A recipe has at least one stage.", "Add another stage first.")
    return replace(draft, lanes=tuple(lane for lane in draft.lanes if lane.key != lane_key))


def move_stage(draft: Draft, lane_key: str, place: int) -> Draft:
    """A stage with its parts to another place, counted from 0 without the stage itself; unknown keys change nothing."""
    found = [lane for lane in draft.lanes if lane.key == lane_key]
    others = [lane for lane in draft.lanes if lane.key != lane_key]
    place = min(max(place, 0), len(others))
    return replace(draft, lanes=(*others[:place], *found, *others[place:]))


def set_stage(draft: Draft, lane_key: str, stage: Stage) -> Draft:
    """Other settings for a stage; its parts stay."""
    return _with_lane(draft, lane_key, lambda lane: replace(lane, stage=stage.model_copy(update={"parts": ()})))


# -- parts ----------------------------------------------------------------------------------------------------------------


def add_part(draft: Draft, lane_key: str, selection: str) -> Draft:
    """A selection once more in a stage."""
    card = Card(f"p{draft.next_key}", PartEntry(selection=selection))
    grown = _with_lane(draft, lane_key, lambda lane: replace(lane, cards=(*lane.cards, card)))
    return replace(grown, next_key=draft.next_key + 1)


def set_part(draft: Draft, card_key: str, part: PartEntry) -> Draft:
    """Another repeat for a part, or other caps."""
    return replace(
        draft,
        lanes=tuple(
            replace(
                lane, cards=tuple(replace(card, part=part) if card.key == card_key else card for card in lane.cards)
            )
            for lane in draft.lanes
        ),
    )


def drop_part(draft: Draft, card_key: str) -> Draft:
    """Take a part out of its stage."""
    return replace(
        draft,
        lanes=tuple(replace(lane, cards=tuple(c for c in lane.cards if c.key != card_key)) for lane in draft.lanes),
    )


def move_part(draft: Draft, card_key: str, by: int) -> Draft:
    """A part to the stage `by` places later, at its end; beyond the first and the last stage nothing happens."""
    place = next(i for i, lane in enumerate(draft.lanes) if any(card.key == card_key for card in lane.cards))
    if not 0 <= place + by < len(draft.lanes):
        return draft
    target = draft.lanes[place + by]
    return place_part(draft, card_key, target.key, len(target.cards))


def shift_part(draft: Draft, card_key: str, by: int) -> Draft:
    """A part `by` places further down in its stage; beyond the first and the last place nothing happens."""
    lane = next(lane for lane in draft.lanes if any(card.key == card_key for card in lane.cards))
    place = next(i for i, card in enumerate(lane.cards) if card.key == card_key) + by
    return place_part(draft, card_key, lane.key, place) if 0 <= place < len(lane.cards) else draft


def place_part(draft: Draft, card_key: str, lane_key: str, place: int) -> Draft:
    """A part into a stage, before what is then in that place, counted without the part itself; unknown keys change nothing."""
    found = [card for lane in draft.lanes for card in lane.cards if card.key == card_key]
    if not found or lane_key not in [lane.key for lane in draft.lanes]:
        return draft

    def put(lane: Lane) -> Lane:
        at = min(max(place, 0), len(lane.cards))
        return replace(lane, cards=(*lane.cards[:at], found[0], *lane.cards[at:]))

    return _with_lane(drop_part(draft, card_key), lane_key, put)


# -- the recipe as a whole ------------------------------------------------------------------------------------------------


def set_name(draft: Draft, name: str) -> Draft:
    return _with_recipe(draft, name=name)


def set_preset(draft: Draft, preset: str) -> Draft:
    """Another model; the stages stay as they are."""
    return _with_recipe(draft, model=draft.recipe.model.model_copy(update={"preset": preset}))


def _with_recipe(draft: Draft, **update: Any) -> Draft:
    """Other values of the recipe, checked: BadInput when they do not fit."""
    values = {**draft.recipe.as_dict(), "stages": [{"name": "all"}]}
    for name, value in update.items():
        values[name] = {key: entry.model_dump() for key, entry in value.items()} if name == "selections" else value
    if isinstance(values["model"], ModelEntry):
        values["model"] = values["model"].model_dump()
    try:
        return replace(draft, recipe=Recipe.model_validate(values))
    except ValidationError as error:
        raise bad_settings(error) from error


def _with_lane(draft: Draft, lane_key: str, change: Any) -> Draft:
    return replace(draft, lanes=tuple(change(lane) if lane.key == lane_key else lane for lane in draft.lanes))


def new_recipe(name: str, key: str, entry: SelectionEntry, preset: str = "tiny") -> Recipe:
    """A recipe that trains one selection in the stages a preset is known for: the projector first, then everything.

    The tiny preset has four, `aquila-vl-2b` the six published ones.
    """
    parts = (PartEntry(selection=key),)
    if preset == "tiny":
        stages = tuple(
            Stage(
                name=values["name"],
                parts=parts,
                shuffle_seed=place,
                resolution=Resolution(**values["resolution"]),
                trainable=values["trainable"],
                lr=dict.fromkeys(values["trainable"], values["lr"]),
                tokens_per_step=2048,
                epochs=values["epochs"],
            )
            for place, values in enumerate(_TINY_STAGES)
        )
    else:
        stages = tuple(
            Stage.model_validate({**values, "parts": parts, "shuffle_seed": place})
            for place, values in enumerate(published_stages(preset))
        )
    return Recipe(name=name, selections={key: entry}, model=ModelEntry(preset=preset), stages=stages)


def published_stages(preset: str) -> tuple[dict[str, Any], ...]:
    """The stages a preset's authors used, without parts."""
    from core.train.presets import preset as find

    return find(preset).stages


def rates_of(stage: Stage) -> dict[str, float]:
    """A learning rate for every part of the model: its own, or the lowest of the stage for what does not train yet."""
    lowest = min(stage.lr.values())
    known: dict[str, float] = {str(module): rate for module, rate in stage.lr.items()}
    return {module: known.get(module, lowest) for module in MODULES}


# -- keeping --------------------------------------------------------------------------------------------------------------


def save(workspace: Workspace, draft: Draft) -> Draft:
    """Keep the recipe in the workspace under its draft's id; what it was before stays in the list of acts."""
    recipe = draft.as_recipe()
    Acts(workspace.acts_path).put(KIND, draft.draft_id, recipe.as_dict())
    return replace(draft, saved_hash=recipe.content_hash())


def remove(workspace: Workspace, draft_id: str) -> None:
    """Take a recipe off the list; the acts keep it."""
    Acts(workspace.acts_path).remove(KIND, draft_id)


def draft_id_for(recipe: Recipe, taken: Sequence[str]) -> str:
    """An id for a recipe that is opened for the first time, unlike those that are taken."""
    number = 0
    while (found := digest_of({"recipe": recipe.content_hash(), "number": number})[:12]) in taken:
        number += 1
    return found


def leave(workspace: Workspace, draft: Draft | None) -> None:
    """Keep the recipe in edit over a refresh and a restart, with what was not saved; None says that it was put away."""
    state: dict[str, Any] = {"away": True}
    if draft is not None:
        stages = [lane.as_stage().model_dump(mode="json") for lane in draft.lanes]
        state = {
            "draft_id": draft.draft_id,
            "recipe": draft.recipe.as_dict(),
            "stages": stages,
            "saved_hash": draft.saved_hash,
        }
    Acts(workspace.acts_path).revise(_EDIT_KIND, lambda before: {_EDIT_KEY: state})


def left(workspace: Workspace, *, serial: int = 0) -> tuple[Draft | None, bool]:
    """(the recipe that was in edit, whether none is because it was put away); BadData when it cannot be read.

    Its stages need not fit together, as a recipe's must: they come back as they were left.
    """
    state = Acts(workspace.acts_path).all(_EDIT_KIND).get(_EDIT_KEY, {})
    if not state or state.get("away"):
        return None, bool(state)
    try:
        draft = Draft(state["draft_id"], Recipe.model_validate(state["recipe"]), (), 1, state["saved_hash"], serial)
        for stage in state["stages"]:
            draft = _append(draft, Stage.model_validate(stage))
    except (ValidationError, KeyError, TypeError) as error:
        raise BadData(
            "The recipe that was in edit here cannot be read by this version of Winnow.",
            "Open a saved recipe, or begin anew.",
        ) from error
    return draft, False

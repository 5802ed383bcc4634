"""Where a recipe in edit comes from: one kept in the workspace, the sample recipe, a selection, or a YAML file.

`DRAFT` is the recipe in edit. The workspace keeps it too, with what was not saved, so that it survives a refresh and a restart;
it is one per workspace, and what another session left last is what a new session finds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import streamlit as st

from core.errors import BadInput, StudioError
from core.mixture.kept import kept_recipes
from core.mixture.recipe import Recipe, SelectionEntry, SelectionFromFile, load_recipe, parse_recipe
from core.select import saved
from core.select.saved import SavedSelection
from studio import cached, charts, layout, session
from studio import mixture_draft as drafts
from studio.charts import Column, Row
from studio.mixture_draft import Draft
from studio.words import many, num

DRAFT: session.Slot[tuple[str, Draft] | None] = session.Slot("mixture.draft", None)
"""The workspace's folder and the recipe in edit there."""

FROM_CURATE = "selections/curate-"
"""How the file of what Curate kept at a moment begins, beside those of saved selections."""

_LEFT: session.Slot[tuple[str, Draft] | None] = session.Slot("mixture.left", None)
"""What the workspace keeps of it now, so that a run without a change writes nothing."""

_SERIAL: session.Slot[int] = session.Slot("mixture.serial", 0)
_PROBLEM: session.Slot[StudioError | None] = session.Slot("mixture.problem", None)
_SAMPLE = Path(__file__).resolve().parents[1] / "sample_data" / "recipe.yaml"
_YAML_START = "winnow_recipe: 1\nname: …"


def current() -> Draft | None:
    """The recipe in edit: this session's, else what was left in the workspace, else what was saved there last."""
    here = cached.workspace()
    held = DRAFT.get()
    if held is not None and held[0] == str(here.path):
        return held[1]
    try:
        draft, away = drafts.left(here, serial=_serial())
    except StudioError as error:
        _PROBLEM.set(error)
        put_away()
        return None
    if draft is not None or away:
        return None if draft is None else keep(draft)
    for draft_id, recipe in kept_recipes(here).items():
        return keep(drafts.opened(recipe, draft_id, saved=True, serial=_serial()))
    return None


def _serial() -> int:
    _SERIAL.set(_SERIAL.get() + 1)
    return _SERIAL.get()


def keep(draft: Draft) -> Draft:
    """Make this the recipe in edit."""
    here = cached.workspace()
    now = (str(here.path), draft)
    DRAFT.set(now)
    if _LEFT.get() != now:
        drafts.leave(here, draft)
        _LEFT.set(now)
    return draft


def put_away() -> None:
    """Close the recipe in edit and offer the beginnings again."""
    DRAFT.clear()
    _LEFT.clear()
    drafts.leave(cached.workspace(), None)


def take_up(recipe: Recipe, draft_id: str = "") -> Draft:
    """Edit a recipe; one without an id is new."""
    taken = kept_recipes(cached.workspace())
    known = draft_id or drafts.draft_id_for(recipe, list(taken))
    return keep(drafts.opened(recipe, known, saved=draft_id in taken, serial=_serial()))


# -- selections -----------------------------------------------------------------------------------------------------------


Taken = tuple[str, SelectionFromFile]
"""A selection as a recipe takes it: what it is called, and its file."""


def entry_of(one: SavedSelection) -> Taken:
    """A saved selection by its file in the workspace, held to its content."""
    return one.name, SelectionFromFile(file=one.path, sha256=one.sha256)


def curated_selection(made: session.Selected) -> Taken:
    """What Curate keeps now, as a file of the workspace named by its content, so that a recipe can hold on to it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = sha256(made.sample_ids.tobytes()).hexdigest()
    file = f"{FROM_CURATE}{content[:12]}.parquet"
    path = cached.workspace().path / file
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        rank = np.arange(1, len(made.sample_ids) + 1, dtype=np.int64)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.partial")
        pq.write_table(pa.table({"rank": rank, "sample_id": made.sample_ids}), unfinished)
        unfinished.replace(path)
    digest = sha256(path.read_bytes()).hexdigest()
    return made.name, SelectionFromFile(file=file, sha256=digest)


def saved_as(entry: SelectionEntry) -> SavedSelection | None:
    """The saved selection of this workspace whose file a recipe's selection is, the oldest of those that share one."""
    if not isinstance(entry, SelectionFromFile):
        return None
    known = saved.saved(cached.workspace())
    return next((one for one in known if (one.path, one.sha256) == (entry.file, entry.sha256)), None)


def titles(recipe: Recipe) -> dict[str, str]:
    """What people call the selections of a recipe, by key: the name they are saved under, else the key itself."""
    found = {key: saved_as(entry) for key, entry in recipe.selections.items()}
    names = {key: key if one is None else one.name for key, one in found.items()}
    taken = list(names.values())
    return {key: name if taken.count(name) == 1 else f"{name} ({key})" for key, name in names.items()}


def selection_choices() -> list[tuple[str, str, Callable[[], Taken]]]:
    """(label, key, how to get it) of every selection a part can be made of: Curate's own, then the saved ones, newest first."""
    made = session.SELECTION.get()
    found: list[tuple[str, str, Callable[[], Taken]]] = []
    if made is not None:
        found.append((f"From Curate: {made.name}", "curate", partial(curated_selection, made)))
    for one in saved.saved(cached.workspace())[::-1]:
        found.append((f"{one.name}, {many(one.num_selected, 'sample')}", one.selection_id, partial(entry_of, one)))
    return found


# -- the beginnings -------------------------------------------------------------------------------------------------------


def sample_recipe() -> Recipe | None:
    """The recipe shipped with the sample data, when its sources are in this workspace."""
    if not _SAMPLE.is_file():
        return None
    recipe = load_recipe(_SAMPLE)
    there = {row["source"] for row in cached.ask("sources_table").to_pylist()}
    return recipe if {entry.name for entry in recipe.sources} <= there else None


def chooser(key: str) -> None:
    """The ways to begin, as a list to click and a place for YAML."""
    tell()
    kept, fresh = st.columns([1, 1], gap="medium")
    with kept:
        _kept_list(key)
        _selection_list(key)
    with fresh:
        sample = sample_recipe()
        if sample is not None:
            layout.section("Sample recipe", f"{many(len(sample.stages), 'stage')}, about two minutes on two CPU cores")
            st.button(
                f"Open {layout.verbatim(sample.name)}", key=f"{key}-sample", on_click=_guarded, args=(take_up, sample)
            )
        _yaml_form(key)


def _kept_list(key: str) -> None:
    recipes = kept_recipes(cached.workspace())
    if not recipes:
        return
    layout.section("Kept in this workspace")
    rows = [
        Row((recipe.name, num(len(recipe.stages)), recipe.model.preset), key=draft_id)
        for draft_id, recipe in recipes.items()
    ]
    columns = (Column("Recipe", "grow"), Column("Stages", "number", 60), Column("Model", "soft", 110))
    charts.rows(columns, rows, key=f"{key}-kept", on_pick=lambda one: _guarded(take_up, recipes[one], one), tall_px=190)


def _selection_list(key: str) -> None:
    choices = selection_choices()
    layout.section("Start from a selection", "the projector first, then everything, at growing resolution")
    if not choices:
        layout.small("No selection is saved yet. Choose one on Curate and save it there.")
        st.button("Curate a selection", key=f"{key}-curate", on_click=session.go_to, args=("curate",))
        return
    by_key = {one: (label, get) for label, one, get in choices}
    rows = [Row((label,), key=one) for label, one, _ in choices]
    charts.rows(
        (Column("Selection", "grow"),), rows, key=f"{key}-selections", on_pick=lambda one: _guarded(_begin, by_key[one][1]), tall_px=190
    )  # fmt: skip


def _begin(get: Callable[[], Taken]) -> None:
    name, entry = get()
    take_up(drafts.new_recipe(_recipe_name(name), drafts.key_for(name, ()), entry))


def _recipe_name(name: str) -> str:
    kept = "".join(char if char.isalnum() or char in " ._-" else " " for char in name)
    return " ".join(kept.split())[:80].lstrip(" .-") or "mixture"


def _yaml_form(key: str) -> None:
    layout.section("Recipe file", "YAML, as the command line takes it")
    given = st.file_uploader("Recipe file", ["yaml", "yml"], key=f"{key}-file", label_visibility="collapsed")
    text = st.text_area(
        "Or paste it", key=f"{key}-text", placeholder=_YAML_START, height=110, label_visibility="collapsed"
    )
    if st.button("Open the recipe", key=f"{key}-yaml"):
        try:
            _from_yaml(given.getvalue() if given is not None else text.encode())
        except StudioError as error:
            layout.problem(error)
        else:
            st.rerun()


def _from_yaml(content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"The recipe is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from error
    if not text.strip():
        raise BadInput("There is no recipe.", "Choose a file, or paste its text.")
    take_up(parse_recipe(text))


def _guarded(act: Callable[..., object], *given: object) -> None:
    """An act whose problem is told at the next drawing, since callbacks run before it."""
    try:
        act(*given)
    except StudioError as error:
        _PROBLEM.set(error)


def guarded(act: Callable[..., object], *given: object) -> None:
    """The same for the other parts of the page."""
    _guarded(act, *given)


def tell() -> None:
    """Draw what went wrong in the last act, once."""
    error = _PROBLEM.take()
    if error is not None:
        layout.problem(error)

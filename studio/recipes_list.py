"""Which recipes there are, which two are held against each other, and what can be done with them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from core.errors import BadInput, StudioError
from studio import cached, charts, layout, mixture_start, recipes_cached, session
from studio.address_slot import AddressSlot
from studio.charts import Column, Row
from studio.mixture_export import slug
from studio.recipes_cached import Entry
from studio.runs_list import ago
from studio.words import num

FIRST = AddressSlot("recipes.first", "", "a")
SECOND = AddressSlot("recipes.second", "", "b")
NEWER = AddressSlot("recipes.newer", "", "newer", ("", "yes"))
"""Whether sources of a recipe may be gone or other ones than it was made with."""

_TITLES = {"kept": "kept in the workspace", "export": "frozen in an export"}


def pair(entries: Sequence[Entry]) -> tuple[Entry | None, Entry, BadInput | None]:
    """(the first, the second, what the address asks for in vain): by default the newest beside the one before it."""
    by_key = {one.key: one for one in entries}
    asked = [FIRST.get(), SECOND.get()]
    absent = [key for key in asked if key and key not in by_key]
    problem = None
    if absent:
        problem = BadInput(
            f"The address asks for a recipe that is not in this workspace ({', '.join(repr(key[:40]) for key in absent)}).",
            "Choose recipes in the lists.",
        )
    second = by_key.get(asked[1]) or next(one for one in entries if one.key != asked[0] or len(entries) == 1)
    first = by_key.get(asked[0]) or next((one for one in entries if one.key != second.key), None)
    if first is not None and first.key == second.key and not (asked[0] and asked[1]):
        first = next((one for one in entries if one.key != second.key), None)
    return first, second, problem


def words(entries: Sequence[Entry]) -> dict[str, str]:
    """What each recipe is called in a list: its name, and what tells it from others of that name."""
    names = [one.name for one in entries if one.kind == "kept"]
    said = {}
    for one in entries:
        more = "" if one.kind == "kept" else f", exported to {one.place.rsplit('/', 1)[-1]}"
        more += f" ({one.recipe.content_hash()[:4]})" if names.count(one.name) > 1 and one.kind == "kept" else ""
        said[one.key] = one.name + more
    return said


def chooser(entries: Sequence[Entry], first: Entry, second: Entry) -> None:
    """The two recipes, and the sign that turns them round."""
    said = words(entries)
    for letter, key, chosen, look in (("A", "recipes-a", first, "first"), ("B", "recipes-b", second, "second")):
        st.html(f'<span class="c-letter {look}">{letter}</span>', width="content")
        session.seed(key, chosen.key)
        st.selectbox(
            f"Recipe {letter}", list(said), key=key, format_func=lambda one: said.get(str(one), str(one)),
            on_change=_choose, label_visibility="collapsed", width=300,
        )  # fmt: skip
    st.button(
        "Swap", icon=":material/swap_horiz:", key="recipes-swap", type="tertiary", on_click=show,
        args=(second.key, first.key), help="Look at it the other way round.",
    )  # fmt: skip


def show(first: str, second: str) -> None:
    """Hold these two against each other."""
    FIRST.set(first)
    SECOND.set(second)


def _choose() -> None:
    show(str(session.held("recipes-a")), str(session.held("recipes-b")))


def acts(first: Entry | None, second: Entry) -> None:
    """The YAML of either recipe, and the main action: the second one in edit."""
    with st.popover("Files", icon=":material/description:", type="tertiary"):
        for letter, one in (("A", first), ("B", second)):
            if one is not None:
                st.download_button(
                    f"Download {letter} as YAML", one.recipe.to_yaml(), f"{slug(one.name)}.yaml", "application/yaml",
                    key=f"recipes-yaml-{letter}", icon=":material/download:", on_click="ignore", width="stretch",
                )  # fmt: skip
    label = "Open B in Mixture" if first is not None else "Open in Mixture"
    st.button(label, type="primary", icon=":material/edit:", key="recipes-open", on_click=edit, args=(second,))


def edit(one: Entry) -> None:
    """Take a recipe up on Mixture: one that is kept under its own id, any other as a new one.

    Where its sources may be gone or other ones, it is a new one that takes the data as they are.
    """
    recipe, draft_id = one.recipe, one.key if one.kind == "kept" else ""
    if NEWER.get() == "yes" and recipes_cached.moved_since(one) is not None:
        recipe, draft_id = recipe.model_copy(update={"snapshot": "", "sources": ()}), ""
    mixture_start.guarded(mixture_start.take_up, recipe, draft_id)
    session.go_to("mixture")


def table(entries: Sequence[Entry], first: Entry | None, second: Entry, problems: Sequence[StudioError]) -> None:
    """Every recipe; a click makes it the second, and what was the second the first."""
    layout.section("Recipes of this workspace", "a click compares one with the last one chosen")
    snapshot, now = cached.lens().snapshot, time.time()
    num_kept = sum(one.kind == "kept" for one in entries)
    rows = []
    for one in entries:
        samples = recipes_cached.num_samples(one, num_kept)
        frozen = one.recipe.snapshot
        rows.append(
            Row(
                (
                    {"text": one.name, "says": one.place or _TITLES[one.kind]},
                    {"text": "kept" if one.kind == "kept" else f"export, {one.target}", "says": _TITLES[one.kind]},
                    num(len(one.recipe.stages)),
                    "–" if samples is None else num(samples),
                    {"text": one.recipe.content_hash()[:8], "says": one.recipe.content_hash()},
                    {"text": frozen[:8] or "not frozen", "says": frozen or "It takes the data as they are."},
                    {"text": "" if not frozen else "the data of now" if frozen == snapshot else "older data"},
                    ago(one.at or None, now),
                ),
                key=one.key,
                on=one.key in (second.key, first.key if first is not None else ""),
            )
        )
    columns = (
        Column("Recipe", "grow"), Column("From", "soft", 140), Column("Stages", "number", 64), Column("Samples", "number", 84),
        Column("Hash", "soft", 84), Column("Snapshot", "soft", 90), Column("", "soft", 110), Column("When", "soft", 130),
    )  # fmt: skip
    charts.rows(
        columns, rows, key="recipes-table", on_pick=lambda key: show(second.key, key) if key != second.key else None, tall_px=360
    )  # fmt: skip
    for error in problems:
        layout.problem(error)

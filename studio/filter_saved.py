"""Saved filters in the filters bar: keep the filter on screen under a name, apply one, rename it, delete it and take that back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import StudioError
from core.filters import Filter
from core.store import named_filters
from core.store.named_filters import NamedFilter
from studio import cached, layout, refused, session
from studio.filter_search import cleared_by_click
from studio.words import num

_RENAMED: session.Slot[str] = session.Slot("filters.renamed", "")
_DELETED: session.Slot[NamedFilter | None] = session.Slot("filters.deleted", None)
_PROBLEM: session.Slot[StudioError | None] = session.Slot("filters.problem", None)
_NEW_NAME = "save-filter-name"
_WIDE_PX = 340


def saved_chip(chosen: Filter) -> None:
    """The chip at the end of the bar: the name of the filter on screen where it has one; opens the list."""
    entries = named_filters.saved(cached.workspace())
    here = next((entry for entry in entries if entry.chosen == chosen), None)
    name = "Saved filters" if here is None else here.name if len(here.name) <= 24 else f"{here.name[:23]}…"
    with st.container(horizontal=True, width="content", gap=None, key="chip-saved"):
        opened = st.popover(
            layout.verbatim(name),
            icon=":material/filter_alt:",
            key="popover-saved",
            on_change="rerun",
            type="secondary" if here is None else "primary",
        )
        if opened.open:
            with opened:
                _list(entries, chosen)
                _deleted()
                if (problem := _PROBLEM.take()) is not None:
                    layout.problem(problem)
                _save_form(entries, chosen, here)


def listed_chip(chosen: Filter) -> None:
    """The chip of a list of samples, such as those drawn on the map, while the filter names one."""
    if chosen.listed:
        cleared_by_click(f"list: {_count(Filter(listed=chosen.listed))}", "the list", _clear_list)


def _clear_list() -> None:
    session.set_filter(session.chosen_filter().without("listed"))


def _list(entries: list[NamedFilter], chosen: Filter) -> None:
    if not entries:
        layout.small("No filter is saved yet.")
    for entry in entries:
        with st.container(
            horizontal=True,
            vertical_alignment="center",
            gap="small",
            width=_WIDE_PX,
            key=f"saved-filter-{entry.filter_id}",
        ):
            key = f"rename-{entry.filter_id}"
            if _RENAMED.get() == entry.filter_id:
                refused.seed(key, entry.name)
                st.text_input("Name", key=key, label_visibility="collapsed", on_change=_rename, args=(entry.filter_id,))
            else:
                st.button(
                    layout.verbatim(entry.name), key=f"apply-{entry.filter_id}", type="tertiary", width="stretch", on_click=_apply,
                    args=(entry.chosen,), icon=":material/check:" if entry.chosen == chosen else None,
                )  # fmt: skip
                st.html(f'<span class="w-count">{_count(entry.chosen)}</span>', width="content")
            st.button(
                "", icon=":material/edit:", key=f"renaming-{entry.filter_id}", type="tertiary", help="Rename",
                on_click=_edit, args=(entry.filter_id,),
            )  # fmt: skip
            st.button(
                "", icon=":material/delete:", key=f"delete-{entry.filter_id}", type="tertiary", help="Delete",
                on_click=_guarded, args=(_delete, entry.filter_id),
            )  # fmt: skip
        if _RENAMED.get() == entry.filter_id:
            with st.container(width=_WIDE_PX, key=f"refused-{entry.filter_id}"):
                refused.tell(key)


def _count(chosen: Filter) -> str:
    """How many samples a saved filter lets through; a dash when it cannot be used here any more."""
    try:
        return num(cached.count(chosen))
    except StudioError:
        return "–"


def _save_form(entries: list[NamedFilter], chosen: Filter, here: NamedFilter | None) -> None:
    if chosen.is_empty:
        layout.small("Choose a source, a tag or another limit; it can then be saved here under a name.")
    elif here is None:
        with st.form("save-filter", border=False, width=_WIDE_PX):
            refused.again(_NEW_NAME)
            st.text_input("Save the filter on screen as", key=_NEW_NAME, max_chars=80)
            st.form_submit_button("Save filter", on_click=_save)
            refused.tell(_NEW_NAME)
        if entries:
            layout.small("A name that is taken stands for the new filter from then on.")


def _deleted() -> None:
    entry = _DELETED.get()
    if entry is not None:
        with st.container(horizontal=True, vertical_alignment="center", width=_WIDE_PX, key="deleted-filter"):
            layout.small(f"Deleted {entry.name}.")
            st.button("Undo", key="undelete-filter", on_click=_guarded, args=(_undelete,))


# -- acts ---------------------------------------------------------------------------------------------------------------


def _guarded(act: Callable[..., None], *given: str) -> None:
    """An act whose problem is told in the list at the next drawing, since callbacks run before it."""
    try:
        act(*given)
    except StudioError as error:
        _PROBLEM.set(error)


def _apply(chosen: Filter) -> None:
    session.set_filter(chosen)


def _save() -> None:
    with refused.kept(_NEW_NAME):
        named_filters.save(cached.workspace(), str(session.held(_NEW_NAME) or ""), session.chosen_filter())
        session.seed(_NEW_NAME, "")
        _DELETED.clear()


def _edit(filter_id: str) -> None:
    """Open the name of a filter for another one, or leave it as it was."""
    refused.forget(f"rename-{filter_id}")
    _RENAMED.set("" if _RENAMED.get() == filter_id else filter_id)


def _rename(filter_id: str) -> None:
    key = f"rename-{filter_id}"
    with refused.kept(key):
        named_filters.rename(cached.workspace(), filter_id, str(session.held(key) or ""))
        _RENAMED.clear()


def _delete(filter_id: str) -> None:
    _DELETED.set(named_filters.remove(cached.workspace(), filter_id))


def _undelete() -> None:
    entry = _DELETED.take()
    if entry is not None:
        named_filters.undo(cached.workspace(), entry.filter_id)

"""The saved selections of a workspace on Curate: keep one, take one up again, and rename, copy, compare or delete it.

Each of these is an act that can be undone.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from core.errors import BadInput, StudioError
from core.filters import Filter
from core.select import methods, saved
from core.select.ordering import Selection
from core.select.saved import SavedSelection
from core.select.words import filter_words, method_title
from studio import cached, charts, compare_state, curate_state, downloads, layout, refused, session
from studio.charts import Column, Row
from studio.words import Note, many, num, share, tables_said

_OPENED: session.Slot[str] = session.Slot("saved.opened", "")
_CHANGED: session.Slot[bool] = session.Slot("saved.changed", False)
_TOLD: session.Slot[str] = session.Slot("saved.told", "")
_TYPED: session.Slot[str] = session.Slot("saved.typed", "")
"""The name that was typed for the selection to save, which a change of the budget leaves as it is."""

_SAVED_AS: session.Slot[str] = session.Slot("saved.saved-as", "")
"""What the selection that was saved last would be called."""

_NAME = "saved-name"


def save_button(chosen: Filter, kept: Selection) -> None:
    """The page's main action: keep this selection under a name."""
    # No number in the label: it would change with every budget, later than all figures do.
    with st.popover("Save selection", type="primary", icon=":material/bookmark:"):
        suggested = _suggested(kept)
        if _SAVED_AS.get() not in ("", suggested):  # what is named next is another selection
            _SAVED_AS.set("")
            _TYPED.set("")
        session.seed("save-name", _TYPED.get() or suggested)  # follows the budget until somebody types
        name = st.text_input("Name", key="save-name", on_change=_typed)
        if st.button(f"Save {many(kept.num, 'sample')}", type="primary", key="save-selection", width="stretch"):
            try:
                st.toast(_save(chosen, kept, name.strip()))
            except StudioError as error:
                layout.problem(error)  # here, so that the rest of the page stays


def _suggested(kept: Selection) -> str:
    return f"{methods.method(kept.ordering.method).title} {share(kept.num, len(kept.ordering.pool))}"


def _typed() -> None:
    _TYPED.set(str(session.held("save-name") or ""))


def _save(chosen: Filter, kept: Selection, name: str) -> str:
    """Keep the selection; gives the sentence that says so, or that it was kept before."""
    if not name:
        raise BadInput("The selection has no name.", "Type one.")
    before = {one.selection_id for one in saved.saved(cached.workspace())}
    entry = saved.save(cached.workspace(), kept, name=name, budget=str(kept.budget), chosen=chosen)
    if entry.selection_id in before:
        return f"{layout.verbatim(entry.name)} is saved already: nothing has changed since."
    curate_state.did(f"save {entry.name}", entry.selection_id, None, entry)
    _SAVED_AS.set(_suggested(kept))
    return f"Saved {layout.verbatim(entry.name)}: {many(entry.num_selected, 'sample')}"


def saved_list() -> None:
    """The selections of this workspace: a click takes one up again, its dots open what can be done with it."""
    entries = saved.saved(cached.workspace())[::-1]
    told = _TOLD.take()
    if told:
        st.toast(told)
    if not entries:
        return
    layout.section("Saved selections", f"{num(len(entries))} in this workspace")
    older = {one.selection_id: _older(one) for one in entries}
    marked = any(older.values())
    rows = [
        Row(
            (
                {"text": one.name, "says": _says(one)},
                num(one.num_selected),
                *([_mark(older[one.selection_id])] if marked else []),
                {"key": one.selection_id, "says": f"Rename, copy, compare or delete {one.name}"},
            ),
            key=one.selection_id,
        )
        for one in entries
    ]
    columns = (
        Column("Selection", "grow"),
        Column("Samples", "number", 62),
        *([Column("", "chip", 56)] if marked else []),
        Column("", "more", 34),
    )
    charts.rows(columns, rows, key="saved-list", on_pick=_take_up, on_more=_OPENED.set, tall_px=170)
    opened = _OPENED.get()
    entry = next((one for one in entries if one.selection_id == opened), None)
    if entry is not None:
        _dialog(entry)


def _says(entry: SavedSelection) -> str:
    return f"{entry.name}\n{method_title(entry.method)}, seed {entry.seed}: take it up again"


def _mark(older: str) -> dict[str, str] | None:
    return {"text": "older", "look": "note", "says": older} if older else None


def _older(entry: SavedSelection) -> str:
    """What of the data changed after a selection was made, as a sentence; "" when nothing did."""
    tables = saved.moved_since(cached.workspace(), entry, cached.lens().versions)
    return f"Made of an earlier state of the data. Changed since: {tables_said(tables)}." if tables else ""


def _take_up(selection_id: str) -> None:
    curate_state.take_up(saved.find(cached.workspace(), selection_id))


# -- one of them ------------------------------------------------------------------------------------------------------------


def _close() -> None:
    _OPENED.clear()
    refused.forget(_NAME)


@st.dialog("Saved selection", on_dismiss=_close)
def _dialog(entry: SavedSelection) -> None:
    """What a saved selection is, and what can be done with it."""
    if _CHANGED.take():
        st.rerun()  # a dialog runs by itself: the page behind it has to follow
    here = cached.workspace()
    refused.seed(_NAME, entry.name)
    st.text_input("Name", key=_NAME, on_change=_rename, args=(entry,), max_chars=120)
    refused.tell(_NAME)
    older = _older(entry)
    if older:
        layout.badges([Note("older data: made before the last change", older)])
    layout.facts(
        [
            ("samples", f"{num(entry.num_selected)} of {num(entry.pool_size)}"),
            ("method", f"{method_title(entry.method)}, seed {entry.seed}"),
            ("filter", filter_words(entry.chosen)),
            ("saved", saved.saved_at(here, entry)[:16].replace("T", " ") + " UTC"),
            ("data", entry.snapshot[:12]),
            ("file", entry.sha256[:12]),
        ]
    )
    with st.container(horizontal=True, key="saved-acts"):
        st.button("Copy", icon=":material/content_copy:", key="saved-copy", on_click=_copy, args=(entry,))
        st.button("Compare", icon=":material/compare_arrows:", key="saved-compare", on_click=_compare, args=(entry,))
        st.html(
            f'<a class="w-download" href="{escape(downloads.report_url(here, entry.selection_id))}" '
            f"download>Report</a>",
            width="content",
        )
        st.button("Delete", icon=":material/delete:", key="saved-delete", on_click=_delete, args=(entry,))
    layout.small("Undo brings back a deleted or renamed one.")


def _rename(entry: SavedSelection) -> None:
    with refused.kept(_NAME):
        renamed = saved.rename(cached.workspace(), entry, str(session.held(_NAME) or ""))
        _CHANGED.set(True)
        if renamed != entry:
            curate_state.did(f"rename {entry.name} to {renamed.name}", entry.selection_id, entry, renamed)


def _copy(entry: SavedSelection) -> None:
    copied = saved.duplicate(cached.workspace(), entry)
    curate_state.did(f"copy {entry.name}", copied.selection_id, None, copied)
    _OPENED.set(copied.selection_id)
    _CHANGED.set(True)


def _delete(entry: SavedSelection) -> None:
    saved.remove(cached.workspace(), entry)
    curate_state.did(f"delete {entry.name}", entry.selection_id, entry, None)
    _close()
    _CHANGED.set(True)
    _TOLD.set(f"Deleted {layout.verbatim(entry.name)}. Undo brings it back.")


def _compare(entry: SavedSelection) -> None:
    compare_state.put_first(entry.selection_id)
    _close()
    _CHANGED.set(True)
    session.go_to("compare")

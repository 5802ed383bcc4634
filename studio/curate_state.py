"""What Curate is set to: method, settings, seed, budget, filter and constraints, as one frozen value.

The address says it, a workspace keeps it over a restart, and every change of it is an act that can be undone. Parts of the page
keep their own small values in the slots here; `start` looks whether they have become another state, `remember` says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.errors import BadInput, StudioError
from core.select import methods, pins, saved
from core.select.budget import parse_budget
from core.select.constraints import Constraints
from core.store import ratings
from studio import cached, forms, history, layout, session
from studio.curate_value import (
    DEFAULT_METHOD,
    DEFAULT_SHARE,
    PARAMETERS,
    CurateState,
    difference,
    samples_of,
    state_from_query,
    state_to_query,
)
from studio.history import Act, Change, History

METHOD: session.Slot[str] = session.Slot("curate.method", DEFAULT_METHOD)
SEED: session.Slot[int] = session.Slot("curate.seed", 0)
SHARE: session.Slot[float] = session.Slot("curate.share", DEFAULT_SHARE)
SETTINGS: session.Slot[dict[str, Any]] = session.Slot("curate.settings", {})
CONSTRAINTS: session.Slot[Constraints] = session.Slot("curate.constraints", Constraints())

_FOLDER: session.Slot[str] = session.Slot("curate.folder", "")
_REMEMBERED: session.Slot[CurateState | None] = session.Slot("curate.remembered", None)
_ARRIVED: session.Slot[CurateState | None] = session.Slot("curate.arrived", None)
_WRITTEN: session.Slot[dict[str, list[str]] | None] = session.Slot("curate.written", None)
_ASKED: session.Slot[str] = session.Slot("curate.asked", "")
_PENDING: session.Slot[Act | None] = session.Slot("curate.pending", None)
_PUT: session.Slot[bool] = session.Slot("curate.put", False)
_ACTED: session.Slot[bool] = session.Slot("curate.acted", False)
_SILENT: session.Slot[bool] = session.Slot("curate.silent", False)
_FORM: session.Slot[tuple[str, dict[str, Any]]] = session.Slot("curate.form", ("", {}))
_WRONG: session.Slot[StudioError | None] = session.Slot("curate.wrong", None)


# -- the state of this run ------------------------------------------------------------------------------------------------


def now() -> CurateState:
    """The state in force, as the slots and the shared filter say it."""
    settings = methods.settings(METHOD.get(), SETTINGS.get()).model_dump(mode="json")
    return CurateState(
        method=METHOD.get(),
        settings=settings,
        seed=SEED.get(),
        share=SHARE.get(),
        chosen=session.chosen_filter(),
        constraints=CONSTRAINTS.get(),
    )


def put(state: CurateState) -> None:
    """Set Curate to a state: slots, widgets and the shared filter. Before the widgets are drawn, or from a callback."""
    method = methods.method(state.method)
    METHOD.set(state.method)
    SEED.set(state.seed)
    SHARE.set(state.share)
    SETTINGS.set(dict(state.settings))
    CONSTRAINTS.set(state.constraints)
    forms.fill(method, key=f"method-{state.method}", values=state.settings)
    if state.chosen != session.chosen_filter():
        session.set_filter(state.chosen)
    _ASKED.clear()
    _PUT.set(True)


def take_up(entry: saved.SavedSelection) -> None:
    """Set Curate to what a saved selection was made with; from a callback. An act like any other.

    Its pinned and never kept samples become the lists of the workspace, which is an act of its own.
    """
    lists = pins.Lists(pins=entry.constraints.pins, never=entry.constraints.never)
    before = pins.read(cached.workspace())
    if lists != before:
        pins.replace(cached.workspace(), lists)
        listed(f"lists of {entry.name}", before, lists)
    put(
        CurateState(
            method=entry.method,
            settings=entry.settings,
            seed=entry.seed,
            share=entry.num_selected / max(entry.pool_size, 1),
            chosen=entry.chosen,
            constraints=entry.constraints.model_copy(update={"pins": (), "never": ()}),
        )
    )
    _PUT.clear()
    acted()


def acted() -> None:
    """Called by what changes the state from a callback: in the coming run the address is told, not asked."""
    _ACTED.set(True)


def budget_of(size: int) -> int:
    """The budget in force, in samples of a pool of this size: at least one, at most all."""
    asked = _ASKED.take()
    if asked:
        try:
            count = parse_budget(asked).count(size)
            if count != samples_of(
                SHARE.get(), size
            ):  # a share that means these samples already stays as exact as it is
                SHARE.set(count / size)
        except StudioError as error:
            _WRONG.set(BadInput(f"The address asks for a budget of {asked[:40]}. {error.problem}", error.fix))
    return samples_of(SHARE.get(), size)


def took(settings: Mapping[str, Any]) -> None:
    """The settings the form gives in this run."""
    SETTINGS.set(dict(settings))
    _FORM.set((METHOD.get(), _form()))


def _form() -> dict[str, Any]:
    method = METHOD.get()
    return forms.held(methods.method(method), key=f"method-{method}")


def _look_ahead() -> None:
    """Take what was just typed into the form before it is drawn, so that a change counts even if the page cannot be shown."""
    drawn, before = _FORM.get()
    held = _form()
    changed = {name: value for name, value in held.items() if drawn != METHOD.get() or before.get(name) != value}
    SETTINGS.set({**(SETTINGS.get() if drawn == METHOD.get() else {}), **changed})


# -- the address, and what a workspace keeps ------------------------------------------------------------------------------


def start() -> StudioError | None:
    """Settle the state at the top of the page, before anything is drawn; gives back what was wrong with the address.

    An address that was edited, shared or reached with the back button wins; a new session goes on where the workspace was
    left; otherwise everything stays as it is.
    """
    folder, query, acting = str(cached.workspace().path), _query(), _ACTED.take()
    fresh = _FOLDER.get() != folder
    _SILENT.clear()
    if not acting:
        _PUT.clear()  # of a run that ended early
    try:
        if fresh:
            _FOLDER.set(folder)
            _PENDING.clear()
            _ARRIVED.clear()
            state = left_in()
            put(state)
            _REMEMBERED.set(state)
        if query and (fresh or (not acting and query != _WRITTEN.get())):
            _from_address(query)
        elif not query and not acting and not fresh and session.stayed():
            # Back at the address without parameters: what was shown there, and one step further back leads off the page.
            arrived = _ARRIVED.get()
            _SILENT.set(True)
            if arrived is not None and arrived != _REMEMBERED.get():
                put(arrived)
                _PUT.clear()
    except StudioError as error:
        return error
    finally:
        if not _ASKED.get():  # a budget from the address waits for the size of the pool
            _keep()
    return None


def _keep() -> None:
    """Record the state as an act where it is another than before; a form that does not fit is no state yet."""
    if not _PUT.get():
        _look_ahead()
    try:
        state = now()
    except (StudioError, ValidationError):
        return
    _record(state)


def left_in() -> CurateState:
    """The state the workspace was left in; a filter that is set in this session already stays."""
    kept = history.read(cached.workspace()).now
    state = CurateState()
    if kept is not None:
        try:
            state = CurateState.model_validate(kept)
            methods.settings(state.method, state.settings)
        except (ValidationError, StudioError):
            state = CurateState()  # of another version of the program
    chosen = session.chosen_filter()
    return state if chosen.is_empty else state.model_copy(update={"chosen": chosen})


def current() -> CurateState:
    """The state Curate is in, for other pages: as this session left it, else as the workspace was left."""
    state = _REMEMBERED.get() if _FOLDER.get() == str(cached.workspace().path) else None
    return left_in() if state is None else state.model_copy(update={"chosen": session.chosen_filter()})


def _from_address(query: Mapping[str, Sequence[str]]) -> None:
    """Set Curate to what an address says, the filter is there already; BadInput names what cannot be read."""
    put(state_from_query(query, now()))
    _PUT.clear()  # a change like any other, which can be undone
    _ASKED.set(next(iter(query.get("budget", ())), ""))


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in PARAMETERS if name in st.query_params}


def remember(budget: int | None) -> None:
    """Say the state in the address; once per run, when all parts of the page have spoken. None when nothing can be kept.

    What was wrong with the budget an address asked for is told here, where the size of the pool is known.
    """
    wrong = _WRONG.take()
    if wrong is not None:
        layout.problem(wrong)
    state = now()
    _record(state)
    _PUT.clear()
    if budget is None:
        _write()
        return
    if _ARRIVED.get() is None or not session.stayed():
        _ARRIVED.set(state)
    query = state_to_query(state, budget)
    if not _SILENT.get():
        if _query() != query:
            others = {name: st.query_params.get_all(name) for name in st.query_params if name not in PARAMETERS}
            st.query_params.from_dict({**others, **query})
        _WRITTEN.set(query)
    _write()


def _record(state: CurateState) -> None:
    """Keep a state that is another than before as an act, unless it was undone, done again or gone on with."""
    before = _REMEMBERED.get() or state
    if state != before and not _PUT.get():
        change = Change(kind="curate", before=before.model_dump(mode="json"), after=state.model_dump(mode="json"))
        _write()
        _PENDING.set(Act(says=difference(before, state), changes=(change,)))
    _REMEMBERED.set(state)


def _write() -> None:
    """Put the act of this run on disk: last of all, since a disk takes longer than all figures of a budget."""
    pending = _PENDING.take()
    if pending is not None:
        history.record(cached.workspace(), pending)


def history_now() -> History:
    """The history as it is once the act of this run is written."""
    kept, pending = history.read(cached.workspace()).history, _PENDING.get()
    return kept if pending is None else kept.done(pending)


def did(says: str, key: str, before: saved.SavedSelection | None, after: saved.SavedSelection | None) -> None:
    """Keep what was done to a saved selection as an act."""
    _write()
    states = (None if one is None else one.model_dump(mode="json") for one in (before, after))
    change = Change(kind="selection", key=key, before=next(states), after=next(states))
    history.record(cached.workspace(), Act(says=says, changes=(change,)))


def did_one(says: str, change: Change) -> None:
    """Keep one change that is none of Curate's own state as an act."""
    _write()
    history.record(cached.workspace(), Act(says=says, changes=(change,)))


def listed(says: str, before: pins.Lists, after: pins.Lists) -> None:
    """Keep what was done to the lists of pinned and never kept samples as an act."""
    if before != after:
        _write()
        change = Change(kind="lists", before={"digest": before.digest}, after={"digest": after.digest})
        history.record(cached.workspace(), Act(says=says, changes=(change,)))


# -- undo and redo --------------------------------------------------------------------------------------------------------


def step(back: bool) -> Act | None:
    """Put back what the last act changed, or do again what was undone last; the act, None when there is none."""
    here = cached.workspace()
    _write()
    act = history.step(here, back)
    if act is None:
        return None
    acted()
    for change in act.changes[::-1] if back else act.changes:
        state = change.towards(back)
        if change.kind == "selection":
            saved.put_back(here, change.key, state)
        elif change.kind == "rating":
            ratings.put_back(here, change.key, state)
        elif change.kind == "lists" and state is not None:
            pins.put_back(here, str(state["digest"]))
        elif state is not None:
            put(CurateState.model_validate(state))
    return act

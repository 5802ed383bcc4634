"""The parts of Curate: the method and its settings, the map with the budget slider, and what the budget makes of the pool.

What is set lives in `curate_state`. The budget is a share of the pool it was set for, so it keeps its meaning when the filter
changes.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import BadInput, MissingEvidence
from core.filters import Filter
from core.select import methods
from core.select.ordering import Selection
from core.select.uniform import Random
from core.store.ids import digest_of
from studio import (
    cached,
    costly,
    curate_constraints,
    curate_map,
    curate_state,
    gallery,
    layout,
    method_choice,
    session,
    style,
)
from studio.address_slot import AddressSlot
from studio.cached_curate import InForce, along, chosen_of, without_rules
from studio.curate_state import METHOD, SEED, SHARE, budget_of
from studio.map import MapEvent
from studio.words import many

_OUTCOME = "curate-outcome"
_SHOWN = AddressSlot("curate.shown", "Sources", "spread", ("Sources", "Styles", "Skills", "Tags"))
_SEED_PROBLEM: session.Slot[BadInput | None] = session.Slot("curate.seed-problem", None)


def settings_panel() -> dict[str, Any]:
    """The method, its settings and the seed; gives the settings as plain values."""
    method_choice.choose(METHOD.get(), _choose_method)
    with st.container(key="curate-buttons"):
        beside = st.columns(2, gap="small")
    with beside[0], st.popover("Settings", icon=":material/tune:", width="stretch"):
        chosen = method_choice.settings(METHOD.get())
        session.seed("curate-seed", str(SEED.get()))  # as text: seeds go to 2^64, numbers in a browser to 2^53
        st.text_input(
            "Seed",
            key="curate-seed",
            on_change=_choose_seed,
            help="A whole number; decides ties, and the order of random.",
        )
        problem = _SEED_PROBLEM.take()
        if problem is not None:
            layout.problem(problem)
    settings = chosen.model_dump(mode="json")
    curate_state.took(settings)
    with beside[1]:
        curate_constraints.button()
    if problem is not None:
        layout.problem(problem)  # once more where it shows when leaving the field has closed the settings
    return settings


def _choose_method() -> None:
    curate_state.acted()
    METHOD.set(str(session.held("curate-method")))


def _choose_seed() -> None:
    curate_state.acted()
    text = str(session.held("curate-seed") or "0")
    try:
        SEED.set(int(text) % 2**64)
    except ValueError:
        _SEED_PROBLEM.set(
            BadInput(f"The seed {text[:40]!r} is not a whole number.", f"Type one such as 7; it stays {SEED.get()}.")
        )


def selection(chosen: Filter, settings: dict[str, Any]) -> Selection | None:
    """What the method keeps of the pool within the budget; also handed to the pages that compare with it.

    None where constraints contradict each other, or the method lacks its evidence or cannot take its settings, which is said in
    place: what mends it stands beside.
    """
    rules = curate_constraints.now()
    try:
        kept = _kept(chosen, settings, rules)
    except costly.NotAgreed as waiting:
        costly.button(waiting)
        return None
    except (BadInput, MissingEvidence) as error:
        layout.problem(method_choice.on_page(error))
        return None
    curate_constraints.line()
    name = f"{methods.method(METHOD.get()).title}, {many(kept.num, 'sample')}"
    digest = digest_of(
        [
            cached.current_version(),
            chosen.model_dump(),
            METHOD.get(),
            settings,
            SEED.get(),
            kept.num,
            rules.key,
        ]
    )
    session.SELECTION.set(session.Selected(name, kept.sample_ids, digest))
    return kept


def _kept(chosen: Filter, settings: dict[str, Any], rules: InForce) -> Selection:
    return chosen_of(chosen, METHOD.get(), settings, SEED.get(), rules, budget_of)


# -- the map ------------------------------------------------------------------------------------------------------------


def budget_picture(chosen: Filter, kept: Selection) -> MapEvent:
    """The map with its slider; says which sample was clicked and which ones a box or lasso holds."""
    size = kept.ordering.pool_size
    return curate_map.picture(chosen, kept, on_release=lambda budget: _release(budget, size))


def without_selection(chosen: Filter, settings: dict[str, Any]) -> MapEvent:
    """The picture where nothing can be kept as it is set, so that the page stays and another budget can be tried; it says so.

    Without the limits, when it is they that contradict each other; else as Random would choose.
    """
    says = "Shown without the limits, which contradict each other."
    try:
        kept = _kept(chosen, settings, curate_constraints.without_limits())
    except (BadInput, MissingEvidence) as error:
        why = "is not computed yet" if isinstance(error, costly.NotAgreed) else "cannot order this pool yet"
        says = f"Shown as Random would choose: {methods.method(METHOD.get()).title} {why}."
        try:
            kept = chosen_of(chosen, Random.key, {}, SEED.get(), curate_constraints.without_limits(), budget_of)
        except BadInput:
            says = "Shown as Random would choose, without the conditions and lists, which leave nothing."
            kept = chosen_of(chosen, Random.key, {}, SEED.get(), without_rules(), budget_of)
    size = kept.ordering.pool_size
    return curate_map.picture(chosen, kept, on_release=lambda budget: _release(budget, size), approximate=says)


def _release(budget: int, size: int) -> None:
    curate_state.acted()
    SHARE.set(min(max(budget, 1), size) / size)


# -- what the budget makes of the pool -----------------------------------------------------------------------------------


def results(chosen: Filter, kept: Selection) -> None:
    """Distances of selection and pool, and one distribution at a time with the pool behind it; they follow the slider."""
    then = along(chosen, kept.ordering)
    shown = {
        "url": then.url,
        "num": kept.num,
        "num_pool": kept.ordering.pool_size,
        "until_done": curate_map.when_exact(kept.ordering),
        "shown": _SHOWN.get(),
    }
    style.component("outcome")(key=_OUTCOME, data=shown, on_shown_change=_show)
    for note in kept.notes:
        layout.small(note)


def _show() -> None:
    _SHOWN.set(str(getattr(session.held(_OUTCOME), "shown", None) or _SHOWN.get()))


# -- opening ---------------------------------------------------------------------------------------------------------------


def clicked(sample_id: int | None, kept: Selection) -> None:
    """The sample clicked on the map: its picture, its question, why it is in or out."""
    cards = cached.cards([sample_id]) if sample_id is not None else []
    if not cards:
        return
    layout.section("Sample", kept.reason(int(kept.ordering.pool.rows_of([cards[0].sample_id])[0])))
    gallery.strip(cards, key="curate-sample", on_open=_open)


def _open(sample_id: int) -> None:
    session.open_sample(sample_id)
    session.go_to("browse")

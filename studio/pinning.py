"""Must-keep and never lists made by hand: on an opened sample, on what is drawn on the map, on the lists themselves.

Every decision is an act that can be undone; what a decision cannot do is said with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import StudioError
from core.filters import Filter
from core.select import pins
from core.select.groups import is_in
from core.select.pins import Choice
from core.store import sample_lists
from core.store.ids import id_from_hex
from studio import cached, curate_state, layout, session
from studio.cached_curate import lists
from studio.words import many, num

_PROBLEM: session.Slot[StudioError | None] = session.Slot("pinning.problem", None)
_FLAGGED = Filter(where="len(flags) > 0")


# -- deciding -----------------------------------------------------------------------------------------------------------


def pin_samples(sample_ids: Iterable[int]) -> None:
    """From now on these samples are kept whatever the method says; from a callback."""
    _decide([int(value) for value in sample_ids], "pin")


def never_samples(sample_ids: Iterable[int]) -> None:
    """From now on these samples are never kept; from a callback."""
    _decide([int(value) for value in sample_ids], "never")


def free_samples(sample_ids: Iterable[int]) -> None:
    """The method decides about these samples again; from a callback."""
    _decide([int(value) for value in sample_ids], "neither")


def _decide(sample_ids: Sequence[int], choice: Choice) -> None:
    try:
        before, after = pins.decide(cached.workspace(), sample_ids, choice)
        count = many(len(sample_ids), "sample")
        says = {"pin": f"pin {count}", "never": f"never keep {count}", "neither": f"{count} off the lists"}[choice]
        curate_state.listed(says, before, after)
        st.toast(layout.verbatim(_told(sample_ids, choice, before)))
    except StudioError as error:
        _PROBLEM.set(error)


def _told(sample_ids: Sequence[int], choice: Choice, before: pins.Lists) -> str:
    """What a decision did, and what stands against it."""
    count = many(len(sample_ids), "sample")
    if choice == "neither":
        return f"{count} off the lists: the method decides again."
    other = before.never if choice == "pin" else before.pins
    moved = len({id_from_hex(text) for text in other}.intersection(sample_ids))
    which = "never list" if choice == "pin" else "must-keep list"
    said = [f"Pinned {count}." if choice == "pin" else f"{count} will never be kept."]
    if moved:
        said.append(f"It left the {which}." if len(sample_ids) == 1 else f"{num(moved)} of them left the {which}.")
    if choice == "pin":
        said += standing_against(sample_ids)
    return " ".join(said)


def standing_against(sample_ids: Sequence[int]) -> list[str]:
    """What is to be said about pinned samples: how many are flagged, how many the filter hides."""
    ids = np.array(sample_ids, dtype=np.uint64)
    flagged = int(is_in(ids, _ids(_FLAGGED)).sum())
    hidden = len(ids) - int(is_in(ids, _ids(session.chosen_filter())).sum())
    said = [f"{_them(flagged, len(ids))} flagged, and kept all the same."] if flagged else []
    outside = f"{_them(hidden, len(ids))} outside the filter, and so not kept while it stands."
    return said + ([outside] if hidden else [])


def _them(count: int, of: int) -> str:
    return "It is" if of == 1 else f"{num(count)} of them {'is' if count == 1 else 'are'}"


def _ids(chosen: Filter) -> NDArray[np.uint64]:
    found: NDArray[np.uint64] = cached.ask("ids_of_visible", chosen)["sample_id"].to_numpy()
    return found


def problem() -> None:
    """What went wrong with the last decision, if anything did."""
    wrong = _PROBLEM.take()
    if wrong is not None:
        layout.problem(wrong)


# -- where decisions are made --------------------------------------------------------------------------------------------


def sample_buttons(sample_id: int) -> None:
    """Pin an opened sample or rule it out; a second click takes the decision back."""
    now = lists().choice(sample_id)
    with st.container(horizontal=True, width="content", gap="small", key="sample-pinning"):
        st.button(
            "Pinned" if now == "pin" else "Pin", icon=":material/keep:", key="sample-pin", type="tertiary",
            help="Click to let the method decide." if now == "pin" else "Always kept; counts in the budget.",
            on_click=free_samples if now == "pin" else pin_samples, args=([sample_id],),
        )  # fmt: skip
        st.button(
            "Never kept" if now == "never" else "Never", icon=":material/block:", key="sample-never", type="tertiary",
            help="Click to let the method decide." if now == "never" else "Never kept, whatever the method says.",
            on_click=free_samples if now == "never" else never_samples, args=([sample_id],),
        )  # fmt: skip


def decided(sample_id: int) -> None:
    """Under an opened sample: what was decided about it and what stands against that; nothing where nothing was."""
    problem()
    now = lists().choice(sample_id)
    if now == "pin":
        layout.small(" ".join(["Pinned: it must be kept and counts in the budget.", *standing_against([sample_id])]))
    elif now == "never":
        layout.small("On the never list: it is never kept.")


def drawn_bar(sample_ids: NDArray[np.uint64] | None) -> None:
    """What can be done with the samples inside a box or lasso on the map; says so when there is none inside."""
    problem()
    if sample_ids is None:
        return
    ids = [int(value) for value in sample_ids]
    if not ids:
        layout.section("Drawn on the map", "no sample inside")
        layout.small("Draw around some points, or press Escape on the map.")
        return
    now = lists()
    listed = {id_from_hex(text) for text in (*now.pins, *now.never)}.intersection(ids)
    layout.section("Drawn on the map", many(len(ids), "sample"))
    with st.container(horizontal=True, gap="small", key="drawn-bar"):
        choice_buttons(ids, key="drawn")
        browse_button("Browse", ids, key="drawn-browse")
        if listed:
            st.button(
                f"Clear {num(len(listed))}", key="drawn-clear", on_click=free_samples, args=(ids,),
                help="Take them off both lists: the method decides.",
            )  # fmt: skip


def choice_buttons(sample_ids: Sequence[int], *, key: str) -> None:
    """Pin samples, or rule them out."""
    st.button(
        f"Pin {many(len(sample_ids), 'sample')}", icon=":material/keep:", key=f"{key}-pin", on_click=pin_samples,
        args=(sample_ids,), help="Always kept; counts in the budget.",
    )  # fmt: skip
    st.button(
        "Never", icon=":material/block:", key=f"{key}-never", on_click=never_samples, args=(sample_ids,),
        help="Never kept, whatever the method says.",
    )  # fmt: skip


def browse_button(label: str, sample_ids: Sequence[int], *, key: str) -> None:
    """Show samples in Browse, however many: the address names their list, which the workspace keeps."""
    st.button(
        label, icon=":material/grid_view:", key=key, help="Show these samples in Browse.", on_click=_browse, args=(sample_ids,)
    )  # fmt: skip


def _browse(sample_ids: Sequence[int]) -> None:
    try:
        session.set_filter(Filter(listed=sample_lists.keep(cached.workspace(), sample_ids)))
    except StudioError as error:
        _PROBLEM.set(error)
        return
    session.go_to("browse")

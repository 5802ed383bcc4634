"""What to look at in the recipe in edit: errors, warnings and notes with where, what and one thing to do; and the list of licences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from core.errors import StudioError
from core.mixture import licences
from core.mixture.warnings import LEVELS, Finding
from core.store.ids import digest_of
from studio import cached, layout, mixture_cached, session
from studio.mixture_cached import Planned
from studio.words import many, num

_PROBLEM: session.Slot[StudioError | None] = session.Slot("licences.refused", None)
_WORDS = {"error": "error", "warning": "warning", "note": "note"}


def panel(looks: Sequence[Finding], *, known: bool = True) -> None:
    """All findings under one line that counts them; open where one is an error. Nothing while the samples are not known."""
    if looks:
        st.html(panel_html(looks))
    elif known:
        st.html('<div class="w-looks fine"><b>Nothing to look at</b> No error, no warning, no note.</div>')


def panel_html(looks: Sequence[Finding]) -> str:
    """The same as HTML: a line with counts and the first finding, and the list behind it."""
    counted = [(level, sum(one.level == level for one in looks)) for level in LEVELS]
    counts = "".join(
        f'<b class="w-level {level}">{escape(many(count, _WORDS[level]))}</b>' for level, count in counted if count
    )
    rows = "".join(_row(one) for one in looks)
    state = " open" if looks[0].level == "error" else ""
    first = f"{', '.join(looks[0].stages)}: {looks[0].problem}" if looks[0].stages else looks[0].problem
    return f'<details class="w-looks"{state}><summary>{counts}<span>{escape(first)}</span></summary><ul>{rows}</ul></details>'


def _row(one: Finding) -> str:
    where = ", ".join(one.stages) or "whole recipe"
    fix = layout.with_commands(one.fix)
    return (
        f'<li class="{one.level}"><b class="w-level {one.level}">{escape(_WORDS[one.level])}</b>'
        f"<i>{escape(where)}</i><span>{escape(one.problem)}</span><em>{fix}</em></li>"
    )


# -- the curator's list of licences ---------------------------------------------------------------------------------------


def licence_popover(plan: Callable[[], Planned | None]) -> None:
    """The list of allowed licences, to be made, changed and taken away."""
    here = cached.workspace()
    names = licences.allowed(here)
    label = "Licences: all" if names is None else f"Licences: {num(len(names))}"
    with st.popover(label, icon=":material/gavel:"):
        layout.section("Allowed licences", "kept in this workspace, for all its mixtures")
        known = mixture_cached.known_licences()
        held = list(names) if names is not None else []
        key = f"licences-allowed-{digest_of(held if names is not None else None)[:8]}"  # another one for another list
        session.seed(key, held)
        st.multiselect(
            "Allowed", sorted({*known, *held}), key=key, placeholder="no list: everything is allowed" if names is None else "none",
            accept_new_options=True, on_change=_allow, args=(key,), label_visibility="collapsed",
        )  # fmt: skip
        error = _PROBLEM.take()
        if error is not None:
            layout.problem(error)
        if names is None:
            layout.small("Choose licences to allow these and no others. It stands in no recipe; exports name it.")
        with st.container(horizontal=True, key="licence-acts"):
            st.button(
                "Allow those of this recipe",
                key="licences-these",
                on_click=_allow_these,
                args=(plan,),
            )
            st.button("Allow everything", key="licences-all", on_click=_allow_everything, disabled=names is None)


def _allow(key: str) -> None:
    _keep(list(session.held(key) or []))


def _allow_these(plan: Callable[[], Planned | None]) -> None:
    """The licences of what the recipe in edit uses; sources without one stay without."""
    found = plan()
    if found is not None:
        by = mixture_cached.shares(found, "licence")
        known = set(mixture_cached.known_licences())
        _keep([name for name, count in zip(by.names, by.num_samples[-1], strict=True) if count and name in known])


def _keep(names: list[str]) -> None:
    try:
        licences.allow(cached.workspace(), names)
    except StudioError as error:
        _PROBLEM.set(error)


def _allow_everything() -> None:
    licences.allow_everything(cached.workspace())

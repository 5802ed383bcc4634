"""The parts of Curate: the method and its settings, the map with the budget slider, and what the budget makes of the pool.

What is set lives in `curate_state`. The budget is a share of the pool it was set for, so it keeps its meaning when the filter
changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.errors import BadInput, MissingEvidence
from core.filters import Filter
from core.select import methods, spread
from core.select.ordering import Selection
from core.select.uniform import Random
from core.store.ids import digest_of
from core.vocabulary import CAPABILITIES, STYLES
from studio import cached, charts, curate_constraints, curate_map, curate_state, forms, gallery, layout, session
from studio.cached_curate import Curated, InForce, along, chosen_of, curated
from studio.charts import Column, Row
from studio.curate_state import METHOD, SEED, SHARE, budget_of
from studio.map import MapEvent
from studio.words import many, num, share

_SHOWN: session.Slot[str] = session.Slot("curate.shown", "Sources")
_SEED_PROBLEM: session.Slot[BadInput | None] = session.Slot("curate.seed-problem", None)
_SPREADS = ("Sources", "Styles", "Skills", "Tags")


def settings_panel() -> dict[str, Any]:
    """The method, its settings and the seed; gives the settings as plain values."""
    names = list(methods.METHODS)
    session.seed("curate-method", METHOD.get())
    st.selectbox(
        "Method", names, key="curate-method", format_func=lambda name: methods.method(name).title, on_change=_choose_method,
        help=layout.verbatim(methods.method(METHOD.get()).summary),
    )  # fmt: skip
    with st.container(key="curate-buttons"):
        beside = st.columns(2, gap="small")
    with beside[0], st.popover("Settings", icon=":material/tune:", width="stretch"):
        chosen = forms.settings_form(methods.method(METHOD.get()), key=f"method-{METHOD.get()}")
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
    except (BadInput, MissingEvidence) as error:
        layout.problem(error)
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
    except (BadInput, MissingEvidence):
        says = f"Shown as Random would choose: {methods.method(METHOD.get()).title} cannot order this pool yet."
        kept = chosen_of(chosen, Random.key, {}, SEED.get(), curate_constraints.without_limits(), budget_of)
    size = kept.ordering.pool_size
    return curate_map.picture(chosen, kept, on_release=lambda budget: _release(budget, size), approximate=says)


def _release(budget: int, size: int) -> None:
    curate_state.acted()
    SHARE.set(min(max(budget, 1), size) / size)


# -- what the budget makes of the pool -----------------------------------------------------------------------------------


def results(chosen: Filter, kept: Selection) -> None:
    """Distances of selection and pool, and one distribution at a time with the pool behind it."""
    here = curated(chosen)
    prefixes = along(chosen, kept.ordering).prefixes
    now, said = prefixes.counts(kept.num), prefixes.distances(kept.num)
    layout.figures(
        [
            (num(kept.num), "samples kept", f"of {num(len(here.pool))}"),
            (_percent(said.clusters), "clusters covered", ""),
        ]
    )
    layout.section("Distance from the pool", "total variation in %")
    layout.figures(
        [
            (_plain(said.source if kept.num else np.nan), "sources", ""),
            (_plain(said.style if kept.num else np.nan), "styles", ""),
            (_plain(said.tag if kept.num else np.nan), "tags", ""),
            (_plain(said.capability if kept.num else np.nan), "skills", ""),
        ]
    )
    session.seed("curate-shown", _SHOWN.get())
    with st.container(key="curate-spread"):
        st.segmented_control(
            "Shown", _SPREADS, key="curate-shown", on_change=_show, label_visibility="collapsed", width="stretch"
        )
    _distribution(_SHOWN.get(), here, now)
    for note in kept.notes:
        layout.small(note)


def _show() -> None:
    _SHOWN.set(str(session.held("curate-shown") or _SHOWN.get()))


def _plain(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f}"


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else share(value)


def _distribution(shown: str, here: Curated, now: spread.Counts) -> None:
    everything = here.everything
    if shown == "Skills":
        pairs = zip(CAPABILITIES, now.mean.tolist(), everything.mean.tolist(), strict=True)
        entries = [
            Row(
                (
                    charts.short_name(one),
                    {"part": _part(mean / 5), "text": _score(mean), "ghost": _part(ghost / 5)},
                    _score(ghost),
                )
            )
            for one, mean, ghost in pairs
        ]
        columns = (Column("Capability", "grow"), Column("Mean score", "bar", 110), Column("Pool", "number", 48))
    else:
        names, ours, theirs = {
            "Sources": (here.pool.source_names, now.source, everything.source),
            "Styles": ((*STYLES, "unstyled"), now.style, everything.style),
            "Tags": (tuple(name.split(" > ")[-1] for name in here.labels.tag_names), now.tag, everything.tag),
        }[shown]
        total, total_pool = max(int(now.num), 1), max(int(everything.num), 1)
        most = max(float((ours / total).max(initial=0)), float((theirs / total_pool).max(initial=0)), 1e-9)
        entries = [
            Row(
                (
                    names[i],
                    {
                        "part": ours[i] / total / most,
                        "text": share(int(ours[i]), total),
                        "ghost": theirs[i] / total_pool / most,
                    },
                    num(int(ours[i])),
                )
            )
            for i in np.argsort(-theirs, kind="stable")
            if theirs[i]
        ]
        columns = (Column(shown[:-1], "grow"), Column("Share", "bar", 110), Column("Kept", "number", 52))
    charts.rows(columns, entries, key=f"spread-{shown}", tall_px=330)


def _part(value: float) -> float:
    return 0.0 if np.isnan(value) else value


def _score(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


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

"""The parts of Curate: the method and its settings, the map with the budget slider, and what the budget makes of the pool.

The budget belongs to the session as a share of the pool it was set for, so it keeps its meaning when the filter changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.errors import BadInput, StudioError
from core.filters import Filter
from core.select import methods, saved, spread
from core.select.ordering import Selection
from core.store.ids import digest_of
from core.vocabulary import CAPABILITIES, CAPABILITY_KEYS, STYLES
from studio import cached, charts, forms, gallery, layout, session
from studio.cached_curate import REFERENCE, Curated, curated, ordering
from studio.charts import Column, Row
from studio.map import Colouring, budget_map
from studio.map.buffers import (
    CutTable,
    Figure,
    cuts_of,
    publish_classes,
    publish_points,
    publish_ranks,
    publish_table,
    ranks_of,
    running_totals,
)
from studio.words import many, num, share

DEFAULT_METHOD = "mmssr-nested"
DEFAULT_SHARE = 0.3
_METHOD: session.Slot[str] = session.Slot("curate.method", DEFAULT_METHOD)
_SEED: session.Slot[int] = session.Slot("curate.seed", 0)
_SHARE: session.Slot[float] = session.Slot("curate.share", DEFAULT_SHARE)
_SHOWN: session.Slot[str] = session.Slot("curate.shown", "Sources")
_SETTINGS: session.Slot[dict[str, Any]] = session.Slot("curate.settings", {})
_SEED_PROBLEM: session.Slot[BadInput | None] = session.Slot("curate.seed-problem", None)
_SPREADS = ("Sources", "Styles", "Skills", "Tags")
_MOST_CLASSES = 9


def settings_panel() -> dict[str, Any]:
    """The method, its settings and the seed; gives the settings as plain values."""
    names = list(methods.METHODS)
    session.seed("curate-method", _METHOD.get())
    st.selectbox(
        "Method", names, key="curate-method", format_func=lambda name: methods.method(name).title, on_change=_choose_method,
        help=layout.verbatim(methods.method(_METHOD.get()).summary),
    )  # fmt: skip
    with st.popover("Settings", icon=":material/tune:", width="stretch"):
        chosen = forms.settings_form(
            methods.method(_METHOD.get()), key=f"method-{_METHOD.get()}", hidden=("columns", "weights")
        )
        session.seed("curate-seed", str(_SEED.get()))  # as text: seeds go to 2^64, numbers in a browser to 2^53
        st.text_input(
            "Seed",
            key="curate-seed",
            on_change=_choose_seed,
            help="A whole number; decides ties, and the order of random.",
        )
        problem = _SEED_PROBLEM.take()
        if problem is not None:
            layout.problem(problem)
    if problem is not None:
        layout.problem(problem)  # once more where it shows when leaving the field has closed the settings
    settings = chosen.model_dump(mode="json")
    _SETTINGS.set(settings)
    return settings


def _choose_method() -> None:
    _METHOD.set(str(session.held("curate-method")))


def _choose_seed() -> None:
    text = str(session.held("curate-seed") or "0")
    try:
        _SEED.set(int(text) % 2**64)
    except ValueError:
        _SEED_PROBLEM.set(
            BadInput(f"The seed {text[:40]!r} is not a whole number.", f"Type one such as 7; it stays {_SEED.get()}.")
        )


def budget_of(pool_size: int) -> int:
    """The budget in force, in samples: at least one, at most the pool."""
    return max(1, min(round(_SHARE.get() * pool_size), pool_size))


def selection(chosen: Filter, settings: dict[str, Any]) -> Selection:
    """What the method keeps of the pool within the budget; also handed to the pages that compare with it."""
    pool = curated(chosen).pool
    budget = budget_of(len(pool))
    kept = ordering(chosen, _METHOD.get(), settings, _SEED.get(), budget).cut(budget)
    name = f"{methods.method(_METHOD.get()).title}, {many(kept.num, 'sample')}"
    digest = digest_of([cached.current_version(), chosen.model_dump(), _METHOD.get(), settings, _SEED.get(), kept.num])
    session.SELECTION.set(session.Selected(name, kept.sample_ids, digest))
    return kept


# -- the map ------------------------------------------------------------------------------------------------------------


def budget_picture(chosen: Filter, settings: dict[str, Any], kept: Selection) -> int | None:
    """The map with its slider; gives the sample that was clicked."""
    here = curated(chosen)
    snapshot, points, order = cached.lens().snapshot, here.points, kept.ordering
    size = len(here.pool)
    key = digest_of([snapshot, points.name, order.method, settings, order.seed, order.budget])
    unit, per_hour = ("GPU-hours", 1.0) if here.hours.sum() >= 1 else ("GPU-seconds", 3600.0)
    table = CutTable(
        cuts_of(size),
        (
            Figure(
                "text tokens", _totals(size, here.tokens[order.rows]), hint="Counted by the workspace's own tokenizer."
            ),
            Figure(unit, _totals(size, here.hours[order.rows] * per_hour), decimals=1, hint=REFERENCE),
        ),
    )
    event = budget_map(
        key="curate-map",
        points_url=publish_points(snapshot, points.name, points.x, points.y, points.sample_id),
        ranks_url=publish_ranks(ranks_of(points.sample_id, order.sample_ids), key),
        table_url=publish_table(table),
        num_points=len(points.sample_id),
        budget=kept.budget,
        maximum=size,
        colourings=_colourings(snapshot, here),
        approximate=""
        if order.prefix_valid
        else f"{methods.method(order.method).title} is computed anew when you let go.",
        caption=_caption(here),
        on_release=lambda budget: _SHARE.set(max(budget, 1) / size),
    )
    return event.clicked_sample_id


def _totals(size: int, per_sample: Any) -> tuple[float, ...]:
    """Running totals at the cuts of the whole pool; an ordering that is shorter stays at its end."""
    return running_totals(cuts_of(size), np.concatenate([per_sample, np.zeros(size - len(per_sample))]))


def _caption(here: Curated) -> str:
    producers = cached.lens().producers.get("map", [])
    missing = len(here.pool) - len(here.points.sample_id)
    note = f", {num(missing)} samples are newer than the map" if missing else ""
    return f"{producers[0].name.upper() if producers else 'Map'} of {num(len(here.points.sample_id))} samples{note}"


def _colourings(snapshot: str, here: Curated) -> Sequence[Colouring]:
    points, pool = here.points, here.pool
    top = np.where(points.top_capability < 0, len(CAPABILITY_KEYS), points.top_capability)
    bits = pool.style_bits[points.row]
    style = np.full(len(bits), len(STYLES))
    for index in reversed(range(len(STYLES))):
        style[(bits >> np.uint32(index)) & np.uint32(1) == 1] = index
    wanted = (
        ("source", "source", pool.source[points.row], pool.source_names),
        ("capability", "top capability", top, [*(charts.short_name(one) for one in CAPABILITIES), "none"]),
        ("style", "first style", style, [*STYLES, "unstyled"]),
    )
    made = []
    for key, label, codes, names in wanted:
        folded, shown = _folded(np.asarray(codes), list(names))
        made.append(Colouring.by_category(key, label, publish_classes(snapshot, points.name, key, folded), shown))
    return made


def _folded(codes: Any, names: list[str]) -> tuple[Any, list[str]]:
    """Classes by size, the smallest folded into 'other' where there are more than nine; codes as uint8."""
    sizes = np.bincount(codes, minlength=len(names))
    order = [int(index) for index in np.argsort(-sizes, kind="stable") if sizes[index]]
    place = np.full(len(names), _MOST_CLASSES, dtype=np.uint8)
    for position, index in enumerate(order[:_MOST_CLASSES]):
        place[index] = position
    shown = [names[index] for index in order[:_MOST_CLASSES]] + (["other"] if len(order) > _MOST_CLASSES else [])
    return place[codes], shown


# -- what the budget makes of the pool -----------------------------------------------------------------------------------


def results(chosen: Filter, kept: Selection) -> None:
    """Distances of selection and pool, and one distribution at a time with the pool behind it."""
    here = curated(chosen)
    now = spread.counts(here.pool, here.labels, kept.rows)
    said = spread.distances(here.everything, now, here.labels, kept.rows)
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


# -- saving and opening ----------------------------------------------------------------------------------------------------


def save_button(chosen: Filter, kept: Selection) -> None:
    """The page's main action: keep this selection under a name."""
    with st.popover(f"Save {many(kept.num, 'sample')}", type="primary", icon=":material/bookmark:"):
        name = st.text_input(
            "Name",
            f"{methods.method(kept.ordering.method).title} {share(kept.num, len(kept.ordering.pool))}",
            key="save-name",
        )
        if st.button("Save selection", type="primary", key="save-selection", width="stretch"):
            try:
                st.toast(_save(chosen, kept, name.strip()))
            except StudioError as error:
                layout.problem(error)  # here, so that the rest of the page stays


def _save(chosen: Filter, kept: Selection, name: str) -> str:
    """Keep the selection; gives the sentence that says so, or that it was kept before."""
    if not name:
        raise BadInput("The selection has no name.", "Type one.")
    before = {one.selection_id for one in saved.saved(cached.workspace())}
    entry = saved.save(cached.workspace(), kept, name=name, budget=str(kept.budget), chosen=chosen)
    if entry.selection_id in before:
        return f"{layout.verbatim(entry.name)} is saved already: nothing has changed since."
    return f"Saved {layout.verbatim(entry.name)}: {many(entry.num_selected, 'sample')}"


def saved_list() -> None:
    """The selections of this workspace; a click takes one up again."""
    entries = saved.saved(cached.workspace())[::-1]
    if not entries:
        return
    layout.section("Saved", f"{num(len(entries))} in this workspace")
    rows = [
        Row((one.name, num(one.num_selected), methods.method(one.method).title), key=one.selection_id)
        for one in entries
    ]
    columns = (Column("Selection", "grow"), Column("Samples", "number", 62), Column("Method", "soft", 96))
    charts.rows(columns, rows, key="saved-list", on_pick=_take_up, tall_px=140)


def _take_up(selection_id: str) -> None:
    entry = saved.find(cached.workspace(), selection_id)
    _METHOD.set(entry.method)
    _SEED.set(entry.seed)
    _SHARE.set(entry.num_selected / max(entry.pool_size, 1))
    session.set_filter(entry.chosen)
    for field, value in entry.settings.items():
        session.seed(f"method-{entry.method}.{field}", tuple(value) if isinstance(value, list) else value)


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

"""What Compare shows below the map: samples of one side, measures beside Random's luck, and settings side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import StudioError
from core.filters import Filter
from core.select import compare, saved, spread
from core.select.luck import DISTANCES, NUM_SEEDS
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.words import by_kind, constraints_words, filter_words, method_title, settings_words
from studio import cached, compare_state, gallery, layout, session
from studio.cached_compare import Chosen, Drawn, agreement, drawn_like, luck_like, reading, split
from studio.cached_curate import curated
from studio.compare_state import CompareView
from studio.comparing import badge, letter
from studio.words import many, num, tables_said

PAGE_SIZE = 24
_MANY_SAMPLES = 200_000
_ASKED: session.Slot[bool] = session.Slot("compare.asked", False)
_MEASURES = {"source": "sources", "style": "styles", "tag": "tags", "capability": "skills", "clusters": "clusters"}
_GROUPS = {
    "distance": "Distance from the pool: total variation in %, 0 is the same",
    "clusters": "Share of the map’s clusters with a sample, %",
    "overlap": "Overlap: Jaccard, %",
}

_Value = tuple[float, float | None]


def parts(shown: CompareView, chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen], shared: Filter) -> None:
    """The choice of a part, and the part."""
    found, (first, second) = split(*pair), pair
    a, b = letter(chosen, first), letter(chosen, second)
    labels = {
        "first": f"Only in {a}, {num(len(found.only_first))}",
        "second": f"Only in {b}, {num(len(found.only_second))}",
        "both": f"In both, {num(len(found.both))}",
        "measures": "Measures",
        "settings": "Settings",
    }
    session.seed("compare-part", shown.shown)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="compare-parts"
    ):
        st.segmented_control(
            "Part", list(labels), key="compare-part", format_func=labels.__getitem__, on_change=_part,
            label_visibility="collapsed",
        )  # fmt: skip
        ids = {"first": found.only_first, "second": found.only_second, "both": found.both}.get(shown.shown)
        if ids is not None and len(ids):
            _pager(shown, len(ids))
    if ids is not None:
        _samples(shown, ids, {"first": f"only in {a}", "second": f"only in {b}", "both": "in both"}[shown.shown])
    elif shown.shown == "measures":
        _measures(chosen, pair, shared)
    else:
        _settings(chosen, pair)


def _part() -> None:
    compare_state.change(shown=str(session.held("compare-part") or compare_state.view().shown))


# -- samples ----------------------------------------------------------------------------------------------------------------


def _page_of(shown: CompareView, count: int) -> int:
    return min(shown.page, max(1, -(-count // PAGE_SIZE)))


def _pager(shown: CompareView, count: int) -> None:
    page = _page_of(shown, count)
    first, last = (page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, count)
    with st.container(horizontal=True, vertical_alignment="center", width="content", key="compare-pager"):
        st.html(f'<span class="w-count"><b>{num(first)}–{num(last)}</b> of {num(count)}</span>', width="content")
        st.button(
            "", icon=":material/chevron_left:", key="compare-back", help="Previous page", disabled=page <= 1,
            on_click=compare_state.change, kwargs={"page": page - 1},
        )  # fmt: skip
        st.button(
            "", icon=":material/chevron_right:", key="compare-on", help="Next page", disabled=last >= count,
            on_click=compare_state.change, kwargs={"page": page + 1},
        )  # fmt: skip


def _samples(shown: CompareView, ids: NDArray[np.uint64], where: str) -> None:
    """A page of samples, best first."""
    if not len(ids):
        layout.small(f"No sample is {where}.")
        return
    page = _page_of(shown, len(ids))
    cards = cached.cards(ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE].tolist())
    gallery.grid(cards, key="compare-grid", on_open=open_in_browse, size="small")


def open_in_browse(sample_id: int) -> None:
    """Open a sample beside its conversation, at the end of this click."""
    session.open_sample(sample_id)
    session.go_to("browse")


def clicked(sample_id: int | None, chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen]) -> None:
    """The sample clicked on the map: its picture, its question, and which of the selections hold it."""
    cards = cached.cards([sample_id]) if sample_id is not None else []
    if not cards:
        return
    holders = [letter(chosen, one) for one in chosen if np.uint64(cards[0].sample_id) in one.sample_ids]
    layout.section("Sample", f"in {', '.join(holders)}" if holders else "in none of them")
    gallery.strip(cards, key="compare-sample", on_open=open_in_browse)


# -- measures ---------------------------------------------------------------------------------------------------------------


def _measures(chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen], shared: Filter) -> None:
    """Distances of every selection, each beside Random with several seeds; the pair's distance from each other; agreement."""
    if len(curated(shared).pool) > _MANY_SAMPLES and not _ASKED.get():
        st.button(
            "Measure beside Random", icon=":material/straighten:", key="compare-measure", on_click=_ASKED.set, args=(True,),
            help="Random is drawn with several seeds and measured the same way; that takes some seconds here.",
        )  # fmt: skip
        return
    with st.spinner("Measuring beside Random"):
        columns, undrawn = _columns(chosen, pair, shared)
    heads, lines = [], dict.fromkeys(("distance", "clusters", "overlap"), "")
    for column in columns:
        heads.append(
            f'<th class="num" title="{escape(column.title)}">{column.badge} <span class="c-name">{escape(column.title)}</span></th>'
        )
    for name in DISTANCES:
        kind = "clusters" if name == "clusters" else "distance"
        lines[kind] += _row(_MEASURES[name], [column.distances[name] for column in columns])
    for other in chosen:
        lines["overlap"] += _row(f"with {letter(chosen, other)}", [column.overlaps[other.digest] for column in columns])
    body = "".join(
        f'<tr class="group"><th colspan="{len(columns) + 1}">{says}</th></tr>{lines[kind]}'
        for kind, says in _GROUPS.items()
    )
    _table(f"<thead><tr><th></th>{''.join(heads)}</tr></thead><tbody>{body}</tbody>")
    layout.small(
        f"Random: mean of {NUM_SEEDS} seeds and their standard deviation, as many samples from the same pool under the same "
        "constraints. What differs by less than that is luck."
    )
    for name, error in undrawn:
        layout.small(f"Nothing can be drawn at random like {name}: {error.problem} {error.fix}")
    _between(chosen, pair, shared)
    _agreements(chosen)


@dataclass(frozen=True)
class _Column:
    """A column of the measures: (value, spread or None) of each distance, and of the overlap with each selection by digest.

    `badge` is HTML of the selection's letter, "" for Random.
    """

    badge: str
    title: str
    distances: Mapping[str, _Value]
    overlaps: Mapping[str, _Value]


def _columns(
    chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen], shared: Filter
) -> tuple[list[_Column], list[tuple[str, StudioError]]]:
    """A column for each selection, and behind the last of a size, filter and constraints one for Random of these; and beside
    which selections there is none, with why."""
    made, undrawn = [], []
    drawn: list[Drawn | None] = []
    for one in chosen:
        try:
            drawn.append(drawn_like(one))
        except StudioError as error:
            drawn.append(None)
            undrawn.append((one.name, error))
    for place, one in enumerate(chosen):
        found = asdict(reading(one, shared).distances)
        made.append(
            _Column(
                badge(chosen, one, pair),
                one.name,
                {name: (found[name], None) for name in DISTANCES},
                {other.digest: (compare.jaccard(one.sample_ids, other.sample_ids), None) for other in chosen},
            )
        )
        like = drawn[place]
        if like is None or not like.num or like in drawn[place + 1 :]:
            continue
        try:
            luck = luck_like(one, shared, chosen)
        except StudioError as error:
            undrawn.append((one.name, error))
            continue
        rules = "" if one.constraints.is_empty else f", rules of {letter(chosen, one)}"
        made.append(_Column("", f"Random, {num(luck.budget)}{rules}", luck.distances, luck.overlaps))
    return made, undrawn


def _row(title: str, values: Sequence[_Value]) -> str:
    cells = (f'<td class="num">{_percent(value)}{_spread(deviation)}</td>' for value, deviation in values)
    return f'<tr><th scope="row">{escape(title)}</th>{"".join(cells)}</tr>'


def _between(chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen], shared: Filter) -> None:
    """The distance of the pair from each other."""
    first, second = (reading(one, shared).counts for one in pair)
    found = spread.between(first, second, curated(shared).labels, float("nan"))
    layout.section(
        f"From {letter(chosen, pair[0])} to {letter(chosen, pair[1])}", "total variation between the two in %"
    )
    layout.figures(
        [
            (_percent(found.source), "sources", ""),
            (_percent(found.style), "styles", ""),
            (_percent(found.tag), "tags", ""),
            (_percent(found.capability), "skills", ""),
        ]
    )


def _agreements(chosen: Sequence[Chosen]) -> None:
    """For selections by nested mmSSR: how far it agrees with the faithful algorithm at several budgets."""
    for one in chosen:
        if one.method != MmssrNested.key:
            continue
        try:
            with st.spinner(f"Comparing with {Mmssr.title}"):
                found = agreement(one)
        except StudioError as error:
            layout.problem(error)
            continue
        layout.section(
            f"{letter(chosen, one)}: nested and faithful mmSSR",
            "Jaccard overlap of the two algorithms with these settings, by share of the pool",
        )
        layout.figures([(_percent(value), f"at {percent:g} %", "") for percent, value in found.items()])


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f}"


def _spread(deviation: float | None) -> str:
    return "" if deviation is None else f"<em>± {_percent(deviation)}</em>"


# -- settings ---------------------------------------------------------------------------------------------------------------


def _settings(chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen]) -> None:
    """How each selection was made, row by row; rows in which they differ are marked."""
    said = [_made(one) for one in chosen]
    names = by_kind(
        dict.fromkeys(name for made in said for name in made if any(one.get(name, "–") != "–" for one in said))
    )
    heads = "".join(
        f'<th title="{escape(one.name)}">{badge(chosen, one, pair)} <span class="c-name">{escape(one.name)}</span></th>'
        for one in chosen
    )
    body = []
    for name in names:
        values = [made.get(name, "–") for made in said]
        differs = len(set(values)) > 1 and name not in ("saved", "id")  # these always do
        cells = "".join(f"<td>{escape(value)}</td>" for value in values)
        body.append(
            f'<tr class="{"differs" if differs else ""}"><th scope="row">{escape(name)}'
            f"{' <small>differs</small>' if differs else ''}</th>{cells}</tr>"
        )
    _table(f"<thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(body)}</tbody>")


def _made(one: Chosen) -> dict[str, str]:
    entry, here = one.entry, cached.workspace()
    older = saved.moved_since(here, entry, cached.lens().versions) if entry is not None else ()
    return {
        "method": method_title(one.method),
        **{f"setting: {name}": value for name, value in settings_words(one.settings).items()},
        "seed": str(one.seed),
        "samples": many(one.num, "sample"),
        "budget": entry.budget if entry is not None else str(one.num),
        "pool": many(entry.pool_size if entry is not None else len(curated(one.filter).pool), "sample"),
        "filter": filter_words(one.filter),
        "constraints": constraints_words(one.constraints),
        "data": (entry.snapshot if entry is not None else cached.lens().snapshot)[:12]
        + (f", older: {tables_said(older)} changed since" if older else ""),
        "saved": saved.saved_at(here, entry)[:16].replace("T", " ") + " UTC" if entry is not None else "not saved",
        "id": one.key if entry is not None else "–",
    }


def _table(inside: str) -> None:
    st.html(
        f'<div class="c-frame"><table class="c-table"><colgroup><col class="what"></colgroup>{inside}</table></div>'
    )

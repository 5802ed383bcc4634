"""The parts of Compare: which selections, the pair on the map, overlaps and distributions beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

import numpy as np
import streamlit as st

from core.filters import Filter
from core.select import saved
from core.select.words import filter_words, method_title
from core.store.ids import digest_of
from core.vocabulary import CAPABILITIES, STYLES
from studio import cached, charts, compare_state, downloads, layout, session, style
from studio.address_slot import AddressSlot
from studio.cached_compare import Chosen, of_curate, of_entry, overlaps, reading, split
from studio.cached_curate import curated
from studio.charts import Column, Row
from studio.compare_state import NOW, CompareView
from studio.map import Colouring, budget_map
from studio.map.buffers import publish_classes, publish_points, publish_ranks
from studio.map.colourings import membership
from studio.words import Note, many, num, share, tables_said

_SPREADS = ("Sources", "Styles", "Skills", "Tags")
_SHOWN = AddressSlot("compare.spread", _SPREADS[0], "spread", _SPREADS)
_SIDES = (("first", "var(--w-removed)"), ("second", "var(--w-added)"))
"""How the two of a pair look wherever they stand: the class of the letter and the colour of bars; the map's are the same."""

_MAP_PX = 505


def known() -> dict[str, str]:
    """What can be compared, by id: saved selections, newest first, and what Curate is set to; each with its words in the list."""
    entries = saved.saved(cached.workspace())[::-1]
    names = [one.name for one in entries]
    said = {
        one.selection_id: f"{one.name}, {many(one.num_selected, 'sample')}"
        + (f" ({method_title(one.method)}, {one.selection_id[:4]})" if names.count(one.name) > 1 else "")
        for one in entries
    }
    if "scores" in cached.lens().producers:
        said[NOW] = "Now on Curate"
    return said


def chooser(shown: CompareView, options: dict[str, str]) -> None:
    """Which selections are compared, in the order they were chosen."""
    session.seed("compare-chosen", list(shown.chosen))
    st.multiselect(
        "Selections", list(options), key="compare-chosen", format_func=lambda key: options.get(str(key), str(key)),
        placeholder="Choose two or more", on_change=_choose, label_visibility="collapsed",
    )  # fmt: skip


def _choose() -> None:
    compare_state.change(chosen=tuple(session.held("compare-chosen") or ()), pair=())


def first_choice(options: dict[str, str]) -> list[str]:
    """What a first visit compares: the two saved last, the older one first, or the only one with what Curate is set to."""
    newest = [key for key in options if key != NOW][:2][::-1]
    return newest if len(newest) > 1 else [*newest, *(key for key in options if key == NOW)]


def too_few(chosen: Sequence[Chosen], options: Collection[str]) -> None:
    """What is said while fewer than two are chosen; where there is no second one, the way to make it."""
    if len(options) < 2:
        with layout.empty(
            "Only one selection is saved", "Save another one on Curate, such as Random, to compare it with."
        ):
            st.button(
                "Curate a selection", type="primary", key="compare-more", on_click=session.go_to, args=("curate",)
            )
        return
    more = "one more" if chosen else "two or more"
    layout.empty("Two selections make a comparison", f"Choose {more} in the list above.")


def remarks(chosen: Sequence[Chosen], shared: Filter, kept: Sequence[str]) -> None:
    """What a reader should know before trusting the numbers: only one saved, older data, samples that are gone."""
    notes = []
    if len(kept) == 1:
        notes.append(Note("only one is saved", "It is compared with what Curate is set to now. Save more on Curate."))
    for one in chosen:
        older = (
            saved.moved_since(cached.workspace(), one.entry, cached.lens().versions) if one.entry is not None else ()
        )
        if older:
            says = f"{one.name} was made of an earlier state of the data. Changed since: {tables_said(older)}."
            notes.append(Note(f"older data: {letter(chosen, one)}", says))
        gone = reading(one, shared).num_missing
        if gone:
            says = f"They are in {one.name}, and not in the workspace any more; the distributions leave them out."
            notes.append(Note(f"gone: {many(gone, 'sample')} of {letter(chosen, one)}", says))
    layout.badges(notes)


def chosen_ones(shown: CompareView) -> list[Chosen]:
    """The chosen selections with their ids."""
    found = {one.selection_id: one for one in saved.saved(cached.workspace())}
    made = [of_curate() if key == NOW else of_entry(found[key]) for key in shown.chosen]
    return [one for one in made if one is not None]


def letter(chosen: Sequence[Chosen], one: Chosen) -> str:
    """The letter a selection goes by on the page: A for the first."""
    place = next(index for index, other in enumerate(chosen) if other.key == one.key)
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def pair_of(shown: CompareView, chosen: Sequence[Chosen]) -> tuple[Chosen, Chosen]:
    """The two that are held against each other."""
    keys = shown.looked_at or ()
    first, second = (next((one for one in chosen if one.key == key), None) for key in (keys or ("", "")))
    return first or chosen[0], second or chosen[1]


def pair_chooser(chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen]) -> None:
    """Where there are more than two: which two; and the sign that turns them round."""
    words = {one.key: f"{letter(chosen, one)}  {one.name}" for one in chosen}
    if len(chosen) > 2:
        for place, (key, label) in enumerate((("compare-first", "from"), ("compare-second", "to"))):
            session.seed(key, pair[place].key)
            st.selectbox(
                label, list(words), key=key, format_func=lambda one: layout.verbatim(words[one]), on_change=_pair,
                label_visibility="collapsed", width=168,
            )  # fmt: skip
    st.button(
        "Swap", icon=":material/swap_horiz:", key="compare-swap", help="Look at it the other way round.", type="tertiary",
        on_click=compare_state.change, kwargs={"pair": (pair[1].key, pair[0].key)},
    )  # fmt: skip


def _pair() -> None:
    first, second = str(session.held("compare-first")), str(session.held("compare-second"))
    before = compare_state.view().looked_at
    if first == second and before is not None:  # the one that was moved away from takes the other's place
        first, second = (second, before[0]) if second != before[1] else (before[1], first)
    compare_state.change(pair=(first, second))


def report_link(pair: tuple[Chosen, Chosen]) -> None:
    """The page's main action: the comparison as one file for a colleague."""
    first, second = pair
    if first.entry is None or second.entry is None:
        st.button("Report", icon=":material/download:", disabled=True, key="compare-report",
                  help="A report is of saved selections: save this one on Curate first.")  # fmt: skip
        return
    address = downloads.report_url(cached.workspace(), first.key, second.key)
    says = "Download this comparison as one HTML file that needs nothing else"
    st.html(
        f'<a class="w-download" href="{escape(address)}" download title="{says}" aria-label="{says}">Report</a>',
        width="content",
    )


# -- the head, the map, the overlaps ------------------------------------------------------------------------------------------


def stylesheet() -> None:
    """The look of this page's own parts."""
    st.html(style.ASSETS / "compare.css")


def head(chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen]) -> None:
    """What the pair shares and what each has alone, in numbers."""
    first, second = pair
    parts = split(first, second)
    a, b = letter(chosen, first), letter(chosen, second)
    cells = (
        ("kept", num(len(parts.both)), f"kept in both {a} and {b}"),
        ("removed", num(len(parts.only_first)), f"removed: only in {a}"),
        ("added", num(len(parts.only_second)), f"added: only in {b}"),
        ("", share(parts.jaccard), "overlap (Jaccard)"),
    )
    dot = '<i class="c-dot {}"></i>'
    st.html(
        '<div class="c-pair">'
        + "".join(
            f"<div><b>{number}</b><span>{dot.format(kind) if kind else ''}{escape(says)}</span></div>"
            for kind, number, says in cells
        )
        + "</div>"
    )


def picture(pair: tuple[Chosen, Chosen], shared: Filter) -> int | None:
    """The map with what is kept, added and removed; gives the sample that was clicked."""
    here, (first, second) = curated(shared), pair
    points, snapshot = here.points, cached.lens().snapshot
    if not len(points.sample_id):
        layout.small("There is no map yet. Prepare the workspace on Overview.")
        return None
    key = digest_of([snapshot, points.name, first.digest, second.digest])
    codes, ranks, budget = membership(points.sample_id, first.sample_ids, second.sample_ids)
    event = budget_map(
        key="compare-map",
        points_url=publish_points(snapshot, points.name, points.x, points.y, points.sample_id),
        ranks_url=publish_ranks(ranks, key),
        num_points=len(points.sample_id),
        budget=budget,
        maximum=len(here.pool),
        colourings=(Colouring.by_membership(publish_classes(snapshot, points.name, f"membership-{key}", codes)),),
        colour_by="membership",
        caption=f"{'All' if shared.is_empty else 'The filter’s'} {many(len(points.sample_id), 'sample')}",
        height_px=_MAP_PX,
        slider=False,
    )
    return event.clicked_sample_id


def matrix(chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen]) -> None:
    """The Jaccard overlap of each selection with each."""
    layout.section("Overlap", "shared over all, in %")
    values, ground, accent = overlaps(chosen), style.palette().card, style.palette().kept
    looked = {one.key for one in pair}
    head = "".join(f'<th scope="col" title="{escape(one.name)}">{badge(chosen, one, pair)}</th>' for one in chosen)
    body = []
    for i, one in enumerate(chosen):
        cells = []
        for j, other in enumerate(chosen):
            back = style.blend(ground, accent, 0.85 * float(values[i, j]))
            on = i != j and {one.key, other.key} == looked
            says = f"{one.name} and {other.name}: {100 * values[i, j]:.2f} %"
            cells.append(
                f'<td class="{"on" if on else ""}" style="background:{back};color:{style.ink_on(back)}" '
                f'title="{escape(says)}">{100 * values[i, j]:.1f}</td>'
            )
        body.append(
            f'<tr><th scope="row" title="{escape(one.name)}">{badge(chosen, one, pair)} {escape(one.name)}'
            f"<em>{num(one.num)}</em></th>{''.join(cells)}</tr>"
        )
    st.html(
        f'<table class="c-matrix"><colgroup><col class="name"></colgroup><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def badge(chosen: Sequence[Chosen], one: Chosen, pair: tuple[Chosen, Chosen]) -> str:
    """HTML of a selection's letter, in its colour where it is one of the pair."""
    look = next((look for (look, _), other in zip(_SIDES, pair, strict=True) if other.key == one.key), "")
    return f'<span class="c-letter {look}">{escape(letter(chosen, one))}</span>'


# -- distributions ----------------------------------------------------------------------------------------------------------


def distributions(chosen: Sequence[Chosen], pair: tuple[Chosen, Chosen], shared: Filter) -> None:
    """One distribution at a time: both selections side by side, the pool behind each."""
    here = curated(shared)
    readings = [reading(one, shared) for one in pair]
    which = "all samples" if shared.is_empty else f"the filter {filter_words(shared)}"
    layout.section("Distributions", f"behind them {which}")
    session.seed("compare-spread", _SHOWN.get())
    with st.container(key="curate-spread"):
        st.segmented_control(
            "Shown", _SPREADS, key="compare-spread", on_change=_show, label_visibility="collapsed", width="stretch"
        )
    shown, colours = _SHOWN.get(), [colour for _, colour in _SIDES]
    columns = (
        Column(shown[:-1], "grow"),
        *(Column(f"{letter(chosen, one)} {'mean' if shown == 'Skills' else 'share'}", "bar", 118) for one in pair),
    )
    everything = here.everything
    if shown == "Skills":
        entries = [
            Row(
                (
                    charts.short_name(one),
                    *(
                        {**_score(each.counts.mean[at], everything.mean[at]), "colour": colour}
                        for each, colour in zip(readings, colours, strict=True)
                    ),
                )
            )
            for at, one in enumerate(CAPABILITIES)
        ]
    else:
        names, field = {
            "Sources": (here.pool.source_names, "source"),
            "Styles": ((*STYLES, "unstyled"), "style"),
            "Tags": (tuple(name.split(" > ")[-1] for name in here.labels.tag_names), "tag"),
        }[shown]
        ghost = getattr(everything, field) / max(everything.num, 1)
        parts = [getattr(each.counts, field) / max(each.counts.num, 1) for each in readings]
        most = max(float(np.concatenate([ghost, *parts]).max(initial=0)), 1e-9)
        entries = [
            Row(
                (
                    names[at],
                    *(
                        {"part": part[at] / most, "text": share(part[at]), "ghost": ghost[at] / most, "colour": colour}
                        for part, colour in zip(parts, colours, strict=True)
                    ),
                )
            )
            for at in np.argsort(-ghost, kind="stable")
            if ghost[at]
        ]
    charts.rows(columns, entries, key=f"compare-{shown}", tall_px=330)


def _show() -> None:
    _SHOWN.set(str(session.held("compare-spread") or _SHOWN.get()))


def _score(mean: float, ghost: float) -> dict[str, float | str]:
    known, behind = (0.0 if np.isnan(value) else value / 5 for value in (mean, ghost))
    return {"part": known, "text": "–" if np.isnan(mean) else f"{mean:.2f}", "ghost": behind}

"""The parts of Browse: the grid with its order and pages, an opened sample with all that is known about it, the view as CSV."""

from __future__ import annotations

import json
from functools import partial
from html import escape

import streamlit as st

from core.errors import StudioError
from core.filters import Filter
from core.store.ids import id_hex
from core.vocabulary import CAPABILITY_KEYS, capability_name
from studio import (
    cached,
    cached_ratings,
    cached_search,
    charts,
    downloads,
    evidence_views,
    gallery,
    layout,
    marks,
    rating,
    session,
    thumbnails,
)
from studio.cached import Card, Detail
from studio.cached_ratings import Scored
from studio.history_bar import history_bar
from studio.session import View
from studio.words import KIND_NAMES, Note, many, note_on, num

PAGE_SIZE = 48
_SIZES = ("small", "medium", "large")
_LAST_OPENED: session.Slot[tuple[int, int] | None] = session.Slot("browse.last-opened", None)
"""The sample that was open last, and the number of that visit."""

_ORDERS = {
    "shuffled": "Shuffled",
    "source": "Source order",
    "-images": "Most images",
    "-turns": "Most turns",
    "-length": "Longest text",
    "length": "Shortest text",
    "-size": "Largest picture",
    "size": "Smallest picture",
    **{f"-{key}": f"High {capability_name(key)}" for key in CAPABILITY_KEYS},
    **{key: f"Low {capability_name(key)}" for key in CAPABILITY_KEYS},
}


# -- the grid -----------------------------------------------------------------------------------------------------------


def toolbar(num_visible: int) -> None:
    """Order and tile size at the left, pages at the right."""
    shown = session.view()
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="browse-toolbar"
    ):
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="browse-order"):
            orders = {**({session.SORT_BY_LIKENESS: f"Most like: {shown.like}"} if shown.like else {}), **_ORDERS}
            session.seed("browse-sort", shown.sort if shown.sort in orders else session.DEFAULT_SORT)
            st.selectbox(
                "Order", list(orders), key="browse-sort", format_func=orders.__getitem__, label_visibility="collapsed", width=236,
                on_change=_sort,
            )  # fmt: skip
            session.seed("browse-size", shown.size)
            st.segmented_control(
                "Size",
                _SIZES,
                key="browse-size",
                label_visibility="collapsed",
                on_change=_resize,
                format_func=str.capitalize,
            )
            if _by_likeness(shown):
                layout.badges([_likeness_note(shown)])
            marks.chip()
        pager(num_visible, key="top")


def _sort() -> None:
    session.set_sort(str(session.held("browse-sort")))


def _resize() -> None:
    session.set_word("size", str(session.held("browse-size") or session.view().size))


def _by_likeness(shown: View) -> bool:
    return bool(shown.like) and shown.sort == session.SORT_BY_LIKENESS


def _likeness_note(shown: View) -> Note:
    who, found = cached_search.space(), cached_search.likeness(shown.like)
    last = f"; {many(found.num_without, 'sample')} without a picture come last" if found.num_without else ""
    return Note("by meaning", f"Cosine of text and picture as {who.name} {who.version} sees them{last}.")


def _page_cards(shown: View, page: int) -> list[Card]:
    if _by_likeness(shown):
        return cached.cards(cached_search.page_of_samples(shown.chosen, shown.like, page, PAGE_SIZE))
    return cached.page_of_cards(shown.chosen, _sort_key(shown), page, PAGE_SIZE)


def _neighbours(shown: View, sample_id: int) -> tuple[int | None, int | None, int | None]:
    """The 0-based place of a sample in the order on screen, and the samples before and after it."""
    if _by_likeness(shown):
        place = cached_search.place_of_sample(shown.chosen, shown.like, sample_id)
        at = partial(cached_search.sample_at, shown.chosen, shown.like)
    else:
        place = cached.place_of_sample(shown.chosen, _sort_key(shown), sample_id)
        at = partial(cached.sample_at, shown.chosen, _sort_key(shown))
    return (None, None, None) if place is None else (place, at(place - 1), at(place + 1))


def _sort_key(shown: View) -> str:
    """The order by likeness without a text is the usual one."""
    return session.DEFAULT_SORT if shown.sort == session.SORT_BY_LIKENESS else shown.sort


def num_pages(num_visible: int) -> int:
    """How many pages of the grid there are; one for nothing."""
    return max(1, -(-num_visible // PAGE_SIZE))


def pager(num_visible: int, *, key: str) -> None:
    """Back and on through the pages, with the place said in words."""
    page = min(session.view().page, num_pages(num_visible))
    first, last = (page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, num_visible)
    with st.container(horizontal=True, vertical_alignment="center", width="content", key=f"pager-{key}"):
        st.html(f'<span class="w-count"><b>{num(first)}–{num(last)}</b> of {num(num_visible)}</span>', width="content")
        st.button(
            "", icon=":material/chevron_left:", key=f"page-back-{key}", help="Previous page", disabled=page <= 1,
            on_click=session.set_page, args=(page - 1,),
        )  # fmt: skip
        st.button(
            "", icon=":material/chevron_right:", key=f"page-on-{key}", help="Next page", disabled=page >= num_pages(num_visible),
            on_click=session.set_page, args=(page + 1,),
        )  # fmt: skip


@st.fragment
def grid(chosen: Filter, num_visible: int) -> None:
    """The samples a filter lets through, with order, tile size and pages: what changes only these redraws nothing else."""
    shown = session.view()
    if shown.sample is not None or shown.chosen != chosen:
        st.rerun()  # the rest of the page is not what it was
    try:
        rating.problem()
        bar, below = st.container(), st.container()
        with below:  # first, as the grid stands before the chips in the page
            grid_page(num_visible)
        with bar:
            toolbar(num_visible)
    except StudioError as error:  # redrawn alone it is outside of what tells the page's problems
        layout.problem(error)


def grid_page(num_visible: int) -> None:
    """One page of the grid, and the pager again below it."""
    shown = session.view()
    page = min(shown.page, num_pages(num_visible))
    cards = _page_cards(shown, page)
    ids = [card.sample_id for card in cards]
    alike = cached_search.cosines(shown.like, ids) if _by_likeness(shown) else {}
    selected = session.SELECTION.get()
    gallery.grid(
        cards,
        key="browse-grid",
        on_open=session.open_sample,
        kept=() if selected is None else selected.among(ids),
        marked=marks.marked(),
        marks={sample_id: f"{cosine:.2f}" for sample_id, cosine in alike.items()},
        back_from=_LAST_OPENED.get(),
        size=shown.size,
        ahead=_ahead(shown, page, num_visible),
    )
    if num_pages(num_visible) > 1:
        with st.container(horizontal=True, horizontal_alignment="right", key="browse-foot"):
            pager(num_visible, key="foot")


def _ahead(shown: View, page: int, num_visible: int) -> str | None:
    """Where the pictures of the next page are, where there is one and it costs little to know."""
    if page >= num_pages(num_visible) or _by_likeness(shown):
        return None
    return thumbnails.ahead_url(cached.workspace(), shown.model_copy(update={"page": page, "sort": _sort_key(shown)}))


def csv_link(num_visible: int) -> None:
    """The view as a CSV file, made while it is sent."""
    address = downloads.view_url(cached.workspace(), session.chosen_filter())
    says = f"Download CSV of {many(num_visible, 'row')}"
    st.html(
        f'<a class="w-download" href="{escape(address)}" download="winnow-view.csv" title="{says}" aria-label="{says}">'
        "Download CSV</a>",
        width="content",
    )


def undo() -> None:
    """Undo and redo of what is done here: ratings, and pins."""
    history_bar(only=("rating", "lists"))


def nothing_ingested() -> None:
    """What Browse shows of an empty workspace."""
    with layout.empty(
        "No samples yet", "Add a LLaVA JSON or JSONL file with its images, and they appear here.", icon="picture"
    ):
        st.button("Add data", type="primary", key="browse-add", on_click=evidence_views.add_data)


# -- an opened sample ---------------------------------------------------------------------------------------------------


def opened_sample(sample_id: int, num_visible: int) -> None:
    """A sample with its picture, conversation and evidence, and the way to its neighbours in the order on screen."""
    sample = cached.detail(sample_id)
    if sample is None:
        with layout.empty(
            "This sample is not in the workspace", f"Nothing here has the id {id_hex(sample_id)}.", icon="search"
        ):
            st.button("Back to the grid", key="sample-back", on_click=session.open_sample, args=(None,))
        return
    from studio import pinning  # with the methods behind it, which the grid does not need

    scores = cached_ratings.scores(sample_id)
    _way(sample_id, num_visible)
    pinning.decided(sample_id)
    rating.problem()
    rating.line(sample_id, scores)
    gallery.viewer(sample, key="sample-viewer")
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        _scores(sample_id, scores)
        _similar(sample_id)
    with right:
        _evidence(sample)
        _provenance(sample)


def _way(sample_id: int, num_visible: int) -> None:
    """Back to the grid, and the neighbours; left and right arrow keys move, Escape closes."""
    from studio import pinning

    shown = session.view()
    asked = (sample_id, shown.chosen, shown.sort, shown.like, cached.tables_version(cached.workspace().path))
    place, before, after = rating.steady(asked, lambda: _neighbours(shown, sample_id))
    last = _LAST_OPENED.get()
    _LAST_OPENED.set((sample_id, 1 if last is None else last[1] + 1))
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="sample-way"
    ):
        page = shown.page if place is None else place // PAGE_SIZE + 1
        st.button(
            "Grid",
            icon=":material/arrow_back:",
            key="sample-close",
            shortcut="Escape",
            on_click=session.open_sample,
            args=(None, page),
        )
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="sample-steps"):
            pinning.sample_buttons(sample_id)
            marks.toggle_button(sample_id)
            where = "outside the filter" if place is None else f"{num(place + 1)} of {num(num_visible)}"
            st.html(f'<span class="w-count">{where}</span>', width="content")
            st.button("Previous", key="sample-before", shortcut="Left", disabled=before is None,
                on_click=session.open_sample, args=(before,),
            )  # fmt: skip
            st.button("Next", key="sample-after", shortcut="Right", disabled=after is None,
                on_click=session.open_sample, args=(after,),
            )  # fmt: skip


def _scores(sample_id: int, scores: dict[str, Scored]) -> None:
    """The scores as a picture, and row by row to rate."""
    said_by = dict.fromkeys(one.by for one in scores.values() if one.by is not None)
    if said_by:
        layout.section("Capability scores", "0 to 5", [note_on(by.name, by.version) for by in said_by])
    else:
        layout.section("Capability scores", badges=evidence_views.producer_notes("scores"))
        known = "scores" in cached.lens().producers
        layout.small(
            "Nobody scored this sample: the rules leave out languages they do not know. Rate it here."
            if known
            else "Not scored yet. Prepare the workspace on Overview, or rate it here."
        )
    with st.container(key="sample-scores"):
        picture, numbers = st.columns([1, 1.85], vertical_alignment="center")
        with picture:
            charts.radar({key: one.score for key, one in scores.items()}, key="sample-radar")
        with numbers:
            rating.rows(sample_id, scores)


def _evidence(sample: Detail) -> None:
    if sample.card.flags:
        layout.section(KIND_NAMES["flags"], badges=evidence_views.producer_notes("flags"))
        layout.chips(sample.card.flags, nothing="no flag")
    layout.section(KIND_NAMES["styles"], badges=evidence_views.producer_notes("styles"))
    layout.chips(sample.card.styles, nothing="no style")
    for kind in ("instruction_tags", "image_tags"):
        layout.section(KIND_NAMES[kind], badges=evidence_views.producer_notes(kind))
        layout.paths(sample.tags[kind])


def _provenance(sample: Detail) -> None:
    layout.section("Provenance")
    sizes = [f"{width} × {height} px {form}" for _, width, height, form, _ in sample.images]
    entries = [
        ("source", sample.card.source),
        ("original id", sample.original_id),
        ("sample id", id_hex(sample.card.sample_id)),
        ("row in its file", num(sample.ingest_row)),
        ("licence", sample.origin.get("licence") or "not stated"),
        *([("revision", sample.origin["revision"])] if sample.origin.get("revision") else []),
        *([("category", sample.origin["category"])] if sample.origin.get("category") else []),
        ("pictures", "; ".join(sizes) or "none"),
        *([("read from", sample.images[0][4] or "")] if sample.images else []),
        ("text", f"{many(sample.card.num_turns, 'turn')}, {many(sample.num_chars, 'character')}"
         + (f", {many(sample.num_text_tokens, 'token')}" if sample.num_text_tokens is not None else "")),
        *([("further fields", _one_line(sample.extra))] if sample.extra else []),
    ]  # fmt: skip
    layout.facts([(name, value or "") for name, value in entries])


def _one_line(extra: str) -> str:
    fields = json.loads(extra)
    return ", ".join(f"{name}: {value}" for name, value in fields.items()) if isinstance(fields, dict) else extra


def _similar(sample_id: int) -> None:
    badges = evidence_views.producer_notes("embedding")
    layout.section("Similar samples", badges=badges)
    near = cached.similar(sample_id)
    if not near:
        layout.small("No embedding yet. Prepare the workspace on Overview.")
        return
    likeness = {other: f"{value:.2f}" for other, value in near}
    gallery.strip(
        cached.cards([other for other, _ in near]), key="sample-similar", on_open=session.open_sample, marks=likeness
    )

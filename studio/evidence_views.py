"""The parts of Tags and Capabilities: tag trees, histograms, correlations and means by source, over what the filter shows.

What is shown is compared with the pool; a selection made in Curate can be shown instead of the filter.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa
import streamlit as st

from core.filters import Filter
from core.vocabulary import CAPABILITIES, CAPABILITY_KEYS, INSTRUCTION_TAGS, TAG_SEPARATOR, capability_name
from studio import cached, charts, filters_bar, layout, run_panel, session, style
from studio.charts import Bars, Column, Row, TagCount
from studio.words import KIND_NAMES, Note, many, note_on, num, share

_SHOW_SELECTION: session.Slot[bool] = session.Slot("compare.selection", False)
CAPABILITY_VIEWS = ("histograms", "correlation", "by source", "people")


def producer_notes(kind: str) -> list[Note]:
    """Badges of everybody who said something of a kind."""
    return [note_on(entry.name, entry.version) for entry in cached.lens().producers.get(kind, [])]


def not_prepared(kind: str) -> None:
    """The empty state of a page whose evidence is missing, with the button that makes it."""
    busy = bool(run_panel.running(("prepare",)))
    says = "Prepare makes it offline, from the conversations and the pictures themselves."
    with layout.empty(f"{KIND_NAMES[kind]}: nothing yet", says, icon="chart"):
        if cached.count() == 0:
            st.button("Add data", type="primary", key="missing-add", on_click=add_data)
        else:
            label = "Preparing" if busy else f"Prepare {many(cached.count(), 'sample')}"
            st.button(label, type="primary", key="missing-prepare", disabled=busy, on_click=run_panel.prepare)
    run_panel.show(("prepare",), key="missing")


def add_data() -> None:
    """Go to Overview with its dialog for adding data open."""
    session.ADDING_DATA.set(True)
    session.go_to("overview")


def comparison_toggle() -> session.Selected | None:
    """Whether to show the last selection instead of the filter; gives the selection when it is to be shown."""
    selected = session.SELECTION.get()
    if selected is None:
        return None
    key = session.seed("compare-selection", _SHOW_SELECTION.get())
    st.toggle(f"Show {layout.verbatim(selected.name)}", key=key, on_change=_compare)
    return selected if _SHOW_SELECTION.get() else None


def _compare() -> None:
    _SHOW_SELECTION.set(bool(session.held("compare-selection")))


# -- tags ---------------------------------------------------------------------------------------------------------------


def tag_kind() -> str:
    """Which tree is shown, chosen with two buttons."""
    session.seed("tags-kind", session.view().tree)
    st.segmented_control(
        "Tree", ("instruction_tags", "image_tags"), key="tags-kind", format_func=KIND_NAMES.__getitem__, label_visibility="collapsed",
        on_change=_choose_kind,
    )  # fmt: skip
    return session.view().tree


def _choose_kind() -> None:
    session.set_word("tree", str(session.held("tags-kind") or session.view().tree))


def tag_counts(kind: str, chosen: Filter, selected: session.Selected | None) -> list[TagCount]:
    """The tree of a kind with counts of what is shown and of the pool, most frequent first at every level."""
    seen = (
        cached.ask("count_by_tag", chosen)
        if selected is None
        else cached.ask_of(selected, "count_by_tag_chosen", chosen)
    )
    pool = {_path(row): row["num_samples"] for row in cached.ask("count_by_tag").to_pylist() if row["kind"] == kind}
    return [
        TagCount(path := _path(row), row["depth"], row["num_samples"], row["num_times"], pool.get(path, 0))
        for row in seen.to_pylist()
        if row["kind"] == kind
    ]


def _path(row: dict[str, Any]) -> str:
    return TAG_SEPARATOR.join(part for part in (row["level1"], row["level2"], row["level3"]) if part is not None)


def tags(kind: str, selected: session.Selected | None) -> None:
    """A sunburst and a list of the same tree; a click filters every page."""
    chosen = session.chosen_filter()
    without_tags = chosen.without("tags")
    nodes = tag_counts(kind, without_tags, selected)
    if not nodes:
        filters_bar.nothing_visible()
        return
    total = cached.count_of(selected, without_tags) if selected is not None else cached.count(without_tags)
    pool_total = cached.count()
    compared = selected is not None or not without_tags.is_empty
    colours = charts.tag_colours(_tops(kind))
    pick = partial(filters_bar.toggle, "tags")
    picture, listed = st.columns([1.45, 1], gap="medium")
    with picture:
        charts.sunburst(
            nodes, colours, key=f"sunburst-{kind}", title=KIND_NAMES[kind], total=total, says="in all", on=chosen.tags, on_pick=pick,
            tall_px=610,
        )  # fmt: skip
    with listed:
        most = (
            max(max(node.num_samples / max(total, 1), (node.num_pool or 0) / max(pool_total, 1)) for node in nodes)
            or 1.0
        )
        entries = [_tag_row(node, total, pool_total, most, compared, colours, chosen) for node in _in_tree_order(nodes)]
        columns = (Column("Tag", "grow"), Column("Samples", "bar", 150), Column("Share", "number", 64))
        charts.rows(columns, entries, key=f"taglist-{kind}", on_pick=pick, tall_px=600)


def _tops(kind: str) -> list[str]:
    """The first level of a tree in the order of its colours, whatever the filter: as in the vocabulary, else the most frequent in
    the pool first, since only nine have a colour of their own."""
    if kind == "instruction_tags":
        return list(dict.fromkeys(path.split(TAG_SEPARATOR)[0] for path in INSTRUCTION_TAGS))
    rows = [row for row in cached.ask("count_by_tag").to_pylist() if row["kind"] == kind and row["depth"] == 1]
    return [row["level1"] for row in sorted(rows, key=lambda row: (-row["num_samples"], row["level1"]))]


def _in_tree_order(nodes: list[TagCount]) -> list[TagCount]:
    """Parents before their children, and siblings by how many samples they have."""
    children: dict[str, list[TagCount]] = {}
    for node in nodes:
        children.setdefault(TAG_SEPARATOR.join(node.path.split(TAG_SEPARATOR)[:-1]), []).append(node)
    ordered: list[TagCount] = []

    def walk(parent: str) -> None:
        for node in sorted(children.get(parent, []), key=lambda entry: (-entry.num_samples, entry.path)):
            ordered.append(node)
            walk(node.path)

    walk("")
    return ordered


def _tag_row(
    node: TagCount, total: int, pool_total: int, most: float, compared: bool, colours: dict[str, str], chosen: Filter
) -> Row:
    part = node.num_samples / max(total, 1)
    top, *rest = node.path.split(TAG_SEPARATOR)
    name = {
        "text": rest[-1] if rest else top,
        "depth": node.depth - 1,
        "colour": colours.get(top, style.OTHER) if node.depth == 1 else None,
        "says": f"{node.path}: {num(node.num_samples)} of {num(total)}; pool {share(node.num_pool or 0, pool_total)}",
    }
    ghost = (node.num_pool or 0) / max(pool_total, 1) / most if compared else None
    return Row(
        [name, {"part": part / most, "text": num(node.num_samples), "ghost": ghost}, share(part)],
        key=node.path,
        on=node.path in chosen.tags,
    )


# -- capabilities -------------------------------------------------------------------------------------------------------


def capability_view() -> str:
    """Which of the four pictures is shown."""
    session.seed("capabilities-view", session.view().capability_view)
    st.segmented_control(
        "View", CAPABILITY_VIEWS, key="capabilities-view", label_visibility="collapsed", on_change=_choose_view,
        format_func=str.capitalize,
    )  # fmt: skip
    return session.view().capability_view


def _choose_view() -> None:
    session.set_word("view", str(session.held("capabilities-view") or session.view().capability_view))


def score_counts(answer: pa.Table) -> dict[str, tuple[list[int], int, float | None]]:
    """Per capability: samples per score 0 to 5, samples without a score, and the mean (None when nobody was scored)."""
    found: dict[str, tuple[list[int], int, float | None]] = {}
    for key in CAPABILITY_KEYS:
        counts, missing, total = [0] * 6, 0, 0.0
        for row in answer.to_pylist():
            if row["capability"] != key:
                continue
            if row["score"] is None:
                missing = row["num_samples"]
            else:
                counts[row["score"]] = row["num_samples"]
                total = row["total"]
        found[key] = (counts, missing, total / sum(counts) if sum(counts) else None)
    return found


def histograms(selected: session.Selected | None) -> None:
    """Fourteen histograms of six bars, the pool as a ghost behind; a click on a bar filters by that score."""
    chosen = session.chosen_filter()
    shown = score_counts(
        cached.ask("score_counts", chosen)
        if selected is None
        else cached.ask_of(selected, "score_counts_chosen", chosen)
    )
    pool = score_counts(cached.ask("score_counts")) if selected is not None or not chosen.is_empty else None
    charts.bars(
        [_panel(key, shown[key], None if pool is None else pool[key]) for key in CAPABILITY_KEYS],
        key="capability-bars",
        on_pick=_pick_score,
        least_px=176,
        tall_px=124,
    )


def _panel(
    key: str, shown: tuple[list[int], int, float | None], pool: tuple[list[int], int, float | None] | None
) -> Bars:
    counts, missing, mean = shown
    said = "not scored" if mean is None else f"mean {mean:.1f}"
    if pool is not None and pool[2] is not None:
        said += f", pool {pool[2]:.1f}"
    capability = CAPABILITIES[CAPABILITY_KEYS.index(key)]
    return Bars(
        key=key,
        title=capability.name,
        counts=counts,
        ghost_counts=None if pool is None else pool[0],
        foot=said + (f", {num(missing)} not scored" if missing else ""),
        hover=f"{capability.name}\n{charts.rubric(capability)}",
    )


def _pick_score(capability: str, score: int) -> None:
    """Filter by one bar; the same bar again takes the filter away."""
    low, high = filters_bar.bar_range(score)
    now = next((entry for entry in session.chosen_filter().scores if entry.capability == capability), None)
    same = now is not None and (now.low, now.high) == (low, high)
    filters_bar.set_score_range(capability, None if same else (low, high))


def correlation() -> None:
    """How the scores go together, pair by pair."""
    answer = cached.ask("score_correlations", session.chosen_filter())
    columns = [answer.column(index + 1).to_pylist() for index in range(len(CAPABILITIES))]
    names = [capability.name for capability in CAPABILITIES]
    values = [[None if i == j else column[i] for j, column in enumerate(columns)] for i in range(len(names))]
    charts.heatmap(
        names,
        names,
        values,
        colour=charts.diverging_colour,
        text=charts.coefficient,
        hover=lambda i, j: names[i] if i == j else f"{names[i]} with {names[j]}: {_two(values[i][j])}",
    )
    charts.scale(charts.diverging(), "−1, against each other", "1, together")


def by_source() -> None:
    """The mean score of each capability in each source."""
    answer = cached.ask("scores_by_source", session.chosen_filter()).to_pylist()
    names = [capability_name(key) for key in CAPABILITY_KEYS]
    values = [[row[key] for key in CAPABILITY_KEYS] for row in answer]
    charts.heatmap(
        [f"{row['source']} ({num(row['num_samples'])})" for row in answer],
        names,
        values,
        colour=style.score_colour,
        text=lambda value: f"{value:.1f}",
        hover=lambda i, j: f"{answer[i]['source']}, {names[j]}: mean {_two(values[i][j])} of 5",
    )
    charts.scale(style.SEQUENTIAL, "mean 0", "5")


def _two(value: float | None) -> str:
    return "not known" if value is None or value != value else f"{value:.2f}"

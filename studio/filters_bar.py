"""The row of filter chips under a page's title, the same on every page; each chip says its effect.

A chip opens what changes it; the filter lives in `studio.session` and so in the URL.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.errors import StudioError
from core.filters import NO_LICENCE, UNFLAGGED, UNSTYLED, Filter, ScoreRange
from core.vocabulary import CAPABILITIES, CAPABILITY_KEYS, STYLES, TAG_SEPARATOR, capability_name
from studio import cached, charts, filter_saved, filter_search, layout, session
from studio.charts import Column, Row
from studio.words import num


def filters_bar() -> int:
    """Draw the chips; gives how many samples the filter lets through."""
    chosen = session.chosen_filter()
    total = cached.count()
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        filter_search.search_box()
        filter_search.other_chip()
        filter_saved.listed_chip(chosen)
        _chip("source", "sources", chosen, _source_label(chosen), _sources)
        _chip("licence", "licences", chosen, _licence_label(chosen), _licences)
        _chip("style", "styles", chosen, _style_label(chosen), _styles)
        _chip("tag", "tags", chosen, _tag_label(chosen), _tags)
        if chosen.flags or "flags" in cached.lens().producers:
            _chip("flag", "flags", chosen, _flag_label(chosen), _flags)
        _chip("score", "scores", chosen, _score_label(chosen), _scores)
        _chip("images", "images", chosen, _images_label(chosen), _images)
        _chip("condition", "where", chosen, _where_label(chosen), _where)
        filter_saved.saved_chip(chosen)
        visible, wrong = _count(chosen)
        if wrong is None:
            text = (
                f"<b>{num(total)}</b> samples" if chosen.is_empty else f"<b>{num(visible)}</b> of {num(total)} samples"
            )
            st.html(f'<span class="w-count">{text}</span>', width="content")
        if not chosen.is_empty or session.view().like:
            st.button("Clear all", type="tertiary", key="filter-clear", on_click=_clear_all)
    if (unsearchable := filter_search.missing()) is not None:
        layout.problem(unsearchable)
    if wrong is not None:
        raise wrong  # only now, so that the chips that mend it are there
    return visible


def num_passing() -> int | None:
    """How many samples the filter lets through; None when something is wrong with it, which the chips tell."""
    visible, wrong = _count(session.chosen_filter())
    return visible if wrong is None else None


def _count(chosen: Filter) -> tuple[int, StudioError | None]:
    """How many samples pass, or what is wrong with the filter."""
    try:
        return cached.count(chosen), None
    except StudioError as error:
        return 0, error


def _chip(name: str, field: str, chosen: Filter, label: str, content: Callable[[Filter], None]) -> None:
    """One chip: a popover that edits a field, and while the field is set a sign that clears it."""
    on = _alone(chosen, field) != Filter()
    with st.container(horizontal=True, width="content", gap=None, key=f"chip-{'on' if on else 'off'}-{name}"):
        opened = st.popover(layout.verbatim(label), key=f"popover-{name}", on_change="rerun")
        if on:
            st.button(
                "",
                icon=":material/close:",
                key=f"chip-clear-{name}",
                help=f"Clear {name}",
                on_click=_clear,
                args=(field,),
            )
        if opened.open:
            with opened:
                content(chosen)


def _alone(chosen: Filter, field: str) -> Filter:
    """The filter with nothing but one field; `images` stands for both ends of its range."""
    fields = ("min_images", "max_images") if field == "images" else (field,)
    return Filter(**{name: getattr(chosen, name) for name in fields})


def without(chosen: Filter, field: str) -> Filter:
    """The filter without one field; `images` stands for both ends of its range."""
    if field == "images":
        return chosen.without("min_images").without("max_images")
    return chosen.without(field)


def _clear(field: str) -> None:
    session.set_filter(without(session.chosen_filter(), field))


def _clear_all() -> None:
    session.set_filter(Filter())
    session.set_like("")


def _effect(chosen: Filter, field: str, text: str) -> str:
    count, wrong = _count(_alone(chosen, field))
    return text if wrong is not None else f"{text}, {num(count)}"


def _update(**fields: Any) -> None:
    session.set_filter(session.chosen_filter().model_copy(update=fields))


def toggle(field: str, value: str) -> None:
    """Add a source, style or tag to the shared filter, or take it away."""
    now: tuple[str, ...] = getattr(session.chosen_filter(), field)
    _update(**{field: tuple(entry for entry in now if entry != value) if value in now else (*now, value)})


# -- labels -------------------------------------------------------------------------------------------------------------


def _several(chosen: Filter, field: str, noun: str, values: tuple[str, ...]) -> str:
    if not values:
        return noun.capitalize()
    shown = values[0] if len(values) == 1 else f"{len(values)} {noun}s"
    return _effect(chosen, field, f"{noun}: {shown}" if len(values) == 1 else shown)


def _source_label(chosen: Filter) -> str:
    return _several(chosen, "sources", "source", chosen.sources)


def _licence_label(chosen: Filter) -> str:
    return _several(chosen, "licences", "licence", chosen.licences)


def _flag_label(chosen: Filter) -> str:
    return _several(chosen, "flags", "flag", chosen.flags)


def _style_label(chosen: Filter) -> str:
    return _several(chosen, "styles", "style", chosen.styles)


def _tag_label(chosen: Filter) -> str:
    return _several(chosen, "tags", "tag", tuple(tag.split(TAG_SEPARATOR)[-1] for tag in chosen.tags))


def bar_range(score: int) -> tuple[float, float]:
    """The scores that fall into one of the six bars: those that round to it, in fiftieths as they are stored."""
    return max(score - 0.5, 0.0), min(score + 0.48, 5.0)


def range_text(entry: ScoreRange) -> str:
    """'OCR 3 to 5', 'STEM at least 2', 'data about 0'."""
    name = next((charts.short_name(c) for c in CAPABILITIES if c.key == entry.capability), entry.capability)
    for score in range(6):
        if (entry.low, entry.high) == bar_range(score):
            return f"{name} about {score}"
    if entry.low == entry.high:
        return f"{name} {entry.low:g}"
    return f"{name} at least {entry.low:g}" if entry.high == 5 else f"{name} {entry.low:g} to {entry.high:g}"


def _score_label(chosen: Filter) -> str:
    return _several(chosen, "scores", "score", tuple(range_text(entry) for entry in chosen.scores))


def _images_label(chosen: Filter) -> str:
    low, high = chosen.min_images, chosen.max_images
    if low is None and high is None:
        return "Images"
    if low == high:
        text = "none" if low == 0 else str(low)
    else:
        text = f"at most {high}" if low is None else f"at least {low}" if high is None else f"{low} to {high}"
    return _effect(chosen, "images", f"images: {text}")


def _where_label(chosen: Filter) -> str:
    text = chosen.where if len(chosen.where) <= 28 else f"{chosen.where[:27]}…"
    return _effect(chosen, "where", text) if chosen.where else "Condition"


# -- what the chips open ------------------------------------------------------------------------------------------------


def _counted(title: str) -> tuple[Column, Column]:
    return Column(title, "name"), Column("Samples", "bar", 170)


def _count_rows(counts: list[tuple[str, str, int]], chosen: tuple[str, ...]) -> list[Row]:
    """Rows (key, name, samples) with bars, the chosen ones marked."""
    most = max((count for _, _, count in counts), default=1) or 1
    return [
        Row([name, {"part": count / most, "text": num(count)}], key=key, on=key in chosen)
        for key, name, count in counts
    ]


def _sources(chosen: Filter) -> None:
    found = cached.ask("count_by_source", chosen.without("sources")).to_pylist()
    counts = [(row["source"], row["source"], row["num_samples"]) for row in found]
    charts.rows(
        _counted("Source"),
        _count_rows(counts, chosen.sources),
        key="pick-source",
        on_pick=partial(toggle, "sources"),
        tall_px=380,
    )


def _licences(chosen: Filter) -> None:
    found = cached.ask("count_by_licence", chosen.without("licences")).to_pylist()
    counts = [(row["licence"], row["licence"], row["num_samples"]) for row in found]
    with st.container(width=460, key="licences"):
        charts.rows(
            (Column("Licence", "long"), Column("Samples", "bar", 170)),
            _count_rows(counts, chosen.licences),
            key="pick-licence",
            on_pick=partial(toggle, "licences"),
            tall_px=380,
        )
    if any(row["licence"] == NO_LICENCE for row in found):
        layout.small("A source's licence is stated when it is added, and can be stated again by adding it once more.")


def _flags(chosen: Filter) -> None:
    found = cached.ask("count_by_flag", chosen.without("flags")).to_pylist()
    named = [(UNFLAGGED if row["flag"] is None else row["flag"], row["num_samples"]) for row in found]
    charts.rows(
        _counted("Flag"),
        _count_rows([(name, name, count) for name, count in named], chosen.flags),
        key="pick-flag",
        on_pick=partial(toggle, "flags"),
        tall_px=380,
    )


def _styles(chosen: Filter) -> None:
    found = cached.ask("count_by_style", chosen.without("styles")).to_pylist()
    named = [(UNSTYLED if row["place"] is None else STYLES[row["place"]], row["num_samples"]) for row in found]
    counts = [(name, "no style" if name == UNSTYLED else name, count) for name, count in named]
    charts.rows(
        _counted("Style"),
        _count_rows(counts, chosen.styles),
        key="pick-style",
        on_pick=partial(toggle, "styles"),
        tall_px=380,
    )


def _images(chosen: Filter) -> None:
    found = cached.ask("count_by_images", without(chosen, "images")).to_pylist()
    on = (str(chosen.min_images),) if chosen.min_images is not None and chosen.min_images == chosen.max_images else ()
    counts = [
        (str(row["num_images"]), "no image" if row["num_images"] == 0 else str(row["num_images"]), row["num_samples"])
        for row in found
    ]
    charts.rows(_counted("Images"), _count_rows(counts, on), key="pick-images", on_pick=_pick_images, tall_px=380)


def _pick_images(text: str) -> None:
    count, now = int(text), session.chosen_filter()
    same = now.min_images == now.max_images == count
    _update(min_images=None if same else count, max_images=None if same else count)


def _tags(chosen: Filter) -> None:
    known = cached.lens().tag_paths
    every = sorted({TAG_SEPARATOR.join(path.split(TAG_SEPARATOR)[:depth]) for path in known for depth in (1, 2, 3)})
    if not every:
        layout.small("No tags yet. Prepare the workspace on Overview.")
        return
    session.seed("filter-tags", [tag for tag in chosen.tags if tag in every])
    st.multiselect(
        "Tags, or all below them",
        every,
        key="filter-tags",
        on_change=_set_tags,
        width=420,
        placeholder="Type to find a tag",
    )


def _set_tags() -> None:
    _update(tags=tuple(session.held("filter-tags") or ()))


def _scores(chosen: Filter) -> None:
    for entry in chosen.scores:
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"range-{entry.capability}"):
            key = session.seed(f"filter-score-{entry.capability}", (entry.low, entry.high))
            st.slider(
                layout.verbatim(capability_name(entry.capability) if entry.capability in CAPABILITY_KEYS else entry.capability),
                0.0, 5.0, step=0.5, key=key, width=300, on_change=_set_range, args=(entry.capability,), format="%.1f",
            )  # fmt: skip
            st.button(
                "", icon=":material/close:", key=f"filter-score-clear-{entry.capability}", type="tertiary",
                on_click=set_score_range, args=(entry.capability, None),
            )  # fmt: skip
    ranged = [entry.capability for entry in chosen.scores]
    left = [key for key in CAPABILITY_KEYS if key not in ranged]
    session.seed("filter-score-add", None)
    st.selectbox(
        "Add a capability", left, key="filter-score-add", format_func=capability_name, on_change=_add_range, width=360,
        placeholder="Choose a capability", label_visibility="collapsed" if ranged else "visible",
    )  # fmt: skip


def _add_range() -> None:
    key = session.held("filter-score-add")
    if key:
        set_score_range(str(key), (3.0, 5.0))


def _set_range(capability: str) -> None:
    low, high = session.held(f"filter-score-{capability}")
    set_score_range(capability, (float(low), float(high)))


def set_score_range(capability: str, span: tuple[float, float] | None) -> None:
    """Let through only scores in a span (both ends included), or any with None."""
    now = session.chosen_filter().scores
    if span is None:
        changed = tuple(entry for entry in now if entry.capability != capability)
    else:
        new = ScoreRange(capability=capability, low=span[0], high=span[1])
        changed = tuple(new if entry.capability == capability else entry for entry in now)
        if all(entry.capability != capability for entry in now):
            changed = (*changed, new)
    _update(scores=changed)


_CONDITION_COLUMNS = (
    ("Text", "source, original_id; in single quotes: source = 'sroie'"),
    ("Numbers", "num_images, num_turns, num_chars, num_text_tokens, width_px, height_px, cluster"),
    ("Scores, 0 to 5", ", ".join(CAPABILITY_KEYS)),
    ("Lists", "styles, tags, flags: list_contains(styles, 'yes/no')"),
)
"""What a condition may be about, with an example where its form is not plain."""


def _where(chosen: Filter) -> None:
    session.seed("filter-where", chosen.where)
    st.text_area(
        "SQL condition over the pool", key="filter-where", height=90, width=420, placeholder="ocr >= 3 AND source = 'sroie'",
        help="One condition; AND, OR and NOT join several. Text stands in single quotes.",
        on_change=_set_where,
    )  # fmt: skip
    layout.facts(_CONDITION_COLUMNS)


def _set_where() -> None:
    _update(where=str(session.held("filter-where") or "").strip()[:10_000])


def nothing_visible() -> None:
    """What a page shows when the filter lets nothing through."""
    with layout.empty("Nothing matches", "No sample passes all these filters.", icon="search"):
        st.button("Clear all filters", key="nothing-clear", on_click=session.set_filter, args=(Filter(),))

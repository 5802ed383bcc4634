"""The pictures of numbers: six-bar histograms, a radar, heatmaps, a sunburst and clickable tables.

Everything here is small HTML or SVG of our own, which draws at once and follows the theme; text from data is escaped or
written with `textContent`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import streamlit as st

from core.vocabulary import CAPABILITIES, TAG_SEPARATOR, Capability
from studio import session, style
from studio.words import share

SCORE_LABELS = ("0", "1", "2", "3", "4", "5")


# -- bars ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bars:
    """One panel of bars: how often each label occurs in what is shown, and in the pool behind it (None: no ghost)."""

    key: str
    title: str
    counts: Sequence[int]
    ghost_counts: Sequence[int] | None = None
    says: str = ""
    foot: str = ""
    hover: str = ""


def bars(
    panels: Sequence[Bars],
    *,
    key: str,
    labels: Sequence[str] = SCORE_LABELS,
    unit: str = "score",
    on_pick: Callable[[str, int], None] | None = None,
    least_px: int = 190,
    tall_px: int = 84,
) -> None:
    """Small multiples of bars, shares of their own totals; `on_pick(panel key, label index)` when a bar is clicked."""

    def clicked() -> None:
        picked = getattr(session.held(key), "picked", None)
        if picked is not None and on_pick is not None:
            on_pick(str(picked["key"]), int(picked["index"]))

    shown = {
        "labels": list(labels),
        "least_px": least_px,
        "tall_px": tall_px,
        "pick": on_pick is not None,
        "panels": [
            {
                "key": panel.key,
                "title": panel.title,
                "unit": unit,
                "says": panel.says,
                "foot": panel.foot,
                "hover": panel.hover or panel.title,
                "counts": list(panel.counts),
                "shown": _shares(panel.counts),
                "ghost": None if panel.ghost_counts is None else _shares(panel.ghost_counts),
                "ghost_counts": None if panel.ghost_counts is None else list(panel.ghost_counts),
            }
            for panel in panels
        ],
    }
    style.component("bars")(key=key, data=shown, on_picked_change=clicked)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


# -- tables -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a clickable table. Cells: text or {text, depth, colour, says}; a bar {part, text, ghost}; a chip {text, look, says};
    dots that open more {key, says}."""

    title: str
    kind: Literal["text", "name", "grow", "soft", "number", "bar", "chip", "long", "mono", "more"] = "text"
    width_px: int | None = None


@dataclass(frozen=True)
class Row:
    """A row of a clickable table; `key` is what a click gives (None: not clickable), `on` marks it as chosen."""

    cells: Sequence[Any]
    key: str | None = None
    on: bool = False


def rows(
    columns: Sequence[Column],
    entries: Sequence[Row],
    *,
    key: str,
    on_pick: Callable[[str], None] | None = None,
    on_more: Callable[[str], None] | None = None,
    tall_px: int | None = None,
) -> None:
    """A table in the studio's look; `on_pick(row key)` when a row is clicked, `on_more(cell key)` for the dots of a `more` cell."""

    def clicked() -> None:
        picked = getattr(session.held(key), "picked", None)
        if picked is not None and on_pick is not None:
            on_pick(str(picked))

    def asked() -> None:
        wanted = getattr(session.held(key), "more", None)
        if wanted is not None and on_more is not None:
            on_more(str(wanted))

    shown = {
        "columns": [{"title": c.title, "kind": c.kind, "width_px": c.width_px} for c in columns],
        "rows": [{"key": r.key if on_pick else None, "on": r.on, "cells": list(r.cells)} for r in entries],
        "tall_px": tall_px,
    }
    style.component("rows")(key=key, data=shown, on_picked_change=clicked, on_more_change=asked)


# -- sunburst -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TagCount:
    """A place in a tag tree: samples below it, and how often its tags are given (which adds up over children)."""

    path: str
    depth: int
    num_samples: int
    num_times: int
    num_pool: int | None = None


def tag_colours(tops: Sequence[str]) -> dict[str, str]:
    """A colour for each first level, in fixed order; from the tenth on 'other'."""
    return {top: style.CATEGORICAL[i] if i < len(style.CATEGORICAL) else style.OTHER for i, top in enumerate(tops)}


def sunburst(
    nodes: Sequence[TagCount],
    colours: Mapping[str, str],
    *,
    key: str,
    title: str,
    total: int,
    says: str = "",
    on: Sequence[str] = (),
    on_pick: Callable[[str], None] | None = None,
    tall_px: int = 560,
) -> None:
    """Three rings of tags, sized by how often they are given; `on_pick(path)` when one is clicked."""

    def clicked() -> None:
        picked = getattr(session.held(key), "picked", None)
        if picked is not None and on_pick is not None:
            on_pick(str(picked))

    white = style.palette().ground
    shown = []
    for node in nodes:
        top, *_ = node.path.split(TAG_SEPARATOR)
        colour = style.blend(colours.get(top, style.OTHER), white, 0.22 * (node.depth - 1))
        chosen = any(node.path == tag or node.path.startswith(tag + TAG_SEPARATOR) for tag in on)
        shown.append(
            {
                "path": node.path,
                "parent": TAG_SEPARATOR.join(node.path.split(TAG_SEPARATOR)[:-1]),
                "label": node.path.split(TAG_SEPARATOR)[-1],
                "depth": node.depth,
                "weight": node.num_times,
                "count": node.num_samples,
                "says": share(node.num_samples, total),
                "colour": colour,
                "ink": style.ink_on(colour),
                "on": chosen,
            }
        )
    data = {"nodes": shown, "title": title, "total": total, "says": says, "tall_px": tall_px}
    style.component("sunburst")(key=key, data=data, on_picked_change=clicked)


# -- radar and scores ---------------------------------------------------------------------------------------------------

_RADIUS, _WIDE, _TALL = 108.0, 372, 268


def _spoke(index: int, count: int, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * index / count
    return _WIDE / 2 + radius * math.sin(angle), _TALL / 2 - radius * math.cos(angle)


def _shape(scores: Sequence[float | None]) -> str:
    points = [_spoke(i, len(scores), _RADIUS * (score or 0.0) / 5) for i, score in enumerate(scores)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def rubric(capability: Capability) -> str:
    """The rubric of a capability as plain lines."""
    return "\n".join(f"{anchor}: {says}" for anchor, says in capability.rubric.items())


def radar_svg(scores: Mapping[str, float | None], behind: Mapping[str, float | None] | None = None) -> str:
    """The fourteen scores (0 to 5, None missing) as a radar; `behind` is drawn as a grey ghost."""
    count = len(CAPABILITIES)
    rings = "".join(f'<polygon class="ring" points="{_shape([float(ring)] * count)}"/>' for ring in range(1, 6))
    parts = []
    for index, capability in enumerate(CAPABILITIES):
        score = scores.get(capability.key)
        x, y = _spoke(index, count, _RADIUS * (score or 0.0) / 5)
        tx, ty = _spoke(index, count, _RADIUS + 12)
        anchor = "middle" if abs(tx - _WIDE / 2) < 8 else "start" if tx > _WIDE / 2 else "end"
        said = f"{capability.name}: {'not scored' if score is None else f'{score:g} of 5'}"
        look, size = ("gone", 2.2) if score is None else ("dot", 3.0)
        parts.append(
            f'<g data-tip="{escape(said)}&#10;{escape(rubric(capability)).replace(chr(10), "&#10;")}">'
            f'<text x="{tx:.1f}" y="{ty + 4:.1f}" text-anchor="{anchor}">{escape(short_name(capability))}</text>'
            f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"/><circle class="grip" cx="{x:.1f}" cy="{y:.1f}" r="9"/></g>'
        )
    ghost = (
        ""
        if behind is None
        else f'<polygon class="ghost" points="{_shape([behind.get(c.key) for c in CAPABILITIES])}"/>'
    )
    shape = f'<polygon class="shape" points="{_shape([scores.get(c.key) for c in CAPABILITIES])}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="radar" viewBox="0 0 {_WIDE} {_TALL}" role="img" '
        f'aria-label="Capability scores">{rings}{ghost}{shape}{"".join(parts)}</svg>'
    )


_SHORT_NAMES = {
    "spatial": "spatial", "attribute": "attributes", "logical": "logic", "scene": "scene", "finegrained": "fine-grained",
    "langgen": "language", "icl": "in-context", "comparative": "comparison", "activity": "activity", "causal": "causality",
    "humanities": "humanities", "stem": "STEM", "data": "data", "ocr": "OCR",
}  # fmt: skip
"""Names for tight places; the full name and the rubric are in the hover."""


def short_name(capability: Capability) -> str:
    """A capability's name for tight places."""
    return _SHORT_NAMES.get(capability.key, capability.name)


def radar(scores: Mapping[str, float | None], behind: Mapping[str, float | None] | None = None, *, key: str) -> None:
    """The radar of `radar_svg` on the page, the rubric on hover."""
    style.component("drawing")(key=key, data={"svg": radar_svg(scores, behind)})


# -- heatmaps -----------------------------------------------------------------------------------------------------------


def heatmap(
    row_names: Sequence[str],
    column_names: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    colour: Callable[[float], str],
    text: Callable[[float], str],
    hover: Callable[[int, int], str],
    column_hovers: Sequence[str] | None = None,
) -> None:
    """A table of coloured cells with their numbers; None is hatched."""
    hovers = column_hovers or column_names
    head = "".join(
        f'<th scope="col" title="{escape(says)}"><div>{escape(name)}</div></th>'
        for name, says in zip(column_names, hovers, strict=True)
    )
    body = []
    for i, (name, line) in enumerate(zip(row_names, values, strict=True)):
        cells = []
        for j, value in enumerate(line):
            says = escape(hover(i, j))
            if value is None or value != value:
                cells.append(f'<td class="none" title="{says}">–</td>')
            else:
                back = colour(value)
                cells.append(
                    f'<td style="background:{back};color:{style.ink_on(back)}" title="{says}">{escape(text(value))}</td>'
                )
        body.append(f'<tr><th scope="row" title="{escape(name)}">{escape(name)}</th>{"".join(cells)}</tr>')
    st.html(
        f'<div class="w-heat-wrap"><table class="w-heat"><colgroup><col class="first"></colgroup><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def scale(colours: Sequence[str], low: str, high: str) -> None:
    """The key of a heatmap's colours."""
    st.html(
        f'<span class="w-scale">{escape(low)}<i style="background:linear-gradient(to right,{",".join(colours)})"></i>{escape(high)}</span>'
    )


def diverging() -> tuple[str, str, str]:
    """The colours of -1, 0 and 1 in the theme the reader looks at."""
    return style.DIVERGING[0], style.palette().card, style.DIVERGING[1]


def diverging_colour(value: float) -> str:
    """The colour of a number from -1 to 1."""
    low, zero, high = diverging()
    return style.blend(zero, high, value) if value >= 0 else style.blend(zero, low, -value)


def coefficient(value: float) -> str:
    """A correlation for a small cell: '.16', '−.08', '1.00'."""
    said = f"{abs(value):.2f}"
    said = said.removeprefix("0") if said.startswith("0") else said
    return f"−{said}" if value < 0 and said != ".00" else said

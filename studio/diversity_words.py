"""How measures of diversity are written, on the page and in the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.select.diversity import MEASURES, RANDOM_SEEDS, Measure
from studio.words import share

CAUTION = "Diagnostics, not quality: a 2026 study found diversity heuristics to add nothing."
"""Said beside every table of these measures."""


def written(measure: Measure, value: float | None) -> str:
    """A value of a measure: 0.147, 69.3, 4.3 %; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if measure.form == "share":
        return share(value)
    return f"{value:.3f}" if measure.form == "distance" else f"{value:,.1f}"


def spread_written(measure: Measure, spread: float | None) -> str:
    """The spread over seeds, in the measure's own decimals and without its unit: '± 0.002'; nothing where there is none."""
    text = written(measure, spread)
    return "" if text == "–" else f"± {text.removesuffix(' %')}"


def table_lines(said: Mapping[str, Any]) -> list[str]:
    """The measures of a selection as a small table for the terminal, from `Diversity.as_json`."""
    heads = ("Diversity", "selection", f"random, {len(RANDOM_SEEDS)} seeds", "pool")
    rows = [
        (
            one.title,
            written(one, entry["selection"]),
            f"{written(one, entry['random']['mean'])} {spread_written(one, entry['random']['spread'])}".strip(),
            written(one, entry["pool"]),
        )
        for one in MEASURES
        for entry in [said["measures"][one.key]]
    ]
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    lines = [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (heads, *rows)
    ]
    made = f"Vectors: {said['vectors_by']}. " if said["vectors_by"] else ""
    return [*lines, *said["notes"], f"{made}{CAUTION}"]

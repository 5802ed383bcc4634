"""Curate's part about diversity: the measures of the selection beside Random of the same size and the pool, when asked for.

They are drawn in a fragment and computed behind a button, so that the slider never waits for them.
"""

from __future__ import annotations

from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.filters import Filter
from core.select.diversity import CLEAR, MEASURES, RANDOM_SEEDS, Diversity, Measure
from core.select.ordering import Selection
from studio import layout, style
from studio.cached_diversity import measure, measured, seconds_for, vectors_by
from studio.diversity_words import CAUTION, spread_written, written
from studio.words import Note, duration, many, note_on, num

_DIAGNOSTIC = Note(
    "diagnostic: not quality",
    "These numbers say how varied the selection is, not how well a model learns from it. A 2026 study found difficulty to dominate and "
    "diversity heuristics to add nothing. Whether variety pays on this pool, only an ablation can tell.",
)
_HEADS = (
    ("Kept", "The selection as it is now."),
    (
        "Random",
        f"Random with as many samples: the mean of {len(RANDOM_SEEDS)} seeds, and under it the spread (standard deviation). "
        "What differs less than this spread is luck.",
    ),
    ("Pool", "All samples the filter shows. Where the number of samples matters, compare with Random instead."),
)
_SPOKEN = {
    "selection": "the selection",
    "pool": "the pool",
    **{f"random {seed}": f"Random, seed {seed}" for seed in RANDOM_SEEDS},
}


def diversity(chosen: Filter, kept: Selection) -> None:
    """The measures of a selection, or the button that makes them."""
    if not kept.num:
        return

    @st.fragment
    def part() -> None:
        st.html(style.ASSETS / "diversity.css")
        who = vectors_by()
        with st.container(key="curate-diversity"):
            layout.section("Diversity", badges=[_DIAGNOSTIC, *([note_on(*who)] if who else [])])
        layout.small(CAUTION)
        found = measured(chosen, kept.sample_ids)
        place = st.empty()
        if found is None:
            if not _asked(place, chosen, kept.num):
                return

            def tell(done: int, total: int | None, name: str) -> None:
                # Drawing is also where a newer run of the page cuts this one short, so that the slider never waits long.
                place.progress(done / (total or 1), f"Measuring {_SPOKEN.get(name, name)}")

            found = measure(chosen, kept.sample_ids, tell)
        place.html(table_html(found))
        for note in found.notes:
            layout.small(note)

    part()


def _asked(place: DeltaGenerator, chosen: Filter, count: int) -> bool:
    """The button that starts measuring; whether it was pressed."""
    long = duration(seconds_for(chosen, count))
    return place.button(
        "Measure diversity",
        key="measure-diversity",
        icon=":material/straighten:",
        width="stretch",
        help=layout.verbatim(
            f"Nearest neighbours, Vendi score, effective rank and copies of these {many(count, 'sample')}, of Random with as many, and of "
            f"the pool. About {long} the first time; kept until the data change."
        ),
    )


def table_html(found: Diversity) -> str:
    """The measures as a table: a row each, its hover says what it is and on how many samples it was taken."""
    heads = "".join(f'<th class="w-tip left" tabindex="0">{_tip(title, says)}</th>' for title, says in _HEADS)
    rows = "".join(_row(found, one) for one in MEASURES)
    return f'<table class="w-diversity"><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _row(found: Diversity, one: Measure) -> str:
    mean, spread = found.expected(one.key)
    sampled = found.chosen.sampled(one.key)
    on = f" Taken on {num(sampled)} of the {num(found.chosen.num_vectors)} selected samples." if sampled else ""
    return (
        f'<tr><th scope="row" class="w-tip" tabindex="0">{_tip(one.title, one.says + on)}</th>'
        f"<td>{_mark(found.against_random(one.key))}<b>{escape(written(one, found.chosen.values[one.key]))}</b></td>"
        f"<td>{escape(written(one, mean))}<em>{escape(spread_written(one, spread))}</em></td>"
        f"<td>{escape(written(one, found.pool.values[one.key]))}</td></tr>"
    )


def _mark(side: int) -> str:
    """An arrow where the selection lies clearly above or below Random."""
    if not side:
        return ""
    sign, which = ("▲", "above") if side > 0 else ("▼", "below")
    says = f"Clearly {which} Random: by more than {CLEAR} times the spread of its seeds."
    return f'<i class="w-tip left" tabindex="0">{_tip(sign, says)}</i>'


def _tip(text: str, says: str) -> str:
    return f'{escape(text)}<span class="w-tip-text">{escape(says)}</span>'

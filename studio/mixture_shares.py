"""What the stages of a recipe are made of, by one dimension at a time, with the pool behind every stage."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.mixture.breakdown import DIMENSIONS, DIVIDES, Breakdown, Dimension
from studio import layout, mixture_cached, mixture_part, session
from studio.mixture_cached import Planned
from studio.words import num, share, short

_DIMENSION: session.Slot[Dimension] = session.Slot("mixture.dimension", "source")
_LEVEL: session.Slot[int] = session.Slot("mixture.tag-level", 1)
_MOST = 40
_TITLES = {
    "source": "source", "tag": "instruction tag", "image tag": "image tag", "capability": "capability", "style": "style",
    "licence": "licence",
}  # fmt: skip
_SAYS = {
    "tag": "a sample may carry several", "image tag": "a sample may carry several", "style": "a sample may have several",
    "capability": "samples that score 3 or more in it",
}  # fmt: skip


def shares(found: Planned | None) -> None:
    """The table of shares with its switches."""
    if found is None:
        return
    dimension, of_tokens = _DIMENSION.get(), mixture_part.OF_TOKENS.get()
    what = "tokens" if of_tokens else "samples"
    says = f"% of each stage's {what}, repeats counted; grey: the pool"
    more = _SAYS.get(dimension)
    layout.section("What the stages are made of", f"{says}; {more}" if more else says)
    with st.container(horizontal=True, vertical_alignment="center", key="shares-switches"):
        session.seed("shares-dimension", dimension)
        st.segmented_control(
            "By", list(DIMENSIONS), key="shares-dimension", format_func=_TITLES.__getitem__, on_change=_choose,
            label_visibility="collapsed",
        )  # fmt: skip
        if dimension in ("tag", "image tag"):
            session.seed("shares-level", _LEVEL.get())
            st.segmented_control(
                "Level", [1, 2, 3], key="shares-level", format_func=lambda level: f"level {level}", on_change=_choose_level,
                label_visibility="collapsed",
            )  # fmt: skip
    by = mixture_cached.shares(found, dimension, _LEVEL.get())
    if not by.names:
        layout.small(
            f"No sample carries {'a' if dimension == 'tag' else 'an'} {_TITLES[dimension]} yet; prepare the workspace."
        )
        return
    with st.container(key="mixture-shares"):
        st.html(
            table_html(
                by, [stage.name for stage in found.recipe.stages], of_tokens=of_tokens, divides=dimension in DIVIDES
            )
        )


def _choose() -> None:
    chosen = session.held("shares-dimension")
    if chosen is not None:
        _DIMENSION.set(chosen)


def _choose_level() -> None:
    chosen = session.held("shares-level")
    if chosen is not None:
        _LEVEL.set(chosen)


def table_html(by: Breakdown, stages: list[str], *, of_tokens: bool, divides: bool) -> str:
    """A row per name, a column for the pool, each stage and all of them: the share, its bar, and the pool's as a ghost."""
    names = ["pool", *stages, *(["all stages"] if len(stages) > 1 else [])]
    parts = by.shares(of_tokens=of_tokens)
    counts = by.num_tokens if of_tokens else by.num_samples
    noun = "tokens" if of_tokens else "samples"
    total = by.totals[:, 1 if of_tokens else 0]
    shown = list(range(min(len(by.names), _MOST)))
    most = max(float(parts[:, shown].max()), 1e-9)
    head = "".join(
        f'<th scope="col" title="{escape(name)}: {num(int(whole))} {noun}"><b>{escape(name)}</b><span>{short(int(whole))}</span></th>'
        for name, whole in zip(names, total, strict=False)
    )
    body = []
    for at in shown:
        cells = []
        for column, name in enumerate(names):
            part, count = float(parts[column, at]), int(counts[column, at])
            says = f"{by.names[at]}, {name}: {num(count)} {noun}, {share(part)}"
            ghost = (
                "" if column == 0 else f'<i class="ghost" style="width:{100 * float(parts[0, at]) / most:.1f}%"></i>'
            )
            look = "pool" if column == 0 else "shown"
            bar = f'<i class="{look}" style="width:{100 * part / most:.1f}%"></i>'
            text = f"{100 * part:.1f}" if count else "–"
            cells.append(
                f'<td title="{escape(says)}" class="{"" if count else "none"}"><div><u>{ghost}{bar}</u><span>{text}</span></div></td>'
            )
        label = by.names[at].split(" > ")[-1]
        body.append(f'<tr><th scope="row" title="{escape(by.names[at])}">{escape(label)}</th>{"".join(cells)}</tr>')
    rest = len(by.names) - len(shown)
    if rest > 0:
        said = "".join(
            f"<td>{100 * float(parts[column, len(shown) :].sum()):.1f}</td>" if divides else "<td></td>"
            for column in range(len(names))
        )
        body.append(f'<tr class="rest"><th scope="row">and {num(rest)} more</th>{said}</tr>')
    least = 11 + 5.6 * len(names)
    return (
        f'<div class="w-shares"><table style="min-width:{least:.1f}rem"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )

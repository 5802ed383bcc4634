"""Colours, the stylesheet and the chart template: the one place where the look of the studio is decided.

Colours carry meaning and stay the same on every page: kept, pool, added, removed. The stylesheet chooses light or dark by
itself (`light-dark()`), only Plotly has to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

ASSETS = Path(__file__).parent / "assets"
_PIECES = "winnow-pieces"
_UNSTYLED = "<style>.root { visibility: hidden }</style>"


@dataclass(frozen=True)
class Palette:
    """The colours of one theme; `kept`, `pool`, `added` and `removed` are meanings, not decoration."""

    ink: str
    soft: str
    faint: str
    line: str
    ground: str
    card: str
    kept: str
    pool: str
    added: str
    removed: str


LIGHT = Palette(
    ink="#1c1d21", soft="#5b5f69", faint="#6b6f78", line="#e3e3e0", ground="#ffffff", card="#f7f7f5",
    kept="#3d52d5", pool="#c3c6cc", added="#0a7a6d", removed="#b9520b",
)  # fmt: skip
DARK = Palette(
    ink="#ececea", soft="#a8acb5", faint="#8d919b", line="#2f3137", ground="#141518", card="#1c1d21",
    kept="#8c9eff", pool="#565a63", added="#3cc4b2", removed="#f0944d",
)  # fmt: skip

CATEGORICAL = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#9b7fc4", "#b3a100", "#6b7280")
"""Nine colours a colour-blind person can tell apart (Okabe-Ito first), in fixed order; what comes after them is 'other'."""

OTHER = "#9aa0aa"
SEQUENTIAL = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725")
"""Scores 0 to 5, dark to bright (viridis)."""

DIVERGING = ("#2166ac", "#b2572a")
"""-1 and 1; 0 is the colour of a card."""


def palette() -> Palette:
    """The colours of the theme the reader looks at now."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def apply() -> None:
    """Put the stylesheet on the page; call once per run, before anything is drawn."""
    st.html(ASSETS / "style.css")
    # Dialogs and popovers stand outside the app's element, so the page as a whole has to know the theme.
    st.html(f"<style>:root {{ color-scheme: {'dark' if st.context.theme.type == 'dark' else 'light'}; }}</style>")


@cache
def asset(name: str) -> str:
    """The text of a file in studio/assets."""
    return (ASSETS / name).read_text(encoding="utf-8")


def component(name: str) -> Any:
    """The component made of studio/assets/<name>.css and <name>.js: `component("gallery")(key=..., data=...)`.

    Packaged: both are fetched once, where inline text would travel in every run. The script may be there before the sheet, so its
    `.root` is hidden until the sheet says otherwise.
    """
    full_name = f"{_PIECES}.{name}"
    manager = get_bidi_component_manager()  # of this run: tests start several runtimes in one process
    if manager.get_component_asset_root(full_name) is None:
        pieces = [ComponentConfig(script.stem, ASSETS.name) for script in sorted(ASSETS.glob("*.js"))]
        manager.register_from_manifest(ComponentManifest(name=_PIECES, version="0", components=pieces), ASSETS.parent)
    return st.components.v2.component(full_name, js=f"{name}.js", css=f"{name}.css", html=_UNSTYLED)


def plotly_template(colours: Palette | None = None) -> dict[str, Any]:
    """A Plotly template in the studio's look; give it to `layout.template` and `theme=None` to `st.plotly_chart`."""
    c = colours or palette()
    axis = {
        "gridcolor": c.line, "linecolor": c.line, "zerolinecolor": c.line, "tickcolor": c.line, "ticks": "outside", "ticklen": 4,
        "title": {"font": {"size": 13, "color": c.soft}, "standoff": 8}, "tickfont": {"size": 12, "color": c.soft}, "automargin": True,
    }  # fmt: skip
    return {
        "layout": {
            "font": {"family": '"Source Sans", "Source Sans Pro", sans-serif', "size": 13, "color": c.ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": [c.kept, *CATEGORICAL],
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": axis,
            "legend": {"orientation": "h", "y": 1.08, "x": 0, "font": {"size": 12, "color": c.soft}},
            "hoverlabel": {"bgcolor": c.card, "bordercolor": c.line, "font": {"size": 12, "color": c.ink}},
            "separators": ".,",
            "colorscale": {"sequential": [[i / 5, colour] for i, colour in enumerate(SEQUENTIAL)]},
        }
    }


def blend(low: str, high: str, part: float) -> str:
    """The colour `part` (0 to 1) of the way from one hex colour to another."""
    part = min(max(part, 0.0), 1.0)
    pairs = [(int(low[i : i + 2], 16), int(high[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def score_colour(score: float) -> str:
    """The colour of a score from 0 to 5 on the sequential scale."""
    place = min(max(score, 0.0), 5.0)
    index = min(int(place), 4)
    return blend(SEQUENTIAL[index], SEQUENTIAL[index + 1], place - index)


def ink_on(background: str) -> str:
    """Black or white, whichever reads better on a hex colour (WCAG relative luminance)."""
    channels = [int(background[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#111114" if (luminance + 0.05) / 0.055 > 1.05 / (luminance + 0.05) else "#ffffff"

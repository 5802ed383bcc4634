"""Contrast, one palette everywhere, and colours between colours."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from studio.style import (
    ASSETS,
    CATEGORICAL,
    DARK,
    LIGHT,
    SEQUENTIAL,
    Palette,
    blend,
    ink_on,
    plotly_template,
    score_colour,
)

ROOT = Path(__file__).resolve().parents[2]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def stylesheet() -> dict[str, tuple[str, str]]:
    text = (ASSETS / "style.css").read_text(encoding="utf-8")
    return {
        name: (light, dark)
        for name, light, dark in re.findall(r"--w-([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    }


@pytest.mark.parametrize(("theme", "place"), [(LIGHT, 0), (DARK, 1)])
def test_text_reads_on_every_ground(theme: Palette, place: int) -> None:
    colours = {name: pair[place] for name, pair in stylesheet().items()}
    for ground in (colours["ground"], colours["card"]):
        for ink in ("ink", "soft", "faint", "kept", "added", "removed"):
            assert contrast(colours[ink], ground) >= 4.5, (ink, ground)
    assert contrast(colours["note"], colours["note-ground"]) >= 4.5
    assert contrast(colours["kept"], colours["kept-soft"]) >= 4.5


@pytest.mark.parametrize(("theme", "place", "name"), [(LIGHT, 0, "light"), (DARK, 1, "dark")])
def test_stylesheet_constants_and_theme_are_one_palette(theme: Palette, place: int, name: str) -> None:
    colours = {key: pair[place] for key, pair in stylesheet().items()}
    for meaning in ("ink", "soft", "faint", "line", "ground", "card", "kept", "pool", "added", "removed"):
        assert colours[meaning] == getattr(theme, meaning), meaning
    config = tomllib.loads((ROOT / "studio/.streamlit/config.toml").read_text(encoding="utf-8"))["theme"][name]
    assert (config["primaryColor"], config["backgroundColor"], config["secondaryBackgroundColor"]) == (
        theme.kept,
        theme.ground,
        theme.card,
    )
    assert (config["textColor"], config["borderColor"]) == (theme.ink, theme.line)


MAKES_ROOT = re.compile(r"""["'`]root["'`]""")


@pytest.mark.parametrize("script", sorted(ASSETS.glob("*.js")), ids=lambda path: path.stem)
def test_what_is_hidden_until_a_sheet_is_there_the_sheet_shows(script: Path) -> None:
    """`style.component` hides the `.root` of every component; without this line it would stay so."""
    if MAKES_ROOT.search(script.read_text(encoding="utf-8")):
        sheet = script.with_suffix(".css").read_text(encoding="utf-8")
        assert sheet.startswith(".root { visibility: visible !important; }")
    else:
        assert script.stem == "keys", (
            "a component whose own element is not called root flashes before its sheet is there"
        )


def test_the_map_shows_what_it_hides() -> None:
    folder = ROOT / "studio/map"
    hides = "visibility: hidden" in (folder / "component.py").read_text(encoding="utf-8")
    assert hides <= ("visibility: visible !important" in (folder / "assets/map.css").read_text(encoding="utf-8"))


def test_nine_categories_are_nine_colours() -> None:
    assert len(set(CATEGORICAL)) == 9


@pytest.mark.parametrize("colour", [*CATEGORICAL, *SEQUENTIAL, "#000000", "#ffffff", "#808080"])
def test_numbers_on_colours_read(colour: str) -> None:
    assert contrast(ink_on(colour), colour) >= 4.5


def test_blending_ends_at_both_colours_and_stays_between() -> None:
    assert blend("#000000", "#ffffff", 0) == "#000000"
    assert blend("#000000", "#ffffff", 1) == "#ffffff"
    assert blend("#000000", "#ffffff", 0.5) == "#808080"
    assert blend("#102030", "#102030", 0.3) == "#102030"
    assert blend("#000000", "#ffffff", 7) == "#ffffff"


def test_whole_scores_have_the_colours_of_the_scale() -> None:
    assert tuple(score_colour(score) for score in range(6)) == SEQUENTIAL
    assert score_colour(99) == SEQUENTIAL[-1]


def test_plotly_takes_the_template() -> None:
    import plotly.graph_objects as go

    figure = go.Figure(layout={"template": plotly_template(LIGHT)})
    assert figure.layout.template.layout.colorway[0] == LIGHT.kept

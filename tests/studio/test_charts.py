"""Numbers as pictures: places on the radar, cells of heatmaps, colours of trees."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from streamlit.testing.v1 import AppTest

from core.vocabulary import CAPABILITIES, CAPABILITY_KEYS
from studio import charts, train_charts
from studio.style import CATEGORICAL, OTHER

SVG = "{http://www.w3.org/2000/svg}"


def points(svg: str, name: str) -> list[tuple[float, float]]:
    found = next(e for e in ElementTree.fromstring(svg).iter(f"{SVG}polygon") if e.get("class") == name)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in (found.get("points") or "").split())]


def test_the_radar_puts_scores_on_their_spokes() -> None:
    scores: dict[str, float | None] = dict.fromkeys(CAPABILITY_KEYS, 0.0)
    scores[CAPABILITY_KEYS[0]] = 5.0
    scores[CAPABILITY_KEYS[7]] = 2.5
    shape = points(charts.radar_svg(scores), "shape")
    centre = shape[1]
    assert len(shape) == 14
    assert shape[0][0] == pytest.approx(centre[0], abs=0.1), "the first spoke points straight up"
    assert shape[0][1] < centre[1]
    assert math.dist(shape[0], centre) == pytest.approx(2 * math.dist(shape[7], centre), abs=0.2)
    assert shape[7][1] > centre[1], "the eighth of fourteen points straight down"


def test_the_radar_tells_missing_from_zero_and_says_the_rubric() -> None:
    svg = charts.radar_svg({CAPABILITY_KEYS[0]: 0.0})
    tips = [element.get("data-tip") or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}g")]
    assert tips[0].startswith(f"{CAPABILITIES[0].name}: 0 of 5")
    assert CAPABILITIES[0].rubric[3] in tips[0]
    assert all("not scored" in tip for tip in tips[1:])
    dots = [element.get("class") for element in ElementTree.fromstring(svg).iter(f"{SVG}circle")]
    assert (dots.count("dot"), dots.count("gone")) == (1, 13)


@pytest.mark.parametrize(
    ("value", "said"), [(0.156, ".16"), (-0.084, "−.08"), (1.0, "1.00"), (-0.001, ".00"), (-1.0, "−1.00"), (0.0, ".00")]
)
def test_correlations_fit_small_cells(value: float, said: str) -> None:
    assert charts.coefficient(value) == said


def test_tree_colours_are_fixed_by_place_and_fold_after_nine() -> None:
    colours = charts.tag_colours([f"t{i}" for i in range(11)])
    assert tuple(colours[f"t{i}"] for i in range(9)) == CATEGORICAL
    assert {colours["t9"], colours["t10"]} == {OTHER}


def test_heatmaps_escape_names_and_hatch_what_is_missing() -> None:
    def script() -> None:
        from studio import charts

        charts.heatmap(
            ["<b>row</b>"], ["<i>a</i>", "b", "c"], [[1.0, None, float("nan")]], colour=lambda value: "#112233",
            text=lambda value: f"{value:.1f}",
            hover=lambda i, j: f"<{i}{j}>",
        )  # fmt: skip

    app = AppTest.from_function(script).run(timeout=30)
    assert not app.exception
    body = app.get("html")[0].proto.body
    assert "<b>row</b>" not in body
    assert "&lt;b&gt;row&lt;/b&gt;" in body
    assert body.count('class="none"') == 2
    assert 'style="background:#112233;color:#ffffff"' in body
    assert 'title="&lt;00&gt;"' in body


def test_labels_at_the_end_of_lines_keep_a_line_apart_and_stay_where_they_do_not_touch() -> None:
    assert train_charts._shifts([5.25, 1.0], 5.0, 250.0) == [0.0, 0.0]
    high, low = train_charts._shifts([5.25, 5.02], 5.0, 250.0)
    assert (5.25 - 5.02) / 5.0 * 250.0 + high - low == pytest.approx(train_charts._LABEL_PX)
    assert high == -low

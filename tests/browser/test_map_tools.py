"""The tools on the budget map in a real Chromium: box, lasso and keys, the legend that follows the slider, the picture as a file."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from studio.map.buffers import quantise
from tests.browser.conftest import OpenPage
from tests.browser.on_map import MAP_PAGE, READY, SLIDER, inspect, kept, picture, press_at, runs, settle
from tests.browser.points import SOURCES, Points, generate, make_workspace
from tests.browser.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    workspace = make_workspace(tmp_path_factory.mktemp("tools") / "workspace")
    with serving(workspace.path, MAP_PAGE) as served:
        yield served


def on_stage(page: Page, points: Points) -> NDArray[np.float64]:
    """[N, 2] where the points lie on the stage, in CSS pixels (one device pixel each here)."""
    places = quantise(points.x, points.y).reshape(-1, 2).astype(np.float64)
    placement = inspect(page)["placement"]
    return places * placement["scale"] + (placement["left"], placement["top"])


def press_path(page: Page, path: list[tuple[float, float]], shift: bool = False) -> None:
    """Draw along places on the stage."""
    box = page.locator(".winnow-map canvas").bounding_box()
    assert box is not None
    if shift:
        page.keyboard.down("Shift")
    page.mouse.move(box["x"] + path[0][0], box["y"] + path[0][1])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.up()
    if shift:
        page.keyboard.up("Shift")


def chosen_by_page(page: Page) -> tuple[int, int]:
    """How many samples the page's script was given, and the sum of their ids."""
    said = page.locator("#lassoed")
    return int(said.get_attribute("data-num") or -1), int(said.get_attribute("data-sum") or -1)


def sum_of_ids(ids: NDArray[np.uint64]) -> int:
    return sum(map(int, ids)) % 2**64


@pytest.mark.parametrize("shift", [False, True])
def test_a_box_gives_the_page_exactly_the_points_inside_it(address: str, open_page: OpenPage, shift: bool) -> None:
    points = generate(12_000)
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    settle(page)
    if not shift:  # without the tool, Shift and dragging do the same
        page.get_by_role("button", name="Select with a box").click()
    press_path(page, [(300, 150), (400, 300), (560, 420)], shift)
    place = on_stage(page, points)
    within = ((place > (300, 150)) & (place < (560, 420))).all(axis=1)
    assert 500 < within.sum() < 11_000
    expect(page.locator("#lassoed")).to_have_attribute("data-num", str(within.sum()))
    assert chosen_by_page(page) == (within.sum(), sum_of_ids(points.sample_ids[within]))
    assert inspect(page)["selected"] == within.sum()
    said = f"{within.sum():,} selected, {(within & (points.ranks < 3600)).sum():,} kept"
    expect(page.locator(".winnow-map .picked")).to_have_text(said)


def test_a_lasso_follows_the_even_odd_rule_and_moves_with_the_view(address: str, open_page: OpenPage) -> None:
    points = generate(12_000)
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    settle(page)
    page.locator(".winnow-map canvas").focus()
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Select with a lasso")).to_have_attribute("aria-pressed", "true")
    # A star whose middle is outside, drawn far apart so that no corner is thinned out.
    star = [(430 + 190 * math.sin(k * 4 * math.pi / 5), 310 - 190 * math.cos(k * 4 * math.pi / 5)) for k in range(5)]
    press_path(page, star)
    corners = np.array(star)
    place = on_stage(page, points)
    inside = np.zeros(len(place), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crossed = (y0 > place[:, 1]) != (y1 > place[:, 1])
        inside ^= crossed & (place[:, 0] < (x1 - x0) * (place[:, 1] - y0) / (y1 - y0) + x0)
    page.wait_for_selector("#lassoed", state="attached")
    # Corners are whole pixels for the browser and rounded to a sixteenth of a place: a point on the line may fall either way.
    assert chosen_by_page(page)[0] == pytest.approx(int(inside.sum()), abs=15)
    assert inspect(page)["selected"] == chosen_by_page(page)[0], "the picture and the page choose the same points"
    outline = page.locator(".winnow-map .drawn polygon")
    before = outline.get_attribute("points")
    settle(page)
    first, ran = chosen_by_page(page), runs(page)
    page.keyboard.press("+")
    page.wait_for_timeout(300)
    assert outline.get_attribute("points") != before
    page.get_by_role("button", name="Run again").click()
    settle(page)
    assert runs(page) == ran + 1, "zooming does not run the page"
    assert chosen_by_page(page) == first, "what is drawn stays through runs for other reasons"


def test_what_is_drawn_stands_out_until_escape(
    address: str, open_page: OpenPage, browser_without_webgl: Browser
) -> None:
    drawn = []
    for within in (None, browser_without_webgl):
        page = open_page(f"{address}/?points=12000&colour=source", within=within, color_scheme="light")
        page.wait_for_selector(READY)
        settle(page)
        before = picture(page).astype(np.int16)
        page.locator(".winnow-map canvas").focus()
        page.keyboard.press("b")
        press_path(page, [(300, 150), (560, 420)])
        page.wait_for_selector("#lassoed", state="attached")
        settle(page)
        after = picture(page).astype(np.int16)
        inner, outer = np.s_[160:410, 310:550], np.s_[440:, :]
        assert np.array_equal(before[inner], after[inner]), "inside nothing changes"
        strength = np.abs(before - before[0, 0]).sum(axis=2)[outer].sum()
        assert np.abs(after - before[0, 0]).sum(axis=2)[outer].sum() < 0.4 * strength, "outside the picture is paled"
        drawn.append(after)
        page.locator(".winnow-map canvas").focus()
        page.keyboard.press("Escape")
        expect(page.locator("#lassoed")).to_have_count(0)
        expect(page.locator(".winnow-map .picked")).to_be_hidden()
        settle(page)
        assert np.array_equal(picture(page).astype(np.int16), before)
        assert inspect(page)["selected"] is None
    assert np.abs(drawn[0] - drawn[1]).max() <= 2, "both ways of drawing look the same"


def test_the_keyboard_alone_selects_what_is_in_view(address: str, open_page: OpenPage) -> None:
    points = generate(12_000)
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    canvas = page.locator(".winnow-map canvas")
    canvas.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lassoed")).to_have_attribute("data-num", "12000")
    for _ in range(5):
        page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#lassoed")).not_to_have_attribute("data-num", "12000")
    size = canvas.bounding_box()
    assert size is not None
    place = on_stage(page, points)
    within = ((place > 0) & (place < (size["width"], size["height"]))).all(axis=1)
    assert chosen_by_page(page)[0] == pytest.approx(int(within.sum()), abs=3)
    expect(page.locator(".winnow-map .picked [role=status]")).to_contain_text("selected")
    described = canvas.evaluate("c => c.getRootNode().getElementById(c.getAttribute('aria-describedby')).textContent")
    assert "Escape clears" in described


def test_a_drawing_around_nothing_is_said_on_the_map(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/?points=300")
    page.wait_for_selector(READY)
    settle(page)
    for _ in range(30):
        page.get_by_role("button", name="Zoom in").click()
    page.locator(".winnow-map canvas").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#lassoed")).to_have_attribute("data-num", "0")
    expect(page.locator(".winnow-map .picked")).to_contain_text("No samples inside")
    page.get_by_role("button", name="Clear the selection").click()
    expect(page.locator("#lassoed")).to_have_count(0)


def test_a_class_hidden_in_the_legend_is_not_taken(address: str, open_page: OpenPage) -> None:
    points = generate(12_000)
    page = open_page(f"{address}/?points=12000&colour=source")
    page.wait_for_selector(READY)
    page.locator(".legend .entry", has_text=SOURCES[2]).click()
    page.locator(".winnow-map canvas").focus()
    page.keyboard.press("Enter")
    seen = points.sources != 2
    expect(page.locator("#lassoed")).to_have_attribute("data-num", str(seen.sum()))
    assert chosen_by_page(page)[1] == sum_of_ids(points.sample_ids[seen])


def test_the_legend_follows_the_slider_and_counts_exactly_once_it_is_let_go(address: str, open_page: OpenPage) -> None:
    points = generate(12_000)
    page = open_page(f"{address}/?points=12000&colour=source")
    page.wait_for_selector(READY)
    settle(page)
    entries = page.locator(".legend .entry")

    def counts() -> list[int]:
        return [int(text.split(" of ")[0].replace(",", "")) for text in entries.locator(".number").all_inner_texts()]

    def exact(budget: int) -> list[int]:
        return [int(((points.sources == code) & (points.ranks < budget)).sum()) for code in range(len(SOURCES))]

    assert counts() == exact(3600)
    ran = runs(page)
    page.mouse.move(*press_at(page, 0.3))
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(*press_at(page, 0.3 + 0.07 * step))
        page.wait_for_timeout(80)
        assert counts() == pytest.approx(exact(kept(page)), abs=12), "47 samples lie between two cuts"
    assert runs(page) == ran
    page.mouse.up()
    page.wait_for_timeout(80)
    assert counts() == exact(kept(page))
    settle(page)
    widths = [bar.bounding_box() for bar in entries.locator(".bar .shown").all()]
    shares = np.array(exact(kept(page))) / kept(page)
    drawn = np.array([0 if width is None else width["width"] for width in widths])
    assert drawn / drawn.max() == pytest.approx(shares / shares.max(), abs=0.05)


def test_scores_are_fetched_when_somebody_colours_by_them(address: str, open_page: OpenPage) -> None:
    points = generate(12_000)
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    assert not [url for url in asked if "score.bin" in url]
    page.get_by_label("Colour by").select_option("score")
    for code, label in enumerate(("0", "1", "2", "3", "4", "5", "no score")):
        entry = page.locator(".legend .entry").nth(code)
        expect(entry.locator(".name")).to_have_text(label)
        members = points.scores == code
        expect(entry.locator(".number")).to_have_text(f"{(points.ranks[members] < 3600).sum():,} of {members.sum():,}")


def test_a_map_of_what_changed_stands_without_a_slider(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/?points=12000&view=membership", color_scheme="light")
    page.wait_for_selector(READY)
    expect(page.locator(SLIDER)).to_be_hidden()
    entries = page.locator(".legend .entry")
    assert [text.split("\n")[0] for text in entries.all_inner_texts()] == ["kept", "added", "removed", "in neither"]
    assert entries.locator(".number").all_inner_texts() == ["3,000", "3,000", "3,000", "3,000"]
    drawn = picture(page).astype(np.int16)
    red, green, blue = drawn[:, :, 0], drawn[:, :, 1], drawn[:, :, 2]
    assert ((red - blue > 60) & (red - green > 30)).sum() > 500, "removed is orange"
    assert ((green - red > 40) & (green - blue > 5)).sum() > 500, "added is green"
    assert (blue - red > 60).sum() > 500, "kept is the accent"


def test_the_picture_is_saved_with_twice_the_pixels_and_its_legend(
    address: str, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{address}/?points=12000&colour=source", color_scheme="light")
    page.wait_for_selector(READY)
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the picture as PNG").click()
    assert download.value.suggested_filename == "winnow-map.png"
    download.value.save_as(tmp_path / "map.png")
    saved = np.asarray(Image.open(tmp_path / "map.png").convert("RGB"), np.int16)
    state = inspect(page)
    assert saved.shape[1] == 2 * state["width"]
    assert saved.shape[0] > 2 * state["height"]
    # At half the size it is the picture on screen, to the blur of halving; text lies over its left upper corner and below it.
    small = Image.fromarray(saved[: 2 * state["height"]].astype(np.uint8)).resize((state["width"], state["height"]))
    shown = picture(page).astype(np.int16)
    below = np.s_[250:, :]
    assert np.abs(np.asarray(small, np.int16)[below] - shown[below]).mean() < 6
    words = saved[2 * state["height"] :]
    assert (words.max(axis=2) < 110).sum() > 500, "the budget's line is written under the picture"
    assert io.BytesIO((tmp_path / "map.png").read_bytes()).read(4) == b"\x89PNG"

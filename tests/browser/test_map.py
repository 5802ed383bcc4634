"""The budget map in a real Chromium: what it draws, what it counts, and when the page runs again."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from studio.map.buffers import quantise
from tests.browser.conftest import OpenPage
from tests.browser.on_map import MAP_PAGE, READY, SLIDER, inspect, kept, picture, press_at, runs, settle, shown
from tests.browser.points import SOURCES, generate, make_workspace
from tests.browser.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    workspace = make_workspace(tmp_path_factory.mktemp("map") / "workspace")
    with serving(workspace.path, MAP_PAGE) as served:
        yield served


def on_screen(page: Page) -> NDArray[np.int16]:
    """[height, width, 3] int16: the stage as the reader sees it; unlike `picture` it asks for no drawing."""
    return np.asarray(Image.open(io.BytesIO(page.locator(".winnow-map .stage").screenshot())).convert("RGB"), np.int16)


def assert_kept_and_pool_are_on_screen(page: Page) -> None:
    """Light theme: the ground is most of the picture, and both the accent and the pool's grey are there."""
    drawn = on_screen(page)[60:-40, 2:-2]  # neither legend nor tools nor caption
    assert (drawn.min(axis=2) > 240).mean() > 0.5, "the ground is light"
    assert (drawn.max(axis=2) < 20).mean() < 0.01, "nothing is black"
    assert (drawn[:, :, 2] - drawn[:, :, 0] > 100).sum() > 200, "kept points are in the accent"
    assert ((np.ptp(drawn, axis=2) < 20) & (drawn.max(axis=2) < 215)).sum() > 200, "the others are grey"


def free_of_points(page: Page, selector: str) -> bool:
    """Nothing is drawn where a panel lies."""
    stage, panel = (page.locator(f".winnow-map {one}").bounding_box() for one in (".picture", selector))
    assert stage is not None
    assert panel is not None
    x, y = round(panel["x"] - stage["x"]), round(panel["y"] - stage["y"])
    under = picture(page)[y : y + round(panel["height"]), x : x + round(panel["width"])]
    return bool((under == under[0, 0]).all())


def covered(places: NDArray[np.uint16], chosen: NDArray[np.bool_], state: dict[str, Any]) -> NDArray[np.bool_]:
    """Brute force over every pixel and point: which pixels of the picture the chosen points cover.

    A point is a square of `size` pixels, from 4 on a disc; its middle is set on the nearest pixel (odd) or corner (even).
    """
    found = np.zeros((state["height"], state["width"]), dtype=bool)
    rows, columns = np.mgrid[0 : state["height"], 0 : state["width"]] + 0.5
    size, placement = state["size"], state["placement"]
    for point in np.flatnonzero(chosen):
        x = float(places[2 * point]) * placement["scale"] + placement["left"]
        y = float(places[2 * point + 1]) * placement["scale"] + placement["top"]
        x, y = (np.floor(x) + 0.5, np.floor(y) + 0.5) if size % 2 else (np.floor(x + 0.5), np.floor(y + 0.5))
        near = np.s_[max(0, int(y) - size) : int(y) + size + 1, max(0, int(x) - size) : int(x) + size + 1]
        across, down = np.abs(columns[near] - x), np.abs(rows[near] - y)
        found[near] |= np.hypot(across, down) <= size / 2 if size >= 4 else np.maximum(across, down) < size / 2
    return found


@pytest.mark.parametrize("num_points", [12_000, 100_000])
def test_the_highlighted_count_is_the_cut_for_known_ranks(address: str, open_page: OpenPage, num_points: int) -> None:
    page = open_page(f"{address}/?points={num_points}")
    page.wait_for_selector(READY)
    assert inspect(page)["renderer"] == "webgl2"
    page.locator(SLIDER).focus()
    for key, budget in (
        ("Home", 1),
        ("ArrowRight", 1 + num_points // 100),
        ("Shift+ArrowRight", 2 + num_points // 100),
        ("End", num_points),
    ):
        page.keyboard.press(key)
        expect(page.locator(".winnow-map")).to_have_attribute("data-kept", str(budget))
        assert shown(page, "samples") == f"{budget:,}"
        assert shown(page, "share").replace("\u202f", " ") == f"{100 * budget / num_points:.1f} %"


def test_a_drag_changes_counts_without_a_run_and_its_release_causes_exactly_one(
    address: str, open_page: OpenPage
) -> None:
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    settle(page)
    before, start = runs(page), kept(page)
    assert start == 3600
    page.mouse.move(*press_at(page, 0.3))
    page.mouse.down()
    seen = []
    for step in range(1, 11):
        page.mouse.move(*press_at(page, 0.3 + 0.04 * step))
        page.wait_for_timeout(60)
        seen.append(kept(page))
        assert shown(page, "samples") == f"{seen[-1]:,}"
    assert seen == sorted(set(seen)), "each step of the drag shows a new, larger count"
    page.wait_for_timeout(800)
    assert runs(page) == before, "dragging does not run the page"
    page.mouse.up()
    expect(page.locator("#page")).to_have_attribute("data-budget", str(seen[-1]))
    settle(page)
    assert runs(page) == before + 1
    assert page.locator("#page").get_attribute("data-event") == str(seen[-1])
    assert kept(page) == seen[-1], "the page's answer leaves the thumb where it was let go"
    # Figures at a cut of the table are exact, and between two cuts interpolated: the page's own sum is the oracle.
    exact = int(generate(12_000).tokens[: seen[-1]].sum())
    millions = float(shown(page, "tokens").split("\u202f")[0])
    assert millions == pytest.approx(exact / 1e6, rel=2e-3)


def test_keys_move_the_budget_and_tell_the_page_once_they_rest(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    settle(page)
    before = runs(page)
    slider = page.locator(SLIDER)
    slider.focus()
    for _ in range(4):
        page.keyboard.press("PageUp")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^8,400 samples, 70\.0\u202f%, .* tokens"))
    assert runs(page) == before
    expect(page.locator("#page")).to_have_attribute("data-budget", "8400")
    settle(page)
    assert runs(page) == before + 1
    assert page.locator(".winnow-map .spoken").inner_text().startswith("8,400 samples, 70.0")


def test_a_run_for_another_reason_leaves_budget_and_picture_alone(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    canvas = page.locator(".winnow-map canvas").element_handle()
    page.get_by_role("button", name="Run again").click()
    page.wait_for_timeout(300)
    settle(page)
    assert kept(page) == 3600
    assert canvas is not None
    assert canvas.evaluate("canvas => canvas.isConnected"), "the picture is kept, not built again"
    assert [url for url in requests if "/api/" in url] == [], "what was sent once is not fetched again"


@pytest.mark.parametrize("late_s", [0.0, 0.8])
def test_the_picture_is_there_again_after_the_map_was_taken_away(
    address: str, open_page: OpenPage, late_s: float
) -> None:
    page = open_page("about:blank", color_scheme="light")

    def late(route: Route) -> None:
        time.sleep(late_s)  # the stylesheet comes after the points: the first frame must wait for its colours
        route.continue_()

    page.route(re.compile(r"/map[^/]*\.css"), late)
    page.goto(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    assert_kept_and_pool_are_on_screen(page)
    for _ in range(3):
        page.get_by_text("Break", exact=True).click()
        expect(page.get_by_text("Nothing to draw.")).to_be_visible()
        expect(page.locator(".winnow-map")).to_have_count(0)
        page.get_by_text("Break", exact=True).click()
        page.wait_for_selector(READY)
        settle(page)
        assert_kept_and_pool_are_on_screen(page)
        assert kept(page) == 3600


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768)])
def test_no_point_lies_under_legend_tools_or_caption_where_all_is_shown(
    address: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(f"{address}/?points=12000", viewport={"width": size[0], "height": size[1]})
    page.wait_for_selector(READY)
    for colouring in ("kept", "source"):
        page.get_by_label("Colour by").select_option(colouring)
        settle(page)
        for panel in (".legend", ".tools", ".foot"):
            assert free_of_points(page, panel), f"{panel}, coloured by {colouring}"


def test_a_few_kept_points_are_ringed_and_many_are_not(address: str, open_page: OpenPage) -> None:
    points = generate(12_000)
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    rings = page.locator(".winnow-map .few span")
    expect(rings).to_have_count(0)
    page.locator(SLIDER).focus()
    page.keyboard.press("Home")
    expect(rings).to_have_count(1)
    best = int(points.ranks.argmin())
    place = quantise(points.x, points.y).reshape(-1, 2)[best].astype(np.float64)
    placement = inspect(page)["placement"]
    stage, ring = page.locator(".winnow-map canvas").bounding_box(), rings.bounding_box()
    assert stage is not None
    assert ring is not None
    assert ring["x"] + ring["width"] / 2 - stage["x"] == pytest.approx(
        place[0] * placement["scale"] + placement["left"], abs=1
    )
    assert ring["y"] + ring["height"] / 2 - stage["y"] == pytest.approx(
        place[1] * placement["scale"] + placement["top"], abs=1
    )
    page.keyboard.press("Shift+ArrowRight")
    expect(rings).to_have_count(2)
    page.keyboard.press("End")
    expect(rings).to_have_count(0)


@pytest.mark.parametrize("num_points", [300, 6000])
@pytest.mark.parametrize("renderer", ["webgl2", "canvas"])
def test_the_kept_pixels_are_those_a_brute_force_finds(
    address: str, open_page: OpenPage, browser: Browser, browser_without_webgl: Browser, renderer: str, num_points: int
) -> None:
    points = generate(num_points)
    places = quantise(points.x, points.y)
    within = browser if renderer == "webgl2" else browser_without_webgl
    page = open_page(f"{address}/?points={num_points}&budget=1", within=within, color_scheme="light")
    page.wait_for_selector(READY)
    assert inspect(page)["renderer"] == renderer
    expect(page.get_by_text("Drawn without WebGL")).to_be_visible(visible=renderer == "canvas")
    counts = []
    page.locator(SLIDER).focus()
    tenth = num_points // 10
    steps = (
        ("Home", 1),
        ("Shift+ArrowRight", 2),
        ("PageUp", 2 + tenth),
        ("PageUp", 2 + 2 * tenth),
        ("End", num_points),
    )
    for key, budget in steps:
        page.keyboard.press(key)
        expect(page.locator(".winnow-map")).to_have_attribute("data-kept", str(budget))
        drawn = picture(page).astype(np.int16)
        state = inspect(page)
        inked = np.abs(drawn - drawn[0, 0]).max(axis=2) > 3
        accented = drawn[:, :, 2] - drawn[:, :, 0] > 40  # the pool's grey has 16 at most, the faintest accent 50
        assert np.array_equal(inked, covered(places, np.ones(num_points, dtype=bool), state))
        assert np.array_equal(accented, covered(places, points.ranks < budget, state))
        counts.append(int(accented.sum()))
    assert counts == sorted(set(counts))


def test_both_ways_of_drawing_look_the_same(address: str, open_page: OpenPage, browser_without_webgl: Browser) -> None:
    drawn = []
    for within, renderer in ((None, "webgl2"), (browser_without_webgl, "canvas")):
        page = open_page(f"{address}/?points=12000&colour=source", within=within, color_scheme="light")
        page.wait_for_selector(READY)
        assert inspect(page)["renderer"] == renderer
        drawn.append(picture(page).astype(np.int16))
    assert np.abs(drawn[0] - drawn[1]).max() <= 2


@pytest.mark.parametrize(
    ("spoil", "problem", "fix"),
    [
        ("html", "with text/html instead of application/vnd.winnow.points", "winnow open"),
        ("short", "holds 48,000 bytes, expected 48,004", "reload the page"),
        ("gone", "The server does not hold this part of the map.", "Load it again"),
    ],
)
def test_an_answer_that_is_not_the_points_is_said_and_never_drawn(
    address: str, open_page: OpenPage, spoil: str, problem: str, fix: str
) -> None:
    page = open_page(f"{address}/?points=12000&spoil={spoil}", expect_errors=True)
    page.wait_for_selector(".winnow-map[data-state=error]")
    assert problem in page.locator(".winnow-map .cover-text").inner_text()
    assert fix in page.locator(".winnow-map .cover-fix").inner_text()
    # Every state is noted as it comes: on a busy machine "loading" may be over between two looks.
    page.locator(".winnow-map").evaluate(
        """map => {
          window.states = [];
          const note = () => window.states.push(map.dataset.state);
          new MutationObserver(note).observe(map, { attributes: true, attributeFilter: ["data-state"] });
        }"""
    )
    page.get_by_role("button", name="Load again").click()
    page.wait_for_function("states.includes('loading') && states.at(-1) === 'error'")


def test_hovering_shows_picture_and_question_and_a_click_tells_the_page_which_sample(
    address: str, open_page: OpenPage
) -> None:
    points = generate(300)
    page = open_page(f"{address}/?points=300")
    page.wait_for_selector(READY)
    places = quantise(points.x, points.y).reshape(-1, 2).astype(np.float64)
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(300) * 1e9
    lone = int(gaps.min(axis=1).argmax())
    placement = inspect(page)["placement"]
    box = page.locator(".winnow-map canvas").bounding_box()
    assert box is not None
    x = box["x"] + places[lone, 0] * placement["scale"] + placement["left"]
    y = box["y"] + places[lone, 1] * placement["scale"] + placement["top"]
    page.mouse.move(x + 3, y - 2)
    tip = page.locator(".winnow-map .tip")
    expect(tip).to_be_visible()
    expect(tip.locator(".question")).to_have_text(f"What is number {lone % 40}?")
    word = "kept" if points.ranks[lone] < 90 else "not kept"
    expect(tip.locator(".source")).to_have_text(f"{SOURCES[lone % 4]} · {word}, rank {points.ranks[lone] + 1}")
    page.wait_for_function(
        "image => image.complete && image.naturalWidth === 256", arg=tip.locator("img").element_handle()
    )
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#opened")).to_have_text(f"{int(points.sample_ids[lone]):016x}")
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] - 2)
    expect(tip).to_be_hidden()


def test_zooming_and_moving_redraw_the_view_and_fitting_brings_it_back(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    fitted = picture(page)
    box = page.locator(".winnow-map canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    before = inspect(page)["placement"]
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(200)
    after = inspect(page)["placement"]
    assert after["scale"] > 2 * before["scale"]
    # The place under the pointer stays under it, to half a pixel: a wheel event says its place in whole ones.
    for axis, at in (("left", 300), ("top", 200)):
        there = (at - before[axis]) / before["scale"]
        assert (at - after[axis]) / after["scale"] == pytest.approx(there, abs=0.5 / before["scale"])
    page.mouse.down()
    page.mouse.move(box["x"] + 360, box["y"] + 170, steps=3)
    page.mouse.up()
    moved = inspect(page)["placement"]
    assert (moved["left"] - after["left"], moved["top"] - after["top"]) == pytest.approx((60, -30), abs=0.01)
    assert not np.array_equal(picture(page), fitted)
    page.get_by_role("button", name="Show all").click()
    page.wait_for_timeout(100)
    assert np.array_equal(picture(page), fitted)


def test_the_legend_counts_each_class_and_hides_it_from_the_picture(address: str, open_page: OpenPage) -> None:
    points = generate(12_000)
    page = open_page(f"{address}/?points=12000", color_scheme="light")
    page.wait_for_selector(READY)
    page.get_by_label("Colour by").select_option("source")
    for code, source in enumerate(SOURCES):
        members = points.sources == code
        text = f"{(points.ranks[members] < 3600).sum():,} of {members.sum():,}"
        expect(page.locator(".legend .entry", has_text=source).locator(".number")).to_have_text(text)
    everything = (picture(page) != picture(page)[0, 0]).any(axis=2).sum()
    page.locator(".legend .entry", has_text=SOURCES[0]).click()
    page.wait_for_timeout(100)
    without = (picture(page) != picture(page)[0, 0]).any(axis=2).sum()
    assert without < everything
    assert kept(page) == 3600, "what is hidden is still kept"


def test_nothing_is_asked_of_another_machine(address: str, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/?points=12000")
    page.wait_for_selector(READY)
    settle(page)
    foreign = [url for url in asked if not url.startswith((f"{address}/", "data:", "blob:"))]
    assert foreign == []
    assert any("/api/points/" in url for url in asked)


def test_the_picture_follows_the_theme_without_a_reload(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/?points=300", color_scheme="light")
    page.wait_for_selector(READY)
    assert picture(page)[0, 0].min() > 240
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".winnow-map")).to_have_attribute("data-theme", "dark")
    page.wait_for_timeout(100)
    assert picture(page)[0, 0].max() < 40


def test_an_empty_pool_has_an_empty_picture_and_a_slider_at_rest(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/?points=0")
    page.wait_for_selector(READY)
    assert kept(page) == 0
    expect(page.locator(SLIDER)).to_be_disabled()
    assert (shown(page, "samples"), shown(page, "share")) == ("0", "0.0\u202f%")


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768)])
def test_slider_and_counts_are_in_view_without_scrolling(
    address: str, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(f"{address}/?points=12000", viewport={"width": size[0], "height": size[1]})
    page.wait_for_selector(READY)
    for selector in (SLIDER, ".winnow-map .figures"):
        box = page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size[1]
    assert page.locator(".winnow-map canvas").bounding_box()["height"] >= 300  # type: ignore[index]

"""Rating with real keys: a digit rates and stays, the capability stays chosen on the way on, undo brings back, typing rates nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from core.store import ratings
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.browser.test_keys_and_saved_filters import browse, focused, ids
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

OCR = "optical character recognition"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("ratings") / "workspace")


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> Iterator[str]:
    environment = {"WINNOW_CONFIG_DIR": str(workspace.path.parent), ratings.RATER_VARIABLE: "ana"}
    with serving(workspace.path, environment=environment) as served:
        yield served


@pytest.fixture(autouse=True)
def nobody_rated(workspace: Workspace) -> None:
    for row in ratings.table(workspace).to_pylist():
        ratings.rate(workspace, row["sample_id"], row["capability"], None, row["who"])


def given(workspace: Workspace) -> dict[tuple[str, str], int]:
    """What ana gave, by sample and capability."""
    rows = ratings.table(workspace).to_pylist()
    return {(f"{row['sample_id']:016x}", row["capability"]): row["score"] for row in rows if row["who"] == "ana"}


def line(page: Page) -> Locator:
    return page.locator(".st-key-rating-line .line")


def badge(page: Page) -> Locator:
    return line(page).locator(".badge")


def open_sample(open_page: OpenPage, address: str) -> tuple[Page, list[str]]:
    page = browse(open_page, address)
    order = ids(page)
    page.locator(".grid .tile").nth(1).click()
    expect(line(page)).to_be_visible()
    expect(page.locator(".st-key-sample-steps .w-count")).to_have_text(f"2 of {NUM_SAMPLES}")
    return page, order


def test_a_digit_rates_and_stays_and_the_capability_stays_chosen_on_the_way_on(
    open_page: OpenPage, address: str, workspace: Workspace
) -> None:
    page, order = open_sample(open_page, address)
    expect(line(page).locator(".name")).to_have_text("object spatial understanding")
    page.keyboard.press("[")  # from the first to the last
    expect(line(page).locator(".name")).to_have_text(OCR)
    rows = page.locator(".st-key-rating-rows .row")
    expect(rows).to_have_count(14)
    expect(page.locator(".st-key-rating-rows .row.current .name")).to_have_text(OCR)
    for key in ("Control+4", "Alt+4", "Meta+4"):
        page.keyboard.press(key)
    page.keyboard.press("4")
    expect(badge(page)).to_have_text("you: 4")
    expect(page.locator(".st-key-rating-rows .row.current .badge")).to_have_text("you: 4")
    expect(page.locator(".st-key-sample-steps .w-count")).to_have_text(f"2 of {NUM_SAMPLES}")
    assert given(workspace) == {(order[1], "ocr"): 4}
    for key, place, digit in (("j", 3, "0"), ("ArrowRight", 4, "5")):
        page.keyboard.press(key)
        page.keyboard.press("1")  # meant for the sample that is coming, which nobody has seen yet
        expect(page.locator(".st-key-sample-steps .w-count")).to_have_text(f"{place} of {NUM_SAMPLES}")
        expect(line(page).locator(".name")).to_have_text(OCR)
        expect(badge(page)).not_to_have_text(re.compile("you"))
        page.keyboard.press(digit)
        expect(badge(page)).to_have_text(f"you: {digit}")
    assert given(workspace) == {(order[1], "ocr"): 4, (order[2], "ocr"): 0, (order[3], "ocr"): 5}
    page.keyboard.press("Control+z")
    expect(badge(page)).not_to_have_text(re.compile("you"))
    expect(page.get_by_test_id("stToast")).to_contain_text(f"Undone: rate {OCR} 5")
    page.keyboard.press("Control+Shift+Z")
    expect(badge(page)).to_have_text("you: 5")
    page.keyboard.press("Backspace")
    expect(badge(page)).not_to_have_text(re.compile("you"))
    assert given(workspace) == {(order[1], "ocr"): 4, (order[2], "ocr"): 0}
    page.reload()
    expect(line(page).locator(".name")).to_have_text(OCR)


def test_a_click_on_a_place_gives_it_and_the_rows_are_walked_by_keys(
    open_page: OpenPage, address: str, workspace: Workspace
) -> None:
    page, order = open_sample(open_page, address)
    data = page.locator('.st-key-rating-rows .row[data-key="data"]')
    data.locator(".cell").nth(3).click()
    expect(data.locator(".badge")).to_have_text("you: 3")
    expect(data).to_have_class(re.compile("current"))
    expect(line(page).locator(".name")).to_have_text("data understanding")
    data.locator(".cell").nth(3).click()
    expect(data.locator(".badge")).not_to_have_text(re.compile("you"))
    data.locator(".name").focus()
    page.keyboard.press("ArrowUp")
    expect(line(page).locator(".name")).to_have_text("STEM knowledge")
    page.keyboard.press("2")
    expect(badge(page)).to_have_text("you: 2")
    page.keyboard.press("ArrowDown")
    expect(line(page).locator(".name")).to_have_text("data understanding")  # the keys go on where they were
    assert given(workspace) == {(order[1], "stem"): 2}


def test_0_is_zoom_while_the_picture_has_the_focus_and_the_page_says_so(
    open_page: OpenPage, address: str, workspace: Workspace
) -> None:
    page = browse(open_page, address)
    tile = page.locator(".grid .tile:has(img)").first
    sample = str(tile.get_attribute("data-id"))
    tile.click()
    expect(line(page)).to_be_visible()
    stage = page.locator(".st-key-sample-viewer .stage")
    expect(stage.locator("output")).to_have_text(re.compile("%"))
    stage.focus()
    page.keyboard.press("+")
    zoomed = stage.locator("output").inner_text()
    page.keyboard.press("0")
    expect(stage.locator("output")).not_to_have_text(zoomed)
    expect(page.locator(".pill")).to_contain_text("0 fitted the picture")
    page.keyboard.press("1")
    expect(badge(page)).to_have_text("you: 1")
    page.locator(".st-key-sample-viewer .talk").click()
    page.keyboard.press("0")
    expect(badge(page)).to_have_text("you: 0")
    assert given(workspace) == {(sample, "spatial"): 0}


def test_in_the_grid_digits_rate_the_tile_with_the_focus_and_typing_rates_nothing(
    open_page: OpenPage, address: str, workspace: Workspace
) -> None:
    page = browse(open_page, address)
    order = ids(page)
    page.keyboard.press("3")  # no tile has the focus
    page.keyboard.press("ArrowRight")
    page.keyboard.press("3")
    expect(page.locator(".pill")).to_contain_text("Choose what digits rate with [ and ] first.")
    page.keyboard.press("]")
    expect(page.locator(".pill")).to_have_text("Digits rate object spatial understanding")
    page.keyboard.press("3")
    expect(page.locator(".pill")).to_contain_text("object spatial understanding: you 3")
    assert given(workspace) == {(order[0], "spatial"): 3}
    assert focused(page) == order[0]
    page.keyboard.press("j")
    page.keyboard.press("5")
    expect(page.locator(".pill")).to_contain_text("object spatial understanding: you 5")
    page.keyboard.press("/")
    field = page.get_by_placeholder("Search conversations")
    expect(field).to_be_focused()
    page.keyboard.type("[]012345")
    page.keyboard.press("Backspace")
    expect(field).to_have_value("[]01234")
    assert given(workspace) == {(order[0], "spatial"): 3, (order[1], "spatial"): 5}

"""Constraints by hand in a real Chromium: limits in the editor, and samples pinned out of a box drawn on the map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.select import pins
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.on_map import outcome
from tests.browser.serving import serving
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

Served = tuple[str, Workspace]
"""The address and the workspace behind it; asked for before the page, so that the page is closed before the server ends."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    workspace = make_workspace(tmp_path / "workspace")
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(tmp_path)}) as address:
        yield address, workspace


def curate(page: Page) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Curate").click()
    expect(page.locator("h1.w-title")).to_have_text("Curate")
    expect(page.locator(".st-key-popover-constraints")).to_be_visible()


def kept(page: Page, num: int) -> None:
    expect(outcome(page, "samples kept")).to_have_text(str(num))


def choose(page: Page, key: str, text: str) -> None:
    page.locator(f".st-key-{key} input").first.click()
    page.keyboard.type(text)
    page.get_by_role("option", name=re.compile(f"^{re.escape(text)}", re.IGNORECASE)).first.click()


def button(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button:visible").first.click()


def fill(page: Page, key: str, text: str) -> None:
    field = page.locator(f".st-key-{key} input")
    expect(field).to_have_count(1)  # while a run is under way the one of the run before stands beside it
    field.fill(text)
    field.press("Enter")


def test_a_limit_is_typed_told_and_taken_away_while_the_editor_stays_open(served: Served, open_page: OpenPage) -> None:
    page = open_page(served[0])
    curate(page)
    kept(page, NUM_SAMPLES * 3 // 10)
    button(page, "popover-constraints")
    choose(page, "limit-name-source", "charts")
    fill(page, "limit-new-minimum", "10")
    button(page, "limit-add")
    rows = page.locator(".st-key-limit-0 .w-limit")
    expect(rows).to_have_text("source charts")
    expect(page.get_by_text("In force: source charts at least 10")).to_be_attached()
    kept(page, NUM_SAMPLES * 3 // 10)
    expect(page.locator("tr", has_text="charts").first).to_contain_text("10")
    expect(page.locator(".stage").get_by_text("approximate", exact=True)).to_be_hidden()  # exact, once it is computed
    fill(page, "limit-source-charts-minimum", "19")
    told = "The minimum of 19 for source charts is above the budget of 18."
    expect(page.get_by_test_id("stPopoverBody").locator(".w-problem")).to_contain_text(told)
    fill(page, "limit-source-charts-minimum", "many")
    expect(
        page.get_by_test_id("stPopoverBody").locator(".w-problem").filter(has_text="'many' is no limit.")
    ).to_be_visible()
    expect(page.locator(".st-key-limit-source-charts-minimum input")).to_have_value("many")
    button(page, "limit-clear-0")
    expect(rows).to_have_count(0)
    expect(page.get_by_text("In force:")).to_have_count(0)
    kept(page, NUM_SAMPLES * 3 // 10)


def test_conditions_and_a_budget_in_tokens_are_set_in_the_editor(served: Served, open_page: OpenPage) -> None:
    page = open_page(served[0])
    curate(page)
    button(page, "popover-constraints")
    fill(page, "condition-text", "ocr >")
    expect(page.get_by_test_id("stPopoverBody").locator(".w-problem")).to_contain_text("cannot be read")
    expect(page.locator(".st-key-condition-text input")).to_have_value("ocr >")
    fill(page, "condition-text", "num_images > 0")
    row = page.locator(".st-key-condition-include-0")
    expect(row).to_contain_text("only where num_images > 0")
    expect(row).to_contain_text(f"{NUM_SAMPLES // 10} out")
    fill(page, "token-budget", "100")
    expect(outcome(page, "samples kept")).not_to_have_text(str(round(NUM_SAMPLES * 0.9 * 0.3)))
    tokens = page.locator("[class*=st-key-curate-map]").get_by_text("text tokens").locator("xpath=..").first
    expect(tokens).to_have_text(re.compile(r"^\s*text tokens\s*(\d\d|100)\s*$|^\s*(\d\d|100)\s*text tokens\s*$"))


def test_samples_in_a_box_on_the_map_are_pinned_undone_and_shown_in_browse(served: Served, open_page: OpenPage) -> None:
    address, workspace = served
    page = open_page(address)
    curate(page)
    stage = page.locator(".stage")
    expect(stage).to_be_visible()
    page.locator("button[aria-label*='box'], button[title*='box']").first.click()
    box = stage.bounding_box()
    assert box is not None

    def draw(left: float, top: float, right: float, bottom: float) -> None:
        page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + right * box["width"], box["y"] + bottom * box["height"], steps=6)
        page.mouse.up()

    draw(0.02, 0.94, 0.03, 0.96)
    expect(page.get_by_text("no sample inside")).to_be_visible()
    draw(0.05, 0.2, 0.95, 0.9)
    pin = page.locator(".st-key-drawn-pin button:visible").first
    expect(pin).to_contain_text("Pin ")
    num = int(re.sub(r"\D", "", pin.inner_text()))
    assert num > 0
    pin.click()
    expect(page.get_by_text(f"In force: {num} pinned")).to_be_visible()
    assert len(pins.read(workspace).pins) == num
    expect(page.locator(".stage").get_by_text("approximate", exact=True)).to_be_hidden()
    kept(page, max(num, NUM_SAMPLES * 3 // 10))
    page.locator("button[data-act=undo]").click()
    expect(page.get_by_text("In force:")).to_have_count(0)
    assert not pins.read(workspace).pins
    button(page, "drawn-browse")
    expect(page.locator("h1.w-title")).to_have_text("Browse")
    expect(page.locator(".w-count b").first).to_have_text(str(num))

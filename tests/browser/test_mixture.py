"""Mixture in a real Chromium: cards and stages are dragged, a share is typed, and what the page says follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.mixture.recipe import parse_recipe
from core.workspace import Workspace
from studio import mixture_draft as drafts
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.studio.small_workspace import make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

YAML = """winnow_recipe: 1
name: three steps
selections:
  some: {method: random, budget: {samples: 12}}
  rest: {method: random, budget: {samples: 30}, seed: 1}
stages:
  - {name: first, parts: [{selection: some}, {selection: rest}], resolution: {mode: square, px: 56}}
  - {name: second, parts: [{selection: some, repeat: 2}], resolution: {mode: square, px: 56}}
  - {name: third, resolution: {mode: square, px: 56}}
"""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[tuple[str, Workspace]]:
    workspace = make_workspace(tmp_path / "workspace")
    drafts.save(workspace, drafts.opened(parse_recipe(YAML), "kept"))
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(tmp_path)}) as address:
        yield address, workspace


def lanes(page: Page) -> Locator:
    return page.locator('[class*="st-key-card-lane-"]')


def board(page: Page) -> list[tuple[str, list[str]]]:
    """Stages and the selections of their cards as they are drawn."""
    return [
        (lane.locator(".w-lane h3 span").inner_text(), lane.locator(".w-part b").all_inner_texts())
        for lane in lanes(page).all()
    ]


def settled(page: Page, wanted: list[tuple[str, list[str]]]) -> None:
    """Wait until the board is drawn so, and all of the page."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    for _ in range(100):
        if board(page) == wanted:
            page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
            return
        page.wait_for_timeout(100)
    assert board(page) == wanted


def drag(page: Page, what: Locator, to_x: float, to_y: float, *, drop: bool = True) -> None:
    what.scroll_into_view_if_needed()
    box = what.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 45, box["y"] + 20, steps=3)
    page.mouse.move(to_x, to_y, steps=6)
    if drop:
        page.mouse.up()


def middle(lane: Locator) -> tuple[float, float]:
    box = lane.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] - 30


def test_cards_and_stages_are_dragged_and_what_is_typed_goes_with_them(
    studio: tuple[str, Workspace], open_page: OpenPage
) -> None:
    address, workspace = studio
    page = open_page(f"{address}/mixture")
    start = [("first", ["some", "rest"]), ("second", ["some"]), ("third", [])]
    expect(lanes(page)).to_have_count(3)
    settled(page, start)
    cards = page.locator(".st-key-lanes .w-part")

    drag(page, cards.nth(2), *middle(lanes(page).nth(2)))
    settled(page, [("first", ["some", "rest"]), ("second", []), ("third", ["some"])])
    expect(lanes(page).nth(2).locator('input[aria-label="Repeat"]')).to_have_value("2")

    cards.nth(1).scroll_into_view_if_needed()
    box = cards.nth(0).bounding_box()
    assert box is not None
    drag(page, cards.nth(1), box["x"] + 40, box["y"] - 4)  # before the other card of its stage
    settled(page, [("first", ["rest", "some"]), ("second", []), ("third", ["some"])])

    head = lanes(page).nth(2).locator(".w-lane h3")
    head.scroll_into_view_if_needed()
    left = lanes(page).nth(0).bounding_box()
    assert left is not None
    drag(page, head, left["x"] + 10, left["y"] + 30)
    moved = [("third", ["some"]), ("first", ["rest", "some"]), ("second", [])]
    settled(page, moved)

    drag(page, cards.nth(0), *middle(lanes(page).nth(2)), drop=False)
    page.keyboard.press("Escape")  # taken back
    page.mouse.up()
    page.get_by_text("Mixture", exact=True).first.hover()
    settled(page, moved)

    draft, _ = drafts.left(workspace)
    assert draft is not None
    assert [(lane.stage.name, [card.part.selection for card in lane.cards]) for lane in draft.lanes] == moved


def test_a_click_on_a_card_moves_nothing_and_a_typed_share_changes_the_repeat(
    studio: tuple[str, Workspace], open_page: OpenPage
) -> None:
    address, _ = studio
    page = open_page(f"{address}/mixture")
    settled(page, [("first", ["some", "rest"]), ("second", ["some"]), ("third", [])])
    first = lanes(page).nth(0)
    first.locator(".w-part").nth(0).click()
    first.locator('input[aria-label="Share"]').nth(0).fill("50")
    first.locator('input[aria-label="Share"]').nth(0).press("Enter")
    expect(first.locator('input[aria-label="Share"]').nth(0)).to_have_value("50.0 %")
    expect(first.locator('input[aria-label="Repeat"]').nth(0)).to_have_value("2.5")
    expect(first.locator("dl")).to_contain_text("60")
    first.locator('input[aria-label="Share"]').nth(1).fill("a third")
    first.locator('input[aria-label="Share"]').nth(1).press("Enter")
    expect(first.locator(".w-problem")).to_contain_text("'a third' is not a share.")
    expect(first.locator('input[aria-label="Share"]').nth(1)).to_have_value("a third")


def test_lengths_say_their_counts_and_a_pack_too_short_is_marked(
    studio: tuple[str, Workspace], open_page: OpenPage
) -> None:
    address, _ = studio
    page = open_page(f"{address}/mixture")
    bars = page.locator(".panel .bar")
    bars.first.wait_for()
    fullest = page.locator('.panel .bar[tabindex="0"]').first
    fullest.scroll_into_view_if_needed()
    fullest.hover()
    expect(page.locator(".tip:visible")).to_contain_text("samples (")
    page.locator('input[aria-label="Pack length, tokens"]').fill("64")
    page.locator('input[aria-label="Pack length, tokens"]').press("Enter")
    expect(page.locator(".panel .bar.over").first).to_be_attached()
    expect(page.locator(".panel .pack").first).to_be_attached()


def test_warnings_are_open_where_one_is_an_error(studio: tuple[str, Workspace], open_page: OpenPage) -> None:
    address, _ = studio
    page = open_page(f"{address}/mixture")
    panel = page.locator(".w-looks")
    expect(panel.locator("li.error")).to_contain_text("Holds no sample.")
    expect(panel.locator("li.error i")).to_have_text("third")
    panel.locator("summary").click()
    expect(panel.locator("li.error")).to_be_hidden()

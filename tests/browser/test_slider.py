"""The budget slider and the page stay of one mind: pins, exclusions, and a drag that ends where it began."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from core.select import pins
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.on_map import READY, kept, outcome, press_at, settle, shown
from tests.browser.serving import serving
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

pytestmark = pytest.mark.browser

Served = tuple[str, Workspace]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("slider")
    workspace = make_workspace(folder / "workspace")
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(folder)}) as address:
        yield address, workspace


def drag(page: Page, *shares: float) -> None:
    page.mouse.move(*press_at(page, shares[0]))
    page.mouse.down()
    for share in shares[1:]:
        page.mouse.move(*press_at(page, share), steps=4)
    page.mouse.up()


def agree(page: Page, num: int) -> None:
    """Map, panel, figures and address say the same budget."""
    expect(outcome(page, "samples kept")).to_have_text(str(num), timeout=20_000)
    settle(page)
    expect(outcome(page, "samples kept")).to_have_text(str(num))
    assert kept(page) == num
    assert shown(page, "samples") == str(num)
    expect(page).to_have_url(re.compile(f"budget={num}(&|$)"))


def test_a_drag_that_ends_where_it_began_lets_go(served: Served, open_page: OpenPage) -> None:
    page = open_page(f"{served[0]}/curate?method=random&budget={NUM_SAMPLES // 2}")
    page.wait_for_selector(READY, timeout=60_000)
    drag(page, 0.5, 0.8, 0.5)
    expect(page.get_by_text("between two cuts")).to_be_hidden()
    drag(page, 0.5, 0.8)
    settle(page)
    moved = kept(page)
    assert moved > 0.7 * NUM_SAMPLES
    drag(page, 0.8, 0.3, 0.8)
    settle(page)
    expect(page.get_by_text("between two cuts")).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(outcome(page, "samples kept")).not_to_have_text(str(moved), timeout=20_000)
    agree(page, int(outcome(page, "samples kept").inner_text()))


def test_exclusions_make_the_slider_as_long_as_what_they_leave(served: Served, open_page: OpenPage) -> None:
    limits = '{"include":["num_images > 0"]}'
    page = open_page(f"{served[0]}/curate?method=random&limits={limits}")
    page.wait_for_selector(READY, timeout=60_000)
    settle(page)
    left = int(page.locator(".winnow-map input.budget").get_attribute("max") or 0)
    assert 0 < left < NUM_SAMPLES
    expect(page.get_by_text(re.compile(f"of {left}$")).first).to_be_visible()
    drag(page, 0.3, 0.9)
    settle(page)
    assert kept(page) <= left
    agree(page, kept(page))


def test_a_budget_below_the_pins_becomes_as_large_as_they_are_many(served: Served, open_page: OpenPage) -> None:
    address, workspace = served
    ids = sorted(workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist())[:20]
    pins.decide(workspace, ids, "pin")
    page = open_page(f"{address}/curate?method=random&budget=40")
    page.wait_for_selector(READY, timeout=60_000)
    drag(page, 40 / NUM_SAMPLES, 0.05)
    agree(page, 20)

"""Twenty thousand samples drawn on the map are all shown in Browse, and in a link of them somebody else opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from benchmarks.big_workspace import make
from tests.browser.conftest import OpenPage
from tests.browser.on_map import READY
from tests.browser.serving import serving

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

NUM_SAMPLES = 20_000


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    workspace = make(tmp_path / "workspace", NUM_SAMPLES, narrow=True)
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(tmp_path)}) as served:
        yield served


def test_all_samples_in_view_are_browsed_by_a_short_link_that_others_can_open(
    address: str, open_page: OpenPage
) -> None:
    page = open_page(f"{address}/curate?method=random")
    page.wait_for_selector(READY, timeout=60_000)
    page.locator(".winnow-map canvas").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pin 20,000 samples")).to_be_visible()
    page.locator(".st-key-drawn-browse button").first.click()
    expect(page.locator("h1.w-title")).to_have_text("Browse")
    expect(page.locator(".st-key-pager-top .w-count")).to_have_text("1–48 of 20,000")
    expect(page.get_by_role("button", name="list: 20,000")).to_be_visible()
    expect(page.locator(".grid .tile")).to_have_count(48)
    assert len(page.url) < len(address) + 60

    other = open_page(page.url)
    expect(other.locator(".st-key-pager-top .w-count")).to_have_text("1–48 of 20,000")
    other.goto(f"{address}/browse?list=00000000000000aa")
    expect(other.locator(".w-problem")).to_contain_text("is not in this workspace")
    other.get_by_role("button", name="list: –").click()
    expect(other.locator(".st-key-filters .w-count")).to_have_text("20,000 samples")

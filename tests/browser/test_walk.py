"""A person's walk from an empty workspace to a trained model and a downloaded export, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.select import saved
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.conftest import make_small_pool

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SLOW_MS = 180_000  # a map compiles for 20 s, and the machine may be busy
NUM_SAMPLES = 32


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[tuple[str, Workspace]]:
    workspace = Workspace.create(tmp_path / "walk")
    with serving(workspace.path) as address:
        yield address, workspace


def go(page: Page, name: str) -> None:
    """Open another page with the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible(timeout=SLOW_MS)


def test_from_an_empty_workspace_to_a_trained_model_and_a_downloaded_export(
    studio: tuple[str, Workspace], tmp_path: Path, open_page: OpenPage
) -> None:
    address, workspace = studio
    data = make_small_pool(tmp_path / "pool")
    page = open_page(address)

    # Overview: add data, prepare it.
    page.get_by_role("button", name="Add data").last.click()
    page.get_by_role("textbox", name="Path").fill(str(data))
    page.get_by_role("textbox", name="Path").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Preview").click()
    expect(page.get_by_role("dialog").get_by_text("shapes.json")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("dialog").get_by_role("button", name="Add data").click()
    prepare = page.get_by_role("button", name=f"Prepare {NUM_SAMPLES} samples")
    prepare.click(timeout=SLOW_MS)
    expect(page.get_by_role("button", name="Curate a selection")).to_be_visible(timeout=SLOW_MS)

    # Browse: find one and open it.
    go(page, "Browse")
    expect(page.get_by_text(f"of {NUM_SAMPLES}").first).to_be_visible(timeout=SLOW_MS)

    # Curate: choose half with the slider's keyboard, save.
    go(page, "Curate")
    page.locator(".winnow-map[data-state=ready]").wait_for(timeout=SLOW_MS)
    slider = page.locator(".winnow-map input.budget")
    slider.focus()
    slider.press("End")
    save = page.get_by_role("button", name=f"Save {NUM_SAMPLES} samples")
    save.click(timeout=SLOW_MS)
    page.get_by_role("textbox", name="Name").fill("everything")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("button", name="Save selection").click()
    expect(page.get_by_text("Saved everything")).to_be_visible(timeout=SLOW_MS)
    (entry,) = saved.saved(workspace)
    assert (entry.name, entry.num_selected) == ("everything", NUM_SAMPLES)

"""Overview in a real Chromium: a workspace is made, data is previewed and added, what cannot be taken is counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.studio.small_workspace import make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    workspace = Workspace.create(tmp_path / "empty", "Nothing yet")
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(tmp_path / "config")}) as served:
        yield served


def ask_for(page: Page, path: Path, button: str) -> None:
    """Type a path into the dialog and press one of its buttons."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Path").fill(str(path))
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name=button).click()


def test_data_is_previewed_and_added_and_what_cannot_be_taken_is_counted(
    open_page: OpenPage, address: str, small_pool: Path
) -> None:
    records = json.loads((small_pool / "shapes.json").read_text(encoding="utf-8"))
    records[3]["image"] = "images/nowhere.png"
    (small_pool / "shapes.json").write_text(json.dumps(records), encoding="utf-8")

    page = open_page(address)
    expect(page.get_by_text("Nothing yet is empty")).to_be_visible()
    page.get_by_role("button", name="Add data").click()
    ask_for(page, small_pool / "missing.json", "Preview")
    expect(page.locator(".w-problem")).to_contain_text("missing.json")

    ask_for(page, small_pool / "shapes.json", "Preview")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("tr", has_text="conversations")).to_contain_text("turns")
    expect(dialog.locator("tr", has_text="What colour is the circle?")).not_to_have_count(0)
    expect(dialog.locator(".chip.bad")).to_have_text("image missing")

    dialog.get_by_role("button", name="Add data").click()
    expect(page.locator(".w-run").first).to_be_visible()
    expect(page.locator(".w-figure").first).to_contain_text(f"{len(records) - 1}", timeout=90_000)
    expect(page.locator(".w-run-line").first).to_contain_text(f"{len(records) - 1} samples added, 1 set aside")
    expect(page.locator(".w-section", has_text="Set aside")).to_contain_text("1 record could not be taken")
    expect(page.get_by_role("button", name=re.compile(f"Prepare {len(records) - 1} samples")).first).to_be_enabled()


def test_workspaces_are_made_and_changed_from_the_page(open_page: OpenPage, address: str, tmp_path: Path) -> None:
    other = make_workspace(tmp_path / "other")
    page = open_page(address)
    page.get_by_role("button", name="Workspaces").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Folder of a workspace").fill(str(tmp_path / "none"))
    dialog.get_by_role("button", name="Open workspace").click()
    expect(dialog.locator(".w-problem")).to_contain_text("is not a Winnow workspace")
    dialog.get_by_label("Folder of a workspace").fill(str(other.path))
    dialog.get_by_role("button", name="Open workspace").click()
    expect(page.locator(".w-figure").first).to_contain_text("60")

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Browse").click()
    picture = page.locator(".tile img").first
    expect(picture).to_be_visible()
    page.wait_for_function("node => node.naturalWidth > 0", arg=picture.element_handle())

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Overview").click()
    page.get_by_role("button", name="Workspaces").click()
    page.get_by_role("dialog").get_by_label("Folder for it, new or empty").fill(str(tmp_path / "fresh"))
    page.get_by_role("dialog").get_by_label("Name").fill("Fresh <b>start</b>")
    page.get_by_role("dialog").get_by_role("button", name="Make workspace").click()
    expect(page.get_by_text("Fresh <b>start</b> is empty")).to_be_visible()
    assert Workspace.open(tmp_path / "fresh").name == "Fresh <b>start</b>"

    page.get_by_role("button", name="Workspaces").click()
    page.get_by_role("dialog").locator("tr", has_text=str(other.path)).click()
    expect(page.locator(".w-figure").first).to_contain_text("60")

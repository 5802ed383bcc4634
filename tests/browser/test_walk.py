"""A person's walk from an empty workspace to a trained model and a downloaded export, in a real browser."""

from __future__ import annotations

import json
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core import runs
from core.select import saved
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.conftest import make_small_pool

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
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
    page.get_by_role("button", name="Save selection").click(timeout=SLOW_MS)
    page.get_by_role("textbox", name="Name").fill("everything")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("button", name=f"Save {NUM_SAMPLES} samples").click(timeout=SLOW_MS)
    expect(page.get_by_text("Saved everything")).to_be_visible(timeout=SLOW_MS)
    (entry,) = saved.saved(workspace)
    assert (entry.name, entry.num_selected) == ("everything", NUM_SAMPLES)

    # Mixture: a recipe from the selection, exported and downloaded.
    go(page, "Mixture")
    page.get_by_text(f"everything, {NUM_SAMPLES} samples").click()
    page.get_by_role("button", name=re.compile(r"Export [\d,]+ samples")).click(timeout=SLOW_MS)
    page.get_by_role("button", name="Export", exact=True).click()
    download = page.get_by_role("link", name="Download").or_(page.get_by_role("button", name="Download")).first
    with page.expect_download(timeout=SLOW_MS) as downloading:
        download.click(timeout=SLOW_MS)
    archive = tmp_path / "export.zip"
    downloading.value.save_as(archive)
    with zipfile.ZipFile(archive) as opened:
        (data_name,) = [name for name in opened.namelist() if name.endswith("data.json")]
        records = json.loads(opened.read(data_name))
    assert {record["id"] for record in records} == {str(record["id"]) for record in known_records(data)}

    # Train: launch it, see it end, find it on Runs.
    go(page, "Train")
    page.get_by_role("button", name=re.compile(r"Train \d+ stages")).click(timeout=SLOW_MS)
    wait_for_training(workspace)
    (run,) = runs.list_runs(workspace.path, "train")
    assert run.state == "done", run.problem
    assert (Path(run.result["model_dir"]) / "config.json").is_file()
    go(page, "Runs")
    expect(page.get_by_text("done").first).to_be_visible(timeout=SLOW_MS)


def known_records(data: Path) -> list[dict[str, Any]]:
    """What was put into the data folder."""
    lines = (data / "words.jsonl").read_text("utf-8").splitlines()
    return [*json.loads((data / "shapes.json").read_text("utf-8")), *map(json.loads, lines)]


def wait_for_training(workspace: Workspace) -> None:
    """Wait until the training run the page started has ended, in whatever way."""
    deadline = time.monotonic() + SLOW_MS / 1000
    while time.monotonic() < deadline:
        found = runs.list_runs(workspace.path, "train")
        if found and found[0].state != "running":
            return
        time.sleep(0.5)
    raise TimeoutError("the training run did not end in time")

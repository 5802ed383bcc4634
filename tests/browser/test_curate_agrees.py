"""One budget, one number: a drag over 100,000 samples, and what the map, the page and an export say of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from benchmarks.big_workspace import make
from core.lens import Lens
from core.select import methods, saved
from core.select.pool import Pool
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.on_map import READY, inspect, kept, outcome, press_at, settle, shown
from tests.browser.serving import ROOT, serving

pytestmark = pytest.mark.browser

NUM_SAMPLES = 100_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make(tmp_path_factory.mktemp("agrees") / "workspace", NUM_SAMPLES, narrow=True)


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> Iterator[str]:
    with serving(workspace.path) as served:
        yield served


def test_map_page_and_export_agree_after_a_drag(
    workspace: Workspace, address: str, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{address}/curate")
    page.wait_for_selector(READY, timeout=90_000)
    settle(page)
    assert kept(page) == 30_000
    page.mouse.move(*press_at(page, 0.3))
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(*press_at(page, 0.3 - 0.0287 * step))
        page.wait_for_timeout(40)
        assert shown(page, "samples") == f"{kept(page):,}", "while dragging the counts follow"
        assert outcome(page, "samples kept").inner_text() == f"{kept(page):,}", "beside the map too"
    expect(page.get_by_text("between two cuts")).to_be_visible()
    page.mouse.up()
    budget = kept(page)
    assert 500 < budget < 3000
    settle(page)
    expect(page.get_by_text("between two cuts")).to_be_hidden()
    assert kept(page) == inspect(page)["budget"] == budget
    assert outcome(page, "samples kept").inner_text() == f"{budget:,}"
    assert shown(page, "samples") == f"{budget:,}"
    order = methods.settings("mmssr-nested", {}).order(Pool.from_lens(Lens(workspace)), seed=0)
    panel = page.locator("[class*=st-key-curate-outcome] tbody tr")
    told = dict(
        zip(
            panel.locator("td:first-child").all_inner_texts(),
            panel.locator("td:last-child").all_inner_texts(),
            strict=True,
        )
    )
    codes = order.pool.source[order.rows[:budget]]
    counts = Counter(order.pool.source_names[code] for code in codes.tolist())
    assert {name: int(text.replace(",", "")) for name, text in told.items() if text != "0"} == counts

    page.get_by_role("button", name="Save selection").click()
    page.get_by_label("Name").fill("after the drag")
    page.get_by_role("button", name=f"Save {budget:,} samples").click(timeout=20_000)
    expect(page.get_by_text(re.compile("Saved after the drag"))).to_be_visible(timeout=20_000)
    entry = saved.find(workspace, "after the drag")
    assert entry.num_selected == budget
    ids = saved.ids_of(workspace, entry).tolist()

    assert ids == order.cut(budget).sample_ids.tolist(), "the screen keeps what the library keeps"

    out = tmp_path / "export"
    command = ["export", str(workspace.path), "--to", "winnow", "--selection", "after the drag", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "studio.cli", *command, "--json"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["num_samples"] == budget
    exported = pq.read_table(out / "samples.parquet", columns=["sample_id"])["sample_id"].to_pylist()
    assert sorted(exported) == sorted(ids)

"""Compare, saved selections and undo in a real Chromium: keys, clicks, the address, and a report that opens on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from core.filters import Filter
from core.lens import Lens
from core.select import compare, methods, saved
from core.select.budget import Budget
from core.select.pool import Pool
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.on_map import outcome
from tests.browser.serving import serving
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[tuple[str, Workspace]]:
    workspace = make_workspace(tmp_path / "workspace")
    pool = Pool.from_lens(Lens(workspace))
    for method, count, name in (("mmssr", 24, "first"), ("random", 12, "second"), ("random", 30, "third")):
        selection = methods.choose(methods.settings(method, {}), pool, Budget.samples(count))
        saved.save(workspace, selection, name=name, budget=str(count), chosen=Filter())
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(tmp_path)}) as address:
        yield address, workspace


def asked(page: Page, name: str) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get(name, [])


def kept(page: Page, count: int) -> None:
    """Wait until the page says so many samples are kept, and the address too."""
    expect(outcome(page, "samples kept")).to_have_text(str(count))
    expect(page).to_have_url(re.compile(f"budget={count}(&|$)"))


def test_keys_undo_and_redo_every_act_and_leave_typing_alone(
    studio: tuple[str, Workspace], open_page: OpenPage
) -> None:
    address, _ = studio
    page = open_page(f"{address}/curate")
    page.locator(".winnow-map[data-state=ready]").wait_for()
    kept(page, 18)
    expect(page.locator("[data-act=undo]")).to_be_disabled()
    slider = page.locator(".winnow-map input.budget")
    slider.focus()
    slider.press("End")
    kept(page, NUM_SAMPLES)
    expect(page.locator("[data-act=undo]")).to_be_enabled()  # the run that follows the release is over
    page.keyboard.press("Control+z")  # the slider has the focus, which is no typing
    kept(page, 18)
    page.keyboard.press("Control+Shift+Z")
    kept(page, NUM_SAMPLES)
    page.get_by_test_id("stSelectbox").first.click()
    page.get_by_role("option", name="Random").click()
    expect(page).to_have_url(re.compile("method=random"))
    expect(page.locator("[data-act=undo]")).to_have_attribute("title", "Undo: method Random (Ctrl+Z)")

    search = page.get_by_placeholder("Search conversations")
    search.fill("picture")
    search.press("Control+z")
    assert search.input_value() == "", "the browser undid the typing"
    expect(page).to_have_url(re.compile("method=random"))
    search.press("Escape")
    search.blur()

    page.locator("[data-act=undo]").click()
    expect(page).to_have_url(re.compile("method=mmssr-nested"))
    kept(page, NUM_SAMPLES)
    page.reload()
    kept(page, NUM_SAMPLES)
    expect(page.locator("[data-act=undo]")).to_have_attribute("title", re.compile("Undo: budget"))
    page.keyboard.press("Control+z")
    kept(page, 18)
    page.keyboard.press("Control+y")
    kept(page, NUM_SAMPLES)
    page.keyboard.press("Control+y")
    expect(page).to_have_url(re.compile("method=random"))


def test_a_new_session_goes_on_and_the_back_button_leads_through_what_was_shown(
    studio: tuple[str, Workspace], open_page: OpenPage
) -> None:
    address, _ = studio
    page = open_page(f"{address}/curate?method=random&budget=10")
    kept(page, 10)
    slider = page.locator(".winnow-map input.budget")
    page.locator(".winnow-map[data-state=ready]").wait_for()
    slider.focus()
    slider.press("End")
    kept(page, NUM_SAMPLES)
    page.go_back()
    kept(page, 10)
    other = open_page(address)
    other.get_by_test_id("stSidebarNavLink").filter(has_text="Curate").click()
    kept(other, 10)
    assert asked(other, "method") == ["random"]


def test_a_saved_selection_is_renamed_copied_deleted_and_each_comes_back(
    studio: tuple[str, Workspace], open_page: OpenPage
) -> None:
    address, workspace = studio
    page = open_page(f"{address}/curate")
    names = page.locator(".st-key-saved-list td.grow")
    expect(names).to_have_text(["third", "second", "first"])
    dialog = page.get_by_role("dialog")

    page.get_by_label("Rename, copy, compare or delete first").click()
    dialog.get_by_role("textbox", name="Name").fill("second")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    expect(dialog.get_by_text("Another saved selection is called")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("second")
    acts = dialog.locator(".st-key-saved-acts").locator("a, button:visible")
    boxes = {tuple(act.evaluate("e => [e.getBoundingClientRect().top, e.offsetHeight]")) for act in acts.all()}
    assert len(boxes) == 1, "a link stands in line with the buttons beside it"
    dialog.get_by_role("textbox", name="Name").fill("the <b>one</b>")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    expect(names.filter(has_text="the <b>one</b>")).to_have_count(1)
    dialog.get_by_role("button", name="Copy").click()
    expect(names).to_have_count(4)
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).to_have_count(0)
    expect(names).to_have_count(3)
    toast, bar = page.get_by_test_id("stToast").bounding_box(), page.get_by_test_id("stSidebar").bounding_box()
    assert toast is not None
    assert bar is not None
    assert toast["x"] + toast["width"] <= bar["x"] + bar["width"], "what is told lies over no control"
    assert toast["y"] > 600
    assert {one.name for one in saved.saved(workspace)} == {"second", "third", "the <b>one</b>"}
    for expected in (4, 3, 3):  # the copy is back, was never made, and the first has its old name
        page.keyboard.press("Control+z")
        expect(names).to_have_count(expected)
    expect(names.filter(has_text="first")).to_have_count(1)
    assert {one.name for one in saved.saved(workspace)} == {"first", "second", "third"}


def test_compare_shows_the_pair_in_numbers_on_the_map_and_as_samples_and_the_address_keeps_it(
    studio: tuple[str, Workspace], open_page: OpenPage, tmp_path: Path
) -> None:
    address, workspace = studio
    entries = {one.name: one for one in saved.saved(workspace)}
    page = open_page(address)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Compare").click()
    expect(page.locator(".c-pair b").first).to_have_text("12")  # the two saved last: a random draw within a larger one
    page.get_by_test_id("stMultiSelect").locator("input").fill("first")
    page.get_by_role("option", name="first, 24 samples").click()
    expect(page.locator(".c-matrix tbody tr")).to_have_count(3)
    page.locator(".st-key-compare-second").get_by_test_id("stSelectbox").click()
    page.get_by_role("option", name=re.compile("C +first")).click()
    expect(page).to_have_url(re.compile("pair="))

    first, second = (saved.ids_of(workspace, entries[name]) for name in ("second", "first"))
    parts = compare.split(first, second)
    expect(page.locator(".c-pair b")).to_have_text(
        [str(len(parts.both)), str(len(parts.only_first)), str(len(parts.only_second)), f"{100 * parts.jaccard:.1f} %"]
    )
    legend = page.locator(".winnow-map .legend .entry .number")
    neither = NUM_SAMPLES - len(parts.both) - len(parts.only_first) - len(parts.only_second)
    expect(legend).to_have_text(
        [re.compile(rf"^{n}\b") for n in map(len, (parts.both, parts.only_second, parts.only_first))]
        + [re.compile(str(neither))]
    )
    tiles = page.locator(".st-key-compare-grid .tile")
    expect(tiles).to_have_count(min(24, len(parts.only_first)))
    shown = {int(tile.get_attribute("data-id") or "", 16) for tile in tiles.all()}
    assert shown == set(parts.only_first.tolist())
    page.locator(".st-key-compare-parts").get_by_text("Settings", exact=True).click()
    expect(page.locator(".c-table tr.differs").first).to_be_visible()
    expect(page).to_have_url(re.compile("show=settings"))

    page.locator(".st-key-compare-spread").get_by_text("Skills").click()
    expect(page).to_have_url(re.compile("spread=Skills"))
    expect(page.locator("[class*=st-key-compare-Skills] th")).to_have_text(["Skill", "A mean", "C mean"])
    deep = page.url
    again = open_page(deep)
    expect(again.locator(".c-pair b").first).to_have_text(str(len(parts.both)))
    expect(again.locator(".c-table tr.differs").first).to_be_visible()
    assert asked(again, "of") == asked(page, "of")
    expect(again.locator("[class*=st-key-compare-Skills] th")).to_have_text(["Skill", "A mean", "C mean"])
    ground = "e => getComputedStyle(e).backgroundColor"
    legend = again.locator(".winnow-map .legend .entry")
    for place, look, meaning in ((0, "first", "removed"), (1, "second", "added")):
        bar = again.locator("[class*=st-key-compare-Skills] tbody tr").first.locator(".barcell .shown").nth(place)
        badges = again.locator(f".c-letter.{look}")
        assert badges.count() == 3, "two in the matrix, one in the settings"
        mark = legend.filter(has_text=meaning).locator("i, .dot, .swatch").first
        seen = {one.evaluate(ground) for one in (bar, mark, *badges.all())}
        assert len(seen) == 1, f"{look} has one colour"

    with again.expect_download() as downloading:
        again.get_by_role("link", name="Download this comparison").click()
    file = tmp_path / "report.html"
    downloading.value.save_as(file)
    report = open_page(file.as_uri())
    expect(report.locator("h1")).to_have_text("second against first")
    expect(report.locator(".figures b").first).to_have_text(str(len(parts.both)))
    picture = report.locator(".sample img").first
    assert picture.evaluate("node => node.naturalWidth") > 0

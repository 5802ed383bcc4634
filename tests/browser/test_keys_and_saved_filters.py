"""The keyboard and saved filters in a real Chromium: keys act where nobody types, and never with a modifier."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from playwright.sync_api import Locator, Page, expect

from core.store import evidence, marks, named_filters
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)


FOCUSED = (
    "let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;"
    " const id = e?.dataset?.id || '';"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("keys") / "workspace")


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> Iterator[str]:
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(workspace.path.parent)}) as served:
        yield served


def visit(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
    expect(page.locator("h1.w-title")).to_have_text(name)


def browse(open_page: OpenPage, address: str) -> Page:
    page = open_page(address)
    visit(page, "Browse")
    expect(page.locator(".grid .tile")).to_have_count(48)
    expect(page.locator(".grid .tile").first).to_be_visible()
    return page


def focused(page: Page) -> str:
    """The sample whose tile has the focus, '' for none."""
    text: str = page.evaluate(f"() => {{ {FOCUSED} return id; }}")
    return text


def ids(page: Page) -> list[str]:
    return [str(tile.get_attribute("data-id")) for tile in page.locator(".grid .tile").all()]


def chip(page: Page, text: str) -> Locator:
    return page.locator(".st-key-filters").get_by_test_id("stPopover").filter(has_text=re.compile(text))


def test_the_sheet_opens_and_closes_and_the_slash_leads_to_the_search_box(open_page: OpenPage, address: str) -> None:
    page = browse(open_page, address)
    page.keyboard.press("?")
    expect(page.locator("dialog.sheet")).to_be_visible()
    expect(page.locator("dialog.sheet h3")).to_have_count(6)
    page.keyboard.press("x")  # behind the sheet nothing happens
    page.keyboard.press("Escape")
    expect(page.locator("dialog.sheet")).to_be_hidden()
    page.get_by_role("button", name="Keyboard").click()
    expect(page.locator("dialog.sheet")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("dialog.sheet")).to_be_hidden()
    page.keyboard.press("/")
    field = page.get_by_placeholder("Search conversations")
    expect(field).to_be_focused()
    page.keyboard.type("jkx/? picture 3")  # letters are letters here
    expect(field).to_have_value("jkx/? picture 3")
    expect(page.locator("dialog.sheet")).to_be_hidden()
    expect(page.locator(".st-key-marks")).to_have_count(0)


def test_keys_move_mark_open_and_close(open_page: OpenPage, address: str, workspace: Workspace) -> None:
    page = browse(open_page, address)
    order = ids(page)
    page.keyboard.press("ArrowRight")
    assert focused(page) == order[0]
    for key, place in (("j", 1), ("j", 2), ("k", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        assert focused(page) == order[place], key
    for chord in ("Control+x", "Alt+x", "Meta+j", "Control+k", "Alt+j"):
        page.keyboard.press(chord)
    assert focused(page) == order[1]
    page.keyboard.press("x")
    expect(page.locator(".tile.marked")).to_have_count(1)
    expect(page.locator(".st-key-marks")).to_have_text(re.compile("1 marked"))
    assert focused(page) == order[1]  # the grid was drawn anew, the keys go on where they were
    assert [f"{one:016x}" for one in marks.marked(workspace)] == [order[1]]
    page.keyboard.press("Enter")
    expect(page.locator(".turn.human")).to_be_visible()
    place = page.locator(".st-key-sample-steps .w-count")
    expect(place).to_have_text(f"2 of {NUM_SAMPLES}")
    page.keyboard.press("j")
    expect(place).to_have_text(f"3 of {NUM_SAMPLES}")
    page.keyboard.press("x")
    expect(page.locator(".st-key-sample-mark")).to_have_text(re.compile("Marked"))
    page.keyboard.press("k")
    expect(place).to_have_text(f"2 of {NUM_SAMPLES}")
    page.keyboard.press("Escape")
    expect(page.locator(".grid .tile")).to_have_count(48)
    expect(page.locator(".tile.marked")).to_have_count(2)
    page.wait_for_function(f"wanted => {{ {FOCUSED} return id === wanted; }}", arg=order[1])
    page.reload()
    expect(page.locator(".tile.marked")).to_have_count(2)
    page.locator(".st-key-marks").get_by_test_id("stPopover").get_by_role("button").click()
    page.get_by_role("button", name="Clear marks").click()
    expect(page.locator(".tile.marked")).to_have_count(0)
    assert marks.marked(workspace) == ()


def test_rows_of_a_table_are_moved_through_and_chosen_by_keys(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Tags")
    expect(page.locator("tr.pick").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    name = page.locator("tr.pick").nth(1).locator("td").nth(0).inner_text()
    page.keyboard.press("Enter")
    expect(chip(page, f"tag: {re.escape(name)}, ")).to_be_visible()


def test_a_filter_is_saved_applied_on_another_page_renamed_deleted_and_brought_back(
    open_page: OpenPage, address: str, workspace: Workspace
) -> None:
    page = browse(open_page, address)
    chip(page, "^Licence").get_by_role("button").click()
    page.get_by_test_id("stPopoverBody").locator("tr", has_text="CC0").click()
    expect(chip(page, "licence: CC0, 60")).to_be_visible()
    page.keyboard.press("Escape")
    chip(page, "^Source").get_by_role("button").click()
    page.get_by_test_id("stPopoverBody").locator("tr", has_text="photos").click()
    expect(chip(page, "source: photos, 20")).to_be_visible()
    page.keyboard.press("Escape")
    chip(page, "Saved").get_by_role("button").click()
    page.get_by_label("Save the filter on screen as").fill("Free photos")
    page.keyboard.press("Enter")
    expect(chip(page, "Free photos")).to_be_visible()
    assert [entry.name for entry in named_filters.saved(workspace)] == ["Free photos"]
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".st-key-filters .w-count")).to_have_text(f"{NUM_SAMPLES} samples")

    visit(page, "Capabilities")
    chip(page, "Saved").get_by_role("button").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Free photos").click()
    expect(page.locator(".st-key-filters .w-count")).to_have_text(f"20 of {NUM_SAMPLES} samples")
    query = parse_qs(urlsplit(page.url).query)
    assert (query["licence"], query["source"]) == (["CC0"], ["photos"])

    if page.get_by_test_id("stPopoverBody").count() == 0:
        chip(page, "Free photos").get_by_role("button").click()
    page.locator("[class*='st-key-renaming-'] button").first.click()
    name = page.locator("[class*='st-key-rename-'] input")
    name.fill("  ")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stPopoverBody").locator(".w-problem")).to_contain_text("The filter has no name.")
    expect(name).to_have_value("  ")
    name.fill("Photos")
    page.keyboard.press("Enter")
    expect(chip(page, "Photos")).to_be_visible()
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".st-key-filters .w-count")).to_have_text(f"{NUM_SAMPLES} samples")
    if page.get_by_test_id("stPopoverBody").count() == 0:
        chip(page, "Saved").get_by_role("button").click()
    page.locator("[class*='st-key-delete-'] button").first.click()
    expect(page.get_by_test_id("stPopoverBody")).to_contain_text("Deleted Photos.")
    assert named_filters.saved(workspace) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[class*='st-key-apply-']")).to_have_text(re.compile("Photos"))
    assert [entry.name for entry in named_filters.saved(workspace)] == ["Photos"]


def test_the_mode_meaning_says_the_command_that_makes_its_embedding(
    open_page: OpenPage, address: str, workspace: Workspace
) -> None:
    page = browse(open_page, address)
    page.locator(".st-key-search").get_by_test_id("stPopover").get_by_role("button").click()
    page.get_by_test_id("stPopoverBody").get_by_text("Meaning", exact=True).click()
    expect(page.locator(".w-problem")).to_contain_text(f"winnow prepare {workspace.path} --embedding open_clip")
    expect(page.get_by_placeholder("Not prepared yet")).to_be_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "rows"), [(1440, 1), (1024, 2)])
def test_the_bar_is_one_calm_row_and_two_at_most_where_the_window_is_narrow(
    open_page: OpenPage, address: str, width: int, rows: int, scheme: str
) -> None:
    page = open_page(address, viewport={"width": width, "height": 900 if width == 1440 else 768}, color_scheme=scheme)
    for name in ("Browse", "Tags", "Capabilities", "Curate"):
        visit(page, name)
        bar = page.locator(".st-key-filters")
        expect(bar.locator(".w-count")).to_be_visible()
        page.wait_for_timeout(500)
        box = bar.bounding_box()
        assert box is not None
        assert box["height"] <= 46 * rows, name
        assert box["x"] + box["width"] <= width


def test_flags_are_small_marks_on_tiles_and_a_chip_where_there_are_any(
    open_page: OpenPage, address: str, workspace: Workspace
) -> None:
    page = browse(open_page, address)
    expect(chip(page, "^Flag")).to_have_count(0)
    rows = workspace.store.read("samples", ["sample_id", "content_hash"]).slice(0, 7)
    said = pa.array([["face", "near duplicate"]] * rows.num_rows, pa.list_(pa.string()))
    evidence.write(workspace.store, evidence.producer("flags", "rules", "1"), rows.append_column("flags", said), {})
    page.reload()
    chip(page, "^Flag").get_by_role("button").click()
    page.get_by_test_id("stPopoverBody").locator("tr", has_text="near duplicate").click()
    expect(chip(page, "flag: near duplicate, 7")).to_be_visible()
    expect(page.locator(".grid .tile")).to_have_count(7)
    expect(page.locator(".mark.flag")).to_have_count(7)
    expect(page.locator(".mark.flag").first).to_have_text("face +1")

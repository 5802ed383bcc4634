"""The pages in a real Chromium: clicks, keys, the URL, what is kept between pages, and text that is shown and never run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

HOSTILE = [
    "**bold** _em_ $x^2$ `code`\n# head\n| a | b |\n|---|---|",
    "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script><b>b</b> &lt;i&gt;",
    ":red[red] :smile: [a](javascript:document.title='run') ![i](http://127.0.0.1:9/x.png) \\(y\\)",
]
SOURCE = "<b>src</b> $a$ :red[x] **y**"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("pages")
    with serving(make_workspace(folder / "workspace").path, environment={"WINNOW_CONFIG_DIR": str(folder)}) as served:
        yield served


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hostile")
    workspace = make_workspace(folder / "workspace", texts=HOSTILE, source=SOURCE)
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(folder)}) as served:
        yield served


def visit(page: Page, name: str) -> None:
    """Open a page by its link in the navigation, as people do."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
    expect(page.locator("h1.w-title")).to_have_text(name)


def parameters(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def filter_by_source(page: Page, name: str) -> None:
    page.get_by_test_id("stPopover").filter(has_text=re.compile("^Source")).get_by_role("button").click()
    page.get_by_test_id("stPopoverBody").locator("tr", has_text=name).click()


def test_a_tile_opens_beside_its_conversation_and_arrow_keys_move_on(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Browse")
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(48)
    expect(page.locator(".w-count b").first).to_have_text(str(NUM_SAMPLES))
    first, second = (tiles.nth(index).get_attribute("data-id") for index in (0, 1))
    tiles.first.click()
    expect(page.locator(".turn.human .said")).to_contain_text("What is shown in picture")
    expect(page.locator(".turn.gpt .said")).to_contain_text("Answer")
    assert parameters(page)["sample"] == [first]
    expect(page.locator(".radar .dot")).not_to_have_count(0)
    expect(page.locator(".strip .tile")).to_have_count(8)
    place = page.locator(".st-key-sample-steps .w-count")
    expect(place).to_have_text(f"1 of {NUM_SAMPLES}")
    expect(page.locator(".st-key-sample-after button")).to_be_enabled()
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text(f"2 of {NUM_SAMPLES}")
    expect(page).to_have_url(re.compile(f"sample={second}"))
    expect(page.locator(".st-key-sample-before button")).to_be_enabled()
    page.keyboard.press("ArrowLeft")
    expect(place).to_have_text(f"1 of {NUM_SAMPLES}")
    page.keyboard.press("Escape")
    expect(tiles).to_have_count(48)
    assert "sample" not in parameters(page)


def test_pictures_of_the_grid_and_of_an_opened_sample_arrive(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Browse")
    picture = page.locator(".tile img").first
    expect(picture).to_be_visible()
    page.wait_for_function("node => node.naturalWidth > 0", arg=picture.element_handle())
    page.locator(".tile", has=page.locator("img")).first.click()
    full = page.locator(".stage img").first
    page.wait_for_function("node => node.naturalWidth > 0 && node.style.transform !== ''", arg=full.element_handle())
    before = full.evaluate("node => node.style.transform")
    page.get_by_label("Zoom in").click()
    assert full.evaluate("node => node.style.transform") != before
    page.get_by_role("button", name="Fit", exact=True).click()
    assert full.evaluate("node => node.style.transform") == before


def test_a_filter_is_kept_between_pages_said_in_the_url_and_taken_back(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Browse")
    filter_by_source(page, "charts")
    chip = page.get_by_test_id("stPopover").filter(has_text="source: charts, 20")
    expect(chip).to_be_visible()
    assert parameters(page) == {"source": ["charts"]}
    page.keyboard.press("Escape")
    for name in ("Capabilities", "Tags", "Browse"):
        visit(page, name)
        expect(chip).to_be_visible()
        expect(page).to_have_url(re.compile("source=charts"))
    # On a busy machine the address of one view can stand twice in the history: bare, then with its filter.
    for _ in range(3):
        page.go_back()
        page.wait_for_timeout(2000)
        if page.locator("h1.w-title").inner_text() == "Tags":
            break
    expect(page.locator("h1.w-title")).to_have_text("Tags")
    expect(chip).to_be_visible()
    page.get_by_role("button", name="Clear all").click()
    expect(chip).to_have_count(0)
    assert parameters(page) == {}


def test_the_back_button_takes_a_filter_back(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Browse")
    filter_by_source(page, "photos")
    expect(page).to_have_url(re.compile("source=photos"))
    page.go_back()
    expect(page.get_by_test_id("stPopover").filter(has_text="source: photos")).to_have_count(0)
    expect(page.locator(".w-count").first).to_have_text(f"{NUM_SAMPLES} samples")


def test_a_url_reproduces_filter_order_page_and_sample(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Browse")
    filter_by_source(page, "puzzles")
    expect(page).to_have_url(re.compile("source=puzzles"))
    page.keyboard.press("Escape")
    page.locator(".tile").nth(3).click()
    expect(page.locator(".turn")).not_to_have_count(0)
    words = page.locator(".turn.gpt .said").inner_text()
    again = open_page(page.url, expect_errors=True)  # Streamlit asks for its own files below a deep link first
    expect(again.locator(".turn.gpt .said")).to_have_text(words)
    expect(again.get_by_test_id("stPopover").filter(has_text="source: puzzles, 20")).to_be_visible()


def place_on_page(page: Page) -> Locator:
    return page.locator(".st-key-pager-top .w-count")


def turn(page: Page, name: str) -> None:
    page.locator(".st-key-pager-top").get_by_role("button", name=name).click()


def test_pages_turn_with_the_address_and_the_back_button_and_nothing_above_them_is_drawn_anew(
    open_page: OpenPage, address: str
) -> None:
    page = open_page(address)
    visit(page, "Browse")
    expect(page.locator(".tile")).to_have_count(48)
    first = page.locator(".tile").first.get_attribute("data-id")
    page.locator(".st-key-filters").evaluate("node => { node.seenBefore = true; }")
    turn(page, "chevron_right")
    expect(place_on_page(page)).to_have_text(f"49–{NUM_SAMPLES} of {NUM_SAMPLES}")
    expect(page.locator(".tile")).to_have_count(NUM_SAMPLES - 48)
    assert parameters(page) == {"page": ["2"]}
    page.go_back()
    expect(page.locator(".tile")).to_have_count(48)
    expect(place_on_page(page)).to_have_text(f"1–48 of {NUM_SAMPLES}")
    assert parameters(page) == {}
    assert page.locator(".tile").first.get_attribute("data-id") == first
    assert page.locator(".st-key-filters").evaluate("node => node.seenBefore")


def test_a_new_page_stands_with_all_its_pictures_or_not_at_all(open_page: OpenPage, address: str) -> None:
    page = open_page(f"{address}/browse?sort=source", expect_errors=True)
    expect(page.locator(".tile")).to_have_count(48)
    page.locator(".grid").evaluate(
        """grid => new MutationObserver(() => {
          const images = [...grid.getRootNode().querySelectorAll(".tile img")];
          (window.pictures ??= []).push([images.length, images.filter((one) => one.complete && one.naturalWidth).length]);
        }).observe(grid.parentElement, { childList: true })""".replace("grid => new", "grid => void new")
    )
    filter_by_source(page, "photos")
    expect(page.locator(".tile")).to_have_count(20)
    drawn = page.evaluate("window.pictures")
    assert drawn
    assert all(loaded == there > 0 for there, loaded in drawn)


def test_pictures_of_the_next_page_are_there_before_it_is_asked_for(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    with page.expect_response(re.compile("/api/ahead/")) as coming:
        visit(page, "Browse")
    assert coming.value.ok
    page.wait_for_timeout(300)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/thumb" in request.url else None)
    turn(page, "chevron_right")
    expect(page.locator(".tile")).to_have_count(NUM_SAMPLES - 48)
    assert page.locator(".tile img").evaluate_all("all => all.every((one) => one.complete && one.naturalWidth > 0)")
    assert asked == []


def test_pictures_come_one_by_one_when_they_do_not_come_together(open_page: OpenPage, address: str) -> None:
    page = open_page("about:blank", expect_errors=True)
    page.route("**/api/thumbs/**", lambda route: route.abort())
    page.goto(f"{address}/browse")
    expect(page.locator(".tile")).to_have_count(48)
    page.wait_for_function(
        "grid => [...grid.querySelectorAll('img')].slice(0, 12).every((one) => one.naturalWidth > 0)",
        arg=page.locator(".grid").element_handle(),
    )


def test_text_search_finds_words_of_the_conversation(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Browse")
    page.get_by_placeholder("Search conversations").fill("picture 3")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=picture"))
    expect(page.locator(".w-count").first).to_have_text(f"9 of {NUM_SAMPLES} samples")
    expect(page.locator(".tile")).to_have_count(9)
    for question in page.locator(".tile .question").all_inner_texts():
        assert "picture 3" in question or question == "text only"


def test_a_click_on_a_bar_filters_by_that_score_and_a_second_takes_it_back(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Capabilities")
    expect(page.locator(".panel")).to_have_count(14)
    bar = page.locator(".panel").nth(13).locator(".bar").nth(3)
    count = int(re.findall(r"shown: ([\d,]+)", bar.get_attribute("data-tip") or "")[0])
    bar.click()
    expect(page.get_by_test_id("stPopover").filter(has_text=f"score: OCR about 3, {count}")).to_be_visible()
    expect(page.locator(".w-count b").first).to_have_text(str(count))
    page.locator(".panel").nth(13).locator(".bar").nth(3).click()
    expect(page.locator(".w-count").first).to_have_text(f"{NUM_SAMPLES} samples")


def test_correlations_and_means_by_source_are_tables_of_numbers(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Capabilities")
    page.get_by_role("radio", name="Correlation").or_(page.get_by_role("button", name="Correlation")).first.click()
    expect(page.locator(".w-heat tbody tr")).to_have_count(14)
    expect(page.locator(".w-heat td.none")).to_have_count(14)
    page.get_by_role("radio", name="By source").or_(page.get_by_role("button", name="By source")).first.click()
    expect(page.locator(".w-heat tbody tr")).to_have_count(3)


def test_a_tag_in_the_tree_filters_every_page(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    visit(page, "Tags")
    row = page.locator("tr.pick").nth(0)
    expect(row).to_be_visible()  # a piece without its stylesheet has no text yet
    name, count = row.locator("td").nth(0).inner_text(), row.locator(".num").first.inner_text()
    page.locator(f"path[aria-label='{name}, {count} samples']").dispatch_event("click")
    expect(page.get_by_test_id("stPopover").filter(has_text=f"tag: {name}, {count}")).to_be_visible()
    expect(page.locator("tr.on")).to_have_count(1)
    visit(page, "Browse")
    expect(page.locator(".w-count b").first).to_have_text(count)


def test_a_source_on_overview_opens_in_browse(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    page.locator("tr.pick", has_text="photos").click()
    expect(page.locator("h1.w-title")).to_have_text("Browse")
    expect(page.get_by_test_id("stPopover").filter(has_text="source: photos, 20")).to_be_visible()


def test_the_view_downloads_as_csv_with_hex_ids(open_page: OpenPage, address: str, tmp_path: Path) -> None:
    page = open_page(address)
    visit(page, "Browse")
    filter_by_source(page, "charts")
    expect(page).to_have_url(re.compile("source=charts"))
    page.keyboard.press("Escape")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download CSV of 20 rows").click()
    waiting.value.save_as(tmp_path / "view.csv")
    rows = list(csv.DictReader((tmp_path / "view.csv").open(encoding="utf-8")))
    assert len(rows) == 20
    assert all(re.fullmatch("[0-9a-f]{16}", row["sample_id"]) for row in rows)


def test_text_of_samples_is_shown_letter_by_letter_and_never_run(open_page: OpenPage, hostile: str) -> None:
    page = open_page(hostile)
    expect(page.locator("td.name")).to_have_text(SOURCE)
    visit(page, "Browse")
    expect(page.locator(".tile")).to_have_count(48)
    page.locator(".tile").first.click()
    seen = set()
    for place in range(1, 13):
        expect(page.locator(".st-key-sample-steps .w-count")).to_have_text(f"{place} of {NUM_SAMPLES}")
        said = page.locator(".turn.human .said")
        expect(said).to_have_count(1)
        expect(page.locator(".st-key-sample-after button")).to_be_enabled()
        page.wait_for_timeout(300)
        seen.add(said.evaluate("node => node.textContent").replace("<image>", ""))
        assert said.locator("img, script, b, a, em, strong, table, .katex").count() == 0
        page.keyboard.press("ArrowRight")
    assert seen == set(HOSTILE)
    assert page.title() == "Winnow"
    page.keyboard.press("Escape")
    filter_by_source(page, "src")
    expect(page.get_by_test_id("stPopover").filter(has_text=f"source: {SOURCE}, {NUM_SAMPLES}")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_no_page_scrolls_sideways_and_its_action_is_in_sight(
    open_page: OpenPage, address: str, width: int, height: int, scheme: str
) -> None:
    page = open_page(address, viewport={"width": width, "height": height}, color_scheme=scheme)
    for name in ("Overview", "Browse", "Tags", "Capabilities"):
        visit(page, name)
        page.wait_for_timeout(500)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), name
        for button in page.locator(".st-key-page-actions button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height

"""Recipes in a real Chromium: the list, the address, the files people take away, and the way to Mixture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.lens import Lens
from core.mixture.export import export
from core.mixture.kept import KIND
from core.mixture.mixture import resolve
from core.mixture.recipe import Recipe, load_recipe, parse_recipe
from core.store.acts import Acts
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.studio.small_workspace import make_workspace

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

YAML = """winnow_recipe: 1
name: first
selections:
  some: {method: random, budget: {samples: 12}}
stages:
  - {name: align, parts: [{selection: some}]}
"""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[tuple[str, Workspace, Recipe]]:
    workspace = make_workspace(tmp_path / "workspace")
    first, second = parse_recipe(YAML), parse_recipe(YAML.replace("first", "second").replace("12", "20"))
    lens = Lens(workspace)
    export(resolve(first, lens), lens, "llava", workspace.exports_dir / "out")
    for key, recipe in (("aaa", first), ("bbb", second)):
        Acts(workspace.acts_path).put(KIND, key, recipe.as_dict())
    with serving(workspace.path, environment={"WINNOW_CONFIG_DIR": str(tmp_path)}) as address:
        yield address, workspace, second


def test_a_click_on_the_list_compares_and_the_address_files_and_mixture_follow(
    studio: tuple[str, Workspace, Recipe], open_page: OpenPage, tmp_path: Path
) -> None:
    address, _, second = studio
    page = open_page(f"{address}/recipes?a=aaa&b=bbb")
    expect(page.get_by_text("12 samples", exact=True)).to_be_visible()
    expect(page.get_by_text("20 samples", exact=True)).to_be_visible()
    expect(page.locator(".r-figures b").first).to_have_text("20")

    page.get_by_text("export, llava").click()
    expect(page).to_have_url(re.compile(r"a=bbb&b=x[0-9a-f]{11}"))
    expect(page.get_by_text("Data they name:")).to_be_visible()
    expect(page.locator(".r-figures b").first).to_have_text("12")

    page.get_by_role("button", name="Swap").click()
    expect(page).to_have_url(re.compile(r"a=x[0-9a-f]{11}&b=bbb"))
    page.get_by_role("button", name="Files").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download B as YAML").click()
    taken.value.save_as(tmp_path / "taken.yaml")
    assert load_recipe(tmp_path / "taken.yaml") == second

    page.keyboard.press("Escape")
    page.get_by_role("button", name="Open B in Mixture").click()
    expect(page).to_have_url(re.compile("/mixture"))
    expect(page.get_by_label("Recipe", exact=True)).to_have_value("second")

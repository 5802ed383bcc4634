"""Recipes in its states, run by Streamlit itself without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lens import Lens
from core.mixture.export import export
from core.mixture.kept import KIND, kept_recipes
from core.mixture.mixture import resolve
from core.mixture.recipe import Recipe, parse_recipe
from core.store.acts import Acts
from core.workspace import Workspace
from studio import mixture_start, recent
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import given
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

ROOT = Path(__file__).resolve().parents[2]
YAML = """winnow_recipe: 1
name: first
selections:
  some: {method: random, budget: {samples: 12}}
stages:
  - {name: align, parts: [{selection: some}]}
  - {name: general, parts: [{selection: some, repeat: 2.5}]}
"""
HOSTILE = "<b>bold</b> _x_"

Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """A new session on the page, with URL parameters."""
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    st.cache_resource.clear()

    def opened(workspace: Workspace, **query: str) -> AppTest:
        monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
        app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page("../pages/recipes.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


def said(app: AppTest) -> str:
    return unescape("\n".join(entry.proto.body for entry in app.get("html") if "<style>" not in entry.proto.body))


def texts(app: AppTest) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said(app)))


def keep(workspace: Workspace, key: str, text: str = YAML) -> Recipe:
    recipe = parse_recipe(text)
    Acts(workspace.acts_path).put(KIND, key, recipe.as_dict())
    return recipe


def two(workspace: Workspace) -> None:
    keep(workspace, "aaa")
    keep(workspace, "bbb", YAML.replace("samples: 12", "samples: 20").replace("2.5", "1.5").replace("first", "second"))


def without_photos(workspace: Workspace) -> None:
    workspace.store.delete("samples", "source = 'photos'")
    workspace.store.delete("sources", "source = 'photos'")


def rows(app: AppTest, first_title: str) -> list[list[Any]]:
    """The cells of the table with this title."""
    for entry in app.get("bidi_component"):
        found = json.loads(entry.proto.json) if entry.proto.component_name.endswith(".rows") else {}
        if found.get("columns", [{}])[0].get("title") == first_title:
            return [
                [cell["text"] if isinstance(cell, dict) else cell for cell in row["cells"]] for row in found["rows"]
            ]
    raise AssertionError(f"no table begins with {first_title}")


def test_without_a_recipe_the_page_says_how_to_make_one(open_page: Open, workspace: Workspace, tmp_path: Path) -> None:
    app = open_page(workspace)
    assert "No recipe is kept yet" in said(app)
    assert [button.label for button in app.main.button] == ["Open Mixture"]
    assert "Nothing to mix yet" in said(open_page(Workspace.create(tmp_path / "empty")))


def test_one_recipe_is_shown_by_itself(open_page: Open, workspace: Workspace) -> None:
    keep(workspace, "aaa")
    app = open_page(workspace)
    assert "Only one recipe is kept" in said(app)
    assert "42 samples 12 different" in texts(app)
    assert rows(app, "Recipe")[0][:4] == ["first", "kept", "2", "42"]


def test_two_recipes_are_compared_the_older_first(open_page: Open, workspace: Workspace) -> None:
    two(workspace)
    app = open_page(workspace)
    assert (app.selectbox(key="recipes-a").value, app.selectbox(key="recipes-b").value) == ("aaa", "bbb")
    told = texts(app)
    assert "What changed 3 differences" in told
    for piece in ("name first second", "budget 12 samples 20 samples", "part some, repeat 2.5 1.5"):
        assert piece in told
    assert "50 +19.0 % samples from 42" in told
    assert "12 in both 0 only in A 8 only in B" in told
    assert rows(app, "Stage")[1][:2] == ["general", "30"]  # 12 x 2.5 and 20 x 1.5
    assert rows(app, "Stage")[0][1] == "12 → 20"
    assert rows(app, "Why") == [["some keeps it now", "8"]]
    assert {row[0] for row in rows(app, "Source")} == {"charts", "photos", "puzzles"}


def test_the_address_reproduces_what_is_compared(open_page: Open, workspace: Workspace) -> None:
    two(workspace)
    app = open_page(workspace, a="bbb", b="aaa", spread="Skills", stage="align")
    assert (app.selectbox(key="recipes-a").value, app.selectbox(key="recipes-b").value) == ("bbb", "aaa")
    assert "budget 20 samples 12 samples" in texts(app)
    assert "Shares align, repeats counted" in texts(app)
    assert rows(app, "Skill")
    app.button(key="recipes-swap").click().run()
    assert app.query_params["a"] == "aaa"
    assert app.query_params["b"] == "bbb"
    app = open_page(workspace, a="nowhere")
    assert "The address asks for a recipe that is not in this workspace ('nowhere')." in texts(app)
    assert app.selectbox(key="recipes-b").value == "bbb"


def test_what_cannot_be_resolved_says_why_and_the_changes_still_stand(open_page: Open, workspace: Workspace) -> None:
    two(workspace)
    keep(workspace, "ccc", YAML.replace("{method: random, budget: {samples: 12}}", "{file: gone.parquet}"))
    told = texts(open_page(workspace, a="aaa", b="ccc"))
    assert "B: There is no selection file gone.parquet" in told
    assert "all of it Random, 12 samples file gone.parquet" in told
    assert "Shares are known where both recipes are" in told


def test_an_export_is_listed_and_a_source_that_is_gone_is_gone_on_without(
    open_page: Open, workspace: Workspace
) -> None:
    recipe, lens = keep(workspace, "aaa"), Lens(workspace)
    export(resolve(recipe, lens), lens, "llava", workspace.exports_dir / "out")
    without_photos(workspace)
    app = open_page(workspace)
    listed = {row[1]: row for row in rows(app, "Recipe")}
    assert listed["export, llava"][2:4] == ["2", "42"]
    assert listed["export, llava"][6] == "older data"
    assert "The recipe needs the source 'photos'" in said(app)
    assert f"The source photos was removed, with its {NUM_SAMPLES // 3} samples." in said(app)
    app.toggle(key="recipes-newer").set_value(True).run()
    assert app.query_params["newer"] == "yes"
    assert "The recipe needs the source" not in said(app)
    letter = "A" if "A: since its snapshot" in said(app) else "B"
    app.button(key=f"recipes-since-{letter}").click().run()
    (one,) = rows(app, "Selection")
    assert one[0] == "some"
    assert int(one[1]) + int(one[2]) == 12
    assert "of the source photos, which is not there any more" in said(app)
    app.button(key="recipes-open").click().run()
    _, draft = app.session_state[mixture_start.DRAFT.name]
    assert (draft.recipe.snapshot, draft.recipe.sources) == ("", ())
    assert "The recipe needs the source" not in said(app)


def test_the_second_recipe_opens_in_mixture_under_its_own_id(
    open_page: Open, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(workspace)
    app = open_page(workspace)
    app.button(key="recipes-open").click().run()
    assert not app.exception
    assert "Assign selections to the stages" in said(app)
    path, draft = app.session_state[mixture_start.DRAFT.name]
    assert (path, draft.draft_id, draft.recipe.name) == (str(workspace.path), "bbb", "second")
    assert list(kept_recipes(workspace)) == ["bbb", "aaa"]


def test_names_from_recipes_are_shown_as_they_are(open_page: Open, workspace: Workspace) -> None:
    two(workspace)
    raw = parse_recipe(YAML).as_dict()
    raw["selections"] = {HOSTILE: raw["selections"]["some"]}
    for stage in raw["stages"]:
        stage["parts"][0]["selection"] = HOSTILE
    Acts(workspace.acts_path).put(KIND, "ddd", raw)
    app = open_page(workspace, a="aaa", b="ddd")
    bodies = "\n".join(entry.proto.body for entry in app.get("html"))
    assert "<b>bold</b>" not in bodies
    assert "Selection <b>bold</b> _x_" in said(app)
    assert given(app, "rows") is not None

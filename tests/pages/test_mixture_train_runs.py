"""Mixture, Train and Runs in every state, run by Streamlit itself without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import runs
from core.filters import Filter
from core.lens import Lens
from core.mixture.kept import kept_recipes
from core.mixture.recipe import Recipe, SelectionFromFile
from core.select import methods, saved
from core.select.budget import Budget
from core.select.pool import Pool
from core.workspace import Workspace
from studio import mixture_draft as drafts
from studio import recent
from studio.mixture_start import titles
from studio.mixture_totals import said_entry
from studio.session import WORKSPACE_VARIABLE
from tests.studio.small_workspace import make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("mixture", "train", "runs")
YAML = """winnow_recipe: 1
name: two steps
selections:
  some: {method: random, budget: {samples: 12}}
stages:
  - {name: first, parts: [{selection: some}], resolution: {mode: square, px: 56}}
  - {name: second, parts: [{selection: some, repeat: 2.5}], resolution: {mode: square, px: 56}}
"""

Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Run a page over a workspace, with URL parameters."""
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    st.cache_resource.clear()

    def opened(shown: str, workspace: Path | None, **query: str) -> AppTest:
        if workspace is None:
            monkeypatch.delenv(WORKSPACE_VARIABLE, raising=False)
        else:
            monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace))
        app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(f"../pages/{shown}.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


def said(app: AppTest) -> str:
    return "\n".join(entry.proto.body for entry in app.get("html") if "<style>" not in entry.proto.body)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def recipe() -> Recipe:
    from core.mixture.recipe import parse_recipe

    return parse_recipe(YAML)


def kept(workspace: Workspace) -> Workspace:
    drafts.save(workspace, drafts.opened(recipe(), "kept"))
    return workspace


@pytest.mark.parametrize("page", PAGES)
def test_without_a_workspace_every_page_says_what_to_do(open_page: Open, page: str) -> None:
    assert "No workspace is open" in said(open_page(page, None))


@pytest.mark.parametrize(
    ("page", "button"), [("mixture", "Add data"), ("train", "Add data"), ("runs", "Go to Overview")]
)
def test_an_empty_workspace_offers_the_first_step(open_page: Open, tmp_path: Path, page: str, button: str) -> None:
    assert button in labels(open_page(page, Workspace.create(tmp_path / "empty").path))


def test_without_a_recipe_mixture_offers_beginnings_and_train_a_recipe(open_page: Open, workspace: Workspace) -> None:
    assert "Open the recipe" in labels(open_page("mixture", workspace.path))
    assert "Make a recipe" in labels(open_page("train", workspace.path))


def test_a_pasted_recipe_is_opened_with_its_totals_and_saved(open_page: Open, workspace: Workspace) -> None:
    app = open_page("mixture", workspace.path)
    app.text_area(key="begin-text").set_value(YAML).run()
    app.button(key="begin-yaml").click().run()
    assert not app.exception
    html = said(app)
    assert "<i>2</i><span>second</span>" in html
    assert "30 samples, 2.5 × 12" in html  # two whole copies and half of a third
    assert "<b>42</b><span>samples" in html
    app.button(key="mixture-save").click().run()
    assert list(kept_recipes(workspace).values()) == [recipe()]


@pytest.mark.parametrize("text", ["", "winnow_recipe: 1\nname: [", YAML + "colour: red\n"])
def test_a_recipe_that_cannot_be_read_is_told_with_its_remedy(open_page: Open, workspace: Workspace, text: str) -> None:
    app = open_page("mixture", workspace.path)
    app.text_area(key="begin-text").set_value(text).run()
    app.button(key="begin-yaml").click().run()
    assert not app.exception
    assert 'class="w-problem"' in said(app)
    assert kept_recipes(workspace) == {}


def saved_as(workspace: Workspace, name: str) -> saved.SavedSelection:
    selection = methods.choose(methods.settings("random", {}), Pool.from_lens(Lens(workspace)), Budget.samples(12))
    return saved.save(workspace, selection, name=name, budget="20%", chosen=Filter())


def test_a_saved_selection_goes_by_its_own_name_also_when_it_was_renamed(open_page: Open, workspace: Workspace) -> None:
    one = saved_as(workspace, "first <try>")
    entry = SelectionFromFile(file=one.path, sha256=one.sha256)
    drafts.save(workspace, drafts.opened(drafts.new_recipe("mine", "some-key", entry), "mine"))
    html = said(open_page("mixture", workspace.path))
    assert '<b title="first &lt;try&gt;">first &lt;try&gt;</b>' in html
    assert "parquet" not in html
    assert "text tokens <em>in one pass</em>" in html
    assert "<span>on one H200" in html
    saved.rename(workspace, one, "the best")
    assert '<b title="the best">the best</b>' in said(open_page("mixture", workspace.path))
    saved.remove(workspace, saved.find(workspace, "the best"))
    assert '<b title="some-key">some-key</b>' in said(open_page("mixture", workspace.path))


def test_selections_are_said_by_where_they_come_from(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
    one = saved_as(workspace, "mine")
    taken = SelectionFromFile(file=one.path, sha256=one.sha256)
    other = SelectionFromFile(file=one.path, sha256="0" * 64)
    assert said_entry(taken) == ("saved on Curate: Random, 20%", one.path)
    assert said_entry(other)[0] == f"file {one.selection_id}.parquet"
    now = SelectionFromFile(file="selections/curate-0123456789ab.parquet")
    assert said_entry(now)[0] == "as it was on Curate, not saved there"
    recipe_of_two = drafts.new_recipe("two", "a", taken).model_copy(
        update={"selections": {"a": taken, "b": taken, "c": other}}
    )
    assert titles(recipe_of_two) == {"a": "mine (a)", "b": "mine (b)", "c": "c"}


def test_a_recipe_name_that_is_refused_stays_with_its_problem(open_page: Open, workspace: Workspace) -> None:
    app = open_page("mixture", kept(workspace).path)
    app.text_input(key="recipe-name").set_value("a/b").run()
    for _ in range(2):
        assert app.text_input(key="recipe-name").value == "a/b"
        assert "name cannot be" in said(app)
        app.run()
    app.text_input(key="recipe-name").set_value("a b").run()
    assert "name cannot be" not in said(app)


def test_a_kept_recipe_is_taken_up_again_and_a_new_repeat_changes_the_totals(
    open_page: Open, workspace: Workspace
) -> None:
    app = open_page("mixture", kept(workspace).path)
    repeat = next(one for one in app.number_input if one.label == "Repeat" and one.value == 2.5)
    repeat.set_value(1.0).run()
    assert not app.exception
    assert "<b>24</b><span>samples" in said(app)


def test_settings_of_a_stage_reach_the_recipe(open_page: Open, workspace: Workspace) -> None:
    app = open_page("mixture", kept(workspace).path)
    next(one for one in app.multiselect if one.label == "Trainable").set_value(["projector", "language"]).run()
    assert not app.exception
    assert "trains projector and language model" in said(app)
    app.button(key="mixture-save").click().run()
    stage = kept_recipes(workspace)["kept"].stages[0]
    assert (stage.trainable, set(stage.lr)) == (("projector", "language"), {"projector", "language"})


def test_a_selection_that_keeps_nothing_is_told_and_the_recipe_stays_editable(
    open_page: Open, workspace: Workspace
) -> None:
    none = drafts.opened(recipe(), "kept")
    entry = none.recipe.selections["some"].model_copy(update={"where": "num_images > 99"})
    drafts.save(workspace, drafts.add_selection(none, "some", entry))
    app = open_page("mixture", workspace.path)
    assert "keeps nothing" in said(app)
    assert "Add stage" in labels(app)


def test_train_shows_the_plan_of_a_kept_recipe(open_page: Open, workspace: Workspace) -> None:
    app = open_page("train", kept(workspace).path)
    assert "Train 2 stages" in labels(app)
    assert "<b>2</b><span>stages" in said(app)


def test_the_large_model_says_what_it_needs(open_page: Open, workspace: Workspace) -> None:
    app = open_page("train", kept(workspace).path)
    app.selectbox(key="train-preset").set_value("aquila-vl-2b").run()
    assert not app.exception
    html = said(app)
    assert "siglip-so400m" in html
    assert "the recipe has 56 px" in html


def ended(workspace: Workspace, marker: str, content: dict[str, object]) -> str:
    """A training run that has ended, as its folder says it."""
    path = runs.create(workspace.path, "train", "core.train.main", {})
    (path / "recipe.yaml").write_text(YAML, encoding="utf-8")
    state = {"done": 1, "total": 4, "note": "stage 1", "started_at": "2026-01-01T00:00:00+00:00", "heartbeat": 0}
    (path / "state.json").write_text(json.dumps(state), encoding="utf-8")
    moment = {"time": "2026-01-01T00:01:00+00:00"}
    (path / marker).write_text(json.dumps(moment | content), encoding="utf-8")
    return path.name


def test_a_failed_run_shows_problem_remedy_and_resume(open_page: Open, workspace: Workspace) -> None:
    run_id = ended(workspace, "FAILED", {"problem": "<b>No room</b> for it.", "fix": "Take less."})
    app = open_page("runs", workspace.path, run=run_id)
    html = said(app)
    assert "&lt;b&gt;No room&lt;/b&gt; for it." in html
    assert "Take less." in html
    assert "Training two steps" in html
    assert "Resume" in labels(app)


def test_an_unknown_run_in_the_address_is_told_once(open_page: Open, workspace: Workspace) -> None:
    app = open_page("runs", workspace.path, run="20260101T000000Z-train-0000")
    assert "There is no run" in said(app)
    app.run()
    assert "There is no run" not in said(app)


def test_an_opened_run_closes_again(open_page: Open, workspace: Workspace) -> None:
    app = open_page("runs", workspace.path, run=ended(workspace, "STOPPED", {}))
    app.button(key="runs-back").click().run()
    assert not app.exception
    assert "All runs" not in labels(app)


@pytest.mark.parametrize("typed", [0.0, -1.0])
def test_a_repeat_that_is_none_is_told_and_the_part_stays_as_it_was(
    open_page: Open, workspace: Workspace, typed: float
) -> None:
    app = open_page("mixture", kept(workspace).path)
    next(one for one in app.number_input if one.label == "Repeat" and one.value == 2.5).set_value(typed).run()
    assert not app.exception
    assert "Give a number above 0." in said(app)
    assert app.button(key="mixture-save").disabled  # nothing has changed


@pytest.mark.parametrize("typed", ["a/b", ""])
def test_a_recipe_name_that_does_not_fit_is_told(open_page: Open, workspace: Workspace, typed: str) -> None:
    app = open_page("mixture", kept(workspace).path)
    app.text_input(key="recipe-name").set_value(typed).run()
    assert not app.exception
    assert "cannot be" in said(app) if typed else "name is empty." in said(app)


def test_the_address_keeps_which_kind_of_run_is_listed(open_page: Open, workspace: Workspace) -> None:
    ended(workspace, "STOPPED", {})
    other = runs.create(workspace.path, "export", "core.mixture.export_job", {})
    (other / "state.json").write_text('{"heartbeat": 0, "started_at": "2026-01-01T00:00:00+00:00"}', encoding="utf-8")
    for asked, shown in (("Training", "Training"), ("Exporting", "Exporting"), ("Baking", "All")):
        assert open_page("runs", workspace.path, kind=asked).session_state["runs-kind"] == shown

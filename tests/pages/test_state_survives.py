"""What a person has set is there again after a refresh and a restart: from the address, or from the workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.store import marks, named_filters
from core.workspace import Workspace
from studio import recent
from studio.session import WORKSPACE_VARIABLE, view_to_query
from tests.pages.components import given
from tests.pages.test_mixture_train_runs import kept
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """A page in a session of its own, as after a restart: nothing is cached, nothing is remembered."""
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))

    def opened(shown: str, workspace: Workspace, /, **query: str | list[str]) -> AppTest:
        st.cache_resource.clear()
        monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
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


def parameter(app: AppTest, name: str) -> str:
    """One value of the address, which AppTest gives as a list once a page has set it."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.mark.parametrize(
    ("page", "key", "choice", "name"),
    [
        ("tags", "tags-kind", "image_tags", "tree"),
        ("capabilities", "capabilities-view", "by source", "view"),
        ("browse", "browse-size", "large", "size"),
    ],
)
def test_what_a_page_shows_stands_in_its_address_and_comes_back_from_it(
    open_page: Open, workspace: Workspace, page: str, key: str, choice: str, name: str
) -> None:
    app = open_page(page, workspace)
    group = next(one for one in app.button_group if one.key == key)
    group.set_value(choice).run()
    assert not app.exception
    assert parameter(app, name) == choice
    again = open_page(page, workspace, **{name: choice})
    assert next(one for one in again.button_group if one.key == key).value in (choice, [choice])


def test_an_address_that_asks_for_what_there_is_not_is_told(open_page: Open, workspace: Workspace) -> None:
    assert "The address asks for &#x27;oak&#x27;" in said(open_page("tags", workspace, tree="oak"))


def test_licence_and_flags_come_from_the_address(open_page: Open, workspace: Workspace) -> None:
    html = said(open_page("browse", workspace, licence="CC0"))
    assert f"<b>{NUM_SAMPLES}</b> of {NUM_SAMPLES} samples" in html
    assert "Nothing matches" in said(open_page("browse", workspace, licence="no licence stated"))
    assert f"<b>{NUM_SAMPLES}</b> of" in said(open_page("capabilities", workspace, flag="no flag"))


def test_an_order_by_likeness_without_its_embedding_says_the_command_and_can_be_taken_away(
    open_page: Open, workspace: Workspace
) -> None:
    app = open_page("browse", workspace, like="a red square", sort="like")
    assert f"winnow prepare {workspace.path} --embedding open_clip" in said(app)
    app.button(key="filter-clear").click().run()
    assert not app.exception
    assert "w-problem" not in said(app).replace("Search by meaning needs", "")
    assert {"like", "sort"}.isdisjoint(app.query_params)


def test_unsaved_edits_of_a_recipe_are_there_after_a_restart_until_it_is_put_away(
    open_page: Open, workspace: Workspace
) -> None:
    app = open_page("mixture", kept(workspace))
    next(one for one in app.number_input if one.label == "Repeat" and one.value == 2.5).set_value(1.0).run()
    totals = next(line for line in said(app).splitlines() if "<span>samples" in line)
    again = open_page("mixture", workspace)
    assert totals in said(again)
    assert not again.button(key="mixture-save").disabled
    again.button(key="mixture-close").click().run()
    assert "Open the recipe" in buttons(again)
    assert "Open the recipe" in buttons(open_page("mixture", workspace))


def test_marks_are_there_after_a_restart_and_are_cleared_with_a_click(open_page: Open, workspace: Workspace) -> None:
    ids = sorted(workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist())
    app = open_page("browse", workspace, sample=f"{ids[0]:016x}")
    app.button(key="sample-mark").click().run()
    assert marks.marked(workspace) == (ids[0],)
    again = open_page("browse", workspace, sample=f"{ids[0]:016x}")
    assert "Marked" in buttons(again)
    again.button(key="sample-mark").click().run()
    assert marks.marked(workspace) == ()


def test_a_filter_saved_in_one_session_names_the_bar_of_the_next(open_page: Open, workspace: Workspace) -> None:
    chosen = Filter(sources=("charts",), licences=("CC0",))
    named_filters.save(workspace, "free charts", chosen)
    query = {name: values[0] for name, values in view_to_query_of(chosen).items()}
    for page in ("browse", "tags", "capabilities"):
        app = open_page(page, workspace, **query)
        assert "<b>20</b> of 60 samples" in said(app)
        assert any(one.proto.popover.label == "free charts" for one in popovers(app))


def view_to_query_of(chosen: Filter) -> dict[str, list[str]]:
    from studio.session import View

    return view_to_query(View(chosen=chosen))


def popovers(app: AppTest) -> list[object]:
    found: list[object] = []

    def walk(block: object) -> None:
        for child in getattr(block, "children", {}).values():
            if getattr(child, "type", "") == "popover":
                found.append(child)
            walk(child)

    walk(app._tree)
    return found


def test_an_address_leads_back_to_the_workspace_a_session_switched_to(
    open_page: Open, workspace: Workspace, tmp_path: Path
) -> None:
    from studio.session import workspace_key

    other = make_workspace(tmp_path / "other", source="elsewhere")
    recent.remember(other.path, "Other")
    app = open_page("browse", workspace, workspace=workspace_key(other.path), source="elsewhere")
    assert f"<b>{NUM_SAMPLES}</b> of {NUM_SAMPLES} samples" in said(app)
    assert parameter(app, "workspace") == workspace_key(other.path)
    lost = open_page("browse", workspace, workspace="0" * 12)
    assert "not among those used last" in said(lost)
    assert "workspace" not in lost.query_params


def test_what_train_plans_stands_in_its_address(open_page: Open, workspace: Workspace) -> None:
    app = open_page("train", kept(workspace))
    app.selectbox(key="train-preset").set_value("aquila-vl-2b").run()
    assert not app.exception
    assert parameter(app, "model") == "aquila-vl-2b"
    again = open_page("train", workspace, model="aquila-vl-2b")
    assert again.selectbox(key="train-preset").value == "aquila-vl-2b"
    again.selectbox(key="train-preset").set_value("tiny").run()
    assert parameter(again, "model") == "tiny"
    assert open_page("train", workspace, model="unheard of").selectbox(key="train-preset").value == "tiny"


def test_the_distribution_curate_shows_stands_in_its_address(open_page: Open, workspace: Workspace) -> None:
    for asked, shown in (("Tags", "Tags"), ("Nonsense", "Sources")):
        found = given(open_page("curate", workspace, spread=asked), "outcome")
        assert found is not None
        assert found["shown"] == shown

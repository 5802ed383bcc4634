"""Every page in every state, run by Streamlit itself without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from studio import recent
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import given, num_kept
from tests.studio.small_workspace import NUM_SAMPLES, add_samples, make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("overview", "browse", "tags", "capabilities")
HOSTILE = [
    "**bold** $x^2$ `code` # head",
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    ":red[red] :smile: [a](javascript:alert(3)) ![i](http://127.0.0.1:9/x.png)",
]

Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Run a page over a workspace, with URL parameters."""
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    st.cache_resource.clear()

    def opened(shown: str, workspace: Path | None, **query: str | list[str]) -> AppTest:
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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("pages") / "prepared").path


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("pages") / "raw", prepared=False).path


def said(app: AppTest) -> str:
    """All HTML of a page, the stylesheet left out."""
    return "\n".join(entry.proto.body for entry in app.get("html") if "<style>" not in entry.proto.body)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.mark.parametrize("page", PAGES)
def test_a_prepared_workspace_shows_its_title_and_no_problem(open_page: Open, prepared: Path, page: str) -> None:
    html = said(open_page(page, prepared))
    assert f'<h1 class="w-title">{page.capitalize()}</h1>' in html
    assert "w-problem" not in html


@pytest.mark.parametrize("page", PAGES)
def test_without_a_workspace_every_page_says_what_to_do(open_page: Open, page: str) -> None:
    html = said(open_page(page, None))
    assert "No workspace is open" in html


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_workspace_offers_to_add_data(open_page: Open, tmp_path: Path, page: str) -> None:
    app = open_page(page, Workspace.create(tmp_path / "empty").path)
    assert "Add data" in labels(app)


@pytest.mark.parametrize("page", ["overview", "tags", "capabilities"])
def test_missing_evidence_is_named_with_the_button_that_makes_it(open_page: Open, raw: Path, page: str) -> None:
    app = open_page(page, raw)
    assert f"Prepare {NUM_SAMPLES} samples" in labels(app)


def test_overview_counts_and_badges_what_is_heuristic(open_page: Open, prepared: Path) -> None:
    html = said(open_page("overview", prepared))
    assert f"<b>{NUM_SAMPLES}</b><span>samples</span>" in html
    assert "heuristic: rules 1" in html
    assert "estimate: workspace 1" in html
    assert "Evidence<small>complete</small>" in html


def test_a_workspace_that_is_none_is_a_problem_with_a_remedy(open_page: Open, tmp_path: Path) -> None:
    html = said(open_page("overview", tmp_path))
    assert "is not a Winnow workspace" in html
    assert "w-problem" in html


@pytest.mark.parametrize("page", ["browse", "tags", "capabilities"])
def test_a_broken_condition_is_told_and_can_be_taken_away(open_page: Open, prepared: Path, page: str) -> None:
    app = open_page(page, prepared, where="ocr >")
    assert "cannot be read" in said(app)
    app.button(key="filter-clear").click().run()
    assert not app.exception
    assert "w-problem" not in said(app)


def test_an_address_that_cannot_be_read_is_told_and_shows_everything(open_page: Open, prepared: Path) -> None:
    html = said(open_page("browse", prepared, score="ocr:9-12"))
    assert "The address holds the range of scores &#x27;ocr:9-12&#x27;" in html
    assert f"<b>{NUM_SAMPLES}</b> samples" in html


def test_the_url_reproduces_filter_and_page(open_page: Open, prepared: Path) -> None:
    app = open_page("browse", prepared, page="2", sort="source")
    assert f"<b>49–{NUM_SAMPLES}</b> of {NUM_SAMPLES}" in said(app)
    assert "<b>18</b> of 60 samples" in said(open_page("browse", prepared, source="charts", images="1-"))


def test_a_page_beyond_the_last_shows_the_last(open_page: Open, prepared: Path) -> None:
    assert f"<b>49–{NUM_SAMPLES}</b> of {NUM_SAMPLES}" in said(open_page("browse", prepared, page="99"))


def test_a_filter_nothing_passes_offers_to_clear_it(open_page: Open, prepared: Path) -> None:
    app = open_page("browse", prepared, source="nothing like it")
    assert "Nothing matches" in said(app)
    app.button(key="nothing-clear").click().run()
    assert f"<b>{NUM_SAMPLES}</b> samples" in said(app)


def test_a_sample_nobody_has_is_said_and_the_way_back_offered(open_page: Open, prepared: Path) -> None:
    app = open_page("browse", prepared, sample="0000000000000001")
    assert "This sample is not in the workspace" in said(app)
    app.button(key="sample-back").click().run()
    assert "sample" not in app.query_params


def test_previous_and_next_follow_the_order_and_stop_at_its_ends(open_page: Open, prepared: Path) -> None:
    store = Workspace.open(prepared).store
    ids = sorted(int(value) for value in store.read("samples", ["sample_id"])["sample_id"].to_pylist())
    first = f"{ids[0]:016x}"
    app = open_page("browse", prepared, sample=first)
    assert app.button(key="sample-before").disabled
    app.button(key="sample-after").click().run()
    assert app.query_params["sample"] in (f"{ids[1]:016x}", [f"{ids[1]:016x}"])
    app.button(key="sample-before").click().run()
    assert app.query_params["sample"] in (first, [first])


def test_text_of_samples_never_reaches_html_or_markdown(open_page: Open, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "hostile", texts=HOSTILE, source="<b>src</b> $a$ :red[x]")
    store = workspace.store
    sample = f"{int(store.read('samples', ['sample_id'])['sample_id'][0].as_py()):016x}"
    for page, query in (
        ("overview", {}),
        ("browse", {}),
        ("browse", {"sample": sample}),
        ("browse", {"source": "<b>src</b> $a$ :red[x]"}),
    ):
        app = open_page(page, workspace.path, **query)
        html = said(app)
        assert "<script" not in html
        assert "<img" not in html
        assert "<b>src</b>" not in html
        for entry in app.markdown:
            assert not any(text in entry.value for text in HOSTILE)
        for button in app.button:
            assert "<b>src" not in button.label


def test_a_selection_without_a_name_is_told_in_its_place_and_the_same_one_is_saved_once(
    open_page: Open, tmp_path: Path
) -> None:
    app = open_page("curate", make_workspace(tmp_path / "saving").path)
    app.text_input(key="save-name").set_value(" ").run()
    app.button(key="save-selection").click().run()
    assert not app.exception
    assert "The selection has no name." in said(app)
    assert num_kept(app)  # what comes after the button is still drawn
    app.text_input(key="save-name").set_value("mine").run()
    for told in ("Saved mine: ", "mine is saved already"):
        app.button(key="save-selection").click().run()
        assert [toast.value.startswith(told) for toast in app.toast] == [True]


def test_the_suggested_name_follows_the_budget_until_one_is_typed(open_page: Open, tmp_path: Path) -> None:
    path = make_workspace(tmp_path / "naming").path
    app = open_page("curate", path, budget="50%")
    assert app.text_input(key="save-name").value.endswith("50.0 %")
    app.query_params["budget"] = "25%"
    app.run()
    assert app.text_input(key="save-name").value.endswith("25.0 %")
    app.text_input(key="save-name").set_value("mine").run()
    app.query_params["budget"] = "75%"
    app.run()
    assert app.text_input(key="save-name").value == "mine"
    app.button(key="save-selection").click().run()
    app.query_params["budget"] = "50%"
    app.run()
    assert app.text_input(key="save-name").value.endswith("50.0 %")


def test_a_new_workspace_needs_a_whole_path(open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = open_page("overview", None)
    app.text_input(key="new-path-page").set_value("somewhere/new").run()
    app.button(key="make-page").click().run()
    assert not app.exception
    assert "Give the whole path" in said(app)
    assert not (tmp_path / "somewhere").exists()


def test_a_map_that_is_older_than_the_data_says_how_many_samples_are_not_on_it(open_page: Open, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "older")
    add_samples(workspace, 7)
    app = open_page("curate", workspace.path)
    told = given(app, "map", "winnow-studio")
    assert told is not None
    assert told["caption"].endswith(f"of {NUM_SAMPLES} samples, 7 samples are newer than the map")
    assert told["num_points"] == NUM_SAMPLES
    assert told["maximum"] == NUM_SAMPLES + 7

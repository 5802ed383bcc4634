"""The list of methods says what each lacks, and a column that is missing is picked from those there are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lens import Lens
from core.select.pool import NUMBER_COLUMNS, Pool
from core.store import evidence
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace
from studio import recent
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import num_kept
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.fixture
def open_curate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workspace: Workspace) -> Open:
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
    st.cache_resource.clear()

    def opened(**query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page("../pages/curate.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def with_numbers(workspace: Workspace, name: str, only: int = NUM_SAMPLES) -> None:
    rows = workspace.store.read("samples", ["sample_id", "content_hash"])
    values = pa.array(np.arange(NUM_SAMPLES, dtype=np.float64), mask=np.arange(NUM_SAMPLES) >= only)
    who = evidence.producer("numbers", name, "1")
    evidence.write(workspace.store, who, rows.append_column("value", values), {})


def said(app: AppTest) -> str:
    return "\n".join(entry.proto.body for entry in app.get("html") if "<style>" not in entry.proto.body)


def labels(app: AppTest) -> dict[str, str]:
    """Title of each method, without what it needs, to what it needs."""
    pairs = (label.partition(" · needs ") for label in app.selectbox(key="curate-method").options)
    return {title: needs for title, _, needs in pairs}


def pickers(app: AppTest) -> list[str]:
    return [box.key for box in app.selectbox if str(box.key).startswith("column-")]


def test_a_method_that_lacks_something_says_so_in_the_list(open_curate: Open) -> None:
    assert {title: needs for title, needs in labels(open_curate()).items() if needs} == {
        "DEITA": "two number columns",
        "Middle perplexity": "a number column",
        "CLIP score": "a column or open_clip",
        "Imported order": "a number column",
    }


def test_a_column_that_is_there_takes_the_mark_off(open_curate: Open, workspace: Workspace) -> None:
    for name in ("ppl", "complexity"):
        with_numbers(workspace, name)
    lacking = labels(open_curate())
    assert lacking["Middle perplexity"] == ""
    assert lacking["DEITA"] == "a number column"


def test_without_vectors_the_methods_that_compare_them_say_so(open_curate: Open, workspace: Workspace) -> None:
    shutil.rmtree(next(workspace.path.rglob("embedding--*.lance")))
    lacking = labels(open_curate())
    assert {title for title, needs in lacking.items() if needs == "an embedding"} == {
        "SemDeDup",
        "k-center",
        "COINCIDE",
    }


def test_missing_columns_are_picked_beside_the_method_from_those_there_are(
    open_curate: Open, workspace: Workspace
) -> None:
    with_numbers(workspace, "loss")
    app = open_curate(method="deita", budget="9")
    assert pickers(app) == ["column-deita.complexity", "column-deita.quality"]
    assert num_kept(app) is None
    assert "Choose one in the list above" in said(app)
    offered = app.selectbox(key="column-deita.complexity").options
    pool = Pool.from_lens(Lens(workspace))
    assert offered[0] == "loss"
    assert set(offered) - set(pool.capability_names) == {"loss", *NUMBER_COLUMNS}
    assert len(offered) == len(CAPABILITY_KEYS) + len(NUMBER_COLUMNS) + 1
    app.selectbox(key="column-deita.complexity").select("loss").run()
    assert pickers(app) == ["column-deita.quality"]
    app.selectbox(key="column-deita.quality").select("ocr").run()
    assert not app.exception
    assert pickers(app) == []
    assert "w-problem" not in said(app)
    assert num_kept(app) is not None
    assert app.selectbox(key="method-deita.complexity").value == "loss"
    assert labels(app)["DEITA"] == ""
    settings = app.query_params["set"]
    assert sorted(settings) == ["complexity=loss", "quality=ocr"]


def test_an_address_with_a_column_that_is_not_here_keeps_it_and_offers_the_others(open_curate: Open) -> None:
    app = open_curate(method="ppl-mid", set="column=perplexity", budget="9")
    box = app.selectbox(key="method-ppl-mid.column")
    assert box.value == "perplexity"
    assert box.options[-1] == "perplexity · not here"
    assert pickers(app) == ["column-ppl-mid.column"]
    app.selectbox(key="column-ppl-mid.column").select("num_chars").run()
    assert num_kept(app) == 9


def test_a_column_empty_in_the_filtered_pool_counts_as_lacking_there(open_curate: Open, workspace: Workspace) -> None:
    with_numbers(workspace, "ppl", only=1)
    assert labels(open_curate())["Middle perplexity"] == ""
    assert labels(open_curate(where="ppl IS NULL"))["Middle perplexity"] == "a number column"


def test_several_columns_and_an_optional_one_are_picked_too(open_curate: Open, workspace: Workspace) -> None:
    with_numbers(workspace, "loss")
    app = open_curate(method="top-score", budget="9", set='columns=["loss"]')
    columns = app.multiselect(key="method-top-score.columns")
    assert columns.value == ["loss"]
    assert columns.options[0] == "loss"
    assert not set(columns.options) & set(CAPABILITY_KEYS)
    columns.set_value(["loss", "num_chars"]).run()
    assert not app.exception
    assert app.query_params["set"] == 'columns=["loss","num_chars"]'
    app = open_curate(method="stratified", budget="9")
    box = app.selectbox(key="method-stratified.column")
    assert (box.value, box.options[0], box.options[1]) == ("", "none", "loss")
    assert num_kept(app) == 9
    box.select("loss").run()
    assert app.query_params["set"] == "column=loss"

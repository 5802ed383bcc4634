"""Search by meaning on the page: the grid stands in the model's own order, with its numbers, a filter keeps the order."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import pytest
import streamlit as st
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from core.evidence import text_search
from core.evidence.open_clip_embedding import OpenClipSettings
from core.evidence.prepare import PrepareSettings, prepare
from core.filters import Filter
from core.lens import Lens
from core.store.ids import id_from_hex, id_hex
from core.workspace import Workspace
from studio import recent
from studio.session import WORKSPACE_VARIABLE
from tests.evidence.samples import FAMILIES, small_workspace

ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
TEXT = "a green circle on white"
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("meaning")
    (folder / "winnow-page.json").write_text(json.dumps(TINY), "utf-8")
    open_clip.add_model_config(folder / "winnow-page.json")
    torch.manual_seed(1)
    state = open_clip.create_model("winnow-page", pretrained=None).state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, folder / "open_clip_model.safetensors")
    tiny = OpenClipSettings(model=str(folder / "winnow-page.json"), weights=str(folder))
    made = small_workspace(folder / "ws", per_family=5)
    prepare(made, settings=PrepareSettings(umap=False, vocab_size=400, embedding="open_clip", open_clip=tiny))
    made.store.index_text()
    return made


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workspace: Workspace) -> Open:
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
    st.cache_resource.clear()

    def opened(**query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page("../pages/browse.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def tiles(app: AppTest) -> list[dict[str, Any]]:
    for element in app.get("bidi_component"):
        data = json.loads(element.proto.json or "{}")
        if data.get("shape") == "grid":
            found: list[dict[str, Any]] = data["tiles"]
            return found
    return []


def parameter(app: AppTest, name: str) -> str:
    """One value of the address, which AppTest gives as a list once a page has set it."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def expected(workspace: Workspace) -> tuple[list[int], dict[int, float]]:
    """Samples with a picture in the model's order, then the others in the workspace's; and the cosines."""
    who = text_search.space_of(workspace)
    found = text_search.rank_by_text(workspace.store, who, TEXT, text_search.load_text_model(workspace.store, who))
    order = found.sample_ids.tolist()
    rest = [
        key
        for key in Lens(workspace)
        .ask("samples_page", sort="source", direction=1, limit=99, offset=0)["sample_id"]
        .to_pylist()
        if key not in order
    ]
    return [*order, *rest], dict(zip(order, found.cosines.tolist(), strict=True))


def test_the_grid_stands_in_the_models_order_and_says_its_numbers(open_page: Open, workspace: Workspace) -> None:
    order, cosines = expected(workspace)
    app = open_page(like=TEXT, sort="like")
    shown = tiles(app)
    assert [id_from_hex(tile["id"]) for tile in shown] == order
    assert len(order) == 5 * len(FAMILIES)
    for tile in shown:
        says = [mark["text"] for mark in tile["marks"] if mark["kind"] == "plain"]
        key = id_from_hex(tile["id"])
        assert says == ([f"{cosines[key]:.2f}"] if key in cosines else [])
    assert "Most like: " + TEXT in next(one for one in app.selectbox if one.key == "browse-sort").options


def test_a_filter_keeps_the_order_and_the_neighbours_of_an_opened_sample_follow_it(
    open_page: Open, workspace: Workspace
) -> None:
    order, _ = expected(workspace)
    circles = set(Lens(workspace).ask("view_as_rows", Filter(sources=("circles",)))["sample_id"].to_pylist())
    app = open_page(like=TEXT, sort="like", source="circles")
    assert [tile["id"] for tile in tiles(app)] == [id_hex(key) for key in order if id_hex(key) in circles]
    app = open_page(like=TEXT, sort="like", sample=f"{order[3]:016x}")
    app.button(key="sample-after").click().run()
    assert id_from_hex(parameter(app, "sample")) == order[4]
    app.button(key="sample-before").click().run()
    assert id_from_hex(parameter(app, "sample")) == order[3]


def test_what_is_typed_in_the_mode_meaning_orders_the_grid_and_leaves_the_filter(open_page: Open) -> None:
    app = open_page()
    app.session_state["slot:filters.search-mode"] = (
        "meaning"  # the choice stands in a popover that opens in a browser only
    )
    app.run()
    app.text_input(key="filter-text").set_value(TEXT).run()
    assert not app.exception
    assert parameter(app, "like") == TEXT
    assert parameter(app, "sort") == "like"
    assert "q" not in app.query_params
    app.text_input(key="filter-text").set_value("").run()
    assert {"like", "sort"}.isdisjoint(app.query_params)

"""Thumbnails in memory and by the page: what was read once is there, the oldest go first, a damaged table costs the pictures only."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import streamlit as st
from starlette.requests import Request
from starlette.responses import Response

from core.filters import Filter
from core.workspace import Workspace
from studio import server, thumbnails
from studio.browsing import PAGE_SIZE
from studio.session import WORKSPACE_VARIABLE, View
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(thumbnails, "_KEPT", OrderedDict())
    monkeypatch.setattr(server, "_ALSO", {})
    made = make_workspace(tmp_path / "ws", prepared=False)
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(made.path))
    st.cache_resource.clear()
    return made


def stored(workspace: Workspace) -> dict[str, bytes]:
    rows = workspace.store.read("images", ["image_key", "thumbnail"]).to_pylist()
    return {row["image_key"]: row["thumbnail"] for row in rows}


def test_what_was_read_for_a_page_is_kept_byte_for_byte(workspace: Workspace) -> None:
    known = stored(workspace)
    keys = list(known)[:4]
    assert thumbnails.keep(workspace.store, [*keys, keys[0], "0" * 32]) == {key: known[key] for key in keys}
    assert {key: thumbnails.kept(key) for key in keys} == {key: known[key] for key in keys}
    assert thumbnails.kept("0" * 32) is None
    assert thumbnails.kept(list(known)[5]) is None


def test_those_asked_for_longest_ago_go_first(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MOST", 3)
    first, second, third, fourth = list(stored(workspace))[:4]
    thumbnails.keep(workspace.store, [first, second, third])
    thumbnails.keep(workspace.store, [first])
    thumbnails.keep(workspace.store, [fourth])
    assert [thumbnails.kept(key) is not None for key in (first, second, third, fourth)] == [True, False, True, True]


def test_a_damaged_table_of_images_keeps_nothing_and_stops_nothing(workspace: Workspace) -> None:
    keys = list(stored(workspace))
    shutil.rmtree(workspace.store.path / "images.lance" / "data")
    assert thumbnails.keep(workspace.store, keys) == {}
    assert not any(map(thumbnails.kept, keys))


# -- by the page --------------------------------------------------------------------------------------------------------


def get(route: Callable[[Request], Response], query: str = "", **given: str) -> Response:
    scope = {"type": "http", "method": "GET", "headers": [], "path_params": given, "query_string": query.encode()}
    return route(Request(scope))


def pictures_in(answer: Response) -> dict[str, bytes]:
    lines = bytes(answer.body).decode("ascii").splitlines()
    return {key: b64decode(data, validate=True) for key, data in (line.split(" ") for line in lines)}


def test_thumbnails_of_a_page_come_in_one_answer_that_browsers_keep(workspace: Workspace) -> None:
    known = stored(workspace)
    keys = list(known)[2:5]
    for _ in range(2):  # from the table, then from memory
        answer = get(thumbnails.thumbs, image_keys="".join([*keys, keys[0]]))
        assert pictures_in(answer) == {key: known[key] for key in keys}
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "identity"


def test_an_answer_without_one_of_its_pictures_is_not_kept(workspace: Workspace) -> None:
    first = next(iter(stored(workspace)))
    answer = get(thumbnails.thumbs, image_keys=first + "0" * 32)
    assert list(pictures_in(answer)) == [first]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("keys", ["0" * 31, "g" * 32, "../" * 32, "0" * 32 * (thumbnails.MOST_AT_ONCE + 1)])
def test_what_are_no_image_keys_is_said(workspace: Workspace, keys: str) -> None:
    answer = get(thumbnails.thumbs, image_keys=keys)
    assert answer.status_code == 404
    assert set(json.loads(bytes(answer.body))) == {"problem", "fix"}


def test_the_page_ahead_gives_the_pictures_of_its_samples_and_of_no_others(workspace: Workspace) -> None:
    rows = workspace.store.read("samples", ["sample_id", "image_keys", "source"]).to_pylist()
    known = stored(workspace)
    for chosen in (Filter(), Filter(sources=("charts",))):
        in_order = sorted(
            (row for row in rows if not chosen.sources or row["source"] in chosen.sources),
            key=lambda row: float(row["sample_id"]),  # "shuffled" is the order of the ids
        )
        address = urlsplit(thumbnails.ahead_url(workspace, View(chosen=chosen, page=1)))
        answer = get(thumbnails.ahead, address.query, workspace=address.path.rsplit("/", 1)[1])
        wanted = [row["image_keys"][0] for row in in_order[PAGE_SIZE : 2 * PAGE_SIZE] if row["image_keys"]]
        assert pictures_in(answer) == {key: known[key] for key in wanted}
        assert bool(wanted) == (chosen == Filter())
        assert answer.headers["cache-control"] == "no-store"  # the address does not name a version
    assert NUM_SAMPLES > PAGE_SIZE


@pytest.mark.parametrize("query", ["sort=nothing", "page=x", "score=ocr:9-12"])
def test_a_page_ahead_that_cannot_be_is_said(workspace: Workspace, query: str) -> None:
    key = urlsplit(thumbnails.ahead_url(workspace, View())).path.rsplit("/", 1)[1]
    assert get(thumbnails.ahead, query, workspace=key).status_code == 404
    assert get(thumbnails.ahead, "", workspace="of another").status_code == 404

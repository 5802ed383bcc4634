"""Thumbnails in memory: what was read once is there, the oldest go first, a damaged table costs the pictures only."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from pathlib import Path

import pytest

from core.workspace import Workspace
from studio import thumbnails
from tests.studio.small_workspace import make_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(thumbnails, "_KEPT", OrderedDict())
    return make_workspace(tmp_path / "ws", prepared=False)


def stored(workspace: Workspace) -> dict[str, bytes]:
    rows = workspace.store.read("images", ["image_key", "thumbnail"]).to_pylist()
    return {row["image_key"]: row["thumbnail"] for row in rows}


def test_what_was_read_for_a_page_is_kept_byte_for_byte(workspace: Workspace) -> None:
    known = stored(workspace)
    keys = list(known)[:4]
    thumbnails.keep(workspace.store, [*keys, keys[0], "0" * 32])
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
    thumbnails.keep(workspace.store, keys)
    assert not any(map(thumbnails.kept, keys))

"""The list of workspaces opened last."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.workspace import Workspace
from studio import recent


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    return tmp_path


def test_newest_first_each_once_and_no_more_than_twelve(tmp_path: Path) -> None:
    for index in (*range(14), 3):
        recent.remember(tmp_path / str(index), f"name {index}")
    found = recent.recent()
    assert [entry.path.name for entry in found] == ["3", "13", "12", "11", "10", "9", "8", "7", "6", "5", "4", "2"]


def test_only_folders_that_are_workspaces_exist(tmp_path: Path) -> None:
    recent.remember(Workspace.create(tmp_path / "real").path, "real")
    recent.remember(tmp_path / "gone", "gone")
    assert [entry.exists for entry in recent.recent()] == [False, True]


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"path": 3}]', "null"])
def test_an_unreadable_list_counts_as_none_and_is_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "recent.json").write_text(text, encoding="utf-8")
    assert recent.recent() == []
    recent.remember(tmp_path, "new")
    assert [entry.name for entry in recent.recent()] == ["new"]


def test_a_folder_nobody_can_write_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "file" / "below"))
    recent.remember(tmp_path, "x")
    assert recent.recent() == []

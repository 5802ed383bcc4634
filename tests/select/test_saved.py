"""Saved selections keep their ids, their name and the snapshot they were made at."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput
from core.filters import Filter
from core.lens import Lens
from core.select import saved
from core.select.ordering import Selection
from core.select.pool import Pool
from core.select.uniform import Random
from core.workspace import Workspace
from tests.ingest.making import data_set, read_in, text_only


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "ws")
    read_in(workspace, data_set(tmp_path / "in", [text_only(number, id=str(number)) for number in range(6)], "a.json"))
    return workspace


def chosen(lens: Lens, budget: int = 3) -> Selection:
    return Random().order(Pool.from_lens(lens), budget=None, seed=0).cut(budget)


def save(workspace: Workspace, selection: Selection, name: str, **more: str) -> saved.SavedSelection:
    return saved.save(workspace, selection, name=name, budget=more.get("budget", "3"), chosen=Filter())


def test_what_is_pinned_is_the_snapshot_the_pool_was_read_at(workspace: Workspace, tmp_path: Path) -> None:
    lens = Lens(workspace)
    selection = chosen(lens)
    read_in(workspace, data_set(tmp_path / "more", [text_only(9)], "b.json"))
    entry = save(workspace, selection, "early")
    assert entry.snapshot == lens.snapshot != workspace.snapshot()
    assert workspace.pinned(entry.snapshot) == lens.versions


def test_the_same_selection_under_two_names_is_two_entries_and_twice_under_one_is_one(workspace: Workspace) -> None:
    selection = chosen(Lens(workspace))
    first, again, other = (save(workspace, selection, name) for name in ("mine", "mine", "yours"))
    assert first == again
    assert [entry.name for entry in saved.saved(workspace)] == ["mine", "yours"]
    assert saved.find(workspace, "mine") == first
    for entry in (first, other):
        assert saved.ids_of(workspace, entry).tolist() == selection.sample_ids.tolist()


@pytest.mark.parametrize("ids", [["a"], [-1], [None], [1.5]])
def test_a_file_whose_ids_are_none_is_refused(tmp_path: Path, ids: list[object]) -> None:
    pq.write_table(pa.table({"rank": [1], "sample_id": ids}), tmp_path / "x.parquet")
    with pytest.raises(BadInput, match="not a selection"):
        saved.read_ids(tmp_path / "x.parquet")

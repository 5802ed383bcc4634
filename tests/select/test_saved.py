"""Saved selections keep their ids, their name and the snapshot they were made at."""

from __future__ import annotations

import json
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


def names(workspace: Workspace) -> list[str]:
    return [entry.name for entry in saved.saved(workspace)]


def test_a_renamed_selection_keeps_its_id_its_file_and_its_ids(workspace: Workspace) -> None:
    selection = chosen(Lens(workspace))
    entry = save(workspace, selection, "mine")
    renamed = saved.rename(workspace, entry, "  theirs ")
    assert renamed == entry.model_copy(update={"name": "theirs"})
    assert saved.saved(workspace) == [renamed]
    assert saved.ids_of(workspace, renamed).tolist() == selection.sample_ids.tolist()


@pytest.mark.parametrize("name", ["", "   ", "yours"])
def test_an_empty_or_a_taken_name_is_refused_and_changes_nothing(workspace: Workspace, name: str) -> None:
    selection = chosen(Lens(workspace))
    entry, _ = save(workspace, selection, "mine"), save(workspace, selection, "yours")
    with pytest.raises(BadInput, match=r"no name|Another saved selection"):
        saved.rename(workspace, entry, name)
    assert names(workspace) == ["mine", "yours"]
    assert saved.rename(workspace, entry, "mine") == entry, "its own name is not taken"


def test_saving_again_what_was_renamed_since_makes_a_second_entry(workspace: Workspace) -> None:
    selection = chosen(Lens(workspace))
    renamed = saved.rename(workspace, save(workspace, selection, "mine"), "theirs")
    again = save(workspace, selection, "mine")
    assert sorted(names(workspace)) == ["mine", "theirs"]
    assert again.selection_id != renamed.selection_id
    assert save(workspace, selection, "mine") == again
    assert saved.ids_of(workspace, again).tolist() == saved.ids_of(workspace, renamed).tolist()


def test_copies_share_the_file_and_have_names_and_ids_of_their_own(workspace: Workspace) -> None:
    entry = save(workspace, chosen(Lens(workspace)), "mine")
    copies = [saved.duplicate(workspace, entry) for _ in range(3)]
    assert [one.name for one in copies] == ["mine copy", "mine copy 2", "mine copy 3"]
    assert len({one.selection_id for one in (entry, *copies)}) == 4
    assert {one.path for one in copies} == {entry.path}
    saved.remove(workspace, entry)
    assert saved.ids_of(workspace, copies[0]).size == 3, "a copy stays when the first goes"
    with pytest.raises(BadInput, match="Another saved selection"):
        saved.duplicate(workspace, copies[0], "mine copy 2")


def test_what_was_deleted_or_renamed_can_be_put_back(workspace: Workspace) -> None:
    entry = save(workspace, chosen(Lens(workspace)), "mine")
    state = entry.model_dump(mode="json")
    saved.rename(workspace, entry, "other")
    saved.put_back(workspace, entry.selection_id, state)
    assert saved.saved(workspace) == [entry]
    saved.remove(workspace, entry)
    assert saved.saved(workspace) == []
    saved.put_back(workspace, entry.selection_id, state)
    assert saved.saved(workspace) == [entry]


def test_a_selection_older_than_the_data_names_what_changed(workspace: Workspace, tmp_path: Path) -> None:
    entry = save(workspace, chosen(Lens(workspace)), "early")
    assert saved.moved_since(workspace, entry) == ()
    read_in(workspace, data_set(tmp_path / "more", [text_only(9)], "b.json"))
    assert saved.moved_since(workspace, entry) == ("samples", "sources")


def test_what_the_file_says_of_its_making_is_the_provenance_of_the_selection(workspace: Workspace) -> None:
    selection = chosen(Lens(workspace))
    entry = save(workspace, selection, "mine")
    assert saved.provenance_of(workspace, entry) == json.loads(json.dumps(selection.provenance()))
    assert saved.saved_at(workspace, entry)[:4].isdigit()


def test_reasons_are_counted_without_what_tells_samples_apart(workspace: Workspace) -> None:
    selection = chosen(Lens(workspace), 5)
    entry = save(workspace, selection, "mine")
    assert saved.reason_counts(workspace, entry) == {"kept: drawn at random": 5}
    texts = selection.ordering.reasons.texts(0, 5).to_pylist()
    assert saved.reasons_at(workspace, entry, [1, 5]) == {1: texts[0], 5: texts[4]}

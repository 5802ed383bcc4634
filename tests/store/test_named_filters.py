"""Filters kept under a name: what is saved comes back, names are different, and every act can be taken back."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.errors import BadData, BadInput
from core.filters import NO_LICENCE, Filter, ScoreRange
from core.store import named_filters
from core.store.acts import Acts
from core.workspace import Workspace

CHARTS = Filter(sources=("charts",))
FULL = Filter(
    sources=("a", "b"), licences=("MIT", NO_LICENCE), styles=("comparison",), tags=("OCR > Text",), flags=("face",),
    scores=(ScoreRange(capability="ocr", low=1, high=3.5),), min_images=0, max_images=4, text="total 'due'", where="ocr > 2",
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws")


def test_a_filter_with_every_field_comes_back_in_another_process_as_it_was(workspace: Workspace) -> None:
    named_filters.save(workspace, "  Some   receipts ", FULL)
    again = Workspace.open(workspace.path)
    assert [(entry.name, entry.chosen) for entry in named_filters.saved(again)] == [("Some receipts", FULL)]
    assert named_filters.find(again, "Some receipts").chosen == FULL


def test_a_taken_name_stands_for_the_new_filter_and_undo_brings_back_the_old(workspace: Workspace) -> None:
    first = named_filters.save(workspace, "mine", CHARTS)
    second = named_filters.save(workspace, "mine", FULL)
    assert first.filter_id == second.filter_id
    assert [entry.chosen for entry in named_filters.saved(workspace)] == [FULL]
    assert named_filters.undo(workspace, first.filter_id)
    assert [entry.chosen for entry in named_filters.saved(workspace)] == [CHARTS]


def test_a_deleted_filter_comes_back_and_its_name_is_free_meanwhile(workspace: Workspace) -> None:
    old = named_filters.save(workspace, "mine", CHARTS)
    named_filters.remove(workspace, old.filter_id)
    assert named_filters.saved(workspace) == []
    new = named_filters.save(workspace, "mine", FULL)
    assert new.filter_id != old.filter_id
    assert named_filters.undo(workspace, old.filter_id)
    assert {entry.filter_id for entry in named_filters.saved(workspace)} == {old.filter_id, new.filter_id}


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_that_is_none_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(BadInput):
        named_filters.save(workspace, name, CHARTS)


def test_what_cannot_be_done_says_why(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="every sample through"):
        named_filters.save(workspace, "all", Filter())
    one, _ = named_filters.save(workspace, "one", CHARTS), named_filters.save(workspace, "two", FULL)
    with pytest.raises(BadInput, match="Another filter is called 'two'"):
        named_filters.rename(workspace, one.filter_id, " two ")
    with pytest.raises(BadInput, match="no saved filter 'three'") as caught:
        named_filters.find(workspace, "three")
    assert "one, two" in caught.value.fix
    Acts(workspace.acts_path).put(named_filters.KIND, "z", {"filter_id": "z", "name": "z", "chosen": {"colour": "red"}})
    with pytest.raises(BadData, match="filter z cannot be read"):
        named_filters.saved(workspace)


class Names(RuleBasedStateMachine):
    """Any acts in any order, beside a plain dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.workspace = Workspace.create(Path(self.folder.name) / "ws")
        self.expected: dict[str, Filter] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(name=st.sampled_from("abc"), source=st.sampled_from("xyz"))
    def save(self, name: str, source: str) -> None:
        named_filters.save(self.workspace, name, Filter(sources=(source,)))
        self.expected[name] = Filter(sources=(source,))

    @rule(old=st.sampled_from("abc"), new=st.sampled_from("abcd"))
    def rename(self, old: str, new: str) -> None:
        if old not in self.expected or (new in self.expected and new != old):
            with pytest.raises(BadInput):
                named_filters.rename(self.workspace, old, new)
            return
        named_filters.rename(self.workspace, old, new)
        self.expected[new] = self.expected.pop(old)

    @rule(name=st.sampled_from("abcd"))
    def remove(self, name: str) -> None:
        if name in self.expected:
            assert named_filters.remove(self.workspace, name).chosen == self.expected.pop(name)
        else:
            with pytest.raises(BadInput):
                named_filters.remove(self.workspace, name)

    @invariant()
    def agrees(self) -> None:
        found = named_filters.saved(self.workspace)
        assert {entry.name: entry.chosen for entry in found} == self.expected
        assert len({entry.filter_id for entry in found}) == len(found)


TestNames = Names.TestCase
TestNames.settings = settings(max_examples=6, stateful_step_count=12, deadline=None)

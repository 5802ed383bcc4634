"""Must-keep and never lists: every decision is an act, none of the lists holds what the other does, and each can be put back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadData
from core.select import pins
from core.select.constraints import Constraints
from core.select.pins import Lists
from core.workspace import Workspace

ONE, TWO, THREE = "0000000000000001", "0000000000000002", "0000000000000003"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws")


def test_a_decision_is_kept_and_leaves_the_other_list(workspace: Workspace) -> None:
    assert pins.read(workspace) == Lists()
    pins.decide(workspace, [1, 2], "pin")
    before, after = pins.decide(workspace, [2, 3], "never")
    assert before == Lists(pins=(ONE, TWO))
    assert after == pins.read(Workspace.open(workspace.path)) == Lists(pins=(ONE,), never=(TWO, THREE))
    assert [after.choice(value) for value in (1, 2, 4)] == ["pin", "never", "neither"]
    pins.decide(workspace, [1, 3], "neither")
    assert pins.read(workspace) == Lists(never=(TWO,))


def test_undo_goes_back_and_any_earlier_state_can_be_put_back_by_its_digest(workspace: Workspace) -> None:
    states = [Lists()]
    for sample_id, choice in ((1, "pin"), (2, "never"), (1, "neither")):
        states.append(pins.decide(workspace, [sample_id], choice)[1])
    assert pins.undo(workspace)
    assert pins.read(workspace) == states[2]
    for state in (states[1], states[3], states[0], states[2]):
        assert pins.put_back(workspace, state.digest) == pins.read(workspace) == state
    with pytest.raises(BadData, match="cannot be put back"):
        pins.put_back(workspace, "0" * 32)


def test_what_changes_nothing_is_no_act(workspace: Workspace) -> None:
    pins.decide(workspace, [1], "pin")
    pins.decide(workspace, [1, 1], "pin")
    pins.decide(workspace, [2], "neither")
    assert pins.undo(workspace)
    assert pins.read(workspace) == Lists()


@given(
    decisions=st.lists(
        st.tuples(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5)), st.sampled_from(["pin", "never", "neither"]))
    )
)
@settings(max_examples=50, deadline=None)
def test_the_last_decision_about_a_sample_stands(decisions: list[tuple[list[int], pins.Choice]]) -> None:
    lists, last = Lists(), {}
    for sample_ids, choice in decisions:
        lists = lists.changed(sample_ids, choice)
        last.update(dict.fromkeys(sample_ids, choice))
    assert {value: lists.choice(value) for value in last} == last
    assert len(lists.pins) + len(lists.never) == sum(choice != "neither" for choice in last.values())


def test_constraints_keep_their_own_word_where_the_lists_say_otherwise() -> None:
    made = pins.merged(Constraints(pins=(ONE,), never=(TWO,)), Lists(pins=(TWO, THREE), never=(ONE,)))
    assert (made.pins, made.never) == ((ONE, THREE), (TWO,))
    assert Constraints.model_validate(made.model_dump(mode="json")) == made

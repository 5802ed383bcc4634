"""Undo and redo against a plain list of states, and what a workspace keeps of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.store.acts import Acts
from core.workspace import Workspace
from studio import history
from studio.history import MOST_ACTS, Act, Change, History

STEPS = st.lists(st.one_of(st.just("undo"), st.just("redo"), st.integers(0, 9)), max_size=40)


def act(before: int, after: int) -> Act:
    return Act(says=f"{before} to {after}", changes=(Change(kind="curate", before={"n": before}, after={"n": after}),))


class Model:
    """The obvious reading: every state ever shown in a list, and where one stands in it."""

    def __init__(self) -> None:
        self.states, self.at = [0], 0

    def do(self, state: int) -> None:
        self.states = [*self.states[: self.at + 1], state][-MOST_ACTS - 1 :]
        self.at = len(self.states) - 1

    def move(self, by: int) -> bool:
        if not 0 <= self.at + by < len(self.states):
            return False
        self.at += by
        return True

    @property
    def now(self) -> int:
        return self.states[self.at]


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_any_run_of_acts_undos_and_redos_shows_what_a_list_of_states_would(steps: list[str | int]) -> None:
    model, found, now = Model(), History(), 0
    for one in steps:
        if isinstance(one, int):
            found, now = found.done(act(now, one)), one
            model.do(one)
        else:
            moved = found.moved(back=one == "undo")
            assert (moved is not None) == model.move(-1 if one == "undo" else 1)
            if moved is not None:
                found, taken = moved
                state = taken.changes[0].towards(one == "undo")
                assert state is not None
                now = state["n"]
        assert now == model.now
        assert (found.undoable is not None, found.redoable is not None) == (
            model.at > 0,
            model.at < len(model.states) - 1,
        )


def test_the_list_is_bounded_and_forgets_the_oldest() -> None:
    found = History()
    for number in range(MOST_ACTS + 7):
        found = found.done(act(number, number + 1))
    assert (len(found.acts), found.at, found.first) == (MOST_ACTS, MOST_ACTS, 8)
    for _ in range(MOST_ACTS):
        moved = found.moved(back=True)
        assert moved is not None
        found = moved[0]
    assert found.moved(back=True) is None
    assert found.acts[0].says == "7 to 8"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws")


@given(steps=STEPS)
@settings(max_examples=15, deadline=None)
def test_what_a_workspace_keeps_is_the_same_list_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str | int]
) -> None:
    kept, model = Workspace.create(tmp_path_factory.mktemp("kept") / "ws"), Model()
    for one in steps:
        if isinstance(one, int):
            history.record(kept, act(model.now, one))
            model.do(one)
        else:
            assert (history.step(kept, one == "undo") is not None) == model.move(-1 if one == "undo" else 1)
        read = history.read(Workspace.open(kept.path))
        assert read.now == (None if len(model.states) == 1 else {"n": model.now})
        assert (read.history.at, len(read.history.acts)) == (model.at, len(model.states) - 1)


def test_an_act_on_a_saved_selection_leaves_the_state_of_the_page(workspace: Workspace) -> None:
    history.record(workspace, act(0, 5))
    change = Change(kind="selection", key="abc", before=None, after={"name": "mine"})
    history.record(workspace, Act(says="save mine", changes=(change,)))
    assert history.read(workspace).now == {"n": 5}
    undone = history.step(workspace, back=True)
    assert undone is not None
    assert undone.changes[0].towards(back=True) is None
    assert history.read(workspace).now == {"n": 5}


def test_the_file_holds_no_more_than_the_list(workspace: Workspace) -> None:
    for number in range(MOST_ACTS + 30):
        history.record(workspace, act(number, number + 1))
    assert len(Acts(workspace.acts_path).all("curate-history")) == MOST_ACTS + 2
    assert len(history.read(workspace).history.acts) == MOST_ACTS


def test_a_list_of_another_version_of_the_program_is_as_good_as_none(workspace: Workspace) -> None:
    history.record(workspace, act(0, 1))
    Acts(workspace.acts_path).put("curate-history", "0000000001", {"other": "words"})
    assert history.read(workspace) == history.Kept()
    history.record(workspace, act(3, 4))
    assert [one.says for one in history.read(workspace).history.acts] == ["3 to 4"]

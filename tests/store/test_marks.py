"""Marked samples: any order of marking and clearing leaves the list a plain one would hold, in the order of marking."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.store import marks
from core.workspace import Workspace

_ids = st.integers(0, 3) | st.just(2**64 - 1)


@given(st.lists(st.lists(_ids, max_size=3) | st.none(), max_size=8))
@settings(deadline=None, max_examples=25)
def test_marks_are_those_of_a_plain_list(
    tmp_path_factory: pytest.TempPathFactory, acts: list[list[int] | None]
) -> None:
    workspace = Workspace.create(tmp_path_factory.mktemp("marks") / "ws")
    expected: list[int] = []
    for act in acts:
        if act is None:
            marks.clear(workspace)
            expected = []
            continue
        for one in dict.fromkeys(act):
            expected = [other for other in expected if other != one] if one in expected else [*expected, one]
        assert marks.toggle(workspace, act) == tuple(expected)
    assert marks.marked(Workspace.open(workspace.path)) == tuple(expected)

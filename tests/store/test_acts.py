"""Acts are never lost: state is the last one, undo appends, and several processes may write at once."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from core.errors import BadData
from core.store.acts import Acts


def test_the_last_act_is_the_state_and_history_keeps_all(tmp_path: Path) -> None:
    acts = Acts(tmp_path / "a.sqlite")
    acts.put("selection", "x", {"n": 1})
    acts.put("selection", "y", {"n": 2})
    acts.put("selection", "x", {"n": 3})
    acts.put("filter", "x", {"n": 9})
    assert acts.all("selection") == {"y": {"n": 2}, "x": {"n": 3}}
    acts.remove("selection", "x")
    assert acts.all("selection") == {"y": {"n": 2}}
    assert [state for _, state in acts.history("selection", "x")] == [{"n": 1}, {"n": 3}, None]


def test_undo_goes_one_act_back_and_says_when_there_is_nothing_to_undo(tmp_path: Path) -> None:
    acts = Acts(tmp_path / "a.sqlite")
    assert acts.undo("selection", "x") is False
    acts.put("selection", "x", {"n": 1})
    acts.remove("selection", "x")
    assert acts.undo("selection", "x") is True
    assert acts.all("selection") == {"x": {"n": 1}}


def test_revising_keeps_the_present_state_alone_and_leaves_other_kinds(tmp_path: Path) -> None:
    acts = Acts(tmp_path / "a.sqlite")
    acts.put("selection", "x", {"n": 9})
    for number in range(5):
        acts.revise("list", lambda now, number=number: {**now, "at": {"n": number}, str(number): {}})  # type: ignore[misc]
    acts.revise("list", lambda now: {key: state for key, state in now.items() if key in ("at", "4")})
    assert acts.all("list") == {"at": {"n": 4}, "4": {}}
    assert len(acts.history("list", "at")) == 1, "what was there before is not kept"
    assert acts.all("selection") == {"x": {"n": 9}}


def _count(path: Path, times: int) -> None:
    for _ in range(times):
        Acts(path).revise("counter", lambda now: {"n": {"n": now.get("n", {"n": 0})["n"] + 1}})


def test_several_processes_revise_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(_count, path, 10) for _ in range(3)]:
            future.result()
    assert Acts(path).all("counter") == {"n": {"n": 30}}


def _put(path: Path, worker: int) -> None:
    for number in range(20):
        Acts(path).put("selection", f"{worker}-{number}", {"worker": worker})


def test_several_processes_write_without_losing_an_act(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(_put, path, worker) for worker in range(3)]:
            future.result()
    assert len(Acts(path).all("selection")) == 60


def test_a_damaged_file_is_bad_data_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"not a database at all" * 50)
    with pytest.raises(BadData, match=r"a\.sqlite") as caught:
        Acts(tmp_path / "a.sqlite").all("selection")
    assert "winnow check" in caught.value.fix

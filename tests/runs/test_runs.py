"""Runs end in exactly one marker, outlive their caller, stop when told, and never look alive when they are not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core import runs
from core.errors import BadInput, Busy, RunFailed
from core.runs import RunFolder
from core.runs.folder import MARKERS, write_json_atomic

JOB = "tests.runs.jobs"


def launch(workspace: Path, **settings: Any) -> runs.Run:
    return runs.launch(workspace, "test", JOB, settings)


def until_counting(run: runs.Run) -> None:
    deadline = time.monotonic() + 30
    while runs.load(run.path).note != "counting":
        assert time.monotonic() < deadline, "the run never began"
        time.sleep(0.05)


def markers(run: runs.Run) -> list[str]:
    return [name for name in MARKERS if (run.path / name).exists()]


def test_a_finished_run_has_its_result_and_one_marker(tmp_path: Path) -> None:
    run = runs.wait(launch(tmp_path, do="add", numbers=[1, 2, 39]))
    assert (run.state, run.result, markers(run)) == ("done", {"sum": 42}, ["DONE"])
    assert run.share_done == 1.0


def test_not_a_number_is_written_as_null_so_that_events_stay_json(tmp_path: Path) -> None:
    run = runs.wait(launch(tmp_path, do="add", numbers=[]))
    events = list(run.events())
    assert [(event["step"], event["loss"]) for event in events] == [(1, None)]


def test_a_users_mistake_keeps_its_problem_and_fix(tmp_path: Path) -> None:
    with pytest.raises(RunFailed) as caught:
        runs.wait(launch(tmp_path, do="mistake"))
    assert (caught.value.problem, caught.value.fix) == ("The file x.json is empty.", "Give another file.")


def test_an_unexpected_error_is_in_the_log_and_in_the_marker(tmp_path: Path) -> None:
    run = launch(tmp_path, do="crash")
    with pytest.raises(RunFailed, match="ZeroDivisionError"):
        runs.wait(run)
    assert markers(run) == ["FAILED"]
    assert "Traceback" in runs.load(run.path).log_tail()


def test_a_process_that_vanishes_is_shown_as_died_not_as_running(tmp_path: Path) -> None:
    run = launch(tmp_path, do="exit")
    with pytest.raises(RunFailed, match="gone without a word"):
        runs.wait(run)
    assert runs.load(run.path).state == "died"


def test_a_killed_run_is_died_and_resumes_in_its_own_folder(tmp_path: Path) -> None:
    run = launch(tmp_path, do="count")
    until_counting(run)
    assert run.pid is not None
    os.kill(run.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while runs.load(run.path).state == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert runs.load(run.path).state == "died"
    again = runs.resume(run)
    assert (again.path, again.state) == (run.path, "running")
    assert runs.stop(again).state == "stopped"


def test_stop_ends_a_run_that_listens_and_one_that_does_not(tmp_path: Path) -> None:
    for do, killed in (("count", False), ("ignore", True)):
        run = launch(tmp_path, do=do)
        until_counting(run)
        stopped = runs.stop(run, timeout_seconds=10 if not killed else 0.5)
        assert (stopped.state, markers(run)) == ("stopped", ["STOPPED"])
        assert bool(json.loads((run.path / "STOPPED").read_text()).get("killed")) is killed


def test_a_live_run_is_not_started_twice_and_a_done_one_not_again(tmp_path: Path) -> None:
    run = launch(tmp_path, do="count")
    until_counting(run)
    with pytest.raises(Busy, match=str(run.pid)):
        runs.resume(run)
    runs.stop(run)
    finished = runs.wait(launch(tmp_path, do="add", numbers=[]))
    with pytest.raises(BadInput, match="is done"):
        runs.resume(finished)


def test_a_run_outlives_the_process_that_launched_it(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from core import runs; "
        f"print(runs.launch(Path({str(tmp_path)!r}), 'test', {JOB!r}, {{'do': 'count'}}).run_id)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    run = runs.find(tmp_path, said.stdout.strip())
    until_counting(run)
    assert runs.load(run.path).state == "running"
    assert runs.stop(run).state == "stopped"


def test_runs_are_listed_newest_first_and_an_unknown_id_is_named(tmp_path: Path) -> None:
    first = runs.wait(launch(tmp_path, do="add", numbers=[1]))
    second = runs.wait(launch(tmp_path, do="add", numbers=[2]))
    assert [run.run_id for run in runs.list_runs(tmp_path)] == [second.run_id, first.run_id]
    with pytest.raises(BadInput, match=r"'\.\./x'"):
        runs.find(tmp_path, "../x")


def test_a_recycled_pid_is_not_taken_for_the_run(tmp_path: Path) -> None:
    run = runs.wait(launch(tmp_path, do="add", numbers=[1]))
    (run.path / "DONE").unlink()
    process = json.loads((run.path / "process.json").read_text())
    # This test's own process is alive, but it started at another time.
    (run.path / "process.json").write_text(json.dumps({**process, "pid": os.getpid()}))
    assert runs.load(run.path).state == "died"


def test_a_run_never_looks_dead_while_it_is_starting(tmp_path: Path) -> None:
    path = runs.create(tmp_path, "test", JOB, {"do": "count"})
    seen = {runs.load(path).state}
    started = threading.Event()

    def watch() -> None:
        while not started.is_set():
            seen.add(runs.load(path).state)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = runs.start(path)
    started.set()
    watcher.join()
    assert seen == {"running"}
    runs.stop(run)


def test_of_several_who_resume_at_once_one_starts_the_run(tmp_path: Path) -> None:
    run = runs.stop(launch(tmp_path, do="count"))
    answers: list[object] = []

    def resume() -> None:
        try:
            answers.append(runs.resume(run).pid)
        except Busy as busy:
            answers.append(str(busy))

    callers = [threading.Thread(target=resume) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sum(isinstance(answer, int) for answer in answers) == 1
    runs.stop(run)


def test_an_event_torn_by_a_kill_spoils_neither_the_next_one_nor_the_reading(tmp_path: Path) -> None:
    run = runs.wait(launch(tmp_path, do="add", numbers=[1]))
    with (run.path / "events.jsonl").open("a") as file:
        file.write('{"time": "x", "st')
    RunFolder(run.path).event(step=2)
    assert [event["step"] for event in run.events()] == [1, 2]


@pytest.mark.parametrize(("do", "named"), [("unwritable", "TypeError"), ("leave", "SystemExit")])
def test_every_ending_of_a_job_leaves_its_marker(tmp_path: Path, do: str, named: str) -> None:
    run = launch(tmp_path, do=do)
    with pytest.raises(RunFailed, match=named):
        runs.wait(run)
    assert markers(run) == ["FAILED"]


def test_a_run_on_another_machine_is_asked_to_stop_and_never_declared_stopped(tmp_path: Path) -> None:
    path = runs.create(tmp_path, "test", JOB, {})
    write_json_atomic(path / "process.json", {"pid": 1, "create_time": 1.0, "host": "elsewhere"})
    write_json_atomic(path / "state.json", {"heartbeat": time.time() + 600})
    run = runs.load(path)
    with pytest.raises(Busy, match="elsewhere"):
        runs.stop(run, timeout_seconds=0.2)
    assert (runs.load(path).state, markers(run)) == ("running", [])
    assert (path / "control" / "stop").exists()


def test_a_damaged_run_is_listed_with_its_problem_beside_the_others(tmp_path: Path) -> None:
    done = runs.wait(launch(tmp_path, do="add", numbers=[1]))
    broken = runs.create(tmp_path, "test", JOB, {})
    (broken / "job.json").write_text("")
    listed = {run.run_id: run for run in runs.list_runs(tmp_path)}
    assert set(listed) == {done.run_id, broken.name}
    assert "job.json" in (listed[broken.name].problem or "")


def test_a_relative_python_path_still_holds_in_the_runs_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "own_job.py").write_text("def run_job(folder):\n    return {'here': True}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "parts")
    assert runs.wait(runs.launch(tmp_path, "test", "own_job", {})).result == {"here": True}

"""Start, watch, stop and resume runs from outside: everything is read from the run's folder, nothing is held in memory.

A run without a marker is running when its pid and process start time match on this host, or when its heartbeat is fresh;
else it died, and is shown as such.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from core.errors import BadInput, Busy, RunFailed
from core.runs.folder import MARKERS, write_json_atomic

State = Literal["running", "done", "failed", "stopped", "died"]
HEARTBEAT_LIMIT_SECONDS = 60.0
_KILL_SECONDS = 5.0
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[a-z]+-[0-9a-f]{4}")
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """What a run's folder says at the moment it was read."""

    run_id: str
    path: Path
    kind: str
    state: State
    settings: dict[str, Any]
    done: int
    total: int | None
    note: str
    started_at: str | None
    ended_at: str | None
    memory_bytes: int | None
    result: dict[str, Any]
    problem: str | None
    fix: str | None
    pid: int | None

    @property
    def share_done(self) -> float | None:
        """0 to 1, None while the total is unknown."""
        return min(self.done / self.total, 1.0) if self.total else None

    def events(self) -> Iterator[dict[str, Any]]:
        """The events so far; a line still being written is left for the next reading.

        A line that a killed process or a full disk left half written says nothing any more, and the events after it still do.
        """
        path = self.path / "events.jsonl"
        if path.exists():
            with path.open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    if line.endswith("\n"):
                        with contextlib.suppress(json.JSONDecodeError):
                            yield json.loads(line)

    def log_tail(self, num_lines: int = 200) -> str:
        """The last lines of log.txt."""
        path = self.path / "log.txt"
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 200 * num_lines))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-num_lines:])


def create(workspace_path: Path, kind: str, module: str, settings: Mapping[str, Any]) -> Path:
    """Make the folder of a new run without starting it (so that its data/ can be written first)."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = workspace_path / "runs" / f"{stamp}-{kind}-{secrets.token_hex(2)}"
    path.mkdir(parents=True)
    (path / "control").mkdir()
    _note_starting(path)
    write_json_atomic(path / "job.json", {"kind": kind, "module": module, "settings": dict(settings)})
    return path


def _note_starting(path: Path) -> None:
    """Until the process is known, the run is about to start, and nobody shall take it for dead."""
    write_json_atomic(path / "process.json", {"pid": None, "starting_at": time.time(), "host": socket.gethostname()})


def start(path: Path) -> Run:
    """Start the process of a run's folder, detached: it outlives the caller."""
    command = [sys.executable, "-m", "core.runs.child", str(path)]
    # Threads that wait asleep: by default they spin, and two spinning threads beside any other work are five times slower
    # than one (measured with torch on two busy cores).
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "PYTHONUNBUFFERED": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(_search_path())
    _note_starting(path)
    with (path / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment, cwd=path
        )
    import psutil

    created: float | None = None
    with contextlib.suppress(psutil.Error):
        created = psutil.Process(process.pid).create_time()
    write_json_atomic(path / "process.json", {"pid": process.pid, "create_time": created, "host": socket.gethostname()})
    return load(path)


def _search_path() -> list[str]:
    """Where the process finds this package: a checkout is named, an installed one is found anyway (and naming its folder would put
    everything installed before the standard library). Relative entries are made absolute, since the process stands elsewhere."""
    checkout = [str(_REPOSITORY)] if (_REPOSITORY / "pyproject.toml").is_file() else []
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [*checkout, *(str(Path(entry).absolute()) for entry in given if entry)]


def launch(workspace_path: Path, kind: str, module: str, settings: Mapping[str, Any]) -> Run:
    """Make and start a run of `module.run_job`."""
    return start(create(workspace_path, kind, module, settings))


def load(path: Path) -> Run:
    """Read a run's folder; BadInput when it is none."""
    job = _read(path / "job.json")
    if job is None and not (path / "job.json").exists():
        raise BadInput(f"{path} is not a run.", "List the runs with `winnow runs WS list`.")
    state, marker = _state(path)
    said = _read(path / "state.json") or {}
    problem, fix = marker.get("problem"), marker.get("fix")
    if job is None:  # one damaged folder must not hide the other runs
        problem, fix = (
            f"{path / 'job.json'} cannot be read.",
            "Restore the file from a copy, or remove the run's folder.",
        )
        job = {"kind": path.name.split("-")[1] if path.name.count("-") else "unknown", "settings": {}}
    elif state == "died":
        memory = said.get("memory_bytes")
        seen = f"; its memory was last {memory / 2**30:.1f} GiB" if memory else ""
        problem = f"The process of the run is gone without a word{seen}."
        fix = "Resume it; if it dies again, give it less to hold at once (fewer tokens per step, fewer workers)."
    process = _read(path / "process.json") or {}
    return Run(
        run_id=path.name,
        path=path,
        kind=job["kind"],
        state=state,
        settings=job["settings"],
        done=int(said.get("done", 0)),
        total=said.get("total"),
        note=str(said.get("note", "starting")),
        started_at=said.get("started_at"),
        ended_at=marker.get("time"),
        memory_bytes=said.get("memory_bytes"),
        result=marker.get("result") or {},
        problem=problem,
        fix=fix,
        pid=process.get("pid"),
    )


def find(workspace_path: Path, run_id: str) -> Run:
    """The run with an id; BadInput names an unknown one."""
    path = workspace_path / "runs" / run_id
    if not _RUN_ID.fullmatch(run_id) or not path.is_dir():
        raise BadInput(f"There is no run {run_id!r} in this workspace.", "List the runs with `winnow runs WS list`.")
    return load(path)


def list_runs(workspace_path: Path, kind: str | None = None) -> list[Run]:
    """All runs, newest first."""
    folder = workspace_path / "runs"
    made = [(entry / "job.json", entry) for entry in folder.glob("*") if (entry / "job.json").exists()]
    newest_first = sorted(((job.stat().st_mtime_ns, path) for job, path in made), reverse=True)
    runs = [load(path) for _, path in newest_first]
    return [run for run in runs if kind is None or run.kind == kind]


def send(run: Run, command: str) -> None:
    """Leave a command (`checkpoint`, `pause`, ...) for a run."""
    (run.path / "control").mkdir(exist_ok=True)
    (run.path / "control" / command).touch()


def stop(run: Run, timeout_seconds: float = 30.0) -> Run:
    """Ask a run to stop at its next step; after the timeout its processes are killed, so a stop always stops.

    A run on another machine can only be asked: Busy when it has not listened by then.
    """
    if load(run.path).state != "running":
        return load(run.path)
    send(run, "stop")
    _signal(run, signal.SIGTERM)
    if not _ended_within(run.path, timeout_seconds):
        _signal(run, signal.SIGKILL)
        if not _ended_within(run.path, _KILL_SECONDS):
            host = (_read(run.path / "process.json") or {}).get("host")
            raise Busy(
                f"The run {run.run_id} goes on on {host}.", "It is asked to stop at its next step; look again later."
            )
    # No marker: it was killed, or the request met it before it could listen.
    if not any((run.path / marker).exists() for marker in MARKERS):
        write_json_atomic(run.path / "STOPPED", {"time": datetime.now(UTC).isoformat(), "killed": True})
    return load(run.path)


def _ended_within(path: Path, seconds: float) -> bool:
    """Wait for a run's end for at most so long."""
    deadline = time.monotonic() + seconds
    while load(path).state == "running":
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def resume(run: Run) -> Run:
    """Start a stopped, failed or dead run again in its own folder; Busy while it is alive, BadInput when it is done."""
    from filelock import FileLock

    with FileLock(run.path / ".resume.lock"):  # of two who resume at once, the second finds it running
        now = load(run.path)
        if now.state == "running":
            raise Busy(f"The run {run.run_id} is running (process {now.pid}).", "Wait for it, or stop it first.")
        if now.state == "done":
            raise BadInput(f"The run {run.run_id} is done.", "Start a new run instead.")
        if _read(run.path / "job.json") is None:
            raise BadInput(now.problem or "The run cannot be read.", now.fix or "Start a new run instead.")
        _note_starting(run.path)
        for name in (*MARKERS, "control/stop"):
            (run.path / name).unlink(missing_ok=True)
        return start(run.path)


def wait(run: Run, poll_seconds: float = 0.2) -> Run:
    """Wait for a run's end; RunFailed when it failed or died."""
    while (now := load(run.path)).state == "running":
        time.sleep(poll_seconds)
    if now.state in ("failed", "died"):
        raise RunFailed(now.problem or f"The run {now.run_id} failed.", now.fix or f"Read {now.path / 'log.txt'}.")
    return now


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError:
        return None
    return value


def _state(path: Path) -> tuple[State, dict[str, Any]]:
    alive = _alive(path)  # looked at before the markers: a run that ends in between is then seen by its marker
    for marker, state in zip(MARKERS, ("done", "failed", "stopped"), strict=True):
        content = _read(path / marker)
        if content is not None:
            return state, content  # type: ignore[return-value]
    return ("running" if alive else "died"), {}


def _alive(path: Path) -> bool:
    process = _read(path / "process.json")
    if process is not None and process.get("pid") is None:
        return time.time() - float(process.get("starting_at", 0)) < HEARTBEAT_LIMIT_SECONDS
    if process is not None and process.get("host") == socket.gethostname():
        import psutil

        try:
            found = psutil.Process(process["pid"])
            same = process.get("create_time") is None or abs(found.create_time() - process["create_time"]) < 1.0
            return same and found.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
    said = _read(path / "state.json")
    return said is not None and time.time() - float(said.get("heartbeat", 0)) < HEARTBEAT_LIMIT_SECONDS


def _signal(run: Run, number: signal.Signals) -> None:
    now = load(run.path)
    process = _read(run.path / "process.json") or {}
    if now.pid is not None and process.get("host") == socket.gethostname() and _alive(run.path):
        target = (
            os.killpg if number == signal.SIGKILL else os.kill
        )  # a kill takes workers along; a stop is the job's own
        with contextlib.suppress(ProcessLookupError):
            target(now.pid, number)

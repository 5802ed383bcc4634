"""A run is a folder of plain files; this is the side that runs inside it.

Only the standard library is imported, since a training process on another machine has little else.
Files: job.json, environment.json, process.json, state.json (atomic), events.jsonl (append-only), log.txt, control/, data/, and
at the end exactly one of DONE, FAILED, STOPPED, written last.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MARKERS = ("DONE", "FAILED", "STOPPED")
HEARTBEAT_SECONDS = 5.0
_STATE_EVERY_SECONDS = 0.25


class RunStopped(Exception):
    """Raised by a job that saw a stop request and left a resumable state."""


def write_json_atomic(path: Path, value: Any) -> None:
    """Readers see the old file or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def memory_bytes() -> int:
    """Peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class RunFolder:
    """What a job sees of its run: settings in, progress, events and commands.

    A job is a module with `run_job(folder: RunFolder) -> dict`; what it returns is written into DONE as the result.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        job: dict[str, Any] = json.loads((path / "job.json").read_text(encoding="utf-8"))
        self.kind: str = job["kind"]
        self.module: str = job["module"]
        self.settings: dict[str, Any] = job["settings"]
        self._stop = threading.Event()
        self._state: dict[str, Any] = {"done": 0, "total": None, "note": "starting", "started_at": utc_now()}
        self._written = 0.0
        self._events_whole = False  # until looked at: the process before may have been killed in the middle of a line
        self._guard = threading.Lock()

    def progress(self, done: int, total: int | None, note: str) -> None:
        """A `core.progress.Progress`; written to state.json at most four times a second, and always when finished."""
        with self._guard:
            self._state.update(done=done, total=total, note=note)
            if done == total or time.monotonic() - self._written >= _STATE_EVERY_SECONDS:
                self._write_state()

    def heartbeat(self) -> None:
        """Say that the process lives, with its memory; called by a thread of the child."""
        with self._guard:
            self._write_state()

    def _write_state(self) -> None:
        self._state.update(heartbeat=time.time(), memory_bytes=memory_bytes(), updated_at=utc_now())
        write_json_atomic(self.path / "state.json", self._state)
        self._written = time.monotonic()

    def event(self, **fields: Any) -> None:
        """Append one line to events.jsonl; NaN and infinity are written as null, since JSON has neither."""
        line = json.dumps(_finite({"time": utc_now(), **fields}), ensure_ascii=False)
        path = self.path / "events.jsonl"
        with self._guard, path.open("ab") as file:
            torn = not self._events_whole and file.tell() and path.read_bytes()[-1:] != b"\n"
            file.write((b"\n" if torn else b"") + line.encode("utf-8", "replace") + b"\n")
            self._events_whole = True

    def request_stop(self) -> None:
        """What the signal handler calls."""
        self._stop.set()

    def stop_requested(self) -> bool:
        """Whether somebody asked the run to stop; ask between steps and leave a resumable state."""
        return self._stop.is_set() or (self.path / "control" / "stop").exists()

    def check_stop(self) -> None:
        """Raise RunStopped when a stop was asked for."""
        if self.stop_requested():
            raise RunStopped

    def command(self) -> str | None:
        """The oldest command other than stop (`checkpoint`, `pause`, ...), taken from control/; None without one."""
        control = self.path / "control"
        waiting = sorted((entry.stat().st_mtime_ns, entry) for entry in control.glob("*") if entry.name != "stop")
        if not waiting:
            return None
        waiting[0][1].unlink(missing_ok=True)
        return waiting[0][1].name

    def finish(self, marker: str, content: dict[str, Any]) -> None:
        """Write the one completion marker, last of all files."""
        with self._guard:
            self._write_state()
        write_json_atomic(self.path / marker, _finite({"time": utc_now(), **content}))


def environment() -> dict[str, Any]:
    """Where a run ran; enough to explain a difference later."""
    from importlib.metadata import PackageNotFoundError, version

    packages: dict[str, str | None] = {}
    for name in ("winnow-studio", "torch", "transformers", "lancedb", "duckdb", "pyarrow", "numpy"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "num_cpus": os.cpu_count(),
        "packages": packages,
        "command": sys.argv,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return value

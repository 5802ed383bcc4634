"""One writer at a time per table group, across processes; the refused one is told who holds it.

The lock is the operating system's, so it goes with a killed process; the pid beside it is only for the message.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import Busy
from core.store.tables import writing


@contextmanager
def writer_lock(workspace_path: Path, writer: str) -> Iterator[None]:
    """Hold the workspace's lock for one kind of writer (`ingest`, `prepare`, ...); Busy at once when another holds it."""
    folder = workspace_path / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{writer}.lock")
    pid_path = folder / f"{writer}.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        try:
            holder = pid_path.read_text(encoding="utf-8").strip() or "unknown"
        except FileNotFoundError:  # it is just coming or going
            holder = "unknown"
        raise Busy(
            f"Another {writer} is writing to this workspace (process {holder}).",
            "Wait until it has finished, or stop it, then run the same command again.",
        ) from None
    try:
        with writing("the lock"):
            pid_path.write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        pid_path.unlink(missing_ok=True)
        lock.release()


def is_held(path: Path) -> bool:
    """Whether some process holds this lock file now."""
    lock = FileLock(path)
    if not path.exists():
        return False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False

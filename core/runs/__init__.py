"""Runs: work in a process of its own, its whole state in a folder of plain files that outlives the app.

`launch` starts one, `list_runs`, `find` and `load` read, `stop`, `resume` and `send` act; `RunFolder` is the job's side.
"""

from __future__ import annotations

from core.runs.folder import RunFolder, RunStopped
from core.runs.launch import Run, create, find, launch, list_runs, load, resume, send, start, stop, wait

__all__ = [
    "Run", "RunFolder", "RunStopped", "create", "find", "launch", "list_runs", "load", "resume", "send", "start", "stop", "wait",
]  # fmt: skip

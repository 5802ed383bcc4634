"""What benchmarks measure with: wall and CPU seconds of a piece of work, and the memory of a process."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Measured:
    """Seconds on the wall and of all cores together; a busy machine stretches the first."""

    wall: float
    cpu: float


def measured(work: Callable[[], Result], times: int = 1) -> tuple[Result, Measured]:
    """The result of some work and its quickest run."""
    runs = []
    for _ in range(times):
        began, worked = time.perf_counter(), time.process_time()
        result = work()
        runs.append(Measured(time.perf_counter() - began, time.process_time() - worked))
    return result, min(runs, key=lambda run: run.wall)


def peak_gigabytes() -> float:
    """The most memory this process has held. Linux says it per program; what `getrusage` says there a child has from its parent."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9

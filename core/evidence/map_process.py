"""UMAP in a process of its own: started early, it compiles on a toy set while the caller computes vectors, then waits.

`python -m core.evidence.map_process CALLER_PID DETERMINISTIC` reads one line of JSON (shape, settings) and float32 rows from
standard input and writes float32 places to standard output. It goes when its caller goes. `MapProcess` is the caller's side.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunFailed
from core.evidence.map_layout import FEWEST, MapSettings, umap_layout

_ROOT = Path(__file__).resolve().parents[2]
_WATCH_SECONDS = 0.5


class MapProcess:
    """The caller's side; a context manager, so that no process is left behind."""

    def __init__(self, *, deterministic: bool = True) -> None:
        """Start it; `deterministic` is what it will be asked for, so that it compiles that and no more."""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.evidence.map_process", str(os.getpid()), str(deterministic)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=environment,
        )  # fmt: skip
        self._thread: threading.Thread | None = None
        self._answer = b""
        self._asked_rows = 0
        self.seconds = 0.0
        """From asking to the answer, what was left of the compiling included."""
        self.cpu_seconds = 0.0
        """Of the whole process, its compiling included."""

    def __enter__(self) -> MapProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        if self._thread is not None:
            self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what was buffered for a process that is gone
                    pipe.close()
        self._log.close()

    def ask(self, vectors: NDArray[np.float32], settings: MapSettings) -> None:
        """Hand over unit vectors [N, D]; returns at once, the work goes on beside the caller's."""
        self._asked_rows = len(vectors)
        self._thread = threading.Thread(target=self._talk, args=(vectors, settings), daemon=True)
        self._thread.start()

    def _talk(self, vectors: NDArray[np.float32], settings: MapSettings) -> None:
        began = time.monotonic()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        header = {"shape": list(vectors.shape), "settings": settings.model_dump()}
        try:
            stdin.write(json.dumps(header).encode() + b"\n")
            stdin.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
            stdin.close()
        except BrokenPipeError:
            return  # it died; `places` says so with what it left in its log
        self._answer = stdout.read()
        self.seconds = time.monotonic() - began

    @property
    def is_ready(self) -> bool:
        """Whether `places` would not wait."""
        return self._thread is not None and not self._thread.is_alive()

    def places(self) -> NDArray[np.float32]:
        """[N, 2] of what was asked for, waiting for it; RunFailed with the process's last words when it died."""
        assert self._thread is not None
        self._thread.join()
        before = _children_seconds()
        status = self._process.wait()
        self.cpu_seconds = _children_seconds() - before
        if status != 0 or len(self._answer) != self._asked_rows * 8:
            self._log.seek(0)
            said = self._log.read().decode("utf-8", "replace").strip().splitlines()
            reason = said[-1][:300] if said else f"exit status {status}"
            raise RunFailed(
                f"The map process ended without a map ({reason}).",
                "Run `winnow prepare` again; everything else is kept.",
            )
        return np.frombuffer(self._answer, dtype="<f4").reshape(-1, 2).copy()


def _children_seconds() -> float:
    """CPU time of the processes this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(parent: int) -> None:
    """End this process when its caller is gone, however far it is."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)


def main(caller: int, deterministic: bool) -> int:
    """The process's side. `caller` is told, not asked for: it may have gone before this line is reached."""
    threading.Thread(target=_watch, args=(caller,), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get among the numbers
    toy = np.random.default_rng(0).normal(size=(4 * FEWEST, 8)).astype(np.float32)
    toy /= np.linalg.norm(toy, axis=1, keepdims=True)
    umap_layout(toy, MapSettings(neighbours=5, epochs=11, deterministic=deterministic))
    line = sys.stdin.buffer.readline()
    if not line:
        return 0  # nobody asked
    header: dict[str, Any] = json.loads(line)
    rows, width = header["shape"]
    data = sys.stdin.buffer.read()
    vectors = np.frombuffer(data, dtype="<f4").reshape(rows, width)
    placed = umap_layout(vectors, MapSettings(**header["settings"]))
    answers.write(np.ascontiguousarray(placed, dtype="<f4").tobytes())
    answers.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2] == str(True)))

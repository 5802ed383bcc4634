"""Start the studio's real server on a free port in a process of its own, and stop it again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60

_START = """
import sys
from pathlib import Path
from studio.server import APP_SCRIPT, serve
script = Path(sys.argv[2]) if sys.argv[2] else APP_SCRIPT
serve(Path(sys.argv[1]), port=0, script=script, on_start=lambda address: print(address, flush=True))
"""


@contextmanager
def serving(workspace: Path, script: Path | None = None, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a server over `workspace`; `script` is the studio's own unless another one is given."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-c", _START, str(workspace), str(script or "")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})},
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"the server ended with exit status {process.wait(10)}; its messages stand above")
        _wait(address)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urlopen(f"{address}/api/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)

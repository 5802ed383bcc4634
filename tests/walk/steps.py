"""What every walk does: run the command with --json, and end with status 1 at the first difference."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any


def winnow(*arguments: object) -> dict[str, Any]:
    """Run the command with --json; its one object. Anything but exit status 0 ends the walk."""
    command = [sys.executable, "-m", "studio.cli", *map(str, arguments), "--json"]
    started = time.perf_counter()
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    shown = " ".join(map(str, arguments[:1]))
    if said.returncode != 0:
        sys.exit(f"winnow {shown} ended with status {said.returncode}:\n{said.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(said.stdout)
    print(f"winnow {shown:<10} {time.perf_counter() - started:7.1f} s  {json.dumps(result)[:300]}", flush=True)
    return result


def expect(what: str, found: object, wanted: object) -> None:
    """End the walk when a figure is not what it must be."""
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")

"""Jobs the run tests start: real modules in a real child process."""

from __future__ import annotations

import os
import time
from typing import Any

from core.errors import BadData
from core.runs import RunFolder


def run_job(folder: RunFolder) -> dict[str, Any]:
    """Do what `settings["do"]` says."""
    do = folder.settings["do"]
    if do == "add":
        folder.event(step=1, loss=float("nan"))
        folder.progress(1, 1, "adding")
        return {"sum": sum(folder.settings["numbers"])}
    if do == "mistake":
        raise BadData("The file x.json is empty.", "Give another file.")
    if do == "crash":
        raise ZeroDivisionError("division by zero")
    if do == "exit":
        os._exit(9)
    if do == "unwritable":
        return {"array": object()}
    if do == "leave":
        raise SystemExit(3)
    for step in range(10_000):
        if do == "count":
            folder.check_stop()
        folder.progress(step, 10_000, "counting")
        time.sleep(0.02)
    return {}

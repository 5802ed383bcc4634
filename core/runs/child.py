"""The process of a run: `python -m core.runs.child RUN_DIR` imports the job's module, runs it, writes the marker.

Imports the standard library alone until the job's module is loaded.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from core.errors import StudioError
from core.runs.folder import HEARTBEAT_SECONDS, RunFolder, RunStopped, environment, write_json_atomic


def run(path: Path) -> int:
    """Run the job of a folder to its marker; the exit status is 0 for DONE and STOPPED, 1 for FAILED."""
    folder = RunFolder(path)
    (path / "control").mkdir(exist_ok=True)
    write_json_atomic(path / "environment.json", environment())

    def on_signal(number: int, frame: FrameType | None) -> None:
        if folder.stop_requested() and number == signal.SIGINT:
            raise KeyboardInterrupt
        folder.request_stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(folder, ended), daemon=True)
    folder.heartbeat()
    beat.start()
    status = _ending(folder)
    ended.set()
    beat.join()
    folder.finish(*status)
    return 1 if status[0] == "FAILED" else 0


def _beat(folder: RunFolder, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT_SECONDS):
        try:
            folder.heartbeat()
        except OSError as error:  # a disk that is full for a while; the next beat may get through
            print(f"The heartbeat could not be written: {error}", file=sys.stderr, flush=True)


def _ending(folder: RunFolder) -> tuple[str, dict[str, Any]]:
    try:
        result = importlib.import_module(folder.module).run_job(folder)
        json.dumps(result)  # what cannot be written into the marker is the job's failure, not a run without an end
    except RunStopped:
        return "STOPPED", {}
    except KeyboardInterrupt:
        return "STOPPED", {"killed": True}
    except StudioError as error:
        print(f"{error.problem}\n{error.fix}", file=sys.stderr, flush=True)
        return "FAILED", {"error": type(error).__name__, "problem": error.problem, "fix": error.fix}
    except MemoryError:
        traceback.print_exc()
        return "FAILED", {
            "error": "MemoryError",
            "problem": "The run needed more memory than there is.",
            "fix": "Use a smaller --limit, fewer tokens per step, or a machine with more memory.",
        }
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the last line of defence: every ending must leave its marker
        traceback.print_exc()
        return "FAILED", {
            "error": type(error).__name__,
            "problem": f"The run failed unexpectedly: {type(error).__name__}: {error}"[:2000],
            "fix": f"Read {folder.path / 'log.txt'}; resume the run when the cause is mended.",
        }
    return "DONE", {"result": result}


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]).resolve()))

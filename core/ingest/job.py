"""An ingest as a run: what the page launches, so that it outlives the page.

A stop is seen between chunks; what was written stays, and resuming the run goes on from there.
"""

from __future__ import annotations

from typing import Any

from core.ingest.load import ingest
from core.ingest.settings import IngestSettings
from core.runs import RunFolder
from core.workspace import Workspace


def run_job(folder: RunFolder) -> dict[str, Any]:
    """Settings are those of IngestSettings; the result is the report."""

    def progress(done: int, total: int | None, note: str) -> None:
        folder.check_stop()
        folder.progress(done, total, note)

    workspace = Workspace.open(folder.path.parent.parent)
    return ingest(workspace, IngestSettings.model_validate(folder.settings), progress).to_json()

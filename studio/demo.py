"""The sample workspace of `winnow demo`: ingest the sample data, keep its evaluation split, prepare. Made once, then reused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.progress import Progress
from core.workspace import Workspace

_LICENCE = "Apache-2.0 (generated); photographs public domain or CC0"


def build(path: Path, progress: Progress) -> dict[str, Any]:
    """Make the sample workspace, or finish one that was begun; a complete one is left as it is."""
    from core.evaluate.questions import install
    from core.evidence.prepare import prepare
    from core.ingest import IngestSettings, ingest
    from sample_data import EVAL_PATH, POOL_DIR

    workspace = Workspace.open_or_create(path)
    settings = IngestSettings(paths=(POOL_DIR / "train",), image_root=POOL_DIR, licence=_LICENCE, revision="1")
    report = ingest(workspace, settings, progress)
    install(workspace.path, EVAL_PATH, POOL_DIR)
    prepared = prepare(workspace, progress)
    return {"workspace": str(path), "ingest": report.to_json(), "prepare": prepared.to_json()}

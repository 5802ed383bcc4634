"""A push as a run, so that it outlives the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import runs
from core.runs import Run, RunFolder
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.mixture.push import Hub

KIND = "push"


def start_push(workspace: Workspace, folder: Path, name: str, *, private: bool = True, accepted: bool = False) -> Run:
    """Start a detached push of an export; a wrong name or folder, no token and no network are told before anything starts."""
    from core.mixture.hub import HuggingFaceHub
    from core.mixture.push import planned

    plan = planned(folder, name, private=private)
    HuggingFaceHub()
    settings = {"folder": str(plan.folder), "name": plan.name, "private": private, "accepted": accepted}
    return runs.launch(workspace.path, KIND, __name__, settings)


def run_job(folder: RunFolder, hub: Hub | None = None) -> dict[str, Any]:
    """Push; the result is what `winnow push --json` prints."""
    from core.mixture.hub import HuggingFaceHub
    from core.mixture.push import planned, push

    settings = folder.settings

    def progress(done: int, total: int | None, note: str) -> None:
        folder.check_stop()
        folder.progress(done, total, note)

    plan = planned(Path(settings["folder"]), settings["name"], private=settings["private"])
    return push(plan, hub or HuggingFaceHub(), accepted=settings["accepted"], progress=progress).as_json()

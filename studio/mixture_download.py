"""The route that gives a finished export as one zip, made while it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response, StreamingResponse

from core import runs
from core.errors import StudioError
from core.mixture.export_job import KIND, archive

if TYPE_CHECKING:
    from starlette.requests import Request


def download(request: Request) -> Response:
    """`/api/exports/<run id>.zip`: the folder of a finished export run of any workspace that is served."""
    from studio.server import workspaces

    run_id = request.path_params["run_id"]
    try:
        for workspace in workspaces():
            if not (workspace.runs_dir / run_id).is_dir():
                continue
            run = runs.find(workspace.path, run_id)
            folder = Path(str(run.result.get("path", "")))
            if run.kind == KIND and run.state == "done" and run.result.get("path") and folder.is_dir():
                headers = {
                    "Content-Disposition": f"attachment; filename*=UTF-8''{_quoted(folder.name)}.zip",
                    "Content-Encoding": "identity",
                    "Cache-Control": "no-store",
                    "X-Content-Type-Options": "nosniff",
                }
                return StreamingResponse(archive(folder), media_type="application/zip", headers=headers)
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    return _unknown(f"There is no finished export {run_id}.", "Export again on Mixture.")


def _unknown(problem: str, fix: str) -> Response:
    return JSONResponse({"problem": problem, "fix": fix}, status_code=404, headers={"Cache-Control": "no-store"})


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")

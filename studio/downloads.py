"""The routes that give files to take away: the samples on screen as CSV, a finished export as one zip, both made while sent.

A plain link to a route, not a download button of Streamlit's: such a button's file belongs to one run of the page, and a click
that meets the next run finds nothing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.responses import JSONResponse, Response, StreamingResponse

from core import runs
from core.errors import StudioError
from core.mixture.export_job import KIND, archive
from core.store.ids import digest_of
from studio import session

if TYPE_CHECKING:
    from starlette.requests import Request

    from core.filters import Filter
    from core.lens import Lens
    from core.workspace import Workspace


def export_url(run_id: str) -> str:
    """Where a finished export is given as one zip."""
    return f"/api/exports/{run_id}.zip"


def export_zip(request: Request) -> Response:
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
                return _sent(archive(folder), f"{folder.name}.zip", "application/zip")
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    return _unknown(f"There is no finished export {run_id}.", "Export again on Mixture.")


def view_url(workspace: Workspace, chosen: Filter) -> str:
    """Where the samples a filter lets through are given as CSV; the filter is written as in the address of a page."""
    return f"/api/view/{_key(workspace)}.csv?{urlencode(session.filter_to_query(chosen), doseq=True)}"


def view_csv(request: Request) -> Response:
    """`/api/view/<workspace>.csv?<filter>`: sample ids as 16 hex digits, scores from 0 to 5, empty where missing; UTF-8."""
    from studio import cached  # with DuckDB behind it: late, so that the server answers sooner
    from studio.server import workspaces

    key = request.path_params["workspace"]
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    try:
        found = [workspace for workspace in workspaces() if _key(workspace) == key]
        if not found:
            return _unknown("The server has no such workspace open.", "Open the workspace on Overview again.")
        parts = csv_parts(cached.lens_of(found[0]), session.filter_from_query(query))
        first = next(parts)  # a condition that cannot be used shows here, before anything was sent
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    return _sent(chain([first], parts), "winnow-view.csv", "text/csv; charset=utf-8")


def csv_parts(lens: Lens, chosen: Filter) -> Iterator[bytes]:
    """The samples a filter lets through as CSV, in pieces that together are the file: a header, then rows in ingest order."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    for number, batch in enumerate(lens.stream("view_as_rows", chosen)):
        piece = io.BytesIO()
        pa_csv.write_csv(pa.Table.from_batches([batch]), piece, pa_csv.WriteOptions(include_header=number == 0))
        yield piece.getvalue()


def report_url(workspace: Workspace, selection_id: str, against: str = "") -> str:
    """Where the report of a saved selection, or of two beside each other, is given as one HTML file."""
    query = {"selection": selection_id, **({"against": against} if against else {})}
    return f"/api/report/{_key(workspace)}.html?{urlencode(query)}"


def report_file(request: Request) -> Response:
    """`/api/report/<workspace>.html?selection=<id>[&against=<id>]`: a selection, or two beside each other, as one HTML file."""
    from core.select import saved
    from studio import cached
    from studio.reports import report_html
    from studio.server import workspaces

    key, wanted = request.path_params["workspace"], request.query_params
    try:
        found = [workspace for workspace in workspaces() if _key(workspace) == key]
        if not found:
            return _unknown("The server has no such workspace open.", "Open the workspace on Overview again.")
        names = [wanted.get("selection", ""), *([wanted["against"]] if "against" in wanted else [])]
        entries = [saved.find(found[0], name) for name in names[:2]]
        text = report_html(cached.lens_of(found[0]), *entries)
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    name = "-".join(re.sub(r"[^\w.-]+", "-", one.name).strip("-") or one.selection_id for one in entries)
    return _sent(iter([text.encode("utf-8")]), f"winnow-{name}.html", "text/html; charset=utf-8")


def _key(workspace: Workspace) -> str:
    """Names a workspace of this process in an address without telling where it lies."""
    return digest_of(str(workspace.path))


def _sent(parts: Iterator[bytes], name: str, media_type: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Encoding": "identity",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(parts, media_type=media_type, headers=headers)


def _unknown(problem: str, fix: str) -> Response:
    return JSONResponse({"problem": problem, "fix": fix}, status_code=404, headers={"Cache-Control": "no-store"})

"""`winnow report`: a saved selection, or two beside each other, as one read-only HTML file to send to a colleague."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import BadInput
from studio.terminal import perform


def add_to(app: typer.Typer) -> None:
    """Give the command its verb."""
    app.command(name="report")(report)


def report(
    ws: Annotated[Path, typer.Argument(metavar="WS", help="Folder of the workspace.")],
    selection: Annotated[str, typer.Option(metavar="NAME", help="A saved selection, by name or id.")],
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The file to write.")],
    against: Annotated[
        str, typer.Option(metavar="NAME", help="Another saved selection, for a report of both beside each other.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; everything else goes to stderr.")
    ] = False,
) -> None:
    """Write a report of a saved selection, or a comparison of two, as one HTML file."""

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        from core.lens import Lens
        from core.select import saved
        from core.workspace import Workspace
        from studio.reports import report_html

        if out.is_dir():
            raise BadInput(f"{out} is a folder.", "Give a file name such as report.html.")
        workspace = Workspace.open(ws)
        first = saved.find(workspace, selection)
        second = saved.find(workspace, against) if against else None
        text = report_html(Lens(workspace), first, second)
        out.write_text(text, encoding="utf-8")
        return {
            "file": str(out),
            "num_bytes": len(text.encode()),
            "selection": first.selection_id,
            "against": second.selection_id if second is not None else None,
        }, lambda done: [f"Written to {done['file']}, {done['num_bytes'] / 1e6:.1f} MB; it needs no other file."]

    perform(as_json, act)

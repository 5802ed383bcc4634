"""`winnow verify`: an export against its manifest, at any later time and place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from studio.terminal import PROBLEMS_FOUND, bar, perform

_MOST_LINES = 20


def add_to(app: typer.Typer) -> None:
    """Give the command its verb."""
    app.command(name="verify")(verify)


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of an export.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; everything else goes to stderr.")
    ] = False,
) -> None:
    """Check an export against its manifest: every file, the ids, the rows (exit status 1 when something differs)."""
    sound: list[bool] = []

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        from core.mixture.verify import verify as check

        with bar("verifying") as progress:
            found = check(folder, progress)
        sound.append(found.ok)
        return found.as_json(), _lines

    perform(as_json, act)
    if sound == [False]:
        raise typer.Exit(PROBLEMS_FOUND)


def _lines(done: dict[str, Any]) -> list[str]:
    if done["ok"]:
        return [
            f"{done['num_files']:,} files ({done['num_bytes'] / 1e6:,.1f} MB) and {done['num_rows']:,} rows are as the "
            "manifest says."
        ]
    found = done["differences"]
    more = [f"and {len(found) - _MOST_LINES:,} more (--json lists them all)"] if len(found) > _MOST_LINES else []
    return [
        f"{len(found):,} difference{'s' if len(found) > 1 else ''}:",
        *(f"  {one['what']}: {one['says']}" for one in found[:_MOST_LINES]),
        *more,
    ]

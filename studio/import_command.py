"""`winnow import-evidence`: what other tools said about the samples of a workspace, joined by their ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import BadInput
from studio.terminal import bar, perform

FORMATS = ("mmssr", "numbers", "index-list")


def add_to(app: typer.Typer) -> None:
    """Give the command its verb."""
    app.command(name="import-evidence")(import_evidence)


def import_evidence(
    ws: Annotated[Path, typer.Argument(metavar="WS", help="Folder of the workspace.")],
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="The folder with the reply files (mmssr), or the file of numbers or ids."),
    ],
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="mmssr|numbers|index-list",
            help="mmssr: replies of its scorers. numbers: CSV, TSV, JSONL, JSON or Parquet with a column id or sample_id; "
            "every number column becomes one here. index-list: ids in order (text, .npy, or a selection's Parquet).",
        ),
    ] = "mmssr",
    source: Annotated[str | None, typer.Option(metavar="NAME", help="The source this is about.")] = None,
    name: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="The column an index list becomes (default imported), or a file with one nameless number per id.",
        ),
    ] = "",
    by: Annotated[
        str,
        typer.Option(
            metavar="id|sample_id|row", help="What the entries of an index list are; row numbers must be told as such."
        ),
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; everything else goes to stderr.")
    ] = False,
) -> None:
    """Take scores, styles and numbers that were made elsewhere, joined by id."""

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        from studio.verbs import import_from

        with bar("importing") as progress:
            done = import_from(ws, path, format_, source, name, by, progress)
        return done, _lines

    perform(as_json, act)


def known_format(text: str) -> str:
    """One of FORMATS; BadInput for anything else."""
    if text not in FORMATS:
        raise BadInput(f"There is no evidence format {text!r}.", f"The known ones are: {', '.join(FORMATS)}.")
    return text


def _lines(done: dict[str, Any]) -> list[str]:
    return [
        f"{done['imported']:,} values imported for {done['samples']:,} samples.",
        *(f"  {count:>7,} in column {column}" for column, count in done.get("columns", {}).items()),
        *(
            line
            for reason, count in done["rejected"].items()
            for line in _rejected(reason, count, done.get("examples", {}).get(reason, []))
        ),
        *(f"  column {column} not taken: {why}" for column, why in done.get("ignored_columns", {}).items()),
    ]


def _rejected(reason: str, count: int, examples: list[dict[str, str]]) -> list[str]:
    """How many were not taken for a reason, the first few with their places and values, and what to do about them."""
    from core.evidence.set_aside import Example
    from core.ingest.reasons import REASONS

    told = [f"{'':>10}{Example(**one).words()}" for one in examples]
    more = [f"{'':>10}and {count - len(told):,} more"] if told and count > len(told) else []
    known = REASONS.get(reason)
    return [
        f"  {count:>7,} rejected: {reason}{f'. {known.says} {known.fix}' if known else ''}",
        *told,
        *more,
    ]

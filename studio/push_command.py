"""`winnow push`: a finished export onto the Hugging Face Hub, or the list of what would be sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import BadInput
from core.progress import Progress
from studio.terminal import bar, perform

Act = tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]
PublicOption = Annotated[
    bool, typer.Option("--public/--private", help="Whether everybody may see the repository; private unless said.")
]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Push also what has no licence, or one that seems to forbid passing it on.")
]


def add_to(app: typer.Typer) -> None:
    """Give the command its verb."""
    app.command(name="push")(push)


def push(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of an export.")],
    name: Annotated[
        str, typer.Argument(metavar="ORG/NAME", help="The data set repository; made when it is not there.")
    ],
    public: PublicOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be sent; no network.")] = False,
    yes: YesOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; everything else goes to stderr.")
    ] = False,
) -> None:
    """Put an export onto the Hugging Face Hub, with its card; the token comes from HF_TOKEN or `hf auth login`."""

    def act() -> Act:
        with bar("pushing") as progress:
            return pushed(folder, name, public=public, dry_run=dry_run, yes=yes, progress=progress)

    perform(as_json, act)


def pushed(
    folder: Path, name: str, *, public: bool, dry_run: bool, yes: bool, progress: Progress, checked: bool = False
) -> Act:
    """Push, or with `dry_run` list: the result, and how it is said."""
    from core.mixture.hub import HuggingFaceHub
    from core.mixture.push import as_list, planned
    from core.mixture.push import push as send

    plan = planned(folder, name, private=not public)
    if dry_run:
        lines = as_list(plan)
        return {**plan.as_json(), "dry_run": True}, lambda r: list(lines)
    done = send(plan, HuggingFaceHub(), accepted=yes, progress=progress, checked=checked)
    return done.as_json(), push_lines


def ready(name: str, images: str, *, dry_run: bool) -> None:
    """Say before an export what would hinder the push after it."""
    from core.mixture.hub import HuggingFaceHub
    from core.mixture.push import repository_name

    repository_name(name)
    if images == "reference":
        raise BadInput("Images that stay where they are cannot be pushed.", "Use --images copy.")
    if not dry_run:
        HuggingFaceHub()


def push_lines(done: dict[str, Any]) -> list[str]:
    """What a person reads after a push."""
    kind = "private" if done["private"] else "public"
    there = f"; {done['num_there']:,} were there already" if done["num_there"] else ""
    return [
        f"{done['num_sent']:,} files sent to {done['address']} ({kind}) as {done['account']}{there}.",
        *(f"  {note}" for note in done["notes"]),
    ]

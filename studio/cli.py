"""The `winnow` command: every step of the path without the screen.

Heavy modules are imported inside the verbs, so that `winnow --help` answers at once. Results go to stdout (one JSON object
with --json), progress and messages to stderr; a user's mistake is exit status 2 and two lines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import BadInput
from studio import import_command, push_command, recipe_command, report_command, select_command, verify_command
from studio.terminal import (
    INTERRUPTED,
    INTERRUPTS,
    PROBLEMS_FOUND,
    USER_MISTAKE,
    bar,
    checked,
    failures,
    give,
    ingest_lines,
    perform,
    report,
    say,
)

app = typer.Typer(
    name="winnow",
    help="Decide what a vision-language model learns from: browse, score, select, mix, train, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

EXPORT_TARGETS = (
    "llava", "llava-next", "llamafactory", "ms-swift", "trl", "axolotl", "hf", "finevision", "webdataset", "energon", "uids",
    "winnow",
)  # fmt: skip
"""Those of core.mixture.export, which is too heavy to load for a help text."""

WorkspaceArgument = Annotated[Path, typer.Argument(metavar="WS", help="Folder of the workspace.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object; everything else goes to stderr.")]
HostOption = Annotated[str, typer.Option(help="Address to listen on; anything but this machine needs care.")]
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


def _open(path: Path) -> Any:
    from core.workspace import Workspace

    return Workspace.open(path)


@app.command()
def demo(
    workspace: Annotated[Path, typer.Option(help="Where the sample workspace is made.")] = Path("~/.winnow/demo"),
    host: HostOption = "127.0.0.1",
    port: PortOption = 8501,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    build_only: Annotated[bool, typer.Option("--build-only", help="Make the workspace and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace of the sample data (once) and open the studio on it."""
    from studio.demo import build

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        folder = workspace.expanduser()
        with bar("building the sample workspace") as progress:
            built = build(folder, progress)
        if not build_only:
            _serve(folder, host, port, no_browser, built if as_json else None)
            return {}, lambda r: []
        return built, lambda r: [f"The sample workspace is in {r['workspace']}."]

    perform(as_json, act)


@app.command(name="open")
def open_workspace(
    ws: WorkspaceArgument,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8501,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the studio on a workspace."""

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        folder = _open(ws).path
        _serve(folder, host, port, no_browser, {"workspace": str(folder)} if as_json else None)
        return {}, lambda r: []

    perform(as_json, act)


def _serve(workspace: Path, host: str, port: int, no_browser: bool, result: dict[str, Any] | None) -> None:
    """Serve until interrupted; `result` goes to stdout as JSON, with the address, as soon as there is one."""
    from studio.server import serve

    def started(address: str) -> None:
        say(f"Winnow is at {address} (Ctrl-C ends it; runs go on).")
        if result is not None:
            give({**result, "address": address}, True, lambda r: [])
        if not no_browser:
            typer.launch(address)

    serve(workspace, host, port, on_start=started)


@app.command()
def ingest(
    ws: WorkspaceArgument,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A LLaVA JSON or JSONL file, or a folder of them.")],
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the source; default: the file's stem.")
    ] = None,
    source_from: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Take the source's name from this field of each row.")
    ] = None,
    image_root: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder image paths are relative to.")] = None,
    images: Annotated[
        str, typer.Option(metavar="copy|reference", help="Copy image bytes into the workspace, or keep path and hash.")
    ] = "copy",
    update: Annotated[bool, typer.Option("--update", help="Replace known samples whose content changed.")] = False,
    licence: Annotated[str | None, typer.Option(metavar="L", help="Licence of the source.")] = None,
    revision: Annotated[str | None, typer.Option(metavar="R", help="Revision of the source.")] = None,
    category: Annotated[str | None, typer.Option(metavar="C", help="Category of the source.")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Read at most N records a file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read LLaVA data into a workspace (made when it does not exist)."""
    from core.ingest import IngestSettings, preview
    from core.ingest import ingest as read
    from core.workspace import Workspace

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        settings = checked(
            IngestSettings, paths=(path,), source=source, source_from=source_from, image_root=image_root, images=images, update=update,
            licence=licence, revision=revision, category=category, limit=limit, dry_run=dry_run,
        )  # fmt: skip
        with bar("reading") as progress:
            if not ws.expanduser().exists():
                preview(settings, num_records=1)  # a mistaken path leaves no empty workspace behind
            untouched = dry_run and not ws.expanduser().exists()  # a dry run makes no workspace
            done = read(None if untouched else Workspace.open_or_create(ws), settings, progress).to_json()
        return done, ingest_lines

    perform(as_json, act)


@app.command()
def prepare(
    ws: WorkspaceArgument,
    embedding: Annotated[
        str, typer.Option(metavar="descriptors|open_clip", help="What clusters and maps stand on.")
    ] = "descriptors",
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="open_clip architecture, or a model config.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="TAG|FILE", help="open_clip weights: a tag in the hub cache, or a checkpoint.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make scores, tags, embedding and map with the offline defaults; only what is missing."""
    from core.evidence.open_clip_embedding import OpenClipSettings
    from core.evidence.prepare import PrepareSettings
    from core.evidence.prepare import prepare as make

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        settings = checked(
            PrepareSettings, embedding=embedding, open_clip=checked(OpenClipSettings, model=model, weights=weights)
        )
        with bar("preparing") as progress:
            done = make(_open(ws), progress, settings).to_json()
        return done, lambda r: [
            f"{step['step']:<18} {step['done']:>9,} made{failures(step['failed'])} {step['seconds']:>7.1f} s"
            for step in r["steps"]
        ]

    perform(as_json, act)


import_command.add_to(app)


select_command.add_to(app)


@app.command()
def export(
    ws: WorkspaceArgument,
    to: Annotated[str, typer.Option(metavar="TARGET", help=f"One of {', '.join(EXPORT_TARGETS)}.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new or empty folder.")],
    selection: Annotated[
        Path | None, typer.Option(metavar="FILE|NAME", help="A selection written with --out, or saved with --name.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="A recipe.")] = None,
    images: Annotated[str, typer.Option(metavar="copy|link|reference", help="How images get there.")] = "copy",
    shard_mb: Annotated[
        int, typer.Option("--shard-mb", metavar="MB", min=1, help="About how large a tar or Parquet shard gets.")
    ] = 512,
    resume: Annotated[
        bool, typer.Option("--resume", help="DIR may hold this very export: it is verified, and mended where damaged.")
    ] = False,
    accept_newer: recipe_command.NewerOption = False,
    push: Annotated[str, typer.Option("--push", metavar="ORG/NAME", help="Then push it to the Hugging Face Hub.")] = "",
    public: push_command.PublicOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --push: list what would be sent, no network.")
    ] = False,
    yes: push_command.YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a selection or a recipe's mixture as data a trainer loads."""
    from studio.verbs import export_lines, export_mixture

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        if push:
            push_command.ready(push, images, dry_run=dry_run)
        with bar("exporting") as progress:
            done = export_mixture(
                _open(ws), to, out, selection, recipe, images, progress, shard_mb << 20, resume, accept_newer
            )
            if push:
                sent, lines = push_command.pushed(
                    out, push, public=public, dry_run=dry_run, yes=yes, progress=progress, checked=True
                )
                return {**done, "push": sent}, lambda r: [*export_lines(r, out), *lines(r["push"])]
        return done, lambda r: export_lines(r, out)

    perform(as_json, act)


@app.command()
def train(
    ws: WorkspaceArgument,
    recipe: Annotated[Path, typer.Option(metavar="FILE.yaml", help="The recipe to train on.")],
    preset: Annotated[str, typer.Option(metavar="tiny", help="Model preset in place of the recipe's own.")] = "",
    detach: Annotated[bool, typer.Option("--detach", help="Start the run and come back at once.")] = False,
    export_dir: Annotated[
        Path | None, typer.Option("--export", metavar="DIR", help="Train on this export of target winnow.")
    ] = None,
    accept_newer: recipe_command.NewerOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train the recipe's stages one after another; the run is a process of its own."""
    from studio.verbs import train_recipe

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        with bar("exporting") as progress:
            done = train_recipe(_open(ws), recipe, preset, detach, export_dir, progress, accept_newer)
        return done, lambda r: [f"Run {r['run_id']}: {r['state']}.", f"Folder: {r['run_dir']}"]

    perform(as_json, act)


@app.command()
def evaluate(
    ws: WorkspaceArgument,
    model: Annotated[Path, typer.Option(metavar="DIR", help="A checkpoint folder.")],
    data: Annotated[
        Path | None, typer.Option(metavar="EVAL.jsonl", help="Questions; default: the workspace's own split.")
    ] = None,
    image_root: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder image paths are relative to.")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Ask at most N questions.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a model held-out questions by generation; every figure with its interval."""
    from studio.verbs import evaluate_model

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        with bar("asking") as progress:
            done = evaluate_model(_open(ws), model, data, image_root, limit, progress)
        return done, lambda r: [f"{r['num_questions']:,} questions"] + [
            f"  {key:<24} {100 * m['value']:5.1f} %  ({100 * m['low']:.1f} to {100 * m['high']:.1f})" for key, m in r["metrics"].items()
        ]  # fmt: skip

    perform(as_json, act)


@app.command(name="runs")
def show_runs(
    ws: WorkspaceArgument,
    action: Annotated[str, typer.Argument(metavar="list|show|stop|resume", help="What to do.")] = "list",
    run_id: Annotated[str, typer.Argument(metavar="ID", help="Which run.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List runs, show one, stop one, resume one."""
    from studio.verbs import run_action

    perform(as_json, lambda: (run_action(_open(ws), action, run_id), lambda r: r["lines"]))


@app.command()
def check(
    ws: WorkspaceArgument,
    full: Annotated[bool, typer.Option("--full", help="Read every byte instead of a spread of them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Verify the integrity of a workspace and say how to mend what is found (exit status 1 when something is)."""
    from core.check import check as verify

    sound: list[bool] = []

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        found = verify(_open(ws), full=full).to_json()
        sound.append(found["ok"])
        return found, lambda r: ["No problem found."] if r["ok"] else [
            line for p in r["problems"] for line in (f"{p['count']:,} x {p['code']}", f"  {p['fix']}")
        ]  # fmt: skip

    perform(as_json, act)
    if sound == [False]:
        raise typer.Exit(PROBLEMS_FOUND)


recipe_command.add_to(app)
report_command.add_to(app)
verify_command.add_to(app)
push_command.add_to(app)

# typer carries a click of its own and shows only BadParameter of its exceptions; the base is every usage error.
UsageError: Any = typer.BadParameter.__bases__[0]


def main() -> None:
    """Entry point: usage errors in two lines, Ctrl-C without a traceback."""
    INTERRUPTS.heed()
    try:
        status = app(prog_name="winnow", standalone_mode=False)
    except UsageError as error:
        status = USER_MISTAKE
        problem = error.format_message()
        if problem.startswith("Usage:"):  # no argument at all: the help is the message
            say(problem)
        else:
            verb = error.ctx.command_path if error.ctx else "winnow"
            problem = problem if problem.endswith((".", "?")) else f"{problem}."
            report(BadInput(problem, f"Run `{verb} --help` for what it takes."), "--json" in sys.argv)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:  # who read stdout has gone; what is still buffered for it must not fail again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    if status == INTERRUPTED:  # typer itself gives this status for most Ctrl-Cs, without a word
        say("Interrupted.\nFinished work is kept; run the same command again to go on.")
    sys.exit(status or 0)


if __name__ == "__main__":
    main()

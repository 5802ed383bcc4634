"""What the verbs of the command line do where it takes more than one call into core: export, train, evaluate, runs.

Each gives the JSON-able result of formats.md's `--json` keys; nothing here prints.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from core import runs
from core.errors import BadInput, RunFailed
from core.progress import Progress
from core.workspace import Workspace
from studio.import_command import known_format
from studio.terminal import say


def import_from(
    workspace: Path, path: Path, format_: str, source: str | None, name: str, by: str, progress: Progress
) -> dict[str, Any]:
    """`winnow import-evidence`: the importer of the format, with the options that mean something to it."""
    from core.evidence.imports import import_mmssr
    from core.evidence.imports_lists import NAME, import_index_list
    from core.evidence.imports_numbers import import_numbers

    known_format(format_)
    if by not in ("", "id", "sample_id", "row"):
        raise BadInput(f"Entries cannot be found by {by!r}.", "Use one of: id, sample_id, row.")
    if by and format_ != "index-list":
        raise BadInput(f"--by says nothing to the format {format_}.", "Leave it out: the columns say what they are.")
    if name and format_ == "mmssr":
        raise BadInput("--name says nothing to the format mmssr.", "Leave it out: the files say what they are about.")
    opened = Workspace.open(workspace)
    if format_ == "mmssr":
        return import_mmssr(opened, path, source=source, progress=progress).to_json()
    if format_ == "numbers":
        return import_numbers(opened, path, source=source, name=name, progress=progress).to_json()
    found_by: Any = by or None
    return import_index_list(opened, path, name=name or NAME, source=source, by=found_by, progress=progress).to_json()


def run_action(workspace: Workspace, action: str, run_id: str) -> dict[str, Any]:
    """`winnow runs`: list, show, stop or resume."""
    if action == "list":
        entries = [describe_run(run) for run in runs.list_runs(workspace.path)]
        lines = [f"{entry['run_id']}  {entry['state']:<8} {entry['note']}" for entry in entries]
        return {"runs": entries, "lines": lines or ["No run yet."]}
    if action not in ("show", "stop", "resume"):
        raise BadInput(f"{action!r} is nothing that can be done with runs.", "Use list, show, stop or resume.")
    if not run_id:
        raise BadInput(f"`runs {action}` needs the id of a run.", "List the runs with `winnow runs WS list`.")
    run = runs.find(workspace.path, run_id)
    if action == "stop":
        run = runs.stop(run)
    elif action == "resume":
        run = runs.resume(run)
    entry = describe_run(run)
    lines = [f"{entry['run_id']}: {entry['state']}, {entry['note']}"]
    lines += [f"{run.problem}\n{run.fix}"] if run.problem else []
    lines += [run.log_tail(20)] if action == "show" else []
    return {**entry, "lines": lines}


def describe_run(run: runs.Run) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "run_id": run.run_id,
        "run_dir": str(run.path),
        "kind": run.kind,
        "state": run.state,
        "done": run.done,
        "total": run.total,
        "note": run.note,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "problem": run.problem,
        "fix": run.fix,
        "result": run.result,
    }


def export_mixture(
    workspace: Workspace,
    target: str,
    out: Path,
    selection: Path | None,
    recipe: Path | None,
    images: str,
    progress: Progress,
    shard_bytes: int,
    resume: bool = False,
    accept_newer: bool = False,
) -> dict[str, Any]:
    """`winnow export`: a recipe's mixture, or one selection as a mixture of one stage."""
    from core.lens import Lens
    from core.mixture.export import export, image_mode
    from core.mixture.mixture import recipe_for_file, resolve
    from core.mixture.newer import resolve_newer
    from core.mixture.recipe import load_recipe
    from core.mixture.targets import target_of
    from core.select import saved

    target_of(target), image_mode(images)  # a mistaken word is said before any work
    if (selection is None) == (recipe is None):
        raise BadInput(
            "Either a selection or a recipe is exported.", "Give one of --selection FILE and --recipe FILE.yaml."
        )
    lens = Lens(workspace)
    if recipe is not None:
        mixture = (resolve_newer if accept_newer else resolve)(load_recipe(recipe), lens, recipe.parent)
    else:
        assert selection is not None
        file, digest = selection, ""
        if not selection.is_file():
            entry = saved.find(workspace, str(selection))
            file, digest = workspace.path / entry.path, entry.sha256
        mixture = resolve(recipe_for_file(file, digest=digest), lens, file.parent)
    report = export(mixture, lens, target, out, images, progress, resume=resume, shard_bytes=shard_bytes)
    since = {} if mixture.moved is None else {"since_recipe": mixture.moved.as_dict()}
    return {**report.as_json(), **since}


def export_lines(done: dict[str, Any], out: Path) -> list[str]:
    """What a person reads after an export."""
    from core.mixture.gather import REASONS

    already = "already " if done["already"] else ""
    mended = done["mended"]
    written = [f"  Written anew, since damaged or gone: {', '.join(mended[:5])}{', ...' if len(mended) > 5 else ''}"]
    return [
        f"{done['num_rows']:,} rows of {done['num_samples']:,} different samples, with {done['num_images']:,} images, "
        f"{already}exported to {out}.",
        *(written if mended else []),
        *(f"  {count:>7,} left out: {REASONS.get(reason, reason)}" for reason, count in done["dropped"].items()),
        *(f"  {note}" for note in done["notes"]),
    ]


def train_recipe(
    workspace: Workspace,
    recipe: Path,
    preset: str,
    detach: bool,
    export_dir: Path | None,
    progress: Progress,
    accept_newer: bool = False,
) -> dict[str, Any]:
    """`winnow train`: start a run; wait for it unless told otherwise."""
    from core.mixture.recipe import load_recipe
    from core.train.start import start_training

    run = start_training(
        workspace, load_recipe(recipe), recipe_folder=recipe.parent, preset=preset, export_dir=export_dir,
        accept_newer=accept_newer,
    )  # fmt: skip
    if not detach:
        run = follow(run, progress)
    return {
        "run_id": run.run_id,
        "run_dir": str(run.path),
        "model_dir": run.result.get("model_dir", str(run.path / "model")),
        "state": run.state,
        "stages": run.result.get("stages", []),
    }


def evaluate_model(
    workspace: Workspace, model: Path, data: Path | None, image_root: Path | None, limit: int | None, progress: Progress
) -> dict[str, Any]:
    """`winnow evaluate`: a run like any other, waited for, so that the app shows it too."""
    from core.evaluate.questions import own_split

    if not (model / "config.json").is_file():
        raise BadInput(
            f"{model} is not a model folder.",
            "Give a checkpoint folder, such as the model/ of a finished training run.",
        )
    if data is not None and not data.is_file():
        raise BadInput(f"There is no question file {data}.", "Give the path of a JSONL file with --data.")
    if data is None and own_split(workspace.path) is None:
        raise BadInput(
            "The workspace has no questions of its own.", "Give them with --data EVAL.jsonl --image-root DIR."
        )
    settings = {
        "model": str(model.resolve()),
        "data": str(data.resolve()) if data else "",
        "image_root": str(image_root.resolve()) if image_root else "",
        "workspace": str(workspace.path),
        "limit": limit or 0,
    }
    run = follow(runs.launch(workspace.path, "evaluate", "core.evaluate.main", settings), progress)
    return {**run.result, "run_id": run.run_id, "run_dir": str(run.path)}


def follow(run: runs.Run, progress: Progress) -> runs.Run:
    """Wait for a run, showing its progress; an interrupted wait leaves the run going and says how to stop it."""
    try:
        while (now := runs.load(run.path)).state == "running":
            progress(now.done, now.total, now.note)
            time.sleep(0.2)
    except KeyboardInterrupt:
        say(f"The run {run.run_id} goes on by itself; stop it with `winnow runs WS stop {run.run_id}`.")
        raise
    ended = runs.wait(now)
    if ended.state == "stopped":
        raise RunFailed(f"The run {run.run_id} was stopped.", f"Go on with `winnow runs WS resume {run.run_id}`.")
    return ended

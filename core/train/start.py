"""Starting a training run from a workspace: export the recipe's mixture into the run's own folder, then train there.

The run's process exports first and then becomes the training process (`exec`, so pid and start time stay), which reads nothing but
its folder. The same folder can be taken to another machine and started there with `python -m core.runs.child`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from core import runs
from core.errors import BadInput
from core.mixture.recipe import Recipe, load_recipe
from core.runs import Run, RunFolder
from core.runs.folder import write_json_atomic
from core.train.data import Export
from core.train.presets import TinySize, preset
from core.train.tokenizer import TOKENIZER_DIR, recall, remember, train_tokenizer
from core.workspace import Workspace

KIND = "train"
TRAINING = "core.train.main"
DATA_DIR = "data"
RECIPE_FILE = "recipe.yaml"


def start_training(
    workspace: Workspace,
    recipe: Recipe,
    *,
    recipe_folder: Path | None = None,
    preset: str = "",
    export_dir: Path | None = None,
    accept_newer: bool = False,
) -> Run:
    """Start a detached run of a recipe; `export_dir` is an export of target `winnow` to use in place of a new one.

    `recipe_folder` is what relative paths of selection files in the recipe start from; `accept_newer` goes on where sources of the
    recipe are gone or other ones, and the manifest of the data says what differs.
    """
    if export_dir is not None:
        recipe = _over_export(recipe, export_dir)
    settings: dict[str, Any] = {
        "workspace": str(workspace.path),
        "recipe_folder": str((recipe_folder or Path.cwd()).resolve()),
        "export_dir": str(export_dir.resolve()) if export_dir else None,
        "training": {"preset": preset} if preset else {},
        "accept_newer": accept_newer,
    }
    text = recipe.to_yaml()  # before there is a run that would have to be cleared away
    path = runs.create(workspace.path, KIND, __name__, settings)
    (path / RECIPE_FILE).write_text(text, encoding="utf-8")
    return runs.start(path)


def _over_export(recipe: Recipe, export_dir: Path) -> Recipe:
    """The recipe as it trains on an export that is there: the export's data, everything else (rates, resolutions, model) its own.

    BadInput when the export was made of other data or in another order.
    """
    if not (export_dir / "samples.parquet").is_file():
        raise BadInput(
            f"{export_dir} is not an export of target winnow.",
            "Make one with `winnow export WS --recipe FILE --to winnow --out DIR`.",
        )
    exported = load_recipe(export_dir / RECIPE_FILE)
    ours, theirs = _data_of(recipe), _data_of(exported)
    for name in ours:
        if ours[name] != theirs[name]:
            raise BadInput(
                f"The export {export_dir} was made with other {name} than the recipe {recipe.name!r} says.",
                "Export the recipe anew, or train without --export.",
            )
    update = {"snapshot": exported.snapshot, "sources": exported.sources, "selections": exported.selections}
    return recipe.model_copy(update=update)


def _data_of(recipe: Recipe) -> dict[str, Any]:
    """What decides the files of an export; hashes that freezing fills in left out, names of selection files too."""
    plain = recipe.as_dict()
    for entry in plain["selections"].values():
        if "file" in entry:
            entry.update(file=Path(entry["file"]).name, sha256="")
    return {
        "selections": plain["selections"],
        "stages": [(stage["name"], stage["parts"], stage["shuffle_seed"]) for stage in plain["stages"]],
    }


def run_job(folder: RunFolder) -> dict[str, Any]:
    """Fill data/, then become the training process; never returns."""
    data = folder.path / DATA_DIR
    recipe = folder.path / RECIPE_FILE
    if folder.settings["export_dir"]:
        _copy_export(Path(folder.settings["export_dir"]), data, folder)
        shutil.copyfile(recipe, data / RECIPE_FILE)
    else:
        _export(folder, data)
        shutil.copyfile(data / RECIPE_FILE, recipe)  # frozen, as it was exported
    folder.check_stop()
    workspace_path = Path(folder.settings["workspace"])
    settings = dict(folder.settings["training"])
    share_tokenizer(workspace_path, data, settings)
    job = json.loads((folder.path / "job.json").read_text(encoding="utf-8"))
    write_json_atomic(
        folder.path / "job.json", {**job, "module": TRAINING, "settings": settings, "started_from": job["settings"]}
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "core.runs.child", str(folder.path)])


def share_tokenizer(workspace_path: Path, data: Path, settings: dict[str, Any]) -> None:
    """Put the workspace's own tokenizer into data/, learning it on this mixture when it is the workspace's first one.

    Only for models without a language tower: those with one speak its tokenizer. A recipe that names a tokenizer keeps it.
    """
    model = load_recipe(data / RECIPE_FILE).model
    if (data / TOKENIZER_DIR).is_dir() or model.tokenizer or preset(settings.get("preset") or model.preset).language:
        return
    known = recall(workspace_path)
    if known is None:
        export = Export(data)
        texts = (text for row in range(len(export)) for _, text in export.turns(row))
        with tempfile.TemporaryDirectory(dir=workspace_path) as learnt:
            train_tokenizer(texts, TinySize().vocab_size).save_pretrained(learnt)
            known = remember(workspace_path, Path(learnt))
    partial = data / f".{TOKENIZER_DIR}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(known, partial)
    partial.replace(data / TOKENIZER_DIR)


def _export(folder: RunFolder, data: Path) -> None:
    """Export the run's recipe into data/; a complete export from before a stop is kept."""
    from core.lens import Lens
    from core.mixture.export import export
    from core.mixture.mixture import resolve
    from core.mixture.newer import resolve_newer

    if (data / "manifest.json").is_file():
        return
    lens = Lens(Workspace.open(Path(folder.settings["workspace"])))
    # runs that were started before there was a choice do not say
    found = resolve_newer if folder.settings.get("accept_newer", False) else resolve
    mixture = found(load_recipe(folder.path / RECIPE_FILE), lens, Path(folder.settings["recipe_folder"]))

    def progress(done: int, total: int | None, note: str) -> None:
        folder.check_stop()  # a stopped export leaves nothing, and the resumed run begins it again
        folder.progress(done, total, note)

    export(mixture, lens, "winnow", data, progress=progress)


def _copy_export(source: Path, data: Path, folder: RunFolder) -> None:
    """Copy a finished export into data/, which appears whole or not at all."""
    if (data / "samples.parquet").is_file():
        return
    folder.progress(0, None, "copying the export")
    partial = folder.path / f".{DATA_DIR}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    partial.replace(data)

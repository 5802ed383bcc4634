"""Recipes by what people call them: kept in a workspace under a name, a YAML file, or frozen in an export.

A recipe kept in the workspace is an act; what it was before stays in the list of acts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadData, BadInput
from core.mixture.manifest import MANIFEST_FILE
from core.mixture.recipe import Recipe, load_recipe, recipe_from_dict
from core.store.acts import Acts
from core.workspace import Workspace

KIND = "recipe"


@dataclass(frozen=True)
class Found:
    """A recipe, what it is called, and the folder from which relative paths of its selection files start.

    `manifest` is that of the export it was frozen in, empty for any other.
    """

    recipe: Recipe
    called: str
    folder: Path | None
    manifest: Mapping[str, Any]


def kept_recipes(workspace: Workspace) -> dict[str, Recipe]:
    """The recipes kept in the workspace by their id, the one kept last first."""
    found = Acts(workspace.acts_path).all(KIND)
    return {key: Recipe.model_validate(value) for key, value in reversed(found.items())}


def kept_at(workspace: Workspace, recipe_id: str) -> str:
    """When a recipe was last kept, as UTC in ISO 8601; "" when the acts do not know."""
    acts = Acts(workspace.acts_path).history(KIND, recipe_id)
    return acts[-1][0] if acts else ""


def find_recipe(text: str, workspace: Workspace | None = None) -> Found:
    """A recipe by a YAML file, an export's folder or its manifest, or, with a workspace, the name or id it is kept under.

    BadInput for what is none of these, with the names there are.
    """
    path = Path(text).expanduser()
    try:
        is_file, is_dir = path.is_file(), path.is_dir()
    except (OSError, ValueError):  # too long for a path, a NUL
        is_file = is_dir = False
    if is_dir or (is_file and path.name == MANIFEST_FILE):
        return recipe_of_export(path if is_dir else path.parent, workspace)
    if is_file:
        return Found(load_recipe(path), text, path.parent, {})
    kept = kept_recipes(workspace) if workspace is not None else {}
    for key, recipe in kept.items():
        if text in (key, recipe.name):
            assert workspace is not None, "it keeps the recipe"
            return Found(recipe, recipe.name, workspace.path, {})
    if workspace is None:
        raise BadInput(
            f"There is no recipe file or export {text!r}.",
            "Give a YAML file, an export's folder, or --workspace WS and the name of a recipe that is kept there.",
        )
    known = ", ".join(dict.fromkeys(recipe.name for recipe in kept.values())) or "none yet"
    raise BadInput(
        f"There is no recipe {text!r}, neither as a file or an export nor kept in {workspace.path}.",
        f"Give a YAML file, an export's folder, or one of those that are kept: {known}.",
    )


def recipe_of_export(folder: Path, workspace: Workspace | None = None) -> Found:
    """The recipe that an export was made of, as it was frozen; BadInput for a folder without a manifest, BadData for a broken one.

    An export of a saved selection names its file without the folder, which with a workspace is that of saved selections.
    """
    path = folder / MANIFEST_FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        raw = manifest["recipe"]
    except FileNotFoundError:
        raise BadInput(
            f"{folder} is not an export: it has no {MANIFEST_FILE}.",
            "Give the folder of an export, or a recipe's YAML file.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadData(
            f"{path} is not the manifest of an export ({type(error).__name__}: {error}).",
            "Give another export; `winnow verify` says what is wrong with this one.",
        ) from error
    if not isinstance(raw, Mapping):
        raise BadData(f"{path} holds no recipe.", "Give another export, or a recipe's YAML file.")
    recipe = recipe_from_dict(raw, f"the recipe in {path}")
    files = folder if workspace is None else workspace.path / "selections"
    return Found(recipe, str(folder), files, manifest)

"""What Recipes keeps between runs of the page: recipes with where they are from, each against the workspace, and pairs of them.

One of the homes of caching decorators (see cached.py). A recipe is known by its hash, so a renamed or copied one is not chosen again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from core import runs
from core.errors import StudioError
from core.mixture.export_job import KIND as EXPORT
from core.mixture.kept import kept_at, kept_recipes, recipe_of_export
from core.mixture.manifest import MANIFEST_FILE
from core.mixture.mixture import resolve
from core.mixture.moved import Moved, moved
from core.mixture.newer import Newer, since_snapshot
from core.mixture.recipe import Recipe, recipe_from_dict
from core.mixture.recipe_diff import RecipeDiff, recipe_diff
from core.mixture.recipe_effect import Effect, Side, effect, side
from core.select.pool import Pool
from core.store.ids import digest_of
from studio import cached

_FEW_SAMPLES = 400_000
"""Up to so many samples, over all kept recipes, each is counted for the list; of more only those that are compared."""


@dataclass(frozen=True)
class Entry:
    """A recipe of the workspace: kept there, or frozen in an export. `key` names it in the address; `at` is a time in UTC.

    `num_samples` is what an export's manifest says; `target` its format; `folder` is where its relative paths start.
    """

    key: str
    kind: Literal["kept", "export"]
    recipe: Recipe
    folder: Path
    at: str
    target: str = ""
    num_samples: int | None = None
    place: str = ""

    @property
    def name(self) -> str:
        return self.recipe.name


def entries() -> tuple[list[Entry], list[StudioError]]:
    """(the recipes kept in the workspace and those of its exports, newest first; what could not be read)."""
    here, problems = cached.workspace(), []
    found = [Entry(key, "kept", recipe, here.path, kept_at(here, key)) for key, recipe in kept_recipes(here).items()]
    for folder in _exports():
        try:
            stamp = (folder / MANIFEST_FILE).stat().st_mtime_ns
            found.append(_export(str(here.path), str(folder), stamp))
        except StudioError as error:
            problems.append(error)
        except OSError:  # taken away just now
            continue
    return sorted(found, key=lambda one: one.at, reverse=True), problems


def _exports() -> list[Path]:
    """The folders of exports: those in the workspace, and where finished runs of it wrote to."""
    here = cached.workspace()
    inside = sorted(here.exports_dir.iterdir()) if here.exports_dir.is_dir() else []
    told = [Path(str(run.result["path"])) for run in runs.list_runs(here.path, EXPORT) if run.result.get("path")]
    places = {path.resolve(): None for path in (*inside, *told) if (path / MANIFEST_FILE).is_file()}
    return list(places)


@st.cache_resource(max_entries=200, show_spinner=False)
def _export(path: str, folder: str, stamp: int) -> Entry:
    from datetime import UTC, datetime

    found = recipe_of_export(Path(folder), cached.workspace())
    at = datetime.fromtimestamp(stamp / 1e9, UTC).isoformat(timespec="seconds")
    return Entry(
        key=f"x{digest_of({'export': folder})[:11]}",
        kind="export",
        recipe=found.recipe,
        folder=found.folder or Path(folder),
        at=at,
        target=str(found.manifest.get("target", "")),
        num_samples=int(found.manifest.get("num_rows", 0)),
        place=folder,
    )


@st.cache_resource(max_entries=1, show_spinner=False)
def _pool(path: str, at_version: str) -> Pool:
    return Pool.from_lens(cached.lens())


@st.cache_resource(max_entries=4, show_spinner=False)  # with a million samples each takes some 50 MB
def _side(path: str, at_version: str, recipe: str, folder: str, accept_newer: bool) -> Side:
    found = recipe_from_dict(json.loads(recipe))
    return side(found, cached.lens(), Path(folder), accept_newer=accept_newer, pool=_pool(path, at_version))


def _plain(recipe: Recipe) -> str:
    return json.dumps(recipe.as_dict(), sort_keys=True)


def side_of(entry: Entry, *, accept_newer: bool = False) -> Side:
    """A recipe against the workspace as it is now."""
    here = cached.workspace().path
    return _side(str(here), cached.version(here), _plain(entry.recipe), str(entry.folder), accept_newer)


@st.cache_resource(max_entries=4, show_spinner=False)
def _effect(
    path: str, at_version: str, first: str, second: str, folders: tuple[str, str], accept_newer: bool
) -> tuple[RecipeDiff, Effect]:
    before, after = (
        _side(path, at_version, recipe, folder, accept_newer)
        for recipe, folder in zip((first, second), folders, strict=True)
    )
    told = recipe_diff(before.recipe, after.recipe)
    return told, effect(before, after, told)


def compared(first: Entry, second: Entry, *, accept_newer: bool = False) -> tuple[RecipeDiff, Effect]:
    """What is otherwise in the second recipe, and what that does."""
    here = cached.workspace().path
    return _effect(
        str(here), cached.version(here), _plain(first.recipe), _plain(second.recipe),
        (str(first.folder), str(second.folder)), accept_newer,
    )  # fmt: skip


@st.cache_resource(max_entries=400, show_spinner=False)
def _num_samples(path: str, at_version: str, recipe: str, folder: str) -> int | None:
    try:
        found = resolve(recipe_from_dict(json.loads(recipe)), cached.lens(), Path(folder), pool=_pool(path, at_version))
    except StudioError:  # told where the recipe is looked at
        return None
    return sum(map(len, found.stages))


def num_samples(entry: Entry, num_kept: int) -> int | None:
    """How many samples a recipe trains on, repeats counted; None where it cannot be had, or counting all would take long."""
    if entry.num_samples is not None:
        return entry.num_samples
    if num_kept * cached.count() > _FEW_SAMPLES:
        return None
    here = cached.workspace().path
    return _num_samples(str(here), cached.version(here), _plain(entry.recipe), str(entry.folder))


@st.cache_resource(max_entries=64, show_spinner=False)
def _moved(path: str, at_version: str, recipe: str) -> Moved | None:
    return moved(recipe_from_dict(json.loads(recipe)), cached.lens())


def moved_since(entry: Entry) -> Moved | None:
    """What differs in the workspace since a recipe was frozen; None where nothing does."""
    here = cached.workspace().path
    return _moved(str(here), cached.version(here), _plain(entry.recipe))


@st.cache_resource(max_entries=4, show_spinner=False)
def _since(path: str, at_version: str, recipe: str, folder: str) -> Newer | None:
    return since_snapshot(recipe_from_dict(json.loads(recipe)), cached.lens(), Path(folder))


def since(entry: Entry) -> Newer | None:
    """The same with its effect, which takes the recipe at both snapshots."""
    here = cached.workspace().path
    return _since(str(here), cached.version(here), _plain(entry.recipe), str(entry.folder))

"""A recipe on a newer snapshot than its own: what differs in the workspace, and what that does to each selection and stage.

Where the workspace still keeps the recipe's snapshot, the recipe is resolved at both and the two are held against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BadData, StudioError
from core.lens import Lens
from core.mixture.mixture import Mixture, resolve
from core.mixture.moved import Moved, SelectionMoved
from core.mixture.recipe import Recipe
from core.mixture.recipe_diff import recipe_diff
from core.mixture.recipe_effect import Effect, Side, effect, of_mixture, side

_NOT_KEPT = BadData(
    "The workspace does not keep the snapshot that the recipe was frozen at.",
    "Only its sources can be compared; what is exported or trained from now on is kept.",
)


@dataclass(frozen=True, eq=False)
class Newer:
    """What differs since a recipe was frozen, and its effect: the recipe at its own snapshot and as the workspace is now."""

    moved: Moved
    effect: Effect

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {**self.moved.as_dict(), "effect": self.effect.as_dict()}


def since_snapshot(recipe: Recipe, lens: Lens, folder: Path | None = None) -> Newer | None:
    """What differs since the recipe was frozen, however the workspace has moved on; None where nothing does.

    A StudioError where the recipe cannot be had at all. Cost: the recipe resolved twice, and a lens over the older snapshot.
    """
    mixture = resolve(recipe, lens, folder, accept_newer=True)
    if mixture.moved is None:
        return None
    before = _then(recipe, lens, folder)
    found = effect(before, of_mixture(mixture, lens), recipe_diff(recipe, recipe))
    return Newer(_with_selections(mixture.moved, before.mixture, mixture), found)


def resolve_newer(recipe: Recipe, lens: Lens, folder: Path | None = None) -> Mixture:
    """`resolve` of whatever is there, with how many samples each selection gained and lost among what `moved` says."""
    mixture = resolve(recipe, lens, folder, accept_newer=True)
    if mixture.moved is None or not mixture.moved.is_kept:
        return mixture
    told = _with_selections(mixture.moved, _then(recipe, lens, folder).mixture, mixture)
    return replace(mixture, moved=told, notes=(*mixture.notes, *(one.sentence() for one in told.selections)))


def _then(recipe: Recipe, lens: Lens, folder: Path | None) -> Side:
    """The recipe at its own snapshot."""
    versions = lens.workspace.pinned(recipe.snapshot) if recipe.snapshot else None
    if versions is None:
        return Side(recipe, lens, problem=_NOT_KEPT)
    try:
        older = Lens(lens.workspace, versions)
    except StudioError as error:
        return Side(recipe, lens, problem=error)
    return side(recipe, older, folder)


def _with_selections(told: Moved, before: Mixture | None, after: Mixture) -> Moved:
    if before is None:
        return told
    found = []
    for key, one in after.chosen.items():
        kept = len(np.intersect1d(one.sample_ids, before.chosen[key].sample_ids))
        found.append(SelectionMoved(key, kept, len(before.chosen[key].sample_ids) - kept, len(one.sample_ids) - kept))
    return replace(told, selections=tuple(found))

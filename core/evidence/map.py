"""The stored maps of a workspace: which there are, what they were made with, and how many samples have no place on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.evidence.vectors import current_rows
from core.store import evidence
from core.workspace import Workspace


@dataclass(frozen=True)
class MapState:
    """One stored map."""

    name: str
    """umap or pca"""
    settings: dict[str, Any]
    num_placed: int
    num_unplaced: int
    """Samples that came or changed after the map was made; a page says so."""

    @property
    def is_older_than_data(self) -> bool:
        return self.num_unplaced > 0


def maps(workspace: Workspace) -> list[MapState]:
    """The stored maps, the one that is shown first; empty before `winnow prepare`."""
    store = workspace.store
    num_samples = store.count("samples")
    found = []
    for who in evidence.producers(store, "map"):
        placed = len(current_rows(store, store.read(who.table, ["sample_id", "content_hash"])))
        found.append(MapState(who.name, evidence.settings_of(store, who), placed, num_samples - placed))
    return found

"""Samples a person has marked while looking: a list in the workspace that survives a restart, in the order of marking.

No record of its own: only the present list is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.store.acts import Acts
from core.store.ids import id_from_hex, id_hex
from core.workspace import Workspace

_KIND, _KEY = "marks", "marked"


def marked(workspace: Workspace) -> tuple[int, ...]:
    """The marked samples, the one marked first at the front."""
    return _ids(Acts(workspace.acts_path).all(_KIND))


def toggle(workspace: Workspace, sample_ids: Iterable[int]) -> tuple[int, ...]:
    """Mark samples, or take the mark from those that have it; gives the list as it is then."""
    wanted = list(dict.fromkeys(sample_ids))

    def change(before: dict[str, Any]) -> dict[str, Any]:
        there = _ids(before)
        after = [one for one in there if one not in wanted] + [one for one in wanted if one not in there]
        return {_KEY: {"sample_ids": [id_hex(one) for one in after]}} if after else {}

    acts = Acts(workspace.acts_path)
    acts.revise(_KIND, change)
    return _ids(acts.all(_KIND))


def clear(workspace: Workspace) -> None:
    """Take the mark from every sample."""
    Acts(workspace.acts_path).revise(_KIND, lambda before: {})


def _ids(state: dict[str, Any]) -> tuple[int, ...]:
    return tuple(id_from_hex(text) for text in state.get(_KEY, {}).get("sample_ids", ()))

"""Undo and redo: the acts of a workspace in a bounded list that survives a refresh and a restart, shared by all its sessions.

An act says what it was and holds the state before and after of whatever it changed; to undo is to put the states before back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from core.store.acts import Acts
from core.workspace import Workspace

MOST_ACTS = 100
_KIND = "curate-history"
_PLACE, _NOW = "at", "now"

State = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One thing an act changed, None where it is absent: `curate` is the state of that page, `selection` the saved selection
    `key`, `lists` the pinned and never kept samples, named by their digest, `rating` what a person gave, `key` says what to."""

    kind: Literal["curate", "selection", "lists", "rating"]
    key: str = ""
    before: State | None = None
    after: State | None = None

    def towards(self, back: bool) -> State | None:
        """The state to put in place when the act is undone (`back`) or done again."""
        return self.before if back else self.after


@dataclass(frozen=True)
class Act:
    """Something a person did: in words, as the hover of Undo says it, and what it changed, in order."""

    says: str
    changes: tuple[Change, ...]

    def record(self) -> State:
        """As JSON-able values; plain ones, since each new act meets all of them again."""
        return {"says": self.says, "changes": [vars(change) for change in self.changes]}

    @classmethod
    def of_record(cls, record: State) -> Act:
        """The other way; TypeError or KeyError for what is none."""
        return cls(str(record["says"]), tuple(Change(**change) for change in record["changes"]))


@dataclass(frozen=True)
class History:
    """Acts oldest first, the first `at` of them done, the others undone; `first` is the number of the oldest, for storing."""

    acts: tuple[Act, ...] = ()
    at: int = 0
    first: int = 1

    def done(self, act: Act) -> History:
        """A new act: what was undone before it can no longer be done again, and the oldest goes when there are too many."""
        acts = (*self.acts[: self.at], act)
        over = max(0, len(acts) - MOST_ACTS)
        return History(acts[over:], len(acts) - over, self.first + over)

    def moved(self, back: bool) -> tuple[History, Act] | None:
        """One step back or on, with the act to undo or do again; None at the end of the list."""
        act = self.undoable if back else self.redoable
        return None if act is None else (replace(self, at=self.at + (-1 if back else 1)), act)

    @property
    def undoable(self) -> Act | None:
        return self.acts[self.at - 1] if self.at else None

    @property
    def redoable(self) -> Act | None:
        return self.acts[self.at] if self.at < len(self.acts) else None


@dataclass(frozen=True)
class Kept:
    """What a workspace keeps: the history, and the state Curate was left in (None before the first act)."""

    history: History = History()
    now: State | None = None


def read(workspace: Workspace) -> Kept:
    """The history of a workspace; an empty one where nobody has done anything yet."""
    return _from_records(Acts(workspace.acts_path).all(_KIND))


def record(workspace: Workspace, act: Act) -> None:
    """Put a new act at the end of a workspace's history."""

    def change(records: dict[str, State]) -> dict[str, State]:
        kept = _from_records(records)
        return _to_records(Kept(kept.history.done(act), _left_in(act, back=False) or kept.now))

    Acts(workspace.acts_path).revise(_KIND, change)


def step(workspace: Workspace, back: bool) -> Act | None:
    """Take a step back or on in a workspace's history; gives the act whose states are to be put in place, None at its end."""
    moved: list[Act] = []

    def change(records: dict[str, State]) -> dict[str, State]:
        kept = _from_records(records)
        found = kept.history.moved(back)
        if found is None:
            return records
        history, act = found
        moved.append(act)
        return _to_records(Kept(history, _left_in(act, back) or kept.now))

    Acts(workspace.acts_path).revise(_KIND, change)
    return moved[0] if moved else None


def _left_in(act: Act, back: bool) -> State | None:
    """The state of Curate an act leads to, None when it changed something else."""
    states = [change.towards(back) for change in act.changes if change.kind == "curate"]
    return states[-1] if states else None


def _to_records(kept: Kept) -> dict[str, State]:
    """One record an act, so that a new one writes little: by number, beside the place in the list and the state now."""
    history = kept.history
    acts = {f"{history.first + index:010d}": act.record() for index, act in enumerate(history.acts)}
    return {_PLACE: {"at": history.at}, **({} if kept.now is None else {_NOW: kept.now}), **acts}


def _from_records(records: dict[str, State]) -> Kept:
    """The other way; records of another version of the program are as good as none."""
    numbers = sorted(key for key in records if key.isdecimal())
    try:
        acts = tuple(Act.of_record(records[key]) for key in numbers)
        at = int(records.get(_PLACE, {}).get("at", 0))
    except (KeyError, TypeError, ValueError):
        return Kept()
    first = int(numbers[0]) if numbers else 1
    return Kept(History(acts, min(max(at, 0), len(acts)), first), records.get(_NOW))

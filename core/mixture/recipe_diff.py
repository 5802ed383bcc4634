"""Two recipes beside each other: what is otherwise in the second, key by key, in the order a recipe is read in.

Not a comparison of texts: selections, stages and parts are found again under another name and in another place, and the changes
together make the first recipe the second. Pure; what a change does to the data is in recipe_effect.py.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from core.mixture.recipe import Recipe

Kind = Literal["added", "removed", "changed", "renamed", "moved"]
Path = tuple[str | int, ...]
_WHOLE = ("budget", "cap", "cap_per_source")
"""Maps of which one key stands for another: they change as one."""

_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True)
class Change:
    """One thing that is otherwise in the second recipe.

    `at` are the keys that lead to it in the second recipe, or in the first for what was removed; stages and sources go by name, a
    part by its selection and how often that stands in the stage before it: ("stages", "align", "parts", "reading", 0, "repeat").
    `was_at` is where it stood in the first, for what was renamed or came from another stage. `before` and `after` are plain
    values, None where there is none. `place` is its position, from 0, among its like in the second recipe (in the first for
    what was removed), where their order counts.
    """

    kind: Kind
    at: Path
    before: Any = None
    after: Any = None
    was_at: Path = ()
    place: int | None = None

    @property
    def path(self) -> str:
        """The keys as one text: `stages.align.parts.reading.repeat`."""
        return path_text(self.at)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json`; `before` and `after` only where there is one."""
        plain: dict[str, Any] = {"kind": self.kind, "path": self.path}
        if self.was_at:
            plain["was_path"] = path_text(self.was_at)
        if self.kind != "added":
            plain["before"] = self.before
        if self.kind != "removed":
            plain["after"] = self.after
        return plain if self.place is None else {**plain, "place": self.place + 1}


@dataclass(frozen=True)
class RecipeDiff:
    """What makes the first recipe the second; `selections` and `stages` tell for each renamed one in the first its new name."""

    changes: tuple[Change, ...]
    selections: Mapping[str, str]
    stages: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.changes)


def path_text(at: Path) -> str:
    """Keys as one text; of several equal ones all but the first are numbered: `parts.reading (2)`."""
    text = ""
    for key in at:
        if isinstance(key, int):
            text += f" ({key + 1})" if key else ""
        else:
            text += f".{key}" if text else key
    return text


def recipe_diff(first: Recipe, second: Recipe) -> RecipeDiff:
    """Everything in which two recipes differ. Equal recipes have no change, whatever their files look like.

    A selection or stage that only has another name is renamed, not removed and added; a part that left one stage and
    came into another was moved. Cost: of n equal things in another order n log n.
    """
    a, b = first.as_dict(), second.as_dict()
    selections = _renamed(a["selections"], b["selections"])
    stages = _renamed(
        {stage["name"]: _stage_under_new_names(stage, selections) for stage in a["stages"]},
        {stage["name"]: _stage_under_new_names(stage, {}) for stage in b["stages"]},
    )
    changes: list[Change] = []
    for key in ("name", "snapshot"):
        changes += _values(a[key], b[key], (key,))
    changes += _sources(a["sources"], b["sources"])
    changes += _selections(a["selections"], b["selections"], selections)
    changes += _values(a["model"], b["model"], ("model",))
    changes += _stages(a["stages"], b["stages"], stages, selections)
    return RecipeDiff(tuple(changes), selections, stages)


def _renamed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Names that are gone, each with the new name under which the same now stands."""
    new = [name for name in after if name not in before]
    found = {}
    for name in before:
        if name not in after:
            same = next((other for other in new if after[other] == before[name]), None)
            if same is not None:
                found[name] = same
                new.remove(same)
    return found


def _stage_under_new_names(stage: Mapping[str, Any], selections: Mapping[str, str]) -> dict[str, Any]:
    """A stage without its name, its parts by the names that their selections have in the second recipe."""
    parts = [{**part, "selection": selections.get(part["selection"], part["selection"])} for part in stage["parts"]]
    return {**stage, "name": "", "parts": parts}


def _values(before: Any, after: Any, at: Path) -> Iterator[Change]:
    """Changes of a value, down to the keys of maps."""
    if _same(before, after):
        return
    if not _is_map(before) or not _is_map(after) or at[-1] in _WHOLE:
        yield Change("changed", at, before, after)
        return
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in after:
            yield Change("removed", (*at, key), before=before[key])
        elif key not in before:
            yield Change("added", (*at, key), after=after[key])
        else:
            yield from _values(before[key], after[key], (*at, key))


def _same(before: Any, after: Any) -> bool:
    """Whether a recipe's hash sees no difference; Python takes True for 1."""
    return before == after and json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def _is_map(value: Any) -> bool:
    """A map whose keys can stand in a path."""
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


# -- lists of things that have a name -----------------------------------------------------------------------------------------


def _numbered(names: Sequence[str]) -> list[tuple[str, int]]:
    """Names with how often each stood before."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        found.append((name, seen.get(name, 0)))
        seen[name] = seen.get(name, 0) + 1
    return found


def _moved(before: Sequence[_K], after: Sequence[_K]) -> set[_K]:
    """The fewest of those in both that have to change place for the rest to stand in the same order."""
    place = {key: index for index, key in enumerate(before)}
    common = [key for key in after if key in place]
    ends: list[int] = []  # the smallest end of a rising run of each length
    last: list[_K] = []
    previous: dict[_K, _K | None] = {}
    for key in common:
        at = bisect_left(ends, place[key])
        previous[key] = last[at - 1] if at else None
        ends[at : at + 1], last[at : at + 1] = [place[key]], [key]
    stays: set[_K] = set()
    key_or_none: _K | None = last[-1] if last else None
    while key_or_none is not None:
        stays.add(key_or_none)
        key_or_none = previous[key_or_none]
    return set(common) - stays


def _reading_order(before: Sequence[_K], after: Sequence[_K]) -> list[_K]:
    """Everything of both: the second in its order, what is gone behind what it stood behind in the first."""
    found, gone = list(after), set(before) - set(after)
    for index, key in enumerate(before):
        if key in gone:
            found.insert(found.index(before[index - 1]) + 1 if index else 0, key)
    return found


def _sources(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    a = dict(zip(_numbered([one["name"] for one in before]), before, strict=True))
    b = dict(zip(_numbered([one["name"] for one in after]), after, strict=True))
    moved = _moved(list(a), list(b))
    for key in _reading_order(list(a), list(b)):
        at: Path = ("sources", *key)
        if key not in b:
            yield Change("removed", at, before=a[key], place=list(a).index(key))
        elif key not in a:
            yield Change("added", at, after=b[key], place=list(b).index(key))
        else:
            if key in moved:
                yield Change("moved", at, list(a).index(key) + 1, list(b).index(key) + 1, place=list(b).index(key))
            yield from _values(a[key], b[key], at)


def _selections(before: Mapping[str, Any], after: Mapping[str, Any], renamed: Mapping[str, str]) -> Iterator[Change]:
    """Their order says nothing."""
    a = {renamed.get(key, key): entry for key, entry in before.items()}
    old = {new: key for key, new in renamed.items()}
    for key in _reading_order(list(a), list(after)):
        at: Path = ("selections", key)
        if key in old:
            yield Change("renamed", at, old[key], key, was_at=("selections", old[key]))
        if key not in after:
            yield Change("removed", at, before=a[key])
        elif key not in a:
            yield Change("added", at, after=after[key])
        elif ("file" in a[key]) != ("file" in after[key]):
            yield Change("changed", at, a[key], after[key])
        else:
            yield from _values(a[key], after[key], at)


# -- stages and parts ---------------------------------------------------------------------------------------------------------


def _stages(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    renamed: Mapping[str, str],
    selections: Mapping[str, str],
) -> Iterator[Change]:
    a = {
        renamed.get(stage["name"], stage["name"]): {**_stage_under_new_names(stage, selections), "name": stage["name"]}
        for stage in before
    }
    b = {stage["name"]: stage for stage in after}
    moved, old = _moved(list(a), list(b)), {new: name for name, new in renamed.items()}
    carried = _carried(a, b)
    came = {to: (origin, part) for origin, (to, part) in carried.items()}
    for name in _reading_order(list(a), list(b)):
        at: Path = ("stages", name)
        if name not in b:
            yield Change("removed", at, before=a[name], place=list(a).index(name))
            continue
        if name not in a:
            yield Change("added", at, after=b[name], place=list(b).index(name))
            continue
        if name in old:
            yield Change("renamed", at, old[name], name, was_at=("stages", old[name]))
        if name in moved:
            yield Change("moved", at, list(a).index(name) + 1, list(b).index(name) + 1, place=list(b).index(name))
        yield from _parts(a[name]["parts"], b[name]["parts"], (*at, "parts"), carried, came)
        for key in b[name]:
            if key not in ("name", "parts"):
                yield from _values(a[name][key], b[name][key], (*at, key))


_Carried = dict[Path, tuple[Path, Mapping[str, Any]]]


def _by_key(parts: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    return dict(zip(_numbered([part["selection"] for part in parts]), parts, strict=True))


def _carried(a: Mapping[str, Mapping[str, Any]], b: Mapping[str, Mapping[str, Any]]) -> _Carried:
    """Parts that left one stage and came into another, by where they stood, with where they stand and as what they left.

    Equal ones find each other first, then those of one selection, each in the order of the stages.
    """
    left: _Carried = {}
    came: _Carried = {}
    for name in a:
        if name in b:
            before, after = _by_key(a[name]["parts"]), _by_key(b[name]["parts"])
            left.update(
                {("stages", name, "parts", *key): ((), part) for key, part in before.items() if key not in after}
            )
            came.update(
                {("stages", name, "parts", *key): ((), part) for key, part in after.items() if key not in before}
            )
    found: _Carried = {}
    for equal in (True, False):
        for origin, (_, part) in left.items():
            to = next(
                (
                    at
                    for at, (_, other) in came.items()
                    if (part == other if equal else part["selection"] == other["selection"])
                ),
                None,
            )
            if to is not None and origin not in found:
                found[origin] = (to, part)
                del came[to]
    return found


def _parts(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    at: Path,
    carried: _Carried,
    came: Mapping[Path, tuple[Path, Mapping[str, Any]]],
) -> Iterator[Change]:
    """Changes of a stage's parts; one that came from another stage is told where it stands now."""
    a, b = _by_key(before), _by_key(after)
    moved = _moved(list(a), list(b))
    for key in _reading_order(list(a), list(b)):
        here: Path = (*at, *key)
        if key not in b:
            if here not in carried:
                yield Change("removed", here, before=a[key], place=list(a).index(key))
            continue
        place = list(b).index(key)
        if key not in a:
            if here in came:
                origin, part = came[here]
                yield Change("moved", here, part, b[key], was_at=origin, place=place)
            else:
                yield Change("added", here, after=b[key], place=place)
            continue
        if key in moved:
            yield Change("moved", here, list(a).index(key) + 1, place + 1, place=place)
        yield from _values(a[key], b[key], here)

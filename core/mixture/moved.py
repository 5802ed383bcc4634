"""What a workspace holds otherwise than when a recipe was frozen: its sources, their samples, and the tables that moved.

A frozen recipe names a snapshot and the sources it had. As long as the workspace keeps that snapshot, samples are compared one by
one; of another workspace's only the sources can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import BadData, BadInput
from core.lens import Lens
from core.mixture.recipe import Recipe, SourceEntry
from core.store import Store
from core.workspace import RATINGS

SourceKind = Literal["removed", "superseded", "other samples", "added"]
_ACCEPT = "or go on with what is there with --accept-newer"


@dataclass(frozen=True)
class SourceMoved:
    """A source that is not as it was: removed, superseded (another revision or content), with other samples, or added.

    Numbers of samples: then and now, and of these new, gone and changed ones; None where the snapshot is not kept.
    """

    name: str
    kind: SourceKind
    before: SourceEntry | None = None
    after: SourceEntry | None = None
    num_before: int | None = None
    num_after: int | None = None
    num_new: int | None = None
    num_gone: int | None = None
    num_changed: int | None = None

    def sentence(self) -> str:
        """'The source a was removed, with its 20 samples.'"""
        if self.kind == "removed":
            return f"The source {self.name} was removed" + _counted(", with its {} samples", self.num_before) + "."
        if self.kind == "added":
            return f"The source {self.name} was added" + _counted(", with {} samples", self.num_after) + "."
        samples = ", ".join(
            f"{num:,} {word}"
            for num, word in ((self.num_new, "new"), (self.num_gone, "gone"), (self.num_changed, "with other content"))
            if num
        )
        if self.kind == "superseded":
            assert self.before is not None, "a superseded source was there"
            assert self.after is not None, "a superseded source is there"
            field, asked, found = _superseded(self.before, self.after) or ("", "", "")
            told = f"{field} {_short(found)} in place of {_short(asked)}"
            if self.num_before is not None:
                told += f"; samples: {samples or 'the same'}"
            return f"The source {self.name} was superseded: {told}."
        return f"The source {self.name} has other samples: {samples}."


@dataclass(frozen=True)
class TableMoved:
    """A table of evidence, or of samples, at another version than then; None where it was not there, or is not any more."""

    name: str
    before: int | None
    after: int | None

    def sentence(self) -> str:
        """'scores by rules 1: newer'."""
        kind, *who = self.name.split("--")
        name = (
            "people's ratings"
            if self.name == RATINGS
            else kind.replace("_", " ") + (f" by {' '.join(who)}" if who else "")
        )
        if self.before is None:
            return f"{name}: new"
        return f"{name}: gone" if self.after is None else f"{name}: newer"


@dataclass(frozen=True)
class SelectionMoved:
    """How many samples of a selection the older snapshot gives too, only it gives, and only the present state gives."""

    name: str
    num_kept: int
    num_removed: int
    num_added: int

    def sentence(self) -> str:
        """'Selection best: 30 samples as before, 10 not any more, 12 new.'"""
        if not self.num_removed and not self.num_added:
            return f"Selection {self.name}: its {self.num_kept:,} samples are those of before."
        return f"Selection {self.name}: {self.num_kept:,} samples as before, {self.num_removed:,} not any more, {self.num_added:,} new."


@dataclass(frozen=True)
class Moved:
    """What differs between the snapshot a recipe names and the workspace as it is.

    `is_kept`: whether the workspace still has that snapshot; without it `tables` is empty, since nobody knows.
    """

    before: str
    after: str
    is_kept: bool
    sources: tuple[SourceMoved, ...]
    tables: tuple[TableMoved, ...]
    selections: tuple[SelectionMoved, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """What differs, a sentence each; the tables together in one."""
        told = [one.sentence() for one in self.sources]
        if self.tables:
            told.append(f"Since then changed: {', '.join(one.sentence() for one in self.tables)}.")
        return tuple(told)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json` and the manifest."""
        plain = asdict(replace(self, sources=()))
        plain["sources"] = [
            {
                **asdict(one),
                **{
                    side: entry and entry.model_dump() for side, entry in (("before", one.before), ("after", one.after))
                },
            }
            for one in self.sources
        ]
        plain["tables"] = [{**asdict(one), "says": one.sentence()} for one in self.tables]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def _counted(words: str, num: int | None) -> str:
    return "" if num is None else words.format(f"{num:,}")


def _short(text: str) -> str:
    return text[:12] if text else "none"


def moved(recipe: Recipe, lens: Lens) -> Moved | None:
    """What differs from when the recipe was frozen; None where nothing does, or where it says nothing of then.

    Cost where the samples moved: a read of their ids and hashes at both versions.
    """
    now = {entry.name: entry for entry in source_entries(lens)}
    is_older = bool(recipe.snapshot) and recipe.snapshot != lens.snapshot
    then = lens.workspace.pinned(recipe.snapshot) if is_older else None
    counts = _counts(lens.workspace.store, then, lens.versions) if then is not None else {}
    none = dict.fromkeys(_NUMBERS, 0) if counts else {}
    sources = []
    for entry in recipe.sources:
        there = now.get(entry.name)
        numbers = counts.get(entry.name, none)
        if there is None:
            sources.append(SourceMoved(entry.name, "removed", entry, None, **numbers))
        elif _superseded(entry, there):
            sources.append(SourceMoved(entry.name, "superseded", entry, there, **numbers))
        elif any(numbers.get(name) for name in _DIFFERENCES):
            sources.append(SourceMoved(entry.name, "other samples", entry, there, **numbers))
    if is_older:
        named = {entry.name for entry in recipe.sources}
        sources += [
            SourceMoved(name, "added", None, entry, **counts.get(name, {}))
            for name, entry in now.items()
            if name not in named
        ]
    same_samples = bool(counts) and not any(each[name] for each in counts.values() for name in _DIFFERENCES)
    tables = () if then is None else _tables(then, lens.versions, _IDLE | ({"samples"} if same_samples else set()))
    if not sources and not is_older:
        return None
    return Moved(recipe.snapshot, lens.snapshot, then is not None, tuple(sources), tables)


def _superseded(asked: SourceEntry, there: SourceEntry) -> tuple[str, str, str] | None:
    """(field, what is asked for, what there is) of the first field in which a source is another one; None where it is the one."""
    pairs = ((field, getattr(asked, field), getattr(there, field)) for field in ("revision", "sha256"))
    return next((one for one in pairs if one[1] and one[1] != one[2]), None)


def refuse_unmet(recipe: Recipe, lens: Lens) -> None:
    """BadInput or BadData when a source that the recipe names is gone, or is another one than it was made with."""
    now = {entry.name: entry for entry in source_entries(lens)}
    for entry in recipe.sources:
        if entry.name not in now:
            raise BadInput(
                f"The recipe needs the source {entry.name!r}, which is not in the workspace (there: {', '.join(now) or 'none'}).",
                f"Ingest it with `winnow ingest WS PATH --source {entry.name}`, {_ACCEPT}.",
            )
        other = _superseded(entry, now[entry.name])
        if other is not None:
            field, asked, there = other
            raise BadData(
                f"The source {entry.name!r} has {field} {there or 'none'!r}; the recipe was made with {asked!r}.",
                f"Ingest that {field} of the source, change it in the recipe, {_ACCEPT}.",
            )


def source_entries(lens: Lens) -> tuple[SourceEntry, ...]:
    """The sources of a lens's snapshot as a recipe names them, by name."""
    columns = ["source", "revision", "licence", "sha256"]
    rows = lens.workspace.store.read("sources", columns, lens.versions.get("sources")).to_pylist()
    return tuple(
        SourceEntry(
            name=row["source"],
            revision=row["revision"] or "",
            licence=row["licence"] or "",
            sha256=row["sha256"] or "",
        )
        for row in sorted(rows, key=lambda row: str(row["source"]))
    )


@dataclass(frozen=True)
class Gone:
    """Sources that a recipe was made with and that have no sample any more, and which samples they had where that is known."""

    names: frozenset[str]
    source_of: Mapping[int, str]

    @classmethod
    def since(cls, recipe: Recipe, lens: Lens) -> Gone:
        """By the recipe's sources, and by its snapshot where the workspace keeps it."""
        names = frozenset(entry.name for entry in recipe.sources) - set(lens.source_names)
        then = lens.workspace.pinned(recipe.snapshot) if names and recipe.snapshot else None
        if then is None:
            return cls(names, {})
        before = lens.workspace.store.read("samples", ["sample_id", "source"], then.get("samples"))
        lost = before.filter(pc.is_in(before["source"], value_set=pa.array(sorted(names), pa.string())))
        return cls(names, dict(zip(lost["sample_id"].to_pylist(), lost["source"].to_pylist(), strict=True)))

    def among(self, sample_ids: NDArray[np.uint64], told: Callable[[], Mapping[int, str]]) -> set[int]:
        """Which of these samples are of such a source; `told` gives what is said of their sources elsewhere."""
        if not self.names:
            return set()
        source_of = {**told(), **self.source_of}
        return {value for value in sample_ids.tolist() if source_of.get(value) in self.names}


_DIFFERENCES = ("num_new", "num_gone", "num_changed")
_NUMBERS = ("num_before", "num_after", *_DIFFERENCES)
_IDLE = frozenset({"quarantine"})
"""Tables that no recipe rests on; that of samples moves with its index too, and then says nothing either."""


def _samples(store: Store, version: int | None) -> pa.Table:
    return store.read("samples", ["sample_id", "source", "content_hash"], version).sort_by("sample_id")


def _counts(store: Store, then: Mapping[str, int], now: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Per source how many samples there were and are, and of these are new, gone, and of other content; {} when none moved."""
    if then.get("samples") == now.get("samples"):
        return {}
    before, after = _samples(store, then.get("samples")), _samples(store, now.get("samples"))
    first, second = before["sample_id"].to_numpy(), after["sample_id"].to_numpy()
    stays, stayed = np.isin(first, second, assume_unique=True), np.isin(second, first, assume_unique=True)
    same = pc.equal(before["content_hash"].filter(stays), after["content_hash"].filter(stayed)).to_numpy()
    parts = {
        "num_before": before["source"],
        "num_after": after["source"],
        "num_new": after["source"].filter(~stayed),
        "num_gone": before["source"].filter(~stays),
        "num_changed": after["source"].filter(stayed).filter(~same),
    }
    found: dict[str, dict[str, int]] = {}
    for name, column in parts.items():
        for entry in pc.value_counts(column).to_pylist():
            found.setdefault(entry["values"], dict.fromkeys(_NUMBERS, 0))[name] = entry["counts"]
    return found


def _tables(then: Mapping[str, int], now: Mapping[str, int], besides: Set[str]) -> tuple[TableMoved, ...]:
    names = [name for name in sorted({*then, *now} - besides) if then.get(name) != now.get(name)]
    return tuple(TableMoved(name, then.get(name), now.get(name)) for name in names)

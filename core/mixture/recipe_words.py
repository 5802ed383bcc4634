"""A recipe and its changes in words: where a change stands, what was there and what is there now, and what the key is for.

The explanations are the descriptions of the recipe's own fields and of the settings of methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from core.mixture.recipe import (
    ModelEntry,
    PartEntry,
    Recipe,
    Resolution,
    SelectionByMethod,
    SelectionFromFile,
    SourceEntry,
    Stage,
    Towers,
)
from core.mixture.recipe_diff import Change, Path
from core.select.methods import METHODS
from core.select.words import method_title, settings_words, value_words

_MOST_ENTRIES = 6
_DIGEST = 12
_NAMES = {
    "lr": "learning rate",
    "px": "tile side in px",
    "max_tiles": "most tiles",
    "sha256": "content (sha256)",
    "where": "condition",
    "trainable": "what trains",
    "cap": "most used",
    "cap_per_source": "most used per source",
}
"""Fields whose key is not the word people use."""

_MODULES = {"vision": "vision tower", "projector": "projector", "language": "language model"}
_FIELDS: dict[str, type[BaseModel]] = {
    "sources": SourceEntry,
    "selections": SelectionByMethod,
    "stages": Stage,
    "parts": PartEntry,
    "model": ModelEntry,
}
_INSIDE: dict[str, type[BaseModel]] = {"resolution": Resolution, "towers": Towers}


def title(change: Change) -> tuple[str, str]:
    """(what a change is about, which of its fields): ("Stage align", "learning rate, projector")."""
    return _title(change.at)


def _title(at: Path) -> tuple[str, str]:
    head, *rest = (key for key in at if not isinstance(key, int))
    if head == "stages":
        name, *fields = rest
        if fields[:1] == ["parts"]:
            return f"Stage {name}", ", ".join([f"part {fields[1]}", *map(_name, fields[2:])])
        return f"Stage {name}", ", ".join(map(_name, fields))
    if head in ("sources", "selections"):
        name, *fields = rest
        fields = fields[1:] if fields[:1] == ["settings"] and len(fields) > 1 else fields
        return f"{'Source' if head == 'sources' else 'Selection'} {name}", ", ".join(map(_name, fields))
    if head == "model":
        return "Model", ", ".join(map(_name, rest))
    return "Recipe", _name(head)


def _name(key: str) -> str:
    return _NAMES.get(key) or _MODULES.get(key) or key.replace("_", " ")


def before(change: Change) -> str:
    """What was there, "" where nothing was."""
    if change.kind == "added":
        return ""
    if change.kind == "moved":
        return _from_stage(change) if change.was_at else f"place {change.before}"
    return value(change.at, change.before)


def after(change: Change) -> str:
    """What is there now, "" where nothing is."""
    if change.kind == "removed":
        return ""
    if change.kind == "moved":
        return f"here, {_part(change.after)}" if change.was_at else f"place {change.after}"
    return value(change.at, change.after)


def _from_stage(change: Change) -> str:
    return f"in stage {change.was_at[1]}, {_part(change.before)}"


def sentence(change: Change) -> str:
    """One line: 'Stage align, learning rate, projector: 0.001 -> 0.0005'."""
    about, field = title(change)
    where = f"{about}, {field}" if field else about
    if change.kind == "added":
        return f"{where}: added, {after(change)}"
    if change.kind == "removed":
        return f"{where}: removed, was {before(change)}"
    if change.kind == "renamed":
        return f"{where}: renamed, was {change.before}"
    word = "moved, " if change.kind == "moved" else ""
    return f"{where}: {word}{before(change)} -> {after(change)}"


def description(recipe: Recipe, at: Path) -> str:
    """What the key at the end of a path is for, by the field it is; "" where no field says so."""
    names = [key for key in at if not isinstance(key, int)]
    head, *rest = names
    if head not in _FIELDS:
        return _said(Recipe, head)
    model = _FIELDS[head]
    fields = rest if head == "model" else rest[1:]
    if head == "selections":
        entry = recipe.selections.get(str(rest[0]))
        if isinstance(entry, SelectionFromFile):
            model = SelectionFromFile
        elif fields[:1] == ["settings"] and len(fields) > 1 and entry is not None:
            method = METHODS.get(entry.method)
            return "" if method is None else _said(method, fields[1])
    if fields[:1] == ["parts"]:
        model, fields = PartEntry, fields[2:]
    if not fields:
        return (model.__doc__ or "").split("\n")[0] if head != "model" else _said(Recipe, "model")
    if len(fields) > 1 and fields[0] in _INSIDE:
        return _said(_INSIDE[fields[0]], fields[1])
    return _said(model, fields[0])


def _said(model: type[BaseModel], field: str) -> str:
    return (model.model_fields[field].description or "") if field in model.model_fields else ""


# -- values -----------------------------------------------------------------------------------------------------------------


def value(at: Path, given: Any) -> str:
    """A value of a recipe as people read it; a dash for an empty one."""
    names = [key for key in at if not isinstance(key, int)]
    last = names[-1]
    if names[0] == "selections" and len(names) == 2 and isinstance(given, Mapping):
        return selection_words(given)
    if names[0] == "stages" and isinstance(given, Mapping):
        if len(names) == 2:
            return stage_words(given)
        if "parts" in names and len(names) == 4:
            return _part(given)
    if names[0] == "sources" and len(names) == 2 and isinstance(given, Mapping):
        known = {key: given[key] for key in ("revision", "licence") if given.get(key)}
        return ", ".join(f"{key} {said}" for key, said in known.items()) or "any revision"
    if last in ("budget", "cap", "cap_per_source") and isinstance(given, Mapping):
        return amount_words(given)
    if last in ("sha256", "snapshot"):
        return str(given)[:_DIGEST] if given else "any"
    if last == "trainable":
        return ", ".join(_MODULES.get(str(one), str(one)) for one in given)
    return _plain(given)


def selection_words(entry: Mapping[str, Any]) -> str:
    """'mmSSR, 30 %, where ocr >= 3, seed 1', or the name of a file."""
    if "file" in entry:
        return f"file {str(entry['file']).rsplit('/', 1)[-1]}"
    said = [method_title(entry["method"]), amount_words(entry["budget"])]
    said += [f"where {entry['where']}"] if entry["where"] else []
    said += [f"{name} {one}" for name, one in settings_words(entry["settings"]).items()]
    said += ["constrained"] if entry.get("constraints") else []
    return ", ".join([*said, f"seed {entry['seed']}"] if entry["seed"] else said)


def stage_words(stage: Mapping[str, Any]) -> str:
    """'captions, short x 2; trains projector; square 112 px'."""
    parts = ", ".join(
        part["selection"] + ("" if part["repeat"] == 1 else f" x {part['repeat']:g}") for part in stage["parts"]
    )
    shown = stage["resolution"]
    trained = ", ".join(_MODULES.get(one, one) for one in stage["trainable"])
    return f"{parts or 'no part'}; trains {trained}; {shown['mode']} {shown['px']} px"


def amount_words(amount: Mapping[str, Any]) -> str:
    """A budget: '30 %', '500 samples', '10,000 text tokens'."""
    (kind, given), *_ = amount.items()
    if kind == "percent":
        return f"{given} %"
    return f"{given:,} {'samples' if kind == 'samples' else 'text tokens'}"


def _part(part: Mapping[str, Any]) -> str:
    said = [f"repeat {part['repeat']:g}"]
    said += [f"{_name(key)} {amount_words(part[key])}" for key in ("cap", "cap_per_source") if part.get(key)]
    return ", ".join(said)


def _plain(given: Any) -> str:
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) > _MOST_ENTRIES:
        return f"{value_words(given[:_MOST_ENTRIES])} and {len(given) - _MOST_ENTRIES:,} more"
    if isinstance(given, int) and not isinstance(given, bool):
        return f"{given:,}"
    if isinstance(given, float):
        return f"{given:.10g}"
    return value_words(given)

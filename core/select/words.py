"""How a selection's making is said in words: its method, settings, filter and constraints, on pages and in reports alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.filters import Filter
from core.select.constraints import Constraints
from core.select.methods import METHODS
from core.vocabulary import CAPABILITY_KEYS, capability_name


def method_title(name: str) -> str:
    """A method as people call it; one this version does not know goes by its key."""
    return METHODS[name].title if name in METHODS else name


def value_words(value: Any) -> str:
    """A setting's value: lists with commas, tables as name:value, nothing as a dash."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_name(str(key))}: {value_words(entry)}" for key, entry in value.items()) or "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(value_words(entry) for entry in value) or "–"
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else _name(str(value))


def settings_words(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a method by the names their forms have; no capability means all of them, as does each by name."""
    said = {}
    for name, value in settings.items():
        every = name == "capabilities" and (not value or set(value) == set(CAPABILITY_KEYS))
        said[name.replace("_", " ")] = "all" if every else value_words(value)
    return said


def by_kind(names: Iterable[str]) -> list[str]:
    """Rows of how selections were made: the method, then every "setting: ...", then the rest, else in the order given."""
    return sorted(names, key=lambda name: 0 if name == "method" else 1 if name.startswith("setting: ") else 2)


def filter_words(chosen: Filter) -> str:
    """A filter as one line: 'source charts or photos; ocr 2 to 5; "receipt"'; 'none' for an empty one."""
    parts = []
    for field, called in (
        ("sources", "source"),
        ("licences", "licence"),
        ("styles", "style"),
        ("tags", "tag"),
        ("flags", "flag"),
    ):
        values = getattr(chosen, field)
        if values:
            parts.append(f"{called} {' or '.join(values)}")
    parts += [f"{capability_name(one.capability)} {one.low:g} to {one.high:g}" for one in chosen.scores]
    if chosen.min_images is not None or chosen.max_images is not None:
        low, high = chosen.min_images, chosen.max_images
        parts.append(f"{'up to' if low is None else low}{'' if low is None else ' to' if high is not None else ' or more'}"
                     f"{'' if high is None else f' {high}'} images")  # fmt: skip
    if chosen.text:
        parts.append(f'text "{chosen.text}"')
    if chosen.where:
        parts.append(f"condition {chosen.where}")
    if chosen.listed:
        parts.append(f"list of samples {chosen.listed}")
    return "; ".join(parts) or "none"


def constraints_words(constraints: Constraints) -> str:
    """Constraints as one line: '3 must be kept; at least 20 of source charts'; 'none' without any."""
    parts = []
    if constraints.pins:
        parts.append(f"{len(constraints.pins):,} must be kept")
    if constraints.never:
        parts.append(f"{len(constraints.never):,} never")
    parts += [f"only where {text}" for text in constraints.include]
    parts += [f"never where {text}" for text in constraints.exclude]
    parts += [f"at least {quota.amount} of {_group(quota)}" for quota in constraints.minimum]
    parts += [f"at most {quota.amount} of {_group(quota)}" for quota in constraints.maximum]
    return "; ".join(parts) or "none"


def _group(quota: Any) -> str:
    return f"{quota.kind} {_name(quota.name) if quota.kind == 'capability' else quota.name}"


def _name(text: str) -> str:
    return capability_name(text) if text in CAPABILITY_KEYS else text

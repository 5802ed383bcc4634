"""What can be wrong with constraints somebody wrote by hand, in plain words: which value, at which place, and what to write.

The shapes are looked at here before the model sees them; what two rules have against each other is said by the model itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Literal, get_args

from core.select.yaml_words import Place

Kind = Literal["source", "style", "tag", "capability"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What a quota may be about. A sample is of the capability in which it scores highest, ties in table order."""

_KEYS = ("pins", "never", "include", "exclude", "minimum", "maximum")
_QUOTA_KEYS = ("kind", "name", "share", "count")
_QUOTA = "{kind: source, name: charts, count: 500}"
_LONGEST_CONDITION = 10_000
_PERCENT = re.compile(r"([+-]?\d{1,6}(?:\.\d{0,12})?|[+-]?\.\d{1,12})\s*%", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{16}")
_SHOWN_CHARS = 60


@dataclass(frozen=True)
class Mistake:
    """What is wrong with the value at a place, and the one thing to do."""

    place: Place
    problem: str
    fix: str


def path_of(place: Sequence[str | int]) -> str:
    """`minimum[0].share`, as errors about recipes have it."""
    return "".join(f"[{piece}]" if isinstance(piece, int) else f".{piece}" for piece in place).removeprefix(".")


def share_of(value: Any) -> Any:
    """A share as a number: `30%` is 0.3, and a number in quotes that number; anything else as it is."""
    if isinstance(value, str):
        text = value.strip()
        if percent := _PERCENT.fullmatch(text):
            return float(Decimal(percent[1]) / 100)
        if _NUMBER.fullmatch(text):
            return float(text)
    return value


def first_mistake(raw: Mapping[Any, Any]) -> Mistake | None:
    """The first thing that is not as constraints are written; None where the shape is right."""
    return next(_mistakes(raw), None)


# -- the shapes -----------------------------------------------------------------------------------------------------------


def _mistakes(raw: Mapping[Any, Any]) -> Iterator[Mistake]:
    for key in raw:
        if key not in _KEYS:
            yield Mistake((str(key),), "is not a key of constraints", _known(key, _KEYS, "Known keys are"))
    for key, value in raw.items():
        if not isinstance(value, list | tuple):
            yield _no_list(key, value)
            continue
        for index, entry in enumerate(value):
            place = (key, index)
            if key in ("pins", "never"):
                yield from _sample_id(place, entry)
            elif key in ("include", "exclude"):
                yield from _condition(place, entry)
            else:
                yield from _quota(place, entry)


def _no_list(key: str, value: Any) -> Mistake:
    if value is None:
        return Mistake(
            (key,), "has nothing behind it", f"Give a list, or take the line away; an empty list is {key}: []."
        )
    if key in ("minimum", "maximum"):
        right = f"{key}: [{_QUOTA}]"
    else:
        text = value if isinstance(value, str) and len(value) <= _SHOWN_CHARS and '"' not in value else "ocr >= 3"
        right = f'{key}: ["{text if key in ("include", "exclude") or _HEX.fullmatch(text) else "0123456789abcdef"}"]'
    return Mistake((key,), f"is {_said(value)}, not a list", f"Write it as a list: {right}.")


def _sample_id(place: Place, value: Any) -> Iterator[Mistake]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # YAML reads sixteen digits without a letter as a number, and loses leading zeros
        problem = f"is the number {_said(value)}, and a sample id is text in quotes"
        yield Mistake(place, problem, 'Write all 16 digits of it in quotes: "0123456789012345".')
    elif not isinstance(value, str) or not _HEX.fullmatch(value):
        length = f" of {len(value)} characters" if isinstance(value, str) and len(value) != 16 else ""
        yield Mistake(
            place,
            f"is {_said(value)}{length}, and a sample id is 16 hexadecimal digits",
            "Copy the id of a sample from Browse, where it stands under Provenance.",
        )


def _condition(place: Place, value: Any) -> Iterator[Mistake]:
    if not isinstance(value, str):
        yield Mistake(place, f"is {_said(value)}, not a condition", 'Put the condition in quotes: "num_chars < 20".')
    elif not value.strip():
        yield Mistake(place, "is an empty condition", 'Write one such as "num_chars < 20", or take the entry away.')
    elif len(value) > _LONGEST_CONDITION:
        yield Mistake(
            place,
            f"is a condition of {len(value):,} characters",
            f"Use {_LONGEST_CONDITION:,} at most; split it into several.",
        )


def _quota(place: Place, value: Any) -> Iterator[Mistake]:
    if not isinstance(value, Mapping):
        yield Mistake(place, f"is {_said(value)}, not a group with its limit", f"Write it as {_QUOTA}.")
        return
    for key in value:
        if key not in _QUOTA_KEYS:
            yield Mistake(
                (*place, str(key)), "is not a key of constraints", _known(key, _QUOTA_KEYS, "Known keys here are")
            )
    for key in ("kind", "name"):
        if key not in value:
            yield Mistake(place, f"does not say its {key}", f"Write it as {_QUOTA}.")
    yield from _group(place, value["kind"], value["name"])
    given = [key for key in ("share", "count") if value.get(key) is not None]
    if len(given) != 1:
        has = "both a share and a count" if given else "neither a share nor a count"
        fix = "Take one of the two away." if given else "Say how much: count: 500, or share: 30%."
        yield Mistake(place, f"has {has}; give exactly one of share and count", fix)
    elif given == ["count"]:
        yield from _count((*place, "count"), value["count"])
    else:
        yield from _share((*place, "share"), value["share"])


def _group(place: Place, kind: Any, name: Any) -> Iterator[Mistake]:
    if kind not in KINDS:
        yield Mistake(
            (*place, "kind"), f"is {_said(kind)}, which is no kind of group", _known(kind, KINDS, "The kinds are")
        )
    if not isinstance(name, str):
        fix = (
            f"Write the {kind}'s name" + ("" if name is None else f' in quotes: "{name}"' if _plain(name) else "") + "."
        )
        yield Mistake((*place, "name"), f"is {_said(name)}, not a name", fix)
    elif not name:
        yield Mistake((*place, "name"), "is empty", f"Write which {kind} is meant.")


def _count(place: Place, value: Any) -> Iterator[Mistake]:
    text = value.strip() if isinstance(value, str) else ""
    if _PERCENT.fullmatch(text):
        yield Mistake(place, f"is {_said(value)}, a share of the budget", f"Write share: {text} in place of count.")
        return
    number = int(text) if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) else value
    whole = isinstance(number, int | float) and not isinstance(number, bool) and number == number // 1
    if not whole or number < 0 or number >= 1e18:
        yield Mistake(place, f"is {_said(value)}", "Write a whole number of samples, 0 or more, such as count: 500.")


def _share(place: Place, value: Any) -> Iterator[Mistake]:
    number = share_of(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        yield Mistake(place, f"is {_said(value)}", "Write a part of the budget, such as share: 30%, or share: 0.3.")
    elif not 0 <= number <= 1:
        percent = 1 < number <= 100 and not isinstance(value, str)
        fix = (
            f"Write share: {number:g}%."
            if percent
            else "Write a part of the budget from 0% to 100%, such as share: 30%."
        )
        why = "less than nothing" if number < 0 else "more than the whole budget"
        yield Mistake(place, f"is {_said(value)}, {why if number == number else 'not a number'}", fix)


# -- words ----------------------------------------------------------------------------------------------------------------


def _plain(value: Any) -> bool:
    return not isinstance(value, Mapping | list | tuple | bool)


def _said(value: Any) -> str:
    """A value as people say it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a group of keys" if value else "empty"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _known(given: Any, names: Sequence[str], head: str) -> str:
    near = get_close_matches(str(given).lower(), names, 1) if isinstance(given, str) else []
    return f"{f'Did you mean {near[0]}? ' if near else ''}{head}: {', '.join(names)}."

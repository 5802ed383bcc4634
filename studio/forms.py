"""Widgets for the fields of a settings model: the form on a page derives from the same fields as the recipe and the command line.

Bounds, defaults and descriptions are those of the model; what does not fit is told in the words of the field.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import streamlit as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from core.errors import BadInput
from core.select.selector import names_column
from core.vocabulary import CAPABILITY_KEYS, capability_name
from studio import layout, session

Settings = TypeVar("Settings", bound=BaseModel)


def settings_form(
    model: type[Settings],
    *,
    key: str,
    given: Mapping[str, Any] | None = None,
    hidden: Collection[str] = (),
    labels: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
) -> Settings:
    """Draw a widget per field and give back the settings; BadInput names the field that does not fit.

    `given` are values for fields that are hidden or differ from their default; what a person types is kept for the session.
    `columns` are the number columns and capabilities there are: a setting that names some offers them.
    """
    values = dict(given or {})
    for name, field in model.model_fields.items():
        if name in hidden:
            continue
        label = (labels or {}).get(name) or label_of(model, name)
        default = values.get(name, field.get_default(call_default_factory=True))
        if columns and names_column(field):
            values[name] = _column(field, label, f"{key}.{name}", default, columns)
        else:
            values[name] = _widget(field, label, f"{key}.{name}", default)
    try:
        return model(**values)
    except ValidationError as error:
        raise bad_settings(error) from error


def label_of(model: type[BaseModel], name: str) -> str:
    """What a field is called on a page."""
    return model.model_fields[name].title or name.replace("_", " ").capitalize()


def column_name(name: str) -> str:
    """A column as people call it."""
    return capability_name(name) if name in CAPABILITY_KEYS else name


def fill(model: type[BaseModel], *, key: str, values: Mapping[str, Any], hidden: Collection[str] = ()) -> None:
    """Set the widgets of `settings_form` with this key to `values`, the others to their defaults; before they are drawn."""
    for name, field in model.model_fields.items():
        if name in hidden:
            continue
        value = values.get(name, field.get_default(call_default_factory=True))
        kind, _ = _plain(field.annotation)
        if get_origin(kind) is tuple:
            picked = "capabilit" in name or names_column(field) or _choices(get_args(kind)[0]) is not None
            value = list(value or ()) if picked else ", ".join(map(str, value or ()))
        elif kind not in (bool, int, float) and _choices(kind) is None:
            value = _as_text(value)
        session.seed(f"{key}.{name}", value)


def held(model: type[BaseModel], *, key: str, hidden: Collection[str] = ()) -> dict[str, Any]:
    """What the widgets of `settings_form` with this key hold before they are drawn again, those that were drawn ever."""
    values = {}
    for name, field in model.model_fields.items():
        value = session.held(f"{key}.{name}")
        if name in hidden or (value is None and not session.holds(f"{key}.{name}")):
            continue
        kind, optional = _plain(field.annotation)
        if get_origin(kind) is tuple:
            value = _words(value) if isinstance(value, str) else tuple(value or ())
        elif isinstance(value, str) and optional and not value.strip():
            value = None
        values[name] = value
    return values


def bad_settings(error: ValidationError) -> BadInput:
    """Pydantic's first complaint as one of ours."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]).replace("_", " ") or "settings"
    given, bounds = first.get("input"), first.get("ctx") or {}
    if first["type"] in _BOUNDS:
        sign, wanted = _BOUNDS[first["type"]]
        limit = bounds[sign]
        return BadInput(
            f"{where} is {given!r}.", f"Give {wanted} {limit:g}." if limit is not None else f"Change {where}."
        )
    if isinstance(given, str) and first["type"] in _TEXTS and (where.endswith("name") or "length" in str(bounds)):
        if not given.strip():
            return BadInput(f"{where} is empty.", f"Type a {where}.")
        return BadInput(f"{where} cannot be {given!r}.", _TEXTS[first["type"]].format(**bounds))
    return BadInput(f"{where}: {first['msg'].rstrip('.')} (it is {given!r}).", f"Change {where}.")


_BOUNDS = {
    "greater_than": ("gt", "a number above"),
    "greater_than_equal": ("ge", "a number from"),
    "less_than": ("lt", "a number below"),
    "less_than_equal": ("le", "a number up to"),
}
_TEXTS = {
    "string_pattern_mismatch": "Use letters, digits, spaces and . _ - only, and begin with a letter or a digit.",
    "string_too_long": "Use {max_length} characters at most.",
    "string_too_short": "Use {min_length} characters at least.",
}
"""Complaints whose own words are about types and patterns, as a person would say them; by pydantic's name of the complaint."""


def _bounds(field: FieldInfo) -> tuple[Any, Any]:
    """Smallest and largest value allowed, None where there is no bound."""
    low = high = None
    for rule in field.metadata:
        low = getattr(rule, "ge", None) if getattr(rule, "ge", None) is not None else low
        low = getattr(rule, "gt", None) if getattr(rule, "gt", None) is not None else low
        high = getattr(rule, "le", None) if getattr(rule, "le", None) is not None else high
        high = getattr(rule, "lt", None) if getattr(rule, "lt", None) is not None else high
    return low, high


def _choices(kind: Any) -> list[Any] | None:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)
    return None


def _widget(field: FieldInfo, label: str, key: str, default: Any) -> Any:
    """The widget for a field's type; text for anything without one of its own."""
    kind, optional = _plain(field.annotation)
    help_text = layout.verbatim(field.description) if field.description else None
    label = layout.verbatim(label)
    choices = _choices(kind)
    if choices is not None:
        index = choices.index(default) if default in choices else 0
        return st.selectbox(label, choices, index, key=key, help=help_text, format_func=_said, persist_state="session")
    if kind is bool:
        return st.toggle(label, bool(default), key=key, help=help_text, persist_state="session")
    if kind is int or kind is float:
        return _number(field, kind, label, key, default, help_text, "automatic" if optional else None)
    if get_origin(kind) is tuple:
        return _several(field, kind, label, key, default, help_text)
    text = st.text_input(label, _as_text(default), key=key, help=help_text, persist_state="session")
    return None if optional and not text.strip() else text


def _as_text(value: Any) -> str:
    """What stands in a text field: nothing for None, `name:0.5, name:2` for numbers by name, anything else as it is."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}:{number:.15g}" for name, number in value.items())
    return "" if value is None else str(value)


def _number(
    field: FieldInfo,
    kind: type[int] | type[float],
    label: str,
    key: str,
    default: Any,
    help_text: str | None,
    unset: str | None,
) -> int | float | None:
    """A number within its bounds; whole numbers step by one."""
    low, high, value = (None if entry is None else kind(entry) for entry in (*_bounds(field), default))
    more: dict[str, Any] = {"step": 1} if kind is int else {"format": "%g"}
    draw: Any = st.number_input  # its overloads want each of the three to be known as None or not
    number: int | float | None = draw(
        label, low, high, value, key=key, help=help_text, placeholder=unset, persist_state="session", **more
    )
    return number


def _several(field: FieldInfo, kind: Any, label: str, key: str, default: Any, help_text: str | None) -> Any:
    """A tuple: capabilities or fixed choices as a list to pick from, anything else as words between commas."""
    choices = _choices(get_args(kind)[0])
    if "capabilit" in key.rsplit(".", 1)[-1]:
        return tuple(
            st.multiselect(
                label, CAPABILITY_KEYS, list(default or ()), key=key, help=help_text, format_func=capability_name,
                placeholder="all fourteen", persist_state="session",
            )
        )  # fmt: skip
    if choices is not None:
        return tuple(
            st.multiselect(label, choices, list(default or ()), key=key, help=help_text, persist_state="session")
        )
    text = st.text_input(label, ", ".join(map(str, default or ())), key=key, help=help_text, persist_state="session")
    return _words(text)


def _column(field: FieldInfo, label: str, key: str, default: Any, columns: Sequence[str]) -> Any:
    """One column, or several number columns, of those there are; what is set already stays, and is said not to be there."""
    several = get_origin(_plain(field.annotation)[0]) is tuple
    label, help_text = layout.verbatim(label), layout.verbatim(field.description or "")

    def said(name: str) -> str:
        return column_name(name) if name in columns else f"{name} · not here" if name else "none"

    if several:
        numbers = [name for name in columns if name not in CAPABILITY_KEYS]
        held = session.held(key) if session.holds(key) else list(default or ())
        held = list(_words(held)) if isinstance(held, str) else list(held or ())
        session.seed(key, held)
        return tuple(
            st.multiselect(
                label, [*numbers, *(name for name in held if name not in numbers)], key=key, help=help_text, format_func=said,
                placeholder="none", persist_state="session",
            )
        )  # fmt: skip
    now = str((session.held(key) if session.holds(key) else default) or "")
    empty = [""] if not field.is_required() and field.default == "" else []
    options = list(dict.fromkeys([*empty, *columns, *([now] if now or empty else [default])]))
    session.seed(key, now if now in options else default)
    return st.selectbox(label, options, key=key, help=help_text, format_func=said, persist_state="session")


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _plain(kind: Any) -> tuple[Any, bool]:
    """A type without its None, and whether None was allowed."""
    if get_origin(kind) in (Union, types.UnionType):
        parts = [part for part in get_args(kind) if part is not type(None)]
        if len(parts) == 1:
            return parts[0], True
    return kind, False


def _said(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value).replace("_", " ")

"""The list of methods on Curate: each says what it lacks here, and a column that is missing is chosen from those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import MissingEvidence, StudioError
from core.select import methods
from core.select.clip_score import EMBEDDING, ClipScore
from core.select.pool import Pool
from core.select.selector import Selector, names_column
from core.select.stratified import Stratified
from studio import cached, curate_state, forms, layout, session
from studio.cached_curate import curated
from studio.curate_state import METHOD

_NUMBERS = {1: "a", 2: "two", 3: "three"}


def choose(now: str, on_change: Callable[[], None]) -> None:
    """The list of methods; under it, a list of columns for each one the chosen method lacks."""
    pool = _pool()
    lacking = {name: _lacks(name, pool) for name in methods.METHODS}
    session.seed("curate-method", now)
    st.selectbox(
        "Method", list(lacking), key="curate-method", format_func=lambda name: _said(name, lacking[name]), on_change=on_change,
        help=layout.verbatim(methods.method(now).summary),
    )  # fmt: skip
    for field in _missing_columns(now, pool):
        described = methods.method(now).model_fields[field].description or ""
        st.selectbox(
            f"Column for {forms.label_of(methods.method(now), field).lower()}", known_columns(pool), index=None,
            key=f"column-{now}.{field}", format_func=forms.column_name, placeholder="Choose a column", help=layout.verbatim(described),
            on_change=_take, args=(now, field),
        )  # fmt: skip


def on_page(error: StudioError) -> StudioError:
    """A problem as this page says it: a column that is not there is chosen from the list above."""
    if not isinstance(error, MissingEvidence) or not _missing_columns(METHOD.get(), _pool()):
        return error
    return MissingEvidence(
        error.problem,
        "Choose one in the list above, or import it with `winnow import-evidence WS FILE --format numbers`.",
    )


def settings(name: str) -> Selector:
    """The form of a method's settings; what names a column is chosen from those there are."""
    return forms.settings_form(methods.method(name), key=f"method-{name}", columns=known_columns(_pool()))


def _pool() -> Pool:
    return curated(session.chosen_filter()).pool


def known_columns(pool: Pool) -> Sequence[str]:
    """What a method can order this pool by: imported numbers first, then what is known of every sample, then scores."""
    imported = [name for name in pool.numbered if name in cached.lens().number_columns]
    return [*imported, *(name for name in pool.numbered if name not in imported), *pool.scored]


def _said(name: str, lacks: str) -> str:
    title = methods.method(name).title
    return f"{title} · needs {lacks}" if lacks else title


def _lacks(name: str, pool: Pool) -> str:
    """What a method needs and does not find in a pool, in words; '' where it can be used as it is set."""
    method, values, made = methods.method(name), _values(name), cached.lens().producers
    missing = len(_missing_columns(name, pool))
    if method is ClipScore:
        embedded = bool(made.get("embedding")) and made["embedding"][0].name.startswith(EMBEDDING)
        return "" if embedded or not missing else f"a column or {EMBEDDING}"
    if missing:
        return f"{_NUMBERS.get(missing, missing)} number column{'s' if missing > 1 else ''}"
    if method.needs_vectors and not made.get("embedding"):
        return "an embedding"
    if "capabilities" in method.model_fields and not pool.scored and not values.get("columns"):
        return "scores"
    if method is Stratified and values.get("by") == "tag" and pool.tag is None:
        return "tags"
    return ""


def _missing_columns(name: str, pool: Pool) -> list[str]:
    """The settings that name one column, where that column is not there."""
    method, values, known = methods.method(name), _values(name), known_columns(pool)
    return [
        field
        for field, info in method.model_fields.items()
        if names_column(info) and isinstance(values.get(field), str) and values[field] and values[field] not in known
    ]


def _values(name: str) -> Mapping[str, Any]:
    """How a method is set on this page, or would be if it were chosen."""
    method = methods.method(name)
    return {**method().model_dump(mode="python"), **forms.held(method, key=f"method-{name}")}


def _take(name: str, field: str) -> None:
    """Set a setting to the column that was chosen for it, as if in the form."""
    column = session.held(f"column-{name}.{field}")
    if column:
        session.seed(f"method-{name}.{field}", str(column))
        curate_state.acted()

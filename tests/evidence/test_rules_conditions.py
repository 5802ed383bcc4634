"""Conditions of the data files: evaluated like minimum, maximum and complement; errors name the file's line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadData
from core.evidence.rules.conditions import parse_condition

COLUMNS = {"a": 0, "b_2": 1, "c": 2}

_names = st.sampled_from(sorted(COLUMNS))
_expressions = st.recursive(
    _names,
    lambda inner: st.one_of(
        inner.map(lambda text: f"!({text})"),
        _names.map(lambda name: f"!{name}"),
        st.tuples(inner, st.sampled_from("&|"), inner).map(lambda parts: f"({parts[0]} {parts[1]}{parts[2]})"),
    ),
    max_leaves=12,
)


def _plain(text: str, values: dict[str, float]) -> float:
    """The same expression in Python, with operators that take the smaller, the larger, the complement."""
    found = eval(text.replace("!", "~"), {name: _Fuzzy(value) for name, value in values.items()})
    return float(found.value)


class _Fuzzy:
    def __init__(self, value: float) -> None:
        self.value = value

    def __and__(self, other: _Fuzzy) -> _Fuzzy:
        return _Fuzzy(min(self.value, other.value))

    def __or__(self, other: _Fuzzy) -> _Fuzzy:
        return _Fuzzy(max(self.value, other.value))

    def __invert__(self) -> _Fuzzy:
        return _Fuzzy(1 - self.value)


@given(_expressions, st.lists(st.integers(0, 8).map(lambda n: n / 8), min_size=3, max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_condition_is_the_same_expression_over_minimum_and_maximum(text: str, row: list[float]) -> None:
    values = np.array([row], dtype=np.float32)
    found = parse_condition(text, COLUMNS, "test").of(values)
    assert found.tolist() == [_plain(text, dict(zip(COLUMNS, row, strict=True)))]


def test_and_binds_tighter_than_or_and_not_tightest() -> None:
    values = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 1, 0]], dtype=np.float32)
    assert parse_condition("a | b_2 & c", COLUMNS, "test").of(values).tolist() == [1, 1, 0, 0]
    assert parse_condition("!a & c", COLUMNS, "test").of(values).tolist() == [0, 1, 1, 0]
    assert parse_condition("!!a", COLUMNS, "test").of(values).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "text", ["", "a &", "& a", "a b_2", "(a", "a)", "a & unknown", "a + c", "!", "()", "a | | c", "A"]
)
def test_a_condition_that_cannot_be_read_says_where_and_why(text: str) -> None:
    with pytest.raises(BadData, match="line 7") as caught:
        parse_condition(text, COLUMNS, "line 7")
    assert caught.value.fix

"""The field for a budget in text tokens takes numbers as the studio writes them, and says what it cannot take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.select.budget import Budget, parse_budget
from studio.curate_constraints import tokens_of
from studio.words import num


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2,000", 2000), ("2000", 2000), ("2M", 2_000_000), ("2 m", 2_000_000), ("800k", 800_000), ("1.5M", 1_500_000),
        (".5k", 500), ("1G", 10**9), ("1,234,567 tokens", 1_234_567), ("1 token", 1), ("2k text tokens", 2000), (" 7 ", 7),
    ],
)  # fmt: skip
def test_a_number_of_tokens_is_read_as_people_write_it(text: str, number: int) -> None:
    assert tokens_of(text) == Budget.tokens(number)


@given(st.integers(1, 10**15))
def test_a_number_as_the_studio_writes_it_is_that_number(number: int) -> None:
    assert tokens_of(num(number)) == tokens_of(str(number)) == parse_budget(f"{number}tokens") == Budget.tokens(number)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("abc", "'abc' is no number of text tokens."), ("1,5", "'1,5' is no number of text tokens."), ("30%", "'30%' is no number"),
        ("-3", "'-3' is no number"), ("²", "'²' is no number"), ("0", "0 text tokens hold no sample."), ("0.0M", "0 text tokens"),
        ("0.5", "'0.5' is not a whole number of text tokens."), ("1.0005k", "'1.0005k' is not a whole number"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_tokens_is_said_as_it_was_typed(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        tokens_of(text)
    assert caught.value.problem.startswith(says.removesuffix("."))
    assert "2M" in caught.value.fix
    assert "%" not in caught.value.fix


def test_no_tokens_are_not_called_a_broken_number() -> None:
    with pytest.raises(BadInput) as caught:
        parse_budget("0tokens")
    assert caught.value.problem == "A budget of 0 text tokens keeps nothing."

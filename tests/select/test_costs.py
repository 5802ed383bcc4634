"""What methods say they cost: not below what was measured, more for more samples, and in round words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.select.methods import METHODS, settings
from core.select.selector import about, slowed, took

MEASURED = [
    ("semdedup", 50_000, 1.9), ("semdedup", 100_000, 3.5), ("semdedup", 400_000, 18.4),
    ("coincide", 50_000, 2.5), ("coincide", 100_000, 4.2), ("coincide", 400_000, 22.1),
    ("deita", 50_000, 2.9), ("deita", 100_000, 4.6), ("deita", 400_000, 21.7),
    ("k-center", 50_000, 9.7), ("k-center", 100_000, 21.6), ("k-center", 400_000, 118.3),
]  # fmt: skip
"""Seconds of one core for 30 % of so many samples of 192 dimensions."""


@pytest.mark.parametrize(("name", "num", "seconds"), MEASURED)
def test_an_estimate_is_not_below_what_was_measured_and_not_far_above(name: str, num: int, seconds: float) -> None:
    assert seconds <= settings(name, {}).seconds(num, num * 3 // 10) <= 3 * seconds


@given(st.sampled_from(sorted(METHODS)), st.integers(0, 10**7), st.integers(0, 10**6))
def test_more_samples_never_take_less(name: str, num: int, more: int) -> None:
    selector = settings(name, {})
    assert 0 <= selector.seconds(num, num // 3) <= selector.seconds(num + more, (num + more) // 3)
    assert selector.cost(num, num // 3) == took(num, selector.seconds(num, num // 3))


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (4, "about 4 s"), (16.4, "about 16 s"), (23, "about 25 s"), (54, "about 55 s"), (58, "about 1 min"), (146, "about 2 min 30 s"),
        (200, "about 3 min 20 s"), (299, "about 5 min"), (423, "about 7 min"), (3599, "about 1 h"), (9000, "about 2 h"),
    ],
)  # fmt: skip
def test_an_estimate_is_said_no_more_exactly_than_it_is_known(seconds: float, says: str) -> None:
    assert about(seconds) == says
    assert took(1000, seconds) == f"{says} for 1,000 samples"
    assert took(1000, 3.9) is None


def test_a_busy_machine_only_ever_makes_it_longer() -> None:
    assert slowed() >= 1

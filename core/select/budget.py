"""How many samples a selection may hold: a share of the pool, a count, or a number of text tokens.

Shares are exact decimals: 29 % of 100 samples is 29, which binary floating point gets wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

from core.errors import BadInput

_PERCENT = re.compile(r"(\d{1,18}(?:\.\d{0,100})?|\.\d{1,100})\s*%", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)  # more digits than any pool needs, fewer than Python converts
_TOKENS = re.compile(r"(\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})\s*([kKMG]?)\s*tokens?", re.ASCII)
_THOUSANDS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}
_FIX = "Give a share such as 30% or a number of samples such as 500."


@dataclass(frozen=True)
class Budget:
    """`amount` of a `kind`: percent of the pool, samples, or text tokens."""

    kind: Literal["percent", "samples", "tokens"]
    amount: Fraction

    @classmethod
    def percent(cls, share: str | int | float | Decimal) -> Budget:
        """A share of the pool; a float counts as the decimal it prints as, so 0.1 is a tenth of a percent exactly."""
        return cls("percent", _exact(share))

    @classmethod
    def samples(cls, count: int) -> Budget:
        return cls("samples", Fraction(count))

    @classmethod
    def tokens(cls, count: int) -> Budget:
        return cls("tokens", Fraction(count))

    def __str__(self) -> str:
        if self.kind == "percent":
            return f"{decimal_text(self.amount)}%"
        return str(int(self.amount)) if self.kind == "samples" else f"{int(self.amount)} tokens"

    def count(self, pool_size: int) -> int:
        """The number of samples this allows in a pool of `pool_size`; BadInput when it is 0 or more than there are."""
        if self.kind == "tokens":
            raise BadInput("A token budget has no fixed number of samples.", "Choose with `methods.choose` instead.")
        if pool_size == 0:
            raise BadInput("No sample is left to choose from.", "Widen the filter.")
        if self.kind == "percent":
            if not 0 < self.amount <= 100:
                raise BadInput(f"A budget of {self} is not a share above 0 % and up to 100 %.", _FIX)
            number = int(pool_size * self.amount / 100)
            if number == 0:
                raise BadInput(
                    f"{self} of {pool_size:,} samples is less than one sample.",
                    f"Give at least {decimal_text(Fraction(100, pool_size), up=True)}% or a number of samples.",
                )
            return number
        number = int(self.amount)
        if number < 1:
            raise BadInput(f"A budget of {number} samples keeps nothing.", _FIX)
        if number > pool_size:
            raise BadInput(
                f"A budget of {number:,} samples is more than the {pool_size:,} of the pool.",
                f"Give {pool_size:,} or fewer, without the comma, or 100%."
                if pool_size > 999
                else f"Give {pool_size} or fewer, or 100%.",
            )
        return number


def parse_budget(text: str) -> Budget:
    """'30%', '500' or '2Mtokens'; BadInput for anything else. Whether it fits a pool is `Budget.count`'s question."""
    stripped = text.strip()
    match = _PERCENT.fullmatch(stripped)
    if match:
        return Budget("percent", Fraction(Decimal(match.group(1))))
    if _COUNT.fullmatch(stripped):
        return Budget.samples(int(stripped))
    match = _TOKENS.fullmatch(stripped)
    if match:
        amount = Fraction(Decimal(match.group(1))) * _THOUSANDS[match.group(2)]
        if amount == 0:
            raise BadInput("A budget of 0 text tokens keeps nothing.", "Give one such as 1.5Mtokens or 800ktokens.")
        if amount.denominator != 1:
            raise BadInput(f"{text!r} is not a whole number of tokens.", "Give one such as 1.5Mtokens or 800ktokens.")
        return Budget("tokens", amount)
    raise BadInput(f"{text!r} is not a budget.", _FIX.replace("500.", "500, or text tokens such as 2Mtokens."))


def _exact(value: str | int | float | Decimal) -> Fraction:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise BadInput(f"{value!r} is not a share in percent.", _FIX)
    return Fraction(number)


def decimal_text(value: Fraction, up: bool = False) -> str:
    """A fraction as a plain decimal; one that never ends is cut (or rounded up) at six digits after the point."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator == 1:
        digits = 0
        while (value * 10**digits).denominator != 1:
            digits += 1
    else:
        digits = 6
    scaled = value * 10**digits
    whole = -int(-scaled // 1) if up else int(scaled // 1)
    sign, text = ("-" if whole < 0 else ""), str(abs(whole)).rjust(digits + 1, "0")
    return f"{sign}{text[: len(text) - digits]}.{text[len(text) - digits :]}" if digits else f"{sign}{text}"

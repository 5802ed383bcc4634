"""Constraints on top of any method: must-keep and never lists, conditions, and minima and maxima per group.

This module needs pydantic and PyYAML only, because a recipe holds constraints and is read where nothing else is installed;
`core.select.constrained` says what they do to an ordering.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_serializer, model_validator

from core.errors import BadInput
from core.select.constraint_mistakes import Kind, first_mistake, path_of, share_of
from core.select.yaml_words import Place

PARTITIONS: tuple[Kind, ...] = ("source", "capability")
"""The kinds of which a sample has one at most, so that their minima add up."""

_HEX = re.compile(r"[0-9a-fA-F]{16}")


class Contradiction(BadInput):
    """Two rules that cannot both hold; `larger_helps` says that they could with a larger budget."""

    def __init__(self, problem: str, fix: str, *, larger_helps: bool = False) -> None:
        super().__init__(problem, fix)
        self.larger_helps = larger_helps


def _sample_id(value: Any) -> Any:
    if isinstance(value, int):  # YAML reads sixteen digits without a letter as a number, and loses leading zeros
        raise ValueError("a sample id stands in quotes")
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError("a sample id is 16 hexadecimal digits")
    return value.lower()


def _share(value: Any) -> Any:
    number = share_of(value)
    if isinstance(number, str | bool):
        raise ValueError("a share is a part of the budget, such as 30% or 0.3")
    return number


SampleIds = tuple[Annotated[str, BeforeValidator(_sample_id)], ...]
Condition = Annotated[str, Field(min_length=1, max_length=10_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quota(_Part):
    """How much of one group a selection must or may hold; exactly one of `share` and `count`."""

    kind: Kind = Field(description="What the group is: source, style, tag or capability.")
    name: str = Field(
        min_length=1,
        description="Which one: a source, a style or `unstyled`, a tag path (with all below it), a capability key.",
    )
    share: Annotated[float | None, BeforeValidator(_share)] = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="Part of the budget: 0 to 1, or a percentage such as 30%."
    )
    count: int | None = Field(None, ge=0, description="A number of samples.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Quota:
        if (self.share is None) == (self.count is None):
            raise ValueError("give exactly one of share and count")
        return self

    @model_serializer
    def _the_one_given(self) -> dict[str, Any]:
        amount = {"count": self.count} if self.share is None else {"share": self.share}
        return {"kind": self.kind, "name": self.name, **amount}

    @property
    def group(self) -> str:
        """As people say it: 'source charts'."""
        return f"{self.kind} {self.name}"

    @property
    def amount(self) -> str:
        """As people say it: '20' or '30 %'."""
        return f"{self.count:,}" if self.share is None else f"{float(100 * Fraction(str(self.share))):g} %"

    def num(self, budget: int, *, up: bool) -> int:
        """Samples of a budget; a share counts as the decimal it prints as, a broken sample is rounded `up` or away."""
        if self.share is None:
            return self.count or 0
        exact = Fraction(str(self.share)) * budget
        return -int(-exact // 1) if up else int(exact // 1)


class Constraints(_Part):
    """What a selection must, may and may not hold, whatever method orders it. The empty one changes nothing."""

    pins: SampleIds = Field((), description="Samples that must be kept, as 16 hex digits; they count in the budget.")
    never: SampleIds = Field((), description="Samples that are never kept, as 16 hex digits.")
    include: tuple[Condition, ...] = Field((), description="Conditions that must all hold of a kept sample.")
    exclude: tuple[Condition, ...] = Field((), description="Conditions none of which may hold of a kept sample.")
    minimum: tuple[Quota, ...] = Field((), description="Groups of which at least so much is kept.")
    maximum: tuple[Quota, ...] = Field((), description="Groups of which at most so much is kept.")

    @model_validator(mode="after")
    def _no_contradiction(self) -> Constraints:
        for which, ids in (("pins", self.pins), ("never", self.never)):
            twice = next((one for one, num in Counter(ids).items() if num > 1), None)
            if twice is not None:
                raise ValueError(f"{which} lists the sample {twice} twice")
        both = sorted(set(self.pins) & set(self.never))
        if both:
            more = f", as are {len(both) - 1:,} more" if len(both) > 1 else ""
            raise ValueError(f"the sample {both[0]} is among the pins and in the never list{more}")
        most = {}
        for which, quotas in (("minimum", self.minimum), ("maximum", self.maximum)):
            groups = [quota.group for quota in quotas]
            for group in groups:
                if groups.count(group) > 1:
                    raise ValueError(f"{which} names {group} twice")
        most = {quota.group: quota for quota in self.maximum}
        for least in self.minimum:
            other = most.get(least.group)
            same_unit = other is not None and (other.share is None) == (least.share is None)
            if other is not None and same_unit and least.num(10**9, up=True) > other.num(10**9, up=False):
                raise ValueError(
                    f"the minimum of {least.amount} for {least.group} is above the maximum of {other.amount}"
                )
        return self

    @model_serializer
    def _what_is_given(self) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for name in type(self).model_fields:
            entries = getattr(self, name)
            if entries:
                plain[name] = [entry.model_dump() if isinstance(entry, Quota) else entry for entry in entries]
        return plain

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in type(self).model_fields)

    @property
    def keeps_prefixes(self) -> bool:
        """Whether a method whose every prefix is valid stays so: no minimum, and no maximum that is a share."""
        return not self.minimum and all(quota.share is None for quota in self.maximum)

    @property
    def num_rules(self) -> int:
        """Conditions and quotas; the lists of samples are not counted."""
        return len(self.include) + len(self.exclude) + len(self.minimum) + len(self.maximum)


def constraints_of(
    raw: Any, called: str = "the constraints", line: Callable[[Place], int | None] = lambda place: None
) -> Constraints:
    """Constraints from plain values; BadInput says the first mistake and its place, with the line where `line` knows it."""
    if not isinstance(raw, Mapping):
        raise BadInput(
            f"{called} is not a list of constraints: it has no keys.",
            f"Write a key at the beginning of a line, one of {', '.join(Constraints.model_fields)}, and its list behind it.",
        )
    mistake = first_mistake(raw)
    if mistake is not None:
        at = line(mistake.place)
        where = called if at is None else f"{called}, line {at}"
        raise BadInput(f"{where}: {path_of(mistake.place)} {mistake.problem}.", mistake.fix)
    try:
        return Constraints.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        path, message = path_of(first["loc"]), first["msg"].removeprefix("Value error, ")
        fix = "Change one of the two, or take one away."
        raise BadInput(f"{called}: {path + ': ' if path else ''}{message}.", fix) from None

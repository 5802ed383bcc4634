"""The methods in display order, and the two ways to use one: settings from text, and a selection for any budget.

Adding a method is its file and its line here; tests/select/test_every_method.py then holds it to the common promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from core.errors import BadInput
from core.select.budget import Budget
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.ordering import Ordering, Selection
from core.select.pool import Pool
from core.select.selector import Selector
from core.select.top_score import TopScore
from core.select.uniform import Random

METHODS: dict[str, type[Selector]] = {
    "mmssr": Mmssr,
    "mmssr-nested": MmssrNested,
    "top-score": TopScore,
    "random": Random,
}


def method(name: str) -> type[Selector]:
    """The method of this name; BadInput that lists the known ones for any other."""
    if name not in METHODS:
        raise BadInput(f"There is no method {name!r}.", f"The known ones are: {', '.join(METHODS)}.")
    return METHODS[name]


def settings(name: str, values: Mapping[str, Any]) -> Selector:
    """A method with these settings, each a value or its text as a command line gives it; BadInput names the field."""
    chosen = method(name)
    for field in values:
        if field not in chosen.model_fields:
            known = ", ".join(chosen.model_fields)
            raise BadInput(
                f"{name} has no setting {field!r}.", f"Its settings are: {known}." if known else "It has no settings."
            )
    try:
        return chosen.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        raise BadInput(
            f"{name}: {field} = {values[field]!r} is not acceptable: {first['msg']}.",
            f"{field}: {chosen.model_fields[field].description or chosen.model_fields[field].annotation}",
        ) from None


def choose(selector: Selector, pool: Pool, budget: Budget, seed: int = 0) -> Selection:
    """Order the pool and cut it at the budget.

    A token budget keeps the longest prefix that fits; for a method that is exact for one budget only it is the largest
    number of samples that fits, found by bisection.
    """
    if budget.kind != "tokens":
        budget.count(len(pool))  # a mistaken budget is said before any work
        return selector.order(pool, budget=budget, seed=seed).cut(budget)
    tokens = pool.values("num_text_tokens")
    if bool(np.isnan(tokens).any()):
        raise BadInput(
            f"{int(np.isnan(tokens).sum()):,} samples of the pool have no token count.",
            "Run `winnow prepare` on the workspace first, or give the budget in samples.",
        )
    limit = int(budget.amount)

    def spent(ordering: Ordering) -> int:
        return int(tokens[ordering.rows].sum())

    if selector.prefix_valid:
        ordering = selector.order(pool, seed=seed)
        num = int(np.searchsorted(np.cumsum(tokens[ordering.rows]), limit, side="right"))
        return ordering.cut(_at_least_one(num, limit))
    low, high = 0, len(pool)  # `low` samples fit, more than `high` do not
    best: Ordering | None = None
    while low < high:
        middle = (low + high + 1) // 2
        ordering = selector.order(pool, budget=Budget.samples(middle), seed=seed)
        if spent(ordering) <= limit:
            low, best = middle, ordering
        else:
            high = middle - 1
    return (best or selector.order(pool, budget=Budget.samples(1), seed=seed)).cut(_at_least_one(low, limit))


def _at_least_one(num: int, limit: int) -> Budget:
    if num == 0:
        raise BadInput(f"Not one sample fits in {limit:,} text tokens.", "Give more tokens.")
    return Budget.samples(num)


def several_seeds(selector: Selector, pool: Pool, budget: Budget, seeds: range) -> list[Selection]:
    """The same choice with each of several seeds: how much of a result is luck."""
    return [choose(selector, pool, budget, seed) for seed in seeds]

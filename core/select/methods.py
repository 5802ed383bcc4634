"""The methods in display order, and the two ways to use one: settings from text, and a selection for any budget.

Adding a method is its file and its line here; tests/select/test_every_method.py then holds it to the common promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from core.errors import BadInput
from core.select.budget import Budget
from core.select.clip_score import ClipScore
from core.select.coincide import Coincide
from core.select.constrained import num_left, order
from core.select.constraints import Constraints, Contradiction
from core.select.deita import Deita
from core.select.groups import Labels
from core.select.imported import Imported
from core.select.k_center import KCenter
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.ordering import Selection
from core.select.pool import Pool
from core.select.ppl_mid import PplMid
from core.select.selector import Selector
from core.select.semdedup import SemDeDup
from core.select.stratified import Stratified
from core.select.top_score import TopScore
from core.select.uniform import Random

METHODS: dict[str, type[Selector]] = {
    "mmssr": Mmssr,
    "mmssr-nested": MmssrNested,
    "top-score": TopScore,
    "deita": Deita,
    "ppl-mid": PplMid,
    "clip-score": ClipScore,
    "semdedup": SemDeDup,
    "k-center": KCenter,
    "coincide": Coincide,
    "stratified": Stratified,
    "imported": Imported,
    "random": Random,
}


UNCONSTRAINED = Constraints()


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


def choose(
    selector: Selector,
    pool: Pool,
    budget: Budget,
    seed: int = 0,
    constraints: Constraints = UNCONSTRAINED,
    labels: Labels | None = None,
) -> Selection:
    """Order the pool under constraints and cut it at the budget.

    A share is one of the samples that never lists and conditions leave in the pool. A token budget keeps the longest
    prefix that fits; where the result is exact for one budget only it is the largest number of samples that fits, found
    by bisection. `labels` answers what constraints ask beyond the pool's columns: see `groups.labels_for`.
    """
    if budget.kind == "tokens":
        return _within_tokens(selector, pool, int(budget.amount), seed, constraints, labels)
    if constraints.is_empty:
        budget.count(len(pool))  # a mistaken budget is said before any work
    return order(selector, pool, budget=budget, seed=seed, constraints=constraints, labels=labels).cut(budget)


def _within_tokens(
    selector: Selector, pool: Pool, limit: int, seed: int, constraints: Constraints, labels: Labels | None
) -> Selection:
    tokens = pool.values("num_text_tokens")
    missing = int(np.isnan(tokens).sum())
    if missing:
        raise BadInput(
            f"{missing:,} sample{'' if missing == 1 else 's'} of the pool {'has' if missing == 1 else 'have'} no token count.",
            "Run `winnow prepare` on the workspace first, or give the budget in samples.",
        )
    if selector.prefix_valid and constraints.keeps_prefixes:
        ordering = order(selector, pool, seed=seed, constraints=constraints, labels=labels)
        fitting = int(np.searchsorted(np.cumsum(tokens[ordering.rows]), limit, side="right"))
        if 0 < ordering.num_pinned > fitting:
            raise Contradiction(
                f"{_pinned(ordering.num_pinned)} more than {_text_tokens(limit)}.",
                "Give more tokens, or take pins off.",
            )
        return ordering.cut(_at_least_one(fitting, limit))
    # `low` samples fit or are too few for the constraints, more than `high` do not fit
    low, high = 0, num_left(pool, constraints, labels)

    def fits(num: int) -> Selection | None:
        made = choose(selector, pool, Budget.samples(num), seed, constraints, labels)
        return made if int(tokens[made.rows].sum()) <= limit else None

    best: Selection | None = None
    refused: Contradiction | None = None  # the last refusal
    above: Contradiction | None = None  # why `high` is not larger, where it is not the tokens
    while low < high:
        middle = (low + high + 1) // 2
        try:
            tried = fits(middle)
        except Contradiction as error:
            refused = error
            if error.larger_helps:
                low = middle
            else:
                high, above = middle - 1, error
            continue
        if tried is not None:
            low, best = middle, tried
        else:
            high, above = middle - 1, None
    while (
        best is not None and best.budget < low
    ):  # shares are rounded: a larger number may be refused where one between is not
        try:
            larger = fits(best.budget + 1)
        except Contradiction:
            break
        if larger is None:
            break
        best = larger
    if best is None and refused is not None:
        problem = f"Within {_text_tokens(limit)} the constraints cannot be met. {refused.problem}"
        raise Contradiction(problem, f"{refused.fix.removesuffix('.')}, or give more tokens.")
    if best is None:
        return choose(selector, pool, _at_least_one(low, limit), seed, constraints, labels)
    if above is not None:
        notes = (f"A larger selection is ruled out: {above.problem}", *best.ordering.notes)
        best = replace(best, ordering=replace(best.ordering, notes=notes))
    return best


def _text_tokens(number: int) -> str:
    return f"{number:,} text token{'' if number == 1 else 's'}"


def _pinned(number: int) -> str:
    return "The pinned sample has" if number == 1 else f"The {number:,} pinned samples have"


def _at_least_one(num: int, limit: int) -> Budget:
    if num == 0:
        raise BadInput(f"Not one sample fits in {_text_tokens(limit)}.", "Give more tokens.")
    return Budget.samples(num)


def several_seeds(
    selector: Selector,
    pool: Pool,
    budget: Budget,
    seeds: range,
    constraints: Constraints = UNCONSTRAINED,
    labels: Labels | None = None,
) -> list[Selection]:
    """The same choice with each of several seeds: how much of a result is luck."""
    return [choose(selector, pool, budget, seed, constraints, labels) for seed in seeds]

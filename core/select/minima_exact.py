"""Whether minima, maxima, pins and a budget can hold together, and the choice that changes least where they can.

Samples that belong to the same groups are alike to every rule, so a choice is a number of kept samples per class of them: a
small integer program (HiGHS) instead of one over samples. Cost: its classes, of which there are few hundred as a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Rule = tuple[Literal["minimum", "maximum", "pins"], int]
"""A minimum or a maximum by its index, or all pins together: ('pins', 0)."""

_NODE_LIMIT = 5_000
_MOST_STEPS = 20_000
"""Steps of the cost of moving samples in or out, all classes together; up to so many it is exact for every sample."""


class Undecided(Exception):
    """The program was too hard to be solved within its limit, which is one of work, not of time: it is the same everywhere."""


@dataclass(frozen=True, eq=False)
class Rules:
    """What must hold. least: [C, number of minima] bool, who of C classes belongs to each; need: how many of each at least;
    most, limit: the same of maxima; pinned, total: [C] samples that must be kept and that there are; budget: at most so many."""

    least: Mask
    need: NDArray[np.int64]
    most: Mask
    limit: NDArray[np.int64]
    pinned: NDArray[np.int64]
    total: NDArray[np.int64]
    budget: int

    @property
    def names(self) -> list[Rule]:
        """Every rule but the budget."""
        minima: list[Rule] = [("minimum", index) for index in range(len(self.need))]
        maxima: list[Rule] = [("maximum", index) for index in range(len(self.limit))]
        return [*minima, *maxima, ("pins", 0)]

    def hold(self, num: NDArray[np.int64]) -> bool:
        """Whether a number of kept samples per class meets them all."""
        return bool(
            (num >= self.pinned).all()
            and (num <= self.total).all()
            and (num @ self.least >= self.need).all()
            and (num @ self.most <= self.limit).all()
            and num.sum() <= self.budget
        )

    def only(self, names: Sequence[Rule], *, budget: bool = True) -> Rules:
        """The same without the other rules."""
        least = [index for index in range(len(self.need)) if ("minimum", index) in names]
        most = [index for index in range(len(self.limit)) if ("maximum", index) in names]
        return Rules(
            self.least[:, least], self.need[least], self.most[:, most], self.limit[most],
            self.pinned if ("pins", 0) in names else np.zeros_like(self.pinned), self.total,
            self.budget if budget else int(self.total.sum()),
        )  # fmt: skip


def possible(rules: Rules) -> bool:
    """Whether any choice meets them; Undecided where that took too long."""
    return _solved(_Program(rules), np.zeros(len(rules.total))) is not None


def conflict(rules: Rules, about: Rule) -> list[Rule]:
    """Rules that cannot hold together, of which none can be left out; `about` is among them where it can be."""
    left = rules.names
    for rule in [*(one for one in reversed(left) if one != about), about]:
        fewer = [one for one in left if one != rule]
        if not possible(rules.only(fewer)):
            left = fewer
    return left


def nearest(rules: Rules, kept: NDArray[np.int64], places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64] | None:
    """How many samples of each class to keep, None where the rules cannot all hold.

    As many samples as the budget allows; of such choices one that gives up the fewest of those kept now; of these one
    whose places in line add up to least. kept: [C]; places: of each class, ascending; the first `kept` of each are kept now.
    """
    coming = _Moves([places[c][num:] for c, num in enumerate(kept)])
    going = _Moves([-places[c][rules.pinned[c] : num][::-1] for c, num in enumerate(kept)])
    num_classes = len(kept)
    of = np.concatenate([np.arange(num_classes), np.arange(num_classes)])
    sign = np.repeat([1, -1], num_classes)
    bounds = np.concatenate([coming.num, going.num])
    program = _Program(rules, of, sign, bounds, kept)
    leavers = np.repeat([0.0, 1.0], num_classes)
    size = rules.budget
    found = _solved(program.with_sum(np.ones(num_classes), size), leavers)
    if found is None:
        largest = _solved(program, -sign.astype(np.float64))
        if largest is None:
            return None
        size = int(program.numbers(largest).sum())
        found = _solved(program.with_sum(np.ones(num_classes), size), leavers)
    if found is None:
        raise Undecided
    num_going = int(found[num_classes:].sum())
    num_coming = size - int(kept.sum()) + num_going
    best = _closest(rules, kept, coming.cut(num_coming), going.cut(num_going), size, num_going)
    numbers = program.numbers(found) if best is None else best
    if not rules.hold(numbers):
        raise Undecided
    return numbers


def _closest(
    rules: Rules, kept: NDArray[np.int64], coming: _Moves, going: _Moves, size: int, num_going: int
) -> NDArray[np.int64] | None:
    """The choice of a size and a number of leavers whose places add up to least; None where that was too hard."""
    most = max(1, _MOST_STEPS // max(1, len(kept)))
    first, second = coming.steps(most), going.steps(most)
    of, sign = np.concatenate([first.of, second.of]), np.repeat([1, -1], [len(first.of), len(second.of)])
    cost = np.concatenate([first.cost, second.cost])
    spread = max(1.0, float(np.abs(cost).max(initial=1)) / 1_000)
    program = _Program(rules, of, sign, np.concatenate([first.num, second.num]), kept)
    leaves = (sign < 0).astype(np.float64)
    try:
        found = _solved(program.with_sum(np.ones(len(kept)), size).with_moves(leaves, num_going), cost / spread)
    except Undecided:
        return None
    return None if found is None else program.numbers(found)


@dataclass(frozen=True, eq=False)
class _Steps:
    """Moves of several samples of a class at once: [S] class, mean cost of one of them, how many at most."""

    of: NDArray[np.int64]
    cost: NDArray[np.float64]
    num: NDArray[np.int64]


class _Moves:
    """Samples of each class that may come or go, cheapest first: their places, or less their places."""

    def __init__(self, costs: Sequence[NDArray[np.int64]]) -> None:
        self.costs = costs
        self.num = np.array([len(one) for one in costs], dtype=np.int64)

    def cut(self, num: int) -> _Moves:
        """The first so many of each class."""
        return _Moves([one[:num] for one in self.costs])

    def steps(self, most: int) -> _Steps:
        """Up to `most` steps a class; costs rise from one to the next, so that a cheapest choice takes them in order."""
        of, cost, num = [], [], []
        for c, costs in enumerate(self.costs):
            for part in np.array_split(costs, min(most, len(costs))) if len(costs) else ():
                of.append(c)
                cost.append(float(part.mean()))
                num.append(len(part))
        return _Steps(np.array(of, dtype=np.int64), np.array(cost), np.array(num, dtype=np.int64))


class _Program:
    """Rules over whole variables between 0 and `bounds`: variable v moves `sign[v]` x v samples of class `of[v]`, from `base`."""

    def __init__(
        self,
        rules: Rules,
        of: NDArray[np.int64] | None = None,
        sign: NDArray[np.int64] | None = None,
        bounds: NDArray[np.int64] | None = None,
        base: NDArray[np.int64] | None = None,
    ) -> None:
        """Without the rest a variable is the number of kept samples of a class beyond its pins."""
        num = len(rules.total)
        self.of = np.arange(num) if of is None else of
        self.sign = np.ones(num, dtype=np.int64) if sign is None else sign
        self.bounds = rules.total - rules.pinned if bounds is None else bounds
        self.base = rules.pinned if base is None else base
        self.rows: list[tuple[NDArray[Any], float, float]] = []
        self._add(rules.least.T.astype(np.float64), rules.need, np.full(len(rules.need), np.inf))
        self._add(rules.most.T.astype(np.float64), np.full(len(rules.limit), -np.inf), rules.limit)
        self._add(np.ones((1, num)), np.array([-np.inf]), np.array([rules.budget]))

    def _add(self, weights: NDArray[np.float64], low: NDArray[Any], high: NDArray[Any]) -> None:
        """Rows over samples per class, as rows over moves."""
        for row, least, most in zip(weights, low, high, strict=True):
            start = float(row @ self.base)
            self.rows.append((row[self.of] * self.sign, least - start, most - start))

    def with_sum(self, weights: NDArray[np.float64], num: int) -> _Program:
        made = self._copy()
        made._add(weights[None], np.array([num]), np.array([num]))
        return made

    def with_moves(self, weights: NDArray[np.float64], num: int) -> _Program:
        made = self._copy()
        made.rows.append((weights, float(num), float(num)))
        return made

    def _copy(self) -> _Program:
        made = object.__new__(_Program)
        made.__dict__.update(self.__dict__, rows=list(self.rows))
        return made

    def numbers(self, moves: NDArray[np.int64]) -> NDArray[np.int64]:
        """Samples kept of each class after these moves: [C]."""
        numbers = self.base.copy()
        np.add.at(numbers, self.of, self.sign * moves)
        return numbers


def _solved(program: _Program, cost: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """The cheapest whole moves; None where there are none, Undecided where that could not be found out."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    if not len(program.bounds):
        allowed = all(low <= 0 <= high for _, low, high in program.rows)
        return np.empty(0, dtype=np.int64) if allowed else None
    rows = csr_array(np.array([row for row, _, _ in program.rows]))
    low, high = (np.array([entry[at] for entry in program.rows]) for at in (1, 2))
    found = milp(
        cost,
        integrality=np.ones(len(program.bounds)),
        bounds=Bounds(np.zeros(len(program.bounds)), program.bounds),
        constraints=LinearConstraint(rows, low, high),
        options={"node_limit": _NODE_LIMIT, "mip_rel_gap": 0},
    )
    if found.status == 2:
        return None
    if found.x is None:
        raise Undecided
    return np.asarray(np.rint(found.x), dtype=np.int64)

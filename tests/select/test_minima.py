"""Minima beside maxima, pins and a budget, against every subset of a small line: what can be met is, and changes least."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.select.minima import Stuck, exchange, meet
from core.select.minima_exact import Rules, conflict, possible

Groups = list[frozenset[int]]


@dataclass(frozen=True)
class Line:
    """Samples 0, 1, 2, ... best first, of which the first are pinned, with groups that may overlap in any way."""

    num: int
    num_pinned: int
    least: Groups
    need: list[int]
    most: Groups
    limit: list[int]
    budget: int

    def holds(self, kept: frozenset[int]) -> bool:
        return (
            len(kept) <= self.budget
            and kept >= set(range(self.num_pinned))
            and all(len(kept & group) >= need for group, need in zip(self.least, self.need, strict=True))
            and all(len(kept & group) <= limit for group, limit in zip(self.most, self.limit, strict=True))
        )

    def walk(self) -> frozenset[int]:
        """Down the line, without what would exceed a maximum."""
        kept: frozenset[int] = frozenset()
        for sample in range(self.num):
            more = kept | {sample}
            if len(more) <= self.budget and all(
                len(more & group) <= limit for group, limit in zip(self.most, self.limit, strict=True)
            ):
                kept = more
        return kept

    def possible(self) -> list[frozenset[int]]:
        rest = range(self.num_pinned, self.num)
        pinned = frozenset(range(self.num_pinned))
        sets = (pinned | set(some) for size in range(len(rest) + 1) for some in combinations(rest, size))
        return [kept for kept in sets if self.holds(kept)]

    def masks(self, groups: Groups) -> list[np.ndarray]:
        return [np.isin(np.arange(self.num), list(group)) for group in groups]

    def arguments(self) -> tuple[np.ndarray, int, list[np.ndarray], list[int], list[np.ndarray], list[int]]:
        kept = np.isin(np.arange(self.num), list(self.walk()))
        return kept, self.num_pinned, self.masks(self.least), self.need, self.masks(self.most), self.limit


@st.composite
def lines(draw: st.DrawFn) -> Line:
    num = draw(st.integers(1, 9))
    group = st.frozensets(st.integers(0, num - 1), max_size=num)
    least, most = draw(st.lists(group, min_size=1, max_size=4)), draw(st.lists(group, max_size=3))
    amount = st.integers(0, min(num, 4))
    num_pinned = draw(st.integers(0, min(2, num)))
    pinned = set(range(num_pinned))
    return Line(
        num, num_pinned, least, draw(st.lists(amount, min_size=len(least), max_size=len(least))), most,
        [max(draw(amount), len(pinned & group)) for group in most], draw(st.integers(max(1, num_pinned), num)),
    )  # fmt: skip


@st.composite
def margins(draw: st.DrawFn) -> Line:
    """Of two sources and three styles just so many: the rules that leave exchanges the least room."""
    num = draw(st.integers(4, 11))
    source, style = (draw(st.lists(st.integers(0, most), min_size=num, max_size=num)) for most in (1, 2))
    groups = [
        frozenset(sample for sample in range(num) if of[sample] == one)
        for of, count in ((source, 2), (style, 3))
        for one in range(count)
    ]
    wanted = draw(st.frozensets(st.integers(0, num - 1), min_size=2, max_size=6))
    exact = [len(wanted & group) for group in groups]
    slack = draw(st.lists(st.integers(0, 1), min_size=5, max_size=5))
    limit = [num + more for num, more in zip(exact, slack, strict=True)]
    return Line(num, 0, groups, exact, groups, limit, len(wanted))


@given(line=lines() | margins())
@settings(max_examples=250, deadline=None)
def test_minima_are_met_where_any_choice_meets_them_and_the_choice_changes_least(line: Line) -> None:
    choices = line.possible()
    if not choices:
        with pytest.raises(Stuck) as caught:
            meet(*line.arguments(), line.budget)
        assert caught.value.proven
        return
    done = meet(*line.arguments(), line.budget)
    kept, before = frozenset(np.flatnonzero(done.kept).tolist()), line.walk()
    assert line.holds(kept)
    for sample in range(line.num):
        assert done.gave[sample] >= 0 or sample not in before - kept
        assert done.gave[sample] < 0 or sample not in kept
        assert done.brought[sample] < 0 or sample in kept & line.least[done.brought[sample]]
    try:
        assert np.array_equal(exchange(*line.arguments()).kept, done.kept), "exchanges are kept where they do"
    except Stuck:
        best = min((-len(one), len(before - one), sum(one)) for one in choices)
        assert (-len(kept), len(before - kept), sum(kept)) == best


@given(line=lines() | margins())
@settings(max_examples=100, deadline=None)
def test_the_compiled_loop_makes_the_same_exchanges(line: Line) -> None:
    def made(compile_above: int) -> object:
        try:
            done = exchange(*line.arguments(), compile_above=compile_above)
        except Stuck as stuck:
            return stuck.args
        return [part.tolist() for part in (done.kept, done.brought, done.gave)]

    assert made(-1) == made(10**9)


def rules_of(line: Line) -> Rules:
    """Every sample a class of its own."""
    least, most = (
        np.stack(masks, axis=1) if masks else np.zeros((line.num, 0), dtype=bool)
        for masks in (line.masks(line.least), line.masks(line.most))
    )
    pinned = (np.arange(line.num) < line.num_pinned).astype(np.int64)
    return Rules(
        least, np.array(line.need), most, np.array(line.limit, dtype=np.int64), pinned, np.ones(line.num, dtype=np.int64),
        line.budget,
    )  # fmt: skip


@given(line=lines() | margins())
@settings(max_examples=150, deadline=None)
def test_rules_said_to_contradict_each_other_do_and_none_of_them_is_idle(line: Line) -> None:
    rules = rules_of(line)
    assert possible(rules) == bool(line.possible())
    if possible(rules):
        return
    short = int(np.argmax(np.array(line.need)))
    found = conflict(rules, ("minimum", short))
    assert any(kind == "minimum" for kind, _ in found), "maxima and pins alone are met by keeping the pins"
    for left_out in (None, *found):
        named = [rule for rule in found if rule != left_out]
        least = [index for kind, index in named if kind == "minimum"]
        most = [index for kind, index in named if kind == "maximum"]
        part = Line(
            line.num, line.num_pinned if ("pins", 0) in named else 0,
            [line.least[index] for index in least], [line.need[index] for index in least],
            [line.most[index] for index in most], [line.limit[index] for index in most], line.budget,
        )  # fmt: skip
        assert bool(part.possible()) == (left_out is not None)

"""Minima at the cut: a short group's best-ranked sample outside replaces the worst-ranked kept one that may go.

Samples that belong to the same groups differ in rank alone, so an exchange looks at classes of them instead of samples. Where
groups overlap, exchanges one by one may get stuck though a choice exists: then the one that changes least is worked out as a
whole. Cost: a sort, then for every exchange the number of classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.select.loops import compiled
from core.select.minima_exact import Rule, Rules, Undecided, conflict, nearest, possible
from core.select.minima_loops import BITS, COMPILE_ABOVE, exchange_all

Mask = NDArray[np.bool_]


class Stuck(Exception):
    """A minimum that cannot be met: `short` is its index; `blocker` is the rule in the way, None for too few candidates.

    more: rules that have a part in it beside these two; larger_helps: whether they could all hold within a larger budget;
    proven: whether no choice at all meets them, or only none was found.
    """

    def __init__(
        self, short: int, blocker: Rule | None, *, more: int = 0, larger_helps: bool = False, proven: bool = False
    ) -> None:
        super().__init__(short, blocker)
        self.short, self.blocker, self.more, self.larger_helps, self.proven = short, blocker, more, larger_helps, proven


@dataclass(frozen=True, eq=False)
class Exchanged:
    """The kept samples after the exchanges, by place in the line of candidates.

    kept: [M] bool; brought, gave: [M] int64, the index of the minimum a sample was brought in by or gave way to, else -1.
    """

    kept: Mask
    brought: NDArray[np.int64]
    gave: NDArray[np.int64]


class _Classes:
    """Candidates by the groups they belong to; the kept ones of a class are its best, because groups are all that is asked of it.

    of: [M] the class of each; least, most: [C, minima], [C, maxima] bool; places: [M] by class, ascending; class c has
    places[ends[c]:ends[c + 1]], keeps those before heads[c], and those before floors[c] are pinned.
    """

    def __init__(self, kept: Mask, num_pinned: int, least: Sequence[Mask], most: Sequence[Mask]) -> None:
        self.of, self.least, self.most = _alike(least, most)
        num = len(self.least)
        self.places = np.argsort(self.of, kind="stable")
        self.total, self.kept, self.pinned = (
            np.bincount(of, minlength=num) for of in (self.of, self.of[kept], self.of[:num_pinned])
        )
        self.ends = np.concatenate([[0], np.cumsum(self.total)])
        self.heads, self.floors = self.ends[:-1] + self.kept, self.ends[:-1] + self.pinned

    def bests(self, num: NDArray[np.int64]) -> Mask:
        """[M] bool: so many of each class, its best."""
        found = np.zeros(len(self.of), dtype=bool)
        found[self.places[np.arange(len(self.of)) < np.repeat(self.ends[:-1] + num, self.total)]] = True
        return found


def _alike(least: Sequence[Mask], most: Sequence[Mask]) -> tuple[NDArray[np.int64], Mask, Mask]:
    """The class of each candidate, and the groups of each class: [M], [C, minima], [C, maxima]."""
    bits = np.stack([*least, *most], axis=1)
    packed = np.ascontiguousarray(np.packbits(bits, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, of = np.unique(keys, return_index=True, return_inverse=True)
    return of, bits[first, : len(least)], bits[first, len(least) :]


def _words(groups: Mask, num_words: int) -> NDArray[np.int64]:
    """[C x words] int64: the groups of each class, a bit each."""
    padded = np.zeros((len(groups), num_words * BITS), dtype=np.int64)
    padded[:, : groups.shape[1]] = groups
    words: NDArray[np.int64] = (padded.reshape(len(groups), num_words, BITS) << np.arange(BITS)).sum(axis=2).ravel()
    return words


def _members(groups: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each group's classes begin, and the classes: [groups + 2], [members]; behind the last group stand all classes."""
    each = [np.flatnonzero(groups[:, index]) for index in range(groups.shape[1])] + [np.arange(len(groups))]
    return np.concatenate([[0], np.cumsum([len(one) for one in each])]), np.concatenate(each)


def meet(
    kept: Mask,
    num_pinned: int,
    least: Sequence[Mask],
    need: Sequence[int],
    most: Sequence[Mask],
    limit: Sequence[int],
    budget: int,
) -> Exchanged:
    """Bring every group to its minimum by exchanges, or where those get stuck by the choice that changes least; Stuck says which
    rules cannot hold together within the budget. The arguments are those of `exchange`."""
    try:
        return exchange(kept, num_pinned, least, need, most, limit)
    except Stuck as stuck:
        return _rearranged(stuck, kept, num_pinned, least, need, most, limit, budget)


def _rearranged(
    stuck: Stuck,
    kept: Mask,
    num_pinned: int,
    least: Sequence[Mask],
    need: Sequence[int],
    most: Sequence[Mask],
    limit: Sequence[int],
    budget: int,
) -> Exchanged:
    """The choice nearest to what is kept that meets all rules."""
    classes = _Classes(kept, num_pinned, least, most)
    places = np.split(classes.places, classes.ends[1:-1])
    rules = Rules(
        classes.least,
        np.array(need),
        classes.most,
        np.array(limit, dtype=np.int64),
        classes.pinned,
        classes.total,
        budget,
    )
    try:
        numbers = nearest(rules, classes.kept, places)
        if numbers is None:
            raise _proven(rules, stuck)
    except Undecided:
        raise stuck from None
    return _explained(kept, classes.bests(numbers), least, need)


def _proven(rules: Rules, stuck: Stuck) -> Stuck:
    """What to say of rules that cannot hold together: the fewest that do not."""
    about: Rule = ("minimum", stuck.short)
    found = conflict(rules, about)
    first = about if about in found else next(rule for rule in found if rule[0] == "minimum")
    others = [rule for rule in found if rule != first]
    larger_helps = bool(others) and possible(rules.only(found, budget=False))
    blocker = others[0] if others else None
    return Stuck(first[1], blocker, more=max(0, len(others) - 1), larger_helps=larger_helps, proven=True)


def _explained(kept: Mask, made: Mask, least: Sequence[Mask], need: Sequence[int]) -> Exchanged:
    """Which minimum each sample that came in serves, by falling shortage, and to which each that left gave way.

    A sample that serves none came in because of its place in line, where others that left made room for it.
    """
    brought, gave = (np.full(len(kept), -1, dtype=np.int64) for _ in range(2))
    stayed = kept & made
    short = np.array([wanted - int(stayed[mask].sum()) for mask, wanted in zip(least, need, strict=True)])
    turns = np.argsort(-short, kind="stable").tolist()
    came, left = np.flatnonzero(made & ~kept), np.flatnonzero(kept & ~made)[::-1]
    of = np.stack([mask[came] for mask in least], axis=1)
    for place, groups in zip(came.tolist(), of, strict=True):
        brought[place] = next((index for index in turns if groups[index] and short[index] > 0), -1)
        short[groups] -= 1
    served = brought[came][brought[came] >= 0]
    gave[left] = np.resize(served, len(left)) if len(served) else turns[0]
    return Exchanged(made, brought, gave)


def exchange(
    kept: Mask,
    num_pinned: int,
    least: Sequence[Mask],
    need: Sequence[int],
    most: Sequence[Mask],
    limit: Sequence[int],
    compile_above: int = COMPILE_ABOVE,
) -> Exchanged:
    """Bring every group to its minimum; Stuck says which one cannot be and why.

    kept: [M] bool over the line of candidates, best first; the first `num_pinned` places stay whatever happens.
    least, most: [M] bool per minimum and maximum; need, limit: how many of each. Groups are served by falling shortage,
    ties in the order given; no exchange takes a group below its minimum, or further below, nor above its maximum.
    """
    brought, gave = (np.full(len(kept), -1, dtype=np.int64) for _ in range(2))
    have = np.array([int(kept[mask].sum()) for mask in least], dtype=np.int64)
    full = np.array([int(kept[mask].sum()) for mask in most], dtype=np.int64)
    needed, allowed = np.array(need, dtype=np.int64), np.array(limit, dtype=np.int64)
    turns = np.array([index for index in np.argsort(have - needed, kind="stable") if have[index] < needed[index]])
    if not len(turns):
        return Exchanged(kept.copy(), brought, gave)
    classes = _Classes(kept, num_pinned, least, most)
    num_words = -(-max(len(need), len(limit)) // BITS)
    of_least, of_most = _words(classes.least, num_words), _words(classes.most, num_words)
    maxima, of_maximum = _members(classes.most)
    given = [
        turns, needed, have, allowed, full, of_least, of_most, classes.places, classes.ends, classes.heads, classes.floors,
        maxima, of_maximum, brought, gave,
    ]  # fmt: skip
    if int((needed - have)[turns].sum()) * len(classes.total) > compile_above:
        short = compiled(exchange_all)(*given)
    else:
        plain = [one.tolist() for one in given]
        short = exchange_all(*plain)
        for array, numbers in zip(given, plain, strict=True):
            array[:] = numbers
    if short >= 0:
        raise Stuck(short, _in_the_way(classes, short, have <= needed, full >= allowed))
    return Exchanged(classes.bests(classes.heads - classes.ends[:-1]), brought, gave)


def _in_the_way(classes: _Classes, short: int, tight: Mask, closed: Mask) -> Rule | None:
    """The rule that forbids most of the exchanges a short group could make; None where nobody is left to come in."""
    coming = np.flatnonzero(classes.least[:, short] & (classes.heads < classes.ends[1:]))
    going = np.flatnonzero((classes.heads > classes.floors) & ~classes.least[:, short])
    why: Counter[Rule] = Counter()
    for comes in coming.tolist():
        for index in np.flatnonzero(tight & ~classes.least[comes]).tolist():
            why[("minimum", index)] += int(classes.least[going, index].sum())
        for index in np.flatnonzero(closed & classes.most[comes]).tolist():
            why[("maximum", index)] += int((~classes.most[going, index]).sum())
    del why[("minimum", short)]
    found = [(-num, rule) for rule, num in why.items() if num]
    if not len(coming):
        return None
    return min(found)[1] if found else ("pins", 0)

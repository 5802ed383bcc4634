"""Minima at the cut: a short group's best-ranked sample outside replaces the worst-ranked kept one that may go.

Samples that belong to the same groups differ in rank alone, so each such class is two heaps, and an exchange looks at
classes instead of samples. Cost: a sort, then for every exchange the number of classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_MOST_REMEMBERED = 20_000


class Stuck(Exception):
    """A minimum that no exchange can meet: `short` is its index; `blocker` is the rule in the way, None for too few candidates.

    A blocker is ('minimum' or 'maximum', its index), or ('pins', 0).
    """

    def __init__(self, short: int, blocker: tuple[str, int] | None) -> None:
        super().__init__(short, blocker)
        self.short, self.blocker = short, blocker


@dataclass(frozen=True, eq=False)
class Exchanged:
    """The kept samples after the exchanges, by place in the line of candidates.

    kept: [M] bool; brought, gave: [M] int64, the index of the minimum a sample was brought in by or gave way to, else -1.
    """

    kept: Mask
    brought: NDArray[np.int64]
    gave: NDArray[np.int64]


class _Classes:
    """Candidates by the groups they belong to: [C] classes with their groups, who is kept of each and who is not.

    least: [C, number of minima] bool, most: [C, number of maxima] bool. `inside` holds kept places, negated so that the
    worst comes first, `outside` the others, best first; worst and best are their heads: [C] int64, none is -1 and M.
    """

    def __init__(self, kept: Mask, num_pinned: int, least: Sequence[Mask], most: Sequence[Mask]) -> None:
        bits = np.stack([*least, *most], axis=1)
        packed = np.ascontiguousarray(np.packbits(bits, axis=1))
        keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, of = np.unique(keys, return_index=True, return_inverse=True)
        self.least, self.most = bits[first, : len(least)], bits[first, len(least) :]
        free = kept.copy()
        free[:num_pinned] = False
        self.inside = _by_class(-np.flatnonzero(free)[::-1], of, len(first))
        self.outside = _by_class(np.flatnonzero(~kept), of, len(first))
        self.none = len(kept)
        self.worst = np.array([-heap[0] if heap else -1 for heap in self.inside])
        self.best = np.array([heap[0] if heap else self.none for heap in self.outside])

    def exchange(self, comes: int, goes: int) -> tuple[int, int]:
        """The best sample outside of one class for the worst kept one of another; gives their places."""
        new, old = heappop(self.outside[comes]), -heappop(self.inside[goes])
        heappush(self.outside[goes], old)
        heappush(self.inside[comes], -new)
        for index in (comes, goes):
            self.worst[index] = -self.inside[index][0] if self.inside[index] else -1
            self.best[index] = self.outside[index][0] if self.outside[index] else self.none
        return new, old


def _by_class(places: NDArray[np.int64], of: NDArray[np.int64], num: int) -> list[list[int]]:
    """Ascending places (negated ones count by their size) in a list per class; an ascending list is a heap."""
    classes = of[np.abs(places)]
    order = np.argsort(classes, kind="stable")
    ends = np.cumsum(np.bincount(classes, minlength=num))
    return [part.tolist() for part in np.split(places[order], ends[:-1])]


def exchange(
    kept: Mask,
    num_pinned: int,
    least: Sequence[Mask],
    need: Sequence[int],
    most: Sequence[Mask],
    limit: Sequence[int],
) -> Exchanged:
    """Bring every group to its minimum; Stuck says which one cannot be and why.

    kept: [M] bool over the line of candidates, best first; the first `num_pinned` places stay whatever happens.
    least, most: [M] bool per minimum and maximum; need, limit: how many of each. Groups are served by falling shortage,
    ties in the order given; no exchange takes a group below its minimum, or further below, nor above its maximum.
    """
    kept = kept.copy()
    brought, gave = (np.full(len(kept), -1, dtype=np.int64) for _ in range(2))
    needed, allowed = np.array(need, dtype=np.int64), np.array(limit, dtype=np.int64)
    have = np.array([int(kept[mask].sum()) for mask in least], dtype=np.int64)
    full = np.array([int(kept[mask].sum()) for mask in most], dtype=np.int64)
    turns = [int(index) for index in np.argsort(have - needed, kind="stable") if have[index] < needed[index]]
    if not turns:
        return Exchanged(kept, brought, gave)
    classes = _Classes(kept, num_pinned, least, most)
    may_go: dict[tuple[int, int, bytes, bytes], NDArray[np.int64]] = {}

    def leavers(comes: int, short: int) -> NDArray[np.int64]:
        """The classes of which a sample may go for one of class `comes`, whether or not any is kept."""
        tight, closed = have <= needed, full >= allowed
        key = (short, comes, tight.tobytes(), closed.tobytes())  # the same for many exchanges in a row
        if key not in may_go:
            if len(may_go) > _MOST_REMEMBERED:
                may_go.clear()
            loses = classes.least[:, tight & ~classes.least[comes]].any(axis=1) | classes.least[:, short]
            exceeds = (~classes.most[:, closed & classes.most[comes]]).any(axis=1)
            may_go[key] = np.flatnonzero(~loses & ~exceeds)
        return may_go[key]

    def pair(short: int) -> tuple[int, int]:
        """The classes of the next exchange for a short group."""
        of_group = np.flatnonzero(classes.least[:, short] & (classes.best < classes.none))
        if not len(of_group):
            raise Stuck(short, None)
        comes = int(of_group[np.argmin(classes.best[of_group])])
        for tried in range(len(of_group)):
            if tried == 1:  # seldom: the best one cannot come in, so the others are looked at in turn
                of_group = of_group[np.argsort(classes.best[of_group])]
            comes = int(of_group[tried]) if tried else comes
            going = leavers(comes, short)
            worst = classes.worst[going]
            if len(going) and worst.max() >= 0:
                return comes, int(going[np.argmax(worst)])
        raise Stuck(short, _in_the_way(classes, of_group, short, have <= needed, full >= allowed))

    for short in turns:
        while have[short] < needed[short]:
            comes, goes = pair(short)
            new, old = classes.exchange(comes, goes)
            kept[new], kept[old] = True, False
            brought[new], brought[old], gave[new], gave[old] = short, -1, -1, short
            have += classes.least[comes].astype(np.int64) - classes.least[goes]
            full += classes.most[comes].astype(np.int64) - classes.most[goes]
    return Exchanged(kept, brought, gave)


def _in_the_way(classes: _Classes, coming: NDArray[np.int64], short: int, tight: Mask, closed: Mask) -> tuple[str, int]:
    """The rule that forbids most of the exchanges a short group could make."""
    going = np.flatnonzero((classes.worst >= 0) & ~classes.least[:, short])
    why: Counter[tuple[str, int]] = Counter()
    for comes in coming.tolist():
        for index in np.flatnonzero(tight & ~classes.least[comes]).tolist():
            why[("minimum", index)] += int(classes.least[going, index].sum())
        for index in np.flatnonzero(closed & classes.most[comes]).tolist():
            why[("maximum", index)] += int((~classes.most[going, index]).sum())
    del why[("minimum", short)]
    found = [(-num, rule) for rule, num in why.items() if num]
    return min(found)[1] if found else ("pins", 0)

"""Minima at the cut: a short group's best-ranked sample outside replaces the worst-ranked kept one that may go.

Samples that belong to the same groups differ in rank alone, so each such class is two heaps, and an exchange looks at
classes instead of samples. Cost: a sort, then for every exchange the number of classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


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
    """Candidates by the groups they belong to: per class its minima and maxima, who is kept and who is not.

    `inside` holds kept places, negated so that the worst comes first; `outside` the others, best first.
    """

    def __init__(self, kept: Mask, num_pinned: int, least: Sequence[Mask], most: Sequence[Mask]) -> None:
        bits = np.stack([*least, *most], axis=1)
        packed = np.ascontiguousarray(np.packbits(bits, axis=1))
        keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, self.of = np.unique(keys, return_index=True, return_inverse=True)
        member = bits[first]
        self.least = [frozenset(np.flatnonzero(row[: len(least)]).tolist()) for row in member]
        self.most = [frozenset(np.flatnonzero(row[len(least) :]).tolist()) for row in member]
        self.inside: list[list[int]] = [[] for _ in first]
        self.outside: list[list[int]] = [[] for _ in first]
        free = kept.copy()
        free[:num_pinned] = False
        for heaps, places, sign in (
            (self.inside, np.flatnonzero(free)[::-1], -1),
            (self.outside, np.flatnonzero(~kept), 1),
        ):
            classes = self.of[places]
            order = np.argsort(classes, kind="stable")
            ends = np.cumsum(np.bincount(classes, minlength=len(first)))
            for index, part in enumerate(np.split(places[order] * sign, ends[:-1])):
                heaps[index] = part.tolist()  # ascending, and so a heap
                heapify(heaps[index])


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
    have = [int(kept[mask].sum()) for mask in least]
    full = [int(kept[mask].sum()) for mask in most]
    shortage = [wanted - there for wanted, there in zip(need, have, strict=True)]
    turns = sorted((index for index in range(len(need)) if shortage[index] > 0), key=lambda index: -shortage[index])
    if not turns:
        return Exchanged(kept, brought, gave)
    classes = _Classes(kept, num_pinned, least, most)

    def hindrance(comes: int, goes: int, short: int) -> tuple[str, int] | None:
        """What forbids that a sample of one class replaces one of another; None when nothing does."""
        if short in classes.least[goes]:
            return ("minimum", short)
        for index in classes.least[goes] - classes.least[comes]:
            if have[index] <= need[index]:
                return ("minimum", index)
        for index in classes.most[comes] - classes.most[goes]:
            if full[index] >= limit[index]:
                return ("maximum", index)
        return None

    def pair(short: int) -> tuple[int, int]:
        """The classes of the next exchange for a short group."""
        coming = [c for c, heap in enumerate(classes.outside) if heap and short in classes.least[c]]
        going = [c for c, heap in enumerate(classes.inside) if heap]
        coming.sort(key=lambda c: classes.outside[c][0])
        going.sort(key=lambda c: classes.inside[c][0])
        in_the_way: Counter[tuple[str, int]] = Counter()
        for comes in coming:
            for goes in going:
                why = hindrance(comes, goes, short)
                if why is None:
                    return comes, goes
                in_the_way[why] += 1
        del in_the_way[("minimum", short)]
        if not coming:
            raise Stuck(short, None)
        raise Stuck(short, min(in_the_way, key=lambda why: (-in_the_way[why], why)) if in_the_way else ("pins", 0))

    for short in turns:
        while have[short] < need[short]:
            comes, goes = pair(short)
            new, old = heappop(classes.outside[comes]), -heappop(classes.inside[goes])
            heappush(classes.outside[goes], old)
            heappush(classes.inside[comes], -new)
            kept[new], kept[old] = True, False
            brought[new], brought[old], gave[new], gave[old] = short, -1, -1, short
            for there, entries in ((have, classes.least), (full, classes.most)):
                for index in entries[comes]:
                    there[index] += 1
                for index in entries[goes]:
                    there[index] -= 1
    return Exchanged(kept, brought, gave)

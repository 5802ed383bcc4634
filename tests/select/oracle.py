"""A slow, plain reading of the sampling algorithms with dicts and lists, to hold the fast ones against.

Nothing here is shared with core: keys, thresholds, budgets and bins are written out again in whole Python numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b

import numpy as np

from core.select.pool import Pool

TABLE_ORDER = (
    "spatial", "attribute", "logical", "scene", "finegrained", "langgen", "icl",
    "comparative", "activity", "causal", "humanities", "stem", "data", "ocr",
)  # fmt: skip
STYLE_ORDER = (
    "multi-choice", "coordinate", "yes/no", "word/short-phrase", "short description", "detailed description",
    "comparison", "chain-of-thought", "specified style",
)  # fmt: skip
MASK = 2**64 - 1


def splitmix(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def tie(sample_id: int, seed: int) -> int:
    return splitmix(sample_id ^ splitmix(seed % 2**64))


def purpose(sample_id: int, seed: int, name: str) -> int:
    p = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
    return splitmix(sample_id ^ splitmix((seed % 2**64) ^ p))


@dataclass
class Row:
    sample_id: int
    source: str
    styles: list[str]
    scores: dict[str, int] = field(default_factory=dict)  # stored scores that are there


def pool_of(rows: list[Row], sources: list[str] | None = None) -> Pool:
    """The same samples as a Pool."""
    names = sources or sorted({row.source for row in rows}, reverse=True)  # any order must do
    used = sorted({key for row in rows for key in row.scores}, key=lambda key: hash(key) % 7)
    return Pool.from_arrays(
        sample_id=np.array([row.sample_id for row in rows], dtype=np.uint64),
        source=[names.index(row.source) for row in rows],
        source_names=names,
        scores={key: [row.scores.get(key, 255) for row in rows] for key in used},
        style_bits=[sum(1 << STYLE_ORDER.index(style) for style in set(row.styles)) for row in rows],
        original_id=[f"o{row.sample_id}" for row in rows],
    )


def bins_of(candidates: list[Row]) -> dict[tuple[int, str], list[Row]]:
    bins: dict[tuple[int, str], list[Row]] = {}
    for row in candidates:
        for style in row.styles or ["unstyled"]:
            place = STYLE_ORDER.index(style) if style in STYLE_ORDER else 99
            bins.setdefault((place, row.source), []).append(row)
    return bins


def weight_of(key: str, weights: dict[str, float]) -> Fraction:
    return Fraction(Decimal(str(weights.get(key, 1))))


def mmssr(
    rows: list[Row], wanted: set[str], threshold: int, budget: int, seed: int, weights: dict[str, float] | None = None
) -> list[int]:
    """Sample ids in order of choice."""
    weigh = weights or {}
    alive = [key for key in TABLE_ORDER if key in wanted]
    chosen: list[int] = []
    while len(chosen) < budget and alive:
        left, total = budget - len(chosen), sum(weight_of(key, weigh) for key in alive)
        dying = []
        for key in alive:
            share = max(int(left * weight_of(key, weigh) / total), 1)
            n = min(share, budget - len(chosen))
            candidates = [row for row in rows if row.sample_id not in chosen and row.scores.get(key, -1) > threshold]
            if not candidates:
                dying.append(key)
                continue
            bins = bins_of(candidates)
            order = sorted(bins, key=lambda bin_key: (len(bins[bin_key]), *bin_key))
            q = max(n // len(order), 1)
            debt = 0
            taken: list[int] = []
            for bin_key in order:
                best = sorted(bins[bin_key], key=lambda row: (-row.scores[key], tie(row.sample_id, seed)))
                free = [row.sample_id for row in best if row.sample_id not in taken]
                gives = free[: min(q + debt, n - len(taken))]
                debt = q + debt - len(gives)
                taken += gives
                if len(taken) == n:
                    break
            chosen += taken
        alive = [key for key in alive if key not in dying]
    return chosen


def nested(
    rows: list[Row], wanted: set[str], threshold: int, seed: int, weights: dict[str, float] | None = None
) -> list[int]:
    """Sample ids of the whole ordering.

    Who is next: the capability whose next turn comes first when the k-th turn of c stands at k / weight, ties in table
    order; one whose queues are all empty is asked no more.
    """
    weigh = weights or {}
    cycles = {}
    for key in TABLE_ORDER:
        if key in wanted:
            bins = bins_of([row for row in rows if row.scores.get(key, -1) > threshold])
            order = sorted(bins, key=lambda bin_key: (len(bins[bin_key]), *bin_key))
            cycles[key] = [
                [r.sample_id for r in sorted(bins[b], key=lambda r: (-r.scores[key], tie(r.sample_id, seed)))]
                for b in order
            ]
    chosen: list[int] = []
    following = dict.fromkeys(cycles, 0)  # where in its cycle each capability goes on
    turns = dict.fromkeys(cycles, 0)
    while cycles:
        key = min(cycles, key=lambda key: ((turns[key] + 1) / weight_of(key, weigh), TABLE_ORDER.index(key)))
        turns[key] += 1
        cycle = cycles[key]
        while cycle:
            at = following[key] % len(cycle)
            queue = cycle[at]
            while queue and queue[0] in chosen:
                queue.pop(0)
            if not queue:
                cycle.pop(at)
                following[key] = at
                continue
            chosen.append(queue.pop(0))
            following[key] = at + 1
            break
        if not cycle:
            del cycles[key]
    return chosen

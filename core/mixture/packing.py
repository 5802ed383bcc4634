"""How samples of given lengths fill packs of a given length: first-fit-decreasing, exactly, from a count of each length.

The longest sample goes first, each into the first pack that has room. Samples of one length go the same way, and packs that look
the same stand side by side, so a million samples are as many steps as there are lengths times groups of packs.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.select.loops import compiled

COMPILE_ABOVE = 3_000_000
"""Lengths times lengths from which the compiled loop pays."""

LEAST_PACK, MOST_PACK = 16, 1 << 20
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Packing:
    """Samples in packs of `pack_tokens`; `num_too_long` do not fit into any and are in none."""

    pack_tokens: int
    num_packs: int
    num_samples: int
    num_tokens: int
    num_too_long: int

    @property
    def fill(self) -> float:
        """Tokens over what the packs could hold, 0 to 1; 0 without a pack."""
        return self.num_tokens / (self.num_packs * self.pack_tokens) if self.num_packs else 0.0

    @property
    def waste(self) -> float:
        """What of the packs stays empty, 0 to 1."""
        return 1 - self.fill if self.num_packs else 0.0


def counted_lengths(tokens: Ints, times: Ints) -> tuple[Ints, Ints]:
    """(different lengths [L] ascending, how many samples have each [L]); tokens, times: [N] length and how often it stands there."""
    counts = np.bincount(tokens, weights=times).astype(np.int64) if len(tokens) else np.empty(0, np.int64)
    lengths = np.flatnonzero(counts)
    return lengths, counts[lengths]


def packed(lengths: Ints, counts: Ints, pack_tokens: int) -> Packing:
    """First-fit-decreasing of samples; lengths: [L] ascending and different, counts: [L] samples of each.

    A sample of no token takes no room and is counted with the others. Cost: lengths x groups of packs, compiled when many.
    """
    if not LEAST_PACK <= pack_tokens <= MOST_PACK:
        raise BadInput(
            f"A pack of {pack_tokens:,} tokens is out of bounds.", f"Give {LEAST_PACK} to {MOST_PACK:,} tokens."
        )
    fits = lengths <= pack_tokens
    room = np.ascontiguousarray(lengths[fits & (lengths > 0)][::-1], dtype=np.int64)
    many = np.ascontiguousarray(counts[fits & (lengths > 0)][::-1], dtype=np.int64)
    num_packs = 0
    if len(room) ** 2 > COMPILE_ABOVE:
        num_packs = compiled(first_fit)(room, many, pack_tokens, *(np.zeros(4 * len(room), np.int64) for _ in range(4)))
    elif len(room):
        num_packs = first_fit(room.tolist(), many.tolist(), pack_tokens, *([0] * (4 * len(room)) for _ in range(4)))
    return Packing(
        pack_tokens=pack_tokens,
        num_packs=int(num_packs),
        num_samples=int(counts[fits].sum()),
        num_tokens=int((lengths * counts)[fits].sum()),
        num_too_long=int(counts[~fits].sum()),
    )


def first_fit(
    lengths: Sequence[int],
    counts: Sequence[int],
    pack_tokens: int,
    free: MutableSequence[int],
    size: MutableSequence[int],
    new_free: MutableSequence[int],
    new_size: MutableSequence[int],
) -> int:
    """How many packs there are in the end; lengths: [L] descending, above 0 and at most `pack_tokens`; counts: [L].

    Packs stand in groups, in the order in which they were begun: free[g] tokens of room in each of size[g] packs. Of samples of
    one length the first pack takes as many as fit, then the next. A pack without room for the shortest sample is closed.
    The last four are room to work in, [4 L] each: a length adds four groups at most.
    """
    num_packs, groups = 0, 0
    least = lengths[len(lengths) - 1]
    for index in range(len(lengths)):
        length, left = lengths[index], counts[index]
        first = 0
        while first < groups and free[first] < length:
            first += 1
        group, written = first, 0
        while group < groups and left > 0:
            room, packs = free[group], size[group]
            group += 1
            each = room // length
            full = min(packs, left // each) if each > 0 else 0
            rest = left - full * each if each > 0 and full < packs else 0
            left -= full * each + rest
            if full > 0 and room - each * length >= least:
                new_free[written] = room - each * length
                new_size[written] = full
                written += 1
            if rest > 0 and room - rest * length >= least:
                new_free[written] = room - rest * length
                new_size[written] = 1
                written += 1
            others = packs - full - (1 if rest > 0 else 0)
            if others > 0:
                new_free[written] = room
                new_size[written] = others
                written += 1
        moved = first + written - group  # what stands behind the groups that were looked at
        if moved > 0:
            for at in range(groups - 1, group - 1, -1):
                free[at + moved], size[at + moved] = free[at], size[at]
        elif moved < 0:
            for at in range(group, groups):
                free[at + moved], size[at + moved] = free[at], size[at]
        for at in range(written):
            free[first + at], size[first + at] = new_free[at], new_size[at]
        groups += moved
        if left > 0:
            each = pack_tokens // length
            full, rest = left // each, left % each
            num_packs += full
            if full > 0 and pack_tokens - each * length >= least:
                free[groups], size[groups] = pack_tokens - each * length, full
                groups += 1
            if rest > 0:
                num_packs += 1
                if pack_tokens - rest * length >= least:
                    free[groups], size[groups] = pack_tokens - rest * length, 1
                    groups += 1
    return num_packs

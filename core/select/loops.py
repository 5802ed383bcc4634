"""The loops of mmSSR over millions of candidates, written plainly: small pools run them as they stand, large ones compiled.

Compiling happens once per installation (some seconds); later processes read numba's cache. Both ways give the same numbers.
Positions are places in the tie order of a pool, so that a bin lists its equals in ascending position.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

COMPILE_ABOVE = 250_000
"""Samples from which compiled loops pay; below, plain Python and NumPy are done before numba is imported."""

SOURCE_BIT = 33
STYLES = (1 << SOURCE_BIT) - 1
"""A sample's home is source x 2^33 + its style bits, of which there are at most 32; the next bit up stands for no style."""

STYLE_OF = tuple({pow(2, style, 37): style for style in range(36)}.get(rest, 0) for rest in range(37))
"""Which bit stands alone in a number, by its remainder: the powers of 2 up to 2^35 leave 36 different ones."""

Loop = TypeVar("Loop", bound=Callable[..., Any])


@lru_cache(maxsize=32)
def compiled(loop: Loop) -> Loop:
    """A loop as machine code that lets other threads run."""
    import numba

    made: Loop = numba.njit(cache=True, nogil=True)(loop)
    return made


def take_turn(
    capability: int,
    wanted: int,
    given: int,
    sample: Sequence[int],
    heads: MutableSequence[int],
    ends: Sequence[int],
    free: MutableSequence[int],
    record: Sequence[int],
    number: Sequence[int],
    num_sources: int,
    chosen: MutableSequence[bool],
    place: MutableSequence[int],
    bin_taken: MutableSequence[int],
) -> tuple[int, int]:
    """One capability takes up to `wanted` samples: how many are given after it, and how many bins had candidates.

    Bin k of the capability holds sample[heads[k]:ends[k]]; what stands before its head is chosen already. free[k * C + c]
    counts the candidates of capability c in bin k that nobody has chosen. record and number are those of `BinTable`.
    Writes for the g-th sample given its place in `sample` and its bin.
    """
    num_bins = len(heads)
    num_capabilities = len(free) // num_bins
    # Fewest candidates first; bin numbers already stand in the order of ties, so one number sorts by both.
    served = [
        free[k * num_capabilities + capability] * num_bins + k
        for k in range(num_bins)
        if free[k * num_capabilities + capability] > 0
    ]
    if len(served) == 0:
        return given, 0
    served.sort()
    quota = max(wanted // len(served), 1)
    debt = 0
    taken = 0
    for entry in served:
        own = entry % num_bins
        limit = min(quota + debt, wanted - taken)
        gives = 0
        head = heads[own]
        while gives < limit and head < ends[own]:
            one = sample[head]
            if not chosen[one]:
                chosen[one] = True
                place[given + gives] = head
                bin_taken[given + gives] = own
                gives += 1
                candidate = record[2 * one]
                source, bits = record[2 * one + 1] >> SOURCE_BIT, record[2 * one + 1] & STYLES
                while bits > 0:
                    at = number[STYLE_OF[(bits & -bits) % 37] * num_sources + source] * num_capabilities
                    for other in range(num_capabilities):
                        free[at + other] -= (candidate >> other) & 1
                    bits &= bits - 1
            head += 1
        heads[own] = head
        given += gives
        taken += gives
        debt += quota - gives
        if taken == wanted:
            break
    return given, len(served)


def take_rounds(
    visits: MutableSequence[int],
    sample: Sequence[int],
    heads: MutableSequence[int],
    ends: Sequence[int],
    follow: MutableSequence[int],
    last: MutableSequence[int],
    chosen: MutableSequence[bool],
    place: MutableSequence[int],
    queue: MutableSequence[int],
) -> int:
    """Rounds over capabilities until every queue is empty; how many samples were given.

    A round visits the capabilities of `visits` in order. Queue b holds sample[heads[b]:ends[b]]; follow[b] is the next queue
    of its capability's cycle; last[c] is the queue capability c served last, -1 once its cycle is empty. Writes the
    place and the queue of the k-th sample given.
    """
    given = 0
    num_visits = len(visits)
    while num_visits > 0:
        alive = 0
        for visit in range(num_visits):
            capability = visits[visit]
            before = last[capability]
            while before >= 0:
                current = follow[before]
                head, end = heads[current], ends[current]
                while head < end and chosen[sample[head]]:
                    head += 1
                if head < end:
                    heads[current] = head + 1
                    chosen[sample[head]] = True
                    place[given] = head
                    queue[given] = current
                    given += 1
                    last[capability] = current
                    visits[alive] = capability  # those without candidates have no place in the next round
                    alive += 1
                    break
                heads[current] = head
                if current == before:  # it was alone in the cycle
                    before = -1
                    last[capability] = -1
                else:
                    follow[before] = follow[current]
        num_visits = alive
    return given


# -- compiled only: what NumPy does as well below COMPILE_ABOVE -----------------------------------------------------------


def radix_order(
    key: NDArray[np.uint64], packed: NDArray[np.uint64], other: NDArray[np.uint64], order: NDArray[np.int32]
) -> None:
    """Into `order` where the keys stand in ascending order, [N] each; all different, fewer than 2^31.

    Three passes over the upper halves; the few keys that share one are put right at the end. `packed` and `other` are
    room to work in.
    """
    num = len(key)
    upper, lower = np.uint64(0xFFFFFFFF00000000), np.uint64(0xFFFFFFFF)
    digit = np.uint64(2047)
    shifts = np.array([32, 43, 54], dtype=np.uint64)
    begin = np.zeros((3, 2048), dtype=np.int64)
    for at in range(num):
        packed[at] = (key[at] & upper) | np.uint64(at)
        for turn in range(3):
            begin[turn, np.int64((key[at] >> shifts[turn]) & digit)] += 1
    for turn in range(3):
        total = 0
        for bucket in range(2048):
            size = begin[turn, bucket]
            begin[turn, bucket] = total
            total += size
        for at in range(num):
            own = np.int64((packed[at] >> shifts[turn]) & digit)
            other[begin[turn, own]] = packed[at]
            begin[turn, own] += 1
        packed, other = other, packed
    for at in range(num):
        row = np.int32(packed[at] & lower)
        to = at
        while to > 0 and packed[to - 1] & upper == packed[at] & upper and key[order[to - 1]] > key[row]:
            order[to] = order[to - 1]
            to -= 1
        order[to] = row


def pack(
    scores: NDArray[np.uint8],
    capabilities: NDArray[np.int64],
    source: NDArray[np.int32],
    style_bits: NDArray[np.uint32],
    unstyled: int,
    candidate_of: NDArray[np.int64],
    begin: int,
    end: int,
    words: NDArray[np.int64],
    octets: NDArray[np.uint8],
) -> None:
    """All there is to know of a row side by side, so that reading a sample later is one look into memory.

    scores: [C', N], of which `capabilities` are taken; unstyled: the bit for no style; candidate_of: [256] 1 where a stored
    score makes a candidate. Writes rows begin to end of words [N, 2 + W]: candidate bits, home, then one byte per score;
    `octets` is the same memory.
    """
    block = 1 << 12  # stays in the cache while every capability adds its byte
    for start in range(begin, end, block):
        stop = min(start + block, end)
        for row in range(start, stop):
            words[row, 0] = 0
            bits = np.int64(style_bits[row])
            words[row, 1] = (np.int64(source[row]) << SOURCE_BIT) | (bits if bits else unstyled)
        for index in range(len(capabilities)):
            capability = capabilities[index]
            for row in range(start, stop):
                value = scores[capability, row]
                octets[row, 16 + index] = value
                words[row, 0] |= candidate_of[value] << index


def bin_sizes(
    source: NDArray[np.int32], style_bits: NDArray[np.uint32], unstyled: int, num_sources: int, sizes: NDArray[np.int64]
) -> None:
    """Add to sizes [styles x sources, no style being the last] the samples of each bin; unstyled: the bit for no style."""
    for row in range(len(source)):
        bits = np.int64(style_bits[row] if style_bits[row] else unstyled)
        while bits > 0:
            sizes[STYLE_OF[(bits & -bits) % 37] * num_sources + source[row]] += 1
            bits &= bits - 1


def spread(
    words: NDArray[np.int64],
    by_tie: NDArray[np.int32],
    begin: int,
    end: int,
    step: int,
    at: NDArray[np.int64],
    number: NDArray[np.int64],
    num_sources: int,
    record: NDArray[np.int64],
    position_of: NDArray[np.int32],
    stored: NDArray[np.int64],
) -> None:
    """Bring positions begin, begin + step, ... before end into their bins: entries of a bin stand together, in tie order.

    at: [K] where the next entry of each bin goes. Going up (step 1) bins fill from their start, going down from their
    end, so that two threads meet in the middle. Writes record (see `BinTable`), position_of [M] and stored [M, W].
    """
    num_words = words.shape[1] - 2
    block = 256
    seen = np.empty((block, words.shape[1]), dtype=np.int64)
    for start in range(begin, end, block * step):
        num = min(block, abs(end - start))
        for at_once in range(num):  # nothing but copies: many looks into memory are under way together
            row = by_tie[start + at_once * step]
            for word in range(words.shape[1]):
                seen[at_once, word] = words[row, word]
        for at_once in range(num):
            position = start + at_once * step
            home = seen[at_once, 1]
            record[2 * position] = seen[at_once, 0]
            record[2 * position + 1] = home
            source, bits = home >> SOURCE_BIT, home & STYLES
            while bits > 0:
                own = number[STYLE_OF[(bits & -bits) % 37] * num_sources + source]
                entry = at[own]
                at[own] = entry + step
                position_of[entry] = position
                for word in range(num_words):
                    stored[entry, word] = seen[at_once, 2 + word]
                bits &= bits - 1


def sort_bins(
    bins: NDArray[np.int64],
    start: NDArray[np.int64],
    candidate_of: NDArray[np.int64],
    position_of: NDArray[np.int32],
    stored: NDArray[np.uint8],
    sample: NDArray[np.int32],
    ends: NDArray[np.int64],
) -> None:
    """For each capability and each of `bins` the candidates best first, keeping the order of equals, then all others.

    start: [K + 1] entries of bin k are start[k] to start[k + 1]; stored: [M, at least C] scores by entry; writes
    sample [C, M] and ends [C, K], where the candidates end.
    """
    at = np.empty(256, dtype=np.int64)
    for own in bins:
        for capability in range(len(sample)):
            at[:] = 0
            for entry in range(start[own], start[own + 1]):
                at[stored[entry, capability]] += 1
            total = start[own]
            for wanted in (1, 0):
                for value in range(255, -1, -1):
                    if candidate_of[value] == wanted:
                        size = at[value]
                        at[value] = total
                        total += size
                if wanted == 1:
                    ends[capability, own] = total
            for entry in range(start[own], start[own + 1]):
                value = stored[entry, capability]
                sample[capability, at[value]] = position_of[entry]
                at[value] += 1

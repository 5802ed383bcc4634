"""The loop of exchanges over classes of like samples, written plainly: short work runs as it stands, long work compiled.

The kept samples of a class are always its best-ranked ones, so an exchange is one more of a class and one less of another.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from heapq import heapify, heappop, heappush

BITS = 62
"""Groups in one word of a class's membership."""

COMPILE_ABOVE = 10_000_000
"""Exchanges times classes from which compiled loops pay."""


def exchange_all(
    turns: Sequence[int],
    need: Sequence[int],
    have: MutableSequence[int],
    limit: Sequence[int],
    full: MutableSequence[int],
    least: Sequence[int],
    most: Sequence[int],
    places: Sequence[int],
    ends: Sequence[int],
    heads: MutableSequence[int],
    floors: Sequence[int],
    maxima: Sequence[int],
    of_maximum: Sequence[int],
    brought: MutableSequence[int],
    gave: MutableSequence[int],
) -> int:
    """Serve the short minima in their turns; gives the one that no exchange can help, -1 for none.

    Class c has the samples places[ends[c]:ends[c + 1]], best first, of which those before heads[c] are kept and those before
    floors[c] stay whatever happens. least, most: a class's minima and maxima, one bit each, in words of BITS; maximum m has
    the classes of_maximum[maxima[m]:maxima[m + 1]], and the last one all classes. have, full: how many are kept of each.
    Writes the counts, the heads, and for each sample the minimum it was brought in by or gave way to.
    """
    num_classes = len(heads)
    num_words = len(least) // num_classes
    tight, closed, lost, barred = [0] * num_words, [0] * num_words, [0] * num_words, [0] * num_words
    failed_lost, failed_barred = [0] * len(least), [0] * len(least)
    worst = [0] * num_classes  # the worst kept sample of a class that may go, -1 for none
    for c in range(num_classes):
        worst[c] = places[heads[c] - 1] if heads[c] > floors[c] else -1
    for short in turns:
        word, bit = short // BITS, 1 << (short % BITS)
        # Classes of the group by their best sample outside; nobody of the group goes in this turn, so only what comes in
        # changes it. Parked are those for which nobody may go: fewer and fewer may as the turn goes on, so they stay
        # parked while what forbids it holds.
        waiting = [0] * 0
        parked = [0] * 0
        for c in range(num_classes):
            if least[c * num_words + word] & bit and heads[c] < ends[c + 1]:
                waiting.append(places[heads[c]] * num_classes + c)
        heapify(waiting)
        while have[short] < need[short]:
            for w in range(num_words):
                tight[w] = 0
                closed[w] = 0
            for index in range(len(need)):
                if have[index] <= need[index]:
                    tight[index // BITS] |= 1 << (index % BITS)
            for index in range(len(limit)):
                if full[index] >= limit[index]:
                    closed[index // BITS] |= 1 << (index % BITS)
            num_parked = 0
            for entry in parked:
                at = (entry % num_classes) * num_words
                still = True
                for w in range(num_words):
                    now = tight[w] & (tight[w] ^ least[at + w])
                    if failed_lost[at + w] & (failed_lost[at + w] ^ now):
                        still = False
                    now = closed[w] & most[at + w]
                    if failed_barred[at + w] & (failed_barred[at + w] ^ now):
                        still = False
                if still:
                    parked[num_parked] = entry
                    num_parked += 1
                else:
                    heappush(waiting, entry)
            while len(parked) > num_parked:
                parked.pop()
            comes, goes = -1, -1
            while goes < 0:
                if len(waiting) == 0:
                    return short
                entry = heappop(waiting)
                comes = entry % num_classes
                among = len(maxima) - 2
                for w in range(num_words):
                    # which minima a sample that goes may not be of, and which maxima it must be of
                    lost[w] = tight[w] & (tight[w] ^ least[comes * num_words + w])
                    barred[w] = closed[w] & most[comes * num_words + w]
                for m in range(len(limit)):
                    if (
                        barred[m // BITS] >> (m % BITS) & 1
                        and maxima[m + 1] - maxima[m] < maxima[among + 1] - maxima[among]
                    ):
                        among = m
                farthest = -1
                for index in range(maxima[among], maxima[among + 1]):
                    c = of_maximum[index]
                    if worst[c] > farthest and not least[c * num_words + word] & bit:
                        allowed = True
                        for w in range(num_words):
                            at = c * num_words + w
                            if least[at] & lost[w] or (most[at] & barred[w]) != barred[w]:
                                allowed = False
                        if allowed:
                            farthest, goes = worst[c], c
                if goes < 0:
                    parked.append(entry)
                    for w in range(num_words):
                        failed_lost[comes * num_words + w] = lost[w]
                        failed_barred[comes * num_words + w] = barred[w]
            new, old = places[heads[comes]], worst[goes]
            heads[comes] += 1
            heads[goes] -= 1
            worst[comes] = new
            worst[goes] = places[heads[goes] - 1] if heads[goes] > floors[goes] else -1
            if heads[comes] < ends[comes + 1]:
                heappush(waiting, places[heads[comes]] * num_classes + comes)
            brought[new], brought[old], gave[new], gave[old] = short, -1, -1, short
            for index in range(len(need)):
                w, one = index // BITS, index % BITS
                have[index] += ((least[comes * num_words + w] >> one) & 1) - ((least[goes * num_words + w] >> one) & 1)
            for index in range(len(limit)):
                w, one = index // BITS, index % BITS
                full[index] += ((most[comes * num_words + w] >> one) & 1) - ((most[goes * num_words + w] >> one) & 1)
    return -1

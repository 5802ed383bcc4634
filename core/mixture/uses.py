"""How much of a selection a part uses, and how often: caps first, best samples first, then repeats.

Order of what is cut away, of a selection whose samples stand best first:
1. B is what `cap` alone would keep: the first N samples, the first floor(K x P / 100) of K, or the longest beginning whose
   text tokens fit.
2. `cap_per_source` walks the selection and passes over samples of a source that has given its share: N samples,
   floor(B x P / 100) samples, or the longest beginning of what the source offers whose text tokens fit.
3. `cap` cuts what is left, a share still being one of all K samples.
4. `repeat` makes whole copies and a beginning of what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.mixture.lengths import Ruler, text_tokens
from core.mixture.recipe import CapEntry, PartEntry, Stage
from core.select.pool import Pool

Rows = NDArray[np.int64]


def within_caps(part: PartEntry, source: NDArray[np.integer], tokens: NDArray[np.int64]) -> Rows:
    """[J] int64, ascending: which places of a selection its part uses.

    source, tokens: [K] the source and the text tokens of each sample, best first. Cost: a sort by source where each source is
    capped, else a sum.
    """
    size = len(tokens)
    places = np.arange(size, dtype=np.int64)
    each = part.cap_per_source
    if each is not None:
        most = 0 if each.percent is None else _share(each, _num_kept(part.cap, tokens, size))
        places = np.flatnonzero(_within_sources(each, most, source, tokens))
    return places[: _num_kept(part.cap, tokens[places], size)]


def _num_kept(cap: CapEntry | None, tokens: NDArray[np.int64], size: int) -> int:
    """How many samples a cap keeps of a list; a share is one of `size`."""
    if cap is None:
        return len(tokens)
    if cap.tokens is not None:
        return int(np.searchsorted(np.cumsum(tokens), cap.tokens, side="right"))
    return min(cap.samples if cap.samples is not None else _share(cap, size), len(tokens))


def _share(cap: CapEntry, size: int) -> int:
    return int(size * Fraction(cap.percent or 0) / 100)


def _within_sources(
    each: CapEntry, share: int, source: NDArray[np.integer], tokens: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """[K] bool: what every source may give."""
    order = np.argsort(source, kind="stable")
    sorted_source = source[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_source[1:] != sorted_source[:-1])))[: len(order)]
    sizes = np.diff(np.concatenate((starts, [len(order)])))
    kept = np.empty(len(order), dtype=bool)
    if each.tokens is not None:
        total = np.cumsum(tokens[order])
        before = np.repeat(total[starts] - tokens[order][starts], sizes)
        kept[order] = total - before <= each.tokens
    else:
        most = each.samples if each.samples is not None else share
        kept[order] = np.arange(len(order)) - np.repeat(starts, sizes) < most
    return kept


def rows_used(part: PartEntry, rows: Rows, pool: Pool, text: NDArray[np.int64] | None = None) -> Rows:
    """The samples of a selection that a part uses, best first and once each; rows: [K] int64 rows of the pool, best first."""
    if part.cap is None and part.cap_per_source is None:
        return rows
    tokens = (text_tokens(pool)[0] if text is None else text)[rows]
    return rows[within_caps(part, pool.source[rows], tokens)]


def copies(repeat: float, size: int) -> tuple[int, int]:
    """(whole copies, samples of the last one): the share of the last copy is an exact decimal."""
    exact = Fraction(str(repeat))
    whole = int(exact)
    return whole, int((exact - whole) * size)


def repeated(sample_ids: NDArray[np.uint64], repeat: float) -> NDArray[np.uint64]:
    """Whole copies, then a beginning: 2.5 of [a, b, c] is a b c a b c a."""
    whole, first = copies(repeat, len(sample_ids))
    return np.concatenate([np.tile(sample_ids, whole), sample_ids[:first]])


@dataclass(frozen=True, eq=False)
class StageUses:
    """A stage by how often each sample of the pool stands in it: times [N] int64, all parts together.

    parts: per part the rows it uses, best first and once each; sizes: how many samples each brings with its repeats.
    """

    stage: Stage
    times: NDArray[np.int64]
    parts: tuple[Rows, ...]
    sizes: tuple[int, ...]


def stage_uses(stage: Stage, rows_of: Sequence[Rows], ruler: Ruler) -> StageUses:
    """How often a stage uses each sample, without listing them; rows_of: per part its selection's rows, best first."""
    times = np.zeros(len(ruler.pool), dtype=np.int64)
    used, sizes = [], []
    for part, rows in zip(stage.parts, rows_of, strict=True):
        some = rows_used(part, rows, ruler.pool, ruler.text)
        whole, first = copies(part.repeat, len(some))
        times[some] += whole  # a selection lists no sample twice
        times[some[:first]] += 1
        used.append(some)
        sizes.append(whole * len(some) + first)
    return StageUses(stage, times, tuple(used), tuple(sizes))

"""How sure a figure is: bootstrap intervals of means, of F1, and of paired differences.

At a thousand questions a gap of two points is noise; no figure is shown without its interval. A score that is 0 or 1 on
every question has an interval of no width: the bootstrap cannot see what it never drew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


def mean_interval(scores: Sequence[float], seed: int = 0) -> Estimate:
    """The mean of per-question scores."""
    values = np.asarray(scores, dtype=np.float64)
    return _bootstrap(len(values), lambda drawn: values[drawn].mean(axis=1), seed)


def difference_interval(before: Sequence[float], after: Sequence[float], seed: int = 0) -> Estimate:
    """The mean of after minus before over the same questions in the same order."""
    if len(before) != len(after):
        raise ValueError(f"{len(before)} scores before and {len(after)} after are not of the same questions")
    return mean_interval([late - early for early, late in zip(before, after, strict=True)], seed)


def f1_interval(predicted: Sequence[bool], gold: Sequence[bool], seed: int = 0) -> Estimate:
    """F1 of the positive answer."""
    said, true = np.asarray(predicted, dtype=bool), np.asarray(gold, dtype=bool)

    def f1(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        hits = (said[drawn] & true[drawn]).sum(axis=1)
        named = said[drawn].sum(axis=1) + true[drawn].sum(axis=1)
        share: NDArray[np.float64] = np.divide(2.0 * hits, named, out=np.zeros(len(drawn)), where=named > 0)
        return share

    return _bootstrap(len(said), f1, seed)


def _bootstrap(size: int, statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]], seed: int) -> Estimate:
    """Percentile interval over resampled questions; `statistic` takes [R, size] positions."""
    if size == 0:
        raise ValueError("an interval needs at least one question")
    generator = np.random.default_rng(seed)
    value = float(statistic(np.arange(size)[None, :])[0])
    rows = max(_CHUNK // size, 1)
    drawn = [
        statistic(generator.integers(0, size, (min(rows, RESAMPLES - start), size)))
        for start in range(0, RESAMPLES, rows)
    ]
    low, high = np.quantile(np.concatenate(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))

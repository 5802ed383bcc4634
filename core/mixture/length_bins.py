"""Token lengths as a histogram: half octaves, so that short answers and long documents both have room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.mixture.packing import Ints

PER_OCTAVE = 2
LEAST = 16
"""What is shorter stands in the first bar."""


@dataclass(frozen=True, eq=False)
class LengthBins:
    """Bars over the same lengths: bar i holds edges[i] to edges[i + 1] - 1 tokens, the first everything shorter as well."""

    edges: tuple[int, ...]

    @classmethod
    def over(cls, lengths: Sequence[Ints]) -> LengthBins:
        """Bars that hold all of these, each [L] ascending; they begin at a power of two."""
        there = [some for some in lengths if len(some)]
        least = 1 << max(min((int(some[0]) for some in there), default=0), LEAST).bit_length() - 1
        most = max((int(some[-1]) for some in there), default=least)
        steps = max(math.ceil(PER_OCTAVE * math.log2((most + 1) / least)), PER_OCTAVE)
        return cls(tuple(math.ceil(least * 2 ** (step / PER_OCTAVE)) for step in range(steps + 1)))

    def counts(self, lengths: Ints, counts: Ints) -> list[int]:
        """Samples in each bar; lengths: [L] different ones, counts: [L] samples of each."""
        place = np.clip(np.searchsorted(self.edges, lengths, side="right") - 1, 0, len(self.edges) - 2)
        found: list[int] = np.bincount(place, weights=counts, minlength=len(self.edges) - 1).astype(np.int64).tolist()
        return found

    def said(self) -> list[str]:
        """Each bar in words: 'up to 22 tokens', '23 to 31 tokens'."""
        said = [f"{low:,} to {high - 1:,} tokens" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return [f"up to {self.edges[1] - 1:,} tokens", *said[1:]]

    def at(self, length: int) -> float:
        """Where a length stands on the axis, 0 at its left end and 1 at its right."""
        span = math.log2(self.edges[-1] / self.edges[0])
        return min(max(math.log2(max(length, 1) / self.edges[0]) / span, 0.0), 1.0)

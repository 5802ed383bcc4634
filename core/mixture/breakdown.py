"""What the stages of a mixture are made of: samples and tokens by source, tag, capability, style and licence, beside the pool.

Every sample counts as often as it stands in a stage. Sources and licences divide the samples; of tags, capabilities and styles a
sample may have several, so their shares need not add up to one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from core.filters import NO_LICENCE
from core.lens import Lens
from core.mixture.lengths import Ruler
from core.mixture.manifest import HIGH_SCORE
from core.mixture.uses import StageUses
from core.select.pool import UNSTYLED, Pool
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import TAG_SEPARATOR

Dimension = Literal["source", "tag", "image tag", "capability", "style", "licence"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
DIVIDES = frozenset({"source", "licence"})
"""Where every sample counts once."""

Ints = NDArray[np.int64]
Weight = NDArray[np.float64]
Sum = Callable[[Weight], Weight]
"""From a weight per sample of the pool, [N], to one per name, [K]; whole numbers, which float64 adds exactly up to 9 x 10^15."""


@dataclass(frozen=True, eq=False)
class Breakdown:
    """Samples and tokens by name: [S + 2, K] int64 each, row 0 the pool, then the stages, last all stages together.

    totals: [S + 2, 2] int64, all samples and all tokens of each row. Tokens are those of text and pictures in one pass, the pool's
    at the resolution of the last stage.
    """

    names: tuple[str, ...]
    num_samples: Ints
    num_tokens: Ints
    totals: Ints

    def shares(self, *, of_tokens: bool = False) -> NDArray[np.float64]:
        """[S + 2, K]: what part of each row's samples or tokens, 0 where a row holds nothing."""
        counts = self.num_tokens if of_tokens else self.num_samples
        whole = self.totals[:, 1 if of_tokens else 0]
        return counts / np.maximum(whole, 1)[:, None]


@dataclass(frozen=True, eq=False)
class Tags:
    """The tags of a pool's samples: sample rows[i] carries tag codes[i], [M] int64 each, ascending by row and then by code.

    paths: by code, ascending level by level, so that what stands below one tag stands together.
    """

    rows: Ints
    codes: Ints
    paths: tuple[tuple[str, ...], ...]

    def at_level(self, level: int) -> Tags:
        """What stands above or at a level, 1 to 3, once for each sample; a tag that ends before it has none there."""
        names = list(dict.fromkeys(path[:level] for path in self.paths if len(path) >= level))
        number = {name: at for at, name in enumerate(names)}
        code = np.array([number.get(path[:level], -1) for path in self.paths], dtype=np.int64)
        mine = code[self.codes] if names else np.full(len(self.codes), -1)
        rows, codes = self.rows[mine >= 0], mine[mine >= 0]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])
        return Tags(rows[first], codes[first], tuple(names))


def tags_of(lens: Lens, pool: Pool, kind: str) -> Tags:
    """The tags of one kind, `instruction_tags` or `image_tags`, of a pool that is of the lens's own snapshot."""
    kinds = dict(zip(*(lens.ask("tag_kinds")[name].to_pylist() for name in ("path", "kind")), strict=True))
    wanted = np.array([kinds[path] == kind for path in lens.tag_paths], dtype=bool)
    if not wanted.any():
        return Tags(np.empty(0, np.int64), np.empty(0, np.int64), ())
    table = lens.ask("tags_of_samples")
    rows, codes = (table[name].to_numpy().astype(np.int64) for name in ("row", "tag_id"))
    place = np.full(int(pool.row.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[pool.row] = np.arange(len(pool))
    inside = wanted[codes] & (rows < len(place))
    rows, codes = place[rows[inside]], codes[inside]
    paths = [tuple(path.split(TAG_SEPARATOR)) for path in lens.tag_paths]
    order = sorted(np.flatnonzero(wanted).tolist(), key=lambda at: paths[at])
    number = np.zeros(len(paths), dtype=np.int64)
    number[order] = np.arange(len(order))
    pairs = np.sort(rows[rows >= 0] * len(order) + number[codes[rows >= 0]])
    return Tags(pairs // len(order), pairs % len(order), tuple(paths[at] for at in order))


@dataclass(frozen=True, eq=False)
class Weights:
    """How often and how heavily the pool and each stage hold each sample: times and tokens, [N] float64 of whole numbers each."""

    pool: Pool
    times: tuple[NDArray[np.float64], ...]
    tokens: tuple[NDArray[np.float64], ...]

    @classmethod
    def of(cls, stages: Sequence[StageUses], ruler: Ruler) -> Weights:
        """The pool first, at the resolution of the last stage, then the stages."""
        times = [np.ones(len(ruler.pool)), *(stage.times.astype(np.float64) for stage in stages)]
        at = [ruler.at(stage.resolution).tokens for stage in (stages[-1].stage, *(uses.stage for uses in stages))]
        return cls(ruler.pool, tuple(times), tuple(often * each for often, each in zip(times, at, strict=True)))


def breakdown(names: Sequence[str], sums: Sum, weights: Weights) -> Breakdown:
    """Samples and tokens by name from a way to sum weights by name."""
    samples, tokens = (np.stack([sums(one) for one in some]) for some in (weights.times, weights.tokens))
    pairs = zip(weights.times, weights.tokens, strict=True)
    totals = np.array([[often.sum(), heavy.sum()] for often, heavy in pairs])
    return Breakdown(
        tuple(names), *(np.vstack([one, one[1:].sum(axis=0)]).astype(np.int64) for one in (samples, tokens, totals))
    )


def by_source(weights: Weights) -> Breakdown:
    """By source, the pool's largest first."""
    return _largest_first(
        breakdown(weights.pool.source_names, _sum_by(weights.pool.source, weights.pool.source_names), weights)
    )


def by_licence(weights: Weights, licences: Mapping[str, str]) -> Breakdown:
    """By licence; licences: of each source, those without one left out."""
    of_source = [licences.get(name) or NO_LICENCE for name in weights.pool.source_names]
    names = sorted(set(of_source))
    place = np.array([names.index(name) for name in of_source], dtype=np.int64)
    codes = place[weights.pool.source] if len(place) else np.empty(0, np.int64)
    return _largest_first(breakdown(names, _sum_by(codes, names), weights))


def by_style(weights: Weights) -> Breakdown:
    """By style in the order of the vocabulary, those without one last."""
    bits = weights.pool.style_bits
    masks = [np.flatnonzero((bits >> np.uint32(at)) & np.uint32(1)) for at in range(len(weights.pool.style_names))]
    return breakdown((*weights.pool.style_names, UNSTYLED), _sum_over([*masks, np.flatnonzero(bits == 0)]), weights)


def by_capability(weights: Weights) -> Breakdown:
    """By capability in table order: samples that score HIGH_SCORE or more in it."""
    high = HIGH_SCORE * SCORE_SCALE
    places = [np.flatnonzero((row >= high) & (row != MISSING)) for row in weights.pool.scores]
    return breakdown(weights.pool.capability_names, _sum_over(places), weights)


def by_tag(weights: Weights, tags: Tags, level: int) -> Breakdown:
    """By tag at a level of the tree, 1 to 3, the pool's most frequent first."""
    at = tags.at_level(level)

    def sums(one: Weight) -> Weight:
        return _bins(at.codes, one[at.rows], len(at.paths))

    return _largest_first(breakdown([TAG_SEPARATOR.join(path) for path in at.paths], sums, weights))


def _sum_by(codes: NDArray[Any], names: Sequence[str]) -> Sum:
    return lambda one: _bins(codes, one, len(names))


def _sum_over(places: Sequence[Ints]) -> Sum:
    return lambda one: np.array([one[some].sum() for some in places])


def _bins(codes: NDArray[Any], one: Weight, num: int) -> Weight:
    found: Any = np.bincount(codes, weights=one, minlength=num)  # whose type forgets the weights
    return np.asarray(found[:num], dtype=np.float64)


def _largest_first(one: Breakdown) -> Breakdown:
    order = sorted(range(len(one.names)), key=lambda at: (-int(one.num_samples[0, at]), one.names[at]))
    return Breakdown(
        tuple(one.names[at] for at in order), one.num_samples[:, order], one.num_tokens[:, order], one.totals
    )

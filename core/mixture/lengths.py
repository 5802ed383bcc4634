"""How long every sample of a pool is at a stage's resolution: text tokens as counted, image tokens and tiles by closed formula."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.mixture.image_tokens import Sizes, cost_of_sizes, patches_along, sizes_of
from core.mixture.recipe import Resolution
from core.select.pool import Pool

CHARS_PER_TOKEN = 4.0
"""Used where a sample has no token count; such samples are counted as estimated."""

Ints = NDArray[np.int64]


def text_tokens(pool: Pool) -> tuple[Ints, NDArray[np.bool_]]:
    """Text tokens of every sample, [N] int64, and which of them are estimated from its length, [N] bool."""
    counted = pool.columns["num_text_tokens"]
    unknown = np.isnan(counted)
    if not bool(unknown.any()):
        return counted.astype(np.int64), unknown
    estimate = np.ceil(np.nan_to_num(pool.columns["num_chars"]) / CHARS_PER_TOKEN)
    return np.where(unknown, estimate, counted).astype(np.int64), unknown


@dataclass(frozen=True, eq=False)
class Lengths:
    """Samples at one resolution, [N] int64 each: tokens of text and pictures together, of pictures, and tiles."""

    tokens: Ints
    image_tokens: Ints
    tiles: Ints


@dataclass(frozen=True, eq=False)
class Ruler:
    """Measures a pool for a model; each resolution once, however many stages use it."""

    pool: Pool
    preset: str
    text: Ints = field(init=False)
    estimated: NDArray[np.bool_] = field(init=False)
    _sizes: Sizes = field(init=False)
    _known: dict[Resolution, Lengths] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        text, estimated = text_tokens(self.pool)
        columns = self.pool.columns
        num_images = np.nan_to_num(columns["num_images"]).astype(np.int64)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "estimated", estimated)
        object.__setattr__(self, "_sizes", sizes_of(num_images, columns["width_px"], columns["height_px"]))

    @property
    def num_images(self) -> Ints:
        """[N] int64: pictures of every sample."""
        return self._sizes.num_images

    def at(self, resolution: Resolution) -> Lengths:
        """The samples at a resolution."""
        if resolution not in self._known:
            cost = cost_of_sizes(self._sizes, resolution, patches_along(self.preset, resolution.px))
            self._known[resolution] = Lengths(self.text + cost.tokens, cost.tokens, cost.tiles)
        return self._known[resolution]

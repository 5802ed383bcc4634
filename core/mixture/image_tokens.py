"""Image tokens and tiles of many samples at once by closed formula, without decoding one picture.

The formula is that of LLaVA-OneVision: an overview, a grid of tiles without its padding, a token at the end of each
row; a grid beyond 1.21 x `max_tiles` tiles of tokens is shrunk. Pictures of a multi-image sample are never tiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.mixture.recipe import Resolution

MAX_SIDE_TILES = 6
"""No grid is longer than this in either direction."""

PATCH_PX = 14
TINY_PATCHES = 7
_SIZE_BITS = 31
_SHRINK_ABOVE = 1.1  # ratio of sides; 1.21 of areas


def patches_along(preset: str, px: int) -> int:
    """Image tokens along the side of a tile of `px` pixels: 7 whatever its size for tiny, else one per 14 pixels."""
    return TINY_PATCHES if preset == "tiny" else px // PATCH_PX


@dataclass(frozen=True, eq=False)
class ImageCost:
    """tokens: [N] int64 image tokens of each sample; tiles: [N] int64 squares through the vision tower."""

    tokens: NDArray[np.int64]
    tiles: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sizes:
    """How large the pictures of samples are: num_images [N] int64, and of those with a single one of known size, tiled [T] int64
    their places, width_px and height_px [D] the different sizes, place [T] which of them each has."""

    num_images: NDArray[np.int64]
    tiled: NDArray[np.int64]
    width_px: NDArray[np.int64]
    height_px: NDArray[np.int64]
    place: NDArray[np.int64]


def sizes_of(num_images: NDArray[Any], width_px: NDArray[Any], height_px: NDArray[Any]) -> Sizes:
    """num_images: [N] integers; width_px, height_px: [N] floats, the sample's first picture, NaN unknown."""
    tiled = np.flatnonzero((num_images == 1) & (width_px > 0) & (height_px > 0))
    sizes = (width_px[tiled].astype(np.int64) << _SIZE_BITS) + height_px[tiled].astype(np.int64)
    # Pools hold few sizes; as pairs of numbers this takes ten times as long.
    different, place = np.unique(sizes, return_inverse=True)
    return Sizes(
        num_images.astype(np.int64), tiled, different >> _SIZE_BITS, different & ((1 << _SIZE_BITS) - 1), place
    )


def image_cost(
    num_images: NDArray[Any],
    width_px: NDArray[Any],
    height_px: NDArray[Any],
    resolution: Resolution,
    patches: int,
) -> ImageCost:
    """The cost of samples at a stage's resolution; see `sizes_of` and `cost_of_sizes`."""
    return cost_of_sizes(sizes_of(num_images, width_px, height_px), resolution, patches)


def cost_of_sizes(sizes: Sizes, resolution: Resolution, patches: int) -> ImageCost:
    """The cost of samples at a resolution. A single picture of unknown size counts as one untiled square."""
    tokens = sizes.num_images * (patches**2 + 1)
    tiles = sizes.num_images.copy()
    if resolution.mode == "anyres":
        cost = anyres_cost(sizes.width_px, sizes.height_px, resolution.px, patches, resolution.max_tiles)
        tokens[sizes.tiled], tiles[sizes.tiled] = cost.tokens[sizes.place], cost.tiles[sizes.place]
    return ImageCost(tokens, tiles)


def anyres_cost(
    width_px: NDArray[np.int64], height_px: NDArray[np.int64], px: int, patches: int, max_tiles: int
) -> ImageCost:
    """The cost of single pictures that are tiled; width_px, height_px: [N] int64, at least 1."""
    width, height = width_px.astype(np.float64), height_px.astype(np.float64)
    grid_rows, grid_cols = best_grids(width, height, px, max_tiles)
    rows, cols = grid_rows * patches, grid_cols * patches
    wide = width / height > cols / rows
    # seven digits, as the model rounds: a side of 20.999999999 tokens is 21
    seen_rows = np.floor(np.round(height * (cols / width), 7)).astype(np.int64)
    seen_cols = np.floor(np.round(width * (rows / height), 7)).astype(np.int64)
    rows, cols = (
        np.where(wide, rows - 2 * ((rows - seen_rows) // 2), rows),
        np.where(wide, cols, cols - 2 * ((cols - seen_cols) // 2)),
    )
    ratio = np.sqrt(rows * cols / (max_tiles * patches**2))
    shrunk = ratio > _SHRINK_ABOVE
    divisor = np.where(shrunk, ratio, 1.0)
    rows = np.where(shrunk, np.floor_divide(rows, divisor), rows).astype(np.int64)
    cols = np.where(shrunk, np.floor_divide(cols, divisor), cols).astype(np.int64)
    return ImageCost(patches**2 + rows * cols + rows, 1 + grid_rows * grid_cols)


def best_grids(
    width: NDArray[np.float64], height: NDArray[np.float64], px: int, max_tiles: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) of tiles for each picture: the grid that keeps most pixels, then wastes fewest, then comes first."""
    most, least_waste = np.full(len(width), -1.0), np.full(len(width), np.inf)
    rows, cols = np.ones(len(width), np.int64), np.ones(len(width), np.int64)
    side = range(1, MAX_SIDE_TILES + 1)
    for grid_rows, grid_cols in ((r, c) for r in side for c in side if r * c <= max_tiles):
        scale = np.minimum(grid_cols * px / width, grid_rows * px / height)
        kept = np.minimum(np.trunc(width * scale) * np.trunc(height * scale), width * height)
        waste = grid_rows * grid_cols * px * px - kept
        better = (kept > most) | ((kept == most) & (waste < least_waste))
        most, least_waste = np.where(better, kept, most), np.where(better, waste, least_waste)
        rows, cols = np.where(better, grid_rows, rows), np.where(better, grid_cols, cols)
    return rows, cols

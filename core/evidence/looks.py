"""What the pixels of stored thumbnails look like: each is decoded once for image facts and raw descriptors alike.

The raw descriptor of a picture is layout (grey and colour grid), colours (histogram) and edges (orientations by place).
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.evidence.rules.facts import ImageFacts, image_facts
from core.store import Store

BLOCKS = {"layout": 97, "colours": 56, "edges": 144}
"""Name and width of each part of a raw descriptor, in order."""

RAW_WIDTH = sum(BLOCKS.values())

_CAPACITY = 50_000  # looks kept: about 40 MB; a workspace with more pictures decodes some of them twice
_BATCH = 512
_GROUP = 16  # pictures worked on together: their arrays fit a core's cache
_DECODE_ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
_GRID_PX, _EDGE_PX = 64, 128
_CELLS, _ORIENTATIONS = 4, 8
_SLOPES = tuple(float(np.tan(np.pi * (turn + 0.5) / _ORIENTATIONS)) for turn in range(4))
"""Where one orientation ends and the next begins in a quarter turn, level and upright ones in the middle of theirs; cheaper
than an arc tangent for each pixel."""


@dataclass(frozen=True)
class Look:
    """One picture: its facts and its raw descriptor [RAW_WIDTH] float16."""

    facts: ImageFacts
    raw: NDArray[np.float16]


class Looks:
    """Looks by image key, computed from the store when first asked for and kept while there is room.

    `num_seen` counts pictures decoded, `failures` those that could not be, by reason.
    """

    def __init__(self, store: Store, num_threads: int = 0) -> None:
        self._store = store
        self._kept: dict[str, Look | str] = {}
        self.num_seen = 0
        self.failures: Counter[str] = Counter()
        self._num_threads = num_threads or os.cpu_count() or 1

    def of(self, image_keys: Sequence[str]) -> dict[str, Look | str]:
        """Key -> its look, or in words why there is none."""
        wanted = list(dict.fromkeys(image_keys))
        found: dict[str, Look | str] = {key: self._kept[key] for key in wanted if key in self._kept}
        new = [key for key in wanted if key not in found]
        for start in range(0, len(new), _BATCH):
            keys = new[start : start + _BATCH]
            table = self._store.images(keys, ["image_key", "thumbnail"])
            stored = dict(zip(table["image_key"].to_pylist(), table["thumbnail"].to_pylist(), strict=True))
            for key, look in zip(keys, self._look([stored.get(key) for key in keys]), strict=True):
                found[key] = look
                if isinstance(look, str):
                    self.failures[look] += 1
                else:
                    self.num_seen += 1
                if len(self._kept) < _CAPACITY:
                    self._kept[key] = look
        return found

    def _look(self, thumbnails: Sequence[bytes | None]) -> list[Look | str]:
        groups = [thumbnails[start : start + _GROUP] for start in range(0, len(thumbnails), _GROUP)]
        with ThreadPoolExecutor(self._num_threads) as pool:
            return [look for group in pool.map(_looks, groups) for look in group]


def _looks(thumbnails: Sequence[bytes | None]) -> list[Look | str]:
    seen = [_see(thumbnail) for thumbnail in thumbnails]
    good = [one for one in seen if not isinstance(one, str)]
    raw = iter(raw_descriptors([one[1] for one in good]) if good else ())
    return [one if isinstance(one, str) else Look(one[0], next(raw)) for one in seen]


def _see(thumbnail: bytes | None) -> tuple[ImageFacts, Image.Image] | str:
    if thumbnail is None:
        return "the image has no thumbnail"
    try:
        with Image.open(io.BytesIO(thumbnail)) as image:
            picture = image.convert("RGB")
    except _DECODE_ERRORS as error:
        return f"the thumbnail cannot be decoded ({type(error).__name__})"
    return image_facts(picture), picture


def raw_descriptors(pictures: Sequence[Image.Image]) -> NDArray[np.float16]:
    """[N, RAW_WIDTH] float16 of RGB pictures; every value lies between -1 and 1."""
    grids = np.stack([np.asarray(one.resize((_GRID_PX, _GRID_PX), Image.Resampling.BOX)) for one in pictures])
    hues = np.stack([np.asarray(Image.fromarray(grid).convert("HSV")) for grid in grids])
    greys = np.stack(
        [np.asarray(one.convert("L").resize((_EDGE_PX, _EDGE_PX), Image.Resampling.BOX)) for one in pictures]
    )
    shapes = np.array([one.width / one.height for one in pictures], dtype=np.float32)
    parts = [_layout(grids, shapes), _colours(hues), _edges(greys)]
    return np.concatenate(parts, axis=1).astype(np.float16)


def _pooled(planes: NDArray[Any], cells: int) -> NDArray[np.float32]:
    """[N, H, W] -> [N, cells * cells], means over equal cells."""
    count, height, width = planes.shape
    tiles = planes.reshape(count, cells, height // cells, cells, width // cells)
    means: NDArray[np.float32] = tiles.mean(axis=(2, 4), dtype=np.float32).reshape(count, -1)
    return means


def _layout(grids: NDArray[np.uint8], shapes: NDArray[np.float32]) -> NDArray[np.float32]:
    """8 x 8 brightness, 4 x 4 of two colour differences, and the picture's proportions."""
    red, green, blue = (grids[..., channel].astype(np.float32) / 255 for channel in range(3))
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    proportions = np.clip(np.log2(shapes) / 3, -1, 1)[:, None]
    return np.concatenate(
        [_pooled(grey, 8), _pooled(blue - grey, _CELLS), _pooled(red - grey, _CELLS), proportions], axis=1
    )


def _colours(hues: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Square roots of shares: 8 greys, and 8 hues x 2 saturations x 3 brightnesses; [N, 56]."""
    hue, saturation, value = (hues[..., channel].astype(np.int32) for channel in range(3))
    grey_bin = value >> 5
    colour_bin = 8 + ((hue >> 5) * 2 + (saturation > 128)) * 3 + np.minimum(value * 3 // 256, 2)
    bins = np.where((saturation < 32) | (value < 24), grey_bin, colour_bin).reshape(len(hues), -1)
    width = BLOCKS["colours"]
    flat = (bins + np.arange(len(hues))[:, None] * width).ravel()
    counts = np.bincount(flat, minlength=len(hues) * width).reshape(len(hues), width)
    return np.sqrt(counts / bins.shape[1]).astype(np.float32)


def _edges(greys: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Square roots of shares of edge strength by cell and orientation, and the strength of each cell; [N, 144]."""
    planes = greys.astype(np.float32) / 255
    across = planes[:, 1:-1, 2:] - planes[:, 1:-1, :-2]
    down = planes[:, 2:, 1:-1] - planes[:, :-2, 1:-1]
    strength = np.sqrt(across * across + down * down)
    steep, wide = np.abs(down), np.abs(across)
    sector = sum(((steep > slope * wide).view(np.uint8) for slope in _SLOPES), np.zeros(steep.shape, np.uint8))
    mirrored = across * down < 0
    orientation = np.where(mirrored, (_ORIENTATIONS - sector) % _ORIENTATIONS, sector)  # opposite directions are one
    count, side = len(greys), strength.shape[1]
    cell = np.minimum(np.arange(side) * _CELLS // side, _CELLS - 1)
    place = cell[:, None] * _CELLS + cell[None, :]
    bins = place[None].astype(np.int32) * _ORIENTATIONS + orientation
    width = _CELLS * _CELLS * _ORIENTATIONS
    flat = (bins + (np.arange(count) * width)[:, None, None]).ravel()
    sums = np.bincount(flat, weights=strength.ravel(), minlength=count * width).reshape(count, width)
    shares = np.sqrt(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-6))
    per_cell = sums.reshape(count, -1, _ORIENTATIONS).sum(axis=2) / (side * side / _CELLS**2)
    return np.concatenate([shares, np.sqrt(np.minimum(per_cell, 1.0))], axis=1).astype(np.float32)

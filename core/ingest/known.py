"""Which images the workspace holds already, looked up by key in bounded memory.

Keys are 128-bit; they are held as two sorted uint64 columns, 26 bytes an image, because a dict of ten million costs gigabytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.store import Store
from core.store.ids import image_key

_FOLD_AT_LEAST = 1 << 16


@dataclass(frozen=True, slots=True)
class Known:
    """An image of the workspace: size in pixels after EXIF rotation, and whether its bytes are kept."""

    width_px: int
    height_px: int
    has_bytes: bool


@dataclass(frozen=True)
class _Columns:
    """Sorted by high: high, low [N] uint64; width, height [N] int32; kept [N] bool."""

    high: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    low: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    width: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    height: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    kept: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))

    def with_rows(self, rows: dict[str, Known]) -> _Columns:
        high = np.array([int(key[:16], 16) for key in rows], np.uint64)
        low = np.array([int(key[16:], 16) for key in rows], np.uint64)
        width = np.array([known.width_px for known in rows.values()], np.int32)
        height = np.array([known.height_px for known in rows.values()], np.int32)
        kept = np.array([known.has_bytes for known in rows.values()], np.bool_)
        order = np.argsort(np.concatenate([high, self.high]), kind="stable")  # newer rows first among equals
        return _Columns(
            np.concatenate([high, self.high])[order],
            np.concatenate([low, self.low])[order],
            np.concatenate([width, self.width])[order],
            np.concatenate([height, self.height])[order],
            np.concatenate([kept, self.kept])[order],
        )

    def get(self, key: str) -> Known | None:
        high, low = np.uint64(int(key[:16], 16)), np.uint64(int(key[16:], 16))
        place = int(np.searchsorted(self.high, high))
        while place < len(self.high) and self.high[place] == high:
            if self.low[place] == low:
                return Known(int(self.width[place]), int(self.height[place]), bool(self.kept[place]))
            place += 1
        return None


class KnownImages:
    """Key to Known. One thread adds, others may look up meanwhile."""

    def __init__(self, store: Store | None) -> None:
        self._recent: dict[str, Known] = {}
        self._columns = _Columns()
        if store is not None:
            for batch in store.scan("images", ["image_key", "width_px", "height_px", "kept"], 1 << 16):
                keys, widths, heights, kept = (column.to_pylist() for column in batch.columns)
                self.add(dict(zip(keys, map(Known, widths, heights, kept), strict=True)))

    def add(self, rows: dict[str, Known]) -> None:
        self._recent.update(rows)
        if len(self._recent) >= max(_FOLD_AT_LEAST, len(self._columns.high) // 8):
            # First the new columns, then the empty dict: a reader looks into the dict first and so misses nothing.
            self._columns = self._columns.with_rows(self._recent)
            self._recent = {}

    def get(self, key: str) -> Known | None:
        return self._recent.get(key) or self._columns.get(key)


def intact(store: Store, keys: list[str]) -> set[str]:
    """Those keys whose kept bytes still have this hash."""
    found = store.images(keys, ["image_key", "bytes"])
    found = found.filter(pc.is_valid(found["bytes"]))
    pairs = zip(found["image_key"].to_pylist(), found["bytes"].to_pylist(), strict=True)
    return {key for key, data in pairs if image_key(data) == key}

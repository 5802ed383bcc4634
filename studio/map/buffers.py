"""Binary buffers the map fetches through the server's own routes, held in this process.

The page script and the server share one process: a page publishes a buffer under a stable name, the browser fetches it once
and keeps it (names are immutable), and a rerun sends only the URL. The store is bounded; what was used longest ago goes first.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

POINTS_TYPE: Final = "application/vnd.winnow.points"
RANKS_TYPE: Final = "application/vnd.winnow.ranks"
CLASSES_TYPE: Final = "application/vnd.winnow.classes"
TABLE_TYPE: Final = "application/json"

NEVER: Final = 0xFFFFFFFF
"""Rank of a point that the ordering never keeps."""

MAX_CLASSES: Final = 10
"""Nine categories and "other": more colours than that cannot be told apart."""

_MAX_BYTES: Final = 256 * 1024 * 1024
_MOST_OFFERS: Final = 64  # two or three maps' worth: an offer holds on to the pool it would be made from


@dataclass(frozen=True)
class Buffer:
    """Bytes with their content type; `etag` is the digest of the bytes."""

    data: bytes
    media_type: str
    sample_ids: NDArray[np.uint64] | None = None
    """[N] uint64, for points only: which sample each row of the buffer is."""
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", hashlib.blake2b(self.data, digest_size=16).hexdigest())

    @property
    def num_bytes(self) -> int:
        return len(self.data) + (0 if self.sample_ids is None else self.sample_ids.nbytes)


class Buffers:
    """URL path to Buffer, bounded by bytes, safe with several threads."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[str, Buffer] = OrderedDict()
        self._offered: OrderedDict[str, Callable[[], Buffer]] = OrderedDict()
        self._num_bytes = 0
        self._lock = threading.Lock()

    def get(self, path: str) -> Buffer | None:
        with self._lock:
            found, make = self._held.get(path), self._offered.get(path)
            if found is not None:
                self._held.move_to_end(path)
        if found is None and make is not None:
            self.publish(path, make)
            return self.get(path)
        return found

    def publish(self, path: str, make: Callable[[], Buffer]) -> str:
        """Hold the buffer under `path`, making it only when it is not held yet; returns the path."""
        with self._lock:
            self._offered.pop(path, None)
        if self.get(path) is None:
            made = make()
            with self._lock:
                replaced = self._held.pop(path, None)
                self._held[path] = made
                self._num_bytes += made.num_bytes - (replaced.num_bytes if replaced else 0)
                # The newest is kept even when it alone is larger than the bound: the page is about to show it.
                while self._num_bytes > self._max_bytes and len(self._held) > 1:
                    _, oldest = self._held.popitem(last=False)
                    self._num_bytes -= oldest.num_bytes
        return path

    def offer(self, path: str, make: Callable[[], Buffer]) -> str:
        """Make the buffer when it is first asked for, and perhaps never; returns the path."""
        with self._lock:
            if path not in self._held:
                self._offered[path] = make
                self._offered.move_to_end(path)
                while len(self._offered) > _MOST_OFFERS:
                    self._offered.popitem(last=False)
        return path

    def __len__(self) -> int:
        return len(self._held)


BUFFERS: Final = Buffers()
"""What the routes of this process serve."""


def publish_points(
    snapshot: str, name: str, x: NDArray[np.float32], y: NDArray[np.float32], sample_ids: NDArray[np.uint64]
) -> str:
    """Publish the places of a map: 4 bytes a point. Returns the URL.

    x, y: [N] float32, any unit, finite; sample_ids: [N] uint64 in the same order. `name` tells several maps of one snapshot
    apart (a filter, a producer); the same snapshot and name must always mean the same points.
    """
    return BUFFERS.publish(
        f"/api/points/{snapshot}/{name}.bin",
        lambda: Buffer(quantise(x, y).tobytes(), POINTS_TYPE, np.ascontiguousarray(sample_ids, dtype=np.uint64)),
    )


def publish_ranks(ranks: NDArray[np.uint32], digest: str | None = None) -> str:
    """Publish the rank of each point, in points order: 4 bytes a point. Returns the URL.

    ranks: [N] uint32, 0 is kept first, NEVER is not in the ordering. `digest` names the ordering and the points it is laid
    over; without one it is taken from the ranks themselves.
    """
    digest = digest or hashlib.blake2b(ranks.tobytes(), digest_size=16).hexdigest()
    return BUFFERS.publish(
        f"/api/ranks/{digest}.bin", lambda: Buffer(np.ascontiguousarray(ranks, dtype="<u4").tobytes(), RANKS_TYPE)
    )


def publish_classes(snapshot: str, name: str, column: str, codes: NDArray[np.uint8]) -> str:
    """Publish the colour class of each point, in points order: 1 byte a point. Returns the URL.

    codes: [N] uint8 below MAX_CLASSES, positions in the legend's list of classes.
    """
    assert codes.size == 0 or int(codes.max()) < MAX_CLASSES, "fold small classes into other first"
    return BUFFERS.publish(
        f"/api/classes/{snapshot}/{name}/{column}.bin",
        lambda: Buffer(np.ascontiguousarray(codes, dtype=np.uint8).tobytes(), CLASSES_TYPE),
    )


def offer_classes(snapshot: str, name: str, column: str, make: Callable[[], NDArray[np.uint8]]) -> str:
    """As `publish_classes`, but the codes are made when a reader first colours by them. Returns the URL."""
    return BUFFERS.offer(
        f"/api/classes/{snapshot}/{name}/{column}.bin",
        lambda: Buffer(np.ascontiguousarray(make(), dtype=np.uint8).tobytes(), CLASSES_TYPE),
    )


def publish_table(table: CutTable) -> str:
    """Publish the figures at a number of cuts, so that a drag needs no rerun. Returns the URL."""
    digest = hashlib.blake2b(table.body, digest_size=16).hexdigest()
    return BUFFERS.publish(f"/api/cuts/{digest}.json", lambda: Buffer(table.body, TABLE_TYPE))


def publish_legend(colourings: Sequence[Mapping[str, Any]]) -> str:
    """Publish what the points can be coloured by: it does not change with the budget, so it does not travel in every run."""
    body = json.dumps(colourings, ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.blake2b(body, digest_size=16).hexdigest()
    return BUFFERS.publish(f"/api/legends/{digest}.json", lambda: Buffer(body, TABLE_TYPE))


def quantise(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint16]:
    """[2N] uint16: x and y of each point in turn, 0..65535, one scale for both axes so that distances keep their shape.

    y grows upwards in the data and downwards on the screen, so it is turned over here.
    """
    assert x.shape == y.shape, "x and y belong to the same points"
    places = np.empty((x.size, 2), dtype="<u2")
    if x.size == 0:
        return places.ravel()
    assert np.isfinite(x).all(), "points without a place are left out before"
    assert np.isfinite(y).all(), "points without a place are left out before"
    low = np.array([x.min(), y.min()], dtype=np.float64)
    high = np.array([x.max(), y.max()], dtype=np.float64)
    extent = float((high - low).max()) or 1.0
    centre = (low + high) / 2
    places[:, 0] = np.rint((x - centre[0]) / extent * 65535 + 32767.5).clip(0, 65535)
    places[:, 1] = np.rint((centre[1] - y) / extent * 65535 + 32767.5).clip(0, 65535)
    return places.ravel()


def ranks_of(point_ids: NDArray[np.uint64], ordered_ids: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """[N] uint32: the position of each point's sample in the ordering, NEVER for those it does not hold.

    point_ids: [N] uint64 in points order; ordered_ids: [M] uint64, best first, no repeats. Cost: one sort of the ordering.
    """
    ranks = np.full(point_ids.size, NEVER, dtype=np.uint32)
    if ordered_ids.size == 0:
        return ranks
    by_id = np.argsort(ordered_ids, kind="stable")
    place = np.searchsorted(ordered_ids, point_ids, sorter=by_id)
    candidate = by_id[np.minimum(place, ordered_ids.size - 1)]
    held = ordered_ids[candidate] == point_ids
    ranks[held] = candidate[held]
    return ranks


@dataclass(frozen=True)
class Figure:
    """One running total shown beside the slider, such as tokens: its value at every cut of a CutTable."""

    label: str
    values: tuple[float, ...]
    decimals: int = 0
    hint: str = ""
    """Shown on hover; say here when the figure is an estimate."""


@dataclass(frozen=True)
class CutTable:
    """Running totals of an ordering at increasing cuts; between two cuts the screen interpolates and says so with a tilde."""

    cuts: tuple[int, ...]
    figures: tuple[Figure, ...] = ()
    classes: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Key of a colouring to [cuts, classes]: how many points of each class are kept at every cut, for a legend that follows."""

    def __post_init__(self) -> None:
        assert all(len(figure.values) == len(self.cuts) for figure in self.figures), "one value at each cut"
        assert all(len(totals) == len(self.cuts) for totals in self.classes.values()), "one row at each cut"
        assert all(low < high for low, high in zip(self.cuts, self.cuts[1:], strict=False)), "cuts increase"

    @cached_property
    def body(self) -> bytes:
        """What is sent, as JSON; written once, since a page publishes its table in every run."""
        figures = [
            {
                "label": figure.label,
                "values": [round(value, 4) for value in figure.values],
                "decimals": figure.decimals,
                "hint": figure.hint,
            }
            for figure in self.figures
        ]
        classes = {key: totals.T.tolist() for key, totals in self.classes.items()}
        return json.dumps({"cuts": self.cuts, "figures": figures, "classes": classes}, separators=(",", ":")).encode()


def cuts_of(maximum: int, num_cuts: int = 256) -> tuple[int, ...]:
    """Up to `num_cuts` + 1 increasing cuts from 0 to `maximum`, both included."""
    return tuple(int(value) for value in np.unique(np.linspace(0, maximum, num_cuts + 1).round().astype(np.int64)))


def running_totals(cuts: tuple[int, ...], per_sample: NDArray[np.float64] | NDArray[np.int64]) -> tuple[float, ...]:
    """Sum of `per_sample` ([M], in the ordering's order) over the first `cut` samples, at every cut."""
    totals = np.concatenate([np.zeros(1), np.cumsum(per_sample, dtype=np.float64)])
    return tuple(float(value) for value in totals[np.asarray(cuts)])


def class_totals(
    cuts: tuple[int, ...], ranks: NDArray[np.uint32], codes: NDArray[np.uint8], num_classes: int
) -> NDArray[np.int64]:
    """[cuts, classes]: how many points of each class have a rank below each cut. ranks, codes: [P], in points order."""
    kept = ranks < cuts[-1]
    step = np.searchsorted(np.asarray(cuts), ranks[kept], side="right")  # the first cut above the rank counts the point
    found = np.bincount(step * num_classes + codes[kept], minlength=len(cuts) * num_classes)
    return np.cumsum(found.reshape(len(cuts), num_classes), axis=0)

"""How the points of a map can be coloured: what a legend says, and the code each point has in its class buffer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from studio.map.buffers import MAX_CLASSES, NEVER
from studio.style import CATEGORICAL, OTHER, SEQUENTIAL, palette

_MOST_CLASSES: Final = MAX_CLASSES - 1
_NO_SCORE: Final = len(SEQUENTIAL)
_WITH_SCORE_NAMES: Final = (*map(str, range(len(SEQUENTIAL))), "no score")


@dataclass(frozen=True)
class ColourClass:
    """One line of a legend; its position in the list is the code in the class buffer."""

    name: str
    colour: str


@dataclass(frozen=True)
class Colouring:
    """One way to colour the points: by kept and pool alone (no URL), or by the classes of a published buffer.

    Colourings of one `group` stand together in the list a reader chooses from.
    """

    key: str
    label: str
    url: str | None = None
    classes: tuple[ColourClass, ...] = ()
    group: str = ""

    @classmethod
    def by_category(cls, key: str, label: str, url: str, names: Sequence[str]) -> Colouring:
        """The fixed colours in order; a tenth name is taken as what all smaller classes were folded into."""
        colours = (*CATEGORICAL, OTHER)
        assert len(names) <= len(colours), "fold small classes into other first"
        return cls(key, label, url, tuple(map(ColourClass, names, colours)))

    @classmethod
    def by_score(cls, key: str, label: str, url: str) -> Colouring:
        """Scores 0 to 5 from dark to bright (viridis), grey for none; the codes are those of `score_codes`."""
        return cls(key, label, url, tuple(map(ColourClass, _WITH_SCORE_NAMES, (*SEQUENTIAL, OTHER))), group="Scores")

    @classmethod
    def by_membership(cls, url: str, key: str = "membership", label: str = "kept, added, removed") -> Colouring:
        """What became of each sample from one selection to another; the codes are those of `membership`."""
        colours = palette()
        names = {
            "kept": colours.kept,
            "added": colours.added,
            "removed": colours.removed,
            "in neither": colours.pool,
        }
        return cls(key, label, url, tuple(ColourClass(name, colour) for name, colour in names.items()))


KEPT: Final = Colouring("kept", "kept and pool")
"""The first colouring of every map."""


def folded(codes: NDArray[Any], names: Sequence[str]) -> tuple[NDArray[np.uint8], list[str]]:
    """Classes by size, the smallest folded into "other" where there are more than nine.

    codes: [P] positions in `names`; gives [P] uint8 positions in the names that are left, those without a point not among them.
    """
    sizes = np.bincount(codes, minlength=len(names))
    order = [int(index) for index in np.argsort(-sizes, kind="stable") if sizes[index]]
    place = np.full(len(names), _MOST_CLASSES, dtype=np.uint8)
    place[order[:_MOST_CLASSES]] = np.arange(len(order[:_MOST_CLASSES]), dtype=np.uint8)
    shown = [names[index] for index in order[:_MOST_CLASSES]] + (["other"] if len(order) > _MOST_CLASSES else [])
    return place[codes], shown


def score_codes(stored: NDArray[np.uint8], missing: int, scale: int) -> NDArray[np.uint8]:
    """[P] uint8: the nearest whole score, half upwards as in every histogram, 6 for none. stored: [P] uint8, score x scale."""
    nearest = (stored.astype(np.int64) + scale // 2) // scale
    return np.where(stored == missing, _NO_SCORE, np.minimum(nearest, _NO_SCORE - 1)).astype(np.uint8)


def membership(
    point_ids: NDArray[np.uint64], before: NDArray[np.uint64], after: NDArray[np.uint64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint32], int]:
    """What became of each point from one selection to another, for a map whose budget is what either of them holds.

    Gives the codes of `Colouring.by_membership` ([P] uint8), ranks ([P] uint32) and the budget: what was added or removed
    ranks first, so that it lies on top where points overlap, then what was kept; points in neither are beyond the budget.
    point_ids: [P] uint64 in points order; before, after: uint64 in any order.
    """
    was, now = np.isin(point_ids, before), np.isin(point_ids, after)
    codes = np.select([was & now, now, was], [0, 1, 2], default=3).astype(np.uint8)
    ranks = np.full(len(point_ids), NEVER, dtype=np.uint32)
    order = np.argsort(np.array([1, 0, 0, 2], dtype=np.uint8)[codes], kind="stable")
    ranks[order] = np.arange(len(order), dtype=np.uint32)
    return codes, ranks, int((codes < 3).sum())

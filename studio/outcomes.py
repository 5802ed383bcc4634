"""What a budget makes of a pool, answered by routes of its own: the figures beside the map need no run of the page.

A page publishes an outcome under a digest of everything it is made of. The browser reads it once at all cuts, for dragging, and
exactly at the budget that is let go. It is held as long as the page's caches hold it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray
from starlette.responses import JSONResponse, Response

from core.select import spread
from core.select.prefixes import Prefixes

if TYPE_CHECKING:
    from starlette.requests import Request

_FOREVER: Final = "private, max-age=31536000, immutable"
_DIGITS: Final = 6
_MOST_DIGITS: Final = 12


@dataclass(frozen=True)
class Group:
    """One distribution: its names, and what the whole pool has of each; `scored` for means from 0 to 5 instead of counts."""

    key: str
    title: str
    names: Sequence[str]
    scored: bool = False


@dataclass(frozen=True, eq=False)
class Outcome:
    """The distributions, distances and sums of every prefix of an ordering.

    groups: keys are fields of `spread.Counts`; costs: what is summed up, for each sample in order, [K] float64 each.
    """

    prefixes: Prefixes
    groups: Sequence[Group]
    costs: Sequence[NDArray[np.float64]]

    def at(self, num: int) -> dict[str, Any]:
        """The first `num` samples, to the last one; an ordering that is shorter than asked for stays at its end."""
        num = min(num, len(self.prefixes.rows))
        counts, distances = self.prefixes.read(num)
        return {
            "num": num,
            "totals": [_plain(float(values[:num].sum()), 4) for values in self.costs],
            "distances": _distances(distances, num),
            **{group.key: _plains(getattr(counts, group.key)) for group in self.groups},
        }

    def pool(self) -> dict[str, Any]:
        """What all orderings of the pool have in common: the names, and how the pool is distributed."""
        everything = self.prefixes.everything
        return {
            "pool": {group.key: _plains(getattr(everything, group.key)) for group in self.groups},
            "num_pool": int(everything.num),
            "groups": [
                {"key": one.key, "title": one.title, "names": list(one.names), "scored": one.scored}
                for one in self.groups
            ],
        }

    def at_cuts(self) -> dict[str, Any]:
        """Everything at a number of cuts, a list for each."""
        cuts = self.prefixes.cuts.tolist()
        read = [self.prefixes.read(cut) for cut in cuts]
        return {
            "cuts": cuts,
            "distances": [_distances(distances, counts.num) for counts, distances in read],
            **{group.key: [_plains(getattr(counts, group.key)) for counts, _ in read] for group in self.groups},
        }


def _distances(found: spread.Distances, num: int) -> dict[str, float | None]:
    """Nothing is near or far from the pool where nothing is kept."""
    return {
        key: _plain(value) if num or key == "clusters" else None
        for key, value in (
            ("clusters", found.clusters),
            ("source", found.source),
            ("style", found.style),
            ("tag", found.tag),
            ("capability", found.capability),
        )
    }


def _plain(value: float, digits: int = _DIGITS) -> float | None:
    """A number as JSON knows it; None where there is none."""
    return None if math.isnan(value) else round(value, digits)


def _plains(values: NDArray[Any]) -> list[Any]:
    return [_plain(value) if isinstance(value, float) else value for value in values.tolist()]


# -- what is published, and the routes --------------------------------------------------------------------------------------

_PUBLISHED: Final[WeakValueDictionary[str, Outcome]] = WeakValueDictionary()


def publish(digest: str, outcome: Outcome) -> str:
    """Answer for an outcome as long as somebody holds it; the start of its URLs. The digest names all it is made of.

    Of two equal ones the last published answers; whoever shows one publishes it in every run, so that it never goes with the other.
    """
    _PUBLISHED[digest] = outcome
    return url_of(digest)


def url_of(digest: str) -> str:
    """The start of the URLs of an outcome."""
    return f"/api/outcome/{digest}"


def outcome_at_cuts(request: Request) -> Response:
    return _answer(request, lambda outcome: outcome.at_cuts())


def outcome_at(request: Request) -> Response:
    text = request.path_params["num"]
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return _unknown(f"{text[:40]!r} is no number of samples.")
    return _answer(request, lambda outcome: outcome.at(int(text)))


def outcome_pool(request: Request) -> Response:
    return _answer(request, lambda outcome: outcome.pool())


def _answer(request: Request, read: Callable[[Outcome], dict[str, Any]]) -> Response:
    outcome = _PUBLISHED.get(request.path_params["digest"])
    if outcome is None:
        return _unknown("The server does not hold these figures any more.")
    return JSONResponse(read(outcome), headers={"Cache-Control": _FOREVER})


def _unknown(problem: str) -> Response:
    return JSONResponse(
        {"problem": problem, "fix": "Reload the page."}, status_code=404, headers={"Cache-Control": "no-store"}
    )

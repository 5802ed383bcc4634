"""How a mixture is said: FLOPs, device time, and what trains."""

from __future__ import annotations

from collections.abc import Collection

from core.mixture.recipe import MODULES
from studio.words import duration, num

_NAMES = {"vision": "vision tower", "projector": "projector", "language": "language model"}


def flops(value: float) -> str:
    """'812 GFLOP', '3.2 PFLOP'."""
    for limit, sign in ((1e21, "Z"), (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G")):
        if value >= limit:
            return f"{value / limit:,.1f} {sign}FLOP"
    return f"{value / 1e6:,.1f} MFLOP"


def time_of(hours: float) -> str:
    """Device time: '< 0.1 s', '40 s', '3 h 20 min', '1,240 h'."""
    if hours * 3600 < 0.1:
        return "< 0.1 s"
    return duration(3600 * hours) if hours < 100 else f"{num(round(hours))} h"


def trains(trainable: Collection[str]) -> str:
    """'everything', 'projector', 'projector and language model'."""
    if set(trainable) == set(MODULES):
        return "everything"
    return " and ".join(_NAMES[module] for module in MODULES if module in trainable)

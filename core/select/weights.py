"""How much each capability counts when a budget is shared out: hundredths, so that every share is exact on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import gcd
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from core.errors import BadInput
from core.select.pool import Pool

_PARTS = 100


def by_name(value: Any) -> Any:
    """`ocr:2,data:0.5` as a command line gives it; anything else is left to the field's own check."""
    if isinstance(value, str):
        pairs = [part.rsplit(":", 1) for part in value.split(",") if part.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise PydanticCustomError("pairs", "weights are written as pairs such as ocr:2, data:0.5")
        return {name.strip(): weight for name, weight in pairs}
    return value


def _hundredths(weight: float) -> float:
    if (Decimal(str(weight)) * _PARTS) % 1:
        raise PydanticCustomError("hundredths", "a weight has at most two digits after the point")
    return weight


CapabilityWeights = Annotated[
    dict[str, Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False), AfterValidator(_hundredths)]],
    BeforeValidator(by_name),
    Field(
        description="Shares of the budget that are not equal, such as ocr:2, data:0.5; from 0.01 to 100, 1 for those not named.",
    ),
]


def whole_weights(pool: Pool, rows: Sequence[int], weights: Mapping[str, float]) -> list[int]:
    """The weights of the selected capabilities as the smallest whole numbers in the same proportion.

    BadInput for a weight of a capability that is not selected.
    """
    names = [pool.capabilities[row] for row in rows]
    astray = [name for name in weights if name not in names]
    if astray:
        raise BadInput(
            f"A weight is given for {astray[0]!r}, which is not among the selected capabilities.",
            f"These are: {', '.join(names)}.",
        )
    whole = [int(Decimal(str(weights.get(name, 1.0))) * _PARTS) for name in names]
    common = gcd(*whole)
    return [weight // common for weight in whole]


def visits(weights: Sequence[int]) -> list[int]:
    """The order in which a round visits capabilities: c at the points 1/w, 2/w, ... 1 of the round, ties in table order.

    2 and 1 give [0, 0, 1]; 3 and 2 give [0, 1, 0, 0, 1]; equal weights visit each once.
    """
    length = 1
    for weight in weights:
        length = length * weight // gcd(length, weight)
    points = [
        (step * (length // weight), capability)
        for capability, weight in enumerate(weights)
        for step in range(1, weight + 1)
    ]
    return [capability for _, capability in sorted(points)]

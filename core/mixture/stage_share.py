"""A part stated as a share of its stage: the repeat that brings it there, exactly.

A part holds whole samples, so a share is met to the nearest one: of the numbers of samples a part can have, the one whose share
is nearest to what is asked, of two equally near the smaller. The repeat is then the shortest decimal that gives that number.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.mixture.plan import Plan
from core.mixture.uses import copies

MOST_REPEAT = 1000
"""What a recipe allows."""


def repeat_for_share(share: Fraction, weights: NDArray[np.int64], others: int) -> float:
    """The repeat at which a part makes up `share` of its stage, above 0 and below 1.

    weights: [J] int64, what each sample the part uses weighs, best first: ones for a share of samples, its tokens for one of
    tokens. others: what the other parts weigh together. BadInput where no repeat does it.
    """
    if not 0 < share < 1:
        raise BadInput(
            f"A share of {float(100 * share):g} % cannot be a part's.", "Give one above 0 and below 100 percent."
        )
    once = int(weights.sum())
    if not once:
        raise BadInput("The part holds no sample.", "Give it another selection, or a wider cap.")
    if not others:
        raise BadInput(
            "No other part of the stage holds a sample, so this one is all of it.", "Add another part first."
        )
    size = len(weights)
    wanted = share * others / (1 - share)
    whole = int(wanted // once)
    upto = np.concatenate(([0], np.cumsum(weights)))
    first = int(np.searchsorted(upto, float(wanted - whole * once), side="right")) - 1
    near = {whole * size + place for place in range(first - 1, first + 3) if 0 <= place <= size}
    best = min(
        (number for number in near if number),
        key=lambda number: (abs(_share(number, upto, others) - share), number),
    )
    if best > MOST_REPEAT * size:
        most = float(100 * _share(MOST_REPEAT * size, upto, others))
        raise BadInput(
            f"{float(100 * share):g} % of the stage would take more than {MOST_REPEAT:,} copies.",
            f"Give at most {most:.3g} %, or make the other parts smaller.",
        )
    return shortest_repeat(best, size)


def _share(number: int, upto: NDArray[np.int64], others: int) -> Fraction:
    """The share of a part that brings a number of samples."""
    whole, first = divmod(number, len(upto) - 1)
    brings = whole * int(upto[-1]) + int(upto[first])
    return Fraction(brings, brings + others) if brings + others else Fraction(0)


def shortest_repeat(number: int, size: int) -> float:
    """The decimal with the fewest digits at which `size` samples become `number`: 1,234 of 500 is 2.468, 1 of 3 is 0.4."""
    for digits in range(19):
        scale = 10**digits
        least = -(-number * scale // size)
        if least * size < (number + 1) * scale:
            return float(Fraction(least, scale))
    raise AssertionError("19 digits tell any two samples apart")


def part_weights(made: Plan, stage: int, *, of_tokens: bool) -> list[tuple[NDArray[np.int64], int]]:
    """Of each part of a stage what its samples weigh, once each and best first, and what it weighs with its repeats.

    A sample weighs one, or with `of_tokens` the tokens of its text and pictures at the stage's resolution.
    """
    uses = made.stages[stage]
    tokens = made.ruler.at(uses.stage.resolution).tokens
    found = []
    for part, rows in zip(uses.stage.parts, uses.parts, strict=True):
        weights = tokens[rows] if of_tokens else np.ones(len(rows), dtype=np.int64)
        whole, first = copies(part.repeat, len(rows))
        found.append((weights, whole * int(weights.sum()) + int(weights[:first].sum())))
    return found


def repeat_of_part(made: Plan, stage: int, part: int, share: Fraction, *, of_tokens: bool) -> float:
    """The repeat at which a part of a planned stage makes up `share` of it, the others as they are."""
    weighed = part_weights(made, stage, of_tokens=of_tokens)
    others = sum(weight for at, (_, weight) in enumerate(weighed) if at != part)
    return repeat_for_share(share, weighed[part][0], others)

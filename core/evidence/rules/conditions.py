"""Conditions over cues as the data files write them: `chart & (percent | !photo)`, evaluated for a whole batch at once.

Cues are between 0 and 1, so `&` is the smaller value, `|` the larger and `!` one minus the value. `!` binds tightest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData

Values = NDArray[np.float32]
_TOKEN = re.compile(r"\s*([a-z][a-z0-9_]*|[&|!()])")


@dataclass(frozen=True)
class Condition:
    """A parsed condition; `text` is how the file wrote it."""

    text: str
    steps: tuple[int | str, ...]
    """Reverse Polish: a column of the cue table, or one of the operators."""

    def of(self, cues: Values) -> Values:
        """How far the condition holds: [N] float32 from cues [N, C] float32."""
        stack: list[Values] = []
        for step in self.steps:
            if isinstance(step, int):
                stack.append(cues[:, step])
            elif step == "!":
                stack.append(1 - stack.pop())
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(np.minimum(left, right) if step == "&" else np.maximum(left, right))
        return stack.pop()


def parse_condition(text: str, columns: Mapping[str, int], where: str) -> Condition:
    """The condition a file wrote; `columns` gives the column of each cue. BadData names the place and what is wrong."""
    steps: list[int | str] = []
    waiting: list[str] = []
    expect_operand = True
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, where, f"{text[position:].strip()[:20]!r} is no cue and no operator")
        token, position = match[1], match.end()
        if expect_operand != (token in "!(" or token not in "&|)"):
            raise _unreadable(text, where, f"{token!r} is not expected there")
        if token in ("!", "("):
            waiting.append(token)
        elif token == ")":
            while waiting and waiting[-1] != "(":
                steps.append(waiting.pop())
            if not waiting:
                raise _unreadable(text, where, "a parenthesis is closed that was not opened")
            waiting.pop()
        elif token in "&|":
            while waiting and waiting[-1] != "(" and _PRECEDENCE[waiting[-1]] >= _PRECEDENCE[token]:
                steps.append(waiting.pop())
            waiting.append(token)
            expect_operand = True
        else:
            if token not in columns:
                raise _unreadable(text, where, f"there is no cue {token!r}")
            steps.append(columns[token])
            expect_operand = False
        if token == ")":
            expect_operand = False
    if expect_operand or "(" in waiting:
        raise _unreadable(text, where, "it is not complete")
    return Condition(text, (*steps, *reversed(waiting)))


_PRECEDENCE = {"|": 0, "&": 1, "!": 2}


def _unreadable(text: str, where: str, why: str) -> BadData:
    return BadData(f"The condition {text!r} in {where} cannot be read: {why}.", "Mend that line of the file.")

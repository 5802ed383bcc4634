"""What the loaders of several formats demand of a conversation, and turns as they want them: roles, pairs, typed parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture, StageSamples
from core.mixture.target import FROM_ROLES, ROLES, Plain
from core.tokenizer import IMAGE_TOKEN

Turns = tuple[tuple[str, str], ...]


def unpaired_marks(sample: Sample) -> str | None:
    """Every image has its `<image>` in the text, or the sample cannot be read as it was meant."""
    marks = 0
    for _, text in sample.turns:  # a plain loop: this runs for every row, and a generator takes three times as long
        marks += text.count(IMAGE_TOKEN)
    return None if marks == len(sample.images) else "image_marks"


def not_alternating(sample: Sample, *, system: bool) -> str | None:
    """Question, answer, question, answer; `system` allows a system turn before them."""
    turns = sample.turns
    if turns and turns[0][0] == "system":
        if not system:
            return "system_turn"
        turns = turns[1:]
    if not turns or len(turns) % 2:
        return "turns_do_not_alternate"
    expected = "human"
    for role, _ in turns:
        if role != expected:
            return "turns_do_not_alternate"
        expected = "gpt" if role == "human" else "human"
    return None


def media_marks(sample: Sample, marks: re.Pattern[str]) -> str | None:
    """Text that a loader would take for a video, a sound or a path."""
    for _, text in sample.turns:
        if marks.search(text):
            return "media_marks"
    return None


def messages(sample: Sample) -> list[dict[str, str]]:
    """Turns as `role` and `content`, text with its `<image>` marks."""
    return [{"role": ROLES[role], "content": text} for role, text in sample.turns]


def turns_of(said: Sequence[dict[str, Any]]) -> Turns:
    """`messages` the other way round."""
    return tuple((FROM_ROLES[one["role"]], one["content"]) for one in said)


def typed(text: str) -> list[str | None]:
    """A text cut at its `<image>` marks, None for each mark; an empty text is one empty piece."""
    pieces = text.split(IMAGE_TOKEN)
    cut: list[str | None] = [None] * (2 * len(pieces) - 1)
    cut[::2] = pieces
    return [piece for piece in cut if piece != ""] or [""]


def untyped(pieces: Sequence[str | None]) -> str:
    """`typed` the other way round."""
    return "".join(IMAGE_TOKEN if piece is None else piece for piece in pieces)


class ImagesFirst(Plain):
    """Rows with images before rows without, otherwise in the recipe's order.

    JSON rows become Arrow tables of the types that the first of them show: `images` that are all empty there would make
    a column no image can be put into later. Trainers of these formats shuffle.
    """

    def ids(self, mixture: Mixture) -> NDArray[np.uint64]:
        listed = super().ids(mixture)
        return listed[self._order(mixture, listed)]

    def left(self, mixture: Mixture, kept: NDArray[np.bool_]) -> tuple[StageSamples, ...]:
        as_listed = np.empty(len(kept), dtype=bool)
        as_listed[self._order(mixture, super().ids(mixture))] = kept
        return super().left(mixture, as_listed)

    @staticmethod
    def _order(mixture: Mixture, listed: NDArray[np.uint64]) -> NDArray[np.int64]:
        pool = mixture.pool
        has_images = np.nan_to_num(pool.columns["num_images"][pool.rows_of(listed)]) > 0
        return np.argsort(~has_images, kind="stable")

"""A conversation as token ids and the positions that are learnt: what the assistant says and the end of its turn.

Text never becomes a special token: an `<image>` in somebody's words is spelt out, a mark where a picture belongs is
replaced by as many image tokens as the picture costs. Nothing is cut off; what cannot be encoded is a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.tokenizer import IMAGE_TOKEN, TURN_END, TURN_START

ROLES = {"human": "user", "gpt": "assistant", "system": "system"}

IMAGE_MARKS = "image_marks_differ"
NO_TARGET = "nothing_to_learn"


class Unusable(Exception):
    """A sample that cannot be encoded; the message is the reason it is counted under."""


@dataclass(frozen=True)
class Encoded:
    """One document. `ids` [T] int32; `targets` [T] bool, true where the token itself is to be predicted.

    The first token is never a target: in a pack its predecessor would be the last token of another document.
    """

    ids: NDArray[np.int32]
    targets: NDArray[np.bool_]


@dataclass(frozen=True)
class Pictured:
    """A human turn cut at its picture marks: a picture stands between any two pieces."""

    pieces: tuple[str, ...]

    def strip(self) -> str:
        return "".join(self.pieces).strip()


class Encoder:
    """Turns conversations into tokens with one tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = tokenizer
        # A copy of its own: the switch below is state of the tokenizer object, and setting it per call breaks threads.
        self._spelling = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._spelling.encode_special_tokens = True
        self.image_id = int(tokenizer.convert_tokens_to_ids(IMAGE_TOKEN))
        self.padding_id = int(tokenizer.pad_token_id)
        self.turn_end_id = int(tokenizer.convert_tokens_to_ids(TURN_END))
        self._turn_start_id = int(tokenizer.convert_tokens_to_ids(TURN_START))
        self._newline = self.words("\n")

    def words(self, text: str) -> list[int]:
        """Token ids of plain text; special tokens written in it are spelt out as text. Safe from several threads."""
        return list(self._spelling.encode(text, add_special_tokens=False).ids)

    def conversation(self, turns: Sequence[tuple[str, str]], image_tokens: Sequence[int]) -> Encoded:
        """Tokens and targets of (role, text) turns whose pictures cost `image_tokens` each, in reading order."""
        ids: list[int] = []
        targets: list[bool] = []
        texts = _place_images(turns, len(image_tokens))
        pictures = iter(image_tokens)
        for role, text in texts:
            spoken = ROLES.get(role, role)
            if spoken == "assistant":
                head, body = self._head(spoken), self.words(text.strip())
            else:
                head, body = [self._turn_start_id], self._with_pictures(f"{spoken}\n", text, pictures)
            learnt = spoken == "assistant" and bool(text.strip())
            ids += [*head, *body, self.turn_end_id, *self._newline]
            targets += [False] * len(head) + [learnt] * (len(body) + 1) + [False] * len(self._newline)
        if not any(targets):
            raise Unusable(NO_TARGET)
        return Encoded(np.asarray(ids, dtype=np.int32), np.asarray(targets, dtype=np.bool_))

    def prompt(self, turns: Sequence[tuple[str, str]], image_tokens: Sequence[int]) -> NDArray[np.int32]:
        """[T] int32: the turns so far and the opening of the assistant's answer."""
        ids: list[int] = []
        pictures = iter(image_tokens)
        for role, text in _place_images(turns, len(image_tokens)):
            spoken = ROLES.get(role, role)
            if spoken == "assistant":
                body = [*self._head(spoken), *self.words(text.strip())]
            else:
                body = [self._turn_start_id, *self._with_pictures(f"{spoken}\n", text, pictures)]
            ids += [*body, self.turn_end_id, *self._newline]
        return np.asarray([*ids, *self._head("assistant")], dtype=np.int32)

    def answer(self, ids: Sequence[int]) -> str:
        """The text of generated ids up to the end of the turn."""
        kept: list[int] = []
        for token in ids:
            if token in (self.turn_end_id, self.padding_id):
                break
            kept.append(int(token))
        return str(self.tokenizer.decode(kept, skip_special_tokens=True)).strip()

    def _head(self, spoken: str) -> list[int]:
        return [self._turn_start_id, *self.words(f"{spoken}\n")]

    def _with_pictures(self, head: str, text: str | Pictured, pictures: Any) -> list[int]:
        """The role, then the pieces of text with pictures between them; the role and the first words are one text."""
        if isinstance(text, str):
            return self.words(head + text.strip())
        pieces = text.pieces
        ids = self.words(head + pieces[0].lstrip())
        for number, piece in enumerate(pieces[1:], start=1):
            ids += [self.image_id] * next(pictures)
            words = piece.rstrip() if number == len(pieces) - 1 else piece
            ids += self.words(words) if words else []
        return ids


def _place_images(turns: Sequence[tuple[str, str]], num_images: int) -> list[tuple[str, Any]]:
    """Decide which `<image>` are pictures: all human ones when their number fits, none when there is no picture.

    Pictures without any mark come before the first human words. Any other number cannot be read and is a reason.
    """
    human_marks = sum(text.count(IMAGE_TOKEN) for role, text in turns if role == "human")
    if num_images == 0:
        return list(turns)
    if human_marks == num_images:
        return [
            (role, Pictured(tuple(text.split(IMAGE_TOKEN))) if role == "human" and IMAGE_TOKEN in text else text)
            for role, text in turns
        ]
    first = next((row for row, (role, _) in enumerate(turns) if role == "human"), None)
    if human_marks or first is None:
        raise Unusable(IMAGE_MARKS)
    placed: list[tuple[str, Any]] = list(turns)
    pieces = ["", *["\n"] * (num_images - 1), "\n" + turns[first][1]]
    placed[first] = ("human", Pictured(tuple(pieces)))
    return placed

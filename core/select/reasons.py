"""Why each sample was kept, held as small integer codes and rendered to text only when somebody reads it.

A reason is a row of pieces: fixed words, a label out of a few, or a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Label:
    """One of `labels` per sample; codes: [K] integers into them. `name` says what it is, for counting."""

    name: str
    codes: NDArray[Any]
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Number:
    """A number per sample; values: [K], floats are shown with four significant digits."""

    values: NDArray[Any]


Piece = str | Label | Number


@dataclass(frozen=True, eq=False)
class Reasons:
    """The reasons of K samples, best first."""

    num: int
    pieces: tuple[Piece, ...]

    @classmethod
    def ranked(cls, num: int, *pieces: Piece) -> Reasons:
        """Reasons that end in the place of each sample: "..., rank 12 of 340"."""
        return cls(num, (*pieces, ", rank ", Number(np.arange(1, num + 1)), f" of {num}"))

    def texts(self, start: int = 0, stop: int | None = None) -> Any:
        """The reasons of ranks start+1 to stop as an Arrow string array."""
        stop = self.num if stop is None else min(stop, self.num)
        if stop <= start:
            return pa.array([], type=pa.string())
        return pc.binary_join_element_wise(*(_rendered(piece, start, stop) for piece in self.pieces), "")

    def text(self, index: int) -> str:
        """The reason of one sample, by its position (rank - 1)."""
        return str(self.texts(index, index + 1)[0].as_py())

    def counts(self, name: str, stop: int | None = None) -> dict[str, int]:
        """How many of the first `stop` samples carry each label of the piece `name`; labels nobody has are absent."""
        for piece in self.pieces:
            if isinstance(piece, Label) and piece.name == name:
                found = np.bincount(piece.codes[:stop], minlength=len(piece.labels))
                return {label: int(n) for label, n in zip(piece.labels, found, strict=True) if n}
        return {}

    def at(self, index: NDArray[np.int64]) -> Reasons:
        """The reasons of some samples, in the order of `index`: [K] positions (rank - 1)."""
        return Reasons(len(index), tuple(_at(piece, index) for piece in self.pieces))


@dataclass(frozen=True, eq=False)
class Woven(Reasons):
    """Reasons out of several others, sample by sample: sample i has the reason at place[i] of sources[which[i]].

    which: [K] uint8; place: [K] int64; `pieces` is empty.
    """

    sources: tuple[Reasons, ...]
    which: NDArray[np.uint8]
    place: NDArray[np.int64]

    def texts(self, start: int = 0, stop: int | None = None) -> Any:
        stop = self.num if stop is None else min(stop, self.num)
        which, place = self.which[start:stop], self.place[start:stop]
        parts = [source.at(place[which == number]).texts() for number, source in enumerate(self.sources)]
        if not parts:
            return pa.array([], type=pa.string())
        back = np.empty(len(which), dtype=np.int64)
        back[np.argsort(which, kind="stable")] = np.arange(len(which))
        return pa.concat_arrays([pa.array(part, type=pa.string()) for part in parts]).take(pa.array(back))

    def counts(self, name: str, stop: int | None = None) -> dict[str, int]:
        which, place = self.which[:stop], self.place[:stop]
        counts: dict[str, int] = {}
        for number, source in enumerate(self.sources):
            for label, num in source.at(place[which == number]).counts(name).items():
                counts[label] = counts.get(label, 0) + num
        return counts

    def at(self, index: NDArray[np.int64]) -> Reasons:
        return Woven(len(index), (), self.sources, self.which[index], self.place[index])


def _at(piece: Piece, index: NDArray[np.int64]) -> Piece:
    if isinstance(piece, str):
        return piece
    if isinstance(piece, Label):
        return Label(piece.name, piece.codes[index], piece.labels)
    return Number(piece.values[index])


def _rendered(piece: Piece, start: int, stop: int) -> Any:
    if isinstance(piece, str):
        return pa.scalar(piece)
    if isinstance(piece, Label):
        return pa.array(piece.labels, type=pa.string()).take(pa.array(piece.codes[start:stop]))
    values = piece.values[start:stop]
    if np.issubdtype(values.dtype, np.floating):
        return pa.array([f"{value:.4g}" for value in values])
    return pa.array(values).cast(pa.string())

"""Target `ms-swift`: JSONL of `messages`, `images` and a `channel`, by which its trainer tells the loss of each kind of data.

The channel is the capability a sample scores highest in; its source where it has no score ("source 2024-01-01" for one that
reads like a date).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from core.mixture.gather import Sample
from core.mixture.lines import LinesWriter, read_lines
from core.mixture.llamafactory import message_row, row_of
from core.mixture.rules import ImagesFirst, media_marks, not_alternating, unpaired_marks
from core.mixture.target import Place, RowRead
from core.select.pool import Pool
from core.store.ids import MISSING

DATA_FILE = "data.jsonl"
_LIKE_A_DATE = re.compile(r"\d{4}-\d\d-\d\d")
"""What readers that take the type of a column from its first rows could take for a moment."""

_MEDIA = re.compile("<video>|<audio>|<start-image>|<img>.+?</img>")


class MsSwift(ImagesFirst):
    """JSONL in its standard format."""

    key: ClassVar[str] = "ms-swift"
    title: ClassVar[str] = "ms-swift"

    def refuses(self, sample: Sample) -> str | None:
        return unpaired_marks(sample) or not_alternating(sample, system=True) or media_marks(sample, _MEDIA)

    def open(self, place: Place, state: dict[str, Any] | None) -> LinesWriter:
        channel = channels(place.mixture.pool)
        return LinesWriter(
            place.folder / DATA_FILE, lambda sample: {**message_row(sample), "channel": channel(sample)}, state
        )

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        return (row_of(row) for row in read_lines(folder / DATA_FILE))

    def card(self) -> str:
        return (
            "Image paths are relative to this folder:\n\n"
            "```\nROOT_IMAGE_DIR=THIS_FOLDER swift sft --dataset THIS_FOLDER/data.jsonl --enable_channel_loss true\n```\n\n"
            "`channel` is the capability a sample scores highest in, and its source where it has no score. "
            "`data.jsonl#N` takes N rows of it."
        )


def channels(pool: Pool) -> Callable[[Sample], str]:
    """What names the channel of a sample; the first capability of the vocabulary wins among equal scores."""
    scores = np.where(pool.scores == MISSING, -1, pool.scores.astype(np.int16))
    best = np.where(scores.max(axis=0) < 0, -1, scores.argmax(axis=0)).tolist()
    ids, names = pool.sample_id, pool.capabilities

    def channel(sample: Sample) -> str:
        found = best[int(np.searchsorted(ids, np.uint64(sample.sample_id)))]
        source = f"source {sample.source}" if _LIKE_A_DATE.match(sample.source) else sample.source
        return names[found] if found >= 0 else source

    return channel

"""Target `trl`: a `datasets` folder for TRL's SFTTrainer: `messages` with typed content, and `images` to fill it.

Its collator puts the images into the image parts in order; rows of text alone carry an empty list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pyarrow as pa

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture
from core.mixture.parquet_target import IMAGES, LOADING, TEXT, InShards, columns
from core.mixture.rules import Turns, typed, unpaired_marks, untyped
from core.mixture.target import FROM_ROLES, ROLES

_PARTS = pa.list_(pa.struct([("type", TEXT), ("text", TEXT)]))


class Trl(InShards):
    """Parquet shards of conversations with their images inside."""

    key: ClassVar[str] = "trl"
    title: ClassVar[str] = "TRL SFTTrainer"
    schema: ClassVar[Any] = columns(
        pa.field("id", TEXT),
        pa.field("source", TEXT),
        pa.field("messages", pa.list_(pa.struct([("role", TEXT), ("content", _PARTS)]))),
        IMAGES,
    )

    def refuses(self, sample: Sample) -> str | None:
        return unpaired_marks(sample)

    def rows_of(self, mixture: Mixture) -> Callable[[list[Sample]], dict[str, Any]]:
        return lambda samples: {
            "messages": [[_message(role, text) for role, text in sample.turns] for sample in samples]
        }

    def turns_of(self, row: dict[str, Any]) -> Turns:
        return tuple(
            (
                FROM_ROLES[said["role"]],
                untyped([part["text"] if part["type"] == "text" else None for part in said["content"]]),
            )
            for said in row["messages"]
        )

    def card(self) -> str:
        return (
            f"```python\n{LOADING}\n"
            "from trl import SFTConfig, SFTTrainer\n\n"
            "SFTTrainer(model, SFTConfig(max_length=None), train_dataset=data)\n"
            "```\n\n"
            "`max_length=None`: a conversation that is cut could lose part of an image."
        )


def _message(role: str, text: str) -> dict[str, Any]:
    parts = [{"type": "image" if piece is None else "text", "text": piece} for piece in typed(text)]
    return {"role": ROLES[role], "content": parts}

"""Target `trl`: a `datasets` folder for TRL's SFTTrainer: `messages` with typed content, and `images` to fill it.

Its collator puts the images into the image parts in order; rows of text alone carry an empty list.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from core.mixture.gather import Sample
from core.mixture.parquet_shards import (
    IMAGES,
    PICTURES,
    ParquetShards,
    pictures,
    read_rows,
    text_feature,
    with_features,
)
from core.mixture.rules import typed, unpaired_marks, untyped
from core.mixture.target import FROM_ROLES, ROLES, Place, Plain, RowRead

_PART = pa.struct([("type", pa.string()), ("text", pa.string())])
_SCHEMA = with_features(
    pa.schema(
        [
            pa.field("id", pa.string()),
            pa.field("source", pa.string()),
            pa.field("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(_PART))]))),
            IMAGES,
        ]
    ),
    {
        "id": text_feature(),
        "source": text_feature(),
        "messages": [{"role": text_feature(), "content": [{"type": text_feature(), "text": text_feature()}]}],
        "images": PICTURES,
    },
)


class Trl(Plain):
    """Parquet shards of conversations with their images inside."""

    key: ClassVar[str] = "trl"
    title: ClassVar[str] = "TRL SFTTrainer"
    embeds: ClassVar[bool] = True

    def refuses(self, sample: Sample) -> str | None:
        return unpaired_marks(sample)

    def open(self, place: Place, state: dict[str, Any] | None) -> ParquetShards:
        return ParquetShards(place.folder, _SCHEMA, _table, place.shard_bytes, state)

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        for row in read_rows(folder):
            turns = tuple(
                (
                    FROM_ROLES[said["role"]],
                    untyped([part["text"] if part["type"] == "text" else None for part in said["content"]]),
                )
                for said in row["messages"]
            )
            yield RowRead(row["source"], row["id"], turns, tuple(image["bytes"] for image in row["images"]))

    def card(self) -> str:
        return (
            "```python\n"
            "from datasets import load_dataset\n"
            "from trl import SFTConfig, SFTTrainer\n\n"
            'data = load_dataset("THIS_FOLDER", split="train")\n'
            "SFTTrainer(model, SFTConfig(max_length=None), train_dataset=data)\n"
            "```\n\n"
            "`max_length=None`: a conversation that is cut could lose part of an image."
        )


def _table(samples: list[Sample]) -> Any:
    return pa.table(
        {
            "id": [sample.original_id for sample in samples],
            "source": [sample.source for sample in samples],
            "messages": [[_message(role, text) for role, text in sample.turns] for sample in samples],
            "images": [pictures(sample) for sample in samples],
        },
        schema=_SCHEMA,
    )


def _message(role: str, text: str) -> dict[str, Any]:
    parts = [{"type": "image" if piece is None else "text", "text": piece} for piece in typed(text)]
    return {"role": ROLES[role], "content": parts}

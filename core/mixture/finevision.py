"""Target `finevision`: `images`, `texts` of question and answer, `source`, as nanoVLM reads them.

The format has no `<image>` marks: all images come before the first question. Marks at its beginning or end are taken out,
and `image_marks` says where each stood; one inside the text would change its meaning, so such a sample is refused. Ratings by
turn are left out, since nobody here makes them; its loader takes that as "not rated".
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
from core.mixture.rules import not_alternating, unpaired_marks
from core.mixture.target import Place, Plain, RowRead
from core.tokenizer import IMAGE_TOKEN

_PAIR = pa.struct([("user", pa.string()), ("assistant", pa.string())])
_MARKS = pa.struct([("before", pa.string()), ("after", pa.string())])
_SCHEMA = with_features(
    pa.schema(
        [
            IMAGES,
            pa.field("texts", pa.list_(_PAIR)),
            pa.field("source", pa.string()),
            pa.field("id", pa.string()),
            pa.field("image_marks", _MARKS),
        ]
    ),
    {
        "images": PICTURES,
        "texts": [{"user": text_feature(), "assistant": text_feature()}],
        "source": text_feature(),
        "id": text_feature(),
        "image_marks": {"before": text_feature(), "after": text_feature()},
    },
)


class FineVision(Plain):
    """Parquet shards in FineVision's layout."""

    key: ClassVar[str] = "finevision"
    title: ClassVar[str] = "FineVision"
    embeds: ClassVar[bool] = True

    def refuses(self, sample: Sample) -> str | None:
        found = unpaired_marks(sample) or not_alternating(sample, system=False)
        if found is None and sum(cut(sample.turns[0][1])[at].count(IMAGE_TOKEN) for at in (0, 2)) != len(sample.images):
            return "image_inside_text"
        return found

    def open(self, place: Place, state: dict[str, Any] | None) -> ParquetShards:
        return ParquetShards(place.folder, _SCHEMA, _table, place.shard_bytes, state)

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        for row in read_rows(folder):
            turns = []
            for pair in row["texts"]:
                turns += [("human", pair["user"]), ("gpt", pair["assistant"])]
            marks = row["image_marks"]
            turns[0] = ("human", f"{marks['before']}{turns[0][1]}{marks['after']}")
            yield RowRead(row["source"], row["id"], tuple(turns), tuple(image["bytes"] for image in row["images"]))

    def card(self) -> str:
        return (
            "nanoVLM loads the folder as `train_dataset_path`, everybody else with `datasets`:\n\n"
            "```python\n"
            "from datasets import load_dataset\n\n"
            'data = load_dataset("THIS_FOLDER", split="train")\n'
            "```\n\n"
            "The images of a row come before its first question; what was taken out of the text for that, `<image>` marks and "
            "the white space beside them, stands in `image_marks`. There are no ratings by turn in it."
        )


def cut(text: str) -> tuple[str, str, str]:
    """A question without the `<image>` marks at its beginning and end: (before, question, after)."""
    rest = text
    while rest.lstrip().startswith(IMAGE_TOKEN):
        rest = rest.lstrip().removeprefix(IMAGE_TOKEN)
    rest = rest if rest == text else rest.lstrip()
    question = rest
    while question.rstrip().endswith(IMAGE_TOKEN):
        question = question.rstrip().removesuffix(IMAGE_TOKEN)
    question = question if question == rest else question.rstrip()
    return text[: len(text) - len(rest)], question, rest[len(question) :]


def _table(samples: list[Sample]) -> Any:
    first = [cut(sample.turns[0][1]) for sample in samples]
    texts = []
    for sample, (_, question, _) in zip(samples, first, strict=True):
        said = [question, *(text for _, text in sample.turns[1:])]
        texts.append([{"user": said[at], "assistant": said[at + 1]} for at in range(0, len(said), 2)])
    return pa.table(
        {
            "images": [pictures(sample) for sample in samples],
            "texts": texts,
            "source": [sample.source for sample in samples],
            "id": [sample.original_id for sample in samples],
            "image_marks": [{"before": before, "after": after} for before, _, after in first],
        },
        schema=_SCHEMA,
    )

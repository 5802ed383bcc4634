"""Target `finevision`: `images`, `texts` of question and answer, `source`, as nanoVLM reads them.

The format has no `<image>` marks: all images come before the first question. Marks at its beginning or end are taken out,
and `image_marks` says where each stood; one inside the text would change its meaning, so such a sample is refused. Ratings by
turn are left out, since nobody here makes them; its loader takes that as "not rated".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pyarrow as pa

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture
from core.mixture.parquet_target import IMAGES, LOADING, TEXT, InShards, columns
from core.mixture.rules import Turns, not_alternating, unpaired_marks
from core.tokenizer import IMAGE_TOKEN


class FineVision(InShards):
    """Parquet shards in FineVision's layout."""

    key: ClassVar[str] = "finevision"
    title: ClassVar[str] = "FineVision"
    schema: ClassVar[Any] = columns(
        IMAGES,
        pa.field("texts", pa.list_(pa.struct([("user", TEXT), ("assistant", TEXT)]))),
        pa.field("source", TEXT),
        pa.field("id", TEXT),
        pa.field("image_marks", pa.struct([("before", TEXT), ("after", TEXT)])),
    )

    def refuses(self, sample: Sample) -> str | None:
        found = unpaired_marks(sample) or not_alternating(sample, system=False)
        if found is None and sum(cut(sample.turns[0][1])[at].count(IMAGE_TOKEN) for at in (0, 2)) != len(sample.images):
            return "image_inside_text"
        return found

    def rows_of(self, mixture: Mixture) -> Callable[[list[Sample]], dict[str, Any]]:
        return _rows

    def turns_of(self, row: dict[str, Any]) -> Turns:
        turns: list[tuple[str, str]] = []
        for pair in row["texts"]:
            turns += [("human", pair["user"]), ("gpt", pair["assistant"])]
        marks = row["image_marks"]
        turns[0] = ("human", f"{marks['before']}{turns[0][1]}{marks['after']}")
        return tuple(turns)

    def card(self) -> str:
        return (
            "nanoVLM loads the folder as `train_dataset_path`, everybody else with `datasets`:\n\n"
            f"```python\n{LOADING}```\n\n"
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


def _rows(samples: list[Sample]) -> dict[str, Any]:
    first = [cut(sample.turns[0][1]) for sample in samples]
    texts = []
    for sample, (_, question, _) in zip(samples, first, strict=True):
        said = [question, *(text for _, text in sample.turns[1:])]
        texts.append([{"user": said[at], "assistant": said[at + 1]} for at in range(0, len(said), 2)])
    return {"texts": texts, "image_marks": [{"before": before, "after": after} for before, _, after in first]}

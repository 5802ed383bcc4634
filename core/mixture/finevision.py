"""Target `finevision`: `images`, `texts` of question and answer, `source`, as nanoVLM reads them.

The format has no `<image>` marks: all images come before the first question. Marks at its beginning or end are taken out,
and `image_marks` says where each stood; one inside the text would change its meaning, so such a sample is refused. Ratings by
turn are passed on where records came with them, in a pair of columns for each aspect that any sample is rated in; nobody here
makes them, and its loader takes a missing one as "not rated".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pyarrow as pa

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture
from core.mixture.parquet_shards import ParquetShards
from core.mixture.parquet_target import IMAGES, LOADING, TEXT, InShards, columns
from core.mixture.ratings import Further, rated
from core.mixture.rules import Turns, not_alternating, unpaired_marks
from core.mixture.target import Place
from core.tokenizer import IMAGE_TOKEN

_FIELDS = (
    IMAGES,
    pa.field("texts", pa.list_(pa.struct([("user", TEXT), ("assistant", TEXT)]))),
    pa.field("source", TEXT),
    pa.field("id", TEXT),
    pa.field("image_marks", pa.struct([("before", TEXT), ("after", TEXT)])),
)


class FineVision(InShards):
    """Parquet shards in FineVision's layout."""

    key: ClassVar[str] = "finevision"
    title: ClassVar[str] = "FineVision"
    schema: ClassVar[Any] = columns(*_FIELDS)

    def refuses(self, sample: Sample) -> str | None:
        found = unpaired_marks(sample) or not_alternating(sample, system=False)
        if found is None and sum(cut(sample.turns[0][1])[at].count(IMAGE_TOKEN) for at in (0, 2)) != len(sample.images):
            return "image_inside_text"
        return found

    def open(self, place: Place, state: dict[str, Any] | None) -> ParquetShards:
        further = place.further
        aspects = further.rated_aspects(place.mixture.sample_ids()) if further is not None else ()
        if further is None or not aspects:
            return super().open(place, state)
        rated_fields = [pa.field(f"{one}_ratings", pa.list_(pa.int64())) for one in aspects]
        rated_fields += [pa.field(f"{one}_min", pa.int64()) for one in aspects]

        def rows(samples: list[Sample]) -> dict[str, Any]:
            return {**_rows(samples), **_ratings(samples, further, aspects)}

        return self.in_shards(place, state, columns(*_FIELDS, *rated_fields), rows)

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
            "the white space beside them, stands in `image_marks`. Ratings by turn, such as `relevance_ratings` and "
            "`relevance_min`, are in it where records came with them; an empty one means not rated."
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


def _ratings(samples: list[Sample], further: Further, aspects: tuple[str, ...]) -> dict[str, Any]:
    fields = further.of([sample.sample_id for sample in samples])
    found: dict[str, Any] = {}
    for aspect in aspects:
        said = [rated(some, aspect, len(sample.turns) // 2) for sample, some in zip(samples, fields, strict=True)]
        found[f"{aspect}_ratings"] = pa.array([turns for turns, _ in said], pa.list_(pa.int64()))
        found[f"{aspect}_min"] = pa.array([least for _, least in said], pa.int64())
    return found

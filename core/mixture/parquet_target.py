"""What the targets share whose rows are Parquet shards with images inside: one declaration of the columns, opening, reading back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture
from core.mixture.parquet_shards import ParquetShards, read_rows
from core.mixture.rules import Turns
from core.mixture.target import Place, Plain, RowRead

TEXT = pa.string()
IMAGES = pa.field("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
"""What `datasets` stores for a list of pictures. It takes its own features only for fields it would make itself, so none of
these schemas says that something is never null."""

LOADING = 'from datasets import load_dataset\n\ndata = load_dataset("THIS_FOLDER", split="train")\n'
"""How all of them are read, in Python."""


def columns(*fields: Any) -> Any:
    """A schema that also says what `datasets` makes of its columns, in the form that every version of it reads."""
    features = {field.name: [{"_type": "Image"}] if field == IMAGES else _feature(field.type) for field in fields}
    return pa.schema(fields).with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def _feature(kind: Any) -> Any:
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    return {"dtype": {"float": "float32"}.get(str(kind), str(kind)), "_type": "Value"}


class InShards(Plain):
    """A target whose rows are Parquet shards; what one adds is its columns, how samples fill them, and their way back."""

    embeds: ClassVar[bool] = True
    schema: ClassVar[Any]

    def rows_of(self, mixture: Mixture) -> Callable[[list[Sample]], dict[str, Any]]:
        """Makes the columns of some samples that are this target's own."""
        raise NotImplementedError

    def turns_of(self, row: dict[str, Any]) -> Turns:
        """The turns of a row."""
        raise NotImplementedError

    def open(self, place: Place, state: dict[str, Any] | None) -> ParquetShards:
        return self.in_shards(place, state, self.schema, self.rows_of(place.mixture))

    def in_shards(
        self, place: Place, state: dict[str, Any] | None, schema: Any, own: Callable[[list[Sample]], dict[str, Any]]
    ) -> ParquetShards:
        """Shards of these columns, of which `own` makes those that not every such target has."""

        def table(samples: list[Sample]) -> Any:
            shared = {
                "id": [sample.original_id for sample in samples],
                "source": [sample.source for sample in samples],
                IMAGES.name: [_pictures(sample) for sample in samples],
            }
            return pa.table({**shared, **own(samples)}, schema=schema)

        return ParquetShards(place.folder, schema, table, place.shard_bytes, state, group_rows=place.group_rows)

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        for row in read_rows(folder):
            images = tuple(image["bytes"] for image in row[IMAGES.name])
            yield RowRead(row["source"], row["id"], self.turns_of(row), images)


def _pictures(sample: Sample) -> list[dict[str, Any]]:
    """The images of a sample as `datasets` stores them."""
    return [{"bytes": image.data, "path": f"{image.key}.{image.suffix}"} for image in sample.images]

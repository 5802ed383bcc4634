"""Target `hf`: a folder that `datasets` loads and the Hub shows: pictures, conversation, and everything that is known of a sample.

Scores are on their scale of 0 to 5, empty where nobody scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture
from core.mixture.parquet_shards import (
    IMAGES,
    PICTURES,
    ParquetShards,
    pictures,
    read_rows,
    text_feature,
    with_features,
)
from core.mixture.target import Place, Plain, RowRead, sharegpt
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import CAPABILITY_KEYS

_TURN = pa.struct([("from", pa.string()), ("value", pa.string())])
_SCHEMA = with_features(
    pa.schema(
        [
            pa.field("id", pa.string()),
            pa.field("source", pa.string()),
            pa.field("stage", pa.string()),
            IMAGES,
            pa.field("conversations", pa.list_(_TURN)),
            *(pa.field(key, pa.float32()) for key in CAPABILITY_KEYS),
            pa.field("styles", pa.list_(pa.string())),
            pa.field("num_text_tokens", pa.int32()),
        ]
    ),
    {
        "id": text_feature(),
        "source": text_feature(),
        "stage": text_feature(),
        "images": PICTURES,
        "conversations": [{"from": text_feature(), "value": text_feature()}],
        **{key: {"dtype": "float32", "_type": "Value"} for key in CAPABILITY_KEYS},
        "styles": [text_feature()],
        "num_text_tokens": {"dtype": "int32", "_type": "Value"},
    },
)


class Hf(Plain):
    """Parquet shards with one row for each time a stage uses a sample."""

    key: ClassVar[str] = "hf"
    title: ClassVar[str] = "Hugging Face datasets"
    embeds: ClassVar[bool] = True

    def open(self, place: Place, state: dict[str, Any] | None) -> ParquetShards:
        return ParquetShards(place.folder, _SCHEMA, _table_of(place.mixture), place.shard_bytes, state)

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        for row in read_rows(folder):
            turns = tuple((turn["from"], turn["value"]) for turn in row["conversations"])
            yield RowRead(row["source"], row["id"], turns, tuple(image["bytes"] for image in row["images"]))

    def card(self) -> str:
        return (
            "```python\n"
            "from datasets import load_dataset\n\n"
            'data = load_dataset("THIS_FOLDER", split="train")\n'
            "```\n\n"
            "`images` are pictures in the order of the `<image>` marks in `conversations`; the capabilities are scores from 0 "
            "to 5, empty where nobody scored; `stage` is the stage of the recipe a row is for."
        )


def _table_of(mixture: Mixture) -> Callable[[list[Sample]], Any]:
    pool = mixture.pool
    ends = np.cumsum([len(stage) for stage in mixture.stages])
    stages = pa.array([stage.stage.name for stage in mixture.stages], pa.string())
    rows_of_scores = [pool.capabilities.index(key) for key in CAPABILITY_KEYS]

    def table(samples: list[Sample]) -> Any:
        rows = pool.rows_of([sample.sample_id for sample in samples])
        tokens = pool.columns["num_text_tokens"][rows]
        at = np.searchsorted(ends, [sample.position for sample in samples], side="right")
        scores = {key: pool.scores[row][rows] for key, row in zip(CAPABILITY_KEYS, rows_of_scores, strict=True)}
        bits = pool.style_bits[rows].tolist()
        return pa.table(
            {
                "id": [sample.original_id for sample in samples],
                "source": [sample.source for sample in samples],
                "stage": stages.take(pa.array(at)),
                "images": [pictures(sample) for sample in samples],
                "conversations": [sharegpt(sample) for sample in samples],
                **{
                    key: pa.array((stored / SCORE_SCALE).astype(np.float32), mask=stored == MISSING)
                    for key, stored in scores.items()
                },
                "styles": [[name for at, name in enumerate(pool.style_names) if some >> at & 1] for some in bits],
                "num_text_tokens": pa.array(np.nan_to_num(tokens).astype(np.int32), mask=np.isnan(tokens)),
            },
            schema=_SCHEMA,
        )

    return table

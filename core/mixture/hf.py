"""Target `hf`: a folder that `datasets` loads and the Hub shows: pictures, conversation, and everything that is known of a sample.

Scores are on their scale of 0 to 5, empty where nobody scored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture
from core.mixture.parquet_target import IMAGES, LOADING, TEXT, InShards, columns
from core.mixture.rules import Turns
from core.mixture.target import sharegpt
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import CAPABILITY_KEYS


class Hf(InShards):
    """Parquet shards with one row for each time a stage uses a sample."""

    key: ClassVar[str] = "hf"
    title: ClassVar[str] = "Hugging Face datasets"
    schema: ClassVar[Any] = columns(
        pa.field("id", TEXT),
        pa.field("source", TEXT),
        pa.field("stage", TEXT),
        IMAGES,
        pa.field("conversations", pa.list_(pa.struct([("from", TEXT), ("value", TEXT)]))),
        *(pa.field(key, pa.float32()) for key in CAPABILITY_KEYS),
        pa.field("styles", pa.list_(TEXT)),
        pa.field("num_text_tokens", pa.int32()),
    )

    def rows_of(self, mixture: Mixture) -> Callable[[list[Sample]], dict[str, Any]]:
        pool = mixture.pool
        ends = np.cumsum([len(stage) for stage in mixture.stages])
        stages = pa.array([stage.stage.name for stage in mixture.stages], TEXT)
        rows_of_scores = [pool.capabilities.index(key) for key in CAPABILITY_KEYS]

        def rows(samples: list[Sample]) -> dict[str, Any]:
            rows = pool.rows_of([sample.sample_id for sample in samples])
            tokens = pool.columns["num_text_tokens"][rows]
            at = np.searchsorted(ends, [sample.position for sample in samples], side="right")
            scores = {key: pool.scores[row][rows] for key, row in zip(CAPABILITY_KEYS, rows_of_scores, strict=True)}
            bits = pool.style_bits[rows].tolist()
            return {
                "stage": stages.take(pa.array(at)),
                "conversations": [sharegpt(sample) for sample in samples],
                **{
                    key: pa.array((stored / SCORE_SCALE).astype(np.float32), mask=stored == MISSING)
                    for key, stored in scores.items()
                },
                "styles": [[name for at, name in enumerate(pool.style_names) if some >> at & 1] for some in bits],
                "num_text_tokens": pa.array(np.nan_to_num(tokens).astype(np.int32), mask=np.isnan(tokens)),
            }

        return rows

    def turns_of(self, row: dict[str, Any]) -> Turns:
        return tuple((turn["from"], turn["value"]) for turn in row["conversations"])

    def card(self) -> str:
        return (
            f"```python\n{LOADING}```\n\n"
            "`images` are pictures in the order of the `<image>` marks in `conversations`; the capabilities are scores from 0 "
            "to 5, empty where nobody scored; `stage` is the stage of the recipe a row is for."
        )

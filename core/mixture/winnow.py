"""Target `winnow`: what our own trainer reads, a folder that needs no workspace.

recipe.yaml, samples.parquet (each sample once, by id), stage_<k>.parquet (training order), holdout.parquet (kept out of every
stage, for a held-out loss), images/<first two digits>/<key>.<suffix>.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture, StageSamples, holdout
from core.mixture.parts import PartsWriter
from core.mixture.target import Place, Plain, RowRead, Written, without
from core.select.pool import Pool
from core.store.schemas import TURN
from core.vocabulary import CAPABILITY_KEYS

SAMPLES_FILE = "samples.parquet"
HOLDOUT_FILE = "holdout.parquet"
RECIPE_FILE = "recipe.yaml"

SAMPLES_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.uint64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("original_id", pa.string(), nullable=False),
        pa.field("conversations", pa.list_(TURN), nullable=False),
        pa.field("images", pa.list_(pa.string()), nullable=False),
        pa.field("widths", pa.list_(pa.int32()), nullable=False),
        pa.field("heights", pa.list_(pa.int32()), nullable=False),
        *(pa.field(key, pa.uint8(), nullable=False) for key in CAPABILITY_KEYS),
        pa.field("style_bits", pa.uint32(), nullable=False),
        pa.field("num_text_tokens", pa.int32()),
    ]
)
"""Stored scores (fiftieths, 255 missing); widths and heights in pixels of each image, after EXIF rotation."""

STAGE_SCHEMA = pa.schema([("position", pa.int64()), ("sample_id", pa.uint64()), ("selection", pa.string())])


class Winnow(Plain):
    """Parquet and images for `core.train`."""

    key: ClassVar[str] = "winnow"
    title: ClassVar[str] = "Winnow's own trainer"

    def image_path(self, source: str, key: str, suffix: str) -> str:
        return f"images/{key[:2]}/{key}.{suffix}"

    def ids(self, mixture: Mixture) -> NDArray[np.uint64]:
        return mixture.sample_ids()

    def left(self, mixture: Mixture, kept: NDArray[np.bool_]) -> tuple[StageSamples, ...]:
        gone = mixture.sample_ids()[~kept]
        return tuple(without(stage, gone) for stage in mixture.stages)

    def open(self, place: Place, state: dict[str, Any] | None) -> PartsWriter:
        pool = place.mixture.pool
        return PartsWriter(
            place.folder / SAMPLES_FILE,
            SAMPLES_SCHEMA,
            lambda samples: _table(samples, pool),
            state,
            rows_per_part=place.group_rows,
        )

    def finish(self, place: Place, written: Written) -> Written:
        (place.folder / RECIPE_FILE).write_text(place.mixture.recipe.to_yaml(), encoding="utf-8", newline="\n")
        held = holdout(written.sample_ids)
        _write(place.folder / HOLDOUT_FILE, pa.table({"sample_id": pa.array(held, pa.uint64())}))
        stages = tuple(without(stage, held) for stage in written.stages)
        for number, stage in enumerate(stages, 1):
            _write(place.folder / stage_file(number), _stage_table(stage))
        return replace(written, stages=stages)

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        with pq.ParquetFile(folder / SAMPLES_FILE) as file:
            columns = ["source", "original_id", "conversations", "images"]
            for batch in file.iter_batches(batch_size=512, columns=columns):
                for row in batch.to_pylist():
                    yield RowRead(
                        source=row["source"],
                        original_id=row["original_id"],
                        turns=tuple((turn["role"], turn["text"]) for turn in row["conversations"]),
                        images=tuple(row["images"]),
                    )

    def card(self) -> str:
        return "Winnow's own trainer reads this folder: `winnow train WS --export DIR`."


def stage_file(number: int) -> str:
    """The file of a stage, counted from 1."""
    return f"stage_{number}.parquet"


def _table(samples: list[Sample], pool: Pool) -> Any:
    rows = pool.rows_of([sample.sample_id for sample in samples])
    tokens = pool.columns["num_text_tokens"][rows]
    columns = {
        "sample_id": pa.array([sample.sample_id for sample in samples], pa.uint64()),
        "source": [sample.source for sample in samples],
        "original_id": [sample.original_id for sample in samples],
        "conversations": [[{"role": role, "text": text} for role, text in sample.turns] for sample in samples],
        "images": [[image.path for image in sample.images] for sample in samples],
        "widths": [[image.width_px for image in sample.images] for sample in samples],
        "heights": [[image.height_px for image in sample.images] for sample in samples],
        **{key: pool.scores[pool.capabilities.index(key)][rows] for key in CAPABILITY_KEYS},
        "style_bits": pool.style_bits[rows],
        "num_text_tokens": pa.array(np.nan_to_num(tokens).astype(np.int32), mask=np.isnan(tokens)),
    }
    return pa.table(columns, schema=SAMPLES_SCHEMA)


def _stage_table(stage: StageSamples) -> Any:
    names = pa.array(stage.selection_keys, pa.string())
    return pa.table(
        {
            "position": pa.array(np.arange(len(stage), dtype=np.int64)),
            "sample_id": pa.array(stage.listed[stage.order], pa.uint64()),
            "selection": names.take(pa.array(stage.selection[stage.order])),
        },
        schema=STAGE_SCHEMA,
    )


def _write(path: Path, table: Any) -> None:
    pq.write_table(table, path, compression="zstd")

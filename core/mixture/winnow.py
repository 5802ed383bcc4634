"""Target `winnow`: what our own trainer reads, a folder that needs no workspace.

recipe.yaml, samples.parquet (each sample once, by id), stage_<k>.parquet (training order), holdout.parquet (kept out of every
stage, for a held-out loss), images/<first two digits>/<key>.<suffix>.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.mixture.gather import Gather, Sample
from core.mixture.mixture import Mixture, StageSamples, holdout
from core.mixture.target import RowDigest, RowRead, Written, without
from core.progress import Progress
from core.select.pool import Pool
from core.store.schemas import TURN
from core.vocabulary import CAPABILITY_KEYS

SAMPLES_FILE = "samples.parquet"
HOLDOUT_FILE = "holdout.parquet"
RECIPE_FILE = "recipe.yaml"
_ROWS_PER_GROUP = 4096

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


class Winnow:
    """Parquet and images for `core.train`."""

    key: ClassVar[str] = "winnow"
    title: ClassVar[str] = "Winnow's own trainer"
    data_files: ClassVar[tuple[str, ...]] = (SAMPLES_FILE, HOLDOUT_FILE, RECIPE_FILE)

    def image_path(self, source: str, key: str, suffix: str) -> str:
        return f"images/{key[:2]}/{key}.{suffix}"

    def write(self, mixture: Mixture, gather: Gather, folder: Path, progress: Progress) -> Written:
        (folder / RECIPE_FILE).write_text(mixture.recipe.to_yaml(), encoding="utf-8", newline="\n")
        digest, kept, waiting = RowDigest(), [], []
        with pq.ParquetWriter(folder / SAMPLES_FILE, SAMPLES_SCHEMA, compression="zstd") as writer:
            for sample in gather.samples(mixture.sample_ids(), progress, "writing samples and images"):
                digest.add_sample(sample)
                kept.append(sample.sample_id)
                waiting.append(sample)
                if len(waiting) == _ROWS_PER_GROUP:
                    writer.write_table(_table(waiting, mixture.pool))
                    waiting = []
            if waiting or not kept:
                writer.write_table(_table(waiting, mixture.pool))
        ids = np.array(kept, dtype=np.uint64)
        held = holdout(ids)
        _write(folder / HOLDOUT_FILE, pa.table({"sample_id": pa.array(held, pa.uint64())}))
        gone = np.concatenate([held, np.array(list(gather.dropped), dtype=np.uint64)])
        stages = tuple(without(stage, gone) for stage in mixture.stages)
        for number, stage in enumerate(stages, 1):
            _write(folder / stage_file(number), _stage_table(stage))
        return Written(ids, stages, digest.hexdigest())

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        with pq.ParquetFile(folder / SAMPLES_FILE) as file:
            columns = ["source", "original_id", "conversations", "images"]
            for batch in file.iter_batches(batch_size=512, columns=columns):
                for row in batch.to_pylist():
                    yield RowRead(
                        source=row["source"],
                        original_id=row["original_id"],
                        turns=tuple((turn["role"], turn["text"]) for turn in row["conversations"]),
                        image_paths=tuple(row["images"]),
                    )


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

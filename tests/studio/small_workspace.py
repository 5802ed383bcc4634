"""A workspace of a few dozen samples written straight through the store, with evidence drawn from a seed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from core.store import evidence, ids, schemas
from core.vocabulary import CAPABILITY_KEYS, INSTRUCTION_TAGS, STYLES
from core.workspace import Workspace

NUM_SAMPLES = 60
SOURCES = ("charts", "photos", "puzzles")


def make_workspace(
    path: Path, *, prepared: bool = True, texts: list[str] | None = None, source: str | None = None
) -> Workspace:
    """Samples of three sources (or one named `source`), their questions `texts` in turn; `prepared` adds all evidence."""
    workspace = Workspace.create(path, "Small")
    pictures = [_picture(index) for index in range(6)]
    workspace.store.append("images", pa.Table.from_pylist(pictures, schemas.IMAGES))
    rows = [
        _sample(index, pictures, texts or [f"What is shown in picture {i}?" for i in range(7)], source)
        for index in range(NUM_SAMPLES)
    ]
    workspace.store.append("samples", pa.Table.from_pylist(rows, schemas.SAMPLES))
    names = sorted({row["source"] for row in rows})
    workspace.store.append("sources", pa.Table.from_pylist([_source(name) for name in names], schemas.SOURCES))
    if prepared:
        _evidence(workspace, rows)
    workspace.store.index_text()
    return workspace


def add_samples(workspace: Workspace, num: int) -> None:
    """As an ingest after everything was prepared: further samples of the same sources, without evidence."""
    pictures = [_picture(index) for index in range(6)]
    rows = [_sample(NUM_SAMPLES + index, pictures, [f"What is new in picture {index}?"], None) for index in range(num)]
    workspace.store.append("samples", pa.Table.from_pylist(rows, schemas.SAMPLES))


def _picture(index: int) -> dict[str, Any]:
    buffer = io.BytesIO()
    size = (64 + 16 * index, 48)
    Image.new("RGB", size, (40 * index, 90, 200 - 30 * index)).save(buffer, "PNG")
    data = buffer.getvalue()
    return {
        "image_key": ids.image_key(data), "bytes": data, "thumbnail": data, "width_px": size[0], "height_px": size[1], "format": "PNG",
        "origin_path": f"/data/{index}.png", "size_bytes": len(data), "mtime_ns": 0,
    }  # fmt: skip


def _sample(index: int, pictures: list[dict[str, Any]], texts: list[str], source: str | None) -> dict[str, Any]:
    name = source or SOURCES[index % len(SOURCES)]
    chosen = [] if index % 10 == 9 else pictures[index % 6 : index % 6 + 1 + (index % 15 == 4)]
    keys = [picture["image_key"] for picture in chosen]
    question, answer = texts[index % len(texts)], f"Answer {index}."
    turns = [("human", "<image>" * len(keys) + question), ("gpt", answer)]
    return {
        "sample_id": ids.sample_id(name, str(index)), "source": name, "original_id": str(index),
        "content_hash": ids.content_hash(turns, keys),
        "conversations": [{"role": role, "text": text} for role, text in turns], "question": question, "text": f"{question}\n{answer}",
        "image_keys": keys, "num_images": len(keys), "num_turns": 1, "num_chars": len(question) + len(answer),
        "width_px": chosen[0]["width_px"] if chosen else None, "height_px": chosen[0]["height_px"] if chosen else None,
        "ingest_row": index, "extra": None,
    }  # fmt: skip


def _source(name: str) -> dict[str, Any]:
    return {
        "source": name, "format": "llava-json", "licence": "CC0", "revision": None, "category": None, "paths": [f"/data/{name}.json"],
        "sha256": "0" * 64, "image_root": "/data", "images": "copy", "ingested_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip


def _evidence(workspace: Workspace, rows: list[dict[str, Any]]) -> None:
    store, rng, count = workspace.store, np.random.default_rng(7), len(rows)
    known = {
        "sample_id": pa.array([row["sample_id"] for row in rows], pa.uint64()),
        "content_hash": [row["content_hash"] for row in rows],
    }

    def write(kind: str, name: str, **columns: Any) -> None:
        evidence.write(store, evidence.producer(kind, name, "1"), pa.table({**known, **columns}), {})

    scores = {
        key: pa.array(rng.integers(0, 251, count).astype(np.uint8), mask=rng.random(count) < 0.1)
        for key in CAPABILITY_KEYS
    }
    write("scores", "rules", **scores)
    styles = [[STYLES[i] for i in sorted(rng.choice(9, rng.integers(0, 3), replace=False))] for _ in range(count)]
    write("styles", "rules", styles=pa.array(styles, pa.list_(pa.string())))
    tags = [
        sorted(INSTRUCTION_TAGS[i] for i in rng.choice(len(INSTRUCTION_TAGS), rng.integers(0, 4), replace=False))
        for _ in range(count)
    ]
    write("instruction_tags", "rules", tags=pa.array(tags, pa.list_(pa.string())))
    write(
        "image_tags",
        "rules",
        tags=pa.array([["Picture > Colour"] if row["num_images"] else [] for row in rows], pa.list_(pa.string())),
    )
    write("tokens", "workspace", num_text_tokens=pa.array([row["num_chars"] // 4 for row in rows], pa.int32()))
    vectors = rng.normal(size=(count, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    write("embedding", "descriptors", vector=pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 8))
    write("clusters", "descriptors", cluster=pa.array(rng.integers(0, 4, count), pa.int32()))
    write("map", "pca", x=pa.array(vectors[:, 0].astype(np.float32)), y=pa.array(vectors[:, 1].astype(np.float32)))

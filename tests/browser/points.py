"""Generated points with known ranks, and a small real workspace whose samples they stand for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.store import schemas
from core.store.ids import content_hash, image_key, sample_id
from core.workspace import Workspace

NUM_SAMPLES = 40
SOURCES = ("charts", "receipts", "geometry", "screens")


@dataclass(frozen=True)
class Points:
    """Points of a map, in points order.

    x, y [N] float32; sample_ids [N] uint64; ranks [N] uint32, a permutation; sources [N] uint8; scores [N] uint8, 6 for none;
    tokens [N] int64 by rank.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    sample_ids: NDArray[np.uint64]
    ranks: NDArray[np.uint32]
    sources: NDArray[np.uint8]
    scores: NDArray[np.uint8]
    tokens: NDArray[np.int64]


def generate(num_points: int, seed: int = 0) -> Points:
    """Blobs of uneven size with a few strays; ranks are a permutation, so that rank < budget keeps exactly `budget` points."""
    chance = np.random.default_rng(seed)
    num_blobs = 24
    centre = chance.normal(0, 4, size=(num_blobs, 2))
    weight = chance.dirichlet(np.full(num_blobs, 1.5))
    blob = chance.choice(num_blobs, size=num_points, p=weight)
    spread = chance.uniform(0.25, 0.9, size=num_blobs)[blob, None]
    place = centre[blob] + chance.normal(0, 1, size=(num_points, 2)) * spread
    stray = chance.random(num_points) < 0.01
    place[stray] = chance.uniform(-9, 9, size=(int(stray.sum()), 2))
    # Some blobs rank better than others, as they do with a method that looks at scores.
    order = np.argsort(chance.random(num_points) + 0.5 * chance.random(num_blobs)[blob], kind="stable")
    ranks = np.empty(num_points, dtype=np.uint32)
    ranks[order] = np.arange(num_points, dtype=np.uint32)
    ids = np.array([sample_id(SOURCES[n % 4], str(n)) for n in range(NUM_SAMPLES)], dtype=np.uint64)
    return Points(
        x=place[:, 0].astype(np.float32),
        y=place[:, 1].astype(np.float32),
        sample_ids=ids[np.arange(num_points) % NUM_SAMPLES],
        ranks=ranks,
        sources=(blob % 4).astype(np.uint8),
        scores=((blob + np.arange(num_points)) % 7).astype(np.uint8),
        tokens=chance.integers(40, 900, size=num_points),
    )


def make_workspace(path: Path) -> Workspace:
    """Forty samples with a drawn picture each; sample n says "What is number n?"."""
    workspace = Workspace.create(path, "points")
    samples, images = [], []
    for number in range(NUM_SAMPLES):
        picture = Image.new("RGB", (320, 200 + number), (238, 240, 244))
        draw = ImageDraw.Draw(picture)
        for bar in range(7):
            height = 20 + (number * 37 + bar * 53) % 130
            draw.rectangle((20 + bar * 40, 180 - height, 48 + bar * 40, 180), fill=(61, 82 + 20 * bar, 213 - 20 * bar))
        file = io.BytesIO()
        picture.save(file, "PNG")
        small = io.BytesIO()
        picture.resize((256, 160)).save(small, "JPEG")
        key = image_key(file.getvalue())
        source = SOURCES[number % 4]
        turns = [("human", f"<image>\nWhat is number {number}?"), ("gpt", "A chart.")]
        samples.append(
            {
                "sample_id": sample_id(source, str(number)),
                "source": source,
                "original_id": str(number),
                "content_hash": content_hash(turns, [key]),
                "conversations": [{"role": role, "text": text} for role, text in turns],
                "question": f"What is number {number}?",
                "text": f"What is number {number}? A chart.",
                "image_keys": [key],
                "num_images": 1,
                "num_turns": 1,
                "num_chars": 30,
                "width_px": 320,
                "height_px": 200 + number,
                "ingest_row": number,
                "extra": None,
            }
        )
        images.append(
            {
                "image_key": key,
                "bytes": file.getvalue(),
                "thumbnail": small.getvalue(),
                "width_px": 320,
                "height_px": 200 + number,
                "format": "PNG",
                "origin_path": f"{number}.png",
                "size_bytes": len(file.getvalue()),
                "mtime_ns": 0,
            }
        )
    workspace.store.append("samples", pa.Table.from_pylist(samples, schema=schemas.SAMPLES))
    workspace.store.append("images", pa.Table.from_pylist(images, schema=schemas.IMAGES))
    return workspace

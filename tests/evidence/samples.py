"""Small workspaces with four families of samples whose likeness is known: circles, bars, questions in Chinese, pairs."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from core.store.ids import content_hash, image_key, sample_id
from core.store.schemas import IMAGES, SAMPLES
from core.workspace import Workspace

COLOURS = ("red", "green", "blue", "orange", "purple", "brown")
FAMILIES = ("circles", "bars", "chinese", "pairs")


@dataclass(frozen=True)
class Sample:
    """One sample before it is stored."""

    source: str
    original_id: str
    turns: tuple[tuple[str, str], ...]
    pictures: tuple[Image.Image, ...] = ()
    thumbnail: bytes | None = field(default=None)
    """Stored in place of the pictures' own thumbnails, for broken ones."""

    @property
    def sample_id(self) -> int:
        return sample_id(self.source, self.original_id)


def circle(number: int, shade: int = 0) -> Image.Image:
    """A filled circle; its place, size and colour follow the number."""
    picture = Image.new("RGB", (160, 120), (250 - shade, 250 - shade, 250 - shade))
    x, y, r = 20 + number * 7 % 70, 15 + number * 11 % 40, 18 + number * 5 % 25
    ImageDraw.Draw(picture).ellipse((x, y, x + 2 * r, y + 2 * r), fill=COLOURS[number % len(COLOURS)])
    return picture


def bars(number: int, shade: int = 0) -> Image.Image:
    """A bar chart; its heights follow the number."""
    picture = Image.new("RGB", (200, 200), (255 - shade, 255 - shade, 255 - shade))
    draw = ImageDraw.Draw(picture)
    heights = np.random.default_rng(number).integers(20, 170, 6)
    for place, height in enumerate(heights):
        draw.rectangle((15 + place * 30, 190 - int(height), 35 + place * 30, 190), fill=(40, 80, 160))
    draw.line((10, 190, 195, 190), fill=(0, 0, 0))
    return picture


def family(name: str, count: int, first: int = 0, shade: int = 0, twist: str = "") -> list[Sample]:
    """`count` samples of a family from number `first` on; shade and twist make near duplicates of the same numbers."""
    made = []
    for number in range(first, first + count):
        colour = COLOURS[number % len(COLOURS)]
        pictures: tuple[Image.Image, ...] = ()
        if name == "circles":
            turns = [("human", f"<image>\nWhich colour is the round shape?{twist}"), ("gpt", f"It is {colour}.")]
            pictures = (circle(number, shade),)
        elif name == "bars":
            turns = [
                ("human", f"<image>\nHow tall is bar {number % 6} of the chart?{twist}"),
                ("gpt", str(number * 3 % 97)),
            ]
            pictures = (bars(number, shade),)
        elif name == "chinese":
            turns = [
                ("human", f"请一步一步解释为什么{number}加{number}等于{2 * number}。{twist}"),
                ("gpt", f"首先取{number}，然后再加{number}，所以是{2 * number}。"),
            ]
        else:
            turns = [
                ("human", f"<image>\n<image>\nWhat differs between the two pictures?{twist}"),
                ("gpt", f"The first shows a {colour} circle, the second a chart."),
            ]
            pictures = (circle(number, shade), bars(number, shade))
        made.append(Sample(name, f"{number}{'-again' if shade or twist else ''}", tuple(turns), pictures))
    return made


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    small = picture.copy()
    small.thumbnail((256, 256))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def add(workspace: Workspace, samples: list[Sample]) -> None:
    """Store samples, replacing those with the same id."""
    rows, images = [], {}
    for number, sample in enumerate(samples):
        keys = []
        for picture in sample.pictures:
            stream = io.BytesIO()
            picture.save(stream, "PNG")
            key = image_key(stream.getvalue())
            keys.append(key)
            images[key] = {
                "image_key": key, "bytes": stream.getvalue(), "thumbnail": sample.thumbnail or jpeg(picture),
                "width_px": picture.width, "height_px": picture.height, "format": "PNG", "origin_path": f"{key}.png",
                "size_bytes": len(stream.getvalue()), "mtime_ns": 0,
            }  # fmt: skip
        text = "\n".join(turn[1] for turn in sample.turns)
        first = sample.pictures[0] if sample.pictures else None
        rows.append({
            "sample_id": sample.sample_id, "source": sample.source, "original_id": sample.original_id,
            "content_hash": content_hash(sample.turns, keys),
            "conversations": [{"role": role, "text": said} for role, said in sample.turns],
            "question": sample.turns[0][1].replace("<image>", "").strip(), "text": text, "image_keys": keys,
            "num_images": len(keys), "num_turns": len(sample.turns) // 2, "num_chars": len(text.replace("<image>", "")),
            "width_px": first.width if first else None, "height_px": first.height if first else None, "ingest_row": number, "extra": None,
        })  # fmt: skip
    workspace.store.merge("samples", pa.Table.from_pylist(rows, schema=SAMPLES), "sample_id")
    if images:
        workspace.store.merge("images", pa.Table.from_pylist(list(images.values()), schema=IMAGES), "image_key")


def small_workspace(path: Path, per_family: int = 12) -> Workspace:
    """All four families, `per_family` samples each."""
    workspace = Workspace.create(path)
    add(workspace, [sample for name in FAMILIES for sample in family(name, per_family)])
    return workspace

"""A real export folder made small: coloured shapes, questions about them, and a recipe of two stages."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image, ImageDraw

from core.vocabulary import CAPABILITY_KEYS

COLOURS = {"red": (220, 30, 30), "green": (30, 170, 60), "blue": (40, 60, 220), "yellow": (240, 210, 40)}
SHAPES = ("circle", "square")
SIZES = ((64, 64), (96, 48), (40, 90))
MICRO = {"vocab_size": 320, "hidden_size": 32, "num_layers": 2, "num_heads": 2, "vision_hidden_size": 32,
         "vision_num_layers": 1, "patches": 4}  # fmt: skip
SETTINGS: dict[str, Any] = {"tiny": MICRO, "device": "cpu", "num_threads": 1, "num_feeders": 1, "num_predictions": 2}


def draw(path: Path, colour: str, shape: str, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (250, 250, 250))
    box = (size[0] // 4, size[1] // 4, 3 * size[0] // 4, 3 * size[1] // 4)
    pen = ImageDraw.Draw(image)
    (pen.ellipse if shape == "circle" else pen.rectangle)(box, fill=COLOURS[colour])
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def stage(name: str, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": name,
        "parts": [{"selection": "everything", "repeat": 1.0}],
        "shuffle_seed": 0,
        "resolution": {"mode": "square", "px": 32, "max_tiles": 1},
        "trainable": ["projector"],
        "lr": {"projector": 3e-3},
        "tokens_per_step": 600,
        "epochs": 2,
        "warmup_share": 0.1,
    }
    return {**fields, **changes}


def two_stages() -> list[dict[str, Any]]:
    every = {"vision": 2e-3, "projector": 3e-3, "language": 3e-3}
    return [
        stage("align"),
        stage(
            "all",
            resolution={"mode": "anyres", "px": 32, "max_tiles": 2},
            trainable=["vision", "projector", "language"],
            lr=every,
        ),
    ]


def sample(number: int, source: str, turns: list[tuple[str, str]], images: list[str], sizes: list[tuple[int, int]],
           **scores: int) -> dict[str, Any]:  # fmt: skip
    return {
        "sample_id": 2**60 + number,
        "source": source,
        "original_id": str(number),
        "conversations": [{"role": role, "text": text} for role, text in turns],
        "images": images,
        "widths": [width for width, _ in sizes],
        "heights": [height for _, height in sizes],
        **{key: scores.get(key, 255) for key in CAPABILITY_KEYS},
        "style_bits": 0,
        "num_text_tokens": 10,
    }


SCHEMA = pa.schema(
    [
        ("sample_id", pa.uint64()),
        ("source", pa.string()),
        ("original_id", pa.string()),
        ("conversations", pa.list_(pa.struct([("role", pa.string()), ("text", pa.string())]))),
        ("images", pa.list_(pa.string())),
        ("widths", pa.list_(pa.int32())),
        ("heights", pa.list_(pa.int32())),
        *((key, pa.uint8()) for key in CAPABILITY_KEYS),
        ("style_bits", pa.uint32()),
        ("num_text_tokens", pa.int32()),
    ]
)


def make_samples(folder: Path, num_samples: int, seed: int = 0) -> list[dict[str, Any]]:
    """Single-picture colour questions, yes/no questions in two turns, pairs of pictures, and text alone."""
    pick = random.Random(seed)
    made = []
    for number in range(num_samples):
        pictures = []
        for place in range(2 if number % 6 == 4 else 1):
            colour, shape, size = pick.choice(sorted(COLOURS)), pick.choice(SHAPES), pick.choice(SIZES)
            name = f"images/{number % 16:02x}/{number}-{place}.png"
            draw(folder / name, colour, shape, size)
            pictures.append((colour, shape, size, name))
        names, sizes = [name for *_, name in pictures], [size for _, _, size, _ in pictures]
        colour, shape = pictures[0][:2]
        if number % 6 == 5:
            turns = [("human", f"What is the opposite of {pick.choice(['hot', 'big'])}?"), ("gpt", "The other one.")]
            made.append(sample(number, "words", turns, [], [], langgen=200))
        elif number % 6 == 4:
            same = "yes" if pictures[0][0] == pictures[1][0] else "no"
            turns = [("human", "<image>\n<image>\nDo both show one colour?"), ("gpt", same)]
            made.append(sample(number, "pairs", turns, names, sizes, comparative=220))
        elif number % 3 == 1:
            asked = pick.choice(sorted(COLOURS))
            turns = [("human", f"<image>\nIs there a {asked} shape?"), ("gpt", "yes" if asked == colour else "no"),
                     ("human", "Which shape?"), ("gpt", shape)]  # fmt: skip
            made.append(sample(number, "shapes", turns, names, sizes, attribute=160, finegrained=60))
        else:
            turns = [("human", "<image>\nWhat colour is the shape?"), ("gpt", colour)]
            made.append(sample(number, "shapes", turns, names, sizes, attribute=250))
    return made


def write_export(
    folder: Path, samples: list[dict[str, Any]], stages: list[dict[str, Any]], holdout: int = 6, **recipe: Any
) -> Path:
    """The layout of the target `winnow`; the last `holdout` samples are kept out of every stage."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(samples, schema=SCHEMA), folder / "samples.parquet")
    ids = [entry["sample_id"] for entry in samples]
    trained = ids[: len(ids) - holdout]
    for number in range(1, len(stages) + 1):
        columns = {
            "position": pa.array(range(len(trained)), pa.int64()),
            "sample_id": pa.array(trained, pa.uint64()),
            "selection": pa.array(["everything"] * len(trained)),
        }
        pq.write_table(pa.table(columns), folder / f"stage_{number}.parquet")
    pq.write_table(pa.table({"sample_id": pa.array(ids[len(trained) :], pa.uint64())}), folder / "holdout.parquet")
    content = {
        "winnow_recipe": 1,
        "name": "shapes",
        "snapshot": "0" * 32,
        "sources": [],
        "selections": {"everything": {"method": "random", "settings": {}, "seed": 0, "budget": {"percent": 100}}},
        "model": {"preset": "tiny"},
        "stages": stages,
        **recipe,
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def make_export(folder: Path, num_samples: int = 36, **changes: Any) -> Path:
    samples = make_samples(folder, num_samples)
    return write_export(folder, samples, changes.pop("stages", None) or two_stages(), **changes)

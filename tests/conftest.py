"""Small real data for every test: a folder of pictures and conversations made on the spot."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from PIL import Image, ImageDraw

# How long an example takes to draw says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile("winnow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("winnow")

# What is started in the background of a script inherits that Ctrl-C is ignored, and so would every process of a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

COLOURS = ("red", "green", "blue", "orange")


def make_small_pool(folder: Path, num_samples: int = 24) -> Path:
    """A LLaVA folder: shapes.json with one picture a sample and colour questions, words.jsonl with text alone."""
    (folder / "images").mkdir(parents=True)
    shapes = []
    for number in range(num_samples):
        colour = COLOURS[number % len(COLOURS)]
        picture = Image.new("RGB", (96 + number, 64), "white")
        ImageDraw.Draw(picture).ellipse((10, 10, 40 + number, 50), fill=colour)
        picture.save(folder / "images" / f"{number:03}.png")
        turns = [
            {"from": "human", "value": "<image>\nWhat colour is the circle?"},
            {"from": "gpt", "value": colour},
            {"from": "human", "value": f"Is the circle {COLOURS[number % 3]}?"},
            {"from": "gpt", "value": "Yes." if colour == COLOURS[number % 3] else "No."},
        ]
        shapes.append(
            {"id": number, "image": f"images/{number:03}.png", "conversations": turns[: 2 + 2 * (number % 2)]}
        )
    (folder / "shapes.json").write_text(json.dumps(shapes), "utf-8")
    words = [
        {
            "id": f"w{number}",
            "conversations": [
                {"from": "human", "value": f"Explain step by step why {number} plus {number} is {2 * number}."},
                {
                    "from": "gpt",
                    "value": f"First, take {number}. Then add {number} to it, because plus means adding. So it is {2 * number}.",
                },
            ],
        }
        for number in range(num_samples // 3)
    ]
    (folder / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in words), "utf-8")
    return folder


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Streamlit's AppTest leaves its script as `__main__`, which processes started by a later test would then run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def small_pool(tmp_path: Path) -> Path:
    """A fresh small data folder."""
    return make_small_pool(tmp_path / "pool")

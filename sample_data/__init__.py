"""A small pool of pictures and conversations with known answers and known skills, and the generator that made it."""

from __future__ import annotations

from pathlib import Path

SAMPLE_DATA_DIR = Path(__file__).parent
POOL_DIR = SAMPLE_DATA_DIR / "pool"
"""Image root of everything below; `train/` holds the sources, `images/` their pictures."""

TRAIN_DIR = POOL_DIR / "train"
EVAL_PATH = POOL_DIR / "eval.jsonl"
KNOWN_PATH = POOL_DIR / "known.jsonl"
RECIPE_PATH = SAMPLE_DATA_DIR / "recipe.yaml"

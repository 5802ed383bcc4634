"""What the training tests share: a tokenizer learnt on a few sentences and a micro model, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.train.encode import Encoder
from core.train.model import build_processor, build_tiny, tile_side
from core.train.presets import TinySize
from core.train.tokenizer import load_tokenizer, train_tokenizer

from .exports import MICRO, make_export

SENTENCES = [
    "What colour is the shape? red green blue",
    "Is there a circle? yes no",
    "这张图 里有 什么",
    "a b c 1 2 3",
] * 4


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(SENTENCES, 320).save_pretrained(folder)
    return load_tokenizer(folder)


@pytest.fixture(scope="session")
def encoder(tokenizer: Any) -> Encoder:
    return Encoder(tokenizer)


@pytest.fixture
def micro(tokenizer: Any) -> tuple[Any, Any]:
    """(model, processor) at 32 px tiles of 4 x 4 patches."""
    model = build_tiny(tokenizer, 32, TinySize(**MICRO), seed=1)
    return model, build_processor(tokenizer, *tile_side(model))


@pytest.fixture(scope="session")
def export_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_export(tmp_path_factory.mktemp("export") / "data")

"""Trying models out: answers come from a process of its own, the same as from the model here, and mistakes come back as ours."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.errors import BadInput
from core.evaluate.asking import Asker
from core.train import checkpoint
from core.train.generate import Prompt, Speaker
from core.train.model import build_processor, build_tiny, set_resolution, tile_side, weights_hash
from core.train.presets import TinySize
from core.train.tiles import Tiling
from core.train.tokenizer import tokenizer_hash
from tests.train.exports import MICRO


@pytest.fixture(scope="module")
def models(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two micro models with different random weights, saved as a run saves them."""
    folders = []
    for seed in (1, 2):
        model = build_tiny(tokenizer, 32, TinySize(**MICRO), seed=seed)
        processor = build_processor(tokenizer, *tile_side(model))
        tiling = Tiling("square", *tile_side(model), 1)
        set_resolution(model, processor, tiling)
        record = checkpoint.Record(
            stage=0, stage_name="untrained", step=0, tiling=tiling, weights=weights_hash(model)["all"],
            tokenizer=tokenizer_hash(tokenizer), plan="",
        )  # fmt: skip
        folders.append(tmp_path_factory.mktemp("models") / f"model-{seed}")
        checkpoint.save(folders[-1], model.eval(), processor, record)
    return folders


@pytest.fixture
def asker(models: list[Path]) -> Iterator[Asker]:
    made = Asker(models)
    yield made
    made.close()


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (50, 40), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_seen_as_in_training_turned_and_on_white(asker: Asker, models: list[Path]) -> None:
    """A picture whose EXIF turns it, and a transparent one: black where it is transparent would be another picture."""
    striped = Image.new("RGB", (60, 30), "black")
    striped.paste("white", (0, 0, 60, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, clear = io.BytesIO(), io.BytesIO()
    striped.save(turned, "JPEG", exif=exif)
    Image.new("RGBA", (60, 30), (0, 0, 0, 0)).save(clear, "PNG")
    seen = {"turned": striped.rotate(-90, expand=True), "clear": Image.new("RGB", (60, 30), "white")}
    for given, meant in ((turned, seen["turned"]), (clear, seen["clear"])):
        told = asker.ask("What is it?", given.getvalue(), max_new_tokens=6)
        prompt = Prompt((("human", "What is it?"),), (meant,))
        assert [one.answer for one in told] == [Speaker.load(model).answer([prompt], 6)[0] for model in models]


def test_each_model_answers_as_it_does_in_this_process_and_mistakes_leave_the_process_usable(
    asker: Asker, models: list[Path]
) -> None:
    picture = png("orange")
    said = asker.ask("What colour is it?", picture, max_new_tokens=6)
    shown = Image.open(io.BytesIO(picture)).convert("RGB")
    here = [Speaker.load(m).answer([Prompt((("human", "What colour is it?"),), (shown,))], 6)[0] for m in models]
    assert [one.answer for one in said] == here
    with pytest.raises(BadInput, match="picture cannot be read"):
        asker.ask("What is it?", b"not a picture")
    with pytest.raises(BadInput, match="<image>"):
        asker.ask("<image> <image> Compare.", picture)
    assert [one.model for one in asker.ask("Hello", None, max_new_tokens=2)] == models


def test_a_process_that_went_to_rest_is_started_again(models: list[Path]) -> None:
    asker = Asker(models[:1], idle_seconds=0.0)  # it ends as soon as no question waits
    first = asker.ask("Hello", max_new_tokens=2)
    assert asker._process is not None
    assert asker._process.wait() == 0
    assert asker.ask("Hello", max_new_tokens=2) == first
    asker.close()


def test_an_empty_prompt_and_a_folder_that_is_no_model_are_told_without_a_process(tmp_path: Path) -> None:
    asker = Asker([tmp_path])
    with pytest.raises(BadInput, match="no prompt"):
        asker.ask("  ")
    with pytest.raises(BadInput, match="not a model folder"):
        asker.ask("Hello")
    assert asker._process is None

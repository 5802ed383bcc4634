"""A checkpoint is there whole or not at all, and the newest is the one that is taken up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import BadData, DiskFull
from core.train import checkpoint
from core.train.checkpoint import FINAL, Record
from core.train.model import load_model, load_processor, weights_hash
from core.train.tiles import Tiling


def record(step: int = 3) -> Record:
    return Record(1, "align", step, Tiling("anyres", 32, 4, 2), "hash", "tokens", "plan", 5.0)


def test_what_is_saved_is_read_back(tmp_path: Path, micro: tuple[Any, Any]) -> None:
    state = {"optimizer": {"step": 4}, "rng": torch.get_rng_state()}
    checkpoint.save(tmp_path / "ckpt-3", *micro, record(), state)
    assert checkpoint.read_record(tmp_path / "ckpt-3") == record()
    again = checkpoint.read_state(tmp_path / "ckpt-3")
    assert again["optimizer"] == {"step": 4}
    assert torch.equal(again["rng"], state["rng"])
    assert weights_hash(load_model(tmp_path / "ckpt-3")) == weights_hash(micro[0])
    assert load_processor(tmp_path / "ckpt-3").chat_template == micro[1].chat_template


def test_the_latest_is_the_one_of_most_steps_that_can_be_continued(tmp_path: Path, micro: tuple[Any, Any]) -> None:
    assert checkpoint.latest(tmp_path) is None
    for step in (9, 10, 2):
        checkpoint.save(tmp_path / f"ckpt-{step}", *micro, record(step), {"rng": torch.get_rng_state()})
    checkpoint.save(tmp_path / FINAL, *micro, record(12))
    (tmp_path / ".ckpt-11.partial").mkdir()
    (tmp_path / "ckpt-11").mkdir()  # without an optimizer's state it cannot be continued
    assert checkpoint.latest(tmp_path) == tmp_path / "ckpt-10"
    checkpoint.prune(tmp_path, 1)
    assert sorted(path.name for path in tmp_path.glob("ckpt-*")) == ["ckpt-11", FINAL]


def test_a_write_that_fails_leaves_the_earlier_checkpoint(tmp_path: Path, micro: tuple[Any, Any]) -> None:
    model, processor = micro
    checkpoint.save(tmp_path / FINAL, model, processor, record(1))

    class Full:
        """A processor on a full disk."""

        def save_pretrained(self, folder: Path) -> None:
            (folder / "half").write_text("x")
            raise OSError(28, "No space left on device")

    with pytest.raises(DiskFull, match="No space left"):
        checkpoint.save(tmp_path / FINAL, model, Full(), record(2))
    assert checkpoint.read_record(tmp_path / FINAL) == record(1)
    assert [path.name for path in tmp_path.iterdir()] == [FINAL]


def test_the_finished_model_shares_its_files_and_holds_no_optimizer(tmp_path: Path, micro: tuple[Any, Any]) -> None:
    checkpoint.save(tmp_path / FINAL, *micro, record(), {"rng": torch.get_rng_state()})
    checkpoint.link_model(tmp_path / FINAL, tmp_path / "model")
    assert not (tmp_path / "model" / checkpoint.OPTIMIZER_FILE).exists()
    weights = "model.safetensors"
    assert (tmp_path / "model" / weights).samefile(tmp_path / FINAL / weights)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    assert checkpoint.read_record(tmp_path) is None
    (tmp_path / checkpoint.RECORD_FILE).write_text("{")
    with pytest.raises(BadData, match="damaged"):
        checkpoint.read_record(tmp_path)

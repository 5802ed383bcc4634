"""A checkpoint is there whole or not at all, and the newest is the one that is taken up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import BadData
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


_SAVE_UNDER_A_LIMIT = """
import resource, signal, sys
from pathlib import Path
import torch
from core.errors import StudioError
from core.train import checkpoint
from core.train.model import load_model, load_processor

folder, limit, with_state = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "state"
model, processor = load_model(folder), load_processor(folder)
record = checkpoint.Record(**{**vars(checkpoint.read_record(folder)), "step": 2})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    checkpoint.save(folder, model, processor, record, {"optimizer": torch.zeros(1_000_000)} if with_state else None)
except StudioError as error:
    print(type(error).__name__, error.problem, error.fix, sep="|")
"""


@pytest.mark.parametrize(("limit", "state"), [(200, ""), (20_000, ""), (2_000_000, "state")])
def test_a_disk_that_fills_up_leaves_the_earlier_checkpoint_whole(
    tmp_path: Path, micro: tuple[Any, Any], limit: int, state: str
) -> None:
    """A limit on the size of files stands for the full disk: the processor's, the weights' and the optimizer's writer meet it."""
    checkpoint.save(tmp_path / FINAL, *micro, record(1))
    command = [sys.executable, "-c", _SAVE_UNDER_A_LIMIT, str(tmp_path / FINAL), str(limit), state]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    kind, problem, fix = ended.stdout.strip().split("|")
    assert (kind, fix) == ("DiskFull", "Make room on its disk and resume the run."), ended.stderr
    assert str(tmp_path / FINAL) in problem
    assert checkpoint.read_record(tmp_path / FINAL) == record(1)
    assert weights_hash(load_model(tmp_path / FINAL)) == weights_hash(micro[0])
    assert [path.name for path in tmp_path.iterdir()] == [FINAL]


@pytest.mark.parametrize("keep", [0, 1, 3, 9])
def test_pruning_keeps_the_newest_as_many_as_were_asked_for(tmp_path: Path, keep: int) -> None:
    for step in range(1, 7):
        (tmp_path / f"ckpt-{step * 5}").mkdir()
        checkpoint.prune(tmp_path, keep)
        wanted = [f"ckpt-{one * 5}" for one in range(1, step + 1)]
        assert {path.name for path in tmp_path.iterdir()} == set(wanted[max(len(wanted) - keep, 0) :])


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

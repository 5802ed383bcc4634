"""Whatever ends an export, the same command goes on, and what is there at last are the bytes of one that nothing ended."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.targets import TARGETS
from core.mixture.verify import verify
from tests.mixture.test_export import recipe, tree

ROOT = Path(__file__).resolve().parents[2]
NUM_KILLS = 20 if os.environ.get("WINNOW_SOAK") else 3
CHECKPOINT_SAMPLES = 8
SHARD_BYTES = 20_000
STEP_SECONDS = 0.02
CHILD = f"""
import sys, time
from pathlib import Path
from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.recipe import load_recipe
from core.workspace import Workspace
lens = Lens(Workspace.open(Path(sys.argv[1])))
mixture = resolve(load_recipe(Path(sys.argv[2])), lens)
def progress(done, total, note):
    print(done, flush=True)
    time.sleep({STEP_SECONDS})
export(mixture, lens, sys.argv[3], Path(sys.argv[4]), "copy", progress, shard_bytes={SHARD_BYTES},
       checkpoint_samples={CHECKPOINT_SAMPLES})
"""


@pytest.mark.soak
@pytest.mark.parametrize("target", ["llava", "hf", "webdataset"])
def test_a_killed_export_goes_on_and_ends_with_the_same_bytes(lens: Lens, tmp_path: Path, target: str) -> None:
    assert target in TARGETS
    sizes = {"shard_bytes": SHARD_BYTES, "checkpoint_samples": CHECKPOINT_SAMPLES}
    whole = export(resolve(recipe(), lens), lens, target, tmp_path / "whole", **sizes)  # type: ignore[arg-type]
    (tmp_path / "recipe.yaml").write_text(recipe().to_yaml(), encoding="utf-8")
    out = tmp_path / "out"
    command = [str(lens.workspace.path), str(tmp_path / "recipe.yaml"), target, str(out)]
    after, num_killed = random.Random(target), 0
    for _ in range(NUM_KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert child.stdout is not None
        for _ in range(after.randrange(1, 9)):
            if not child.stdout.readline():
                break  # each time it comes further, until it is whole
        time.sleep(after.random() * STEP_SECONDS)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        num_killed += child.returncode == -signal.SIGKILL
        if out.exists():
            assert tree(out) == tree(whole.path), "what looks whole is whole"
            shutil.rmtree(out)
        else:
            assert child.returncode == -signal.SIGKILL
    assert num_killed >= 2
    done = export(resolve(recipe(), lens), lens, target, out, **sizes)  # type: ignore[arg-type]
    assert tree(out) == tree(whole.path)
    assert verify(done.path).ok

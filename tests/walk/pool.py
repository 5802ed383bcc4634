"""The whole path over a real pool, as a user would walk it with the command: `python -m tests.walk.pool POOL_DIR`.

Ingest everything, prepare, select 30 % with mmSSR, export, train the tiny preset on a part, evaluate, check. Every step's JSON
is compared with what is known about the pool; the first difference ends the walk with status 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from core.lens import Lens
from core.select.pool import Pool
from core.store.ids import MISSING
from core.workspace import Workspace
from tests.walk.steps import expect, winnow

RECIPE = """\
winnow_recipe: 1
name: pool-walk
snapshot: ''
sources: []
selections:
  words: {{where: "", method: mmssr-nested, settings: {{}}, seed: 0, budget: {{samples: {align}}}}}
  chosen: {{file: {file}, sha256: {sha256}}}
model: {{preset: tiny}}
stages:
{stages}
"""
STAGE = """\
  - name: {name}
    parts: [{{selection: words, repeat: 1.0}}]
    shuffle_seed: 0
    resolution: {{mode: {mode}, px: {px}, max_tiles: {tiles}}}
    trainable: [{trainable}]
    lr: {{{lr}}}
    tokens_per_step: 2048
    epochs: 1
    warmup_share: 0.03
"""


def walk(pool: Path, folder: Path, training_samples: int, questions: int) -> None:
    """Walk the path in a new folder."""
    workspace = folder / "workspace"
    records = [
        record for path in sorted((pool / "train").glob("*.json")) for record in json.loads(path.read_text("utf-8"))
    ]
    ingested = winnow("ingest", workspace, pool / "train", "--image-root", pool)
    expect(
        "samples and quarantined records", ingested["ingested"] + sum(ingested["quarantined"].values()), len(records)
    )
    again = winnow("ingest", workspace, pool / "train", "--image-root", pool)
    expect("samples ingested twice", (again["ingested"], again["already_known"]), (0, ingested["ingested"]))
    winnow("prepare", workspace)
    check_scores(workspace)

    chosen = folder / "selection.parquet"
    selected = winnow("select", workspace, "--method", "mmssr", "--budget", "30%", "--out", chosen)
    expect("30 % of the pool", selected["num_selected"], ingested["ingested"] * 30 // 100)
    rows = pq.read_table(chosen)
    expect("distinct ids in the selection", len(set(rows["sample_id"].to_pylist())), selected["num_selected"])
    known = {
        (path.stem, str(record["id"]))
        for path in (pool / "train").glob("*.json")
        for record in json.loads(path.read_text("utf-8"))
    }
    strangers = [
        pair
        for pair in zip(rows["source"].to_pylist(), rows["original_id"].to_pylist(), strict=True)
        if pair not in known
    ]
    expect("selected samples that are not in the pool", [p for p in strangers if "#" not in p[1]], [])

    exported = winnow("export", workspace, "--selection", chosen, "--to", "llava", "--out", folder / "llava")
    data = json.loads((folder / "llava" / "data.json").read_text("utf-8"))
    expect(
        "exported samples", (exported["num_samples"], len(data)), (selected["num_selected"], selected["num_selected"])
    )

    recipe = folder / "recipe.yaml"
    recipe.write_text(walk_recipe(chosen, training_samples), "utf-8")
    trained = winnow("train", workspace, "--recipe", recipe)
    expect("state of the training run", trained["state"], "done")
    for path in sorted((pool / "eval").glob("*.jsonl")):
        winnow(
            "evaluate",
            workspace,
            "--model",
            trained["model_dir"],
            "--data",
            path,
            "--image-root",
            pool,
            "--limit",
            questions,
        )
    checked = winnow("check", workspace)
    expect("problems found by check", (checked["ok"], checked["problems"]), (True, []))


def check_scores(workspace: Path) -> None:
    """No capability is constant, and at least 90 % of the samples have a score above 0."""
    lens = Lens(Workspace.open(workspace))
    pool = Pool.from_lens(lens)
    present = np.where(pool.scores == MISSING, 0, pool.scores)
    constant = [key for key, row in zip(pool.capabilities, present, strict=True) if len(np.unique(row)) == 1]
    expect("constant capabilities", constant, [])
    share = float((present.max(axis=0) > 0).mean())
    print(f"{share:.1%} of the samples have a score above 0", flush=True)
    expect("at least 90 % of the samples with a score above 0", share >= 0.9, True)


def walk_recipe(selection: Path, samples: int) -> str:
    """Two stages, the projector and then everything, over the first `samples` samples of a nested order."""
    from hashlib import sha256

    everything = "vision: 1.0e-3, projector: 1.0e-3, language: 1.0e-3"
    stages = (
        STAGE.format(name="align", mode="square", px=48, tiles=1, trainable="projector", lr="projector: 1.0e-2"),
        STAGE.format(
            name="general", mode="square", px=48, tiles=1, trainable="vision, projector, language", lr=everything
        ),
    )
    return RECIPE.format(
        align=samples, file=selection, sha256=sha256(selection.read_bytes()).hexdigest(), stages="".join(stages)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", type=Path, help="folder with train/*.json, eval/*.jsonl and images/")
    parser.add_argument("--training-samples", type=int, default=400)
    parser.add_argument("--questions", type=int, default=20, help="evaluation questions per source")
    chosen = parser.parse_args()
    if not (chosen.pool / "train").is_dir():
        sys.exit(f"{chosen.pool} has no train/ folder.\nGive the folder of the pool.")
    with tempfile.TemporaryDirectory(prefix="winnow-walk-") as folder:
        walk(chosen.pool.resolve(), Path(folder), chosen.training_samples, chosen.questions)
    print("The walk over the pool passed.")


if __name__ == "__main__":
    main()

"""Seconds of `winnow prepare` by step, from nothing, and again when nothing is missing; how true the maps are.

Works on a copy of the workspace's samples and images, so the workspace itself is not touched.

    python -m benchmarks.prepare WS [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.evidence.map_layout import nearest_neighbours, trustworthiness
from core.evidence.prepare import PrepareReport, PrepareSettings, prepare
from core.evidence.vectors import Vectors, embedding_of, read_vectors
from core.store import evidence
from core.workspace import Workspace

TARGET_SECONDS = 180.0
"""For 12,060 samples on 2 cores."""


def bare_copy(workspace: Workspace, folder: Path) -> Workspace:
    """A workspace with the same samples and images and no evidence."""
    made = Workspace.create(folder)
    for table in ("samples", "images"):
        if workspace.store.exists(table):
            shutil.copytree(workspace.store.path / f"{table}.lance", made.store.path / f"{table}.lance")
    return made


def map_truth(workspace: Workspace, vectors: Vectors) -> dict[str, float]:
    """Trustworthiness of each stored map against the embedding, over 2,000 samples, 15 neighbours."""
    truths = {}
    for who in evidence.producers(workspace.store, "map"):
        table = evidence.read(workspace.store, who)
        order = np.argsort(table["sample_id"].to_numpy())
        places = np.stack([table["x"].to_numpy()[order], table["y"].to_numpy()[order]], axis=1)
        truths[who.name] = round(trustworthiness(vectors.values, places), 4)
    return truths


def same_source(workspace: Workspace, vectors: Vectors) -> tuple[float, float]:
    """Share of the 10 nearest neighbours that come from a sample's own source, and what chance would give."""
    table = workspace.store.read("samples", ["sample_id", "source"])
    order = np.argsort(table["sample_id"].to_numpy())
    names, sources = np.unique(table["source"].to_numpy(zero_copy_only=False)[order].astype(str), return_inverse=True)
    kept = np.isin(table["sample_id"].to_numpy()[order], vectors.sample_ids)
    sources = sources[kept]
    rows, _ = nearest_neighbours(vectors.values, min(11, len(vectors.values)))
    shares = np.bincount(sources, minlength=len(names)) / max(len(sources), 1)
    return float((sources[rows[:, 1:]] == sources[:, None]).mean()), float((shares**2).sum())


def measure(path: Path) -> dict[str, Any]:
    """All figures of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = bare_copy(Workspace.open(path), Path(folder) / "ws")
        report = prepare(workspace)
        used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        again = prepare(workspace)
        idle = time.monotonic() - started
        assert again.num_done == 0, "a second prepare found something to do"
        vectors = read_vectors(workspace.store, embedding_of(workspace.store))
        own, chance = same_source(workspace, vectors)
        return {
            **_steps(report),
            "again_seconds": round(idle, 2),
            "cpu_seconds": round(sum(usage.ru_utime + usage.ru_stime for usage in used), 1),
            "peak_memory_mib": used[0].ru_maxrss // 1024,
            "trustworthiness": map_truth(workspace, vectors),
            "neighbours_of_own_source": round(own, 4),
            "by_chance": round(chance, 4),
            "cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 1),
            "settings": PrepareSettings().model_dump(mode="json"),
        }


def _steps(report: PrepareReport) -> dict[str, Any]:
    said = report.to_json()
    return {**said, "failed": report.num_failed}


def main() -> None:
    """Print the figures, for people or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path, help="an ingested workspace")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    found = measure(chosen.workspace)
    if chosen.json:
        print(json.dumps(found, indent=1))
        return
    print(f"prepare, {found['num_samples']:,} samples, {found['cores']} cores, load {found['load_average']}")
    for step in found["steps"]:
        failed = sum(step["failed"].values())
        print(
            f"  {step['step']:<18} {step['done']:>9,} made {failed:>6,} not {step['seconds']:>8.2f} s"
            f" {step['cpu_seconds']:>8.2f} s CPU  {step['note']}"
        )
    print(
        f"  all together       {found['seconds']:>8.1f} s, {found['cpu_seconds']:.1f} s CPU (target {TARGET_SECONDS:.0f} s for 12,060)"
    )
    print(f"  a second time      {found['again_seconds']:>8.2f} s; peak memory {found['peak_memory_mib']:,} MiB")
    print(
        f"  trustworthiness    {', '.join(f'{name} {value:.3f}' for name, value in found['trustworthiness'].items())}"
    )
    print(f"  own source among 10 neighbours {found['neighbours_of_own_source']:.3f} (chance {found['by_chance']:.3f})")


if __name__ == "__main__":
    main()

"""The steps of prepare that only mean something for all samples together: clusters and the two maps.

A map is made anew as a whole when samples have no place on it, or when what it stands on has changed.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import RunFailed
from core.evidence import clusters
from core.evidence.embedder import Embedder
from core.evidence.map_layout import FEWEST, MapSettings, pca_layout
from core.evidence.map_process import MapProcess
from core.evidence.steps import Bench, embedding_producer
from core.evidence.vectors import Vectors, current_rows
from core.store import evidence
from core.store.evidence import Producer
from core.workspace import Workspace

_MAP_VERSION = "1"
_POLL_SECONDS = 0.2


def assign_clusters(bench: Bench, vectors: Vectors, embedder: Embedder, growth: float, seed: int) -> None:
    """Clusters for vectors without; all anew when the embedding is another one or the workspace has outgrown them."""
    store, who = bench.workspace.store, evidence.producer("clusters", embedder.name, clusters.VERSION)
    with bench.timed("clusters") as report:
        made_from = {"embedding": embedding_producer(embedder).table, "model": embedder.settings["model"], "seed": seed}
        name = f"{embedder.name}-{clusters.VERSION}"
        centroids = clusters.Centroids.load(bench.workspace, name)
        fits = centroids is not None and all(centroids.settings.get(key) == value for key, value in made_from.items())
        outgrown = centroids is not None and len(vectors.sample_ids) >= growth * centroids.settings.get("num_learnt", 0)
        said = store.exists(who.table) and evidence.settings_of(store, who)
        new = np.arange(len(vectors.sample_ids))
        if centroids is None or not fits or outgrown:
            centroids = clusters.learn_centroids(vectors.values, seed, made_from)
            centroids.save(bench.workspace, name)
            replace = True
        else:
            replace = said != centroids.settings
            new = new if replace else unplaced_rows(bench.workspace, vectors, who)
        if len(new):
            rows = _rows(vectors, new).append_column("cluster", pa.array(centroids.nearest(vectors.values[new])))
            evidence.write(store, who, rows, centroids.settings, replace=replace)
        report.done = len(new)
        bench.meter.count(len(new), "clusters")


def map_producer(name: str) -> Producer:
    """The map `pca` or `umap`."""
    return evidence.producer("map", name, _MAP_VERSION)


def unplaced_rows(workspace: Workspace, vectors: Vectors, who: Producer) -> NDArray[np.int64]:
    """Rows of `vectors` that a table (clusters, map) has nothing current about."""
    store = workspace.store
    if not store.exists(who.table):
        return np.arange(len(vectors.sample_ids))
    table = store.read(who.table, ["sample_id", "content_hash"])
    placed = table["sample_id"].to_numpy()[current_rows(store, table)]
    return np.flatnonzero(~np.isin(vectors.sample_ids, placed))


def place_by_pca(bench: Bench, vectors: Vectors, embedder: Embedder, *, refit: bool) -> None:
    """The map of two principal components, which is there at once."""
    made_with = _made_with(embedder, {})
    if not _map_is_due(bench, "pca", vectors, made_with, refit):
        return
    with bench.timed("map pca") as report:
        _write_map(bench, "pca", vectors, pca_layout(vectors.values), made_with)
        report.done = len(vectors.sample_ids)


def umap_is_due(bench: Bench, vectors: Vectors, embedder: Embedder, settings: MapSettings, *, refit: bool) -> bool:
    """Whether there is no UMAP map from this embedding with these settings, or samples without a place on it."""
    made_with = _made_with(embedder, settings.model_dump())
    if len(vectors.sample_ids) < FEWEST:
        bench.report("map umap").note = f"{FEWEST} samples are the fewest for a UMAP map"
        return False
    return _map_is_due(bench, "umap", vectors, made_with, refit)


def place_by_umap(
    bench: Bench, vectors: Vectors, embedder: Embedder, settings: MapSettings, process: MapProcess
) -> None:
    """Wait for the map process, write its map; a failed one leaves the map there was.

    Its seconds count from asking to the written map, most of them beside the other steps.
    """
    report = bench.report("map umap")
    while not process.is_ready:
        time.sleep(_POLL_SECONDS)
        bench.meter.count(0, "UMAP map")
    try:
        places = process.places()
    except RunFailed as error:
        report.failed[error.problem] += len(vectors.sample_ids)
        return
    with bench.timed("map umap"):
        _write_map(bench, "umap", vectors, places, _made_with(embedder, settings.model_dump()))
    report.done = len(vectors.sample_ids)
    report.seconds += process.seconds
    report.cpu_seconds += process.cpu_seconds
    report.note = "in a process of its own, beside the other steps"


def _made_with(embedder: Embedder, settings: dict[str, Any]) -> dict[str, Any]:
    """What a map stands on and is made with; another value in any of it makes it due."""
    return {"embedding": embedding_producer(embedder).table, "model": embedder.settings["model"], **settings}


def _map_is_due(bench: Bench, name: str, vectors: Vectors, made_with: dict[str, Any], refit: bool) -> bool:
    store, who = bench.workspace.store, map_producer(name)
    if not store.exists(who.table):
        return True
    said = evidence.settings_of(store, who)
    if any(said.get(key) != value for key, value in made_with.items()):
        return True
    unplaced = len(unplaced_rows(bench.workspace, vectors, who))
    if unplaced and not refit:
        bench.report(f"map {name}").note = f"the map is older than the data: {unplaced:,} samples have no place on it"
    return bool(unplaced) and refit


def _write_map(
    bench: Bench, name: str, vectors: Vectors, places: NDArray[np.float32], made_with: dict[str, Any]
) -> None:
    """Store a whole map; the one before is kept as an older version of the table."""
    rows = _rows(vectors, np.arange(len(vectors.sample_ids)))
    rows = rows.append_column("x", pa.array(places[:, 0])).append_column("y", pa.array(places[:, 1]))
    settings = {**made_with, "num_samples": len(vectors.sample_ids)}
    evidence.write(bench.workspace.store, map_producer(name), rows, settings, replace=True)


def _rows(vectors: Vectors, rows: NDArray[np.int64]) -> pa.Table:
    return pa.table(
        {"sample_id": pa.array(vectors.sample_ids[rows]), "content_hash": vectors.content_hashes.take(pa.array(rows))}
    )

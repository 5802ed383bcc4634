"""`winnow prepare`: everything Winnow can say offline about the samples of a workspace, and only what is missing.

    prepare(Workspace.open(path))                  # a second call finds nothing to do

Steps: pictures, embedding, map pca, rules (scores, styles, tags), tokens, clusters, map umap. UMAP runs in a process of its
own that compiles while the other steps work. `run_job` is the same as a run from the studio.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadInput
from core.evidence import map_steps, steps
from core.evidence.descriptors import DescriptorSettings
from core.evidence.embedder import Embedder
from core.evidence.looks import Looks
from core.evidence.map_layout import FEWEST, MapSettings
from core.evidence.map_process import MapProcess
from core.evidence.open_clip_embedding import OpenClipSettings, load_open_clip
from core.evidence.steps import Bench, Meter, StepReport
from core.evidence.tokens import TextTokenizer, workspace_tokenizer
from core.evidence.vectors import Vectors, read_vectors
from core.progress import Progress, silent
from core.runs import RunFolder
from core.store import evidence
from core.store.locks import writer_lock
from core.workspace import Workspace

_STEPS = (
    "pictures", "embedding", "map pca", "scores", "styles", "instruction_tags", "image_tags", "tokens", "clusters", "map umap",
)  # fmt: skip


class PrepareSettings(BaseModel):
    """What is made and how; the defaults need no network and no weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedding: Literal["descriptors", "open_clip"] = Field(
        "descriptors", description="Which embedding clusters and maps stand on."
    )
    descriptors: DescriptorSettings = Field(
        DescriptorSettings(), description="The embedding learnt on the workspace itself."
    )
    open_clip: OpenClipSettings = Field(
        OpenClipSettings(), description="The embedding with weights of an open_clip model."
    )
    umap: bool = Field(True, description="Make the UMAP map; without it there is the map of principal components.")
    map: MapSettings = Field(MapSettings(), description="How the UMAP map is made.")
    refit_maps: bool = Field(
        True, description="Make maps anew when samples have no place on them; off leaves those samples without a place."
    )
    relearn_growth: float = Field(
        2.0,
        ge=1.1,
        le=1000,
        description="Learn embedding and clusters anew once there are this many times the samples they saw.",
    )
    vocab_size: int = Field(
        8192, ge=300, le=100_000, description="Entries of the workspace's tokenizer, when it has none yet."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of the clusters.")
    chunk_rows: int = Field(
        4096, ge=1, le=1_000_000, description="Samples written at once; a killed process loses these at most."
    )


@dataclass(frozen=True)
class PrepareReport:
    """What each step did."""

    steps: tuple[StepReport, ...]
    num_samples: int
    seconds: float

    @property
    def num_done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def num_failed(self) -> int:
        return sum(sum(step.failed.values()) for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """{steps: [{step, done, failed: {reason: n}, seconds, cpu_seconds, note}], num_samples, seconds}."""
        return {
            "steps": [step.to_json() for step in self.steps],
            "num_samples": self.num_samples,
            "seconds": round(self.seconds, 3),
        }


def prepare(
    workspace: Workspace, progress: Progress = silent, settings: PrepareSettings | None = None
) -> PrepareReport:
    """Make what is missing. Busy when another prepare writes; a killed one is taken up where its last chunk ended.

    `progress` may raise to stop between chunks: finished chunks are kept.
    """
    chosen = settings or PrepareSettings()
    started = time.monotonic()
    num_samples = workspace.store.count("samples")
    if not num_samples:
        raise BadInput(f"The workspace {workspace.path} has no samples.", "Add data with `winnow ingest` first.")
    with writer_lock(workspace.path, "prepare"):
        looks = Looks(workspace.store)
        bench = Bench(workspace, Meter(progress), looks, chosen.chunk_rows)
        _prepare(bench, chosen)
    reports = tuple(bench.reports.get(step, StepReport(step)) for step in _STEPS)
    return PrepareReport(reports, num_samples, time.monotonic() - started)


def _prepare(bench: Bench, chosen: PrepareSettings) -> None:
    bench.meter.count(0, "looking for what is missing")
    with ExitStack() as stack:
        process: MapProcess | None = None
        if chosen.umap and _lacks_places(bench, chosen):
            process = stack.enter_context(
                MapProcess(deterministic=chosen.map.deterministic)
            )  # now, so that it compiles beside everything that follows
        by_rules = _without_rules(bench)
        tokenizer = _tokenizer(bench, chosen)
        uncounted = steps.missing_ids(bench, steps.tokens_producer(tokenizer))
        bench.meter.expect(len(by_rules) + len(uncounted))
        embedder, unembedded = _embedder(bench, chosen)
        steps.embed(bench, embedder, unembedded)
        vectors = _vectors(bench, embedder)
        if vectors is None:
            process = None
        else:
            map_steps.place_by_pca(bench, vectors, embedder, refit=chosen.refit_maps)
            if chosen.umap and map_steps.umap_is_due(bench, vectors, embedder, chosen.map, refit=chosen.refit_maps):
                process = process or stack.enter_context(MapProcess(deterministic=chosen.map.deterministic))
                process.ask(vectors.values, chosen.map)
            else:
                process = None
        steps.apply_rules(bench, by_rules)
        steps.count_tokens(bench, tokenizer, uncounted)
        if vectors is not None:
            map_steps.assign_clusters(bench, vectors, embedder, chosen.relearn_growth, chosen.seed)
        if vectors is not None and process is not None:
            map_steps.place_by_umap(bench, vectors, embedder, chosen.map, process)
    pictures = bench.report("pictures")
    pictures.done, pictures.failed = bench.looks.num_seen, bench.looks.failures
    bench.meter.finish("prepared")


def _lacks_places(bench: Bench, chosen: PrepareSettings) -> bool:
    """Whether a UMAP map will probably be due, judged before there are vectors."""
    store, who = bench.workspace.store, map_steps.map_producer("umap")
    if store.count("samples") < FEWEST:
        return False
    if not store.exists(who.table):
        return True
    said = evidence.settings_of(store, who)
    other = any(said.get(key) != value for key, value in chosen.map.model_dump().items())
    return other or (chosen.refit_maps and bool(len(steps.missing_ids(bench, who))))


def _without_rules(bench: Bench) -> NDArray[np.uint64]:
    """Samples that lack any of what the rules say."""
    found = [steps.missing_ids(bench, who) for who in steps.rules_producers(bench.workspace.store).values()]
    return np.unique(np.concatenate(found))


def _tokenizer(bench: Bench, chosen: PrepareSettings) -> TextTokenizer:
    with bench.timed("tokens"):
        return workspace_tokenizer(bench.workspace, chosen.vocab_size)


def _embedder(bench: Bench, chosen: PrepareSettings) -> tuple[Embedder, NDArray[np.uint64]]:
    """The embedding asked for, learnt if need be, and the samples that still need a vector."""
    if chosen.embedding == "open_clip":
        embedder: Embedder = load_open_clip(bench.workspace.store, chosen.open_clip)
        unembedded = steps.unembedded_ids(bench, embedder)
        bench.meter.expect(len(unembedded))
        return embedder, unembedded
    num_samples = bench.workspace.store.count("samples")
    kept = steps.kept_descriptors(bench, chosen.descriptors, chosen.relearn_growth)
    if kept is None:
        bench.meter.expect(min(num_samples, chosen.descriptors.learn_samples) + num_samples)
        return (learnt := steps.learn_descriptors(bench, chosen.descriptors)), steps.unembedded_ids(bench, learnt)
    unembedded = steps.unembedded_ids(bench, kept)
    bench.meter.expect(len(unembedded))
    return kept, unembedded


def _vectors(bench: Bench, embedder: Embedder) -> Vectors | None:
    """All vectors there are now; None when no sample could be embedded."""
    who = steps.embedding_producer(embedder)
    if not bench.workspace.store.exists(who.table):
        return None
    vectors = read_vectors(bench.workspace.store, who)
    return vectors if len(vectors.sample_ids) else None


def run_job(folder: RunFolder) -> dict[str, Any]:
    """`prepare` as a run: settings are `workspace` (its path) and fields of PrepareSettings."""
    given = {key: value for key, value in folder.settings.items() if key != "workspace"}
    try:
        settings = PrepareSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"The setting {place} is not acceptable ({first['msg']}).", "Mend the run's settings and start it anew."
        ) from error

    def tell(done: int, total: int | None, note: str) -> None:
        folder.check_stop()
        folder.progress(done, total, note)

    report = prepare(Workspace.open(Path(folder.settings["workspace"])), tell, settings)
    for step in report.steps:
        folder.event(**step.to_json())
    return report.to_json()

"""The steps of prepare that speak of each sample by itself, for what is missing alone: embedding, rules, tokens.

Every step writes in chunks, so that a killed process loses one chunk at most, and counts what it could not do by reason.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.evidence import rules, tokens
from core.evidence.descriptors import Descriptors, DescriptorSettings
from core.evidence.embedder import VIEW_COLUMNS, Embedder, SampleView, views, views_of
from core.evidence.looks import Looks
from core.progress import Progress
from core.store import Store, evidence
from core.store.evidence import Producer
from core.store.ids import encode_scores, purpose_key
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace

RULES_KINDS = ("scores", "styles", "instruction_tags", "image_tags")
_BATCH_ROWS = 512


@dataclass
class StepReport:
    """One step: how many samples it spoke about, how many it could not and why, and how long it took."""

    step: str
    done: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step, "done": self.done, "failed": dict(self.failed.most_common()), "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3), "note": self.note,
        }  # fmt: skip


class Meter:
    """One bar over all steps: every step announces its samples and counts them off."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = self._total = 0

    def expect(self, count: int) -> None:
        self._total += count

    def finish(self, note: str) -> None:
        self._done = self._total
        self._progress(self._done, self._total, note)

    def count(self, count: int, note: str) -> None:
        self._done = min(self._done + count, self._total)
        self._progress(self._done, self._total, note)


@dataclass
class Bench:
    """What the steps of one prepare share."""

    workspace: Workspace
    meter: Meter
    looks: Looks
    chunk_rows: int
    reports: dict[str, StepReport] = field(default_factory=dict)

    def report(self, step: str) -> StepReport:
        """The report of a step, begun when it is first asked for."""
        return self.reports.setdefault(step, StepReport(step))

    @contextmanager
    def timed(self, step: str) -> Iterator[StepReport]:
        """The report of a step, its clocks running; a step may be timed in several pieces."""
        report = self.report(step)
        wall, cpu = time.monotonic(), time.process_time()
        try:
            yield report
        finally:
            report.seconds += time.monotonic() - wall
            report.cpu_seconds += time.process_time() - cpu


def missing_ids(bench: Bench, who: Producer) -> NDArray[np.uint64]:
    """Samples a producer has not spoken about as they are now, ascending."""
    ids: NDArray[np.uint64] = np.sort(evidence.missing(bench.workspace.store, who)["sample_id"].to_numpy())
    return ids


def all_ids(bench: Bench) -> NDArray[np.uint64]:
    """Every sample, ascending."""
    ids: NDArray[np.uint64] = np.sort(bench.workspace.store.read("samples", ["sample_id"])["sample_id"].to_numpy())
    return ids


def chunks(bench: Bench, ids: NDArray[np.uint64]) -> Iterator[list[int]]:
    """Ids in lists of as many as are written at once."""
    for start in range(0, len(ids), bench.chunk_rows):
        yield ids[start : start + bench.chunk_rows].tolist()


# -- pictures and the embedding -----------------------------------------------------------------------------------------


def kept_descriptors(bench: Bench, settings: DescriptorSettings, growth: float) -> Descriptors | None:
    """The workspace's model, unless there is none for these settings or the workspace has outgrown it."""
    kept = Descriptors.load(bench.workspace, bench.looks)
    if kept is None or kept.made_with != settings:
        return None
    num_samples = bench.workspace.store.count("samples")
    outgrown = kept.num_learnt < settings.learn_samples and num_samples >= growth * kept.num_learnt
    return None if outgrown else kept


def learn_descriptors(bench: Bench, settings: DescriptorSettings) -> Descriptors:
    """Learn on the first samples in the order of the landmark key, so that the order of ingest does not matter."""
    ids = all_ids(bench)
    ids = ids[np.argsort(purpose_key(ids, 0, "landmark"))][: settings.learn_samples]
    samples: list[SampleView] = []
    with bench.timed("pictures"):
        for batch in views(bench.workspace.store, ids.tolist(), _BATCH_ROWS):
            samples += batch
            bench.looks.of([key for sample in batch for key in sample.image_keys])
            bench.meter.count(len(batch), "looking at pictures")
    with bench.timed("embedding") as report:
        bench.meter.count(0, "learning the embedding")
        learnt = Descriptors.learn(samples, bench.looks, settings)
        learnt.save(bench.workspace)
        report.note = f"learnt on {len(samples):,} samples"
    return learnt


def unembedded_ids(bench: Bench, embedder: Embedder) -> NDArray[np.uint64]:
    """Samples without a vector of this very model: all when the table is of another one."""
    store, who = bench.workspace.store, embedding_producer(embedder)
    other = store.exists(who.table) and evidence.settings_of(store, who).get("model") != embedder.settings["model"]
    return all_ids(bench) if other else missing_ids(bench, who)


def embedding_producer(embedder: Embedder) -> Producer:
    return evidence.producer("embedding", embedder.name, embedder.version)


def embed(bench: Bench, embedder: Embedder, ids: NDArray[np.uint64]) -> None:
    """Vectors for `ids`; a table of another model is started anew."""
    store, who = bench.workspace.store, embedding_producer(embedder)
    with bench.timed("embedding") as report:
        anew = store.exists(who.table) and evidence.settings_of(store, who).get("model") != embedder.settings["model"]
        for chunk in chunks(bench, ids):
            table = store.samples(chunk, VIEW_COLUMNS)
            samples, parts = views_of(table), []
            for start in range(0, len(samples), _BATCH_ROWS):
                made = embedder.embed(samples[start : start + _BATCH_ROWS])
                report.failed.update(made.failures.values())
                parts.append(made.vectors)
                bench.meter.count(len(made.vectors), "embedding")
            vectors = np.concatenate(parts)
            good = np.flatnonzero(~np.isnan(vectors).any(axis=1))
            report.done += len(good)
            if not len(good):
                continue
            flat = pa.array(vectors[good].astype(np.float16).ravel())
            rows = table.select(["sample_id", "content_hash"]).take(pa.array(good))
            rows = rows.append_column("vector", pa.FixedSizeListArray.from_arrays(flat, embedder.num_dimensions))
            evidence.write(store, who, rows, embedder.settings, replace=anew)
            anew = False


# -- what the rules say, and tokens --------------------------------------------------------------------------------------


def rules_producers(store: Store) -> dict[str, Producer]:
    """The producer `rules` of each kind, as its lists are now.

    The rules' own version is a digest, which has no order; so it is preceded by a number that counts the editions this
    workspace has seen: 2.1.c75dd3df is newer than 1.1.37ff689a, and going back to earlier lists is a new edition too.
    """
    content = rules.VERSION.replace("-", ".")
    editions = [(0, "")]
    for who in evidence.producers(store):
        number, _, rest = who.version.partition(".")
        if who.name == rules.PRODUCER and who.kind in RULES_KINDS and number.isdigit():
            editions.append((int(number), rest))
    newest = max(number for number, _ in editions)
    edition = newest if (newest, content) in editions else newest + 1
    return {kind: evidence.producer(kind, rules.PRODUCER, f"{edition}.{content}") for kind in RULES_KINDS}


def apply_rules(bench: Bench, ids: NDArray[np.uint64]) -> None:
    """Scores, styles and tags of samples. The time of reading them, which is shared, is counted under `scores`."""
    store = bench.workspace.store
    producers = rules_producers(store)
    columns = ["sample_id", "content_hash", "conversations", "image_keys"]
    for chunk in chunks(bench, ids):
        with bench.timed("scores"):
            table = store.samples(chunk, columns)
            said: dict[str, list[Any]] = {kind: [] for kind in RULES_KINDS}
            for start in range(0, table.num_rows, _BATCH_ROWS):
                part = table.slice(start, _BATCH_ROWS)
                _judge(bench, part, said)
                bench.meter.count(part.num_rows, "scores, styles and tags")
        for kind, who in producers.items():
            with bench.timed(kind):
                rows = table.select(["sample_id", "content_hash"])
                if kind == "scores":
                    stored = np.concatenate(said[kind])
                    for index, key in enumerate(CAPABILITY_KEYS):
                        cells = stored[:, index]
                        rows = rows.append_column(key, pa.array(cells, pa.uint8(), mask=cells == 255))
                else:
                    column = "styles" if kind == "styles" else "tags"
                    rows = rows.append_column(column, pa.array(said[kind], pa.list_(pa.string())))
                evidence.write(store, who, rows, {"heuristic": True})


def _judge(bench: Bench, table: pa.Table, said: dict[str, list[Any]]) -> None:
    """What the rules say about one batch, appended to `said`; failures counted."""
    image_keys = [keys or [] for keys in table["image_keys"].to_pylist()]
    looks = bench.looks.of([key for keys in image_keys for key in keys])
    found = [[looks[key] for key in keys] for keys in image_keys]
    facts = [[look.facts for look in row if not isinstance(look, str)] for row in found]
    conversations = [turns or [] for turns in table["conversations"].to_pylist()]
    judged = rules.judge(conversations, facts, [len(keys) for keys in image_keys])
    unscored = np.isnan(judged.scores).all(axis=1)
    for place in np.flatnonzero(unscored):
        reason = (
            "another language than English or Chinese" if judged.languages[place] == "other" else "no words to judge"
        )
        bench.report("scores").failed[reason] += 1
    bench.report("scores").done += int((~unscored).sum())
    said["scores"].append(encode_scores(judged.scores))
    said["styles"] += judged.styles
    said["instruction_tags"] += judged.instruction_tags
    for kind in ("styles", "instruction_tags", "image_tags"):
        bench.report(kind).done += table.num_rows
    for tags, row, seen in zip(judged.image_tags, found, facts, strict=True):
        reasons = [look for look in row if isinstance(look, str)]
        if reasons and not seen:  # none of its pictures could be read: unknown, not untagged
            bench.report("image_tags").done -= 1
            bench.report("image_tags").failed[reasons[0]] += 1
        said["image_tags"].append(None if reasons and not seen else tags)


def count_tokens(bench: Bench, tokenizer: tokens.TextTokenizer, ids: NDArray[np.uint64]) -> None:
    """Text tokens of samples, summed over their turns."""
    store, who = bench.workspace.store, tokens_producer(tokenizer)
    with bench.timed("tokens") as report:
        for chunk in chunks(bench, ids):
            table = store.samples(chunk, ["sample_id", "content_hash", "conversations"])
            turns = table["conversations"].combine_chunks()
            counts = tokenizer.count([text or "" for text in turns.flatten().field("text").to_pylist()])
            ends = np.cumsum(turns.value_lengths().fill_null(0).to_numpy(zero_copy_only=False))
            running = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
            sums = running[ends] - running[np.concatenate([[0], ends[:-1]])]
            rows = table.select(["sample_id", "content_hash"]).append_column(
                "num_text_tokens", pa.array(sums, pa.int32())
            )
            evidence.write(store, who, rows, {"tokenizer": tokenizer.hash, "estimate": True})
            report.done += table.num_rows
            bench.meter.count(table.num_rows, "counting tokens")


def tokens_producer(tokenizer: tokens.TextTokenizer) -> Producer:
    return evidence.producer("tokens", tokens.PRODUCER, tokenizer.version)

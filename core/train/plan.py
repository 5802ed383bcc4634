"""The order of a stage, fixed before it starts: which samples form which micro-batch of which step, what is left out.

The plan is the only order there is: a run's state inside a stage is one integer, the steps it has taken, and any number
of processes can share the micro-batches of a step. Lengths come from text and picture sizes; nothing is decoded.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import BadData, BadInput
from core.mixture.cost import ModelCost
from core.train.data import Export
from core.train.encode import Encoder, Unusable
from core.train.tiles import Tiling

_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("step", pa.int32(), "optimizer step inside the stage, from 0; null for samples left out"),
    ("batch", pa.int32(), "micro-batch inside the stage, from 0; null for samples left out"),
    ("rows", pa.list_(pa.int32()), "positions in samples.parquet"),
    ("sample_ids", pa.list_(pa.uint64()), "the same samples by id"),
    ("tokens", pa.int64(), "text and image tokens without padding"),
    ("padded_tokens", pa.int64(), "what the device computes"),
    ("supervised_tokens", pa.int64(), "tokens that are predicted and learnt"),
    ("image_tokens", pa.int64(), "tokens that come from pictures"),
    ("tiles", pa.int32(), "squares through the vision tower"),
    ("flops", pa.float64(), "useful FLOPs, forward and backward"),
    ("reason", pa.string(), "why samples are left out; null for batches"),
)
PLAN_SCHEMA = pa.schema([pa.field(name, kind, metadata={"note": note}) for name, kind, note in _COLUMNS])


@dataclass(frozen=True)
class Limits:
    """`document_tokens`: longer samples are left out. A micro-batch holds at most `batch_tokens` with padding and
    `batch_tiles` pictures' tiles, or one sample."""

    document_tokens: int
    batch_tokens: int
    batch_tiles: int


@dataclass(frozen=True)
class Cost:
    """What one sample is at one stage."""

    tokens: int
    supervised: int
    image_tokens: int
    tiles: int


@dataclass(frozen=True)
class PlannedBatch:
    rows: tuple[int, ...]
    tokens: int
    supervised: int
    tiles: int
    flops: float


@dataclass(frozen=True)
class StagePlan:
    """Steps of a stage, each a list of micro-batches; `dropped` counts samples left out by reason."""

    steps: tuple[tuple[PlannedBatch, ...], ...]
    dropped: dict[str, int]
    num_samples: int
    digest: str

    @property
    def flops(self) -> float:
        return sum(batch.flops for step in self.steps for batch in step)

    def totals(self) -> dict[str, int | float]:
        batches = [batch for step in self.steps for batch in step]
        return {
            "num_samples": self.num_samples,
            "num_steps": len(self.steps),
            "num_batches": len(batches),
            "tokens": sum(batch.tokens for batch in batches),
            "supervised_tokens": sum(batch.supervised for batch in batches),
            "tiles": sum(batch.tiles for batch in batches),
            "flops": self.flops,
        }


class Ruler:
    """Measures samples: text once per sample, pictures once per stage."""

    def __init__(self, export: Export, encoder: Encoder) -> None:
        self._export, self._encoder = export, encoder
        self._text: dict[int, tuple[int, int] | str] = {}

    def cost(self, row: int, tiling: Tiling, document_tokens: int, *, needs_image: bool) -> Cost | str:
        """The cost of a sample, or the reason why it is left out."""
        if row not in self._text:
            self._text[row] = self._measure(row)
        text = self._text[row]
        if isinstance(text, str):
            return text
        sizes = self._export.sizes(row)
        if needs_image and not sizes:
            return "no_image_to_learn_from"
        image_tokens = sum(tiling.num_tokens(width, height, len(sizes)) for width, height in sizes)
        if text[0] + image_tokens > document_tokens:
            return "too_long"
        tiles = sum(tiling.num_tiles(width, height, len(sizes)) for width, height in sizes)
        return Cost(text[0] + image_tokens, text[1], image_tokens, tiles)

    def text_reason(self, row: int) -> str | None:
        """Why a sample cannot be used at any stage, None when it can."""
        if row not in self._text:
            self._text[row] = self._measure(row)
        text = self._text[row]
        return text if isinstance(text, str) else None

    def _measure(self, row: int) -> tuple[int, int] | str:
        """(text tokens, supervised tokens) or a reason."""
        reason = self._export.image_reason(row)
        if reason is not None:
            return reason
        try:
            document = self._encoder.conversation(self._export.turns(row), [0] * len(self._export.sizes(row)))
        except Unusable as unusable:
            return str(unusable)
        return len(document.ids), int(document.targets.sum())


def epoch_order(rows: NDArray[np.int64], epochs: float, seed: int | None) -> NDArray[np.int64]:
    """[N] int64: the exported order for the first epoch, a seeded shuffle for each further one; 1.5 takes half of the
    second. The keys are BLAKE2b digests, so the order is the same on every machine. Without a seed nothing moves."""
    parts: list[NDArray[np.int64]] = []
    for epoch in range(int(np.ceil(epochs))):
        order = np.arange(len(rows))
        if epoch and seed is not None:
            keys = [blake2b(f"{seed}:{epoch}:{place}".encode(), digest_size=8).digest() for place in range(len(rows))]
            order = np.asarray(sorted(range(len(rows)), key=keys.__getitem__), dtype=np.int64)
        share = min(epochs - epoch, 1.0)
        parts.append(rows[order[: round(share * len(rows))]])
    return np.concatenate(parts) if parts else rows[:0]


def plan_stage(
    ruler: Ruler,
    export: Export,
    rows: NDArray[np.int64],
    *,
    tiling: Tiling,
    trains: Collection[str],
    tokens_per_step: int,
    limits: Limits,
    model_cost: ModelCost,
) -> pa.Table:
    """The plan of a stage as a table of PLAN_SCHEMA: batches in order, then one row per reason for what is left out."""
    needs_image = set(trains) == {"projector"}
    dropped: dict[str, list[int]] = {}
    steps: list[list[tuple[int, Cost]]] = []
    filled = 0
    for row in rows.tolist():
        cost = ruler.cost(row, tiling, limits.document_tokens, needs_image=needs_image)
        if isinstance(cost, str):
            dropped.setdefault(cost, []).append(row)
            continue
        if not steps or filled + cost.tokens > tokens_per_step:
            steps.append([])
            filled = 0
        steps[-1].append((row, cost))
        filled += cost.tokens
    records = []
    number = 0
    for step, samples in enumerate(steps):
        for batch in micro_batches(samples, limits):
            records.append(_record(step, number, batch, export, trains, model_cost))
            number += 1
    for reason in sorted(dropped):
        left_out = dropped[reason]
        ids = [int(export.sample_ids[row]) for row in left_out]
        records.append({"rows": left_out, "sample_ids": ids, "reason": reason})
    return pa.Table.from_pylist(records, schema=PLAN_SCHEMA)


def micro_batches(samples: Sequence[tuple[int, Cost]], limits: Limits) -> list[list[tuple[int, Cost]]]:
    """Samples of one step cut into batches of like length, longest first, each within the limits."""
    ordered = sorted(samples, key=lambda sample: -sample[1].tokens)
    batches: list[list[tuple[int, Cost]]] = []
    tiles = 0
    for sample in ordered:
        current = batches[-1] if batches else []
        fits = (
            bool(current)
            and (len(current) + 1) * current[0][1].tokens <= limits.batch_tokens
            and tiles + sample[1].tiles <= limits.batch_tiles
        )
        if fits:
            current.append(sample)
            tiles += sample[1].tiles
        else:
            batches.append([sample])
            tiles = sample[1].tiles
    return batches


def plan_held_out(ruler: Ruler, export: Export, tiling: Tiling, limits: Limits, limit: int) -> list[PlannedBatch]:
    """Batches over the first `limit` held-out samples that fit, at a stage's resolution."""
    samples = []
    for row in export.holdout_rows()[:limit].tolist():
        cost = ruler.cost(row, tiling, limits.document_tokens, needs_image=False)
        if isinstance(cost, Cost):
            samples.append((row, cost))
    return [
        PlannedBatch(
            tuple(row for row, _ in batch),
            sum(cost.tokens for _, cost in batch),
            sum(cost.supervised for _, cost in batch),
            sum(cost.tiles for _, cost in batch),
            0.0,
        )
        for batch in micro_batches(samples, limits)
    ]


def _record(
    step: int,
    number: int,
    batch: list[tuple[int, Cost]],
    export: Export,
    trains: Collection[str],
    model_cost: ModelCost,
) -> dict[str, object]:
    costs = [cost for _, cost in batch]
    tokens = sum(cost.tokens for cost in costs)
    supervised = sum(cost.supervised for cost in costs)
    tiles = max(sum(cost.tiles for cost in costs), 1)
    squares = sum(cost.tokens**2 for cost in costs)
    return {
        "step": step,
        "batch": number,
        "rows": [row for row, _ in batch],
        "sample_ids": [int(export.sample_ids[row]) for row, _ in batch],
        "tokens": tokens,
        "padded_tokens": max(cost.tokens for cost in costs) * len(costs),
        "supervised_tokens": supervised,
        "image_tokens": sum(cost.image_tokens for cost in costs),
        "tiles": tiles,
        "flops": model_cost.stage(trains, tiles=tiles, tokens=tokens, squares=squares, supervised=supervised),
    }


def write_plan(table: pa.Table, path: Path) -> None:
    """Written beside, then renamed: a plan is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table, partial, compression="zstd")
    os.replace(partial, path)


def read_plan(path: Path, stage_name: str) -> StagePlan:
    """A plan from its file; a stage without a single step is a mistake of the recipe, named with what was left out."""
    try:
        table = pq.read_table(path, schema=PLAN_SCHEMA)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadData(f"{path} is not readable: {error}", "Start the training run again.") from error
    steps: list[list[PlannedBatch]] = []
    dropped: Counter[str] = Counter()
    order = blake2b(digest_size=16)
    for record in table.to_pylist():
        if record["reason"] is not None:
            dropped[record["reason"]] += len(record["sample_ids"])
            continue
        if record["step"] == len(steps):
            steps.append([])
        order.update(json.dumps([record["step"], record["sample_ids"]]).encode())
        steps[-1].append(
            PlannedBatch(
                tuple(record["rows"]),
                record["tokens"],
                record["supervised_tokens"],
                record["tiles"],
                record["flops"],
            )
        )
    if not steps:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items())) or "its parts are empty"
        raise BadInput(f"The stage {stage_name!r} has no sample to train on: {reasons}.", "Give it another part.")
    return StagePlan(
        steps=tuple(tuple(step) for step in steps),
        dropped=dict(sorted(dropped.items())),
        num_samples=sum(len(batch.rows) for step in steps for batch in step),
        digest=order.hexdigest(),
    )

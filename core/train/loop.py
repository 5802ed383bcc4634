"""One stage of training: steps over a fixed plan, plain PyTorch.

A step is one optimizer update over the micro-batches the plan gives it; its loss is the sum over its supervised tokens
divided by their number, however the micro-batches or processes are cut. The state inside a stage is one integer.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import StudioError
from core.train.data import HIGH_SCORE, Batch, Export, Feeder
from core.train.generate import normalise
from core.train.model import module_of
from core.train.plan import PlannedBatch

_MISSING_SCORE = 255


class LossNotFinite(StudioError):
    """A step's loss or gradient is no number; its samples are named."""


class TokenLoss(torch.nn.Module):
    """The model with the loss of its supervised tokens: one module, so that a wrapper for several processes sees it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        ids: torch.Tensor,
        targets: torch.Tensor,
        tiles: torch.Tensor,
        sizes: torch.Tensor,
        num_images: torch.Tensor,
        has_images: bool,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """([S] float32 loss of each supervised token, [S] int64 its row in the batch).

        No attention mask: padding is on the right, where causal attention never looks from real tokens. Logits only at
        supervised positions. A batch without a picture still runs the vision tower on a blank tile of weight zero.
        """
        inner = self.model.model
        pictures = {"pixel_values": normalise(tiles), "image_sizes": sizes, "batch_num_images": num_images}
        if has_images:
            hidden = inner(input_ids=ids, use_cache=False, **pictures).last_hidden_state
        else:
            hidden = inner(input_ids=ids, use_cache=False).last_hidden_state
            blank = inner.get_image_features(**pictures, return_dict=True).pooler_output
            hidden = hidden + 0.0 * torch.cat(list(blank), dim=0).sum()
        wanted = targets[:, 1:]
        logits = self.model.lm_head(hidden[:, :-1][wanted]).float()
        losses = torch.nn.functional.cross_entropy(logits, ids[:, 1:][wanted], reduction="none")
        return losses, wanted.nonzero()[:, 0]


def sample_losses(net: torch.nn.Module, batch: Batch, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """(sum of the batch's token losses, with gradient; [B] float32 sums per sample, without)."""
    autocast = torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else contextlib.nullcontext()
    with autocast:
        losses, owners = net(
            torch.from_numpy(batch.ids).to(device, non_blocking=True),
            torch.from_numpy(batch.targets).to(device, non_blocking=True),
            torch.from_numpy(batch.tiles).to(device, non_blocking=True),
            torch.from_numpy(batch.sizes).to(device, non_blocking=True),
            torch.tensor(batch.num_images),
            batch.real_tiles > 0,
        )
    sums = torch.zeros(len(batch.rows), device=device).index_add_(0, owners, losses.detach())
    return losses.sum(), sums


class Tally:
    """Loss by source (a partition) and by capability (samples with a score of 3 or more; a sample may count in many)."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._rows: list[int] = []
        self._sums: list[float] = []
        self._tokens: list[int] = []

    def add(self, rows: Sequence[int], sums: Sequence[float], tokens: Sequence[int]) -> None:
        self._rows += rows
        self._sums += sums
        self._tokens += tokens

    @property
    def loss(self) -> float:
        """Mean over supervised tokens."""
        return math.fsum(self._sums) / max(sum(self._tokens), 1)

    def by_source(self) -> dict[str, dict[str, float]]:
        return self._by({name: [place for place, row in enumerate(self._rows) if self._export.sources[row] == name]
                         for name in sorted({self._export.sources[row] for row in self._rows})})  # fmt: skip

    def by_capability(self) -> dict[str, dict[str, float]]:
        rows = np.asarray(self._rows, dtype=np.int64)
        groups = {}
        for name, scores in self._export.capabilities.items():
            high = scores[rows]
            groups[name] = np.flatnonzero((high >= HIGH_SCORE) & (high != _MISSING_SCORE)).tolist()
        return self._by(groups)

    def _by(self, groups: Mapping[str, Sequence[int]]) -> dict[str, dict[str, float]]:
        found = {}
        for name, places in groups.items():
            tokens = sum(self._tokens[place] for place in places)
            if tokens:
                total = math.fsum(self._sums[place] for place in places)
                found[name] = {"loss": total / tokens, "tokens": tokens, "samples": len(places)}
        return found


def target_counts(batch: Batch) -> NDArray[np.int64]:
    """[B] int64: supervised tokens of each sample."""
    counts: NDArray[np.int64] = batch.targets[:, 1:].sum(axis=1, dtype=np.int64)
    return counts


def held_out_loss(net: torch.nn.Module, feeder: Feeder, plan: Sequence[PlannedBatch], device: torch.device) -> Tally:
    """The loss on samples the training never sees, at the stage's resolution."""
    tally = Tally(feeder.export)
    net.eval()
    with torch.no_grad():
        for batch in feeder.batches([planned.rows for planned in plan]):
            _, sums = sample_losses(net, batch, device)
            tally.add(batch.rows, sums.cpu().tolist(), target_counts(batch).tolist())
    net.train()
    return tally


def build_optimizer(model: Any, lr: Mapping[Any, float], betas: tuple[float, float]) -> torch.optim.AdamW:
    """AdamW without weight decay, one group per trained module with its own learning rate."""
    groups = []
    for module, rate in lr.items():
        parameters = [p for name, p in model.named_parameters() if p.requires_grad and module_of(name) == module]
        if parameters:
            groups.append({"params": parameters, "lr": rate, "peak": rate, "module": module})
    return torch.optim.AdamW(groups, betas=betas, weight_decay=0.0)


def schedule(step: int, num_steps: int, warmup_share: float) -> float:
    """The share of the peak learning rate at a step (from 0): linear warm-up, then a cosine to zero."""
    warmup = math.ceil(warmup_share * num_steps)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(num_steps - warmup, 1)))


def take_step(
    net: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterator[Batch],
    planned: Sequence[PlannedBatch],
    tally: Tally,
    device: torch.device,
) -> tuple[float, float]:
    """One update over the micro-batches of a step: (gradient norm before clipping, seconds waited for data)."""
    supervised = sum(batch.supervised for batch in planned)
    waited = 0.0
    taken: list[tuple[Batch, torch.Tensor]] = []
    optimizer.zero_grad(set_to_none=True)
    for _ in planned:
        asked = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - asked
        total, sums = sample_losses(net, batch, device)
        torch.autograd.backward(total / supervised)
        taken.append((batch, sums))
    trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    norm = float(torch.nn.utils.clip_grad_norm_(trained, 1.0))
    for batch, sums in taken:
        tally.add(batch.rows, sums.cpu().tolist(), target_counts(batch).tolist())
    if not math.isfinite(tally.loss) or not math.isfinite(norm):
        raise LossNotFinite(*_blame(tally, [(batch, sums.cpu().tolist()) for batch, sums in taken]))
    optimizer.step()
    return norm, waited


def _blame(tally: Tally, taken: Sequence[tuple[Batch, list[float]]]) -> tuple[str, str]:
    export = tally._export
    rows = [row for batch, sums in taken for row, loss in zip(batch.rows, sums, strict=True) if not math.isfinite(loss)]
    broken = rows or [row for batch, _ in taken for row in batch.rows]
    names = ", ".join(f"{export.sources[row]}/{int(export.sample_ids[row]):016x}" for row in broken[:8])
    more = f" and {len(broken) - 8} more" if len(broken) > 8 else ""
    what = "The loss is not a number" if rows else "The gradient is not a number"
    return f"{what} for the samples {names}{more}.", "Lower the stage's learning rates, or look at these samples."

"""What a mixture amounts to, stage by stage: samples, tokens, tiles, FLOPs and GPU-hours, from narrow columns alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.mixture.cost import ASSUMED_UTILISATION, H200_PEAK, gpu_hours, preset_cost
from core.mixture.image_tokens import image_cost, patches_along
from core.mixture.mixture import Mixture, StageSamples
from core.select.pool import Pool

CHARS_PER_TOKEN = 4.0
"""Used where a sample has no token count; such totals are marked as estimates."""


@dataclass(frozen=True)
class StageTotals:
    """One stage over all its epochs.

    `num_estimated` samples had no token count and are estimated from their length; every text token is counted as
    learnt, so FLOPs are a little high.
    """

    name: str
    num_samples: int
    num_unique_samples: int
    num_images: int
    num_text_tokens: int
    num_image_tokens: int
    num_tiles: int
    num_steps: int
    num_estimated: int
    flops: float
    gpu_hours: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def plan_totals(
    mixture: Mixture, *, peak: float = H200_PEAK, utilisation: float = ASSUMED_UTILISATION
) -> tuple[StageTotals, ...]:
    """The totals of every stage; hours are for one device with `peak` dense bf16 FLOP/s at a share `utilisation`."""
    return tuple(
        stage_totals(stage, mixture.pool, mixture.recipe.model.preset, peak, utilisation) for stage in mixture.stages
    )


def stage_totals(
    samples: StageSamples,
    pool: Pool,
    preset: str,
    peak: float,
    utilisation: float,
    learnt_vocab_size: int | None = None,
) -> StageTotals:
    """The totals of one stage; `learnt_vocab_size` is the workspace's own tokenizer's, where it has one."""
    stage, rows = samples.stage, pool.rows_of(samples.listed)
    columns = {
        name: pool.columns[name][rows]
        for name in ("num_images", "width_px", "height_px", "num_text_tokens", "num_chars")
    }
    num_images = np.nan_to_num(columns["num_images"]).astype(np.int64)
    unknown = np.isnan(columns["num_text_tokens"])
    estimate = np.ceil(np.nan_to_num(columns["num_chars"]) / CHARS_PER_TOKEN)
    text = np.where(unknown, estimate, columns["num_text_tokens"])
    cost = image_cost(
        num_images,
        columns["width_px"],
        columns["height_px"],
        stage.resolution,
        patches_along(preset, stage.resolution.px),
    )
    lengths = text + cost.tokens
    tokens = float(lengths.sum()) * stage.epochs
    flops = preset_cost(preset, learnt_vocab_size).stage(
        stage.trainable,
        tiles=float(cost.tiles.sum()) * stage.epochs,
        tokens=tokens,
        squares=float((lengths**2).sum()) * stage.epochs,
        supervised=float(text.sum()) * stage.epochs,
    )
    return StageTotals(
        name=stage.name,
        num_samples=len(samples),
        num_unique_samples=len(np.unique(samples.listed)),
        num_images=int(num_images.sum()),
        num_text_tokens=int(text.sum()),
        num_image_tokens=int(cost.tokens.sum()),
        num_tiles=int(cost.tiles.sum()),
        num_steps=int(np.ceil(tokens / stage.tokens_per_step)),
        num_estimated=int(unknown.sum()),
        flops=flops,
        gpu_hours=gpu_hours(flops, peak, utilisation),
    )

"""What a mixture amounts to, stage by stage: samples, tokens, tiles, FLOPs and GPU-hours, from narrow columns alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.mixture.cost import ASSUMED_UTILISATION, H200_PEAK, gpu_hours, preset_cost
from core.mixture.lengths import Ruler
from core.mixture.mixture import Mixture, StageSamples
from core.mixture.recipe import Stage
from core.select.pool import Pool


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
    ruler = Ruler(mixture.pool, mixture.recipe.model.preset)
    return tuple(counted(stage.stage, _times(stage, ruler.pool), ruler, peak, utilisation) for stage in mixture.stages)


def stage_totals(
    samples: StageSamples,
    pool: Pool,
    preset: str,
    peak: float,
    utilisation: float,
    learnt_vocab_size: int | None = None,
) -> StageTotals:
    """The totals of one stage; `learnt_vocab_size` is the workspace's own tokenizer's, where it has one."""
    return counted(samples.stage, _times(samples, pool), Ruler(pool, preset), peak, utilisation, learnt_vocab_size)


def _times(samples: StageSamples, pool: Pool) -> NDArray[np.int64]:
    """[N] int64: how often each sample of the pool stands in a stage."""
    return np.bincount(pool.rows_of(samples.listed), minlength=len(pool))


def counted(
    stage: Stage,
    times: NDArray[np.int64],
    ruler: Ruler,
    peak: float,
    utilisation: float,
    learnt_vocab_size: int | None = None,
) -> StageTotals:
    """The same from how often each sample of the pool stands in the stage, [N] int64; what is summed is whole numbers."""
    lengths = ruler.at(stage.resolution)
    num_text = int(np.dot(times, ruler.text))
    num_image_tokens, num_tiles = int(np.dot(times, lengths.image_tokens)), int(np.dot(times, lengths.tiles))
    squares = float(np.dot((times * lengths.tokens).astype(np.float64), lengths.tokens.astype(np.float64)))
    tokens = (num_text + num_image_tokens) * stage.epochs
    flops = preset_cost(ruler.preset, learnt_vocab_size).stage(
        stage.trainable,
        tiles=num_tiles * stage.epochs,
        tokens=tokens,
        squares=squares * stage.epochs,
        supervised=num_text * stage.epochs,
    )
    return StageTotals(
        name=stage.name,
        num_samples=int(times.sum()),
        num_unique_samples=int(np.count_nonzero(times)),
        num_images=int(np.dot(times, ruler.num_images)),
        num_text_tokens=num_text,
        num_image_tokens=num_image_tokens,
        num_tiles=num_tiles,
        num_steps=int(np.ceil(tokens / stage.tokens_per_step)),
        num_estimated=int(times[ruler.estimated].sum()),
        flops=flops,
        gpu_hours=gpu_hours(flops, peak, utilisation),
    )

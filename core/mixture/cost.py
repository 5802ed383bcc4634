"""What a stage costs before anything is trained: FLOPs from token counts, and hours from FLOPs.

Counts are of useful work, without padding or recomputation; causal attention counts half of the square.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.errors import BadInput

DENSE_BF16_PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "B200": 2250e12}
"""Dense bf16 FLOP/s by a piece of the device's name; another device shows no MFU."""

H200_PEAK = DENSE_BF16_PEAK["H200"]
"""Of the device that hours are quoted for."""

ASSUMED_UTILISATION = 0.3
"""Share of the peak a training run is assumed to reach; published runs lie between 0.1 and 0.4."""


@dataclass(frozen=True)
class ModelCost:
    """Forward FLOPs of a model's parts: per tile, per token, per token and token of its document, per token learnt."""

    vision_tile: float
    projector_tile: float
    language_token: float
    attention_token: float
    head_token: float

    def stage(
        self, trainable: Collection[str], *, tiles: float, tokens: float, squares: float, supervised: float
    ) -> float:
        """Forward and backward FLOPs of documents; `squares` is the sum of their squared lengths in tokens.

        A part that trains costs three forwards, a frozen one that gradients pass through two, any other one.
        """
        trains_vision, trains_projector = "vision" in trainable, "projector" in trainable
        vision = 3 if trains_vision else 1
        projector = 3 if trains_projector else 2 if trains_vision else 1
        language = 3 if "language" in trainable else 2 if trains_vision or trains_projector else 1
        words = self.language_token * tokens + self.attention_token * squares + self.head_token * supervised
        return tiles * (vision * self.vision_tile + projector * self.projector_tile) + language * words


def transformer_cost(
    *,
    patches: int,
    patch_px: int,
    vision: tuple[int, int, int],
    text: tuple[int, int, int],
    heads: tuple[int, int],
    vocab_size: int,
    head_dim: int | None = None,
) -> ModelCost:
    """From sizes: `vision` and `text` are (layers, width, inner width); `heads` are (query, key and value) heads,
    of `head_dim` numbers each, by default their part of the width.

    Matrix products only, as the usual convention has it.
    """
    layers, width, inner = vision
    num = patches**2
    tower = layers * (2 * num * (4 * width**2 + 2 * width * inner) + 4 * num**2 * width)
    embedding = 2 * num * 3 * patch_px**2 * width
    text_layers, hidden, text_inner = text
    head_dim = head_dim or hidden // heads[0]
    queries, keys = head_dim * heads[0], head_dim * heads[1]
    block = 2 * hidden * queries + 2 * hidden * keys + 3 * hidden * text_inner
    return ModelCost(
        vision_tile=float(tower + embedding),
        projector_tile=float(2 * num * (width * hidden + hidden**2)),
        language_token=float(2 * text_layers * block),
        attention_token=float(2 * text_layers * queries),
        head_token=float(2 * hidden * vocab_size),
    )


def _tiny_cost(vocab_size: int) -> ModelCost:
    return transformer_cost(
        patches=7, patch_px=16, vision=(2, 96, 192), text=(2, 160, 480), heads=(4, 2), vocab_size=vocab_size
    )


PRESET_COSTS: dict[str, ModelCost] = {
    "tiny": _tiny_cost(2048),
    "aquila-vl-2b": transformer_cost(
        patches=27, patch_px=14, vision=(26, 1152, 4304), text=(28, 1536, 8960), heads=(12, 2), vocab_size=151_936
    ),
}
"""Sizes of the presets; other towers than a preset's own are counted as its own, and tiny as before any tokenizer is learnt."""


def preset_cost(preset: str, learnt_vocab_size: int | None = None) -> ModelCost:
    """The cost of a preset; BadInput lists the known ones.

    tiny speaks the workspace's own tokenizer, whose size decides what a token learnt costs; others bring theirs.
    """
    if preset not in PRESET_COSTS:
        raise BadInput(f"There is no preset {preset!r}.", f"The known ones are: {', '.join(PRESET_COSTS)}.")
    if preset == "tiny" and learnt_vocab_size is not None:
        return _tiny_cost(learnt_vocab_size)
    return PRESET_COSTS[preset]


def gpu_hours(flops: float, peak: float = H200_PEAK, utilisation: float = ASSUMED_UTILISATION) -> float:
    """Hours on one device with `peak` FLOP/s, at a share `utilisation` of it."""
    return flops / (peak * utilisation) / 3600


def device_peak(name: str) -> float | None:
    """Dense bf16 FLOP/s of a device by its name, None when it is not known."""
    return next((peak for piece, peak in DENSE_BF16_PEAK.items() if piece in name), None)

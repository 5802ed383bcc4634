"""Arithmetic of a step in FLOPs, from any config: for an honest time left, for MFU and for the cost of a recipe.

Counts are of useful work: no padding, no recomputation; causal attention counts half of the square.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

DENSE_BF16_PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "B200": 2250e12}
"""Dense bf16 FLOP/s by a piece of the device's name; another device shows no MFU."""


@dataclass(frozen=True)
class Flops:
    """Forward FLOPs of the parts: per tile, per token, per token and document token, per supervised token."""

    vision_tile: float
    projector_tile: float
    language_token: float
    attention_token: float
    head_token: float

    @classmethod
    def of(cls, config: Any) -> Flops:
        """From a LLaVA-OneVision config: matrix products only, as the usual convention has it."""
        vision, text = config.vision_config, config.text_config
        patches = (vision.image_size // vision.patch_size) ** 2
        width, inner = vision.hidden_size, vision.intermediate_size
        layer = 2 * patches * (4 * width**2 + 2 * width * inner) + 4 * patches**2 * width
        embed = 2 * patches * vision.num_channels * vision.patch_size**2 * width
        hidden = text.hidden_size
        head_dim = getattr(text, "head_dim", None) or hidden // text.num_attention_heads
        queries = head_dim * text.num_attention_heads
        keys = head_dim * text.num_key_value_heads
        block = 2 * hidden * queries + 2 * hidden * keys + 3 * hidden * text.intermediate_size
        return cls(
            vision_tile=float(vision.num_hidden_layers * layer + embed),
            projector_tile=float(2 * patches * (width * hidden + hidden**2)),
            language_token=float(2 * text.num_hidden_layers * block),
            attention_token=float(2 * text.num_hidden_layers * queries),
            head_token=float(2 * hidden * text.vocab_size),
        )

    def step(self, trains: Collection[str], *, tiles: int, tokens: int, squares: int, supervised: int) -> float:
        """Forward and backward of documents with `squares` = the sum of their squared lengths.

        A trained part costs three forwards; a frozen part that gradients pass through costs two; else one.
        """
        passes_projector = "vision" in trains
        passes_language = passes_projector or "projector" in trains
        vision = 3 if "vision" in trains else 1
        projector = 3 if "projector" in trains else 2 if passes_projector else 1
        language = 3 if "language" in trains else 2 if passes_language else 1
        words = self.language_token * tokens + self.attention_token * squares + self.head_token * supervised
        return tiles * (vision * self.vision_tile + projector * self.projector_tile) + language * words


def device_peak(name: str) -> float | None:
    """Dense bf16 FLOP/s of a device by its name, None when it is not known."""
    return next((peak for piece, peak in DENSE_BF16_PEAK.items() if piece in name), None)

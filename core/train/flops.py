"""The cost of a model that was built, in FLOPs, by its config: for an honest time left and for MFU."""

from __future__ import annotations

from typing import Any

from core.mixture.cost import ModelCost, transformer_cost


def cost_of(config: Any) -> ModelCost:
    """From a LLaVA-OneVision config."""
    vision, text = config.vision_config, config.text_config
    return transformer_cost(
        patches=vision.image_size // vision.patch_size,
        patch_px=vision.patch_size,
        vision=(vision.num_hidden_layers, vision.hidden_size, vision.intermediate_size),
        text=(text.num_hidden_layers, text.hidden_size, text.intermediate_size),
        heads=(text.num_attention_heads, text.num_key_value_heads),
        head_dim=getattr(text, "head_dim", None),
        vocab_size=text.vocab_size,
    )

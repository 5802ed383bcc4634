"""FLOPs from the config are those torch counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import Qwen2Config, SiglipVisionConfig

from core.mixture.cost import ModelCost, device_peak
from core.train.flops import cost_of
from core.train.model import _config, set_resolution
from core.train.tiles import Tiling


def test_forward_flops_are_those_torch_counts(micro: tuple[Any, Any]) -> None:
    model, processor = micro
    tiling = Tiling("anyres", 32, 4, 2)
    set_resolution(model, processor, tiling)
    model.set_attn_implementation("eager")
    tokens = tiling.num_tokens(60, 30, 1)
    ids = torch.tensor([[5, *[model.config.image_token_index] * tokens, 6, 7]])
    tiles = tiling.num_tiles(60, 30, 1)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=ids, pixel_values=torch.randn(tiles, 3, 32, 32), image_sizes=torch.tensor([[30, 60]]),
              logits_to_keep=torch.tensor([3, 4]))  # fmt: skip
    cost, length = cost_of(model.config), ids.shape[1]
    ours = cost.stage((), tiles=tiles, tokens=length, squares=length**2, supervised=2)
    ours += cost.attention_token * length**2  # torch counts the whole square, we count the causal half
    assert ours == pytest.approx(counter.get_total_flops(), rel=0.01)


def test_the_published_size_costs_what_was_calculated(tokenizer: Any) -> None:
    vision = SiglipVisionConfig(hidden_size=1152, intermediate_size=4304, num_hidden_layers=26, num_attention_heads=16,
                                image_size=384, patch_size=14)  # fmt: skip
    text = Qwen2Config(vocab_size=151936, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28,
                       num_attention_heads=12, num_key_value_heads=2)  # fmt: skip
    cost = cost_of(_config(vision, text, tokenizer))
    assert cost.vision_tile == pytest.approx(0.642e12, rel=0.01)
    assert cost.projector_tile == pytest.approx(0.006e12, rel=0.01)
    assert cost.language_token == pytest.approx(2 * 1.310e9, rel=0.01)
    assert cost.head_token == pytest.approx(2 * 0.233e9, rel=0.01)
    assert cost.attention_token == pytest.approx(2 * 28 * 1536)


def test_a_frozen_part_costs_a_forward_or_two() -> None:
    cost = ModelCost(1.0, 10.0, 100.0, 0.0, 1000.0)
    counts = {"tiles": 1, "tokens": 1, "squares": 0, "supervised": 1}
    assert cost.stage(["projector"], **counts) == 1 + 30 + 2 * 1100
    assert cost.stage(["vision", "projector", "language"], **counts) == 3 * 1111
    assert cost.stage(["language"], **counts) == 11 + 3 * 1100


def test_an_unknown_device_has_no_peak() -> None:
    assert device_peak("NVIDIA H200") == 989e12
    assert device_peak("Abacus") is None

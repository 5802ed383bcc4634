"""Closed formulas against the real processor, the trainer's own tiling, and published figures."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import BadInput
from core.mixture.cost import gpu_hours, preset_cost
from core.mixture.image_tokens import anyres_cost, best_grids, image_cost, patches_along
from core.mixture.recipe import Resolution
from core.train.tiles import Tiling, grid_pinpoints

SIDES = st.integers(1, 4000)


@lru_cache
def processor(px: int, max_tiles: int) -> Any:
    """The library's own processor, with a tokenizer of three words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
        PreTrainedTokenizerFast,
    )

    words = Tokenizer(models.WordLevel({"<unk>": 0, "<image>": 1, "<video>": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", pad_token="<unk>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>", "<video>"]})
    size = {"height": px, "width": px}
    return LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessor(
            size=size, image_grid_pinpoints=[list(grid) for grid in grid_pinpoints(px, max_tiles)]
        ),
        video_processor=LlavaOnevisionVideoProcessor(size=size),
        tokenizer=tokenizer,
        num_image_tokens=(px // 14) ** 2,
        vision_feature_select_strategy="full",
        vision_aspect_ratio=f"anyres_max_{max_tiles}",
    )


@given(
    sizes=st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=30), max_tiles=st.sampled_from([1, 2, 4, 9, 16, 36])
)
@settings(max_examples=80, deadline=None)
def test_the_formula_counts_what_the_processor_counts(sizes: list[tuple[int, int]], max_tiles: int) -> None:
    real = processor(384, max_tiles)
    expected = [real._get_number_of_features(height, width, 384, 384) for width, height in sizes]
    width, height = np.array(sizes, dtype=np.int64).T
    assert anyres_cost(width, height, 384, 27, max_tiles).tokens.tolist() == expected


@pytest.mark.parametrize(("width", "height"), [(640, 480), (100, 900), (900, 37), (56, 56), (1, 300)])
@pytest.mark.parametrize("max_tiles", [1, 4, 9])
def test_the_processor_writes_that_many_image_tokens_and_tiles(width: int, height: int, max_tiles: int) -> None:
    made = processor(56, max_tiles)(images=[Image.new("RGB", (width, height))], text="<image>", return_tensors="np")
    cost = anyres_cost(np.array([width]), np.array([height]), 56, 4, max_tiles)
    assert int((made["input_ids"] == 1).sum()) == cost.tokens[0]
    assert made["pixel_values"].shape[1] == cost.tiles[0]


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), SIDES, SIDES), min_size=1, max_size=20),
    mode=st.sampled_from([("square", 1), ("anyres", 1), ("anyres", 6), ("anyres", 36)]),
    patches=st.sampled_from([4, 7, 27]),
)
@settings(max_examples=150, deadline=None)
def test_whole_samples_cost_what_the_trainer_will_spend(
    rows: list[tuple[int, int, int]], mode: tuple[str, int], patches: int
) -> None:
    tiling = Tiling(mode[0], 112, patches, mode[1])
    num, width, height = (np.array(column) for column in zip(*rows, strict=True))
    cost = image_cost(
        num, width.astype(float), height.astype(float), Resolution(mode=mode[0], px=112, max_tiles=mode[1]), patches
    )
    assert cost.tokens.tolist() == [n * tiling.num_tokens(w, h, n) if n else 0 for n, w, h in rows]
    assert cost.tiles.tolist() == [n * tiling.num_tiles(w, h, n) if n else 0 for n, w, h in rows]


def test_figures_worked_by_hand() -> None:
    """A square of 27 x 27 and its newline is 730. 640 x 480 in at most 2 x 2 tiles of 384: the 2 x 2 grid keeps all
    307,200 pixels and wastes least; 54 x 54 tokens, minus padding (54 - 40) / 2 x 2: 40 rows of 54, and 40 newlines."""
    square = image_cost(np.array([1]), np.array([640.0]), np.array([480.0]), Resolution(), 27)
    assert (square.tokens[0], square.tiles[0]) == (730, 1)
    tiled = anyres_cost(np.array([640]), np.array([480]), 384, 27, 4)
    assert (tiled.tokens[0], tiled.tiles[0]) == (729 + 40 * 54 + 40, 5)


def test_the_published_ceiling_holds() -> None:
    """729 x (1 + 1.21 x N) and newline rows: what a stage can cost at most."""
    rng = np.random.default_rng(0)
    width, height = rng.integers(1, 6000, (2, 4000))
    for max_tiles in (4, 9, 36):
        tokens = anyres_cost(width, height, 384, 27, max_tiles).tokens
        assert tokens.max() <= 729 * (1 + 1.21 * max_tiles) + 6 * 27


def test_pictures_of_unknown_size_count_as_one_square() -> None:
    cost = image_cost(
        np.array([1, 0]), np.array([np.nan] * 2), np.array([np.nan] * 2), Resolution(mode="anyres", max_tiles=4), 27
    )
    assert cost.tokens.tolist() == [730, 0]


def test_a_wide_picture_gets_a_wide_grid() -> None:
    rows, cols = best_grids(np.array([1100.0]), np.array([380.0]), 384, 6)
    assert (rows[0], cols[0]) == (1, 3)


def test_tiny_has_seven_patches_whatever_its_tile() -> None:
    assert patches_along("tiny", 112) == 7
    assert patches_along("aquila-vl-2b", 384) == 27


def test_the_large_model_costs_what_was_calculated_for_it() -> None:
    """0.642 TFLOP per tile, 0.006 for the projector, 2 x 1.310G per token, 2 x 0.233G per token learnt."""
    cost = preset_cost("aquila-vl-2b")
    assert cost.vision_tile == pytest.approx(0.642e12, rel=0.01)
    assert cost.projector_tile == pytest.approx(0.006e12, rel=0.02)
    assert cost.language_token == pytest.approx(2 * 1.310e9, rel=0.001)
    assert cost.head_token == pytest.approx(2 * 0.233e9, rel=0.002)
    assert cost.attention_token == 2 * 28 * 1536


@pytest.mark.parametrize("preset", ["tiny", "aquila-vl-2b"])
def test_estimate_and_trainer_agree_on_the_cost_of_a_step(preset: str) -> None:
    from transformers import LlavaOnevisionConfig, Qwen2Config, SiglipVisionConfig

    from core.train.flops import cost_of

    if preset == "tiny":
        vision = SiglipVisionConfig(
            hidden_size=96, intermediate_size=192, num_hidden_layers=2, num_attention_heads=4, image_size=112,
            patch_size=16,
        )  # fmt: skip
        text = Qwen2Config(
            vocab_size=2048, hidden_size=160, intermediate_size=480, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2,
        )  # fmt: skip
    else:
        vision = SiglipVisionConfig(
            hidden_size=1152, intermediate_size=4304, num_hidden_layers=26, num_attention_heads=16, image_size=384,
            patch_size=14,
        )  # fmt: skip
        text = Qwen2Config(
            vocab_size=151_936, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28,
            num_attention_heads=12, num_key_value_heads=2,
        )  # fmt: skip
    built = cost_of(LlavaOnevisionConfig(vision_config=vision, text_config=text))
    amounts = {"tiles": 30, "tokens": 9000, "squares": 9000 * 700, "supervised": 1000}
    for trainable in (["projector"], ["vision", "projector", "language"], ["language"], ["vision"]):
        estimate = preset_cost(preset).stage(trainable, **amounts)
        assert estimate == pytest.approx(built.stage(trainable, **amounts), rel=1e-9)


def test_hours_follow_from_flops_and_an_unknown_preset_lists_the_known() -> None:
    assert gpu_hours(989e12 * 0.3 * 7200) == pytest.approx(2.0)
    with pytest.raises(BadInput) as caught:
        preset_cost("huge")
    assert "aquila-vl-2b" in caught.value.fix

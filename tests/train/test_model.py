"""The model is its parts: nothing missing, nothing extra, and only what a stage trains gets gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    LlavaOnevisionForConditionalGeneration,
    Qwen2Config,
    Qwen2ForCausalLM,
    SiglipConfig,
    SiglipModel,
    SiglipTextConfig,
    SiglipVisionConfig,
)

from core.errors import BadInput
from core.train.model import (
    MODULES,
    TowerMissing,
    _config,
    build_from_towers,
    build_processor,
    build_tiny,
    load_model,
    module_of,
    num_parameters,
    resolution_homes,
    set_resolution,
    set_trainable,
    tile_side,
    weights_hash,
)
from core.train.presets import PRESETS, TinySize, preset
from core.train.tiles import Tiling

from .exports import MICRO


def save_towers(folder: Path, tokenizer: Any, *, tied: bool = True) -> tuple[Path, Path]:
    """A SigLIP with its text half and head, and a Qwen2 language model, as published folders have them."""
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2,
              "image_size": 32, "patch_size": 8}  # fmt: skip
    words = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50,
             "projection_size": 32}  # fmt: skip
    siglip = SiglipModel(
        SiglipConfig(vision_config=SiglipVisionConfig(**vision), text_config=SiglipTextConfig(**words))
    )
    siglip.save_pretrained(folder / "siglip")
    text = Qwen2Config(vocab_size=len(tokenizer) + 9, hidden_size=24, intermediate_size=48, num_hidden_layers=2,
                       num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=tied)  # fmt: skip
    Qwen2ForCausalLM(text).save_pretrained(folder / "qwen")
    tokenizer.save_pretrained(folder / "qwen")
    return folder / "siglip", folder / "qwen"


def test_the_published_size_has_the_published_number_of_parameters(tokenizer: Any) -> None:
    """SigLIP so400m without its last layer and head, Qwen2.5-1.5B: 1.946B in all."""
    vision = SiglipVisionConfig(hidden_size=1152, intermediate_size=4304, num_hidden_layers=26, num_attention_heads=16,
                                image_size=384, patch_size=14, vision_use_head=False)  # fmt: skip
    text = Qwen2Config(vocab_size=151936, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28,
                       num_attention_heads=12, num_key_value_heads=2, tie_word_embeddings=True)  # fmt: skip
    with torch.device("meta"):
        model = LlavaOnevisionForConditionalGeneration(_config(vision, text, tokenizer))
    model.tie_weights()
    counts = num_parameters(model)
    assert counts["vision"] + counts["frozen"] == pytest.approx(397.7e6, rel=1e-3)
    assert counts["projector"] == pytest.approx(4.13e6, rel=1e-3)
    assert counts["language"] == pytest.approx(1543.7e6, rel=1e-3)
    assert sum(counts.values()) == pytest.approx(1.946e9, rel=1e-3)


@pytest.mark.parametrize("tied", [True, False])
def test_towers_are_taken_over_whole_without_head_and_last_layer(tmp_path: Path, tokenizer: Any, tied: bool) -> None:
    """Trap 6."""
    siglip, qwen = save_towers(tmp_path, tokenizer, tied=tied)
    model = build_from_towers(str(siglip), str(qwen), tokenizer, seed=3)
    vision = SiglipModel.from_pretrained(siglip).vision_model.state_dict()
    language = Qwen2ForCausalLM.from_pretrained(qwen)
    ours = model.model.vision_tower.state_dict()
    assert model.config.vision_feature_layer == -1
    assert set(ours) == {name for name in vision if not name.startswith(("head.", "encoder.layers.2."))}
    assert all(torch.equal(ours[name], vision[name]) for name in ours)
    words = model.model.language_model.state_dict()
    assert all(torch.equal(words[name], value) for name, value in language.model.state_dict().items())
    assert torch.equal(model.lm_head.weight, language.lm_head.weight)
    model.save_pretrained(tmp_path / "joined")
    again = load_model(tmp_path / "joined")
    assert weights_hash(again) == weights_hash(model)


def test_every_parameter_a_stage_trains_gets_a_gradient_and_no_other(micro: tuple[Any, Any]) -> None:
    """Trap 6 again: the vision tower's last norm is nobody's."""
    model, processor = micro
    tiling = Tiling("anyres", 32, 4, 2)
    set_resolution(model, processor, tiling)
    for trains in (["projector"], ["language"], list(MODULES)):
        set_trainable(model, trains)
        model.zero_grad(set_to_none=True)
        tokens = tiling.num_tokens(60, 30, 1)
        ids = torch.tensor([[5, *[model.config.image_token_index] * tokens, 6, 7]])
        out = model(input_ids=ids, pixel_values=torch.randn(tiling.num_tiles(60, 30, 1), 3, 32, 32),
                    image_sizes=torch.tensor([[30, 60]]), labels=ids)  # fmt: skip
        torch.autograd.backward(out.loss)
        with_gradient = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
        assert with_gradient == {name for name, _ in model.named_parameters() if module_of(name) in trains}


def test_a_resolution_is_the_same_in_all_four_homes_and_survives_saving(tmp_path: Path, micro: tuple[Any, Any]) -> None:
    """Trap 2."""
    model, processor = micro
    set_resolution(model, processor, Tiling("anyres", 32, 4, 3))
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path), AutoProcessor.from_pretrained(tmp_path)
    config, theirs = resolution_homes(*again)
    assert config == theirs == ([[32, 32], [32, 64], [32, 96], [64, 32], [96, 32]], "anyres_max_3")


def test_a_saved_model_ends_its_answers_at_the_end_of_a_turn(tmp_path: Path, micro: tuple[Any, Any]) -> None:
    model, processor = micro
    model.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path)
    assert again.generation_config.eos_token_id == processor.tokenizer.convert_tokens_to_ids("<|im_end|>")


def test_names_in_the_file_are_not_the_models_so_only_from_pretrained_loads_it(
    tmp_path: Path, micro: tuple[Any, Any]
) -> None:
    """Trap 12."""
    from safetensors.torch import load_file

    micro[0].save_pretrained(tmp_path)
    in_file = load_file(tmp_path / "model.safetensors")
    assert not set(in_file) & set(micro[0].state_dict())
    assert weights_hash(load_model(tmp_path)) == weights_hash(micro[0])


def test_the_processor_normalises_as_siglip_does(micro: tuple[Any, Any]) -> None:
    """Trap 1."""
    image_processor = micro[1].image_processor
    assert list(image_processor.image_mean) == list(image_processor.image_std) == [0.5, 0.5, 0.5]


def test_a_stage_of_another_tile_side_is_refused(micro: tuple[Any, Any]) -> None:
    with pytest.raises(BadInput, match="48 px"):
        set_resolution(*micro, Tiling("anyres", 48, 4, 2))


def test_the_same_seed_gives_the_same_model_and_leaves_the_generator_alone(tokenizer: Any) -> None:
    torch.manual_seed(5)
    first = weights_hash(build_tiny(tokenizer, 32, TinySize(**MICRO), seed=1))
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), drawn)
    assert weights_hash(build_tiny(tokenizer, 32, TinySize(**MICRO), seed=1)) == first
    assert weights_hash(build_tiny(tokenizer, 32, TinySize(**MICRO), seed=2))["all"] != first["all"]


def test_the_tiny_preset_has_one_to_three_million_parameters(tokenizer: Any) -> None:
    model = build_tiny(tokenizer, 112, TinySize(), seed=0)
    missing_words = (TinySize().vocab_size - len(tokenizer)) * TinySize().hidden_size
    assert 1e6 <= sum(num_parameters(model).values()) + missing_words <= 3e6
    assert tile_side(model)[1] == TinySize().patches
    assert build_processor(tokenizer, *tile_side(model)).num_image_tokens == TinySize().patches ** 2


def test_a_tower_that_cannot_be_loaded_says_what_to_do(
    tmp_path: Path, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    chosen = preset("aquila-vl-2b")
    with pytest.raises(TowerMissing) as caught:
        build_from_towers(str(chosen.vision), str(chosen.language), tokenizer, seed=0)
    assert "google/siglip-so400m-patch14-384" in caught.value.problem
    assert "hf download" in caught.value.fix
    assert "model.towers.vision" in caught.value.fix


def test_a_vision_tower_of_another_family_is_refused(tmp_path: Path, tokenizer: Any) -> None:
    _, qwen = save_towers(tmp_path, tokenizer)
    with pytest.raises(BadInput, match="qwen2"):
        build_from_towers(str(qwen), str(qwen), tokenizer, seed=0)


def test_the_published_stages_are_a_recipe(export_dir: Path) -> None:
    from core.mixture.recipe import Stage

    stages = [Stage.model_validate(entry) for entry in PRESETS["aquila-vl-2b"].stages]
    assert [stage.name for stage in stages] == ["1", "2a", "2b", "2c", "3", "4"]
    assert [stage.resolution.max_tiles for stage in stages] == [1, 4, 9, 16, 36, 36]
    assert stages[0].trainable == ("projector",)
    assert all(set(stage.trainable) == set(MODULES) for stage in stages[1:])


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(BadInput) as caught:
        preset("huge")
    assert "tiny, aquila-vl-2b" in caught.value.fix

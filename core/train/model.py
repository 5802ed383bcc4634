"""A LLaVA-OneVision model from parts: random small ones, or two towers joined by a new projector.

No model code of our own: config, parts' weights, the four homes of a resolution, and which parameter belongs to which
module. Saved folders are plain Hugging Face folders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    Qwen2Config,
    SiglipVisionConfig,
    SiglipVisionModel,
)
from transformers.utils import logging as transformers_logging

from core.errors import BadInput, StudioError
from core.tokenizer import IMAGE_TOKEN, TURN_END, VIDEO_TOKEN
from core.train.presets import TinySize
from core.train.tiles import Tiling
from core.train.tokenizer import CHAT_TEMPLATE

transformers_logging.disable_progress_bar()  # a run's log is a file

MODULES = ("vision", "projector", "language")
FROZEN = "frozen"

_HALF = [0.5, 0.5, 0.5]
"""SigLIP's mean and spread; the processor's own default is another tower's."""


class TowerMissing(StudioError):
    """A pretrained part is neither in the local cache nor reachable."""


def module_of(parameter: str) -> str:
    """Which module a parameter belongs to; `frozen` is what nothing ever trains.

    The vision tower's last norm is behind the features the projector reads: it never gets a gradient.
    """
    if "post_layernorm" in parameter:
        return FROZEN
    if ".vision_tower." in parameter or parameter.startswith("vision_tower."):
        return "vision"
    if "multi_modal_projector" in parameter or "image_newline" in parameter:
        return "projector"
    return "language"


def set_trainable(model: Any, modules: Collection[str]) -> None:
    """Gradients for the parameters of these modules and no others."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(module_of(name) in modules)


def weights_hash(model: Any) -> dict[str, str]:
    """sha256 of each module's parameters by name, and of all of them under `all`."""
    digests = {module: hashlib.sha256() for module in (*MODULES, FROZEN)}
    for name, parameter in sorted(model.named_parameters()):
        tensor = parameter.detach().cpu().contiguous()
        digest = digests[module_of(name)]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(memoryview(tensor.reshape(-1).view(torch.uint8).numpy()))
    result = {module: digest.hexdigest() for module, digest in digests.items()}
    result["all"] = hashlib.sha256("".join(result.values()).encode()).hexdigest()
    return result


def num_parameters(model: Any) -> dict[str, int]:
    """Parameters by module; tied weights count once."""
    counts = dict.fromkeys((*MODULES, FROZEN), 0)
    for name, parameter in model.named_parameters():
        counts[module_of(name)] += parameter.numel()
    return counts


def tile_side(model: Any) -> tuple[int, int]:
    """(tile side in pixels, image tokens along it) of a model's vision tower."""
    vision = model.config.vision_config
    return int(vision.image_size), int(vision.image_size // vision.patch_size)


def set_resolution(model: Any, processor: Any, tiling: Tiling) -> None:
    """Write a stage's resolution into all four homes: two in the config, two in the processor."""
    px, patches = tile_side(model)
    if (tiling.px, tiling.patches) != (px, patches):
        raise BadInput(
            f"The stage's tile side of {tiling.px} px does not fit the vision tower, which sees {px} px.",
            f"Set resolution.px to {px} in every stage and let max_tiles grow instead.",
        )
    pinpoints = [list(grid) for grid in tiling.pinpoints]
    model.config.image_grid_pinpoints = pinpoints
    model.config.vision_aspect_ratio = tiling.aspect_ratio
    processor.image_processor.image_grid_pinpoints = [list(grid) for grid in pinpoints]
    processor.vision_aspect_ratio = tiling.aspect_ratio


def resolution_homes(model: Any, processor: Any) -> list[tuple[list[list[int]], str]]:
    """What the config and the processor say; training refuses to start when they differ."""
    return [
        ([list(grid) for grid in model.config.image_grid_pinpoints], model.config.vision_aspect_ratio),
        ([list(grid) for grid in processor.image_processor.image_grid_pinpoints], processor.vision_aspect_ratio),
    ]


def build_processor(tokenizer: Any, px: int, patches: int) -> Any:
    """The processor that is saved beside the weights, with SigLIP's normalisation and our chat format."""
    size = {"height": px, "width": px}
    return LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessor(
            size=size, image_mean=_HALF, image_std=_HALF, image_grid_pinpoints=[[px, px]]
        ),
        video_processor=LlavaOnevisionVideoProcessor(size=size, image_mean=_HALF, image_std=_HALF),
        tokenizer=tokenizer,
        num_image_tokens=patches**2,
        vision_feature_select_strategy="full",
        chat_template=CHAT_TEMPLATE,
        vision_aspect_ratio="anyres_max_1",
    )


def build_tiny(tokenizer: Any, px: int, size: TinySize, seed: int) -> Any:
    """A small random model over a tokenizer; the same seed gives the same weights."""
    if px < size.patches:
        raise BadInput(
            f"A tile of {px} px is too small for {size.patches} patches.", "Set resolution.px to 56 or more."
        )
    vision = SiglipVisionConfig(
        hidden_size=size.vision_hidden_size,
        intermediate_size=2 * size.vision_hidden_size,
        num_hidden_layers=size.vision_num_layers,
        num_attention_heads=size.num_heads,
        image_size=px,
        patch_size=px // size.patches,
        vision_use_head=False,
    )
    text = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden_size,
        intermediate_size=3 * size.hidden_size,
        num_hidden_layers=size.num_layers,
        num_attention_heads=size.num_heads,
        num_key_value_heads=max(size.num_heads // 2, 1),
        max_position_embeddings=32768,
        initializer_range=size.initial_std,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _ending(LlavaOnevisionForConditionalGeneration(_config(vision, text, tokenizer)), tokenizer)


def build_from_towers(vision_tower: str, language_tower: str, tokenizer: Any, seed: int) -> Any:
    """Two pretrained towers and a random projector. The vision tower loses its head and its last layer: the features
    are those of the last layer that is left, so every parameter that is left gets a gradient."""
    vision_config = _load("vision", vision_tower, AutoConfig.from_pretrained, vision_tower)
    vision_config = getattr(vision_config, "vision_config", vision_config)
    if not isinstance(vision_config, SiglipVisionConfig):
        raise BadInput(
            f"The vision tower {vision_tower!r} is of the type {vision_config.model_type!r}.",
            "Use a SigLIP tower in model.towers.vision.",
        )
    vision_config.num_hidden_layers -= 1
    vision_config.vision_use_head = False
    vision = _load("vision", vision_tower, _from_pretrained(SiglipVisionModel), vision_tower, config=vision_config)
    language = _load("language", language_tower, _from_pretrained(AutoModelForCausalLM), language_tower)
    if len(tokenizer) > language.config.vocab_size:
        language.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=64)
    config = _config(vision.config, language.config, tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlavaOnevisionForConditionalGeneration(config).float()
    model.model.vision_tower.load_state_dict(vision.state_dict())
    model.model.language_model.load_state_dict(language.model.state_dict())
    if not config.tie_word_embeddings:
        model.lm_head.load_state_dict(language.lm_head.state_dict())
    return _ending(model, tokenizer)


def _config(vision: Any, text: Any, tokenizer: Any) -> Any:
    text.eos_token_id = _token(tokenizer, TURN_END)
    text.pad_token_id = tokenizer.pad_token_id
    return LlavaOnevisionConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=_token(tokenizer, IMAGE_TOKEN),
        video_token_index=_token(tokenizer, VIDEO_TOKEN),
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        image_grid_pinpoints=[[vision.image_size, vision.image_size]],
        vision_aspect_ratio="anyres_max_1",
        tie_word_embeddings=bool(text.tie_word_embeddings),
    )


def _ending(model: Any, tokenizer: Any) -> Any:
    """The model with the end of a turn as the end of generation, for whoever loads the folder."""
    model.generation_config.eos_token_id = _token(tokenizer, TURN_END)
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def _token(tokenizer: Any, token: str) -> int:
    return int(tokenizer.convert_tokens_to_ids(token))


def _from_pretrained(kind: Any) -> Any:
    return lambda path, **options: kind.from_pretrained(path, dtype=torch.float32, **options)


def _load(part: str, tower: str, load: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return load(*arguments, **options)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise TowerMissing(
            f"The {part} tower {tower!r} could not be loaded: {reason}",
            f"Download it where there is a network with `hf download {tower} --local-dir FOLDER`, bring the folder here, "
            f"and set model.towers.{part} in the recipe to its path; or train with the preset `tiny`.",
        ) from error


def load_model(path: Path, **options: Any) -> Any:
    """A saved model in float32. Only `from_pretrained` knows the names in the file; a raw load would drop weights."""
    try:
        return LlavaOnevisionForConditionalGeneration.from_pretrained(path, dtype=torch.float32, **options)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} is not a model folder: {error}", "Give the folder of a finished run's model."
        ) from error


def load_processor(path: Path) -> Any:
    try:
        return LlavaOnevisionProcessor.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} holds no processor: {error}", "Give the folder of a finished run's model.") from error

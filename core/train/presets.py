"""The two model sizes: `tiny` learns from nothing on a CPU in minutes, `aquila-vl-2b` is the published architecture.

A preset is numbers only: sizes or towers, what fits into a micro-batch, and the stages its authors used.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadInput
from core.train.plan import Limits


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TinySize(Frozen):
    """A model small enough to learn on two CPU cores; random weights."""

    vocab_size: int = Field(2048, ge=300, le=65536, description="Entries of the tokenizer learnt on the mixture.")
    hidden_size: int = Field(160, ge=16, le=1024, description="Width of the language model.")
    num_layers: int = Field(2, ge=1, le=32, description="Layers of the language model.")
    num_heads: int = Field(4, ge=1, le=32, description="Attention heads of both towers.")
    vision_hidden_size: int = Field(96, ge=16, le=1024, description="Width of the vision tower.")
    vision_num_layers: int = Field(2, ge=1, le=32, description="Layers of the vision tower.")
    patches: int = Field(7, ge=2, le=32, description="Image tokens along the side of a tile.")
    initial_std: float = Field(0.06, gt=0, le=1, description="Spread of the language model's random weights.")


class Preset(Frozen):
    """How a model size is trained."""

    description: str = Field(description="One sentence for the page.")
    vision: str | None = Field(None, description="Vision tower: a hub id or a folder; none when weights are random.")
    language: str | None = Field(None, description="Language tower: a hub id or a folder.")
    document_tokens: int = Field(ge=64, description="Longer samples are left out, with a count.")
    batch_tokens: int = Field(ge=64, description="Most tokens of a micro-batch, padding included.")
    batch_tiles: int = Field(ge=1, description="Most tiles of a micro-batch.")
    betas: tuple[float, float] = Field(description="AdamW's averaging of gradients and of their squares.")
    gradient_checkpointing: bool = Field(
        False, description="Recompute activations: a third more time, far less memory."
    )
    stages: tuple[dict[str, Any], ...] = Field(
        (), description="The published stages, as a recipe has them, without parts."
    )

    @property
    def limits(self) -> Limits:
        return Limits(self.document_tokens, self.batch_tokens, self.batch_tiles)


def _published(name: str, max_tiles: int, tokens_per_sample: int) -> dict[str, Any]:
    """A stage of the four-stage training. A step there is 512 samples; a recipe counts tokens, so 512 typical ones."""
    first = name == "1"
    return {
        "name": name,
        "resolution": {"mode": "square" if first else "anyres", "px": 384, "max_tiles": max_tiles},
        "trainable": ["projector"] if first else ["vision", "projector", "language"],
        # The vision tower at a fifth: the practice of the code base these stages were run with.
        "lr": {"projector": 1e-3} if first else {"vision": 2e-6, "projector": 1e-5, "language": 1e-5},
        "tokens_per_step": 512 * tokens_per_sample,
        "epochs": 1,
        "warmup_share": 0.03,
    }


PRESETS: dict[str, Preset] = {
    "tiny": Preset(
        description="One to two million parameters with random weights; four stages on the sample data in minutes on two cores.",
        document_tokens=2048,
        batch_tokens=4096,
        batch_tiles=96,
        betas=(0.9, 0.95),
    ),
    "aquila-vl-2b": Preset(
        description="Qwen2.5-1.5B with SigLIP so400m: 1.95B parameters, six published sub-stages; needs a large GPU.",
        vision="google/siglip-so400m-patch14-384",
        language="Qwen/Qwen2.5-1.5B-Instruct",
        document_tokens=32768,
        batch_tokens=32768,
        batch_tiles=48,
        betas=(0.9, 0.999),
        gradient_checkpointing=True,
        stages=(
            _published("1", 1, 800),
            _published("2a", 4, 2600),
            _published("2b", 9, 4800),
            _published("2c", 16, 7500),
            _published("3", 36, 12000),
            _published("4", 36, 12000),
        ),
    ),
}


def preset(name: str) -> Preset:
    """A preset by name; an unknown name lists the known ones."""
    if name not in PRESETS:
        raise BadInput(
            f"There is no preset {name!r}.", f"Use one of {', '.join(PRESETS)} in the recipe's model.preset."
        )
    return PRESETS[name]

"""Short answers from a model: greedy, in batches, with pictures cut exactly as the model saw them in training.

Used for the sample predictions at the end of a stage, for evaluation and for trying a model out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from core.errors import BadInput
from core.train.checkpoint import read_record
from core.train.data import images_per_sample
from core.train.encode import IMAGE_MARKS, Encoder, Unusable
from core.train.model import load_model, load_processor, tile_side
from core.train.tiles import Tiling

Turns = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Prompt:
    """The turns so far, the last one human, and their pictures in reading order (RGB)."""

    turns: tuple[tuple[str, str], ...]
    images: tuple[Image.Image, ...] = ()


class Speaker:
    """A model ready to answer."""

    def __init__(self, model: Any, encoder: Encoder, tiling: Tiling) -> None:
        self.model, self.encoder, self.tiling = model, encoder, tiling

    @classmethod
    def load(cls, model_dir: Path, device: str = "cpu") -> Speaker:
        """From a saved folder. One without our record is taken at the resolution its own config names."""
        record = read_record(model_dir)
        model = load_model(model_dir).to(device).eval()
        processor = load_processor(model_dir)
        if record is not None:
            return cls(model, Encoder(processor.tokenizer), record.tiling)
        px, patches = tile_side(model)
        name = str(model.config.vision_aspect_ratio)
        return cls(
            model, Encoder(processor.tokenizer), Tiling("anyres", px, patches, int(name.removeprefix("anyres_max_")))
        )

    def answer(self, prompts: Sequence[Prompt], max_new_tokens: int = 16) -> list[str]:
        """One answer per prompt; the batch is padded on the left to its longest prompt."""
        documents, tiles, sizes = [], [], []
        for prompt in prompts:
            pictures = prompt.images
            costs = [self.tiling.num_tokens(*picture.size, len(pictures)) for picture in pictures]
            try:
                documents.append(self.encoder.prompt(prompt.turns, costs))
            except Unusable as unusable:
                raise BadInput(
                    f"The prompt has another number of <image> marks than its {len(pictures)} pictures."
                    if str(unusable) == IMAGE_MARKS
                    else f"The prompt cannot be used: {unusable}.",
                    "Put one <image> where each picture belongs, or leave the marks out.",
                ) from unusable
            tiles += [self.tiling.cut(picture, len(pictures)) for picture in pictures]
            sizes += [(picture.height, picture.width) for picture in pictures]
        longest = max(len(document) for document in documents)
        ids = np.full((len(documents), longest), self.encoder.padding_id, dtype=np.int64)
        mask = np.zeros((len(documents), longest), dtype=np.int64)
        for place, document in enumerate(documents):
            ids[place, longest - len(document) :] = document
            mask[place, longest - len(document) :] = 1
        device = self.model.device
        pictures_in: dict[str, Any] = {}
        if tiles:
            pictures_in = {
                "pixel_values": normalise(torch.from_numpy(np.concatenate(tiles)).to(device)),
                "image_sizes": torch.tensor(sizes, device=device),
                "batch_num_images": torch.tensor(images_per_sample(self.tiling, [len(p.images) for p in prompts])),
            }
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=torch.from_numpy(ids).to(device),
                attention_mask=torch.from_numpy(mask).to(device),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                eos_token_id=self.encoder.turn_end_id,
                pad_token_id=self.encoder.padding_id,
                **pictures_in,
            )
        return [self.encoder.answer(row) for row in out[:, longest:].tolist()]


def normalise(tiles: torch.Tensor) -> torch.Tensor:
    """Bytes to the vision tower's range: a mean and a spread of 0.5 each, so 0..255 becomes -1..1. On the device."""
    return tiles.to(torch.float32).div_(127.5).sub_(1.0)

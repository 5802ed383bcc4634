"""The embedding `open_clip`: pictures and wording as a CLIP model sees them, with weights somebody else trained.

Weights come from the Hugging Face cache or from a path; nothing is downloaded here. Slow without a GPU: about 17 pictures a
second on 2 cores for ViT-B-32.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadInput
from core.evidence.embedder import Embedded, SampleView, unit_rows
from core.store import Store

_THUMBNAIL_PX = 256
_DECODE_ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
_WEIGHT_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")


class OpenClipSettings(BaseModel):
    """Which model and which weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        "ViT-B-32", description="Name of the architecture in open_clip, or the path of a model config (JSON)."
    )
    weights: str = Field(
        "laion2b_s34b_b79k", description="Tag of pretrained weights in open_clip, or the path of a checkpoint file."
    )
    batch_size: int = Field(64, ge=1, le=4096, description="Pictures embedded at once.")
    image_weight: float = Field(0.5, ge=0, le=1, description="Share of the picture; the rest is the wording.")


class OpenClip:
    """The embedder; make one with `load_open_clip`."""

    name = "open_clip"

    def __init__(
        self, store: Store, settings: OpenClipSettings, model: Any, preprocess: Any, tokenizer: Any, model_hash: str
    ) -> None:
        self._store, self._chosen = store, settings
        self._model, self._preprocess, self._tokenizer = model, preprocess, tokenizer
        self._model_hash = model_hash
        self._device = next(model.parameters()).device
        self._image_px = _image_px(model)
        self._width = int(self.embed_texts(["a"]).shape[1])

    @property
    def version(self) -> str:
        """Architecture and the first digits of the hash of its weights."""
        plain = re.sub(r"[^a-z0-9]+", "-", Path(self._chosen.model).stem.lower()).strip("-") or "model"
        return f"{plain if plain[0].isalpha() else 'm' + plain}-{self._model_hash[:8]}"

    @property
    def num_dimensions(self) -> int:
        return 2 * self._width

    @property
    def settings(self) -> dict[str, Any]:
        return {
            **self._chosen.model_dump(exclude={"batch_size"}),
            "model_name": self._chosen.model,
            "model": self._model_hash,
        }

    def embed(self, samples: Sequence[SampleView]) -> Embedded:
        """[N, 2 x width] float32, unit length: picture half (mean over images; zero without) and wording half."""
        pictures, failures = self._pictures(samples)
        share = self._chosen.image_weight
        texts = np.concatenate(
            [self.embed_texts([one.text for one in part]) for part in _parts(samples, self._chosen.batch_size)]
        )
        has_text = np.array([bool(sample.text.strip()) for sample in samples], dtype=bool)[:, None]
        joined = np.concatenate(
            [pictures * np.sqrt(share), np.where(has_text, texts, 0.0) * np.sqrt(1 - share)], axis=1
        )
        vectors = unit_rows(joined)
        for row in np.flatnonzero(~vectors.any(axis=1)):
            failures.setdefault(int(row), "neither a picture nor a text to embed")
        vectors[list(failures)] = np.nan
        return Embedded(vectors, failures)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[N, width] unit length; a text longer than the model's context is cut there."""
        import torch

        with torch.inference_mode():
            made = self._model.encode_text(self._tokenizer(list(texts)).to(self._device), normalize=True)
        return np.asarray(made.float().cpu().numpy(), dtype=np.float32)

    def _pictures(self, samples: Sequence[SampleView]) -> tuple[NDArray[np.float32], dict[int, str]]:
        """[N, width]: unit-length mean over a sample's images, zero without one; and failures by row."""
        import torch

        keys = list(dict.fromkeys(key for sample in samples for key in sample.image_keys))
        seen: dict[str, NDArray[np.float32] | str] = {}
        for part in _parts(keys, self._chosen.batch_size):
            tensors, good = [], []
            for key, picture in self._decoded(part).items():
                if isinstance(picture, str):
                    seen[key] = picture
                else:
                    tensors.append(self._preprocess(picture))
                    good.append(key)
            if good:
                with torch.inference_mode():
                    made = self._model.encode_image(torch.stack(tensors).to(self._device), normalize=True)
                seen.update(zip(good, made.float().cpu().numpy(), strict=True))
        found = np.zeros((len(samples), self._width), dtype=np.float32)
        failures: dict[int, str] = {}
        for row, sample in enumerate(samples):
            parts = [seen[key] for key in sample.image_keys]
            reasons = [part for part in parts if isinstance(part, str)]
            if reasons:
                failures[row] = reasons[0]
            elif parts:
                found[row] = np.mean([part for part in parts if not isinstance(part, str)], axis=0)
        return unit_rows(found), failures

    def _decoded(self, keys: Sequence[str]) -> dict[str, Image.Image | str]:
        """RGB pictures by key: the thumbnail where the model needs no more pixels, else the stored bytes."""
        columns = ["image_key", "thumbnail", *(["bytes"] if self._image_px > _THUMBNAIL_PX else [])]
        stored = {row["image_key"]: row for row in self._store.images(keys, columns).to_pylist()}
        found: dict[str, Image.Image | str] = {}
        for key in keys:
            row = stored.get(key, {})
            data = row.get("bytes") or row.get("thumbnail")
            if data is None:
                found[key] = "the image has no thumbnail"
                continue
            try:
                with Image.open(io.BytesIO(data)) as image:
                    found[key] = image.convert("RGB")
            except _DECODE_ERRORS as error:
                found[key] = f"the image cannot be decoded ({type(error).__name__})"
        return found


def load_open_clip(store: Store, settings: OpenClipSettings) -> OpenClip:
    """The model with its weights; BadInput says what to do when they are not on this machine."""
    import open_clip
    import torch

    name = settings.model
    if name.endswith(".json"):
        path = Path(name).expanduser()
        if not path.is_file():
            raise BadInput(
                f"The model config {path} does not exist.",
                "Give the path of a model config, or the name of an architecture.",
            )
        open_clip.add_model_config(path)
        name = path.stem
    if name not in open_clip.list_models():
        raise BadInput(
            f"open_clip has no model {name!r}.",
            "`open_clip.list_models()` in Python lists them; or give the path of a model config (JSON).",
        )
    checkpoint = find_weights(name, settings.weights)
    try:
        model, _, preprocess = open_clip.create_model_and_transforms(name, pretrained=str(checkpoint))
    except (RuntimeError, KeyError, ValueError, OSError) as error:
        raise BadInput(
            f"The weights {checkpoint} do not fit the model {name} ({str(error).strip().splitlines()[0][:160]}).",
            "Give the checkpoint of this architecture, or name the architecture it belongs to.",
        ) from error
    model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
    return OpenClip(store, settings, model, preprocess, open_clip.get_tokenizer(name), _file_hash(checkpoint))


def find_weights(model: str, weights: str) -> Path:
    """The checkpoint file of a tag (from the Hugging Face cache) or of a path; BadInput with the command that gets it."""
    import open_clip

    path = Path(weights).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        for name in _WEIGHT_FILES:
            if (path / name).is_file():
                return path / name
        raise BadInput(
            f"{path} holds none of {', '.join(_WEIGHT_FILES)}.", "Give the path of the checkpoint file itself."
        )
    if "/" in weights or path.suffix in (".pt", ".bin", ".safetensors"):
        raise BadInput(
            f"The weights {path} do not exist.",
            "Give the path of a checkpoint file, or a tag such as laion2b_s34b_b79k.",
        )
    tags = open_clip.list_pretrained_tags_by_model(model)
    if weights not in tags:
        known = ", ".join(tags[:8]) or "none, so give the path of a checkpoint file"
        raise BadInput(f"The model {model} has no weights {weights!r}.", f"Known tags: {known}.")
    repository = str(open_clip.get_pretrained_cfg(model, weights).get("hf_hub") or "").rstrip("/")
    if not repository:
        raise BadInput(
            f"The weights {weights} of {model} are not on the Hugging Face hub.",
            "Download them and give the path of the file.",
        )
    from huggingface_hub import try_to_load_from_cache

    for name in _WEIGHT_FILES:
        found = try_to_load_from_cache(repository, name)
        if isinstance(found, str):
            return Path(found)
    raise BadInput(
        f"The weights {weights} of {model} are not on this machine.",
        f"Run `hf download {repository} {_WEIGHT_FILES[0]}` once, or give the path of a checkpoint file as weights.",
    )


def _image_px(model: Any) -> int:
    size = getattr(model.visual, "image_size", _THUMBNAIL_PX)
    return int(max(size)) if isinstance(size, (tuple, list)) else int(size)


def _file_hash(path: Path) -> str:
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _parts(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [values[start : start + size] for start in range(0, len(values), size)]

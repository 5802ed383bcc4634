"""The embedding `descriptors`: image layout, colours, edges and latent text semantics, learnt on the workspace itself.

It needs no weights and no network. It sees how a sample looks and how it is worded, not what a picture means: near
duplicates, templates, document types and topics lie together; two different photographs of one thing may not.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadData
from core.evidence.embedder import Embedded, SampleView, unit_rows
from core.evidence.looks import BLOCKS, RAW_WIDTH, Looks
from core.evidence.text_semantics import TextSemantics
from core.workspace import Workspace, write_json

VERSION = "1"
_WIDTHS = {"layout": 24, "colours": 20, "edges": 32, "text": 115}
_BIAS = 1
"""One constant last dimension: it gives a sample with neither picture nor known word a length, so every vector has one."""

NUM_DIMENSIONS = sum(_WIDTHS.values()) + _BIAS


class DescriptorSettings(BaseModel):
    """How much each part counts, and on how many samples it is learnt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout_weight: float = Field(0.2, ge=0, le=1, description="Share of where bright, dark and coloured areas lie.")
    colours_weight: float = Field(0.1, ge=0, le=1, description="Share of the colours, wherever they lie.")
    edges_weight: float = Field(0.2, ge=0, le=1, description="Share of edge directions and strength by place.")
    text_weight: float = Field(0.5, ge=0, le=1, description="Share of the wording.")
    learn_samples: int = Field(
        20_000, ge=16, le=200_000, description="Samples it is learnt on; all when there are fewer."
    )
    seed: int = Field(0, ge=0, description="Seed of the text projection and of which samples are learnt on.")


@dataclass(frozen=True)
class _Block:
    """A part's principal directions: centred, half whitened, of mean square length 1 where it was learnt."""

    mean: NDArray[np.float32]
    """[R]"""
    basis: NDArray[np.float32]
    """[R, K], scaled"""

    @classmethod
    def learn(cls, values: NDArray[np.float32], num_dimensions: int) -> _Block:
        mean = values.mean(axis=0, dtype=np.float64)
        centred = values.astype(np.float64) - mean
        variances, directions = np.linalg.eigh(centred.T @ centred / max(len(values), 1))
        order = np.argsort(-variances, kind="stable")[:num_dimensions]
        variances, directions = np.maximum(variances[order], 0.0), directions[:, order]
        directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(order))])
        kept = variances > 1e-9 * max(variances.max(initial=0.0), 1e-6)
        half_white = np.where(kept, np.power(np.where(kept, variances, 1.0), -0.25), 0.0)
        total = float((variances * half_white**2).sum())
        basis = np.zeros((values.shape[1], num_dimensions), dtype=np.float32)
        if total > 0:
            basis[:, : len(order)] = directions * half_white / np.sqrt(total)
        return cls(mean.astype(np.float32), basis)

    def project(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """[N, K] of length just below 1 and less only for what is close to the mean."""
        placed = (values - self.mean) @ self.basis
        length = np.sqrt((placed * placed).sum(axis=1, keepdims=True) + 0.05)
        return np.asarray(placed / length, dtype=np.float32)


class Descriptors:
    """The embedder; make one with `learn`, or `load` the one a workspace keeps."""

    name = "descriptors"
    version = VERSION
    num_dimensions = NUM_DIMENSIONS

    def __init__(
        self,
        made_with: DescriptorSettings,
        num_learnt: int,
        text: TextSemantics,
        blocks: dict[str, _Block],
        looks: Looks,
    ) -> None:
        self.made_with = made_with
        self.num_learnt = num_learnt
        self._text = text
        self._blocks = blocks
        self._looks = looks
        said = made_with.model_dump_json().encode() + b"\n"
        self.model_hash = blake2b(said + _packed(self._arrays()), digest_size=16).hexdigest()

    @property
    def settings(self) -> dict[str, Any]:
        return {**self.made_with.model_dump(), "num_learnt": self.num_learnt, "model": self.model_hash}

    # -- learning and keeping -----------------------------------------------------------------------------------------

    @classmethod
    def learn(cls, samples: Sequence[SampleView], looks: Looks, settings: DescriptorSettings) -> Descriptors:
        """Learn on samples; the same samples in the same order give the same model."""
        text = TextSemantics.learn([sample.text for sample in samples], _WIDTHS["text"], settings.seed)
        raw, has_picture, _ = _raw(samples, looks)
        pictured = raw[has_picture]
        blocks = {
            name: _Block.learn(
                pictured[:, columns] if len(pictured) else np.zeros((1, _width(columns)), np.float32), _WIDTHS[name]
            )
            for name, columns in _columns().items()
        }
        worded = text.project([sample.text for sample in samples])
        blocks["text"] = _Block.learn(
            worded if len(worded) else np.zeros((1, _WIDTHS["text"]), np.float32), _WIDTHS["text"]
        )
        return cls(settings, len(samples), text, blocks, looks)

    def save(self, workspace: Workspace) -> Path:
        """Keep the model in the workspace, replacing an earlier one; a killed process leaves one or the other."""
        folder = model_dir(workspace)
        partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        with (partial / "model.npz").open("wb") as file:
            np.savez(file, allow_pickle=False, **self._arrays())
        write_json(partial / "model.json", {**self.settings, "version": VERSION})
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
        return folder

    @classmethod
    def load(cls, workspace: Workspace, looks: Looks) -> Descriptors | None:
        """The model the workspace keeps; None when there is none yet, BadData when its hash does not fit."""
        folder = model_dir(workspace)
        if not (folder / "model.json").is_file():
            return None
        remedy = f"Delete {folder} and run `winnow prepare` again; it learns a new one."
        try:
            said = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            with np.load(folder / "model.npz", allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            made_with = DescriptorSettings(**{key: said[key] for key in DescriptorSettings.model_fields})
            blocks = {name: _Block(arrays[f"{name}_mean"], arrays[f"{name}_basis"]) for name in _WIDTHS}
            text = TextSemantics(arrays["features"], arrays["weights"], arrays["components"])
            model = cls(made_with, int(said["num_learnt"]), text, blocks, looks)
            kept_hash = said["model"]
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise BadData(
                f"The embedding model in {folder} cannot be read ({type(error).__name__}: {error}).", remedy
            ) from error
        if model.model_hash != kept_hash:
            raise BadData(
                f"The embedding model in {folder} is not the one that was written (its hash differs).", remedy
            )
        return model

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {
            "features": self._text.features,
            "weights": self._text.weights,
            "components": self._text.components,
        }
        for name in _WIDTHS:
            arrays[f"{name}_mean"] = self._blocks[name].mean
            arrays[f"{name}_basis"] = self._blocks[name].basis
        return arrays

    # -- using --------------------------------------------------------------------------------------------------------

    def embed(self, samples: Sequence[SampleView]) -> Embedded:
        """[N, 192] float32, unit length. Several images count as their mean; without one the image parts are zero."""
        raw, has_picture, failures = _raw(samples, self._looks)
        weights = {name: float(getattr(self.made_with, f"{name}_weight")) for name in _WIDTHS}
        parts = []
        for name, columns in _columns().items():
            part = self._blocks[name].project(raw[:, columns])
            parts.append(np.where(has_picture[:, None], part, 0.0) * np.sqrt(weights[name]))
        worded = self._text.project([sample.text for sample in samples])
        has_words = np.abs(worded).sum(axis=1, keepdims=True) > 0
        parts.append(np.where(has_words, self._blocks["text"].project(worded), 0.0) * np.sqrt(weights["text"]))
        parts.append(np.full((len(samples), _BIAS), 0.05, dtype=np.float32))
        vectors = unit_rows(np.concatenate(parts, axis=1).astype(np.float32))
        vectors[list(failures)] = np.nan
        return Embedded(vectors, failures)


def model_dir(workspace: Workspace) -> Path:
    """Where a workspace keeps the model."""
    return workspace.path / "models" / f"{Descriptors.name}-{VERSION}"


def _columns() -> dict[str, slice]:
    """Where each picture part stands in a raw descriptor."""
    ends = np.cumsum(list(BLOCKS.values()))
    return {name: slice(int(end) - width, int(end)) for (name, width), end in zip(BLOCKS.items(), ends, strict=True)}


def _width(columns: slice) -> int:
    return int(columns.stop - columns.start)


def _raw(samples: Sequence[SampleView], looks: Looks) -> tuple[NDArray[np.float32], NDArray[np.bool_], dict[int, str]]:
    """Raw descriptors [N, RAW_WIDTH] (mean over images), whether there is a picture [N], and failures by row."""
    seen = looks.of([key for sample in samples for key in sample.image_keys])
    raw = np.zeros((len(samples), RAW_WIDTH), dtype=np.float32)
    has_picture = np.zeros(len(samples), dtype=np.bool_)
    failures: dict[int, str] = {}
    for row, sample in enumerate(samples):
        found = [seen[key] for key in sample.image_keys]
        reasons = [one for one in found if isinstance(one, str)]
        if reasons:
            failures[row] = reasons[0]
        elif found:
            raw[row] = np.mean([one.raw for one in found if not isinstance(one, str)], axis=0, dtype=np.float32)
            has_picture[row] = True
    return raw, has_picture, failures


def _packed(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Names, shapes and bytes of arrays, for the hash."""
    packed = io.BytesIO()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        packed.write(f"{name} {values.dtype.str} {values.shape}\n".encode())
        packed.write(values.tobytes())
    return packed.getvalue()

"""Pictures by what they show: a text against the picture half of the vectors an `open_clip` embedding has stored.

A stored vector is v = unit([sqrt(w) p | sqrt(1-w) t]): p the unit picture part (mean over a sample's pictures, zero without
one), t the unit text part (zero for an empty text), w the embedding's `image_weight`. Its first half is therefore c p with one
c > 0 for a sample, so for the unit vector q of a query text, made by the same model, the cosine of text and picture is

    cos(q, p) = q . v[:D] / |v[:D]|        D = half of the stored width

exactly, whatever w and whether the sample has a text or not. CLIP (Radford et al. 2021, arXiv 2103.00020) is trained so that
this is large for a picture and a text that describes it. Cost: one pass over the stored vectors; for 2 x 512 numbers (ViT-B-32)
about 0.8 s of processor time and 200 MB of reading per 100,000 samples. Not for finding words that are written in the
conversation: full-text search does that.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from core.errors import BadInput, MissingEvidence
from core.evidence.open_clip_embedding import OpenClip, OpenClipSettings, load_open_clip
from core.evidence.vectors import current_rows
from core.store import Store, evidence
from core.store.evidence import Producer
from core.workspace import Workspace

SPACE = "open_clip"
_SCAN_ROWS = 8192
_SMALLEST_HALF = 1e-3
"""A picture half shorter than this is the rounding of float16, not a picture."""


class TextModel(Protocol):
    """Whatever places texts where the stored pictures are; `OpenClip` is one."""

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        """[N, D] float32, unit length."""
        ...


@dataclass(frozen=True, eq=False)
class Likeness:
    """Samples with a picture by how like the text it is, best first; ties by sample id."""

    sample_ids: NDArray[np.uint64]
    """[K]"""
    cosines: NDArray[np.float32]
    """[K], -1 to 1"""
    num_without: int
    """Samples of the space without a picture, which a text cannot be like."""


def space_of(workspace: Workspace) -> Producer:
    """The embedding a text can be compared with; MissingEvidence says the command that makes one."""
    for who in evidence.producers(workspace.store, "embedding"):
        if who.name == SPACE:
            return who
    raise MissingEvidence(
        "Search by meaning needs an open_clip embedding, and this workspace has none.",
        f"Run `{prepare_command(workspace)}`; it says which weights to get when they are not on this machine.",
    )


def prepare_command(workspace: Workspace) -> str:
    """What to type to get an embedding a text can be compared with."""
    return f"winnow prepare {shlex.quote(str(workspace.path))} --embedding {SPACE}"


def load_text_model(store: Store, who: Producer) -> OpenClip:
    """The model an embedding was made with, from the settings kept beside it; BadInput when its weights are not here.

    Takes seconds and the model's memory: keep it.
    """
    said = evidence.settings_of(store, who)
    try:
        settings = OpenClipSettings(
            model=said["model_name"], weights=said["weights"], image_weight=said["image_weight"]
        )
        made_by = str(said["model"])
    except (KeyError, ValidationError) as error:
        raise BadInput(
            f"The embedding {who.name} {who.version} does not say with which model it was made.",
            f"Make it anew with `winnow prepare WORKSPACE --embedding {SPACE}`.",
        ) from error
    if settings.image_weight == 0:
        raise BadInput(
            f"The embedding {who.name} {who.version} holds no pictures (image_weight 0).",
            "Make one with a larger image_weight.",
        )
    model = load_open_clip(store, settings)
    if model.settings["model"] != made_by:
        raise BadInput(
            f"The weights {settings.weights} are not those the embedding {who.version} was made with.",
            f"Put those back, or run `winnow prepare WORKSPACE --embedding {SPACE}` to embed the pictures with the new ones.",
        )
    return model


def rank_by_text(store: Store, who: Producer, text: str, model: TextModel) -> Likeness:
    """All samples with a picture, by the cosine of the text with it."""
    if not text.strip():
        raise BadInput("There is no text to search for.", "Type what the pictures should show.")
    query = model.embed_texts([text.strip()])[0]
    ids, hashes, cosines = [], [], []
    for batch in store.scan(who.table, ["sample_id", "content_hash", "vector"], _SCAN_ROWS):
        vectors = batch.column("vector")
        width = vectors.type.list_size
        if width != 2 * len(query):
            raise BadInput(
                f"The model gives {len(query)} numbers for a text, the embedding keeps {width // 2} of a picture.",
                f"Run `winnow prepare WORKSPACE --embedding {SPACE}` again.",
            )
        flat = vectors.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
        pictures = flat[:, : width // 2].astype(np.float32)
        length = np.linalg.norm(pictures, axis=1)
        seen = length > _SMALLEST_HALF
        cosines.append(np.divide(pictures @ query, length, out=np.full(len(length), np.nan, np.float32), where=seen))
        ids.append(batch.column("sample_id"))
        hashes.append(batch.column("content_hash"))
    if not ids:
        return Likeness(np.zeros(0, np.uint64), np.zeros(0, np.float32), 0)
    said = pa.table({"sample_id": pa.chunked_array(ids), "content_hash": pa.chunked_array(hashes)})
    rows = current_rows(store, said)  # by sample id, which the stable sort below keeps among equals
    values = np.concatenate(cosines)[rows]
    known = rows[np.argsort(-values, kind="stable")][: int((~np.isnan(values)).sum())]
    everything = said["sample_id"].to_numpy()
    return Likeness(everything[known], np.concatenate(cosines)[known], len(rows) - len(known))

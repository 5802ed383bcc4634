"""Offline evidence from wording and structure: fourteen scores, styles, instruction tags, image tags. A heuristic, labelled so.

The lists it works with are the YAML files beside this module; people may edit them, and the version follows their content.
`judge` is the whole producer, a pure function over a batch; `image_facts` prepares what it needs to know of pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.evidence.rules.cues import Conversation, read_cues
from core.evidence.rules.facts import ImageFacts, image_facts
from core.evidence.rules.language import Language
from core.evidence.rules.scores import score
from core.evidence.rules.styles import styles
from core.evidence.rules.tags import image_tags, instruction_tags

PRODUCER = "rules"
_CODE_VERSION = 1
_FOLDER = Path(__file__).parent


def _content_version() -> str:
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted(_FOLDER.glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return f"{_CODE_VERSION}-{digest.hexdigest()}"


VERSION: str = _content_version()
"""Changes with the code's number or with any of the data files, so that edited rules show as missing evidence."""


class RulesSettings(BaseModel):
    """What can be set about the rules; the lists themselves are the data files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_instruction_tags: int = Field(4, ge=1, le=20, description="Most instruction tags one sample may get")
    max_image_tags: int = Field(6, ge=1, le=30, description="Most image tags one sample may get")


class Judgement(NamedTuple):
    """What the rules say about a batch; every field has one entry per sample, in order."""

    scores: NDArray[np.float32]
    """[N, 14] from 0 to 5 in vocabulary order, NaN where the rules cannot tell (another language)"""
    styles: list[tuple[str, ...]]
    """in vocabulary order, empty where none could be told"""
    instruction_tags: list[tuple[str, ...]]
    """paths of the vocabulary, strongest first"""
    image_tags: list[tuple[str, ...]]
    """words of image_tags.yaml, strongest first; empty without a picture"""
    languages: tuple[Language, ...]


def judge(
    conversations: Sequence[Conversation],
    facts: Sequence[Sequence[ImageFacts]],
    num_images: Sequence[int],
    settings: RulesSettings | None = None,
) -> Judgement:
    """Everything the rules say about a batch of samples.

    `facts` holds, per sample, `image_facts` of the pictures that could be read; `num_images` how many it should have.
    """
    chosen = settings or RulesSettings()
    cues = read_cues(conversations, facts, num_images)
    return Judgement(
        scores=score(cues),
        styles=styles(cues),
        instruction_tags=instruction_tags(cues, chosen.max_instruction_tags),
        image_tags=image_tags(cues, chosen.max_image_tags),
        languages=cues.languages,
    )


__all__ = ["PRODUCER", "VERSION", "Conversation", "ImageFacts", "Judgement", "RulesSettings", "image_facts", "judge"]

"""Keys and orders that are the same on every machine: sample ids, content hashes, image keys, tie keys.

The reproducibility contract: 8-byte BLAKE2b for ids and purposes, splitmix64 for every order that depends on a seed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

MISSING = 255
"""The stored score of a cell nobody scored; 0 to 250 are scores 0 to 5 in fiftieths."""

SCORE_SCALE = 50
PURPOSES = ("random", "shuffle", "fold", "landmark", "label-queue")
"""Orders other than the tie key; each has a key of its own so that no two share picks."""

_HEX = re.compile(r"[0-9a-fA-F]{16}")
_UNIT_SEPARATOR = "\u001f"


def source_name(text: str) -> str:
    """A source's name as the contract wants it: NFC text without control characters; anything else is BadInput."""
    name = unicodedata.normalize("NFC", text)
    if not name.strip() or any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        raise BadInput(
            f"The source name {text!r} is empty or holds control characters.", "Give a plain name with --source NAME."
        )
    return name


def sample_id(source: str, original_id: str) -> int:
    """The uint64 key of a sample, from its source and its id there (both text, UTF-8)."""
    text = f"{source}{_UNIT_SEPARATOR}{original_id}"
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big")


def content_hash(turns: Sequence[tuple[str, str]], image_keys: Sequence[str]) -> str:
    """32 hex digits over a conversation and the contents of its images; changes when either changes."""
    payload = json.dumps([list(turn) for turn in turns], ensure_ascii=False, separators=(",", ":"))
    digest = blake2b(payload.encode("utf-8", "surrogatepass"), digest_size=16)
    for key in image_keys:
        digest.update(b"\x1f" + key.encode("ascii"))
    return digest.hexdigest()


def image_key(data: bytes) -> str:
    """32 hex digits: the 128-bit BLAKE2b of an image file's bytes."""
    return blake2b(data, digest_size=16).hexdigest()


def digest_of(value: Any) -> str:
    """32 hex digits over a JSON-able value, keys sorted; for snapshots, recipes and settings."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def id_hex(value: int) -> str:
    """A sample id as JSON, URLs, CSV and JavaScript hold it: 16 hex digits, since ids exceed 2^53."""
    return f"{int(value):016x}"


def id_from_hex(text: str) -> int:
    """The sample id 16 hex digits stand for; BadInput for anything else."""
    if not _HEX.fullmatch(text):  # int() alone would take signs, `0x`, underscores and blanks
        raise BadInput(f"{text!r} is not a sample id.", "Give 16 hexadecimal digits.")
    return int(text, 16)


def splitmix64(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64 of each element; x: [N] uint64, result [N] uint64, all arithmetic modulo 2^64."""
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _mixed(seed: int) -> np.uint64:
    return np.uint64(splitmix64(np.array([seed % 2**64], dtype=np.uint64))[0])


def tie_key(sample_ids: NDArray[np.uint64], seed: int = 0) -> NDArray[np.uint64]:
    """The order among equal values, ascending; sample_ids and result: [N] uint64."""
    return splitmix64(sample_ids ^ _mixed(seed))


def purpose_key(sample_ids: NDArray[np.uint64], seed: int, purpose: str) -> NDArray[np.uint64]:
    """The order for one of PURPOSES, ascending and independent of the tie key; [N] uint64 in and out."""
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose!r}")
    p = int.from_bytes(blake2b(purpose.encode("utf-8"), digest_size=8).digest(), "big")
    return splitmix64(sample_ids ^ _mixed((seed % 2**64) ^ p))


def encode_score(score: float | None) -> int:
    """A score of 0 to 5 as stored: round(score x 50), or MISSING for None and NaN."""
    if score is None or score != score:
        return MISSING
    if not 0 <= score <= 5:
        raise BadInput(f"The score {score} is not between 0 and 5.", "Scores are numbers from 0 to 5.")
    return round(score * SCORE_SCALE)


def encode_scores(scores: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """encode_score of each element; any shape, NaN becomes MISSING."""
    missing = np.isnan(scores)
    if bool(((scores < 0) | (scores > 5))[~missing].any()):
        raise BadInput("A score is not between 0 and 5.", "Scores are numbers from 0 to 5.")
    stored = np.rint(np.where(missing, 0.0, scores) * SCORE_SCALE).astype(np.uint8)
    return np.where(missing, np.uint8(MISSING), stored).astype(np.uint8)


def decode_scores(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Stored scores as 0 to 5; MISSING becomes NaN. Any shape."""
    return np.where(stored == MISSING, np.float32("nan"), stored.astype(np.float32) / SCORE_SCALE).astype(np.float32)

"""Byte-level BPE learnt on texts, with the special tokens of the Qwen chat format: one tokenizer to count with and to train with.

Token counts (`core.evidence.tokens`) and training runs (`core.train.tokenizer`) must split a text alike, or a budget in
tokens would not be what a run sees.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

IMAGE_TOKEN = "<image>"
VIDEO_TOKEN = "<video>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"
PADDING = "<|endoftext|>"
SPECIAL_TOKENS = (PADDING, TURN_START, TURN_END, IMAGE_TOKEN, VIDEO_TOKEN)

# Runs of letters with the space before them, one digit per token, runs of marks: as the Qwen family splits text.
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def learn_bpe(texts: Iterable[str], vocab_size: int) -> Any:
    """A `tokenizers.Tokenizer` learnt on texts; no text is unknown to it, and the same texts in the same order give the same one."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def bpe_hash(tokenizer: Any) -> str:
    """32 hex digits that name a `tokenizers.Tokenizer`: its vocabulary, merges and rules, not its folder."""
    text = json.dumps(json.loads(tokenizer.to_str()), sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def vocab_size_of(folder: Path) -> int | None:
    """Tokens of the tokenizer kept in a folder, special ones included; None when there is none that can be read."""
    try:
        said = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        return len({*said["model"]["vocab"], *(token["content"] for token in said["added_tokens"])})
    except (OSError, ValueError, KeyError, TypeError):  # what reads it next says what is wrong with it
        return None

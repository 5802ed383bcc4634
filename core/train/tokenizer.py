"""The words of a run: a byte-level BPE tokenizer learnt once per workspace, and the chat format of every model here.

Losses of two mixtures can only be compared over one tokenizer, so the first run's is kept in the workspace and handed
to the next ones. Marks such as `<image>` are special tokens that text can never produce.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import BadData, BadInput
from core.tokenizer import IMAGE_TOKEN, PADDING, TURN_END, TURN_START, VIDEO_TOKEN, bpe_hash, learn_bpe

TOKENIZER_DIR = "tokenizer"
"""Where a workspace, a run's data and a run keep theirs."""

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['content'] is string -%}{{- message['content'] -}}{%- else -%}"
    "{%- for item in message['content'] -%}"
    "{%- if item['type'] == 'image' -%}{{- '<image>\\n' -}}"
    "{%- elif item['type'] == 'text' -%}{{- item['text'] -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{{- '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""The turns of the Qwen family without a system prompt of its own; a picture is a mark and a line break."""


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Any:
    """A transformers tokenizer learnt on `texts`: byte-level BPE, so no text is unknown to it.

    The same texts in the same order give the same tokenizer.
    """
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=learn_bpe(texts, vocab_size),
        eos_token=TURN_END,
        pad_token=PADDING,
        additional_special_tokens=[TURN_START, IMAGE_TOKEN, VIDEO_TOKEN],
        clean_up_tokenization_spaces=False,
    )


def load_tokenizer(path: Path | str) -> Any:
    """The tokenizer in a folder or a model of the hub, with the picture marks added when it has none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(path))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The tokenizer {str(path)!r} could not be loaded: {_first_line(error)}",
            "Give a folder that holds tokenizer.json, or a hub id that is in the local cache or can be reached.",
        ) from error
    known = tokenizer.get_vocab()
    missing = [token for token in (TURN_START, TURN_END) if token not in known]
    if missing:
        raise BadInput(
            f"The tokenizer {str(path)!r} has no token {' and '.join(missing)}.",
            "Use a language tower of the Qwen family, whose chat format these tokens are.",
        )
    tokenizer.add_special_tokens({"additional_special_tokens": [TURN_START, TURN_END, IMAGE_TOKEN, VIDEO_TOKEN]})
    if tokenizer.pad_token is None:
        tokenizer.pad_token = PADDING if PADDING in known else TURN_END
    return tokenizer


def tokenizer_hash(tokenizer: Any) -> str:
    """32 hex digits that name a tokenizer: its vocabulary and merges, not its folder."""
    return bpe_hash(tokenizer.backend_tokenizer)


def recall(workspace_path: Path) -> Path | None:
    """The workspace's own tokenizer, or None before its first training run."""
    path = workspace_path / TOKENIZER_DIR
    return path if (path / "tokenizer.json").is_file() else None


def remember(workspace_path: Path, tokenizer_dir: Path) -> Path:
    """Keep a run's tokenizer as the workspace's own, unless it has one: the first run decides."""
    kept = recall(workspace_path)
    if kept is not None:
        return kept
    if not (tokenizer_dir / "tokenizer.json").is_file():
        raise BadData(
            f"{tokenizer_dir} holds no tokenizer.json.", "Give the tokenizer folder of a finished training run."
        )
    target = workspace_path / TOKENIZER_DIR
    partial = workspace_path / f".{TOKENIZER_DIR}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(tokenizer_dir, partial)
    try:
        partial.replace(target)
    except OSError:  # another run was faster
        if recall(workspace_path) is None:
            raise
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

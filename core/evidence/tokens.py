"""Text tokens per sample, by a tokenizer of the workspace's own: an estimate of what a model's tokenizer would count.

Byte-level BPE learnt on a sample of the workspace's texts, kept in WS/tokenizer and named by its hash. Its special tokens
are those of the Qwen chat format, so that a training run can use the same tokenizer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData
from core.store.ids import purpose_key
from core.tokenizer import IMAGE_TOKEN, PADDING, TURN_END, bpe_hash, learn_bpe
from core.workspace import Workspace, write_json

PRODUCER = "workspace"
_LEARN_SAMPLES = 20_000
_LEARN_CHARS = 4_000


class TextTokenizer:
    """A tokenizer that counts; `hash` names it."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        tokenizer.encode_special_tokens = True  # a text that spells `<|im_end|>` is only text
        self.hash = bpe_hash(tokenizer)

    @property
    def version(self) -> str:
        """Twelve digits of its hash: the version of its evidence."""
        return self.hash[:12]

    def count(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """[N] tokens of each text, image marks left out; special tokens a text spells out count as text."""
        plain = [text.replace(IMAGE_TOKEN, "") for text in texts]
        encoded = self._tokenizer.encode_batch_fast(plain, add_special_tokens=False)
        return np.array([len(one) for one in encoded], dtype=np.int32)

    def save(self, folder: Path) -> None:
        """Write tokenizer.json and what transformers needs beside it."""
        partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        self._tokenizer.save(str(partial / "tokenizer.json"))
        said = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": TURN_END,
            "pad_token": PADDING,
            "clean_up_tokenization_spaces": False,
        }
        write_json(partial / "tokenizer_config.json", said)
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)


def learn_tokenizer(texts: Iterable[str], vocab_size: int) -> TextTokenizer:
    """Byte-level BPE on texts; every text can be encoded, and the same texts in the same order give the same tokenizer."""
    return TextTokenizer(learn_bpe(texts, vocab_size))


def tokenizer_dir(workspace: Workspace) -> Path:
    """Where a workspace keeps its tokenizer."""
    return workspace.path / "tokenizer"


def workspace_tokenizer(workspace: Workspace, vocab_size: int) -> TextTokenizer:
    """The tokenizer of a workspace, learnt and kept when it has none yet; later texts do not change it."""
    folder = tokenizer_dir(workspace)
    path = folder / "tokenizer.json"
    if path.is_file():
        from tokenizers import Tokenizer

        try:
            return TextTokenizer(Tokenizer.from_file(str(path)))
        except Exception as error:
            raise BadData(
                f"The tokenizer {path} cannot be read ({str(error).splitlines()[0][:160]}).",
                f"Delete {folder} and run `winnow prepare` again; token counts are made anew.",
            ) from error
    learnt = learn_tokenizer(_texts(workspace), vocab_size)
    learnt.save(folder)
    return learnt


def _texts(workspace: Workspace) -> list[str]:
    """Texts of samples drawn in the order of their landmark key, so that the order of ingest does not matter."""
    ids = workspace.store.read("samples", ["sample_id"])["sample_id"].to_numpy()
    drawn = ids[np.argsort(purpose_key(ids, 0, "landmark"))][:_LEARN_SAMPLES]
    texts = workspace.store.samples(drawn.tolist(), ["text"])["text"].to_pylist()
    return [(text or "").replace(IMAGE_TOKEN, "")[:_LEARN_CHARS] for text in texts]

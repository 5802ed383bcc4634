"""Lists of samples that a filter names: what was drawn on the map, marked or pinned, kept in the workspace under its content.

key = sample_lists.keep(workspace, ids)    # the same samples have the same key, in any order
sample_lists.read(workspace, key)          # [K] uint64, ascending

An address or a saved filter holds the key alone, so a list may have any length; a sample takes 11 bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData, BadInput
from core.store.acts import Acts
from core.workspace import Workspace

_KIND = "sample-list"
_KEY_BYTES = 8


def keep(workspace: Workspace, sample_ids: Collection[int]) -> str:
    """Keep a list of samples; gives its key, 16 hex digits. A list that is kept already is not written again."""
    data = np.unique(np.fromiter(sample_ids, np.uint64, len(sample_ids))).astype("<u8").tobytes()
    key, acts = _key_of(data), Acts(workspace.acts_path)
    if not acts.history(_KIND, key):
        acts.put(_KIND, key, {"sample_ids": base64.b64encode(data).decode("ascii")})
    return key


def read(workspace: Workspace, key: str) -> NDArray[np.uint64]:
    """[K] uint64: the samples of a list, ascending; BadInput for one this workspace does not hold."""
    acts = Acts(workspace.acts_path).history(_KIND, key)
    state = acts[-1][1] if acts else None
    if state is None:
        raise BadInput(
            f"The list of samples {key!r} is not in this workspace.",
            "Open the workspace in which it was made, or draw the samples on Curate again.",
        )
    data = base64.b64decode(state["sample_ids"])
    if _key_of(data) != key:
        raise BadData(f"The list of samples {key!r} was changed.", "Draw the samples on Curate again.")
    return np.frombuffer(data, dtype="<u8").astype(np.uint64)


def _key_of(data: bytes) -> str:
    return blake2b(data, digest_size=_KEY_BYTES).hexdigest()

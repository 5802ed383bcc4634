"""What samples are made of, as codes that are equal where the thing is equal: conversations and pictures.

Read for finding copies: two samples are copies when they have the same content hash, or the same image keys and the same text.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.store import Store
from core.store.tables import reading

_BATCH_ROWS = 4096
_COLUMNS = ("sample_id", "content_hash", "image_keys", "text")


@dataclass(frozen=True, eq=False)
class Contents:
    """N samples in the order in which they were asked for.

    content: [N] int64, equal for samples that are exact copies, -1 for one that is not there any more; picture_offsets:
    [N + 1] int64 and picture_codes: [M] int64: sample i shows picture_codes[picture_offsets[i]:picture_offsets[i + 1]],
    each picture once.
    """

    content: NDArray[np.int64]
    picture_offsets: NDArray[np.int64]
    picture_codes: NDArray[np.int64]


def read_contents(store: Store, sample_ids: NDArray[np.uint64], version: int | None = None) -> Contents:
    """Contents of samples, at the newest or a given version of the table. sample_ids: [N] uint64, ascending, no repeats.

    Cost: one pass over ids, keys and texts, about 10 microseconds a sample; a text is held as 8 bytes of its digest.
    """
    num = len(sample_ids)
    hashes, wordings = np.zeros(num, dtype=np.uint64), np.zeros(num, dtype=np.uint64)
    found = np.zeros(num, dtype=bool)
    places: list[int] = []
    pictures: list[int] = []
    code_of: dict[str, int] = {}
    with reading("samples"):
        batches = store.dataset("samples", version).to_batches(columns=list(_COLUMNS), batch_size=_BATCH_ROWS)
        for batch in batches:
            ids = batch["sample_id"].to_numpy()
            place = np.searchsorted(sample_ids, ids)
            here = np.flatnonzero(place < num)
            here = here[sample_ids[place[here]] == ids[here]]
            columns = [batch[name].take(here).to_pylist() for name in _COLUMNS[1:]]
            found[place[here]] = True
            for at, content_hash, keys, text in zip(place[here].tolist(), *columns, strict=True):
                hashes[at] = _digest(content_hash)
                # Without a text nothing but the content hash can say that two samples are the same.
                wordings[at] = hashes[at] if text is None else _digest("\x1f".join([text, *(keys or ())]))
                for key in dict.fromkeys(keys or ()):
                    places.append(at)
                    pictures.append(code_of.setdefault(key, len(code_of)))
    row = np.array(places, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=num))]).astype(np.int64)
    codes = np.array(pictures, dtype=np.int64)[np.argsort(row, kind="stable")]
    return Contents(_joined(hashes, wordings, found), offsets, codes)


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _joined(first: NDArray[np.uint64], second: NDArray[np.uint64], found: NDArray[np.bool_]) -> NDArray[np.int64]:
    """One code for samples that are joined by an equal `first` or an equal `second`, directly or through others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.flatnonzero(found)
    a = np.unique(first[rows], return_inverse=True)[1]
    b = np.unique(second[rows], return_inverse=True)[1]
    num_a = int(a.max(initial=-1)) + 1
    size = num_a + int(b.max(initial=-1)) + 1
    codes = np.full(len(found), -1, dtype=np.int64)
    if len(rows):  # the values are the nodes, a sample is the edge between its two
        edges: Any = coo_array((np.ones(len(rows), dtype=np.int8), (a, num_a + b)), shape=(size, size))
        codes[rows] = connected_components(edges, directed=False)[1][a]
    return codes

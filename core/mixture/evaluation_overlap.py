"""Which samples show a picture that the workspace's own evaluation questions show too: the same file, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

import numpy as np

from core.lens import Lens
from core.mixture.uses import Rows
from core.select.pool import Pool
from core.store.ids import image_key

_KEYS: dict[tuple[str, int, int], str] = {}
"""By path, size and modification time: pictures are read once in a process."""

_LOCK = Lock()
_MOST_KEPT = 200_000


def shares_a_picture(lens: Lens, pool: Pool) -> Rows | None:
    """[K] int64 rows of the pool, ascending; None where the workspace has no evaluation pictures. Cost: reads them once."""
    keys = _evaluation_keys(lens.workspace.evaluation_dir)
    if not keys:
        return None
    store = lens.workspace.store
    there = store.images(sorted(keys), ["image_key"])["image_key"].to_pylist()
    if not there:
        return np.empty(0, np.int64)
    listed = ", ".join(f"'{key}'" for key in there)  # keys are hexadecimal digits
    samples = store.dataset("samples", lens.versions.get("samples"))
    found = samples.to_table(columns=["sample_id"], filter=f"array_has_any(image_keys, [{listed}])")
    return np.sort(pool.rows_of(found["sample_id"].to_numpy()))


def _evaluation_keys(folder: Path) -> set[str]:
    """The keys of all files below the folder but its list of questions."""
    found = set()
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if not name.endswith(".jsonl"):
                found.add(_key_of(path))
    return found - {""}


def _key_of(path: str) -> str:
    try:
        seen = os.stat(path)
        name = (path, seen.st_size, seen.st_mtime_ns)
        with _LOCK:
            if name in _KEYS:
                return _KEYS[name]
        key = image_key(Path(path).read_bytes())
    except OSError:  # taken away meanwhile: nothing is asked about it any more
        return ""
    with _LOCK:
        if len(_KEYS) >= _MOST_KEPT:
            _KEYS.clear()
        _KEYS[name] = key
    return key

"""What an export would leave out, before it is begun: by reason and with counts, nothing written.

Cost: conversations of all samples are read once; files of images are looked at, and read only where size or time differ.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.mixture.gather import CHUNK_SAMPLES, PlacedImage, Sample
from core.mixture.target import Target
from core.mixture.targets import target_of
from core.progress import Progress, silent
from core.store.ids import image_key
from core.store.keyed import KeyedRows
from core.workspace import Workspace

_SAMPLE = ("sample_id", "source", "original_id", "conversations", "image_keys")
_IMAGE = ("image_key", "origin_path", "size_bytes", "mtime_ns", "kept")


def left_out(
    workspace: Workspace,
    sample_ids: NDArray[np.uint64],
    target_name: str,
    images: str = "copy",
    progress: Progress = silent,
) -> dict[str, int]:
    """Samples that a format cannot carry, or whose images are gone, by reason, most frequent first. sample_ids: [U], once each.

    The counts of the export itself, as long as no image changes under its old size and time.
    """
    target = target_of(target_name)
    from_origin = images != "copy" and not target.embeds
    samples = KeyedRows(workspace.store, "samples", "sample_id")
    pictures = KeyedRows(workspace.store, "images", "image_key")
    found: Counter[str] = Counter()
    for start in range(0, len(sample_ids), CHUNK_SAMPLES):
        progress(start, len(sample_ids), "looking at the samples")
        wanted = sample_ids[start : start + CHUNK_SAMPLES]
        rows = samples.take(np.sort(wanted), _SAMPLE).to_pylist()
        keys = [] if target.bare else sorted({key for row in rows for key in row["image_keys"] or ()})
        facts = {row["image_key"]: row for row in pictures.take(keys, _IMAGE).to_pylist()}
        lost = {key: reason for key, fact in facts.items() if (reason := _lost(fact, from_origin))}
        found.update(_reasons(rows, facts, lost, target))
        found["sample_missing"] += len(wanted) - len(rows)
    progress(len(sample_ids), len(sample_ids), "looking at the samples")
    return dict((+found).most_common())


def _reasons(
    rows: list[dict[str, Any]], facts: Mapping[str, Any], lost: Mapping[str, str], target: Target
) -> Iterator[str]:
    """Why each of these samples is left out, for those that are."""
    for row in rows:
        keys = () if target.bare else row["image_keys"] or ()
        gone = next(
            ("image_missing" if key not in facts else lost[key] for key in keys if key in lost or key not in facts), ""
        )
        if gone:
            yield gone
            continue
        turns = tuple((turn["role"], turn["text"]) for turn in row["conversations"] or ())
        images = tuple(PlacedImage(key, "", "", 0, 0) for key in keys)
        refused = target.refuses(Sample(row["sample_id"], row["source"], row["original_id"], turns, images))
        if refused:
            yield refused


def _lost(fact: Mapping[str, Any], from_origin: bool) -> str:
    """Why an image cannot be had, '' when it can: from the workspace's own bytes where it keeps them and they are enough."""
    if fact["kept"] is not False and not from_origin:
        return ""
    try:
        seen = os.stat(fact["origin_path"] or "")
        if (seen.st_size, seen.st_mtime_ns) == (fact["size_bytes"], fact["mtime_ns"]):
            return ""
        data = Path(fact["origin_path"]).read_bytes()
    except (OSError, ValueError):
        return "image_missing"
    return "" if image_key(data) == fact["image_key"] else "image_changed"

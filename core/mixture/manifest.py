"""The manifest beside an export: what is in it, where it came from, what was left out and why, and hashes of its files.

It holds no time and no folder, so two exports of one recipe are the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.lens import Lens
from core.mixture.cost import ASSUMED_UTILISATION, H200_PEAK
from core.mixture.gather import Gather
from core.mixture.images import FileFact
from core.mixture.mixture import Mixture
from core.mixture.recipe import SelectionByMethod
from core.mixture.target import Target, Written
from core.mixture.totals import stage_totals
from core.select import compare
from core.select.pool import UNSTYLED, Pool
from core.store.ids import SCORE_SCALE, digest_of, id_hex

MANIFEST_FILE = "manifest.json"
FORMAT = 4
"""2: the hashes of images went to `SHA256SUMS`; 3: rows are chained by another digest; 4: it has a digest of itself, and says how
images were compared."""

HIGH_SCORE = 3
"""A sample counts for a capability from this score."""


def build(
    mixture: Mixture,
    lens: Lens,
    target: Target,
    gather: Gather,
    written: Written,
    images: str,
    round_trip: dict[str, object],
    notes: tuple[str, ...],
    fingerprint: str,
) -> dict[str, Any]:
    """The manifest as plain values, in the order people read it; `files` are added when all are written.

    `fingerprint` is over everything the bytes depend on: equal ones mean equal exports.
    """
    recipe = mixture.recipe
    unique = np.unique(written.sample_ids)
    return {
        "winnow_manifest": FORMAT,
        "target": target.key,
        "images": images,
        "image_root": ".",
        "code_version": __version__,
        "fingerprint": fingerprint,
        "name": recipe.name,
        "recipe_hash": recipe.content_hash(),
        "recipe": recipe.as_dict(),
        "seed": {
            "selections": {
                key: entry.seed for key, entry in recipe.selections.items() if isinstance(entry, SelectionByMethod)
            },
            "stages": {stage.name: stage.shuffle_seed for stage in recipe.stages},
        },
        "snapshot": mixture.snapshot,
        **({} if mixture.moved is None else {"since_recipe": mixture.moved.as_dict()}),
        "selections": {key: one.made for key, one in mixture.chosen.items()},
        "sources": _sources(lens),
        "num_rows": len(written.sample_ids),
        "num_samples": len(unique),
        "num_images": round_trip["num_images"],
        "counts": {
            "before": _counts(mixture.pool, lens, None),
            "after": _counts(mixture.pool, lens, unique),
            "stages": {
                before.stage.name: {"before": len(before), "after": len(after)}
                for before, after in zip(mixture.stages, written.stages, strict=True)
            },
        },
        "dropped": dropped_counts(mixture, gather),
        "dropped_samples": _dropped_samples(mixture, gather),
        "image_checks": _image_checks(gather, images, round_trip),
        "tokens": _tokens(mixture, written),
        "ids_sha256": written.ids_sha256,
        "round_trip": round_trip,
        "notes": list(notes),
    }


def dropped_counts(mixture: Mixture, gather: Gather) -> dict[str, int]:
    """Samples left out by reason: those a selection file names in vain, then those that could not be written."""
    counts: dict[str, int] = {}
    for one in mixture.chosen.values():
        for _, reason in one.dropped:
            counts[reason] = counts.get(reason, 0) + 1
    return {**counts, **gather.counts()}


def _image_checks(gather: Gather, images: str, round_trip: dict[str, object]) -> dict[str, object]:
    """How images were compared with what was ingested. Those in the export were read back from it, every one; those that stay
    where they are count by their content only where size or date had changed."""
    referenced, read = images == "reference", gather.images.num_by_content
    return {
        "num_files": len(gather.images.files),
        "num_bytes": sum(fact.size_bytes for fact in gather.images.files.values()),
        "by_content": read if referenced else round_trip["num_images"],
        "by_size_and_date": max(len(gather.images.keys) - read, 0) if referenced else 0,
        "missing_or_changed": len(gather.images.failed),
    }


def digest_in(manifest: Mapping[str, Any]) -> str:
    """32 hex digits over everything a manifest says but this; spaces and the order of keys do not count."""
    return digest_of({key: value for key, value in manifest.items() if key != "digest"})


def write(manifest: dict[str, Any], files: dict[str, FileFact], folder: Path) -> None:
    """Write it last: a folder with a manifest is complete. `files` are those but images, which `SHA256SUMS` lists."""
    manifest["files"] = {
        path: {"sha256": files[path].sha256, "size_bytes": files[path].size_bytes} for path in sorted(files)
    }
    manifest["digest"] = digest_in(manifest)
    with (folder / MANIFEST_FILE).open("w", encoding="utf-8", newline="\n") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=1)
        file.write("\n")


def _sources(lens: Lens) -> list[dict[str, Any]]:
    columns = ["source", "format", "revision", "licence", "category", "sha256"]
    rows = lens.workspace.store.read("sources", columns, lens.versions.get("sources")).to_pylist()
    return sorted(rows, key=lambda row: str(row["source"]))


def _counts(pool: Pool, lens: Lens, sample_ids: NDArray[np.uint64] | None) -> dict[str, Any]:
    """Samples by source, style, capability (score 3 or more) and tag; of the whole workspace without ids."""
    rows = None if sample_ids is None else pool.rows_of(sample_ids)
    sources = compare.source_counts(pool, rows)
    styles = compare.style_counts(pool, rows)
    tags: dict[str, dict[str, int]] = {}
    column = "num_all" if sample_ids is None else "num_chosen"
    for entry in lens.ask(
        "tags_of_chosen", ids=np.empty(0, np.uint64) if sample_ids is None else sample_ids
    ).to_pylist():
        if entry[column]:
            tags.setdefault(entry["kind"], {})[entry["path"]] = entry[column]
    return {
        "num_samples": len(pool) if rows is None else len(rows),
        "source": {name: int(n) for name, n in zip(pool.source_names, sources, strict=True) if n},
        "style": {name: int(n) for name, n in zip((*pool.style_names, UNSTYLED), styles, strict=True) if n},
        "capability": {key: _num_high(pool, index, rows) for index, key in enumerate(pool.capabilities)},
        "tag": tags,
    }


def _num_high(pool: Pool, capability: int, rows: NDArray[np.int64] | None) -> int:
    stored = pool.scores[capability] if rows is None else pool.scores[capability][rows]
    return int(((stored >= HIGH_SCORE * SCORE_SCALE) & (stored <= 5 * SCORE_SCALE)).sum())


def _dropped_samples(mixture: Mixture, gather: Gather) -> list[dict[str, str]]:
    entries = [(sample_id, reason) for one in mixture.chosen.values() for sample_id, reason in one.dropped]
    entries += sorted(gather.dropped.items())
    return [{"sample_id": id_hex(sample_id), "reason": reason} for sample_id, reason in entries]


def _tokens(mixture: Mixture, written: Written) -> dict[str, Any]:
    stages = [
        stage_totals(stage, mixture.pool, mixture.recipe.model.preset, H200_PEAK, ASSUMED_UTILISATION)
        for stage in written.stages
    ]
    return {
        "text": sum(stage.num_text_tokens for stage in stages),
        "image": sum(stage.num_image_tokens for stage in stages),
        "num_samples_estimated": sum(stage.num_estimated for stage in stages),
        "stages": {stage.name: {"text": stage.num_text_tokens, "image": stage.num_image_tokens} for stage in stages},
    }

"""What an exporter is: an image layout, a way to write samples, and a way to read them back by the format's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData
from core.mixture.gather import Gather, Sample
from core.mixture.mixture import Mixture, StageSamples
from core.progress import Progress
from core.store.ids import content_hash, id_hex, image_key


@dataclass(frozen=True, eq=False)
class Written:
    """What a target wrote: ids in the order of its rows, repeats included, and the stages without what was left out."""

    sample_ids: NDArray[np.uint64]
    stages: tuple[StageSamples, ...]
    digest: str

    @property
    def ids_sha256(self) -> str:
        """sha256 of the ids as 16 hex digits, one a line, in the order written."""
        return sha256("".join(f"{id_hex(int(value))}\n" for value in self.sample_ids).encode("ascii")).hexdigest()


@dataclass(frozen=True)
class RowRead:
    """One row as the reader of a format sees it; image paths are relative to the export's folder."""

    source: str
    original_id: str
    turns: tuple[tuple[str, str], ...]
    image_paths: tuple[str, ...]


class Target(Protocol):
    """One format to export to."""

    key: ClassVar[str]
    title: ClassVar[str]
    data_files: ClassVar[tuple[str, ...]]

    def image_path(self, source: str, key: str, suffix: str) -> str:
        """Where an image goes, relative to the export's folder."""

    def write(self, mixture: Mixture, gather: Gather, folder: Path, progress: Progress) -> Written:
        """Write the data files."""

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        """The rows that were written, read by the format's own rules, in order."""


class RowDigest:
    """A running digest of rows: who they are, what is said, what their images hold. Equal rows, equal digest."""

    def __init__(self) -> None:
        self._state = blake2b(digest_size=16)
        self.num_rows = 0

    def add(self, source: str, original_id: str, turns: tuple[tuple[str, str], ...], image_keys: list[str]) -> None:
        row = f"{source}\x1f{original_id}\x1f{content_hash(turns, image_keys)}\n"
        self._state.update(row.encode("utf-8"))
        self.num_rows += 1

    def add_sample(self, sample: Sample) -> None:
        self.add(sample.source, sample.original_id, sample.turns, [image.key for image in sample.images])

    def hexdigest(self) -> str:
        return self._state.hexdigest()


def check_round_trip(target: Target, folder: Path, written: Written, progress: Progress) -> dict[str, object]:
    """Read an export back and compare every id, turn and image with what was meant to be written; BadData if they differ."""
    digest = RowDigest()
    keys: dict[str, str] = {}
    total = len(written.sample_ids)
    for number, row in enumerate(target.read_back(folder)):
        if number % 256 == 0:
            progress(number, total, "reading the export back")
        for path in row.image_paths:
            if path not in keys:
                keys[path] = image_key((folder / path).read_bytes())
        digest.add(row.source, row.original_id, row.turns, [keys[path] for path in row.image_paths])
    progress(total, total, "reading the export back")
    if (digest.num_rows, digest.hexdigest()) != (total, written.digest):
        raise BadData(
            f"The export does not read back as it was written ({digest.num_rows:,} of {total:,} rows).",
            "Nothing was left behind; check the disk and export again.",
        )
    return {"ok": True, "num_rows": digest.num_rows, "num_images": len(keys), "rows_blake2b": digest.hexdigest()}


def without(stage: StageSamples, gone: NDArray[np.uint64]) -> StageSamples:
    """A stage without some samples, both its orders kept."""
    keep = ~np.isin(stage.listed, gone)
    place = np.cumsum(keep) - 1
    order = stage.order[keep[stage.order]]
    return StageSamples(
        stage.stage, stage.listed[keep], stage.selection[keep], stage.selection_keys, place[order].astype(np.int64)
    )

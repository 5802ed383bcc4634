"""What an exporter is: an image layout, a writer that can go on after a stop, and a way to read back by the format's own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from core.errors import BadData
from core.mixture.gather import Sample, folder_name, written_order
from core.mixture.mixture import Mixture, StageSamples
from core.mixture.ratings import Further
from core.progress import Progress
from core.store.ids import id_hex, image_key


@dataclass(frozen=True, eq=False)
class Written:
    """What a target wrote: ids in the order of its rows, repeats included, and the stages without what was left out."""

    sample_ids: NDArray[np.uint64]
    stages: tuple[StageSamples, ...]
    digest: str

    @property
    def ids_sha256(self) -> str:
        """sha256 of the ids as 16 hex digits, one a line, in the order written."""
        digest = sha256()
        for start in range(0, len(self.sample_ids), 65536):
            some = self.sample_ids[start : start + 65536].tolist()
            digest.update("".join(f"{id_hex(value)}\n" for value in some).encode("ascii"))
        return digest.hexdigest()


@dataclass(frozen=True)
class RowRead:
    """One row as the reader of a format sees it; an image is a path relative to the export's folder, or its bytes."""

    source: str
    original_id: str
    turns: tuple[tuple[str, str], ...]
    images: tuple[str | bytes, ...]


GROUP_ROWS = 4096
"""Rows that are written to Parquet together: of a row group at most, and of what a target cannot stop inside."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where a target writes, and what it may need to know about the samples: `pool` holds the whole workspace."""

    mixture: Mixture
    folder: Path
    shard_bytes: int
    group_rows: int = GROUP_ROWS
    further: Further | None = None


class Writer(Protocol):
    """Writes samples one after the other; what lies behind a checkpoint is never written again."""

    def write(self, sample: Sample) -> None:
        """Write one sample."""

    def checkpoint(self) -> dict[str, Any] | None:
        """Put everything so far on the disk; what `Target.open` needs to go on from here, None when it cannot stop here."""

    def close(self) -> None:
        """End the data files, on the disk."""

    def abandon(self) -> None:
        """Let go of what is open without another byte, so that who goes on from the last checkpoint has the files to himself."""


class Target(Protocol):
    """One format to export to."""

    key: ClassVar[str]
    title: ClassVar[str]
    embeds: ClassVar[bool]
    """Whether images travel inside the data files."""
    bare: ClassVar[bool]
    """Whether it names samples only, without their words and images."""

    def image_path(self, source: str, key: str, suffix: str) -> str:
        """Where an image goes, relative to the export's folder."""

    def ids(self, mixture: Mixture) -> NDArray[np.uint64]:
        """The samples in the order of the rows, repeats included."""

    def left(self, mixture: Mixture, kept: NDArray[np.bool_]) -> tuple[StageSamples, ...]:
        """The stages without the rows that were left out; kept: bool for each of `ids`."""

    def refuses(self, sample: Sample) -> str | None:
        """Why this format cannot carry a sample, a key of `reasons`; None when it can."""

    def carried(self, sample: Sample) -> Sample:
        """What of a sample this format holds, which is what reads back."""

    def open(self, place: Place, state: dict[str, Any] | None) -> Writer:
        """Begin to write, or go on from a checkpoint: what was written after it is cut off; LostFile when it cannot be gone on from."""

    def finish(self, place: Place, written: Written) -> Written:
        """Write what stands beside the data files; gives back what was written, with held-out samples taken from the stages."""

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        """The rows that were written, read by the format's own rules, in order."""

    def card(self) -> str:
        """How a trainer loads the export, in Markdown."""


class Plain:
    """What most targets share: every sample is carried, rows stand stage by stage and part by part, best first."""

    embeds: ClassVar[bool] = False
    bare: ClassVar[bool] = False

    def image_path(self, source: str, key: str, suffix: str) -> str:
        """images/<source>/<image key>.<suffix>: what most targets have."""
        return f"images/{folder_name(source)}/{key}.{suffix}"

    def ids(self, mixture: Mixture) -> NDArray[np.uint64]:
        return written_order([stage.listed for stage in mixture.stages])

    def refuses(self, sample: Sample) -> str | None:
        return None

    def carried(self, sample: Sample) -> Sample:
        return sample

    def left(self, mixture: Mixture, kept: NDArray[np.bool_]) -> tuple[StageSamples, ...]:
        ends = np.cumsum([len(stage) for stage in mixture.stages])[:-1]
        return tuple(only(stage, some) for stage, some in zip(mixture.stages, np.split(kept, ends), strict=True))

    def finish(self, place: Place, written: Written) -> Written:
        return written


class RowDigest:
    """A chain over rows: who they are, what is said, what their images hold. Equal rows, equal digest.

    Each link hashes the one before, so a chain goes on from its last hex digits after a stop.
    """

    def __init__(self, state: str = "", num_rows: int = 0) -> None:
        self._state = state
        self.num_rows = num_rows

    def add(self, source: str, original_id: str, turns: tuple[tuple[str, str], ...], image_keys: list[str]) -> None:
        row = orjson.dumps((self._state, source, original_id, turns, image_keys))
        self._state = blake2b(row, digest_size=16).hexdigest()
        self.num_rows += 1

    def add_sample(self, sample: Sample) -> None:
        self.add(sample.source, sample.original_id, sample.turns, [image.key for image in sample.images])

    def hexdigest(self) -> str:
        return self._state


def check_round_trip(
    target: Target, folder: Path, written: Written, keys: Mapping[str, str], referenced: bool, progress: Progress
) -> dict[str, object]:
    """Read an export back and compare every id, turn and image with what was meant to be written; BadData if they differ.

    keys: the image key behind each path. Files in the export are read and hashed; those that stay where they are, were compared
    when they were listed, and are not read again.
    """
    digest = RowDigest()
    images = ImagesRead(folder, keys, read=not referenced)
    total = len(written.sample_ids)
    for number, row in enumerate(target.read_back(folder)):
        if number % 1024 == 0:
            progress(number, total, "reading the export back")
        digest.add(row.source, row.original_id, row.turns, [images.key_of(image) for image in row.images])
    progress(total, total, "reading the export back")
    if (digest.num_rows, digest.hexdigest()) != (total, written.digest):
        raise BadData(
            f"The export does not read back as it was written ({digest.num_rows:,} of {total:,} rows).",
            "Nothing was left behind; check the disk and export again.",
        )
    return {"ok": True, "num_rows": digest.num_rows, "num_images": len(images), "rows_blake2b": digest.hexdigest()}


class ImagesRead:
    """The content keys of the images a format's reader meets, each file read once.

    keys: the one that should be behind each path; `read` is False for files that stay where they are and are not read again.
    """

    def __init__(self, folder: Path, keys: Mapping[str, str], *, read: bool = True) -> None:
        self._folder, self._keys, self._read_files = folder, keys, read
        self._unmet = set(keys)
        self._other: dict[str, str] = {}  # what is behind a path instead
        self._embedded: set[str] = set()

    def __len__(self) -> int:
        """Different images met."""
        more = sum(path not in self._keys for path in self._other)
        return len(self._keys) - len(self._unmet) + more + len(self._embedded)

    def key_of(self, image: str | bytes) -> str:
        """The key of an image's bytes, nothing for a file that is not there."""
        if isinstance(image, bytes):
            key = image_key(image)
            self._embedded.add(key)
            return key
        if image in self._unmet:
            self._unmet.remove(image)
            if self._read_files and (found := self._read(image)) != self._keys[image]:
                self._other[image] = found
        elif image not in self._keys and image not in self._other:
            self._other[image] = self._read(image) if self._read_files else ""
        return self._other[image] if image in self._other else self._keys[image]

    def _read(self, image: str) -> str:
        place = self._folder / image
        try:
            return image_key(place.read_bytes()) if place.is_file() else ""  # a device would be read for ever
        except (OSError, ValueError):
            return ""


def without(stage: StageSamples, gone: NDArray[np.uint64]) -> StageSamples:
    """A stage without some samples, both its orders kept."""
    return only(stage, ~np.isin(stage.listed, gone))


def only(stage: StageSamples, keep: NDArray[np.bool_]) -> StageSamples:
    """A stage with some of its rows ([K] bool, as listed), both its orders kept."""
    place = np.cumsum(keep) - 1
    order = stage.order[keep[stage.order]]
    return StageSamples(
        stage.stage, stage.listed[keep], stage.selection[keep], stage.selection_keys, place[order].astype(np.int64)
    )


def sharegpt(sample: Sample) -> list[dict[str, str]]:
    """Turns as `from` and `value`."""
    return [{"from": role, "value": text} for role, text in sample.turns]


ROLES = {"human": "user", "gpt": "assistant", "system": "system"}
FROM_ROLES = {theirs: ours for ours, theirs in ROLES.items()}

"""Samples streamed out of a workspace for an export: turns as they are, images put in place once and checked.

Only a few hundred samples and about 32 MB of images are in memory at a time; per image file its path and hash are kept.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.progress import Progress
from core.store import Store
from core.store.ids import image_key

ImageMode = Literal["copy", "link", "reference"]
IMAGE_MODES: tuple[ImageMode, ...] = ("copy", "link", "reference")

REASONS = {
    "image_missing": "an image is not in the workspace, or its file is gone",
    "image_changed": "an image's file is not what it was when it was ingested",
    "sample_missing": "the sample left the workspace while it was exported",
}
"""Why an export leaves a sample out."""

CHUNK_SAMPLES = 512
_BATCH_BYTES = 32 << 20
_COLUMNS = ("sample_id", "source", "original_id", "conversations", "image_keys")
_SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}


@dataclass(frozen=True)
class PlacedImage:
    """An image where the export has it: `path` is relative to the export's folder."""

    key: str
    path: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Sample:
    """A sample as an exporter writes it; turns are (role, text), verbatim."""

    sample_id: int
    source: str
    original_id: str
    turns: tuple[tuple[str, str], ...]
    images: tuple[PlacedImage, ...]


@dataclass(frozen=True)
class FileFact:
    """What the manifest says about a file."""

    sha256: str
    size_bytes: int


class Gather:
    """Reads samples in any order, as often as asked, and puts each image in place when it is first needed.

    `folder` is where files are written now, `final` where the folder will be renamed to; `path_of(source, key, suffix)` is
    the target's image layout. `files` and `dropped` fill up while samples are read.
    """

    def __init__(
        self, store: Store, folder: Path, final: Path, images: ImageMode, path_of: Callable[[str, str, str], str]
    ) -> None:
        self._store, self._folder, self._final, self._mode, self._path_of = store, folder, final, images, path_of
        self.files: dict[str, FileFact] = {}
        self.dropped: dict[int, str] = {}
        self._failed: dict[str, str] = {}
        self._folders: set[Path] = set()

    def samples(self, sample_ids: NDArray[np.uint64], progress: Progress, note: str) -> Iterator[Sample]:
        """The samples in the order given, those that cannot be exported left out; repeats are given again."""
        for start in range(0, len(sample_ids), CHUNK_SAMPLES):
            progress(start, len(sample_ids), note)
            wanted = [int(value) for value in sample_ids[start : start + CHUNK_SAMPLES]]
            by_id = self._chunk(list(dict.fromkeys(wanted)))
            yield from (by_id[sample_id] for sample_id in wanted if sample_id in by_id)
        progress(len(sample_ids), len(sample_ids), note)

    def _chunk(self, sample_ids: list[int]) -> dict[int, Sample]:
        rows = {int(row["sample_id"]): row for row in self._store.samples(sample_ids, _COLUMNS).to_pylist()}
        for sample_id in sample_ids:
            if sample_id not in rows:
                self.dropped.setdefault(sample_id, "sample_missing")
        keys = list(dict.fromkeys(key for row in rows.values() for key in row["image_keys"] or []))
        facts = {row["image_key"]: row for row in self._store.images(keys, _IMAGE_COLUMNS).to_pylist()}
        self._place(rows.values(), facts)
        found = {}
        for sample_id, row in rows.items():
            images = [self._placed(row["source"], key, facts) for key in row["image_keys"] or []]
            reasons = [image for image in images if isinstance(image, str)]
            if reasons:
                self.dropped.setdefault(sample_id, reasons[0])
                continue
            turns = tuple((turn["role"], turn["text"]) for turn in row["conversations"])
            found[sample_id] = Sample(
                sample_id,
                row["source"],
                row["original_id"],
                turns,
                tuple(image for image in images if isinstance(image, PlacedImage)),
            )
        return found

    def _path(self, source: str, fact: dict[str, Any]) -> str:
        if self._mode == "reference":
            return os.path.relpath(fact["origin_path"], self._final)
        kind = str(fact["format"] or "bin")
        return self._path_of(source, fact["image_key"], _SUFFIXES.get(kind, kind.lower()))

    def _placed(self, source: str, key: str, facts: dict[str, dict[str, Any]]) -> PlacedImage | str:
        """An image's place, or the reason why it has none."""
        fact = facts.get(key)
        if fact is None:
            return "image_missing"
        path = self._path(source, fact)
        return self._failed.get(path) or PlacedImage(key, path, fact["width_px"], fact["height_px"])

    def _place(self, rows: Any, facts: dict[str, dict[str, Any]]) -> None:
        """Put every image of these samples in place that is not there yet, about 32 MB at a time."""
        waiting: dict[str, list[str]] = {}
        num_bytes = 0
        for row in rows:
            for key in row["image_keys"] or []:
                fact = facts.get(key)
                path = self._path(row["source"], fact) if fact else ""
                if fact is None or path in self.files or path in self._failed or path in waiting.get(key, []):
                    continue
                waiting.setdefault(key, []).append(path)
                num_bytes += fact["size_bytes"] or 0
                if num_bytes >= _BATCH_BYTES:
                    self._place_batch(waiting, facts)
                    waiting, num_bytes = {}, 0
        self._place_batch(waiting, facts)

    def _place_batch(self, waiting: dict[str, list[str]], facts: dict[str, dict[str, Any]]) -> None:
        if self._mode == "copy" and waiting:
            batches = self._store.images(list(waiting), ["image_key", "bytes"]).to_batches()
            stored = {
                row["image_key"]: row["bytes"]
                for batch in batches
                for row in batch.to_pylist()
                if row["bytes"] is not None
            }
        else:
            stored = {}
        for key, paths in waiting.items():
            origin = Path(facts[key]["origin_path"] or "")
            data = stored[key] if key in stored else _read(origin)
            reason = "image_missing" if data is None else "image_changed" if image_key(data) != key else None
            for path in paths:
                if data is None or reason is not None:
                    self._failed[path] = reason or "image_missing"
                    continue
                self._write(path, data, origin)
                self.files[path] = FileFact(sha256(data).hexdigest(), len(data))

    def _write(self, path: str, data: bytes, origin: Path) -> None:
        if self._mode == "reference":
            return
        place = self._folder / path
        if place.parent not in self._folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(place.parent)
        if self._mode == "copy":
            place.write_bytes(data)
            return
        try:
            os.link(origin.resolve(), place)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise BadInput(
                f"{origin} cannot be hard-linked into {self._final} ({error.strerror}).",
                "Use --images copy, or export to the disk the images are on.",
            ) from error

    @property
    def num_failed(self) -> int:
        """Image files that were needed and could not be put in place."""
        return len(self._failed)

    def counts(self) -> dict[str, int]:
        """Samples left out, by reason, most frequent first."""
        return dict(Counter(self.dropped.values()).most_common())


_IMAGE_COLUMNS = ("image_key", "width_px", "height_px", "format", "origin_path", "size_bytes")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def folder_name(source: str) -> str:
    """A source's name as a folder: what a file system could misread is written as %XX, nothing else changes."""
    safe = "".join(
        char if char.isalnum() or char in " ()+,-._=@" else "".join(f"%{byte:02X}" for byte in char.encode("utf-8"))
        for char in source
    )
    if safe.startswith((".", " ")) or safe.endswith((".", " ")):
        safe = f"%{ord(safe[0]):02X}{safe[1:]}" if safe[0] in ". " else safe
        safe = f"{safe[:-1]}%{ord(safe[-1]):02X}" if safe[-1] in ". " else safe
    if len(safe.encode("utf-8")) <= 120:
        return safe
    return f"{safe.encode('utf-8')[:100].decode('utf-8', 'ignore')}~{sha256(source.encode('utf-8')).hexdigest()[:16]}"


def written_order(stages: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """The ids of all stages one after the other, repeats included."""
    return np.concatenate([np.empty(0, np.uint64), *stages])

"""Samples streamed out of a workspace for an export: turns as they are, images put in place once and checked.

A few thousand samples and about 64 MB of images are in memory at a time; per image file its path, key and hash are kept.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData, BadInput
from core.progress import Progress
from core.store import Store
from core.store.ids import image_key
from core.store.keyed import KeyedRows
from core.store.tables import is_full

ImageMode = Literal["copy", "link", "reference"]
IMAGE_MODES: tuple[ImageMode, ...] = ("copy", "link", "reference")

REASONS = {
    "image_missing": "an image is not in the workspace, or its file is gone",
    "image_changed": "an image's file is not what it was when it was ingested",
    "sample_missing": "the sample left the workspace while it was exported",
    "image_marks": "its <image> marks are not as many as its images, and the format pairs them",
    "image_inside_text": "an image stands inside its text, and the format shows images before the first question only",
    "turns_do_not_alternate": "its turns do not go question, answer, question, answer, and the format's loader wants that",
    "system_turn": "it has a system turn, and the format has no place for one",
    "media_marks": "its text holds a mark such as <video>, which the format's loader takes for a file",
    "no_words": "its conversation holds no word, and the format's loader stops at that",
}
"""Why an export leaves a sample out: its images, or what the format cannot carry."""

CHUNK_SAMPLES = 4096
_CHUNK_PATHS = 1 << 14
_BATCH_BYTES = 64 << 20
_SAMPLE_COLUMNS = ("sample_id", "source", "original_id", "conversations", "image_keys")
_IMAGE_COLUMNS = ("image_key", "width_px", "height_px", "format", "origin_path", "size_bytes", "mtime_ns", "kept")
_SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image where the export has it: `path` is relative to the export's folder; `data` only for targets that embed."""

    key: str
    path: str
    suffix: str
    width_px: int
    height_px: int
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as an exporter writes it; turns are (role, text), verbatim, `position` its place in the ids that were asked for."""

    sample_id: int
    source: str
    original_id: str
    turns: tuple[tuple[str, str], ...]
    images: tuple[PlacedImage, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class FileFact:
    """What the manifest says about a file."""

    sha256: str
    size_bytes: int


class Gather:
    """Reads samples in any order, as often as asked, and puts each image in place when it is first needed.

    `folder` is where files are written now, `final` where the folder will be renamed to; `path_of(source, key, suffix)` is
    the target's image layout; `embed` says that images travel inside its data files, `bare` that no image is wanted. While
    samples are read, `files`
    (path to fact), `image_keys` (path to key) and `failed` (path, or key of what is embedded, to reason) fill up, and
    `skipped`: (position, sample_id, reason) of what is left out.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        final: Path,
        images: ImageMode,
        path_of: Callable[[str, str, str], str],
        *,
        embed: bool = False,
        bare: bool = False,
        refuses: Callable[[Sample], str | None] | None = None,
        chunk_samples: int = CHUNK_SAMPLES,
    ) -> None:
        self._folder, self._final, self._mode, self._path_of = folder, final, images, path_of
        self._embed, self._bare, self._refuses, self._chunk_samples = embed, bare, refuses, chunk_samples
        self._samples = KeyedRows(store, "samples", "sample_id")
        self._images = KeyedRows(store, "images", "image_key")
        self.files: dict[str, FileFact] = {}
        self.image_keys: dict[str, str] = {}
        self.skipped: list[tuple[int, int, str]] = []
        self.position = 0
        self.num_by_content = 0
        self.failed: dict[str, str] = {}
        self._folders: set[Path] = set()
        self._beside: dict[str, str] = {}  # folder of origins, as the export's folder sees it

    def samples(self, sample_ids: NDArray[np.uint64], progress: Progress, note: str) -> Iterator[Sample]:
        """The samples from `position` on, in the order given; those that cannot be exported are left out, repeats given again."""
        total = len(sample_ids)
        while self.position < total:
            start = self.position
            progress(start, total, note)
            wanted = sample_ids[start : start + self._chunk_samples]
            rows, facts = self._rows(wanted)
            for begin, end in self._batches(wanted.tolist(), rows, facts):
                batch = wanted[begin:end].tolist()
                held = self._fetch(batch, rows, facts)
                for sample_id in batch:
                    found = self._sample(sample_id, rows, facts, held)
                    self.position += 1
                    if isinstance(found, str):
                        self.skipped.append((self.position - 1, sample_id, found))
                    else:
                        yield found
        progress(total, total, note)

    @property
    def dropped(self) -> dict[int, str]:
        """Samples of which at least one row was left out, with the first reason."""
        found: dict[int, str] = {}
        for _, sample_id, reason in self.skipped:
            found.setdefault(sample_id, reason)
        return found

    @property
    def num_failed(self) -> int:
        """Image files that were needed and could not be put in place."""
        return len(self.failed)

    def counts(self) -> dict[str, int]:
        """Samples left out, by reason, most frequent first."""
        return dict(Counter(self.dropped.values()).most_common())

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _rows(self, wanted: NDArray[np.uint64]) -> tuple[dict[int, Any], dict[str, dict[str, Any]]]:
        """Samples by id as (source, original_id, turns, image keys), and what is known of their images by key."""
        table = self._samples.take(np.unique(wanted), _SAMPLE_COLUMNS)
        ids = table["sample_id"].to_pylist()
        keys = [()] * len(ids) if self._bare else table["image_keys"].to_pylist()
        columns = (table["source"].to_pylist(), table["original_id"].to_pylist(), _turns(table), keys)
        rows = dict(zip(ids, zip(*columns, strict=True), strict=True))
        needed = list(dict.fromkeys(key for some in keys for key in some or ()))
        facts = {row["image_key"]: row for row in self._images.take(needed, _IMAGE_COLUMNS).to_pylist()}
        return rows, facts

    def _batches(self, wanted: list[int], rows: dict[int, Any], facts: dict[str, Any]) -> Iterator[tuple[int, int]]:
        """Cuts of a chunk such that the images of each are about 64 MB at most."""
        begin, num_bytes = 0, 0
        for place, sample_id in enumerate(wanted):
            keys = rows[sample_id][3] if sample_id in rows else None
            num_bytes += sum(facts[key]["size_bytes"] or 0 for key in keys or () if key in facts)
            if num_bytes >= _BATCH_BYTES:
                yield begin, place + 1
                begin, num_bytes = place + 1, 0
        if begin < len(wanted):
            yield begin, len(wanted)

    def _sample(
        self, sample_id: int, rows: dict[int, Any], facts: dict[str, Any], held: dict[str, bytes]
    ) -> Sample | str:
        row = rows.get(sample_id)
        if row is None:
            return "sample_missing"
        source, original_id, turns, keys = row
        images = []
        for key in keys or ():
            fact = facts.get(key)
            if fact is None:
                return "image_missing"
            path = self._path(source, fact)
            failed = self.failed.get(key if self._embed else path)
            if failed is not None:
                return failed
            images.append(PlacedImage(key, path, _suffix(fact), fact["width_px"], fact["height_px"], held.get(key)))
        sample = Sample(sample_id, source, original_id, turns, tuple(images), self.position)
        return (self._refuses and self._refuses(sample)) or sample

    def _path(self, source: str, fact: dict[str, Any]) -> str:
        if self._embed:
            return ""
        if self._mode == "reference":
            folder, _, name = (fact["origin_path"] or "").rpartition("/")
            if folder not in self._beside:
                self._beside[folder] = os.path.relpath(folder or "/", self._final)
            return f"{self._beside[folder]}/{name}"
        return self._path_of(source, fact["image_key"], _suffix(fact))

    # -- images -----------------------------------------------------------------------------------------------------------

    def _fetch(self, batch: list[int], rows: dict[int, Any], facts: dict[str, Any]) -> dict[str, bytes]:
        """Put the images of these samples in place; gives their bytes where the target embeds them."""
        needed: dict[str, dict[str, None]] = {}
        for sample_id in batch:
            row = rows.get(sample_id)
            if row is None:
                continue
            for key in row[3] or ():
                fact = facts.get(key)
                if fact is None:
                    continue
                path = self._path(row[0], fact)
                if self._embed or (path not in self.image_keys and path not in self.failed):
                    needed.setdefault(key, {})[path] = None
        if self._mode == "reference" and not self._embed:
            for key, paths in needed.items():
                self._refer(facts[key], paths)
            return {}
        stored = self._stored(needed, facts)
        held = {}
        for key, paths in needed.items():
            origin = Path(facts[key]["origin_path"] or "")
            data = stored[key] if key in stored else _read(origin)
            reason = "image_missing" if data is None else "image_changed" if image_key(data) != key else None
            if data is None or reason is not None:
                for path in (key,) if self._embed else paths:
                    self.failed[path] = reason or "image_missing"
                continue
            if self._embed:
                held[key] = data
                continue
            self.num_by_content += 1
            fact = FileFact(sha256(data).hexdigest(), len(data))
            for path in paths:
                if self._put(path, data, origin):
                    self.files[path], self.image_keys[path] = fact, key
                else:
                    self.failed[path] = "image_missing"
        return held

    def _stored(self, needed: dict[str, Any], facts: dict[str, Any]) -> dict[str, bytes]:
        """Bytes that the workspace holds itself; a link needs the file as it was ingested, so it never uses them."""
        keys = [key for key in needed if facts[key]["kept"] is not False] if self._mode == "copy" or self._embed else []
        table = self._images.take(keys, ["image_key", "bytes"])
        pairs = zip(table["image_key"].to_pylist(), table["bytes"].to_pylist(), strict=True)
        return {key: data for key, data in pairs if data is not None}

    def _refer(self, fact: dict[str, Any], paths: dict[str, None]) -> None:
        """A file that stays where it is: as large and as old as when it was ingested, else it is read and compared."""
        origin = Path(fact["origin_path"] or "")
        try:
            seen = origin.stat()
        except OSError:
            reason: str | None = "image_missing"
        else:
            same = (seen.st_size, seen.st_mtime_ns) == (fact["size_bytes"], fact["mtime_ns"])
            reason = None
            if not same:
                data = _read(origin)
                reason = (
                    "image_missing"
                    if data is None
                    else "image_changed"
                    if image_key(data) != fact["image_key"]
                    else None
                )
                self.num_by_content += reason is None
        for path in paths:
            if reason is None:
                self.image_keys[path] = fact["image_key"]
            else:
                self.failed[path] = reason

    def check_again(self, progress: Progress) -> None:
        """Files that are not ours, linked or left where they are: BadData when one was deleted or changed under way."""
        if self._mode == "copy" or self._embed:
            return
        paths, lost = sorted(self.image_keys), []
        for start in range(0, len(paths), _CHUNK_PATHS):
            progress(start, len(paths), "looking at the images again")
            some = {path: self.image_keys[path] for path in paths[start : start + _CHUNK_PATHS]}
            columns = ["image_key", "size_bytes", "mtime_ns"]
            facts = {
                row["image_key"]: (row["size_bytes"], row["mtime_ns"])
                for row in self._images.take(sorted(set(some.values())), columns).to_pylist()
            }
            for path, key in some.items():
                place = os.path.normpath(f"{self._final if self._mode == 'reference' else self._folder}/{path}")
                if not _unchanged(place, facts.get(key)) and image_key(_read(Path(place)) or b"") != key:
                    lost.append(place)
        if lost:
            raise BadData(
                f"{len(lost):,} images were deleted or changed while they were exported, {lost[0]} among them.",
                "Export again: samples whose image is gone or changed are left out then, and counted.",
            )

    def _put(self, path: str, data: bytes, origin: Path) -> bool:
        """Put an image in place; False when the file it should be linked to has gone."""
        place = self._folder / path
        if place.parent not in self._folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(place.parent)
        if self._mode == "copy":
            place.write_bytes(data)
            return True
        place.unlink(missing_ok=True)  # of an export that was cut short
        try:
            os.link(origin.resolve(), place)
        except FileNotFoundError:
            return False
        except OSError as error:
            if is_full(error):
                raise
            raise BadInput(
                f"{origin} cannot be hard-linked into {self._final} ({error.strerror}).",
                "Use --images copy, or export to the disk the images are on.",
            ) from error
        return True


def _turns(table: Any) -> list[tuple[tuple[str, str], ...]]:
    """The turns of each row; columns are turned into Python once, not row by row."""
    found: list[tuple[tuple[str, str], ...]] = []
    for chunk in table["conversations"].chunks:
        flat = chunk.flatten()
        pairs = list(zip(flat.field("role").to_pylist(), flat.field("text").to_pylist(), strict=True))
        ends = np.cumsum(chunk.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)).tolist()
        found += [tuple(pairs[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return found


def _suffix(fact: dict[str, Any]) -> str:
    kind = str(fact["format"] or "bin")
    return _SUFFIXES.get(kind, kind.lower())


def _unchanged(place: str, fact: tuple[int, int] | None) -> bool:
    """Whether a file is as large and as old as when it was ingested: (bytes, nanoseconds)."""
    try:
        seen = os.stat(place)
    except OSError:
        return False
    return (seen.st_size, seen.st_mtime_ns) == fact


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

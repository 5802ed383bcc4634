"""The images of an export: read, checked against what was ingested, and put in place once; several at a time.

Per image file its path, key and hash are kept, a few hundred bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

from pyarrow.fs import LocalFileSystem

from core.errors import BadData, BadInput
from core.progress import Progress
from core.store.ids import image_key
from core.store.keyed import KeyedRows
from core.store.tables import is_full

ImageMode = Literal["copy", "link", "reference"]
IMAGE_MODES: tuple[ImageMode, ...] = ("copy", "link", "reference")

HANDS = min(os.cpu_count() or 1, 8)
"""Images read and hashed at a time; more wait for the disk only."""

MISSING, CHANGED = "image_missing", "image_changed"
_CHUNK_PATHS = 1 << 14
_SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}


class ImageFact(NamedTuple):
    """What the workspace knows of an image; the fields are columns of its table."""

    image_key: str
    width_px: int
    height_px: int
    format: str | None
    origin_path: str | None
    size_bytes: int | None
    mtime_ns: int | None
    kept: bool | None


Facts = Mapping[str, ImageFact]
"""What is known of images, by key."""

Needed = dict[str, dict[str, None]]
"""Images by key, with the paths at which they are needed; the path is empty where they travel inside data files."""


class CannotRead(BadData):
    """An image is there and cannot be read now, which says nothing about it; what was exported so far is kept."""


class FileFact(NamedTuple):
    """What is said about a file: SHA-256 in hex, and its length."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Fetched:
    """What came of some images: bytes by key for targets that embed them, else files; and reasons why not, by (path, key)."""

    data: dict[str, bytes] = field(default_factory=dict)
    files: list[tuple[str, str, FileFact | None]] = field(default_factory=list)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    num_by_content: int = 0


class Images:
    """Where an export's images are.

    `folder` is where files are written now, `final` where the folder will be renamed to; `path_of(source, key, suffix)` is
    the target's layout; `embed` says that images travel inside its data files. As images are taken, `files` (path to fact, of
    files that are the export's own), `keys` (path to key) and `failed` ((path, key) to reason) fill up.
    """

    def __init__(
        self,
        rows: KeyedRows,
        folder: Path,
        final: Path,
        mode: ImageMode,
        path_of: Callable[[str, str, str], str],
        *,
        embed: bool,
        hands: Executor,
    ) -> None:
        self._rows, self._folder, self._final, self._mode, self._path_of = rows, folder, final, mode, path_of
        self._embed, self._hands = embed, hands
        self.files: dict[str, FileFact] = {}
        self.keys: dict[str, str] = {}
        self.failed: dict[tuple[str, str], str] = {}
        self.num_by_content = 0
        self.news = Fetched()
        """What was taken since the journal looked last."""
        self._beside: dict[str, str] = {}  # folder of origins, as the export's folder sees it
        self.in_memory = embed or mode != "reference"
        """Whether the bytes of images are held for a moment."""

    def facts(self, keys: Iterable[str]) -> dict[str, ImageFact]:
        """What the workspace knows of some images, by key."""
        table = self._rows.take(list(dict.fromkeys(keys)), ImageFact._fields).select(ImageFact._fields)
        return {row[0]: ImageFact(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)}

    def path(self, source: str, fact: ImageFact) -> str:
        """Where an image of a source stands in the export, or beside it."""
        if self._embed:
            return ""
        if self._mode == "reference":
            folder, _, name = (fact.origin_path or "").rpartition("/")
            if folder not in self._beside:
                self._beside[folder] = os.path.relpath(folder or "/", self._final)
            return f"{self._beside[folder]}/{name}"
        return self._path_of(source, fact.image_key, suffix_of(fact))

    def is_due(self, path: str, key: str) -> bool:
        """Whether an image still has to be fetched for a path."""
        return self._embed or (self.keys.get(path) != key and (path, key) not in self.failed)

    # -- fetching ---------------------------------------------------------------------------------------------------------

    def fetch(self, needed: Needed, facts: Facts) -> Fetched:
        """Read, check and put in place; what came of it counts once it is given to `take`. Runs beside everything else."""
        if self._mode == "reference" and not self._embed:
            pairs = list(needed.items())
            some = -(-len(pairs) // HANDS) or 1
            parts = [dict(pairs[start : start + some]) for start in range(0, len(pairs), some)]
            return _whole(self._hands.map(lambda part: self._referred(part, facts), parts))
        stored = self._stored(needed, facts)
        work = [(facts[key], paths, stored.get(key)) for key, paths in needed.items()]
        return _whole(self._hands.map(lambda one: self._placed(*one), work))

    def take(self, fetched: Fetched) -> None:
        """Count what was fetched."""
        for path, key, fact in fetched.files:
            self.keys[path] = key
            if fact is not None:
                self.files[path] = fact
        self.failed.update(fetched.failed)
        self.num_by_content += fetched.num_by_content
        self.news.files.extend(fetched.files)
        self.news.failed.update(fetched.failed)

    def taken_since(self) -> Fetched:
        """What was taken since this was asked last."""
        news, self.news = self.news, Fetched()
        return news

    def _placed(self, fact: ImageFact, paths: dict[str, None], stored: bytes | None) -> Fetched:
        key = fact.image_key
        origin = Path(fact.origin_path or "")
        data = stored if stored is not None else read_image(origin)
        reason = MISSING if data is None else CHANGED if image_key(data) != key else None
        if data is None or reason is not None:
            return Fetched(failed=dict.fromkeys(((path, key) for path in paths), reason or MISSING))
        if self._embed:
            return Fetched(data={key: data})
        own = FileFact(sha256(data).hexdigest(), len(data))
        there = {path: self._put(path, data, origin) for path in paths}
        return Fetched(
            files=[(path, key, own) for path, is_there in there.items() if is_there],
            failed={(path, key): MISSING for path, is_there in there.items() if not is_there},
            num_by_content=1,
        )

    def _stored(self, needed: Needed, facts: Facts) -> dict[str, bytes]:
        """Bytes that the workspace holds itself; a link needs the file as it was ingested, so it never uses them."""
        keys = [key for key in needed if facts[key].kept is not False] if self._mode == "copy" or self._embed else []
        table = self._rows.take(keys, ["image_key", "bytes"])
        pairs = zip(table["image_key"].to_pylist(), table["bytes"].to_pylist(), strict=True)
        return {key: data for key, data in pairs if data is not None}

    def _referred(self, needed: Needed, facts: Facts) -> Fetched:
        """Files that stay where they are: as large and as old as when they were ingested, else read and compared."""
        files: list[tuple[str, str, FileFact | None]] = []
        failed: dict[tuple[str, str], str] = {}
        num_read = 0
        origins = [origin if "\0" not in (origin := facts[key].origin_path or "") else "" for key in needed]
        seen = LocalFileSystem().get_file_info(origins)  # all at once, while others go on
        for (key, paths), origin, file in zip(needed.items(), origins, seen, strict=True):
            fact, reason = facts[key], None
            if (file.size, file.mtime_ns) != (fact.size_bytes, fact.mtime_ns):
                data = read_image(Path(origin))
                reason = MISSING if data is None else CHANGED if image_key(data) != key else None
                num_read += reason is None
            for path in paths:
                if reason is None:
                    files.append((path, key, None))
                else:
                    failed[path, key] = reason
        return Fetched(files=files, failed=failed, num_by_content=num_read)

    def _put(self, path: str, data: bytes, origin: Path) -> bool:
        """Put an image in place; False when the file it should be linked to has gone."""
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
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

    # -- looking again ----------------------------------------------------------------------------------------------------

    def failures_stand(self) -> bool:
        """Whether every image that could not be had before an interruption cannot be had now, for the same reason."""
        pairs = list(self.failed)
        for start in range(0, len(pairs), _CHUNK_PATHS):
            needed: Needed = {}
            for path, key in pairs[start : start + _CHUNK_PATHS]:
                needed.setdefault(key, {})[path] = None
            now = self.fetch(needed, self.facts(needed)).failed
            if any(now.get(pair) != self.failed[pair] for pair in pairs[start : start + _CHUNK_PATHS]):
                return False
        return True

    def check_again(self, progress: Progress) -> None:
        """Files that are not ours, linked or left where they are: BadData when one was deleted or changed under way."""
        if self._mode == "copy" or self._embed:
            return
        paths, lost = sorted(self.keys), []
        for start in range(0, len(paths), _CHUNK_PATHS):
            progress(start, len(paths), "looking at the images again")
            some = {path: self.keys[path] for path in paths[start : start + _CHUNK_PATHS]}
            columns = ["image_key", "size_bytes", "mtime_ns"]
            facts = {
                row["image_key"]: (row["size_bytes"], row["mtime_ns"])
                for row in self._rows.take(sorted(set(some.values())), columns).to_pylist()
            }
            for path, key in some.items():
                place = os.path.normpath(f"{self._final if self._mode == 'reference' else self._folder}/{path}")
                if not unchanged(place, facts.get(key)) and image_key(read_image(Path(place)) or b"") != key:
                    lost.append(place)
        if lost:
            raise BadData(
                f"{len(lost):,} images were deleted or changed while they were exported, {lost[0]} among them.",
                "Export again: samples whose image is gone or changed are left out then, and counted.",
            )


def _whole(parts: Iterable[Fetched]) -> Fetched:
    """What came of all images, in the order of the parts."""
    data: dict[str, bytes] = {}
    files: list[tuple[str, str, FileFact | None]] = []
    failed: dict[tuple[str, str], str] = {}
    num_by_content = 0
    for one in parts:
        data |= one.data
        files += one.files
        failed |= one.failed
        num_by_content += one.num_by_content
    return Fetched(data, files, failed, num_by_content)


def suffix_of(fact: ImageFact) -> str:
    """How the names of such image files end, without the dot."""
    kind = str(fact.format or "bin")
    return _SUFFIXES.get(kind, kind.lower())


def unchanged(place: str, fact: tuple[int | None, int | None] | None) -> bool:
    """Whether a file is as large and as old as when it was ingested: (bytes, nanoseconds)."""
    try:
        seen = os.stat(place)
    except (OSError, ValueError):
        return False
    return (seen.st_size, seen.st_mtime_ns) == fact


def read_image(path: Path) -> bytes | None:
    """The bytes of a file, None when there is none. CannotRead for one that may well be there: a disk that went away for a
    moment, too many open files or missing rights must not cost a sample."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None
    except OSError as error:
        raise CannotRead(
            f"The image {path} cannot be read now ({error.strerror}).",
            "Mend that and export again: it goes on where it stopped.",
        ) from error

"""Check an export against its manifest, at any time and place: every file, the ids, the rows, and images that lie elsewhere."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BadData, BadInput
from core.mixture import card, sums
from core.mixture.folder import final_of, partial_of
from core.mixture.journal import JOURNAL_FILE
from core.mixture.manifest import FORMAT, MANIFEST_FILE
from core.mixture.manifest_check import contradictions, is_inside, misshapen
from core.mixture.target import ImagesRead, RowDigest, Target
from core.mixture.targets import TARGETS, target_of
from core.progress import Progress, silent
from core.store.ids import id_hex, sample_id

NOT_LISTED = "not in the manifest"
_NO_FILE = "no file, but a link or a device, which no export holds"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the manifest says: a path (the manifest's own where it contradicts itself), or `ids`, `rows` or
    `images`."""

    what: str
    says: str


@dataclass(frozen=True)
class Verified:
    """What was looked at, and everything that differs."""

    path: Path
    target: str
    num_files: int
    num_bytes: int
    num_rows: int
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """What `winnow verify --json` prints."""
        return {
            "ok": self.ok,
            "path": str(self.path),
            "target": self.target,
            "num_files": self.num_files,
            "num_bytes": self.num_bytes,
            "num_rows": self.num_rows,
            "differences": [asdict(one) for one in self.differences],
        }


def verify(folder: Path, progress: Progress = silent) -> Verified:
    """Read everything an export consists of; BadInput when the folder is none, BadData when its manifest is broken.

    Nothing but regular files inside the folder is opened, whatever the manifest names; and the images a row refers to, where
    the export was told to leave them where they are.
    """
    folder = folder.expanduser().resolve()
    record = read_manifest(folder)
    there = contents(folder)
    listed = {path: fact["sha256"] for path, fact in record["files"].items()}
    found = list(_summed(folder, there, listed))
    sizes = {path: fact["size_bytes"] for path, fact in record["files"].items()}
    num_bytes, sound = 0, set()
    in_images = [0, 0]  # files, bytes
    for number, path in enumerate(sorted(listed)):
        if number % 256 == 0:
            progress(number, len(listed), "hashing the files")
        if path not in there.files:
            found.append(Difference(path, _NO_FILE if path in there.others else "missing or unreadable"))
            continue
        try:
            fact = sums.fact_of(folder / path)
        except OSError as error:
            found.append(Difference(path, f"missing or unreadable ({error.strerror})"))
            continue
        num_bytes += fact.size_bytes
        if path not in sizes:
            in_images = [in_images[0] + 1, in_images[1] + fact.size_bytes]
        if fact.size_bytes != sizes.get(path, fact.size_bytes):
            found.append(Difference(path, f"{fact.size_bytes:,} bytes instead of {sizes[path]:,}"))
        elif fact.sha256 != listed[path]:
            found.append(Difference(path, "its content has changed"))
        else:
            sound.add(path)
    progress(len(listed), len(listed), "hashing the files")
    found += [Difference(path, NOT_LISTED) for path in there.beside(listed)]
    if MANIFEST_FILE in there.others:
        found.append(Difference(MANIFEST_FILE, _NO_FILE))
    target = target_of(record["target"])
    readme = (folder / card.CARD_FILE).read_bytes() if card.CARD_FILE in sound else None
    found += [Difference(MANIFEST_FILE, says) for says in contradictions(record, target.card(), readme)]
    checks = record["image_checks"]
    if sound.issuperset(listed) and in_images != [checks["num_files"], checks["num_bytes"]]:
        found.append(Difference(MANIFEST_FILE, "its number of image files, or their size, is another"))
    if there.others:
        num_rows, more = 0, [Difference("rows", f"not read: {min(there.others)} is {_NO_FILE}")]
    else:
        num_rows, more = _rows(target, folder, record, progress)
    return Verified(folder, record["target"], len(listed), num_bytes, num_rows, (*found, *more))


@dataclass(frozen=True)
class Contents:
    """What lies in a folder, at any depth, by path: regular files, folders with nothing in them, and what is neither file nor
    folder. No link is followed."""

    files: frozenset[str]
    empty: frozenset[str]
    others: frozenset[str]

    def beside(self, listed: Mapping[str, str]) -> list[str]:
        """What is no part of an export of these files; the journal of one that was killed at its very end is not in the way."""
        own = {MANIFEST_FILE, JOURNAL_FILE}
        folders = {str(folder) for path in listed for folder in Path(path).parents} if self.empty else set()
        return sorted({*((self.files | self.others) - set(listed) - own), *(self.empty - folders)})


def contents(folder: Path) -> Contents:
    """Look through a folder; what lies in one that cannot be looked into is not there."""
    files: set[str] = set()
    empty: set[str] = set()
    others: set[str] = set()
    waiting = [""]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(folder / here) as entries:
                num = 0
                for num, entry in enumerate(entries, 1):  # noqa: B007  how many there were
                    path = f"{here}/{entry.name}" if here else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    else:
                        (files if entry.is_file(follow_symlinks=False) else others).add(path)
        except OSError:
            continue
        if here and not num:
            empty.add(here)
    return Contents(frozenset(files), frozenset(empty), frozenset(others))


def _summed(folder: Path, there: Contents, listed: dict[str, str]) -> Iterator[Difference]:
    """Add to `listed` what `SHA256SUMS` lists, and tell how it differs from the manifest."""
    if sums.SUMS_FILE not in there.files:
        return  # is told of with the other files
    try:
        summed = sums.read(folder)
    except (OSError, BadData, UnicodeDecodeError):
        yield Difference(sums.SUMS_FILE, "no list of hashes and paths")
        return
    for path in sorted(set(listed) - set(summed) - {sums.SUMS_FILE}):
        yield Difference(path, f"not in {sums.SUMS_FILE}")
    for path, digest in summed.items():
        if not is_inside(path):
            yield Difference(sums.SUMS_FILE, f"it lists {path!r}, which is no path inside the export")
        elif listed.setdefault(path, digest) != digest:
            yield Difference(path, f"{sums.SUMS_FILE} and {MANIFEST_FILE} have different hashes of it")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What an export says of itself; BadInput for a folder that is none or not whole, BadData for a manifest that cannot be read."""
    path = folder / MANIFEST_FILE
    final = final_of(folder)
    if final is not None or (not folder.exists() and partial_of(folder).is_dir()):
        raise BadInput(
            f"The export to {final or folder} is unfinished.",
            "Run the same `winnow export` again: it goes on where it stopped.",
        )
    if not path.is_file():
        raise BadInput(
            f"{folder} is no export: it has no {MANIFEST_FILE}.", "Give the folder that `winnow export` wrote."
        )
    try:
        record: Any = json.loads(path.read_text(encoding="utf-8"))
        number, target = record["winnow_manifest"], record["target"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadData(f"{path} is no manifest of an export ({error}).", "Export again.") from error
    if number != FORMAT or not isinstance(target, str) or target not in TARGETS:
        raise BadData(
            f"{path} is of format {number!r} and target {target!r}, which this version does not know.",
            "Verify it with the version that wrote it, or export again.",
        )
    if wrong := misshapen(record):
        raise BadData(f"{path} is broken ({wrong}).", "Export again.")
    return dict(record)


def _rows(target: Target, folder: Path, record: dict[str, Any], progress: Progress) -> tuple[int, list[Difference]]:
    """Read the rows as the format's reader does; where images lie elsewhere, they are read too."""
    ids, digest, seen = sha256(), RowDigest(), _Seen()
    images = ImagesRead(folder, {}, read=record["images"] == "reference")
    total = record["num_rows"]
    try:
        for row in target.read_back(folder):
            if digest.num_rows % 1024 == 0:
                progress(digest.num_rows, total, "reading the rows")
            number = sample_id(row.source, row.original_id)
            ids.update(f"{id_hex(number)}\n".encode("ascii"))
            seen.add(number, row.source)
            digest.add(row.source, row.original_id, row.turns, [images.key_of(image) for image in row.images])
    except Exception as error:  # noqa: BLE001  a damaged file can fail in any of the libraries that read it
        said = f"cannot be read from row {digest.num_rows + 1:,} on ({_first_line(error)})"
        return digest.num_rows, [Difference("rows", said)]
    progress(total, total, "reading the rows")
    return digest.num_rows, list(_compared(record, digest, ids.hexdigest(), seen.by_source(), len(images)))


class _Seen:
    """The samples of rows, 12 bytes each."""

    def __init__(self) -> None:
        self._ids, self._places = array("Q"), array("I")
        self._sources: dict[str, int] = {}

    def add(self, number: int, source: str) -> None:
        self._ids.append(number)
        self._places.append(self._sources.setdefault(source, len(self._sources)))

    def by_source(self) -> dict[str, int]:
        """Different samples of each source."""
        _, first = np.unique(np.array(self._ids, dtype=np.uint64), return_index=True)
        counts = np.bincount(np.array(self._places, dtype=np.int64)[first], minlength=len(self._sources))
        return dict(zip(self._sources, counts.tolist(), strict=True))


def _compared(
    record: dict[str, Any], digest: RowDigest, ids: str, by_source: dict[str, int], num_images: int
) -> Iterator[Difference]:
    """What the rows are, against what the manifest says of them."""
    if digest.num_rows != record["num_rows"]:
        yield Difference("rows", f"{digest.num_rows:,} instead of {record['num_rows']:,}")
    if ids != record["ids_sha256"]:
        yield Difference("ids", "the rows are of other samples, or in another order")
        return
    num_samples = sum(by_source.values())
    if num_samples != record["num_samples"]:
        yield Difference(
            MANIFEST_FILE, f"it says {record['num_samples']:,} samples, and the rows are of {num_samples:,}"
        )
    if by_source != record["counts"]["after"]["source"]:
        yield Difference(MANIFEST_FILE, "its counts by source are not those of the rows")
    if num_images != record["num_images"]:
        yield Difference(MANIFEST_FILE, f"it says {record['num_images']:,} images, and the rows have {num_images:,}")
    if digest.hexdigest() == record["round_trip"]["rows_blake2b"]:
        return
    if record["images"] == "reference":
        yield Difference("images", "referenced images are gone or changed, or a conversation is")
    elif record["images"] in ("embedded", "none"):  # where images are files of the export, their hashes were compared
        yield Difference("rows", "a conversation or an image is not what was written")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

"""Check an export against its manifest, at any time and place: every file, the ids, the rows, and images that lie elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.errors import BadData, BadInput
from core.mixture import sums
from core.mixture.folder import final_of, partial_of
from core.mixture.manifest import FORMAT, MANIFEST_FILE
from core.mixture.target import ImagesRead, RowDigest, Target
from core.mixture.targets import TARGETS, target_of
from core.progress import Progress, silent
from core.store.ids import id_hex, sample_id

NOT_LISTED = "not in the manifest"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the manifest says: a path, or `ids`, `rows` or `images`."""

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
    """Read everything an export consists of; BadInput when the folder is none."""
    folder = folder.expanduser().resolve()
    record = read_manifest(folder)
    listed = {path: fact["sha256"] for path, fact in record["files"].items()}
    found: list[Difference] = []
    try:
        summed = sums.read(folder)
    except (OSError, BadData, UnicodeDecodeError):
        summed = {}  # that file itself is told of below
    for path, digest in summed.items():
        if listed.setdefault(path, digest) != digest:
            found.append(Difference(path, f"{sums.SUMS_FILE} and {MANIFEST_FILE} have different hashes of it"))
    num_bytes = 0
    sizes = {path: fact["size_bytes"] for path, fact in record["files"].items()}
    for number, path in enumerate(sorted(listed)):
        if number % 256 == 0:
            progress(number, len(listed), "hashing the files")
        try:
            fact = sums.fact_of(folder / path)
        except OSError as error:
            found.append(Difference(path, f"missing or unreadable ({error.strerror})"))
            continue
        num_bytes += fact.size_bytes
        if fact.size_bytes != sizes.get(path, fact.size_bytes):
            found.append(Difference(path, f"{fact.size_bytes:,} bytes instead of {sizes[path]:,}"))
        elif fact.sha256 != listed[path]:
            found.append(Difference(path, "its content has changed"))
    progress(len(listed), len(listed), "hashing the files")
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    found += [Difference(path, NOT_LISTED) for path in sorted(here - set(listed) - {MANIFEST_FILE})]
    num_rows, more = _rows(target_of(record["target"]), folder, record, progress)
    return Verified(folder, record["target"], len(listed), num_bytes, num_rows, (*found, *more))


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
    except (ValueError, KeyError, TypeError) as error:
        raise BadData(f"{path} is no manifest of an export ({error}).", "Export again.") from error
    if number != FORMAT or target not in TARGETS:
        raise BadData(
            f"{path} is of format {number!r} and target {target!r}, which this version does not know.",
            "Verify it with the version that wrote it, or export again.",
        )
    return dict(record)


def _rows(target: Target, folder: Path, record: dict[str, Any], progress: Progress) -> tuple[int, list[Difference]]:
    """Read the rows as the format's reader does; where images lie elsewhere, they are read too."""
    referenced = record["images"] == "reference"
    ids, digest, images = sha256(), RowDigest(), ImagesRead(folder, {})
    total, number = record["num_rows"], 0
    try:
        for row in target.read_back(folder):
            if number % 1024 == 0:
                progress(number, total, "reading the rows")
            number += 1
            ids.update(f"{id_hex(sample_id(row.source, row.original_id))}\n".encode("ascii"))
            if referenced:
                keys = [images.key_of(image) for image in row.images]
                digest.add(row.source, row.original_id, row.turns, keys)
    except Exception as error:  # noqa: BLE001  a damaged file can fail in any of the libraries that read it
        return number, [Difference("rows", f"cannot be read from row {number + 1:,} on ({_first_line(error)})")]
    progress(total, total, "reading the rows")
    return number, list(_compared(record, number, ids.hexdigest(), digest.hexdigest() if referenced else None))


def _compared(record: dict[str, Any], num_rows: int, ids: str, rows: str | None) -> Iterator[Difference]:
    if num_rows != record["num_rows"]:
        yield Difference("rows", f"{num_rows:,} instead of {record['num_rows']:,}")
    if ids != record["ids_sha256"]:
        yield Difference("ids", "the rows are of other samples, or in another order")
    elif rows is not None and rows != record["round_trip"]["rows_blake2b"]:
        yield Difference("images", "referenced images are gone or changed, or a conversation is")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

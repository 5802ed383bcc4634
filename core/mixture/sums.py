"""`SHA256SUMS` beside an export: a hash of every file but itself and the manifest, as `sha256sum -c` reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from core.errors import BadData
from core.mixture.images import FileFact

SUMS_FILE = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write(folder: Path, facts: Mapping[str, FileFact]) -> None:
    """Write the hashes, by path; no path of an export has a line break or a backslash in it."""
    with (folder / SUMS_FILE).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{facts[path].sha256}  {path}\n" for path in sorted(facts))


def read(folder: Path) -> dict[str, str]:
    """sha256 by path; BadData for a line that is none."""
    found = {}
    with (folder / SUMS_FILE).open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            entry = _LINE.fullmatch(line.removesuffix("\n"))
            if entry is None:
                raise BadData(f"Line {number:,} of {folder / SUMS_FILE} is no hash with a path.", "Export again.")
            found[entry[2]] = entry[1]
    return found


def fact_of(path: Path) -> FileFact:
    """Hash and size of a file, read in pieces."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return FileFact(digest.hexdigest(), size)

"""What an export has done so far, so that one that was cut short goes on instead of beginning anew.

One JSON line for each checkpoint, written and flushed after everything it speaks of; a line that was cut off counts for nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.mixture.gather import Gather
from core.mixture.images import Fetched, FileFact
from core.mixture.target import RowDigest

JOURNAL_FILE = ".journal.jsonl"


@dataclass
class Progressed:
    """How far an export came: position in the ids, what its target needs to go on, and the digest of the rows so far."""

    position: int = 0
    state: dict[str, Any] | None = None
    digest: RowDigest = field(default_factory=RowDigest)


class Journal:
    """The journal of one folder; `began` is its first line, with a `fingerprint` of everything the bytes of the export depend on."""

    def __init__(self, folder: Path, began: dict[str, str]) -> None:
        self._path = folder / JOURNAL_FILE
        self._began = began
        self._skipped = 0  # of the rows left out, how many earlier lines hold

    def began(self) -> dict[str, Any]:
        """What the folder holds the beginning of, nothing when that is not known."""
        return next((line for line, _ in self._lines()), {})

    def matches(self) -> bool:
        """Whether the folder holds the beginning of the same export."""
        return self.began().get("fingerprint") == self._began["fingerprint"]

    def begin(self) -> None:
        """Start anew."""
        self._append(dict(self._began), "w")

    def replay(self, gather: Gather) -> Progressed:
        """Fill `gather` with what was done, and say where to go on. A line at a time: there are as many images as samples."""
        found, whole = Progressed(), 0
        for number, (line, end) in enumerate(self._lines()):
            whole = end
            if not number:
                continue
            files = [(path, key, None if fact is None else FileFact(*fact)) for path, key, fact in line["images"]]
            failed = {(path, key): reason for path, key, reason in line["failed"]}
            gather.images.take(Fetched(files=files, failed=failed))
            gather.images.taken_since()  # is in the journal
            gather.images.num_by_content = line["num_by_content"]
            gather.skipped += [(position, int(sample), reason) for position, sample, reason in line["skipped"]]
            found = Progressed(line["position"], line["state"], RowDigest(line["digest"], line["num_rows"]))
        gather.position, self._skipped = found.position, len(gather.skipped)
        with self._path.open("r+b") as file:
            file.truncate(whole)  # what a kill cut off
        return found

    def note(self, gather: Gather, state: dict[str, Any], digest: RowDigest) -> None:
        """A checkpoint: the data files before it are on the disk. Images may not be yet; that they are whole shows when all is
        read back."""
        news = gather.images.taken_since()
        line = {
            "position": gather.position,
            "state": state,
            "digest": digest.hexdigest(),
            "num_rows": digest.num_rows,
            "num_by_content": gather.images.num_by_content,
            "images": news.files,
            "failed": [(path, key, reason) for (path, key), reason in news.failed.items()],
            "skipped": gather.skipped[self._skipped :],
        }
        self._append(line, "a")
        self._skipped = len(gather.skipped)

    def end(self, folder: Path | None = None) -> None:
        """The export is whole: nothing is left to go on with. `folder` is where it stands meanwhile."""
        (self._path if folder is None else folder / JOURNAL_FILE).unlink()

    def _append(self, line: dict[str, Any], mode: str) -> None:
        with self._path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> Iterator[tuple[dict[str, Any], int]]:
        """The whole lines, each with the byte at which it ends; what a kill cut off is left out."""
        end = 0
        try:
            with self._path.open("rb") as file:
                for text in file:
                    end += len(text)
                    line = json.loads(text) if text.endswith(b"\n") else None
                    if not isinstance(line, dict):
                        return
                    yield line, end
        except (OSError, ValueError):
            return

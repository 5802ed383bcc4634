"""What an export has done so far, so that one that was cut short goes on instead of beginning anew.

One JSON line for each checkpoint, written and flushed after everything it speaks of; a line that was cut off counts for nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.mixture.gather import FileFact, Gather
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
        self._told = (0, 0, 0, 0)  # image keys, files, failed images and skipped rows that earlier lines hold

    def began(self) -> dict[str, Any]:
        """What the folder holds the beginning of, nothing when that is not known."""
        lines = self._lines()
        return lines[0] if lines else {}

    def matches(self) -> bool:
        """Whether the folder holds the beginning of the same export."""
        return self.began().get("fingerprint") == self._began["fingerprint"]

    def begin(self) -> None:
        """Start anew."""
        self._append(dict(self._began), "w")

    def replay(self, gather: Gather) -> Progressed:
        """Fill `gather` with what was done, and say where to go on."""
        lines = self._lines()
        found, whole = Progressed(), lines[:1]
        for line in lines[1:]:
            gather.image_keys.update(line["images"])
            gather.files.update({path: FileFact(*fact) for path, fact in line["files"].items()})
            gather.failed.update(line["failed"])
            gather.skipped += [(position, int(sample), reason) for position, sample, reason in line["skipped"]]
            gather.num_by_content = line["num_by_content"]
            found = Progressed(line["position"], line["state"], RowDigest(line["digest"], line["num_rows"]))
            whole.append(line)
        gather.position = found.position
        self._told = _lengths(gather)
        rewritten = self._path.with_name(f"{JOURNAL_FILE}.new")  # a full disk here must not cost what is known
        rewritten.write_text("".join(json.dumps(line) + "\n" for line in whole), encoding="utf-8")
        os.replace(rewritten, self._path)
        return found

    def note(self, gather: Gather, state: dict[str, Any], digest: RowDigest) -> None:
        """A checkpoint: all before it is on the disk."""
        images, files, failed, skipped = self._told
        line = {
            "position": gather.position,
            "state": state,
            "digest": digest.hexdigest(),
            "num_rows": digest.num_rows,
            "num_by_content": gather.num_by_content,
            "images": dict(list(gather.image_keys.items())[images:]),
            "files": {path: [one.sha256, one.size_bytes] for path, one in list(gather.files.items())[files:]},
            "failed": dict(list(gather.failed.items())[failed:]),
            "skipped": gather.skipped[skipped:],
        }
        self._append(line, "a")
        self._told = _lengths(gather)

    def end(self) -> None:
        """The export is whole: nothing is left to go on with."""
        self._path.unlink()

    def _append(self, line: dict[str, Any], mode: str) -> None:
        with self._path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> list[dict[str, Any]]:
        """The whole lines; what a kill cut off is left out."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return []
        found = []
        for line in text.split("\n")[:-1]:
            try:
                found.append(json.loads(line))
            except ValueError:
                break
        return found


def _lengths(gather: Gather) -> tuple[int, int, int, int]:
    return len(gather.image_keys), len(gather.files), len(gather.failed), len(gather.skipped)

"""An export to a folder that holds one: is it the same one, is it sound, and how what is damaged in it is put right.

Whatever is not of this very export is refused by name and left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import BadData, BadInput
from core.mixture import sums
from core.mixture.folder import OthersWork, names_in, partial_of, put_in_place, some, working_in
from core.mixture.journal import JOURNAL_FILE, Journal
from core.mixture.manifest import MANIFEST_FILE
from core.mixture.verify import NOT_LISTED, contents, verify
from core.progress import Progress

_ELSEWHERE = "Give another folder, or move that away; nothing was overwritten."
_SAME = ("num_rows", "ids_sha256", "dropped_samples", "round_trip")
"""What a mended export must have in common with the one that is there."""


@dataclass(frozen=True)
class Began:
    """What an export is of. `fingerprint` is over everything its bytes depend on; the rest tells people what differs."""

    fingerprint: str
    target: str
    images: str
    name: str
    snapshot: str

    def as_line(self) -> dict[str, str]:
        """The first line of its journal."""
        return asdict(self)

    def unlike(self, other: Mapping[str, Any]) -> str | None:
        """How another export differs from this one, in words; None when it is the same."""
        if other.get("fingerprint") == self.fingerprint:
            return None
        for key, noun in (("target", "format"), ("name", "mixture"), ("images", "way of handing over images")):
            if other.get(key) != getattr(self, key):
                return f"of the {noun} {other.get(key)!r}, not {getattr(self, key)!r}"
        if other.get("snapshot") != self.snapshot:
            return "of another state of the workspace"
        return "of another recipe, with another shard size, or by another version of Winnow"


def looked_at(final: Path, began: Began, progress: Progress) -> tuple[dict[str, Any], bool]:
    """(manifest, whether it is sound) of the export in a folder; BadInput when it is not this one, or holds more than it."""
    names = names_in(final)
    if MANIFEST_FILE not in names:
        raise BadInput(f"{final} holds no export to go on with, but {some(names)}.", _ELSEWHERE)
    try:
        record: Any = json.loads((final / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{final / MANIFEST_FILE} cannot be read ({error}).", _ELSEWHERE) from error
    if not isinstance(record, dict) or "winnow_manifest" not in record:
        raise BadInput(f"{final / MANIFEST_FILE} is no manifest of an export.", _ELSEWHERE)
    unlike = began.unlike(record)
    if unlike is not None:
        raise BadInput(f"{final} holds an export {unlike}.", _ELSEWHERE)
    found = verify(final, progress)
    damaged = {one.what for one in found.differences if one.says != NOT_LISTED}
    more = [one.what for one in found.differences if one.says == NOT_LISTED]
    if more and sums.SUMS_FILE not in damaged:  # that file lists the images: without it they only seem to be too many
        raise BadInput(f"{final} also holds what is no part of the export: {some(more)}.", _ELSEWHERE)
    if damaged == {"images"}:
        raise BadData(
            f"The export in {final} is as it was written, but images it refers to are gone or changed.",
            "Put them back, or export to another folder, which leaves those samples out.",
        )
    return record, found.ok


def refuse_others(journal: Journal, began: Began, final: Path) -> None:
    """BadInput when something else was begun for this folder."""
    line = journal.began()
    unlike = began.unlike(line) if line else None
    if unlike is not None:
        raise OthersWork(
            f"What was begun for {final} is an export {unlike}.",
            f"Delete {partial_of(final)}, or export without --resume, which begins anew.",
        )


def forget(final: Path, began: Began) -> None:
    """Take away what is left of an attempt at an export that is there and sound."""
    if partial_of(final).is_dir():
        with working_in(final) as folder:
            journal = Journal(folder, began.as_line())
            if journal.matches():
                journal.end()


def mend(final: Path, folder: Path, record: Mapping[str, Any], made: Mapping[str, Any]) -> tuple[str, ...]:
    """Put those files of `folder`, the export made anew, over the ones in `final` that differ; gives their names.

    record, made: the manifests of both. BadData when they are of other rows, since what it is made from has changed.
    """
    changed = [key for key in _SAME if record.get(key) != made[key]]
    if changed:
        raise BadData(
            f"The export in {final} is damaged and cannot be made again as it was ({', '.join(changed)} would differ).",
            "Its sources have changed since: export to another folder.",
        )
    new = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    here = contents(final)
    if more := sorted((here.files | here.others) - {*new, JOURNAL_FILE}):
        raise BadInput(f"{final} also holds what is no part of the export: {some(more)}.", _ELSEWHERE)
    differing = [name for name in new if not _same(final / name, folder / name)]
    put_in_place(folder, final, differing)
    return tuple(differing)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.is_file() and not one.is_symlink() and sums.fact_of(one) == sums.fact_of(other)
    except OSError:
        return False

"""A finished export onto the Hugging Face Hub, as a data set repository: what would be sent, then sent in pieces, then looked at.

`planned` touches no network. `push` takes the Hub as an argument; the manifest goes last, so what has one there is whole, and the
same call goes on where an earlier one stopped.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Any, Protocol

from core.errors import BadData, BadInput
from core.mixture import sums
from core.mixture.card import CARD_FILE
from core.mixture.journal import JOURNAL_FILE
from core.mixture.manifest import MANIFEST_FILE
from core.mixture.verify import read_manifest, verify
from core.progress import Progress, silent

PIECE_FILES = 200
PIECE_BYTES = 2 << 30
_LAST = (CARD_FILE, sums.SUMS_FILE, MANIFEST_FILE)
_THEIRS = {".gitattributes"}  # the Hub makes it itself
_MOST_IN_A_FOLDER = 10_000
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?/[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?", re.ASCII)
_NAME_CHARS = 96
_NOT_STATED = {"", "unknown", "other", "none", "n/a", "na", "not stated", "unspecified", "tbd"}
_FORBIDS = re.compile(
    r"no[\s-]*redistribut|not[\s-]+(?:be[\s-]+)?redistribut|non[\s-]*redistribut|all rights reserved|proprietary|confidential|"
    r"internal|research[\s-]*(?:use[\s-]*)?only|no[\s-]*deriv|\bnd\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Stored:
    """A file as the Hub lists it: its sha256 where it is stored apart, else the hash git gives its content."""

    size_bytes: int
    sha256: str = ""
    git_sha1: str = ""


class Hub(Protocol):
    """What is needed of the Hub; `core.mixture.hub` is the real one."""

    def account(self) -> str:
        """Who is logged in."""

    def is_private(self, name: str) -> bool | None:
        """Whether a data set repository is private; None when there is none of this name."""

    def make(self, name: str, private: bool) -> None:
        """Make a data set repository."""

    def files(self, name: str) -> dict[str, Stored]:
        """What a repository holds, by path."""

    def commit(self, name: str, message: str, files: Mapping[str, Path]) -> None:
        """Add or replace files, by path in the repository."""

    def address(self, name: str) -> str:
        """Where people see it."""


@dataclass(frozen=True)
class Planned:
    """What a push would do: (path, bytes) in the order they are sent, piece by piece; `concerns` want a person's yes."""

    folder: Path
    name: str
    private: bool
    pieces: tuple[tuple[tuple[str, int], ...], ...]
    concerns: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def files(self) -> tuple[tuple[str, int], ...]:
        return tuple(file for piece in self.pieces for file in piece)

    @property
    def num_bytes(self) -> int:
        return sum(size for _, size in self.files)

    def as_json(self) -> dict[str, Any]:
        """What `winnow push --dry-run --json` prints."""
        return {
            "repository": self.name,
            "private": self.private,
            "num_files": len(self.files),
            "num_bytes": self.num_bytes,
            "num_commits": len(self.pieces),
            "files": [{"path": path, "size_bytes": size} for path, size in self.files],
            "concerns": list(self.concerns),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Pushed:
    """What a push did; `num_there` files were on the Hub already as they are here."""

    planned: Planned
    address: str
    account: str
    num_sent: int
    num_there: int

    def as_json(self) -> dict[str, Any]:
        """What `winnow push --json` prints."""
        plain = self.planned.as_json()
        del plain["files"]
        return {
            **plain,
            "address": self.address,
            "account": self.account,
            "num_sent": self.num_sent,
            "num_there": self.num_there,
        }


def repository_name(text: str) -> str:
    """`org/name` as the Hub takes it; BadInput for what it would refuse."""
    name = text.strip()
    bad = (
        "--" in name or ".." in name or name.endswith((".git", ".lock")) or max(map(len, name.split("/"))) > _NAME_CHARS
    )
    if bad or not _NAME.fullmatch(name):
        raise BadInput(
            f"{text!r} is no name of a repository.",
            "Give it as org/name, of letters, digits, '-', '_' and '.', at most 96 characters each.",
        )
    return name


def planned(folder: Path, name: str, *, private: bool = True) -> Planned:
    """What `push` would send and make; BadInput for a folder that is no whole export, or holds no images but refers to them."""
    folder = folder.expanduser().resolve()
    name = repository_name(name)
    record = read_manifest(folder)
    if record["images"] == "reference":
        raise BadInput(
            f"The images of {folder} are not in it: it was exported with --images reference.",
            "Export with --images copy, and push that.",
        )
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / JOURNAL_FILE)
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
    notes = []
    for place, count in Counter(str(Path(path).parent) for path in sizes).items():
        if count > _MOST_IN_A_FOLDER:
            notes.append(
                f"{place} holds {count:,} files and the Hub asks for at most {_MOST_IN_A_FOLDER:,} in a folder: formats with images "
                "inside (hf, webdataset) push faster."
            )
    return Planned(folder, name, private, tuple(_pieces(sizes)), tuple(_concerns(record)), tuple(notes))


def push(
    plan: Planned, hub: Hub, *, accepted: bool = False, progress: Progress = silent, checked: bool = False
) -> Pushed:
    """Verify the export, send what the Hub lacks of it, and compare the Hub's list of files with ours.

    `accepted`: a person said yes to `concerns`; `checked`: the export has just been verified. A repository that is there
    already may hold an earlier push of this export, or of another to the same files; with other files in it, it is refused.
    """
    if plan.concerns and not accepted:
        raise BadInput(
            f"Not everything in this export may be passed on: {'; '.join(plan.concerns)}.",
            f"Where you have the right to: `winnow push {plan.folder} {plan.name} --yes`.",
        )
    if not checked and not verify(plan.folder, progress).ok:
        raise BadData(
            f"The export in {plan.folder} is not as its manifest says.",
            f"See what differs with `winnow verify {plan.folder}`; `winnow export --resume` mends it.",
        )
    account = hub.account()
    private = hub.is_private(plan.name)
    if private is None:
        hub.make(plan.name, plan.private)
    elif private != plan.private:
        is_now, flag = ("private", "--private") if private else ("public", "--public")
        raise BadInput(f"{plan.name} is there and {is_now}.", f"Push with {flag}, or under another name.")
    there = hub.files(plan.name)
    ours = {path for path, _ in plan.files}
    others = sorted(set(there) - ours - _THEIRS)
    if others:
        raise BadInput(
            f"{plan.name} holds other files already, {others[0]} among {len(others):,} of them.",
            "Give another name, or delete those on the Hub first; nothing was sent.",
        )
    summed = _sums(plan.folder)
    same = {path for path in ours if path in there and _is_same(plan.folder / path, summed.get(path), there[path])}
    done, total = len(same), len(ours)
    for number, piece in enumerate(plan.pieces, 1):
        lacking = {path: plan.folder / path for path, _ in piece if path not in same}
        progress(done, total, f"sending piece {number} of {len(plan.pieces)}")
        if lacking:
            hub.commit(plan.name, f"Winnow export, piece {number} of {len(plan.pieces)}", lacking)
            done += len(lacking)
    progress(done, total, "looking at what the Hub holds")
    there = hub.files(plan.name)
    lost = [
        path for path, _ in plan.files
        if path not in there or not _is_same(plan.folder / path, summed.get(path), there[path])
    ]  # fmt: skip
    if lost:
        raise BadData(
            f"After the push {plan.name} does not hold {len(lost):,} files as they are here, {lost[0]} among them.",
            "Push again: what is there already is not sent twice.",
        )
    return Pushed(plan, hub.address(plan.name), account, total - len(same), len(same))


def _pieces(sizes: Mapping[str, int]) -> Iterator[tuple[tuple[str, int], ...]]:
    """Files in commits of a bounded size, those that say what it is in the last one."""
    piece: list[tuple[str, int]] = []
    num_bytes = 0
    for path in sorted(sizes.keys() - set(_LAST)):
        if piece and (len(piece) == PIECE_FILES or num_bytes + sizes[path] > PIECE_BYTES):
            yield tuple(piece)
            piece, num_bytes = [], 0
        piece.append((path, sizes[path]))
        num_bytes += sizes[path]
    if piece:
        yield tuple(piece)
    yield tuple((path, sizes[path]) for path in _LAST if path in sizes)


def _concerns(record: Mapping[str, Any]) -> Iterator[str]:
    """Sources of the export that may not be passed on, as far as their licences tell."""
    licences = {entry["source"]: (entry.get("licence") or "").strip() for entry in record["sources"]}
    for source in sorted(record["counts"]["after"]["source"]):
        licence = licences.get(source, "")
        if licence.casefold() in _NOT_STATED:
            yield f"{source} has no stated licence"
        elif _FORBIDS.search(licence):
            yield f"the licence of {source}, {licence!r}, seems to forbid it"


def _sums(folder: Path) -> dict[str, str]:
    """sha256 of the files of an export that has just been verified."""
    record = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    return {**sums.read(folder), **{path: fact["sha256"] for path, fact in record["files"].items()}}


def _is_same(path: Path, digest: str | None, stored: Stored) -> bool:
    if stored.size_bytes != path.stat().st_size:
        return False
    if stored.sha256:
        return stored.sha256 == (digest or sums.fact_of(path).sha256)
    return stored.git_sha1 == git_sha1(path)


def git_sha1(path: Path) -> str:
    """The hash git gives a file's content."""
    digest = sha1(f"blob {path.stat().st_size}\0".encode("ascii"), usedforsecurity=False)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def as_list(plan: Planned, most: int = 40) -> Sequence[str]:
    """A plan as lines for a person."""
    kind = "private" if plan.private else "public"
    files = plan.files
    more = [f"  ... and {len(files) - most:,} more"] if len(files) > most else []
    return [
        f"Would make or fill the {kind} data set repository {plan.name}: {len(files):,} files, {plan.num_bytes / 1e6:,.1f} MB, in "
        f"{len(plan.pieces):,} commit{'s' if len(plan.pieces) > 1 else ''}.",
        *(f"{size:>15,}  {path}" for path, size in files[:most]),
        *more,
        *(f"  Wants --yes: {concern}." for concern in plan.concerns),
        *(f"  {note}" for note in plan.notes),
    ]

"""A workspace: a folder with its tables, runs, exports, evaluation questions, and what people did in it.

`workspace.json` holds an integer format; a folder of a newer format is refused, never guessed at.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BadInput, NewerFormat
from core.store import Store
from core.store.acts import RATING, Acts
from core.store.ids import digest_of
from core.store.tables import writing

FORMAT = 1
_FILE = "workspace.json"
RATINGS = "ratings"
"""What stands among the versions of the tables for people's ratings, which are acts: the number of the last one."""

_FOLDERS = ("tables", "runs", "exports", "evaluation", "snapshots", "locks")


class Workspace:
    """A folder everything of one curation lives in. Make one with `create`, or `open` an existing one."""

    def __init__(self, path: Path, name: str, created_at: str) -> None:
        self.path = path
        self.name = name
        self.created_at = created_at
        self.store = Store(path / "tables")
        self.runs_dir = path / "runs"
        self.exports_dir = path / "exports"
        self.evaluation_dir = path / "evaluation"
        self.acts_path = path / "workspace.sqlite"
        self.unfinished_path = path / "ingest-unfinished.json"  # what is named in it did not end

    @classmethod
    def create(cls, path: Path, name: str | None = None) -> Workspace:
        """Make a workspace in a folder that is empty or does not exist yet; BadInput for any other."""
        path = _absolute(path)
        try:
            if (path / _FILE).exists():
                raise BadInput(f"{path} is a workspace already.", f"Open it with `winnow open {path}`.")
            if path.is_file() or (path.is_dir() and not all(map(_is_ours, path.iterdir()))):
                raise BadInput(f"{path} is not empty.", "Give a new or an empty folder for the workspace.")
        except OSError as error:
            raise BadInput(f"{path} cannot be read ({error.strerror}).", "Give a folder you may write to.") from error
        record = {
            "format": FORMAT,
            "name": name or path.name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            path.mkdir(parents=True, exist_ok=True)
            with writing(path.name):
                for folder in _FOLDERS:
                    (path / folder).mkdir(exist_ok=True)
            write_json(path / _FILE, record)
        except OSError as error:
            raise BadInput(f"{path} cannot be made ({error.strerror}).", "Give a folder you may write to.") from error
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Workspace:
        """Open a workspace; BadInput when the folder is none, NewerFormat when it is from a newer version."""
        path = _absolute(path)
        try:
            there = (path / _FILE).is_file()
        except OSError as error:
            raise BadInput(f"{path} cannot be read ({error.strerror}).", "Give a folder you may read.") from error
        if not there:
            raise BadInput(
                f"{path} is not a Winnow workspace.", "Give an existing workspace, or make one with `winnow ingest`."
            )
        try:
            record: dict[str, Any] = json.loads((path / _FILE).read_text(encoding="utf-8"))
            found, name, created_at = int(record["format"]), str(record["name"]), str(record["created_at"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{path / _FILE} cannot be read ({error}).",
                "Restore the file from a copy; its data tables are not touched.",
            ) from error
        if found > FORMAT:
            raise NewerFormat(
                f"{path} has workspace format {found}; this version of Winnow reads up to {FORMAT}.",
                "Install a newer Winnow; nothing was changed.",
            )
        return cls(path, name, created_at)

    @classmethod
    def open_or_create(cls, path: Path) -> Workspace:
        """What `winnow ingest` does with its first argument."""
        try:
            return cls.create(path)
        except BadInput:
            if not _is_workspace(path):
                raise
        return cls.open(path)  # it was there, or another process has just made it

    def versions(self) -> dict[str, int]:
        """Table name to newest Lance version, and `RATINGS` where somebody rated."""
        return self.store.versions() | rating_version(Acts(self.acts_path).latest(RATING))

    def snapshot(self) -> str:
        """Digest of the tables' versions as they are now: 32 hex digits; the same tables give the same digest."""
        return digest_of(self.versions())

    def pin_snapshot(self, versions: Mapping[str, int] | None = None) -> str:
        """Record versions (of what was looked at; else the present ones) under their digest and tag them, so that no clean-up
        removes them."""
        versions = self.versions() if versions is None else dict(versions)
        digest = digest_of(versions)
        path = self.path / "snapshots" / f"{digest}.json"
        if not path.exists():
            for table, version in versions.items():
                if table != RATINGS:  # nothing cleans up what people did
                    self.store.tag(table, f"snapshot-{digest}", version)
            path.parent.mkdir(exist_ok=True)
            write_json(path, versions)
        return digest

    def pinned(self, digest: str) -> dict[str, int] | None:
        """Table versions of a pinned snapshot, or None when it was never pinned here."""
        path = self.path / "snapshots" / f"{digest}.json"
        if not path.is_file():
            return None
        versions: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
        return versions


def rating_version(act_id: int) -> dict[str, int]:
    """What ratings add to the versions of a workspace, by the number of the last act; nothing before the first."""
    return {RATINGS: act_id} if act_id else {}


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except RuntimeError as error:  # a home of nobody, a loop of links
        raise BadInput(f"{path} names no folder ({error}).", "Give the whole path.") from error


def _is_workspace(path: Path) -> bool:
    try:
        return (_absolute(path) / _FILE).exists()
    except OSError:
        return False


def _is_ours(entry: Path) -> bool:
    """What a workspace leaves behind whose making was interrupted: its folders without anything in them, a half-written record."""
    if entry.name.startswith(f".{_FILE}.") and entry.name.endswith(".tmp"):
        return True
    return entry.name in _FOLDERS and entry.is_dir() and not any(entry.iterdir())


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    with writing(path.name):
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

"""The workspaces opened last: a small JSON file in the person's own configuration folder.

The folder is the system's usual one (`XDG_CONFIG_HOME`, `%APPDATA%`, `~/Library/Application Support`), or `WINNOW_CONFIG_DIR`.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.workspace import write_json

CONFIG_VARIABLE = "WINNOW_CONFIG_DIR"
_KEEP = 12


@dataclass(frozen=True)
class Recent:
    """A workspace that was opened: where it lies, its name then, when."""

    path: Path
    name: str
    opened_at: str

    @property
    def exists(self) -> bool:
        return (self.path / "workspace.json").is_file()


def config_dir() -> Path:
    """The folder of the person's settings; it need not exist."""
    if given := os.environ.get(CONFIG_VARIABLE):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "winnow"
    base = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "winnow"


def recent() -> list[Recent]:
    """Workspaces opened last, newest first; an unreadable file counts as none, since nothing depends on it."""
    try:
        entries = json.loads((config_dir() / "recent.json").read_text(encoding="utf-8"))
        return [Recent(Path(entry["path"]), str(entry["name"]), str(entry["opened_at"])) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def remember(path: Path, name: str) -> None:
    """Put a workspace first; a folder that cannot be written leaves the list as it was."""
    known = recent()
    if known and known[0].path == path and known[0].name == name:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = [Recent(path, name, now), *(entry for entry in known if entry.path != path)][:_KEEP]
    try:
        config_dir().mkdir(parents=True, exist_ok=True)
        write_json(
            config_dir() / "recent.json",
            [{"path": str(entry.path), "name": entry.name, "opened_at": entry.opened_at} for entry in kept],
        )
    except OSError:
        return

"""The command that mends a problem, with the workspace's own paths and flags in it."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.store import schemas
from core.store.ratings import RATER_VARIABLE
from core.workspace import Workspace

_MOST_COMMANDS = 3
_FLAGS = {
    "source": "--source",
    "source_from": "--source-from",
    "image_root": "--image-root",
    "images": "--images",
    "limit": "--limit",
}


def quoted(value: object) -> str:
    return shlex.quote(str(value))


def ingest_again(workspace: Workspace, rows: Iterable[Mapping[str, Any]]) -> str:
    """Commands that ingest sources (rows of the table `sources`) once more and put right what differs."""
    targets: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        paths = list(row["paths"] or [])
        named_by_file = not row["source_from"] and all(Path(path).stem == row["source"] for path in paths)
        name = "" if named_by_file else f" --source {quoted(row['source'])}"
        name = f" --source-from {quoted(row['source_from'])}" if row["source_from"] else name
        targets[name, f" --image-root {quoted(row['image_root'])} --images {row['images']} --update"].extend(paths)
    base = f"winnow ingest {quoted(workspace.path)}"
    commands = [
        f"{base} {quoted(target)}{name}{rest}"
        for (name, rest), paths in targets.items()
        for target in _folders_or_files(paths)
    ]
    if not commands:
        return f"Run `{base} PATH --update` with the paths of the data sets."
    more = f" and so on for {len(commands) - _MOST_COMMANDS} more" if len(commands) > _MOST_COMMANDS else ""
    return f"Run {', '.join(f'`{command}`' for command in commands[:_MOST_COMMANDS])}{more}."


def _folders_or_files(paths: Iterable[str]) -> list[str]:
    """A folder where all its data files are meant, which keeps the numbers of repeated ids; else the files."""
    by_folder: dict[Path, set[Path]] = defaultdict(set)
    for path in paths:
        by_folder[Path(path).parent].add(Path(path))
    found: list[str] = []
    for folder, files in by_folder.items():
        there = {entry for ending in ("json", "jsonl") for entry in folder.glob(f"*.{ending}")}
        found.extend([str(folder)] if len(files) > 1 and files == there else sorted(map(str, files)))
    return found


def resume_ingest(workspace: Workspace, settings: Mapping[str, Any]) -> str:
    """The command of an ingest that did not end, from its settings."""
    given = [f"{flag} {quoted(settings[name])}" for name, flag in _FLAGS.items() if settings.get(name)]
    paths = [quoted(path) for path in settings.get("paths", [])]
    update = ["--update"] if settings.get("update") else []
    return f"Run `{' '.join(['winnow ingest', quoted(workspace.path), *paths, *given, *update])}`; it goes on where it stopped."


def make_again(workspace: Workspace, table: str, sources: Iterable[Mapping[str, Any]]) -> str:
    """How to make a table anew: out with the damaged one, then the verb that writes it."""
    moved = f"Move {quoted(workspace.store.path / f'{table}.lance')} out of the workspace."
    if table in schemas.TABLES:
        return f"{moved} {ingest_again(workspace, [] if table == 'sources' else sources)}"
    return f"{moved} {produce(workspace, table)}"


def produce(workspace: Workspace, table: str) -> str:
    """How an evidence table is brought up to date."""
    if "--mmssr--" in table:
        return (
            f"Run `winnow import-evidence {quoted(workspace.path)} DIR --format mmssr` with the folder of the replies."
        )
    if table.startswith("numbers--"):
        return (
            f"Run `winnow import-evidence {quoted(workspace.path)} FILE --format numbers` with the file of the numbers."
        )
    return f"Run `winnow prepare {quoted(workspace.path)}`."


def rate_again(workspace: Workspace, about: Sequence[str]) -> str:
    """How ratings come to count again, by the samples they are about as far as these are known."""
    which = ", ".join(about[:_MOST_COMMANDS]) + (
        f" and {len(about) - _MOST_COMMANDS} more" if len(about) > _MOST_COMMANDS else ""
    )
    samples = f" ({which})" if which else ""
    return (
        f"Run `winnow open {quoted(workspace.path)}` and rate the samples{samples} in Browse again, or take the ratings back there "
        f"(Backspace), as who gave them ({RATER_VARIABLE}=NAME says who); ingest again what is gone."
    )

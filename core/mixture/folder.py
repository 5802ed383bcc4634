"""The folder an export goes to: where it may be, the temporary one beside it, and what the disk refuses, in words.

Work is done in `.NAME.partial` beside the folder NAME and renamed when it is whole, so what bears the name is complete.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import BadData, BadInput, Busy, DiskFull
from core.mixture.images import CannotRead
from core.mixture.journal import JOURNAL_FILE
from core.store.tables import is_full
from core.workspace import Workspace

_MOST_NAMES = 4
_ELSEWHERE = "Give a folder you may write to."


class OthersWork(BadInput):
    """The temporary folder holds an unfinished export of something else, which is to stay."""


def final_folder(out: Path, workspace: Workspace) -> Path:
    """Where an export to `out` goes; BadInput for a file, and for a place where the workspace keeps something else."""
    try:
        final = out.expanduser().resolve()
        is_file = final.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # no rights on the way, a home of nobody, a NUL
        raise BadInput(f"{str(out)!r} cannot be used ({error}).", _ELSEWHERE) from error
    if is_file:
        raise BadInput(f"{final} is a file.", "Give a new folder with --out.")
    own = workspace.path.resolve()
    free = (workspace.exports_dir.resolve(), workspace.runs_dir.resolve())
    if final.is_relative_to(own) and not any(place in final.parents for place in free):
        raise BadInput(
            f"{final} is where the workspace keeps its own files.",
            f"Give a folder outside of the workspace, or a new one in {workspace.exports_dir}.",
        )
    return final


def free_folder(out: Path, workspace: Workspace) -> Path:
    """Where an export to `out` goes; BadInput when something is there already."""
    final = final_folder(out, workspace)
    if names := names_in(final):
        raise BadInput(
            f"{final} is not empty: it holds {some(names)}.",
            "Give a new or an empty folder, or --resume for an export that is there already; nothing was overwritten.",
        )
    return final


def names_in(folder: Path) -> list[str]:
    """What stands in a folder, by name; nothing when there is none."""
    try:
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise BadInput(f"{folder} cannot be read ({error.strerror}).", _ELSEWHERE) from error


def some(names: list[str]) -> str:
    """A few names: 'a, b, c, d and 17 more'."""
    more = len(names) - _MOST_NAMES
    return f"{', '.join(names[:_MOST_NAMES])}{f' and {more:,} more' if more > 0 else ''}"


def partial_of(final: Path) -> Path:
    """The folder an export is written in before it is whole."""
    return final.with_name(f".{final.name}.partial")


def final_of(partial: Path) -> Path | None:
    """What `partial_of` was made from, None when that was nothing."""
    name = partial.name
    is_one = name.startswith(".") and name.endswith(".partial") and len(name) > len("..partial")
    return partial.with_name(name[1:].removesuffix(".partial")) if is_one else None


@contextmanager
def working_in(final: Path) -> Iterator[Path]:
    """The temporary folder beside the final one, which stays when the work is cut short; only one process at a time has it."""
    folder = partial_of(final)
    lock = FileLock(final.parent / f"{folder.name}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise Busy(f"Another export to {final} is under way.", "Wait for it, or give another folder.") from None
    except OSError as error:
        if is_full(error):
            raise _full(final) from error
        raise BadInput(f"{final} cannot be written ({error.strerror}).", _ELSEWHERE) from error
    try:
        yield folder
    except OSError as error:
        if is_full(error):
            raise _full(final) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise Busy(f"Something was written to {final} meanwhile.", "Give a folder nobody else uses.") from error
        raise
    except (OthersWork, CannotRead):
        raise
    except (BadData, BadInput):
        empty(folder)  # going on would end the same way
        raise
    finally:
        if folder.is_dir() and not (folder / JOURNAL_FILE).is_file():
            shutil.rmtree(folder, ignore_errors=True)
        Path(lock.lock_file).unlink(missing_ok=True)  # while it is held: who waits for it sees that it is gone
        lock.release()


def _full(final: Path) -> DiskFull:
    return DiskFull(
        f"The disk is full while exporting to {final}.",
        "Free some space, or use --images link; then export again: it goes on where it stopped.",
    )


def empty(folder: Path) -> None:
    """Take away what an export of something else left; first of all what says how to go on with it."""
    (folder / JOURNAL_FILE).unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def put_in_place(folder: Path, final: Path, names: list[str]) -> None:
    """Move these files from the temporary folder over those of the final one, each at once."""
    for name in names:
        place = final / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.rmtree(place)
        os.replace(folder / name, place)

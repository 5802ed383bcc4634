"""Data files of an export that are on the disk when a checkpoint says so, and that a writer can let go of without another byte."""

from __future__ import annotations

import os
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_BUFFER_BYTES = 4 << 20


class LostFile(FileNotFoundError):
    """What a checkpoint speaks of is not on the disk, so nobody can go on from it; the export is begun anew."""


def opened(path: Path, num_bytes: int | None) -> BufferedWriter:
    """A file to go on with behind its first `num_bytes`, or a new one for None; LostFile when it is not that long.

    A new one takes the place of what is there: somebody who was interrupted may still hold that, and write to it when
    he is forgotten.
    """
    if num_bytes is None:
        path.unlink(missing_ok=True)
        return BufferedWriter(FileIO(path, "wb"), _BUFFER_BYTES)
    if not path.is_file() or path.stat().st_size < num_bytes:
        raise LostFile(f"{path} does not hold the {num_bytes:,} bytes that were written to it.")
    file: BufferedWriter = BufferedWriter(FileIO(path, "r+b"), _BUFFER_BYTES)
    file.truncate(num_bytes)
    file.seek(num_bytes)
    return file


def flushed(file: BufferedWriter) -> int:
    """Put what was written on the disk; how many bytes that are."""
    file.flush()
    os.fsync(file.fileno())
    return file.tell()


def ended(file: BufferedWriter) -> None:
    """Close a file that is whole, on the disk."""
    flushed(file)
    file.close()


def let_go(file: BufferedWriter) -> None:
    """Close a file as it is: what its buffer holds is not written, now or later."""
    file.raw.close()


def synced(path: Path) -> None:
    """Put a file that somebody else wrote, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def num_rows(path: Path) -> int:
    """How many rows a Parquet file has that was ended; LostFile for anything else."""
    try:
        found: int = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowInvalid) as error:
        raise LostFile(f"{path} is not the Parquet file that was written there ({error}).") from error
    return found


def let_go_of_parquet(writer: Any, path: Path) -> None:
    """Give up a Parquet file that was begun: it is taken away before its writer, which insists on writing an end, is closed."""
    path.unlink(missing_ok=True)
    try:
        writer.close()
    except OSError:  # on a full disk even that end finds no room, and nobody needs it
        writer.is_open = False

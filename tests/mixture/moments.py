"""What a folder holds at every moment at which `kill -9` could end who writes it: copies made before each step on its files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STEPS = {"open", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link"}
_watching: list[Callable[[str], None]] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _watching and event in STEPS and isinstance(args[0], str | os.PathLike):
        _watching[-1](os.fspath(args[0]))


sys.addaudithook(_hook)  # it stays for good, so there is one, and it does nothing unless somebody watches


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@contextmanager
def moments(folder: Path, into: Path, wanted: Callable[[Path], bool] = lambda folder: True) -> Iterator[list[Path]]:
    """Copies of `folder` below `into`, one for each state that anything done meanwhile leaves it in; `wanted` chooses."""
    found: list[Path] = []
    last: dict[str, bytes] | None = None

    def copy(path: str) -> None:
        nonlocal last
        if not path.startswith(str(folder)) or not folder.is_dir() or not wanted(folder):
            return
        _watching.append(lambda path: None)
        try:
            now = held(folder)
            if now != last:
                last = now
                found.append(into / f"{len(found):04d}")
                shutil.copytree(folder, found[-1])
        finally:
            _watching.pop()

    _watching.append(copy)
    try:
        yield found
    finally:
        _watching.pop()

"""How the command line speaks: progress bars and messages on stderr, one JSON object or a few lines on stdout.

A StudioError becomes two lines, problem and remedy, and exit status 2; nobody sees a traceback for a mistake.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import StudioError
from core.progress import Progress

USER_MISTAKE = 2
INTERRUPTED = 130


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """A progress callable that draws one bar with rate and time left on stderr."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def show(done: int, total: int | None, note: str) -> None:
            progress.update(task, completed=done, total=total, description=note or title)

        yield show


def say(text: str) -> None:
    """A message beside the result: stderr."""
    print(text, file=sys.stderr, flush=True)


def give(result: dict[str, Any], as_json: bool, lines: Callable[[dict[str, Any]], list[str]]) -> None:
    """The result: one JSON object, or the lines a person reads."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print("\n".join(lines(result)))


def report(error: StudioError, as_json: bool) -> int:
    """Say problem and remedy on stderr (and as the JSON object, where one was asked for); the exit status."""
    say(f"{error.problem}\n{error.fix}")
    if as_json:
        print(
            json.dumps({"error": type(error).__name__, "problem": error.problem, "fix": error.fix}, ensure_ascii=False)
        )
    return USER_MISTAKE

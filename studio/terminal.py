"""How the command line speaks: progress bars and messages on stderr, one JSON object or a few lines on stdout.

A StudioError becomes two lines, problem and remedy, and exit status 2; nobody sees a traceback for a mistake.
"""

from __future__ import annotations

import errno
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from core.errors import BadInput, StudioError
from core.progress import Progress

PROBLEMS_FOUND = 1
USER_MISTAKE = 2
INTERRUPTED = 130
_REFUSALS = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG,
    errno.ELOOP, errno.ENOSPC, errno.EDQUOT,
}  # fmt: skip


class _Interrupts:
    """A Ctrl-C that cannot get lost: raised where it happens, and again at the next step.

    Python drops an exception that is raised inside a destructor or a native library's callback; a verb would then go on to its
    end as if nobody had asked it to stop.
    """

    def __init__(self) -> None:
        self.asked = False

    def heed(self) -> None:
        """From now on a Ctrl-C is remembered; only where nobody else handles it, and only the main thread may."""
        on_main = threading.current_thread() is threading.main_thread()
        if on_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self.asked = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt when somebody pressed Ctrl-C."""
        if self.asked:
            raise KeyboardInterrupt


INTERRUPTS = _Interrupts()


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
            INTERRUPTS.check()
            progress.update(task, completed=done, total=total, description=note or title)

        yield show


def say(text: str) -> None:
    """A message beside the result: stderr."""
    if sys.stderr is not None:  # closed: print() would then turn to stdout, where only the result may stand
        print(text, file=sys.stderr, flush=True)


def give(result: dict[str, Any], as_json: bool, lines: Callable[[dict[str, Any]], list[str]]) -> None:
    """The result: one JSON object, or the lines a person reads."""
    if as_json:
        give_json(result)
    else:
        print("\n".join(lines(result)).encode(_encoding(), "backslashreplace").decode(_encoding()), flush=True)


def give_json(result: dict[str, Any]) -> None:
    """One object on one line, at once, so that a reader who left is noticed here. Not-a-number is null, since JSON has no word for it;
    what the terminal's encoding lacks is escaped."""
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    except ValueError:
        result = json.loads(json.dumps(result), parse_constant=lambda word: None)
        text = json.dumps(result, ensure_ascii=False)
    try:
        text.encode(_encoding())
    except UnicodeEncodeError:
        text = json.dumps(result)
    print(text, flush=True)


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def report(error: StudioError, as_json: bool) -> int:
    """Say problem and remedy on stderr (and as the JSON object, where one was asked for); the exit status."""
    say(f"{error.problem}\n{error.fix}")
    if as_json:
        give_json({"error": type(error).__name__, "problem": error.problem, "fix": error.fix})
    return USER_MISTAKE


def perform(as_json: bool, act: Callable[[], tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]]) -> None:
    """Run a verb: its result to stdout, a StudioError to its two lines and exit status 2.

    So is what the file system refuses for a path that was given: no right to it, no such folder, no room.
    """
    try:
        result, lines = act()
    except StudioError as error:
        raise typer.Exit(report(error, as_json)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        named = error.filename if error.filename is not None else "A file"
        mistake = BadInput(
            f"{named} cannot be used ({error.strerror}).", "Give a path you may read and write, with room on its disk."
        )
        raise typer.Exit(report(mistake, as_json)) from None
    INTERRUPTS.check()
    if result:
        give(result, as_json, lines)


def ingest_lines(done: dict[str, Any]) -> list[str]:
    """What a person reads after an ingest."""
    lines = [
        f"{done['ingested']:,} samples ingested in {done['seconds']:.1f} s; {done['already_known']:,} were known already."
    ]
    if done["changed"]:
        lines.append(f"{done['changed']:,} known samples have other content (replaced only with --update).")
    lines += [f"  {count:>7,} quarantined: {reason}" for reason, count in done["quarantined"].items()]
    return lines


def failures(failed: dict[str, int]) -> str:
    """Reasons and counts of what a step could not make, behind its figure."""
    return "".join(f", {count:,} without ({reason})" for reason, count in failed.items())


def checked(kind: Any, /, **values: Any) -> Any:
    """A settings object from option values; a rejected field is a user's mistake that names it."""
    from pydantic import ValidationError

    try:
        return kind(**{key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "settings"
        raise BadInput(
            f"{field} = {first['input']!r} is not acceptable: {first['msg']}.",
            f"Run `winnow --help` for what {field} may be.",
        ) from None

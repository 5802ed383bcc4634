"""One shape for progress everywhere: a callable that takes (done, total, note).

The terminal shows it as a bar, a run writes it to `state.json`, a page polls that file.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, "int | None", str], None]
"""(done, total or None while unknown, what is being done now)."""


def silent(done: int, total: int | None, note: str) -> None:
    """The progress nobody watches."""

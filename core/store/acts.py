"""What people do in a workspace (saved selections, filters, ratings) as an append-only list of acts in SQLite.

Small, transactional and shared by several processes (WAL); the present state is the acts folded in order, so nothing is lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BadData, DiskFull, StudioError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS acts (
    act_id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    kind TEXT NOT NULL,      -- what kind of thing it is about, such as 'selection'
    key TEXT NOT NULL,       -- which one
    payload TEXT             -- its state after the act as JSON, NULL when it was removed
);
CREATE INDEX IF NOT EXISTS acts_kind ON acts (kind, key, act_id);
CREATE INDEX IF NOT EXISTS acts_newest ON acts (kind, act_id);
"""

RATING = "rating"
"""The kind of acts on what a person says a sample trains: see core/store/ratings.py."""


_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
"""What SQLite says of a full disk; the second where there is no room for what processes share, which reading needs too."""


class Acts:
    """The acts of a workspace; `path` is its workspace.sqlite."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=10.0)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)
                with connection:
                    yield connection
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    @contextmanager
    def _looking(self) -> Iterator[sqlite3.Connection | None]:
        """A connection that changes nothing, None where there are no acts yet."""
        if not self.path.exists():
            yield None
            return
        try:
            # as_uri escapes what a URI would read as its own: # ? %
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=10.0)) as connection:
                has_acts = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'acts'").fetchone()[0]
                yield connection if has_acts else None
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> StudioError:
        if getattr(error, "sqlite_errorname", "") in _FULL:
            return DiskFull(f"The disk is full while writing {self.path.name}.", "Free some space and do it again.")
        return BadData(
            f"{self.path} cannot be used ({error}).", "Run `winnow check` on the workspace; it says how to mend it."
        )

    def put(self, kind: str, key: str, payload: dict[str, Any]) -> None:
        """Record the new state of one thing; what it was before stays in the list."""
        self._record(kind, key, json.dumps(payload, ensure_ascii=False, sort_keys=True))

    def remove(self, kind: str, key: str) -> None:
        """Record that one thing is gone."""
        self._record(kind, key, None)

    def undo(self, kind: str, key: str) -> bool:
        """Go back to the state before the last act on one thing; False when there is none before it."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")  # nobody acts between the look and the undoing
            found = connection.execute(
                "SELECT payload FROM acts WHERE kind = ? AND key = ? ORDER BY act_id DESC LIMIT 2", (kind, key)
            ).fetchall()
            if not found or (len(found) == 1 and found[0][0] is None):
                return False
            before = found[1][0] if len(found) == 2 else None
            self._insert(connection, kind, key, before)
            return True

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """The present state of everything of a kind, by key, oldest first."""
        asked = """
            SELECT key, payload FROM acts
            WHERE act_id IN (SELECT max(act_id) FROM acts WHERE kind = ? GROUP BY key) AND payload IS NOT NULL
            ORDER BY act_id
        """
        with self._looking() as connection:
            rows = [] if connection is None else connection.execute(asked, (kind,)).fetchall()
        return {key: json.loads(payload) for key, payload in rows}

    def revise(self, kind: str, change: Callable[[dict[str, dict[str, Any]]], dict[str, dict[str, Any]]]) -> None:
        """Change everything of a kind in one step: `change` gets the present state by key and gives the wanted one.

        Nobody acts in between. For what is no record of its own, such as a list to undo from: only the present state is kept.
        """
        with self._connection() as connection:
            connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last step, never the file
            connection.execute("BEGIN IMMEDIATE")
            before = {
                key: json.loads(payload)
                for key, payload in connection.execute(
                    "SELECT key, payload FROM acts WHERE kind = ? AND payload IS NOT NULL ORDER BY act_id", (kind,)
                ).fetchall()
            }
            after = change(dict(before))
            for key in [*(key for key in before if key not in after), *after]:
                if before.get(key) == after.get(key):
                    continue
                connection.execute("DELETE FROM acts WHERE kind = ? AND key = ?", (kind, key))
                if key in after:
                    self._insert(connection, kind, key, json.dumps(after[key], ensure_ascii=False, sort_keys=True))

    def latest(self, kind: str) -> int:
        """The number of the newest act of a kind, 0 before the first: moves whenever anything of that kind does."""
        with self._looking() as connection:
            if connection is None:
                return 0
            return int(connection.execute("SELECT max(act_id) FROM acts WHERE kind = ?", (kind,)).fetchone()[0] or 0)

    def since(self, kind: str, act_id: int) -> list[tuple[int, str, str, str | None]]:
        """(number, UTC time, key, state as it is written or None when removed) of the acts of a kind after a number, oldest first.

        Read without making or changing the file.
        """
        asked = "SELECT act_id, time, key, payload FROM acts WHERE kind = ? AND act_id > ? ORDER BY act_id"
        with self._looking() as connection:
            return [] if connection is None else connection.execute(asked, (kind, act_id)).fetchall()

    def history(self, kind: str, key: str) -> list[tuple[str, dict[str, Any] | None]]:
        """(UTC time, state or None when removed) of every act on one thing, oldest first."""
        asked = "SELECT time, payload FROM acts WHERE kind = ? AND key = ? ORDER BY act_id"
        with self._looking() as connection:
            rows = [] if connection is None else connection.execute(asked, (kind, key)).fetchall()
        return [(time, None if payload is None else json.loads(payload)) for time, payload in rows]

    def _record(self, kind: str, key: str, payload: str | None) -> None:
        with self._connection() as connection:
            self._insert(connection, kind, key, payload)

    @staticmethod
    def _insert(connection: sqlite3.Connection, kind: str, key: str, payload: str | None) -> None:
        connection.execute(
            "INSERT INTO acts (time, kind, key, payload) VALUES (?, ?, ?, ?)",
            (datetime.now(UTC).isoformat(timespec="milliseconds"), kind, key, payload),
        )

"""What an import could not take: counted by reason, the first few told with their places, all of them in quarantine."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from core.ingest import quarantine
from core.ingest.quarantine import Quarantined
from core.ingest.reasons import Rejected
from core.store import Store

_QUARANTINE_ROWS = 10_000
_EXAMPLES = 5


class Example(BaseModel):
    """One row or cell that was not taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: str = Field(description="Where it stands in the file: a line, a row from 1, or an id.")
    column: str = Field(description="The column of the file; empty where the whole row is meant.")
    detail: str = Field(description="What is wrong, with the value.")

    def words(self) -> str:
        """As one line: `line 3, column ppl: the value is 'high'`."""
        return f"{self.place}{f', column {self.column}' if self.column else ''}: {self.detail}"


class Aside:
    """Rows and cells set aside, written to quarantine a few thousand at a time."""

    def __init__(self, store: Store, path: Path) -> None:
        self.rejected: Counter[str] = Counter()
        self._examples: dict[str, list[Example]] = {}
        self._store, self._path = store, path
        self._reading = uuid.uuid4().hex
        self._rows: list[Quarantined] = []

    def add(self, rejected: Rejected, source: str, row: int, raw: str, *, place: str, column: str = "") -> None:
        """Set aside the row with this number, from 0, or one cell of it; the row stands in the file at `place`."""
        self._count(rejected.reason, place, column, rejected.detail)
        about = Rejected(rejected.reason, f"{column}: {rejected.detail}") if column else rejected
        self._rows.append(Quarantined.of(about, source, self._path, row, raw))
        if len(self._rows) >= _QUARANTINE_ROWS:
            self.write()

    def nobody(self, key: str, place: str) -> None:
        """Count a row about a sample that is not there; it is no mistake of the file, and is not quarantined."""
        self._count("no_such_sample", place, "", f"id {key!r}")

    def _count(self, reason: str, place: str, column: str, detail: str) -> None:
        self.rejected[reason] += 1
        told = self._examples.setdefault(reason, [])
        if len(told) < _EXAMPLES:
            told.append(Example(place=place, column=column, detail=detail))

    @property
    def examples(self) -> dict[str, tuple[Example, ...]]:
        """The first few of each reason, the reason with the most first."""
        return {reason: tuple(self._examples[reason]) for reason, _ in self.rejected.most_common()}

    def write(self) -> None:
        quarantine.write(self._store, self._rows, self._reading)
        self._rows = []

    def finish(self) -> None:
        """What an earlier reading of the file had set aside, and this one did not, goes."""
        quarantine.forget(self._store, [self._path], self._reading)

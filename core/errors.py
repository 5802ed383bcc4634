"""What can go wrong, said so that a person can act.

StudioError
├── BadInput          an argument, setting or expression is not acceptable
├── BadData           a file or record is not what it should be
├── MissingEvidence   scores, tags, vectors or a map are needed and not there
├── Busy              another process holds what is needed
├── NewerFormat       the workspace was written by a newer version
├── DiskFull          there is no room to write
└── RunFailed         a run ended without its result
"""

from __future__ import annotations


class StudioError(Exception):
    """A mistake or fault a person can mend.

    `problem` names what is wrong with the value in it; `fix` names the one thing to do. Both are single sentences that a
    terminal or a page shows as they are.
    """

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem, fix)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.problem}\n{self.fix}"


class BadInput(StudioError):
    """An argument, a setting or an expression is not acceptable."""


class BadData(StudioError):
    """A file or a record is not what it should be."""


class MissingEvidence(StudioError):
    """Scores, tags, vectors or a map are needed and not there."""


class Busy(StudioError):
    """Another process holds what is needed; the message names its pid."""


class NewerFormat(StudioError):
    """The workspace was written by a newer version of Winnow."""


class DiskFull(StudioError):
    """There is no room to write; what was complete before is kept."""


class RunFailed(StudioError):
    """A run ended without its result."""

"""Is a workspace sound, and which command mends it if not. `check` looks at everything and changes nothing."""

from __future__ import annotations

from core.check.verify import CheckReport, Problem, check

__all__ = ["CheckReport", "Problem", "check"]

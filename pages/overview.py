"""Overview: what the workspace holds, what is missing, and the next step."""

from __future__ import annotations

from studio.layout import page

with page("Overview", "See what this workspace holds and what it still needs."):
    pass

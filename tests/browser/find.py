"""Which Chromium the browser tests drive: `python -m tests.browser.find` prints its path, or says how to get one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

VARIABLE = "WINNOW_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
REMEDY = "No Chromium was found. Run `make browser`, which installs one; or set WINNOW_CHROMIUM to the path of a Chromium or Chrome."


def find_chromium() -> Path | None:
    """The named one, the system's, or Playwright's own, in that order."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named) if Path(named).is_file() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.is_file() else None


def main() -> int:
    found = find_chromium()
    print(found or REMEDY, file=sys.stdout if found else sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    raise SystemExit(main())

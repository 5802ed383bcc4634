"""How long a person waits at the start: `winnow --help`, and from `winnow open` to the last Overview figure in the page.

First screen: from the start of the process, cold (a new one each time), to the moment after which no text of the page changes any
more, in a real headless Chromium that is already running. Needs a prepared workspace.

    python -m benchmarks.startup WS [--runs 5]
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.find import REMEDY, find_chromium
from tests.browser.serving import ROOT

QUIET_SECONDS = 2.0
_LAST_CHANGE = """() => {
  window.winnowChanged = performance.now();
  const note = () => { window.winnowChanged = performance.now(); };
  new MutationObserver(note).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
}"""


def help_seconds() -> float:
    """Wall seconds of one `winnow --help`."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "studio.cli", "--help"], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - started


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def first_screen_seconds(workspace: Path, browser: Browser) -> float:
    """Wall seconds from the start of `winnow open` to the last change of Overview."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(f"({_LAST_CHANGE})()")
    started = time.perf_counter()
    command = [sys.executable, "-m", "studio.cli", "open", str(workspace), "--port", str(port), "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        while not answers(port):
            if time.perf_counter() - started > 60:
                raise TimeoutError("the server did not answer within 60 s")
            time.sleep(0.02)
        page.goto(address, wait_until="commit")
        page.wait_for_selector(".w-figures", timeout=60_000)
        while True:
            quiet = page.evaluate("performance.now() - window.winnowChanged") / 1000
            if quiet >= QUIET_SECONDS:
                return time.perf_counter() - started - quiet
            time.sleep(0.1)
    finally:
        server.terminate()
        server.wait(10)
        page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path, help="a prepared workspace")
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit(REMEDY)
    help_seconds()  # the first one reads the files from disk
    helps = [help_seconds() for _ in range(chosen.runs)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=list(ARGUMENTS))
        screens = [first_screen_seconds(chosen.workspace, browser) for _ in range(chosen.runs)]
        browser.close()
    print(f"{'what':<34} {'median s':>9} {'min s':>7} {'max s':>7} {'target s':>9}")
    for what, seconds, target in (("winnow --help", helps, 0.7), ("winnow open to the last figure", screens, 5.0)):
        print(f"{what:<34} {statistics.median(seconds):>9.2f} {min(seconds):>7.2f} {max(seconds):>7.2f} {target:>9.1f}")


if __name__ == "__main__":
    main()

"""How long a budget change takes, in a real Chromium: while dragging, and on release.

Dragging: from the pointer event to the end of the first frame drawn after it (`gl.finish` and a pixel read back). Release: from
the pointer's release to the last text or chart that changes in the page. Hover: from the pointer's move onto a point to its picture
being there. Default: the map's test page over generated points;
`--workspace` measures a page of the studio over a real workspace, `--url` one that is served already.

    python -m benchmarks.curate_latency [--points 12000] [--workspace WS] [--url URL] [--page curate]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, DESIGN_SIZE
from tests.browser.find import REMEDY, find_chromium
from tests.browser.points import make_workspace
from tests.browser.serving import ROOT, serving

MAP_PAGE = ROOT / "tests" / "browser" / "map_page.py"
MAP = ".winnow-map[data-state=ready]"
SLIDER = ".winnow-map input.budget"
QUIET_MS = 700
THUMB_PX = 18

# Notes when the slider is let go, and when text or a drawing last changed since, wherever in the page that is.
_WATCH = """() => {
  const watch = (window.winnowWatch = { released: null, changed: null });
  window.addEventListener("pointerup", (event) => { watch.released = event.timeStamp; watch.changed = null; }, true);
  const ignored = '[data-testid="stStatusWidget"], [data-testid="stToolbar"], [data-testid="stHeader"], .spoken';
  const note = (mutations) => {
    for (const mutation of mutations) {
      const element = mutation.target.nodeType === 1 ? mutation.target : mutation.target.parentElement;
      if (watch.released !== null && !element?.closest(ignored)) {
        watch.changed = performance.now();
      }
    }
  };
  const what = { subtree: true, childList: true, characterData: true };
  new MutationObserver(note).observe(document.body, what);
  for (const host of document.querySelectorAll("*")) {
    if (host.shadowRoot) new MutationObserver(note).observe(host.shadowRoot, what);
  }
}"""


# Notes the last move of the pointer, and when a tooltip's picture was last there.
_WATCH_TIP = """root => {
  const watch = (window.winnowTip = { moved: null, shown: null });
  window.addEventListener("pointermove", (event) => { watch.moved = event.timeStamp; watch.shown = null; }, true);
  root.addEventListener("load", (event) => {
    if (event.target.closest(".tip")) watch.shown = performance.now();
  }, true);
}"""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one kind of change."""

    what: str
    num_changes: int
    p50_ms: float
    p95_ms: float
    worst_ms: float

    @classmethod
    def of(cls, what: str, values: Sequence[float]) -> Latency:
        ordered = sorted(values)
        assert ordered, f"nothing was measured {what}"
        p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
        return cls(what, len(ordered), round(statistics.median(ordered), 1), round(p95, 1), round(ordered[-1], 1))


@contextmanager
def page_to_measure(url: str | None, workspace: Path | None, path: str, num_points: int) -> Iterator[str]:
    """The URL of the page, served for the time of the measurement where it is not served already."""
    if url is not None:
        yield url
    elif workspace is not None:
        with serving(workspace) as address:
            yield f"{address}/{path}"
    else:
        with (
            tempfile.TemporaryDirectory() as folder,
            serving(make_workspace(Path(folder) / "ws").path, MAP_PAGE) as address,
        ):
            yield f"{address}/?{urlencode({'points': num_points})}"


def measure(
    url: str, *, slider: str = SLIDER, num_drags: int = 12, timeout_seconds: float = 120
) -> tuple[list[Latency], dict[str, float]]:
    """Drag and let go `num_drags` times; the latencies, and milliseconds from navigation to the first picture."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(REMEDY)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        page = browser.new_context(viewport=DESIGN_SIZE).new_page()  # type: ignore[arg-type]
        page.goto(url)
        page.wait_for_selector(MAP, timeout=timeout_seconds * 1000)
        first_ms = float(page.evaluate("performance.now()"))
        _rest(page)
        page.evaluate(_WATCH)
        page.locator(".winnow-map").evaluate("root => { window.winnowFrames = root.inspect().measure(); }")
        releases = [_drag(page, slider, drag) for drag in range(num_drags)]
        frames = [frame["to"] - frame["from"] for frame in page.evaluate("window.winnowFrames")]
        hovers = _hover(page)
        state = page.locator(".winnow-map").evaluate("root => root.inspect().state")
        browser.close()
    further = {"first picture": round(first_ms, 1), "last raster": round(float(state["rasterMs"]), 1)}
    return [
        Latency.of("while dragging", frames),
        Latency.of("on release", releases),
        Latency.of("hover", hovers),
    ], further


def _drag(page: Page, slider: str, drag: int) -> float:
    """One drag of 12 steps and its release; milliseconds from the release to the last change."""
    box = page.locator(slider).bounding_box()
    assert box is not None, f"no slider at {slider}"

    def place(share: float) -> tuple[float, float]:
        return box["x"] + THUMB_PX / 2 + share * (box["width"] - THUMB_PX), box["y"] + box["height"] / 2

    start, end = (0.2, 0.75) if drag % 2 == 0 else (0.8, 0.25)
    end += 0.01 * (drag // 2)  # never twice the same budget
    page.mouse.move(*place(start))
    page.mouse.down()
    for step in range(1, 13):
        page.mouse.move(*place(start + (end - start) * step / 12))
        page.wait_for_timeout(45)
    page.mouse.up()
    _rest(page)
    watched = page.evaluate("window.winnowWatch")
    assert watched["changed"] is not None, "the release changed nothing in the page"
    return float(watched["changed"]) - float(watched["released"])


def _hover(page: Page, num_spots: int = 60) -> list[float]:
    """Move onto spots of the picture, from outside it each time; those without a point say nothing."""
    page.locator(".winnow-map").evaluate(_WATCH_TIP)
    box = page.locator(".winnow-map canvas").bounding_box()
    assert box is not None
    found = []
    for spot in range(num_spots):
        # A low-discrepancy walk over the inner part of the picture: the same spots in every run.
        across, down = (spot * 0.7548776662) % 1, (spot * 0.5698402910) % 1
        page.mouse.move(box["x"] + 3, box["y"] + box["height"] - 3)
        page.mouse.move(box["x"] + box["width"] * (0.25 + 0.5 * across), box["y"] + box["height"] * (0.2 + 0.6 * down))
        page.wait_for_timeout(250)
        seen = page.evaluate("window.winnowTip")
        if seen["shown"] is not None:
            found.append(float(seen["shown"]) - float(seen["moved"]))
    return found


def _rest(page: Page) -> None:
    """Wait until nothing has changed for a while."""
    page.wait_for_timeout(QUIET_MS)
    page.wait_for_function(
        """quiet => {
          const app = document.querySelector('[data-testid="stApp"]');
          const changed = window.winnowWatch?.changed ?? 0;
          return app?.dataset.testScriptState === "notRunning" && performance.now() - changed > quiet;
        }""",
        arg=QUIET_MS,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=12_000, help="points of the generated map")
    parser.add_argument("--workspace", type=Path, help="measure the studio over this workspace")
    parser.add_argument("--page", default="curate", help="page of the studio with the map")
    parser.add_argument("--url", help="measure a page that is served already")
    parser.add_argument("--slider", default=SLIDER, help="CSS selector of the slider")
    parser.add_argument("--drags", type=int, default=12)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    chosen = parser.parse_args(arguments)
    with page_to_measure(chosen.url, chosen.workspace, chosen.page, chosen.points) as url:
        latencies, further = measure(url, slider=chosen.slider, num_drags=chosen.drags)
    if chosen.json:
        print(json.dumps({"latencies": [asdict(one) for one in latencies], "milliseconds": further}))
        return
    print(f"{'budget change':<16} {'changes':>8} {'p50 ms':>9} {'p95 ms':>9} {'worst ms':>9}")
    for one in latencies:
        print(f"{one.what:<16} {one.num_changes:>8} {one.p50_ms:>9.1f} {one.p95_ms:>9.1f} {one.worst_ms:>9.1f}")
    for name, milliseconds in further.items():
        print(f"{name:<16} {milliseconds:>36.1f} ms")


if __name__ == "__main__":
    main()

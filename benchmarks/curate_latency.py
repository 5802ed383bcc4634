"""How long a budget change takes, in a real Chromium: while dragging, and on release; and what travels for it.

Dragging: from the pointer event to the end of the first frame drawn after it (`gl.finish` and a pixel read back). Release: from
the pointer's release to the last text or chart that changes in the page. Hover: from the pointer's move onto a point to its picture
being there. First picture: from the navigation to the map being drawn, once with a server that was just started and once with one
whose data is held, the browser's store empty both times. Bytes: all that passes between browser and server for one change.

Default: the map's test page over generated points; `--workspace` measures a page of the studio over a real workspace (see
`benchmarks.big_workspace`), `--url` one that is served already. `--plotly` adds a Plotly scattergl of as many points.

    python -m benchmarks.curate_latency [--points 12000] [--workspace WS] [--url URL] [--page curate] [--plotly]
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

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.wire import Wire, relayed
from tests.browser.conftest import ARGUMENTS, DESIGN_SIZE
from tests.browser.find import REMEDY, find_chromium
from tests.browser.points import make_workspace
from tests.browser.serving import ROOT, serving

PLOTLY_PAGE = Path(__file__).with_name("plotly_page.py")
MAP_PAGE = ROOT / "tests" / "browser" / "map_page.py"
MAP = ".winnow-map[data-state=ready]"
SLIDER = ".winnow-map input.budget"
QUIET_MS = 700
THUMB_PX = 18
_OURS = ("while dragging", "on release")

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


# Notes the last key, and when the chart last changed since, with the GPU's queue emptied. Streamlit puts a new chart into the page
# for each run, so it is the page that is watched.
_WATCH_PLOTLY = """() => {
  const watch = (window.winnowPlotly = { pressed: null, drawn: null });
  window.addEventListener("keydown", (event) => { watch.pressed = event.timeStamp; watch.drawn = null; }, true);
  const drawn = () => {
    for (const canvas of document.querySelectorAll(".js-plotly-plot .gl-canvas")) {
      const gl = canvas.getContext("webgl") ?? canvas.getContext("webgl2");
      gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    }
    watch.drawn = performance.now();
  };
  new MutationObserver((mutations) => {
    const chart = (one) => one.target.nodeType === 1 && one.target.closest(".js-plotly-plot, [data-testid=stPlotlyChart]");
    if (watch.pressed !== null && mutations.some(chart)) requestAnimationFrame(drawn);
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
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


@contextmanager
def _chromium() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(REMEDY)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)


def measure(
    url: str, *, slider: str = SLIDER, num_drags: int = 12, timeout_seconds: float = 120
) -> tuple[list[Latency], dict[str, float]]:
    """Drag and let go `num_drags` times; the latencies, and further numbers by name."""
    with relayed(url) as (address, wire), _chromium() as browser:
        further = {}
        for state in ("cold", "warm"):
            page = browser.new_context(viewport=DESIGN_SIZE).new_page()  # type: ignore[arg-type]
            page.goto(address)
            page.wait_for_selector(MAP, timeout=timeout_seconds * 1000)
            further[f"first picture, {state}, ms"] = round(float(page.evaluate("performance.now()")), 1)
            _rest(page)
        page.evaluate(_WATCH)
        page.locator(".winnow-map").evaluate("root => { window.winnowFrames = root.inspect().measure(); }")
        dragged = [_drag(page, slider, drag, wire) for drag in range(num_drags)]
        frames = [frame["to"] - frame["from"] for frame in page.evaluate("window.winnowFrames")]
        hovers = _hover(page)
        state = page.locator(".winnow-map").evaluate("root => root.inspect().state")
    num_bytes = [num for _, num in dragged]
    further["bytes of a change, median"] = statistics.median(num_bytes)
    further["bytes of a change, most"] = max(num_bytes)
    further["raster of a view, ms"] = round(float(state["rasterMs"]), 1)
    return [
        Latency.of("while dragging", frames),
        Latency.of("on release", [milliseconds for milliseconds, _ in dragged]),
        Latency.of("hover", hovers),
    ], further


def measure_plotly(num_points: int, num_changes: int = 5, timeout_seconds: float = 240) -> Latency:
    """Move the slider of the Plotly page by a key; from the key to the last time the chart was drawn."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(make_workspace(Path(folder) / "ws").path, PLOTLY_PAGE) as address,
        _chromium() as browser,
    ):
        page = browser.new_context(viewport=DESIGN_SIZE).new_page()  # type: ignore[arg-type]
        page.goto(f"{address}/?{urlencode({'points': num_points})}")
        page.wait_for_selector(".js-plotly-plot .gl-canvas", state="attached", timeout=timeout_seconds * 1000)
        _rest(page)
        page.evaluate(_WATCH_PLOTLY)
        found = []
        for _ in range(num_changes):
            page.locator("[data-testid=stSlider] input").focus()
            page.keyboard.press("ArrowRight")
            page.wait_for_function(
                "quiet => winnowPlotly.drawn !== null && performance.now() - winnowPlotly.drawn > quiet",
                arg=3 * QUIET_MS,
                timeout=timeout_seconds * 1000,
            )
            _rest(page)
            seen = page.evaluate("window.winnowPlotly")
            found.append(float(seen["drawn"]) - float(seen["pressed"]))
    return Latency.of("plotly", found)


def _drag(page: Page, slider: str, drag: int, wire: Wire) -> tuple[float, int]:
    """One drag of 12 steps and its release; milliseconds from the release to the last change, and bytes of the whole."""
    box = page.locator(slider).bounding_box()
    assert box is not None, f"no slider at {slider}"

    def place(share: float) -> tuple[float, float]:
        return box["x"] + THUMB_PX / 2 + share * (box["width"] - THUMB_PX), box["y"] + box["height"] / 2

    before = wire.total
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
    return float(watched["changed"]) - float(watched["released"]), wire.total - before


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
    parser.add_argument("--points", type=int, default=12_000, help="points of the generated map, and of the Plotly one")
    parser.add_argument("--workspace", type=Path, help="measure the studio over this workspace")
    parser.add_argument("--page", default="curate", help="page of the studio with the map")
    parser.add_argument("--url", help="measure a page that is served already")
    parser.add_argument("--slider", default=SLIDER, help="CSS selector of the slider")
    parser.add_argument("--drags", type=int, default=12)
    parser.add_argument("--plotly", action="store_true", help="compare with a Plotly scattergl of as many points")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    chosen = parser.parse_args(arguments)
    with page_to_measure(chosen.url, chosen.workspace, chosen.page, chosen.points) as url:
        latencies, further = measure(url, slider=chosen.slider, num_drags=chosen.drags)
    if chosen.plotly:
        latencies.append(measure_plotly(chosen.points))
        dragging, release = (next(one.p50_ms for one in latencies if one.what == what) for what in _OURS)
        further["plotly over dragging"] = round(latencies[-1].p50_ms / dragging, 1)
        further["plotly over release"] = round(latencies[-1].p50_ms / release, 1)
    if chosen.json:
        print(json.dumps({"latencies": [asdict(one) for one in latencies], "further": further}))
        return
    print(f"{'budget change':<16} {'changes':>8} {'p50 ms':>9} {'p95 ms':>9} {'worst ms':>9}")
    for one in latencies:
        print(f"{one.what:<16} {one.num_changes:>8} {one.p50_ms:>9.1f} {one.p95_ms:>9.1f} {one.worst_ms:>9.1f}")
    for name, value in further.items():
        print(f"{name:<28} {value:>12,.1f}")


if __name__ == "__main__":
    main()

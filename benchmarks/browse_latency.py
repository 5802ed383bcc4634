"""How long a page of Browse takes over a large workspace, under a filter and in an order: in a real Chromium, and the server's part alone.

In the browser: from the click on "Next page", or on an order in the list, to the frame in which the 48 new tiles stand and
the pictures in view are drawn; pictures are never taken from the browser's cache. The server's part: the question for the page,
the 48 samples, their badges, 48 thumbnails, from the tables, without the screen.

    python -m benchmarks.browse_latency WS [--pages 24] [--url URL]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.curate_latency import Latency
from tests.browser.conftest import ARGUMENTS, DESIGN_SIZE
from tests.browser.find import REMEDY, find_chromium
from tests.browser.serving import serving

PAGE_SIZE = 48
TARGET_MS = 250
FILTER = {"score": "ocr:2-5", "style": "yes/no"}
SORT = "-length"
ORDERS = ("Most turns", "Largest picture", "Shortest text", "Most images")

# Notes each click, and the first frame afterwards with other tiles than before and all pictures in view drawn.
_WATCH = """grid => {
  const root = grid.getRootNode();
  const tiles = () => [...root.querySelectorAll(".tile")];
  const ids = () => tiles().map((tile) => tile.dataset.id).join();
  const watch = (window.winnowWatch = { clicked: null, before: null, tiles: null, drawn: null });
  const look = () => {
    if (watch.drawn !== null) return;
    if (watch.tiles === null && ids() !== watch.before) watch.tiles = performance.now();
    const inView = tiles().filter((tile) => tile.getBoundingClientRect().top < innerHeight);
    const ready = inView.every((tile) => [...tile.querySelectorAll("img")].every((image) => image.complete && image.naturalWidth));
    if (watch.tiles !== null && inView.length && ready) watch.drawn = performance.now();
    else requestAnimationFrame(look);
  };
  window.addEventListener("click", (event) => {
    Object.assign(watch, { clicked: event.timeStamp, before: ids(), tiles: null, drawn: null });
    requestAnimationFrame(look);
  }, true);
}"""


@contextmanager
def address_of(workspace: Path, url: str | None) -> Iterator[str]:
    if url is not None:
        yield url.rstrip("/")
    else:
        with serving(workspace) as address:
            yield address


def in_browser(address: str, num_pages: int, timeout_ms: float = 180_000) -> list[Latency]:
    """Pages and orders of Browse under FILTER, one after the other."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(REMEDY)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        page = browser.new_context(viewport=DESIGN_SIZE).new_page()  # type: ignore[arg-type]
        page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto(f"{address}/browse?{urlencode({**FILTER, 'sort': SORT})}")
        page.wait_for_selector(".grid .tile", timeout=timeout_ms)
        page.wait_for_timeout(2000)
        page.locator(".grid").evaluate(_WATCH)
        following = [_after(page, lambda: _next(page)) for _ in range(num_pages)]
        ordered = [_after(page, lambda name=name: _order(page, name)) for name in (*ORDERS, *ORDERS[::-1][1:])]  # type: ignore[misc]
        browser.close()
    return [
        Latency.of("next page, tiles", [tiles for tiles, _ in following]),
        Latency.of("next page, pictures", [drawn for _, drawn in following]),
        Latency.of("other order, pictures", [drawn for _, drawn in ordered]),
    ]


def _next(page: Page) -> None:
    page.locator(".st-key-page-on-top button").first.click()


def _order(page: Page, name: str) -> None:
    page.locator(".st-key-browse-sort [data-baseweb=select], .st-key-browse-sort [role=combobox]").first.click()
    page.get_by_role("option", name=name).first.click()


def _after(page: Page, act: Callable[[], None]) -> tuple[float, float]:
    """Milliseconds from the act's last click to the new tiles, and to the pictures in view."""
    act()
    page.wait_for_function("window.winnowWatch.drawn !== null", timeout=60_000)
    watched = page.evaluate("window.winnowWatch")
    page.wait_for_timeout(600)  # nothing of this page is still on its way when the next one is asked for
    return watched["tiles"] - watched["clicked"], watched["drawn"] - watched["clicked"]


def on_the_server(workspace: Path, num_pages: int) -> tuple[list[Latency], dict[str, float]]:
    """The same pages straight from lens and tables; loading the lens, in seconds and gigabytes, beside them."""
    from benchmarks.measuring import peak_gigabytes
    from core.filters import Filter, ScoreRange
    from core.lens import Lens
    from core.workspace import Workspace

    here = Workspace.open(workspace)
    began, worked = time.perf_counter(), time.process_time()
    lens = Lens(here)
    loading = {
        "samples": lens.num_samples,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - worked, 1),
        "peak_gigabytes": round(peak_gigabytes(), 2),
    }
    chosen = Filter(scores=(ScoreRange(capability="ocr", low=2, high=5),), styles=("yes/no",))
    times: dict[str, list[float]] = {"page of ids": [], "samples and marks": [], "48 thumbnails": []}
    for number in range(num_pages):
        marks = [time.perf_counter()]
        offset = {"limit": PAGE_SIZE, "offset": number * PAGE_SIZE}
        ids = lens.ask("samples_page", chosen, sort="length", direction=-1, **offset)["sample_id"].to_numpy()
        marks.append(time.perf_counter())
        columns = ["sample_id", "source", "question", "image_keys", "num_turns"]
        rows = here.store.samples(ids.tolist(), columns).to_pylist()
        lens.ask("samples_badges", ids=np.asarray(ids, dtype=np.uint64))
        marks.append(time.perf_counter())
        here.store.images([row["image_keys"][0] for row in rows if row["image_keys"]], ["thumbnail"])
        marks.append(time.perf_counter())
        for name, one, other in zip(times, marks, marks[1:], strict=False):
            times[name].append(1000 * (other - one))
    together = [sum(values) for values in zip(*times.values(), strict=True)]
    latencies = [Latency.of(name, values) for name, values in times.items()]
    return [*latencies, Latency.of("all of it", together)], loading


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--url", help="a studio that serves the workspace already")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    chosen = parser.parse_args(arguments)
    server, loading = on_the_server(chosen.workspace, chosen.pages)
    with address_of(chosen.workspace, chosen.url) as address:
        browser = in_browser(address, chosen.pages)
    if chosen.json:
        print(
            json.dumps(
                {
                    "loading": loading,
                    "server": [asdict(one) for one in server],
                    "browser": [asdict(one) for one in browser],
                }
            )
        )
        return
    print(
        f"{loading['samples']:,.0f} samples, load average {os.getloadavg()[0]:.1f}; the lens loads in {loading['seconds']:.1f} s "
        f"({loading['cpu_seconds']:.1f} s CPU), peak {loading['peak_gigabytes']:.2f} GB"
    )
    print(f"{'':<26} {'times':>6} {'p50 ms':>9} {'p95 ms':>9} {'worst ms':>9}")
    for where, found in (("server", server), ("browser", browser)):
        for one in found:
            aim = f"  (target p95 {TARGET_MS} ms)" if one.what == "next page, pictures" else ""
            print(
                f"{where + ': ' + one.what:<30} {one.num_changes:>2} {one.p50_ms:>9.1f} {one.p95_ms:>9.1f} {one.worst_ms:>9.1f}{aim}"
            )


if __name__ == "__main__":
    main()

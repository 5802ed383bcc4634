"""How long a page of Browse takes over a large workspace, under a filter and in an order: in a real Chromium, and the server's part alone.

In the browser: from a click (the next page; another order; another filter, in an order that is not the default) to the moment at
which the pictures in view are on the screen, all of the page's 48 loaded. The browser says that moment itself: a word that is put
into the frame with the last picture is timed when the frame is presented. No order and no filter is asked for twice; between
clicks nothing happens for a while, as when somebody looks at the page; pictures are never taken from the browser's cache.

Chromium draws as it does on a machine without a GPU. `--software-webgl` draws the whole page in software OpenGL instead, as the
tests of the map must: each frame then takes 40 to 80 ms of both cores, wherever it comes from.

The server's part: the question for the page, the 48 samples, 48 thumbnails, from the tables, without the screen.

    python -m benchmarks.browse_latency WS [--acts 20] [--url URL] [--software-webgl]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, TimeoutError, sync_playwright

from benchmarks.curate_latency import Latency
from tests.browser.conftest import ARGUMENTS, DESIGN_SIZE
from tests.browser.find import REMEDY, find_chromium
from tests.browser.serving import serving

PAGE_SIZE = 48
TARGET_MS = 250
REST_MS = 900
SAME_TILES_MS = 15_000
SORT = "-length"
ORDERS = (
    "Most turns",
    "Largest picture",
    "Shortest text",
    "Most images",
    "Smallest picture",
    "Source order",
    "Shuffled",
)

# Notes each click, when other tiles than before stood first, and when the screen showed the last of their pictures: in the frame with
# it an element is put that the browser times when it presents the frame. A picture that is decoded on its own time comes later
# than its tile, so it is waited for.
_WATCH = """grid => {
  const root = grid.getRootNode();
  const tiles = () => [...root.querySelectorAll(".tile")];
  const ids = () => tiles().map((tile) => tile.dataset.id).join();
  const watch = (window.winnowWatch = { act: 0, clicked: null, before: null, tiles: null, drawn: null });
  const loaded = (image) => image.complete && image.naturalWidth
    ? null : new Promise((done) => { image.addEventListener("load", done); image.addEventListener("error", done); });
  const look = async () => {
    if (watch.clicked === null || watch.tiles !== null || !tiles().length || ids() === watch.before) return;
    watch.tiles = performance.now();
    const act = watch.act;
    const images = tiles().flatMap((tile) => [...tile.querySelectorAll("img")]);
    const late = images.map(loaded).filter(Boolean);
    if (late.length) await Promise.all(late);
    const apart = images.filter((image) => image.decoding !== "sync");
    if (apart.length) {
      await Promise.all(apart.map((image) => image.decode().catch(() => {})));
      await new Promise(requestAnimationFrame);
    }
    const word = document.createElement("div");
    word.className = "winnow-timed";
    word.style.cssText = "position: fixed; left: 0; top: 0; z-index: 9999999; font-size: 12px; pointer-events: none";
    word.setAttribute("elementtiming", `act ${act}`);
    word.textContent = act;
    document.body.append(word);
  };
  new MutationObserver(look).observe(root, { subtree: true, childList: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.identifier === `act ${watch.act}`) watch.drawn = entry.renderTime;
  }).observe({ type: "element" });
  window.addEventListener("click", (event) => {
    for (const word of document.querySelectorAll(".winnow-timed")) word.remove();
    Object.assign(watch, { act: watch.act + 1, clicked: event.timeStamp, before: ids(), tiles: null, drawn: null });
  }, true);
}"""


@contextmanager
def address_of(workspace: Path, url: str | None) -> Iterator[str]:
    if url is not None:
        yield url.rstrip("/")
    else:
        with serving(workspace) as address:
            yield address


def in_browser(address: str, num_acts: int, software_webgl: bool = False, timeout_ms: float = 180_000) -> list[Latency]:
    """Pages, orders and filters of Browse, each kind at least `num_acts` times."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(REMEDY)
    arguments = [one for one in ARGUMENTS if software_webgl or "swiftshader" not in one]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=arguments)
        page = browser.new_context(viewport=DESIGN_SIZE).new_page()  # type: ignore[arg-type]
        page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})

        def open_at(score: str) -> None:
            page.goto(f"{address}/browse?{urlencode({'score': score, 'style': 'yes/no', 'sort': SORT})}")
            page.wait_for_selector(".grid .tile", timeout=timeout_ms)
            page.wait_for_timeout(2500)
            page.locator(".grid").evaluate(_WATCH)

        open_at("ocr:2-5")
        acts = {"next page": [_after(page, lambda: _next(page)) for _ in range(num_acts)], "other order": []}
        for number in range(-(-num_acts // len(ORDERS))):
            open_at(f"ocr:{1 + number / 10:g}-5")
            acts["other order"] += [_after(page, lambda name=name: _order(page, name)) for name in ORDERS]  # type: ignore[misc]
        open_at("ocr:0.5-5")
        acts["other filter"] = [_after(page, lambda row=row: _filter(page, row)) for row in range(num_acts)]  # type: ignore[misc]
        browser.close()
    return [
        Latency.of(f"{kind}, {what}", [both[place] for both in found if both is not None])
        for kind, found in acts.items()
        for place, what in enumerate(("tiles", "pictures"))
    ]


def _next(page: Page) -> None:
    page.locator(".st-key-page-on-top button").first.click()


def _order(page: Page, name: str) -> None:
    page.locator(".st-key-browse-sort [data-baseweb=select], .st-key-browse-sort [role=combobox]").first.click()
    option = page.get_by_role("option", name=name).first
    option.wait_for()
    page.wait_for_timeout(REST_MS)
    option.click()


def _filter(page: Page, row: int) -> None:
    """Let one more source through: the click in the list that its chip opens."""
    chip = page.get_by_test_id("stPopover").filter(has_text=re.compile("source", re.IGNORECASE)).first
    chip.get_by_role("button").first.click()
    source = page.get_by_test_id("stPopoverBody").locator("tbody tr").nth(row)
    source.wait_for()
    page.wait_for_timeout(REST_MS)
    source.click()


def _after(page: Page, act: Callable[[], None]) -> tuple[float, float] | None:
    """Milliseconds from the act's last click to the new tiles, and to their pictures on the screen.

    None where the page shows the same tiles afterwards: a further source may have none among the first 48.
    """
    act()
    try:
        page.wait_for_function("winnowWatch.drawn !== null", timeout=SAME_TILES_MS, polling=100)
    except TimeoutError:
        return None
    watched = page.evaluate("winnowWatch")
    page.wait_for_timeout(REST_MS)  # nothing of this page is still on its way when the next one is asked for
    return watched["tiles"] - watched["clicked"], watched["drawn"] - watched["clicked"]


def on_the_server(workspace: Path, num_acts: int) -> tuple[list[Latency], dict[str, float]]:
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
    times: dict[str, list[float]] = {"which 48, with badges": [], "48 samples": [], "48 thumbnails": []}
    for number in range(num_acts):
        marks = [time.perf_counter()]
        offset = number * PAGE_SIZE
        found = lens.ask("samples_page_badges", chosen, sort="length", direction=-1, limit=PAGE_SIZE, offset=offset)
        ids = found["sample_id"].to_pylist()
        marks.append(time.perf_counter())
        rows = here.store.samples(ids, ["sample_id", "source", "question", "image_keys", "num_turns"]).to_pylist()
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
    parser.add_argument("--acts", type=int, default=20, help="how often each kind of click is measured, at least")
    parser.add_argument("--url", help="a studio that serves the workspace already")
    parser.add_argument("--software-webgl", action="store_true", help="draw the page as the tests of the map do")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    chosen = parser.parse_args(arguments)
    server, loading = on_the_server(chosen.workspace, chosen.acts)
    with address_of(chosen.workspace, chosen.url) as address:
        browser = in_browser(address, chosen.acts, chosen.software_webgl)
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
    print(f"{'':<32} {'times':>5} {'p50 ms':>9} {'p95 ms':>9} {'worst ms':>9}")
    for where, found in (("server", server), ("browser", browser)):
        for one in found:
            aim = f"  (target p95 {TARGET_MS} ms)" if one.what.endswith(", pictures") else ""
            print(
                f"{where + ': ' + one.what:<32} {one.num_changes:>5} {one.p50_ms:>9.1f} {one.p95_ms:>9.1f} {one.worst_ms:>9.1f}{aim}"
            )


if __name__ == "__main__":
    main()

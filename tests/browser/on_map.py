"""Reading and steering a budget map in a browser."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

MAP_PAGE = Path(__file__).with_name("map_page.py")
READY = ".winnow-map[data-state=ready]"
SLIDER = ".winnow-map input.budget"


def shown(page: Page, name: str) -> str:
    """A figure beside the slider."""
    return page.locator(f".winnow-map dd[data-figure='{name}']").inner_text()


def outcome(page: Page, label: str) -> Locator:
    """A large number of Curate's panel, by what stands under it."""
    return page.locator("[class*=st-key-curate-outcome] .figure", has_text=label).first.locator("b")


def kept(page: Page) -> int:
    """How many points the map says it highlights."""
    return int(page.locator(".winnow-map").get_attribute("data-kept") or -1)


def runs(page: Page) -> int:
    """How often the page's script has run."""
    return int(page.locator("#page").get_attribute("data-runs") or -1)


def settle(page: Page) -> None:
    """Wait until no run is under way and the last answer is drawn."""
    page.wait_for_timeout(700)
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")


def press_at(page: Page, share: float) -> tuple[float, float]:
    """The place on the slider's track for a share of its range."""
    box = page.locator(SLIDER).bounding_box()
    assert box is not None
    thumb = 18
    return box["x"] + thumb / 2 + share * (box["width"] - thumb), box["y"] + box["height"] / 2


def inspect(page: Page) -> dict[str, Any]:
    state: dict[str, Any] = page.locator(".winnow-map").evaluate("root => root.inspect().state")
    return state


def picture(page: Page) -> NDArray[np.uint8]:
    """[height, width, 3] uint8 of what is drawn."""
    state = inspect(page)
    # As base64: a list of two million numbers takes the driver half a minute.
    encoded = page.locator(".winnow-map").evaluate(
        """root => new Promise((resolve) => {
            const reader = new FileReader();
            reader.onload = () => resolve(reader.result.split(",")[1]);
            reader.readAsDataURL(new Blob([root.inspect().pixels()]));
        })"""
    )
    pixels = np.frombuffer(base64.b64decode(encoded), dtype=np.uint8)
    return pixels.reshape(state["height"], state["width"], 4)[:, :, :3]

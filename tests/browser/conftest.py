"""One Chromium for the session, a fresh page for each test; a missing browser is a failure that says its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.find import REMEDY, find_chromium

ARGUMENTS = [
    "--no-sandbox",  # containers run as root
    "--use-angle=swiftshader",  # WebGL2 in software, the same on every machine
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESIGN_SIZE = {"width": 1440, "height": 900}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[list[str]], Browser]]:
    """Start a Chromium with further arguments; all of them end with the session."""
    chromium = find_chromium()
    if chromium is None:
        pytest.fail(REMEDY, pytrace=False)
    with sync_playwright() as playwright:
        browsers: list[Browser] = []

        def started(arguments: list[str]) -> Browser:
            browsers.append(playwright.chromium.launch(executable_path=str(chromium), args=[*ARGUMENTS, *arguments]))
            return browsers[-1]

        yield started
        for browser in browsers:
            browser.close()


@pytest.fixture(scope="session")
def browser(launch: Callable[[list[str]], Browser]) -> Browser:
    return launch([])


@pytest.fixture(scope="session")
def browser_without_webgl(launch: Callable[[list[str]], Browser]) -> Browser:
    return launch(["--disable-3d-apis"])


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a URL in a context of its own; a script error anywhere in the page fails the test at its end."""
    contexts = []
    errors: list[str] = []

    def opened(url: str, *, within: Browser | None = None, expect_errors: bool = False, **options: object) -> Page:
        context = (within or browser).new_context(**{"viewport": DESIGN_SIZE, **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        if not expect_errors:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if _is_error(message) else None)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == [], f"script errors in the page: {errors}"


def _is_error(message: ConsoleMessage) -> bool:
    # On a deep link Streamlit's own script first looks for its server below the page's path, and finds it at the second try.
    return message.type == "error" and "/_stcore/" not in str(message.location.get("url", ""))

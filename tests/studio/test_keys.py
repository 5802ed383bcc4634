"""The sheet of keys says every key the map and the page listen to."""

from __future__ import annotations

import re

from studio import style
from studio.keys import SHEET

MAP = style.ASSETS.parent / "map" / "assets"
NAMED = {
    "Enter": "Enter", "Escape": "Esc", "ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "-": "−", "0": "0",
    "PageUp": "Page Up", "PageDown": "Page Down", "=": "+", "Backspace": "⌫", "Delete": "Del",
}  # fmt: skip
"""Keys as a browser calls them, as they stand on the sheet; letters stand for themselves."""

UNSAID = {"Home", "End"}
"""What every slider does."""


def on_sheet(title: str) -> str:
    """Keys and words of one group."""
    return " ".join(f"{keys} {says}" for keys, says in dict(SHEET)[title])


def listened_to(text: str, table: str) -> set[str]:
    """The keys of a table in a script, such as `const acts = { ... };`."""
    found = re.search(rf"const {table} = \{{(.*?)\n\s*\}};", text, re.DOTALL)
    assert found is not None
    return {name.strip('"') for name in re.findall(r'^\s*("[^"]+"|\w+): ', found[1], re.MULTILINE)}


def test_every_key_of_the_map_is_on_the_sheet() -> None:
    keys = listened_to((MAP / "gestures.js").read_text(encoding="utf-8"), "acts")
    assert {"b", "l", "v", "Enter", "Escape"} <= keys
    said = on_sheet("A map, when it has the focus").split()
    assert {NAMED.get(key, key.upper()) for key in keys} <= set(said)


def test_every_key_of_the_page_is_on_the_sheet_and_the_digits_are() -> None:
    keys = listened_to((style.ASSETS / "keys.js").read_text(encoding="utf-8"), "acts")
    assert {"?", "/", "j", "k", "x", "[", "]", "Backspace", "Delete"} <= keys
    said = {cap for _, entries in SHEET for caps, _ in entries for cap in caps.replace(",", "").split()}
    assert {NAMED.get(key, key) for key in keys} | set("012345") <= said


def test_every_key_of_the_slider_is_on_the_sheet() -> None:
    keys = listened_to((MAP / "budget.js").read_text(encoding="utf-8"), "steps") - UNSAID
    assert {"PageUp", "PageDown"} <= keys
    said = on_sheet("Curate")
    assert {key for key in keys if NAMED[key] not in said} <= {"ArrowUp", "ArrowDown"}, (
        "up and down do what right and left do"
    )

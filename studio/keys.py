"""The keyboard on every page: a sheet of the keys, the way to the search box, moving, marking, and rating.

One packaged component in the navigation listens to the page; it leaves keys alone while somebody types, with modifiers, and
while a dialog or a menu is open. Enter on a tile, Escape and the arrows of an opened sample belong to the widgets themselves.
"""

from __future__ import annotations

from typing import Final

from core.errors import StudioError
from core.store.ids import id_from_hex
from core.vocabulary import CAPABILITIES
from studio import marks, rating, session, style

SHEET: Final[tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = (
    (
        "Everywhere",
        (
            ("?", "This sheet"),
            ("/", "Search"),
            ("Esc", "Close what is open"),
        ),
    ),
    (
        "Samples and tables",
        (
            ("j k", "Next and previous"),
            ("← ↑ → ↓", "Move in the grid"),
            ("Enter", "Open, or choose"),
            ("x", "Mark, or take the mark away"),
            ("Ctrl Z", "Undo a rating or a pin; with Shift, do it again"),
        ),
    ),
    (
        "Rating: an opened sample, or the tile with the focus",
        (
            ("[ ]", "Choose the capability that is rated; it stays chosen"),
            ("0 1 2 3 4 5", "Rate it; while the picture has the focus, 0 is zoom"),
            ("⌫ Del", "Take the rating back"),
        ),
    ),
    (
        "An opened sample",
        (
            ("← →, k j", "Previous and next"),
            ("+ − 0", "Zoom, when the picture has the focus: then 0 fits it and rates nothing"),
            ("Esc", "Back to the grid"),
        ),
    ),
    (
        "Curate",
        (
            ("Ctrl Z", "Undo; with Shift, do it again"),
            ("← →", "Budget by 1 %, with Shift by one sample, when the slider has the focus"),
            ("Page Up", "Budget by 10 %, down with Page Down"),
        ),
    ),
    (
        "A map, when it has the focus",
        (
            ("B", "Draw a box"),
            ("L", "Draw a lasso"),
            ("V", "Move the picture again"),
            ("Enter", "Select what is in view"),
            ("Esc", "Clear what is selected"),
            ("← ↑ → ↓", "Move"),
            ("+ − 0", "Zoom, 0 shows all"),
        ),
    ),
)
"""What the sheet lists: groups of keys with what they do."""


def listen() -> None:
    """Draw the small button that opens the sheet, and listen to the page; once per run, in the navigation."""
    key = "keys"

    def marked() -> None:
        asked = getattr(session.held(key), "marked", None)
        if asked is None:
            return
        try:
            marks.toggle(id_from_hex(str(asked["sample_id"])))
        except StudioError as error:
            marks.PROBLEM.set(error)

    def rated() -> None:
        asked = getattr(session.held(key), "rated", None)
        if asked is not None:
            rating.rated(asked)

    sheet = [
        {"title": title, "keys": [{"keys": keys, "says": says} for keys, says in entries]} for title, entries in SHEET
    ]
    told = rating.told()
    shown = {
        "sheet": sheet,
        "capabilities": [{"key": one.key, "name": one.name} for one in CAPABILITIES],
        "told": None if told is None else {"text": told[0], "at": told[1]},
    }
    style.component("keys")(key=key, data=shown, on_marked_change=marked, on_rated_change=rated)

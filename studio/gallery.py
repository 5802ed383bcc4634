"""Pictures on screen: a grid or strip of samples to click, and an opened sample with zoom and conversation.

The components write text with `textContent`, so what a sample says is shown verbatim and never interpreted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from core.store.ids import id_from_hex, id_hex
from studio import session, style
from studio.cached import Card, Detail

TILE_PX = {"small": 140, "medium": 178, "large": 260}
ROW_PX = {"small": 108, "medium": 150, "large": 220}
_LONGEST_CAPTION = 300
_THUMBS = "/api/thumbs/"
"""Where several thumbnails are given at once, by their keys one after the other."""


def thumb_url(image_key: str) -> str:
    """Where the server gives an image's thumbnail."""
    return f"/api/thumb/{image_key}"


def image_url(image_key: str) -> str:
    """Where the server gives an image as it was ingested."""
    return f"/api/image/{image_key}"


def tile(
    card: Card, *, kept: bool = False, marked: bool = False, mark: str = "", show_source: bool = True
) -> dict[str, Any]:
    """What a tile shows of a card: its first picture, the question, small marks."""
    marks = [{"kind": "kept", "text": "kept", "says": "In the selection made on Curate."}] if kept else []
    if mark:
        marks.append({"kind": "plain", "text": mark, "says": mark})
    if card.flags:
        more = f" +{len(card.flags) - 1}" if len(card.flags) > 1 else ""
        marks.append({"kind": "flag", "text": card.flags[0] + more, "says": "flags: " + ", ".join(card.flags)})
    if card.styles:
        more = f" +{len(card.styles) - 1}" if len(card.styles) > 1 else ""
        marks.append({"kind": "style", "text": card.styles[0] + more, "says": "styles: " + ", ".join(card.styles)})
    if show_source:
        marks.append({"kind": "source", "text": card.source, "says": f"source: {card.source}"})
    has_picture = bool(card.image_keys)
    question = card.question[:_LONGEST_CAPTION]
    return {
        "id": id_hex(card.sample_id),
        "image": thumb_url(card.image_keys[0]) if has_picture else None,
        "key": card.image_keys[0] if has_picture else None,
        "more": max(len(card.image_keys) - 1, 0),
        "question": question,
        "caption": question
        if has_picture
        else f"text only, {card.num_turns} turns"
        if card.num_turns > 1
        else "text only",
        "kept": kept,
        "marked": marked,
        "marks": marks,
    }


def grid(
    cards: Sequence[Card],
    *,
    key: str,
    on_open: Callable[[int], None],
    kept: Collection[int] = (),
    marked: Collection[int] = (),
    marks: Mapping[int, str] | None = None,
    back_from: tuple[int, int] | None = None,
    size: str = "medium",
    ahead: str | None = None,
) -> None:
    """A grid of samples with rows of equal height; `on_open` is called with the id of the sample that was clicked.

    `kept` and `marked` are ids, `marks` a short text such as a similarity by id. `back_from` is the sample that was open last and
    the number of that visit: once per visit the keys go on at its tile. `ahead` is where the pictures are given that are likely
    to be asked for next; they are fetched while nothing else happens.
    """
    tiles = [
        tile(
            card,
            kept=card.sample_id in kept,
            marked=card.sample_id in marked,
            mark=(marks or {}).get(card.sample_id, ""),
        )
        for card in cards
    ]
    _mount("grid", tiles, key, on_open, back_from, ROW_PX[size], TILE_PX[size], ahead)


def strip(
    cards: Sequence[Card], *, key: str, on_open: Callable[[int], None], marks: Mapping[int, str] | None = None
) -> None:
    """A row of small samples, each with a mark of its own such as a similarity."""
    tiles = [tile(card, mark=(marks or {}).get(card.sample_id, ""), show_source=False) for card in cards]
    _mount("strip", tiles, key, on_open, None, 100, 132)


def _mount(
    shape: str,
    tiles: list[dict[str, Any]],
    key: str,
    on_open: Callable[[int], None],
    back_from: tuple[int, int] | None,
    row_px: int,
    tile_px: int,
    ahead: str | None = None,
) -> None:
    def clicked() -> None:
        value = getattr(session.held(key), "opened", None)
        if value is not None:
            on_open(id_from_hex(str(value)))

    shown = {
        "shape": shape,
        "tiles": tiles,
        "back": None if back_from is None else {"id": id_hex(back_from[0]), "visit": back_from[1]},
        "row_px": row_px,
        "tile_px": tile_px,
        "thumbs": _THUMBS,
        "ahead": ahead,
    }
    style.component("gallery")(key=key, data=shown, on_opened_change=clicked)


def viewer(sample: Detail, *, key: str, height_px: int = 470) -> None:
    """An opened sample: its pictures with zoom at the left, its conversation as turns at the right."""
    shown = {
        "images": [{"full": image_url(image), "thumb": thumb_url(image)} for image in sample.card.image_keys],
        "turns": [{"role": role, "text": text} for role, text in sample.turns],
        "height_px": height_px,
    }
    style.component("viewer")(key=key, data=shown)

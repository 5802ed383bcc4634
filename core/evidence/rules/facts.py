"""Cheap facts about a picture, measured on its thumbnail: flat or photographic, text, strokes, rulings, colours.

They are heuristics about appearance, not recognition: nothing here knows what a picture shows. About one millisecond
for 256 x 256 pixels; every fact lies between 0 and 1 unless its field says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE_PX = 256
"""Longer pictures are reduced to this side first: thumbnails never need it, whole pictures do."""
_FLAT_STEP = 5
"""A change of brightness (of 255) up to this is no edge: the dust that JPEG and WebP leave on flat colour."""
_EDGE_STEP = 24
"""A change between neighbouring pixels from this on is an edge."""


class ImageFacts(NamedTuple):
    """What the pixels of one picture look like."""

    aspect: float
    """width / height, above 0"""
    edge_density: float
    """share of pixels on an edge"""
    stroke_density: float
    """share of pixels that open a thin horizontal stroke crossing (an edge answered by the opposite edge within 6 px)"""
    text_likeness: float
    """rows of strokes with gaps between them: print, hand-writing, labels, screens"""
    colourfulness: float
    """measure of Hasler and Suesstrunk, 1 at 110 (vivid)"""
    num_colours: float
    """colours (16 levels a channel) that cover 0.1 % of the picture or more; a count, 1 to a few hundred"""
    top_share: float
    """share of the most frequent colour"""
    flat_share: float
    """share of pixels equal to their neighbours, dust aside"""
    white_share: float
    """share of nearly white pixels"""
    dark_share: float
    """share of nearly black pixels"""
    rulings: float
    """straight rows or columns of edges across a third of the picture, 1 at 12 of them: tables, charts, windows, grids"""
    photo_likeness: float
    """soft gradients everywhere and many colours: photographs, micrographs, paintings"""


def image_facts(picture: Image.Image | NDArray[np.uint8]) -> ImageFacts:
    """The facts of a picture, given as a PIL image or as an array [H, W, 3] uint8 (RGB) or [H, W] uint8 (grey)."""
    image = _small_rgb(picture)
    width, height = image.size
    grey = np.asarray(image.convert("L")).astype(np.int16)
    sample = np.asarray(image)[::2, ::2]  # colours need no more than every fourth pixel
    red, green, blue = (np.ascontiguousarray(sample[..., channel]) for channel in range(3))
    across = np.diff(grey, axis=1)
    down = np.diff(grey, axis=0)
    step_across, step_down = np.abs(across), np.abs(down)
    edge_across, edge_down = step_across >= _EDGE_STEP, step_down >= _EDGE_STEP

    flat = _share(step_across <= _FLAT_STEP)
    soft = _share((step_across > _FLAT_STEP // 3) & (step_across < _EDGE_STEP))
    strokes = _strokes(across)
    counts = _colour_counts(red, green, blue)
    num_colours = int(np.count_nonzero(counts >= max(red.size // 1000, 1)))
    top_share = float(counts.max()) / red.size
    white = _share((red >= 235) & (green >= 235) & (blue >= 235))
    dark = _share((red <= 48) & (green <= 48) & (blue <= 48))
    rulings = _rulings(edge_across, edge_down)
    exact = _share(step_across == 0)
    levels = np.bincount(
        (grey[::2, ::2] >> 2).ravel(), minlength=64
    )  # a grey photograph has few colours, but many greys
    num_levels = int(np.count_nonzero(levels >= max(red.size // 500, 1)))
    variety = max(_ramp(float(num_colours), 20, 60), _ramp(float(num_levels), 24, 44))
    photo = _ramp(soft, 0.12, 0.40) * variety * (1.0 - _ramp(top_share, 0.30, 0.55))
    photo *= 1.0 - _ramp(exact, 0.55, 0.80)
    text = _text_likeness(strokes)
    colourfulness = _colourfulness(red, green, blue)
    photo *= 1.0 - _ramp(text, 0.5, 0.9) * (1.0 - _ramp(colourfulness, 0.02, 0.10))  # a grey scan of print is soft too
    return ImageFacts(
        aspect=width / height,
        edge_density=(_share(edge_across) + _share(edge_down)) / 2,
        stroke_density=_share(strokes),
        text_likeness=text * (1.0 - 0.7 * photo),
        colourfulness=colourfulness,
        num_colours=float(num_colours),
        top_share=top_share,
        flat_share=flat,
        white_share=white,
        dark_share=dark,
        rulings=rulings,
        photo_likeness=photo,
    )


def _small_rgb(picture: Image.Image | NDArray[np.uint8]) -> Image.Image:
    """An RGB image, its longer side _SIDE_PX at most, its shorter one 2 at least."""
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    if image.mode in ("RGBA", "LA", "PA", "P"):
        image = _on_white(image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    if max(image.size) > _SIDE_PX:
        image = image.copy()
        image.thumbnail((_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR)
    if min(image.size) < 2:
        image = image.resize((max(image.width, 2), max(image.height, 2)))
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """Transparent parts become white: that is how pages show them."""
    layer = image.convert("RGBA")
    page = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return Image.alpha_composite(page, layer).convert("RGB")


def _share(mask: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(mask)) / max(mask.size, 1)


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, straight between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _strokes(across: NDArray[np.int16]) -> NDArray[np.bool_]:
    """[H, W - 1] bool: an edge here, and the opposite edge within the next 6 pixels: one side of a thin stroke."""
    rise, fall = across >= _EDGE_STEP, across <= -_EDGE_STEP
    reach = min(6, rise.shape[1] - 1)
    fall_ahead, rise_ahead = np.zeros_like(rise), np.zeros_like(rise)
    for gap in range(1, reach + 1):
        fall_ahead[:, :-gap] |= fall[:, gap:]
        rise_ahead[:, :-gap] |= rise[:, gap:]
    return (rise & fall_ahead) | (fall & rise_ahead)


def _text_likeness(strokes: NDArray[np.bool_]) -> float:
    """How many of the 16 x 16 px tiles hold several strokes in several rows, 1 at a third of them.

    A line of print crosses a tile with 3 or more strokes in 3 or more rows; a single line or a box edge does not.
    """
    height, width = strokes.shape
    rows = np.add.reduceat(strokes, np.arange(0, width, 16), axis=1, dtype=np.int16)  # strokes per row and tile
    busy = np.add.reduceat(rows >= 3, np.arange(0, height, 16), axis=0, dtype=np.int16)  # such rows per tile
    return _ramp(_share(busy >= 3), 0.0, 1 / 3)


def _colour_counts(red: NDArray[np.uint8], green: NDArray[np.uint8], blue: NDArray[np.uint8]) -> NDArray[np.intp]:
    """[4096] pixel counts, 16 levels a channel."""
    code = ((red >> 4).astype(np.uint16) << 8) | ((green >> 4) << 4) | (blue >> 4)
    return np.bincount(code.ravel(), minlength=4096)


def _colourfulness(red: NDArray[np.uint8], green: NDArray[np.uint8], blue: NDArray[np.uint8]) -> float:
    red_green = red.astype(np.float32) - green
    yellow_blue = (red.astype(np.float32) + green) / 2 - blue
    spread = float(np.hypot(red_green.std(), yellow_blue.std()))
    shift = float(np.hypot(red_green.mean(), yellow_blue.mean()))
    return min((spread + 0.3 * shift) / 110.0, 1.0)


def _rulings(edge_across: NDArray[np.bool_], edge_down: NDArray[np.bool_]) -> float:
    """Lines of edges that span a third of the picture, 1 at 12. A thick line shows two edges and counts twice."""
    rows = int(np.count_nonzero(edge_down.mean(axis=1) > 1 / 3))
    columns = int(np.count_nonzero(edge_across.mean(axis=0) > 1 / 3))
    return min((rows + columns) / 12.0, 1.0)

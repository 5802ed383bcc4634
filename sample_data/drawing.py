"""A small canvas on Pillow: shapes and text drawn at twice the size, then reduced, so that edges are smooth.

Only Pillow's own embedded font is used, with its basic layout, so the same scene gives the same pixels on every machine.
Pictures are saved as palette PNG (drawings) or JPEG (photographs and textures) to stay small.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]

SCALE = 2
MAX_DRAWING_COLOURS = 4000
MAX_DRAWING_BYTES = 24_000

INK: Colour = (38, 43, 51)
SOFT_INK: Colour = (104, 112, 124)
GRID: Colour = (225, 229, 234)
PAPER: Colour = (255, 255, 255)

# Named so that a question can ask for them: far apart for eyes, and one unmistakable word each.
NAMED_COLOURS: dict[str, Colour] = {
    "red": (214, 48, 49),
    "blue": (36, 99, 207),
    "green": (38, 150, 74),
    "yellow": (246, 200, 36),
    "orange": (240, 130, 30),
    "purple": (128, 62, 168),
    "pink": (242, 140, 178),
    "brown": (128, 84, 48),
    "gray": (140, 146, 153),
    "black": (32, 33, 36),
}

# Series colours of charts, in the manner of common plotting libraries.
PALETTES: tuple[tuple[Colour, ...], ...] = (
    ((76, 114, 176), (221, 132, 82), (85, 168, 104), (196, 78, 82), (129, 114, 179), (147, 120, 96), (218, 139, 195)),
    ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (213, 94, 0), (150, 150, 150)),
    ((38, 70, 83), (42, 157, 143), (233, 196, 106), (244, 162, 97), (231, 111, 81), (138, 177, 125), (96, 108, 145)),
    ((62, 88, 140), (104, 152, 202), (148, 188, 120), (240, 190, 90), (214, 110, 90), (150, 110, 160), (120, 130, 140)),
)


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's embedded font. The basic layout is forced: with libraqm present, kerning would differ between machines."""
    loaded = ImageFont.load_default(size)
    if not isinstance(loaded, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install a wheel from the package index")
    return loaded.font_variant(layout_engine=ImageFont.Layout.BASIC)


def shade(colour: Colour, factor: float) -> Colour:
    """Darker (factor below 1) or lighter (above 1, towards white)."""
    if factor <= 1:
        red, green, blue = (round(part * factor) for part in colour)
    else:
        red, green, blue = (round(part + (255 - part) * min(1.0, factor - 1)) for part in colour)
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


class Canvas:
    """Coordinates are those of the finished picture; everything is multiplied by SCALE when drawn."""

    def __init__(self, width: int, height: int, background: Colour = PAPER) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), background)
        self.draw = ImageDraw.Draw(self.image)

    def _points(self, points: Sequence[Point]) -> list[Point]:
        return [(x * SCALE, y * SCALE) for x, y in points]

    def line(self, points: Sequence[Point], colour: Colour = INK, width: float = 1.0) -> None:
        self.draw.line(self._points(points), fill=colour, width=max(1, round(width * SCALE)), joint="curve")

    def dashed(self, start: Point, end: Point, colour: Colour, width: float = 1.0, dash: float = 4.0) -> None:
        length = math.dist(start, end)
        steps = max(1, int(length // dash))
        for step in range(0, steps, 2):
            a, b = step / steps, min(1.0, (step + 1) / steps)
            self.line(
                [
                    (start[0] + (end[0] - start[0]) * a, start[1] + (end[1] - start[1]) * a),
                    (start[0] + (end[0] - start[0]) * b, start[1] + (end[1] - start[1]) * b),
                ],
                colour,
                width,
            )

    def rectangle(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: Colour | None = None,
        outline: Colour | None = None,
        width: float = 1.0,
        radius: float = 0.0,
    ) -> None:
        box = (left * SCALE, top * SCALE, right * SCALE, bottom * SCALE)
        stroke = max(1, round(width * SCALE)) if outline else 0
        self.draw.rounded_rectangle(box, radius * SCALE, fill=fill, outline=outline, width=stroke)

    def ellipse(
        self,
        x: float,
        y: float,
        radius_x: float,
        radius_y: float,
        fill: Colour | None = None,
        outline: Colour | None = None,
        width: float = 1.0,
    ) -> None:
        box = ((x - radius_x) * SCALE, (y - radius_y) * SCALE, (x + radius_x) * SCALE, (y + radius_y) * SCALE)
        self.draw.ellipse(box, fill=fill, outline=outline, width=max(1, round(width * SCALE)) if outline else 0)

    def polygon(
        self, points: Sequence[Point], fill: Colour | None = None, outline: Colour | None = None, width: float = 1.0
    ) -> None:
        if fill:
            self.draw.polygon(self._points(points), fill=fill)
        if outline:
            self.line([*points, points[0], points[1]], outline, width)

    def pie(self, x: float, y: float, radius: float, start: float, end: float, fill: Colour) -> None:
        box = ((x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE)
        self.draw.pieslice(box, start, end, fill=fill, outline=PAPER, width=SCALE)

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, colour: Colour, width: float = 1
    ) -> None:
        box = ((x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE)
        self.draw.arc(box, start, end, fill=colour, width=max(1, round(width * SCALE)))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: int = 12,
        colour: Colour = INK,
        anchor: str = "la",
        bold: bool = False,
    ) -> None:
        stroke = size * SCALE / 44 if bold else 0
        self.draw.text(
            (x * SCALE, y * SCALE), text, font=font(size * SCALE), fill=colour, anchor=anchor, stroke_width=stroke
        )

    def grid_text(self, x: float, y: float, text: str, size: int, advance: float, colour: Colour) -> float:
        """Monospaced text from a proportional font: every character is centred in a cell of the given advance."""
        for character in text:
            if character != " ":
                self.text(x + advance / 2, y, character, size, colour, anchor="ma")
            x += advance
        return x

    def upright_text(self, x: float, y: float, text: str, size: int, colour: Colour = INK) -> None:
        """Text turned by 90 degrees, its middle at (x, y): the title of a vertical axis."""
        left, top, right, bottom = font(size * SCALE).getbbox(text)
        mask = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
        ImageDraw.Draw(mask).text((2 - left, 2 - top), text, font=font(size * SCALE), fill=255)
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        corner = (round(x * SCALE - turned.width / 2), round(y * SCALE - turned.height / 2))
        self.image.paste(colour, (*corner, corner[0] + turned.width, corner[1] + turned.height), turned)

    def gradient(self, left: float, top: float, right: float, bottom: float, first: Colour, last: Colour) -> None:
        """Vertical colour gradient inside a box."""
        height, width = round((bottom - top) * SCALE), round((right - left) * SCALE)
        share = np.linspace(0.0, 1.0, height)[:, None]
        column = np.asarray(first) * (1 - share) + np.asarray(last) * share
        block = np.repeat(np.rint(column).astype(np.uint8)[:, None, :], width, axis=1)
        self.image.paste(Image.fromarray(block), (round(left * SCALE), round(top * SCALE)))

    def finish(self) -> Image.Image:
        return self.image.resize((self.width, self.height), Image.Resampling.BOX)


def text_width(text: str, size: int) -> float:
    """Width in finished pixels."""
    return font(size * SCALE).getlength(text) / SCALE


def regular_polygon(x: float, y: float, radius: float, corners: int, turn_degrees: float = -90.0) -> list[Point]:
    return [
        (
            x + radius * math.cos(math.radians(turn_degrees + 360 * k / corners)),
            y + radius * math.sin(math.radians(turn_degrees + 360 * k / corners)),
        )
        for k in range(corners)
    ]


def star(x: float, y: float, radius: float, points: int = 5, inner: float = 0.45) -> list[Point]:
    corners = []
    for k in range(points * 2):
        length = radius if k % 2 == 0 else radius * inner
        angle = math.radians(-90 + 180 * k / points)
        corners.append((x + length * math.cos(angle), y + length * math.sin(angle)))
    return corners


def grain(image: Image.Image, rng: random.Random, strength: float) -> Image.Image:
    """Paper or sensor noise: one random byte per pixel from the scene's own generator, so it is repeatable."""
    noise = np.frombuffer(rng.randbytes(image.width * image.height), dtype=np.uint8).reshape(image.height, image.width)
    shift = (noise.astype(np.float32) / 127.5 - 1.0) * strength
    noisy = np.asarray(image, dtype=np.float32) + shift[:, :, None]
    return Image.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))


def encode(image: Image.Image) -> tuple[bytes, str]:
    """Bytes and file ending. Drawings become palette PNG; what would be large so (paper, sky, photographs) becomes JPEG.

    Median cut has no random part, so the palette is a function of the pixels alone.
    """
    if image.getcolors(MAX_DRAWING_COLOURS) is not None:
        small = image.quantize(96, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        packed = io.BytesIO()
        small.save(packed, "PNG", optimize=True)
        if packed.tell() <= MAX_DRAWING_BYTES:
            return packed.getvalue(), "png"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80, optimize=True, progressive=False)
    return buffer.getvalue(), "jpg"

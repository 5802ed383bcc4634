"""What one picture costs and what the model sees of it: grids, token counts and uint8 tiles, without torch.

The closed formulas here equal what the model and its processor do with the same width and height, so a stage is planned
without decoding one image, and the pixels are cut here as bytes and normalised on the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_SIDE_TILES = 6
"""No grid is longer than this, as in the published 1x1 to 6x6 grids; strips of 36 tiles would be all padding."""

SQUARE_FILL = (127, 127, 127)
"""The border of an image padded to a square: the processor's mean of 0.5 as a byte."""

Mode = Literal["square", "anyres"]


def grid_pinpoints(px: int, max_tiles: int) -> tuple[tuple[int, int], ...]:
    """The (height, width) pixel grids with at most `max_tiles` tiles of `px`, smallest rows first."""
    side = range(1, MAX_SIDE_TILES + 1)
    return tuple((rows * px, cols * px) for rows in side for cols in side if rows * cols <= max_tiles)


def best_grid(width: int, height: int, pinpoints: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """The (height, width) grid that keeps most of the picture's pixels, then wastes least; the first one wins a tie."""
    best = pinpoints[0]
    most, least_waste = -1, math.inf
    for grid_height, grid_width in pinpoints:
        scale = min(grid_width / width, grid_height / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        waste = grid_width * grid_height - kept
        if kept > most or (kept == most and waste < least_waste):
            best, most, least_waste = (grid_height, grid_width), kept, waste
    return best


@dataclass(frozen=True)
class Tiling:
    """How a stage sees pictures: `px` is the tile side in pixels, `patches` the tokens along it.

    `square` shows every picture as one padded square. `anyres` shows a sample's only picture as an overview and up to
    `max_tiles` tiles, and the pictures of a multi-image sample as one square each: the model never tiles those.
    """

    mode: Mode
    px: int
    patches: int
    max_tiles: int

    @property
    def pinpoints(self) -> tuple[tuple[int, int], ...]:
        """The grids the model's config and processor must carry; a square stage keeps the smallest one."""
        return grid_pinpoints(self.px, self.max_tiles if self.mode == "anyres" else 1)

    @property
    def aspect_ratio(self) -> str:
        """The name both the config and the processor want; N bounds the tokens at 1.21 x N tiles."""
        return f"anyres_max_{self.max_tiles if self.mode == 'anyres' else 1}"

    def is_tiled(self, num_images: int) -> bool:
        return self.mode == "anyres" and num_images == 1

    def num_tiles(self, width: int, height: int, num_images: int) -> int:
        """Squares of `px` that go through the vision tower for one picture of a sample with `num_images`."""
        if not self.is_tiled(num_images):
            return 1
        grid_height, grid_width = best_grid(width, height, self.pinpoints)
        return 1 + (grid_height // self.px) * (grid_width // self.px)

    def num_tokens(self, width: int, height: int, num_images: int) -> int:
        """Image tokens of one picture, the end-of-row tokens included.

        A 27-patch square: 27 x 27 + 1 = 730. Tiled: the overview, the grid without its padding rows or columns, and one
        token at the end of each row; a grid beyond 1.21 x `max_tiles` tiles of tokens would be shrunk by the model.
        """
        if not self.is_tiled(num_images):
            return self.patches**2 + 1
        grid_height, grid_width = best_grid(width, height, self.pinpoints)
        rows = self.patches * (grid_height // self.px)
        cols = self.patches * (grid_width // self.px)
        if width / height > cols / rows:
            rows -= 2 * ((rows - int(round(height * (cols / width), 7))) // 2)
        else:
            cols -= 2 * ((cols - int(round(width * (rows / height), 7))) // 2)
        ratio = math.sqrt(rows * cols / (self.max_tiles * self.patches**2))
        if ratio > 1.1:
            rows, cols = int(rows // ratio), int(cols // ratio)
        return self.patches**2 + rows * cols + rows

    def cut(self, image: Image.Image, num_images: int) -> NDArray[np.uint8]:
        """[T, 3, px, px] uint8: the tiles of one RGB picture, the overview first."""
        if not self.is_tiled(num_images):
            return _channels_first([_pad_to_square(image).resize((self.px, self.px), Image.Resampling.BICUBIC)])
        grid_height, grid_width = best_grid(image.width, image.height, self.pinpoints)
        canvas = _fit(image, grid_width, grid_height)
        squares = [image.resize((self.px, self.px), Image.Resampling.BICUBIC)]
        for top in range(0, grid_height, self.px):
            for left in range(0, grid_width, self.px):
                squares.append(canvas.crop((left, top, left + self.px, top + self.px)))
        return _channels_first(squares)


def _channels_first(squares: list[Image.Image]) -> NDArray[np.uint8]:
    stacked = np.stack([np.asarray(square, dtype=np.uint8) for square in squares])
    return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2))


def _pad_to_square(image: Image.Image) -> Image.Image:
    if image.width == image.height:
        return image
    side = max(image.size)
    square = Image.new("RGB", (side, side), SQUARE_FILL)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def _fit(image: Image.Image, width: int, height: int) -> Image.Image:
    """The picture at the largest size that fits, centred on black; sizes round up as the processor rounds."""
    scale_width, scale_height = width / image.width, height / image.height
    if scale_width < scale_height:
        size = (width, min(math.ceil(image.height * scale_width), height))
    else:
        size = (min(math.ceil(image.width * scale_height), width), height)
    canvas = Image.new("RGB", (width, height))
    canvas.paste(image.resize(size, Image.Resampling.BICUBIC), ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas

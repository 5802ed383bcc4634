"""One image file: where it may lie, what it is, and its thumbnail.

Paths never leave the image root, links included. Decoding runs in threads: the decoders let go of the interpreter, and threads,
unlike spawned processes, need no guard in a user's script.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from core.ingest.reasons import Rejected, shown
from core.store.ids import image_key

THUMBNAIL_PX = 256
_QUALITY = 80
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to the turn that sets a picture upright; from 5 on width and height swap."""

_DECODER_FAULTS = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError, MemoryError,
    RuntimeError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's decoders raise on broken bytes; they do not keep to one kind."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the bytes of an image are. width_px and height_px are after EXIF rotation; thumbnail is a JPEG."""

    width_px: int
    height_px: int
    format: str
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file as it was read."""

    key: str
    data: bytes
    path: Path
    mtime_ns: int


class ImageRoot:
    """The folder image paths start from, and the only one they may lead into."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._real_folder = lru_cache(maxsize=4096)(os.path.realpath)

    def find(self, text: str) -> Path:
        """The file an image path stands for; Rejected when it is no local path or leads outside, through links too."""
        if "://" in text or text.startswith("data:"):
            raise Rejected("image_remote", shown(text))
        if "\0" in text:
            raise Rejected("image_missing", f"{shown(text)} is no path")
        folder, name = os.path.split(os.path.join(self.path, text))
        try:
            real = os.path.join(self._real_folder(folder), name)
            if name in ("", ".", "..") or os.path.islink(real):
                real = os.path.realpath(real)
        except OSError as error:
            raise Rejected("image_missing", f"{shown(text)}: {error.strerror}") from None
        if os.path.commonpath([self.path, real]) != str(self.path):
            raise Rejected("image_outside_root", f"{shown(text)} leads to {shown(real)}")
        return Path(real)


def read(path: Path) -> ImageFile:
    """The bytes of an image file and their key; Rejected when it is missing, empty or not readable."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Rejected("image_missing", f"{path} is no file")
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise Rejected("image_missing", str(path)) from None
    except OSError as error:
        reason = "image_missing" if error.errno in _NO_SUCH_NAME else "image_unreadable"
        raise Rejected(reason, f"{shown(str(path))}: {error.strerror}") from None
    if not data:
        raise Rejected("image_empty", str(path))
    return ImageFile(image_key(data), data, path, status.st_mtime_ns)


_NO_SUCH_NAME = {36, 40}  # ENAMETOOLONG, ELOOP


def decode(data: bytes, name: str, max_pixels: float) -> Picture:
    """Decode an image to its thumbnail; Rejected when it is too large, broken or cut off.

    The whole picture is decoded (a JPEG at a reduced scale), so a file that ends early is found here and not in training.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind = image.format or "unknown"
            if kind == "PNG" and b"IEND" not in data:  # Pillow does not miss the end once it has all pixels; others do
                raise Rejected("image_truncated", f"{name}: the PNG has no end")
            width, height = image.size
            if width * height > max_pixels:
                raise Rejected("image_too_large", f"{name} has {width} x {height} pixels")
            image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BICUBIC, reducing_gap=2.0)
            image.load()  # a picture that is small already is not decoded yet
            # After decoding, since Pillow sets TIFF upright on its own and then drops the mark.
            orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
            thumbnail = _jpeg(image, orientation)
    except Rejected:
        raise
    except Image.DecompressionBombError as error:
        raise Rejected("image_too_large", f"{name}: {error}") from None
    except _DECODER_FAULTS as error:
        reason = "image_truncated" if "truncated" in str(error).lower() else "image_corrupt"
        raise Rejected(reason, f"{name}: {shown(str(error) or type(error).__name__)}") from None
    if orientation in _UPRIGHT and orientation >= 5:
        width, height = height, width
    return Picture(width, height, kind, thumbnail)


def _jpeg(image: Image.Image, orientation: int) -> bytes:
    """The picture upright, on white, in eight bits a channel."""
    small = _rgb(image)
    if orientation in _UPRIGHT:
        small = small.transpose(_UPRIGHT[orientation])
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        on_white = Image.new("RGB", seen.size, "white")
        on_white.paste(seen, mask=seen.getchannel("A"))
        return on_white
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16 and 32 bits a pixel scaled to 8: Pillow's own conversion clips everything above 255 to white."""
    low, high = image.getextrema()
    top = 65535.0 if image.mode.startswith("I") and 255 < high <= 65535 and low >= 0 else float(high)  # type: ignore[operator,arg-type]
    base = min(float(low), 0.0)  # type: ignore[arg-type]
    scale = 255.0 / (top - base) if top > base else 0.0
    wide = image if image.mode in ("I", "F") else image.convert("I")
    return wide.convert("F").point(lambda value: value * scale + (-base * scale)).convert("L")

"""Image files: none outside the root, every sort decoded upright, every broken one set aside under its reason."""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from core.ingest import images
from core.ingest.images import THUMBNAIL_PX, ImageRoot
from core.ingest.reasons import Rejected
from core.store.ids import image_key
from tests.ingest.making import picture

MANY = 1e8


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gradient(width: int, height: int) -> Image.Image:
    """Left to right dark to light in red, top to bottom in green."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, np.zeros_like(x)], axis=2).astype(np.uint8))


def thumbnail_of(data: bytes) -> Image.Image:
    small = Image.open(io.BytesIO(images.decode(data, "x", MANY).thumbnail))
    assert small.format == "JPEG"
    assert small.mode == "RGB"
    return small


def rejected(data: bytes, max_pixels: float = MANY) -> str:
    with pytest.raises(Rejected) as caught:
        images.decode(data, "x", max_pixels)
    return caught.value.reason


@pytest.fixture
def root(tmp_path: Path) -> ImageRoot:
    for folder in ("root/a", "outside"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.png").write_bytes(picture())
    return ImageRoot(tmp_path / "root")


@pytest.mark.parametrize("text", ["a/x.png", "./a/x.png", "a/../a/x.png", "../root/a/x.png", "a//x.png"])
def test_a_path_under_the_root_is_found(root: ImageRoot, text: str) -> None:
    assert root.find(text) == root.path / "a" / "x.png"


def test_an_absolute_path_under_the_root_is_found(root: ImageRoot) -> None:
    assert root.find(str(root.path / "a" / "x.png")) == root.path / "a" / "x.png"


@pytest.mark.parametrize(
    "text", ["../outside/x.png", "a/../../outside/x.png", "/etc/hostname", "..", "../rootless/x.png", "/root/x"]
)
def test_a_path_that_leads_outside_the_root_is_refused(root: ImageRoot, text: str) -> None:
    with pytest.raises(Rejected) as caught:
        root.find(text)
    assert caught.value.reason == "image_outside_root"


def test_a_link_that_leads_outside_the_root_is_refused(root: ImageRoot) -> None:
    (root.path / "file.png").symlink_to(root.path.parent / "outside" / "x.png")
    (root.path / "folder").symlink_to(root.path.parent / "outside")
    (root.path / "fine.png").symlink_to(root.path / "a" / "x.png")
    for text in ("file.png", "folder/x.png"):
        with pytest.raises(Rejected) as caught:
            root.find(text)
        assert caught.value.reason == "image_outside_root"
    assert root.find("fine.png") == root.path / "a" / "x.png"


@pytest.mark.parametrize(
    "text", ["http://host/x.png", "https://host/x.png", "data:image/png;base64,AAAA", "s3://bucket/x"]
)
def test_an_address_is_no_file(root: ImageRoot, text: str) -> None:
    with pytest.raises(Rejected) as caught:
        root.find(text)
    assert caught.value.reason == "image_remote"


@pytest.mark.parametrize("text", ["a/y.png", "a", "a\0.png", "a/x.png/y.png", "n" * 5000, "b/" * 3000 + "x"])
def test_what_is_no_file_is_missing(root: ImageRoot, text: str) -> None:
    with pytest.raises(Rejected) as caught:
        images.read(root.find(text))
    assert caught.value.reason == "image_missing"


def test_a_pipe_in_place_of_a_file_does_not_hang(root: ImageRoot) -> None:
    os.mkfifo(root.path / "pipe.png")
    with pytest.raises(Rejected, match="image_missing"):
        images.read(root.find("pipe.png"))


def test_a_loop_of_links_is_missing(root: ImageRoot) -> None:
    (root.path / "loop").symlink_to(root.path / "loop")
    with pytest.raises(Rejected, match="image_missing"):
        images.read(root.find("loop"))


def test_an_empty_file_is_empty(root: ImageRoot) -> None:
    (root.path / "a" / "x.png").write_bytes(b"")
    with pytest.raises(Rejected, match="image_empty"):
        images.read(root.find("a/x.png"))


def test_the_key_is_the_hash_of_the_bytes(root: ImageRoot) -> None:
    file = images.read(root.find("a/x.png"))
    assert (file.key, file.data) == (image_key(picture()), picture())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"])
def test_every_mode_becomes_a_thumbnail_with_its_contrast(mode: str) -> None:
    grey = gradient(300, 200).getchannel(0)
    if mode in ("I;16", "I", "F"):
        wide = np.asarray(grey, np.uint16) * 257
        image = Image.fromarray(
            {"I;16": wide, "I": wide.astype(np.int32), "F": (wide / 65535).astype(np.float32)}[mode]
        )
        assert image.mode == mode
    else:
        image = gradient(300, 200).convert(mode)
    small = thumbnail_of(encoded(image, "TIFF"))
    assert small.size == (THUMBNAIL_PX, 171)
    levels = np.asarray(small.convert("L"), np.float32)
    if mode != "1":
        assert levels[:, -20:].mean() > levels[:, :20].mean() + 30


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "JPEG2000", "PPM"])
def test_every_format_is_named_and_measured(kind: str) -> None:
    found = images.decode(encoded(gradient(40, 30), kind), "x", MANY)
    assert (found.width_px, found.height_px, found.format) == (40, 30, kind)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(400, 200), (40, 20)])
def test_exif_rotation_is_applied_to_size_and_thumbnail(kind: str, orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(gradient(*size), kind, exif=exif)
    found = images.decode(data, "x", MANY)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert (found.width_px, found.height_px) == upright.size
    expected = np.asarray(upright.convert("RGB").resize(thumbnail_of(data).size), np.float32)
    assert np.abs(np.asarray(thumbnail_of(data), np.float32) - expected).mean() < 6


def test_the_first_frame_of_an_animation_is_shown() -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue", "green")]
    for kind in ("GIF", "WEBP", "PNG"):
        small = thumbnail_of(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
        red, _, blue = (int(value) for value in np.asarray(small)[15, 15])
        assert red > 200
        assert blue < 60


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert np.asarray(thumbnail_of(encoded(clear, "PNG"))).min() > 250


def test_a_small_picture_is_not_blown_up_and_a_thin_one_keeps_a_pixel() -> None:
    assert thumbnail_of(picture(size=(5, 3))).size == (5, 3)
    assert thumbnail_of(picture(size=(4000, 1))).size == (256, 1)


def test_a_forty_megapixel_picture_is_taken() -> None:
    found = images.decode(encoded(Image.new("L", (8000, 5000)), "PNG"), "x", 89e6)
    assert (found.width_px, found.height_px) == (8000, 5000)


def test_a_picture_above_the_limit_is_refused_before_it_is_decoded() -> None:
    bomb = bytearray(picture())
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    assert rejected(bytes(bomb)) == "image_too_large"
    assert rejected(picture(size=(20, 10)), max_pixels=199) == "image_too_large"
    assert images.decode(picture(size=(20, 10)), "x", 200).width_px == 20


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_file_that_ends_early_is_set_aside(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8))
    data = encoded(noise, kind)
    for share in (0.2, 0.5, 0.9):
        assert rejected(data[: int(len(data) * share)]) in ("image_truncated", "image_corrupt")


@pytest.mark.parametrize(
    "data", [b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<html></html>", b"\0" * 1000, b"GIF89a"]
)
def test_what_is_no_picture_is_set_aside(data: bytes) -> None:
    assert rejected(data) in ("image_truncated", "image_corrupt")


@settings(max_examples=150, deadline=None)
@given(
    st.data(), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "TGA", "PCX", "ICO"])
)
def test_no_damage_to_the_bytes_raises_anything_but_a_reason(data: st.DataObject, kind: str) -> None:
    sound = bytearray(encoded(gradient(24, 16), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Rejected):
        found = images.decode(bytes(sound[: data.draw(st.integers(1, len(sound)))]), "x", 1e6)
        assert max(Image.open(io.BytesIO(found.thumbnail)).size) <= THUMBNAIL_PX

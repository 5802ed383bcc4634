"""Pictures as files have them: turned, grey, transparent, in another space, broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import BadData
from core.train.data import Export, Feeder, read_picture
from core.train.encode import Encoder
from core.train.tiles import Tiling

from .exports import make_samples, stage, write_export


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.paste((255, 0, 0), (0, 0, 10, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    turned = read_picture(tmp_path / "turned.jpg", (20, 40))
    assert turned.size == (20, 40)
    assert turned.getpixel((10, 2))[0] > 200 > turned.getpixel((10, 2))[1] + 100
    assert read_picture(tmp_path / "turned.jpg", (40, 20)).size == (40, 20)  # a catalogue that did not turn it


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 100, (100, 100, 100)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("LA", (0, 255), (0, 0, 0)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 128 * 256, (128, 128, 128)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_any_mode_becomes_rgb(tmp_path: Path, mode: str, colour: object, expected: tuple[int, int, int]) -> None:
    path = tmp_path / ("x.tiff" if mode == "CMYK" else "x.png")
    Image.new(mode, (8, 8), colour).save(path)  # type: ignore[arg-type]
    picture = read_picture(path)
    assert picture.mode == "RGB"
    assert np.abs(np.asarray(picture, dtype=int) - expected).max() <= 1


def test_a_file_that_breaks_while_it_is_read_names_its_sample(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "data"
    samples = make_samples(folder, 2)
    whole = folder / samples[0]["images"][0]
    Image.effect_noise((200, 200), 90).save(whole)
    samples[0]["widths"], samples[0]["heights"] = [200], [200]
    whole.write_bytes(whole.read_bytes()[:900])  # the header is fine
    export = Export(write_export(folder, samples, [stage("one")], holdout=0))
    assert export.image_reason(0) is None
    with pytest.raises(BadData, match="1000000000000000"):
        Feeder(export, encoder, Tiling("square", 32, 4, 1)).batch([0])


def test_a_table_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "samples.parquet").write_bytes(b"PAR0")
    with pytest.raises(BadData, match="not readable Parquet"):
        Export(tmp_path)

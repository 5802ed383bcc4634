"""Facts about pictures: bounded for any picture, and telling photographs, print and drawings apart after lossy thumbnails."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage import data

from core.evidence.rules import ImageFacts, image_facts


def _thumbnail(image: Image.Image) -> Image.Image:
    """What the store keeps: at most 256 px, lossy."""
    small = image.convert("RGB")
    small.thumbnail((256, 256))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80)
    return Image.open(io.BytesIO(buffer.getvalue()))


def _page() -> Image.Image:
    page = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(page)
    for line in range(14):
        draw.text((8, 8 + 17 * line), "Total amount 31.80 paid in cash", fill="black")
    return page


def _shapes() -> Image.Image:
    picture = Image.new("RGB", (256, 256), (235, 235, 245))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 30, 90, 100), fill=(220, 30, 30))
    draw.rectangle((140, 120, 220, 230), fill=(20, 60, 200))
    return picture


def _grid() -> Image.Image:
    picture = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(picture)
    for line in range(8, 256, 40):
        draw.line((0, line, 256, line), fill="black")
        draw.line((line, 0, line, 256), fill="black")
    return picture


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_a_photograph_looks_like_one_and_drawings_do_not(name: str) -> None:
    photo = image_facts(_thumbnail(Image.fromarray(getattr(data, name)())))
    assert photo.photo_likeness > 0.8
    for drawing in (_page(), _shapes(), _grid()):
        assert image_facts(_thumbnail(drawing)).photo_likeness < 0.1


def test_print_is_told_from_shapes_rulings_and_photographs() -> None:
    page = image_facts(_thumbnail(_page()))
    assert page.text_likeness > 0.9
    for other in (_shapes(), _grid(), Image.fromarray(data.chelsea())):
        assert image_facts(_thumbnail(other)).text_likeness < 0.3


def test_a_grid_has_rulings_and_shapes_have_few_colours() -> None:
    assert image_facts(_thumbnail(_grid())).rulings == 1
    shapes = image_facts(_shapes())
    assert shapes.rulings < 0.5
    assert shapes.num_colours == 3
    assert shapes.colourfulness > image_facts(_grid()).colourfulness


def test_plain_colours_measure_exactly() -> None:
    white = image_facts(Image.new("RGB", (64, 32), "white"))
    assert white == ImageFacts(2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    half = np.zeros((32, 32, 3), dtype=np.uint8)
    half[:, 16:] = 255
    facts = image_facts(half)
    assert facts.white_share == facts.dark_share == 0.5
    assert facts.edge_density == pytest.approx(1 / 31 / 2)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_of_picture_is_measured(mode: str) -> None:
    picture = Image.new(mode, (40, 30))
    assert image_facts(picture).aspect == pytest.approx(40 / 30)


def test_transparent_is_white() -> None:
    assert image_facts(Image.new("RGBA", (20, 20), (0, 0, 0, 0))).white_share == 1


def test_a_large_picture_and_its_thumbnail_look_alike() -> None:
    large = Image.fromarray(data.astronaut())
    small = _thumbnail(large)
    whole, reduced = image_facts(large)._asdict(), image_facts(small)._asdict()
    del whole["rulings"]  # a count of few lines, the one fact that a line more or less moves in steps
    for name, value in whole.items():
        assert value == pytest.approx(reduced[name], rel=0.25, abs=0.08), name


@given(
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)).flatmap(
        lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 255))
    )
)
@settings(max_examples=60, deadline=None)
def test_facts_are_bounded_for_any_pixels(pixels: NDArray[np.uint8]) -> None:
    facts = image_facts(pixels)._asdict()
    assert facts.pop("aspect") > 0
    assert facts.pop("num_colours") >= 1
    assert all(0 <= value <= 1 for value in facts.values()), facts

"""Pictures cost and look what the model and its processor say they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.image_processing_utils import select_best_resolution

from core.train.data import images_per_sample
from core.train.generate import normalise
from core.train.model import build_processor, set_resolution
from core.train.tiles import Tiling, best_grid, grid_pinpoints

SIDE = st.integers(1, 3000)


def picture(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(width * 7919 + height).integers(0, 256, (max(height // 4, 1), max(width // 4, 1), 3))
    return Image.fromarray(noise.astype(np.uint8)).resize((width, height), Image.Resampling.BILINEAR)


@given(SIDE, SIDE, st.sampled_from([1, 2, 4, 9, 16, 36]))
@settings(max_examples=150, deadline=None)
def test_the_best_grid_is_the_processors(width: int, height: int, max_tiles: int) -> None:
    pinpoints = grid_pinpoints(384, max_tiles)
    assert best_grid(width, height, pinpoints) == select_best_resolution((height, width), [list(p) for p in pinpoints])


def test_grids_hold_no_more_tiles_than_allowed_and_36_gives_the_published_ones() -> None:
    assert grid_pinpoints(384, 1) == ((384, 384),)
    assert set(grid_pinpoints(10, 4)) == {
        (10, 10),
        (10, 20),
        (10, 30),
        (10, 40),
        (20, 10),
        (20, 20),
        (30, 10),
        (40, 10),
    }
    assert set(grid_pinpoints(384, 36)) == {(384 * r, 384 * c) for r in range(1, 7) for c in range(1, 7)}


@pytest.fixture(scope="module")
def counter(tokenizer: Any) -> Any:
    return build_processor(tokenizer, 384, 27)


@given(width=SIDE, height=SIDE, max_tiles=st.sampled_from([1, 2, 4, 9, 16, 36]), bound=st.sampled_from([1, 4, 36]))
@settings(max_examples=200, deadline=None)
def test_the_token_formula_is_the_processors(counter: Any, width: int, height: int, max_tiles: int, bound: int) -> None:
    """`bound` below `max_tiles` reaches the shrinking beyond 1.21 x N tiles that our own grids never need."""
    grids = grid_pinpoints(384, max_tiles)
    counter.image_processor.image_grid_pinpoints = [list(grid) for grid in grids]
    counter.vision_aspect_ratio = f"anyres_max_{bound}"
    ours = Bounded(bound, grids)
    assert ours.num_tokens(width, height, 1) == counter._get_number_of_features(height, width, 384, 384)


class Bounded(Tiling):
    """A tiling whose grids are given, apart from its bound."""

    def __init__(self, bound: int, grids: tuple[tuple[int, int], ...]) -> None:
        super().__init__("anyres", 384, 27, bound)
        object.__setattr__(self, "_grids", grids)

    @property
    def pinpoints(self) -> tuple[tuple[int, int], ...]:
        return self._grids  # type: ignore[attr-defined,no-any-return]


def test_the_ceiling_of_a_tiled_picture_is_not_one_plus_n_times_a_tile() -> None:
    """Trap 14: newlines come on top, and a grid may keep 1.21 x N tiles of tokens."""
    assert Tiling("anyres", 384, 27, 4).num_tokens(768, 768, 1) == 729 * 5 + 54
    assert Tiling("square", 384, 27, 1).num_tokens(640, 480, 1) == 730
    assert Bounded(4, grid_pinpoints(384, 36)).num_tokens(384 * 3, 384 * 2, 1) > 729 * 5


@pytest.mark.parametrize("size", [(64, 64), (100, 40), (31, 90), (7, 300), (200, 201)])
@pytest.mark.parametrize("max_tiles", [1, 2, 4])
def test_tiles_are_the_processors_pixels(tokenizer: Any, size: tuple[int, int], max_tiles: int) -> None:
    processor = build_processor(tokenizer, 32, 4)
    tiling = Tiling("anyres", 32, 4, max_tiles)
    processor.image_processor.image_grid_pinpoints = [list(grid) for grid in tiling.pinpoints]
    image = picture(*size)
    theirs = processor.image_processor(images=[image], return_tensors="pt")["pixel_values"][0]
    ours = normalise(torch.from_numpy(tiling.cut(image, 1)))
    assert ours.shape == theirs.shape == (tiling.num_tiles(*size, 1), 3, 32, 32)
    assert (ours - theirs).abs().max() <= 2.1 / 127.5  # two grey levels: another library's bicubic rounding


def test_pictures_of_a_group_are_the_processors_pixels(tokenizer: Any) -> None:
    """Trap 4: never tiled; padded to a square with the mean."""
    processor = build_processor(tokenizer, 32, 4)
    images = [picture(90, 40), picture(33, 33)]
    theirs = processor.image_processor(images=[images], return_tensors="pt")["pixel_values"][:, 0]
    ours = torch.cat([normalise(torch.from_numpy(Tiling("anyres", 32, 4, 4).cut(image, 2))) for image in images])
    assert (ours - theirs).abs().max() <= 2.1 / 127.5


@pytest.mark.parametrize("mode", ["square", "anyres"])
def test_the_model_makes_as_many_features_as_are_counted(micro: tuple[Any, Any], mode: Any) -> None:
    """Traps 2, 3 and 5: all four homes of a resolution, one picture alone in a square stage, flat tiles."""
    model, processor = micro
    tiling = Tiling(mode, 32, 4, 4)
    set_resolution(model, processor, tiling)
    for counts in ([1], [1, 2], [3, 1, 1]):
        sizes = [(50 + 31 * place, 40 + 57 * place) for place in range(sum(counts))]
        owners = [count for count in counts for _ in range(count)]
        tiles = [tiling.cut(picture(*size), count) for size, count in zip(sizes, owners, strict=True)]
        with torch.no_grad():
            features = model.model.get_image_features(
                pixel_values=normalise(torch.from_numpy(np.concatenate(tiles))),
                image_sizes=torch.tensor([(height, width) for width, height in sizes]),
                batch_num_images=torch.tensor(images_per_sample(tiling, counts)),
                return_dict=True,
            ).pooler_output
        expected = [tiling.num_tokens(*size, count) for size, count in zip(sizes, owners, strict=True)]
        assert [len(feature) for feature in features] == expected
    if mode == "square":
        assert tiling.num_tokens(640, 480, 1) == 17  # 4 x 4 patches and one end of row


def test_flat_tiles_give_the_features_of_padded_ones(micro: tuple[Any, Any]) -> None:
    """Trap 5: the processor's five-dimensional pixels waste work, and mean the same."""
    model, processor = micro
    tiling = Tiling("anyres", 32, 4, 4)
    set_resolution(model, processor, tiling)
    images = [picture(64, 64), picture(100, 30)]
    padded = processor.image_processor(images=images, return_tensors="pt")
    assert padded["pixel_values"].dim() == 5
    flat = torch.cat([padded["pixel_values"][i, : tiling.num_tiles(*image.size, 1)] for i, image in enumerate(images)])
    with torch.no_grad():
        kept = {"image_sizes": padded["image_sizes"], "return_dict": True}
        one = model.model.get_image_features(pixel_values=padded["pixel_values"], **kept).pooler_output
        two = model.model.get_image_features(pixel_values=flat, **kept).pooler_output
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(one, two, strict=True))

"""What the map is told and what it tells: points inside a drawing, colour classes, totals at the cuts, buffers made on request."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from studio.map.buffers import (
    BUFFERS,
    NEVER,
    Buffer,
    Buffers,
    CutTable,
    class_totals,
    cuts_of,
    publish_classes,
    publish_points,
)
from studio.map.colourings import Colouring, folded, membership, score_codes
from studio.map.lasso import inside, lassoed

CORNERS = st.lists(st.tuples(st.integers(-3, 20), st.integers(-3, 20)), min_size=3, max_size=9)


def crossings(x: float, y: float, corners: np.ndarray) -> int:
    """How often a ray from a place to the right crosses the outline: one edge after the other."""
    found = 0
    for at in range(len(corners)):
        (x0, y0), (x1, y1) = corners[at], corners[(at + 1) % len(corners)]
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            found += 1
    return found


@given(corners=CORNERS, quarter=st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_a_point_is_inside_when_a_ray_from_it_crosses_the_outline_an_odd_number_of_times(
    corners: list[tuple[int, int]], quarter: int
) -> None:
    places = np.stack(np.meshgrid(np.arange(18), np.arange(18)), axis=-1).reshape(-1, 2).astype(np.uint16)
    outline = np.array(corners, dtype=np.float64) + quarter / 4  # on the grid of places, and between them
    wanted = [crossings(x, y, outline) % 2 == 1 for x, y in places.astype(float)]
    assert inside(places, outline).tolist() == wanted


def test_a_star_that_crosses_itself_leaves_out_its_middle() -> None:
    angle = np.arange(5) * 4 * np.pi / 5
    star = np.stack([100 + 90 * np.sin(angle), 100 - 90 * np.cos(angle)], axis=1)
    places = np.array([[100, 100], [100, 30], [165, 78], [5, 5]], dtype=np.uint16)
    assert inside(places, star).tolist() == [False, True, True, False]


def drawn(**told: object) -> dict[str, object]:
    return {"points_url": "", "corners": [-1, -1, 40000, -1, 40000, 70000, -1, 70000], "hidden": [], **told}


def test_the_samples_of_a_drawing_are_those_inside_without_hidden_classes() -> None:
    x = np.array([0, 1, 2, 3], dtype=np.float32)
    ids = np.array([7, 8, 9, 2**63 + 1], dtype=np.uint64)
    url = publish_points("lasso", "four", x, x * 0, ids)
    classes = publish_classes("lasso", "four", "kind", np.array([0, 1, 0, 1], dtype=np.uint8))
    found = lassoed(drawn(points_url=url), url)
    assert found is not None
    assert found.tolist() == [7, 8]
    seen = lassoed(drawn(points_url=url, hidden=[0], classes_url=classes), url)
    assert seen is not None
    assert seen.tolist() == [8]
    empty = lassoed(drawn(points_url=url, corners=[1, 1, 2, 1, 2, 2]), url)
    assert empty is not None
    assert empty.size == 0


def test_what_was_drawn_over_other_points_holds_nothing() -> None:
    url = publish_points("lasso", "one", np.zeros(1, np.float32), np.zeros(1, np.float32), np.ones(1, np.uint64))
    assert lassoed(None, url) is None
    assert lassoed(drawn(points_url="/api/points/lasso/older.bin"), url) is None


@pytest.mark.parametrize("corners", [None, [1, 2, 3, 4], [1] * 7, ["a"] * 6, [float("inf")] * 6, [0] * 2048])
def test_corners_that_are_no_polygon_are_refused(corners: object) -> None:
    url = publish_points("lasso", "one", np.zeros(1, np.float32), np.zeros(1, np.float32), np.ones(1, np.uint64))
    with pytest.raises(BadInput, match="cannot be read"):
        lassoed(drawn(points_url=url, corners=corners), url)


def test_classes_stand_by_size_and_all_beyond_nine_are_one() -> None:
    codes = np.repeat(np.arange(13), [1, 20, 3, 4, 5, 6, 7, 8, 9, 10, 0, 12, 2])
    found, names = folded(codes, [f"class {index}" for index in range(13)])
    assert names == [*(f"class {index}" for index in (1, 11, 9, 8, 7, 6, 5, 4, 3)), "other"]
    assert np.bincount(found).tolist() == [20, 12, 10, 9, 8, 7, 6, 5, 4, 6]
    few, kept = folded(np.array([2, 2, 0]), ["a", "b", "c"])
    assert (few.tolist(), kept) == ([0, 0, 1], ["c", "a"])


def test_scores_are_coloured_by_the_nearest_whole_one() -> None:
    stored = np.array([0, 24, 25, 74, 125, 225, 250, 255], dtype=np.uint8)
    codes = score_codes(stored, 255, 50)
    assert codes.tolist() == [0, 0, 1, 1, 3, 5, 5, 6]
    shown = Colouring.by_score("score-ocr", "OCR", "/x.bin")
    assert [one.name for one in shown.classes] == ["0", "1", "2", "3", "4", "5", "no score"]
    assert len({one.colour for one in shown.classes}) == 7


def test_membership_ranks_what_changed_before_what_stayed_and_the_rest_beyond_the_budget() -> None:
    points = np.array([10, 20, 30, 40, 50], dtype=np.uint64)
    codes, ranks, budget = membership(points, np.array([20, 30, 99], np.uint64), np.array([30, 40], np.uint64))
    assert codes.tolist() == [3, 2, 0, 1, 3]  # neither, removed, kept, added, neither
    assert budget == 3
    assert ranks.tolist() == [3, 0, 2, 1, 4]
    nothing, _, none = membership(points, np.empty(0, np.uint64), np.empty(0, np.uint64))
    assert (nothing.tolist(), none) == ([3] * 5, 0)


@given(num=st.integers(1, 700), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_legends_table_counts_each_class_below_each_cut(num: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    ranks = chance.permutation(num).astype(np.uint32)
    ranks[chance.random(num) < 0.2] = NEVER
    codes = chance.integers(0, 4, num).astype(np.uint8)
    cuts = cuts_of(num)
    totals = class_totals(cuts, ranks, codes, 4)
    for position, cut in enumerate(cuts):
        assert totals[position].tolist() == [int(((codes == code) & (ranks < cut)).sum()) for code in range(4)]
    assert CutTable(cuts, (), {"kind": totals}).body.count(b"kind") == 1


def test_an_offer_is_made_when_it_is_first_asked_for_and_only_then() -> None:
    held = Buffers()
    made = []

    def make() -> Buffer:
        made.append(1)
        return Buffer(b"abc", "x/y")

    assert held.offer("path", make) == "path"
    held.offer("path", make)
    assert made == []
    assert held.get("path") == held.get("path")
    assert len(made) == 1
    held.offer("path", make)
    assert held.get("path") is not None
    assert len(made) == 1


def test_only_the_newest_offers_stand() -> None:
    held = Buffers()
    for number in range(100):
        held.offer(str(number), lambda: Buffer(b"", "x/y"))
    assert held.get("99") is not None
    assert held.get("1") is None
    assert BUFFERS.get("/api/points/never/published.bin") is None

"""Packs against first-fit-decreasing as everybody would write it down, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.mixture.length_bins import LengthBins
from core.mixture.packing import counted_lengths, first_fit, packed
from core.select.loops import compiled


def plainly(samples: list[int], pack_tokens: int) -> int:
    """The longest first, each into the first pack that has room."""
    packs: list[int] = []
    for sample in sorted(samples, reverse=True):
        for place, free in enumerate(packs):
            if sample <= free:
                packs[place] -= sample
                break
        else:
            packs.append(pack_tokens - sample)
    return len(packs)


@given(
    samples=st.lists(st.one_of(st.integers(1, 70), st.sampled_from([9, 21, 33])), max_size=80),
    pack_tokens=st.integers(16, 64),
)
@settings(max_examples=400, deadline=None)
def test_packs_from_counted_lengths_are_those_of_first_fit_decreasing(samples: list[int], pack_tokens: int) -> None:
    found = packed(*counted_lengths(np.array(samples, np.int64), np.ones(len(samples), np.int64)), pack_tokens)
    fitting = [sample for sample in samples if sample <= pack_tokens]
    assert found.num_packs == plainly(fitting, pack_tokens)
    assert (found.num_samples, found.num_tokens) == (len(fitting), sum(fitting))
    assert found.num_too_long == len(samples) - len(fitting)
    assert found.fill == (sum(fitting) / (found.num_packs * pack_tokens) if fitting else 0)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=12))
def test_copies_are_packed_like_samples_of_their_own(samples: list[tuple[int, int]]) -> None:
    tokens, times = (np.array([one[at] for one in samples], dtype=np.int64) for at in (0, 1))
    listed = [length for length, often in samples for _ in range(often)]
    assert packed(*counted_lengths(tokens, times), 40).num_packs == plainly(listed, 40)


@pytest.mark.parametrize("seed", range(4))
def test_the_compiled_loop_gives_the_same_numbers(seed: int) -> None:
    chance = np.random.default_rng(seed)
    lengths, counts = counted_lengths(chance.integers(1, 900, 3000), np.ones(3000, np.int64))
    down, many = np.ascontiguousarray(lengths[::-1]), np.ascontiguousarray(counts[::-1])
    room = [np.zeros(4 * len(down), np.int64) for _ in range(4)]
    assert compiled(first_fit)(down, many, 1000, *room) == packed(lengths, counts, 1000).num_packs


def test_three_packs_by_hand() -> None:
    # 60+40, 50+30+20, 50: the 50s do not fit beside 60, the 30 goes beside the first 50
    found = packed(np.array([20, 30, 40, 50, 60, 101]), np.array([1, 1, 1, 2, 1, 3]), 100)
    assert (found.num_packs, found.num_too_long, found.num_tokens) == (3, 3, 250)
    assert found.fill == pytest.approx(250 / 300)
    assert found.waste == pytest.approx(50 / 300)


@pytest.mark.parametrize("pack_tokens", [0, -5, 15, 2**20 + 1])
def test_a_pack_length_out_of_bounds_is_told(pack_tokens: int) -> None:
    with pytest.raises(BadInput, match="out of bounds"):
        packed(np.array([1]), np.array([1]), pack_tokens)


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 9)), min_size=1, max_size=30, unique_by=lambda one: one[0])
)
def test_every_sample_stands_in_the_bar_that_says_its_length(samples: list[tuple[int, int]]) -> None:
    ordered = sorted(samples)
    lengths, counts = (np.array([one[at] for one in ordered], dtype=np.int64) for at in (0, 1))
    bins = LengthBins.over([lengths, np.empty(0, np.int64)])
    found = bins.counts(lengths, counts)
    assert list(bins.edges) == sorted(set(bins.edges))
    assert len(found) == len(bins.said()) == len(bins.edges) - 1
    for place, (low, high) in enumerate(zip(bins.edges, bins.edges[1:], strict=False)):
        inside = [often for length, often in samples if (low <= length or place == 0) and length < high]
        assert found[place] == sum(inside)
    assert sum(found) == sum(often for _, often in samples)
    assert bins.at(bins.edges[0]) == 0
    assert bins.at(bins.edges[-1]) == 1

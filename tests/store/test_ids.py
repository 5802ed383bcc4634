"""Keys are the same on every machine: values computed by an independent, scalar reading of the contract."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.store import ids

MASK = 2**64 - 1


def splitmix64(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def test_splitmix64_gives_the_published_first_outputs() -> None:
    # The reference generator seeded with 1234567 adds the increment before each mix, which is what splitmix64(x) does here.
    state, outputs = 1234567, []
    for _ in range(3):
        outputs.append(int(ids.splitmix64(np.array([state], dtype=np.uint64))[0]))
        state = (state + 0x9E3779B97F4A7C15) & MASK
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.lists(st.integers(0, MASK), min_size=1, max_size=20), st.integers(0, MASK))
def test_tie_and_purpose_keys_equal_the_scalar_reading(values: list[int], seed: int) -> None:
    array = np.array(values, dtype=np.uint64)
    assert ids.tie_key(array, seed).tolist() == [splitmix64(v ^ splitmix64(seed)) for v in values]
    purpose = int.from_bytes(blake2b(b"random", digest_size=8).digest(), "big")
    assert ids.purpose_key(array, seed, "random").tolist() == [
        splitmix64(v ^ splitmix64(seed ^ purpose)) for v in values
    ]


def test_a_sample_id_is_the_big_endian_digest_of_source_separator_and_id() -> None:
    expected = int(blake2b(b"receipts\x1f17", digest_size=8).hexdigest(), 16)
    assert ids.sample_id("receipts", "17") == expected
    assert ids.id_from_hex(ids.id_hex(expected)) == expected


def test_the_hex_form_keeps_leading_zeros() -> None:
    assert ids.id_hex(255) == "00000000000000ff"
    with pytest.raises(BadInput, match="'ff'"):
        ids.id_from_hex("ff")


@given(st.text(min_size=1))
def test_source_names_are_composed_text_without_control_characters(text: str) -> None:
    try:
        name = ids.source_name(text)
    except BadInput:
        assert not text.strip() or any(
            unicodedata.category(c) in ("Cc", "Cs") for c in unicodedata.normalize("NFC", text)
        )
    else:
        assert name == unicodedata.normalize("NFC", text)


def test_scores_are_stored_in_fiftieths_with_255_for_missing() -> None:
    assert [ids.encode_score(value) for value in (0, 0.02, 2.5, 4.99, 5, None, float("nan"))] == [
        0,
        1,
        125,
        250,
        250,
        255,
        255,
    ]
    scores = np.array([[0.0, 5.0], [np.nan, 3.3]])
    assert ids.encode_scores(scores).tolist() == [[0, 250], [255, 165]]
    assert np.allclose(ids.decode_scores(np.array([0, 165, 250], dtype=np.uint8)), [0, 3.3, 5])
    with pytest.raises(BadInput, match=r"5\.1"):
        ids.encode_score(5.1)


def test_the_content_hash_moves_with_text_role_and_image() -> None:
    base = ids.content_hash([("human", "a"), ("gpt", "b")], ["k" * 32])
    others = [
        ids.content_hash([("human", "a"), ("gpt", "c")], ["k" * 32]),
        ids.content_hash([("gpt", "a"), ("human", "b")], ["k" * 32]),
        ids.content_hash([("human", "a"), ("gpt", "b")], []),
        ids.content_hash([("human", 'a"],["gpt","b')], ["k" * 32]),
    ]
    assert len({base, *others}) == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ff",
        "0x00000000000001",
        "-00000000000000f",
        "+00000000000000f",
        "1_1_1_1_1_1_1_11",
        "００００００００００００００００",
    ],
)
def test_only_sixteen_hexadecimal_digits_are_an_id(text: str) -> None:
    with pytest.raises(BadInput, match="not a sample id"):
        ids.id_from_hex(text)

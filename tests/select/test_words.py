"""How the making of a selection is said in words."""

from __future__ import annotations

import pytest

from core.filters import Filter, ScoreRange
from core.select.constraints import Constraints, Quota
from core.select.words import constraints_words, filter_words, method_title, settings_words
from core.vocabulary import CAPABILITY_KEYS


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (Filter(), "none"),
        (Filter(sources=("a", "b")), "source a or b"),
        (Filter(styles=("yes/no",), text="red car"), 'style yes/no; text "red car"'),
        (Filter(scores=(ScoreRange(capability="data", low=2),)), "data understanding 2 to 5"),
        (Filter(min_images=1), "1 or more images"),
        (Filter(max_images=2), "up to 2 images"),
        (Filter(min_images=1, max_images=2), "1 to 2 images"),
        (Filter(where="ocr > 2"), "condition ocr > 2"),
        (Filter(listed="00000000000000aa"), "list of samples 00000000000000aa"),
    ],
)
def test_a_filter_is_one_line(chosen: Filter, words: str) -> None:
    assert filter_words(chosen) == words


def test_every_field_of_a_filter_is_said() -> None:
    """A new field of the filter without words would make two filters read alike."""
    values = {
        "sources": ("s",), "licences": ("l",), "styles": ("t",), "tags": ("g",), "flags": ("f",),
        "scores": (ScoreRange(capability="ocr", low=1),), "min_images": 1, "max_images": 1, "text": "x", "where": "y",
        "listed": "00000000000000aa",
    }  # fmt: skip
    assert set(values) == set(Filter.model_fields)
    for name, value in values.items():
        assert filter_words(Filter(**{name: value})) != "none", name  # type: ignore[arg-type]


def test_settings_say_all_capabilities_as_one_word() -> None:
    assert settings_words({"capabilities": [], "threshold": 0.0}) == {"capabilities": "all", "threshold": "0"}
    assert settings_words({"capabilities": list(CAPABILITY_KEYS)}) == {"capabilities": "all"}
    assert settings_words({"capabilities": ["data", "ocr"]})["capabilities"].startswith("data understanding, ")
    assert settings_words({"weights": {"ocr": 2.5}, "on": True, "name": None}) == {
        "weights": "optical character recognition: 2.5",
        "on": "yes",
        "name": "–",
    }


def test_constraints_are_one_line_and_lists_of_samples_are_counted() -> None:
    assert constraints_words(Constraints()) == "none"
    constraints = Constraints(
        pins=("00000000000000aa",),
        never=("00000000000000ab", "00000000000000ac"),
        exclude=("ocr < 1",),
        minimum=(Quota(kind="source", name="charts", count=20),),
        maximum=(Quota(kind="capability", name="data", share=0.3),),
    )
    assert constraints_words(constraints) == (
        "1 must be kept; 2 never; never where ocr < 1; at least 20 of source charts; at most 30 % of capability data understanding"
    )


def test_a_method_of_another_version_goes_by_its_key() -> None:
    assert method_title("random") == "Random"
    assert method_title("of-the-future") == "of-the-future"

"""Numbers, spans of time and producers as people read them."""

from __future__ import annotations

import pytest

from core.ingest.reasons import REASONS
from studio.words import duration, many, note_on, num, on_page, share, short, size, tables_said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (12060, "12,060"), (1.5, "1.5"), (2.0, "2"), (1234567, "1,234,567")]
)
def test_thousands_are_separated(value: float, said: str) -> None:
    assert num(value) == said


@pytest.mark.parametrize(("value", "said"), [(9999, "9,999"), (12060, "12.1k"), (3_400_000, "3.4M"), (2e9, "2.0G")])
def test_tight_places_get_short_numbers(value: float, said: str) -> None:
    assert short(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.42, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h 0 min"),
        (7530, "2 h 5 min"),
    ],
)
def test_spans_of_time_carry_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_shares_have_one_decimal_and_no_share_of_nothing() -> None:
    assert share(522, 12060) == "4.3 %"
    assert share(1, 0) == "–"


def test_nouns_agree_with_their_count() -> None:
    assert (many(1, "sample"), many(3618, "sample"), many(2, "entry", "entries")) == (
        "1 sample",
        "3,618 samples",
        "2 entries",
    )


def test_bytes_have_a_unit() -> None:
    assert [size(n) for n in (812, 4200, 64_000_000, 1.5e9)] == ["812 B", "4.2 kB", "64.0 MB", "1.5 GB"]


@pytest.mark.parametrize(
    ("producer", "version", "badge"),
    [
        ("rules", "1", "heuristic: rules 1"),
        ("rules", "1.37ff689a", "heuristic: rules 1"),
        ("workspace", "15bbaaa553c4", "estimate: workspace"),
        ("judge", "2", "judge 2"),
    ],
)
def test_badges_warn_of_heuristics_and_leave_digests_to_the_hover(producer: str, version: str, badge: str) -> None:
    note = note_on(producer, version)
    assert note.badge == badge
    assert version in note.says


def test_a_remedy_on_a_page_names_its_fields_and_no_option_of_the_command() -> None:
    assert on_page(REASONS["image_missing"].fix) == "Give the folder that image paths start from under Image root."
    for reason in ("image_outside_root", "image_missing", "bad_source"):
        assert "--" not in on_page(REASONS[reason].fix)
    assert on_page("Open it with `winnow open /data/a b`.") == "Open it by its path."
    assert on_page("Fetch the image again.") == "Fetch the image again."


def test_tables_are_said_by_what_is_in_them_once() -> None:
    tables = (
        "image_tags--rules--1",
        "image_tags--judge--2",
        "numbers--ppl--1",
        "numbers--clip--1",
        "samples",
        "snapshot",
    )
    assert tables_said(tables) == "image tags, number ppl, number clip, samples, snapshot"
    assert tables_said(()) == ""

"""What people and producers say a sample trains, and how people agree with the rules, kept until somebody rates again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.evidence import people
from core.evidence.people import Agreement
from core.store import ratings
from core.store.evidence import Producer
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace
from studio import cached


@dataclass(frozen=True)
class Scored:
    """A sample's score for one capability, from 0 to 5, and who says it; None for none.

    mine: what who looks on gave; others: what other people gave, by name; former: what they gave to content the sample no longer
    has. below: the score as it would be without people.
    """

    score: float | None
    by: Producer | None
    mine: int | None = None
    mine_is_former: bool = False
    others: tuple[tuple[str, int], ...] = ()
    below: tuple[float, Producer] | None = None


@st.cache_resource(max_entries=100, show_spinner=False)
def _scores(path: str, at_version: str, sample_id: int, who: str) -> dict[str, Scored]:
    lens = cached.lens()
    found = lens.ask("scores_of_sample", sample_id=sample_id).to_pylist()
    row = found[0] if found else {}
    said_by, given, below = lens.producers.get("scores", []), lens.ratings.of(sample_id), lens.without_people(sample_id)
    content_hash = lens.content_hash(sample_id)
    told = {}
    for key in CAPABILITY_KEYS:
        missing = row.get(key) in (None, MISSING)
        mine = given.get((key, who))
        told[key] = Scored(
            score=None if missing else row[key] / SCORE_SCALE,
            by=None if missing else said_by[row[f"{key}_by"]],
            mine=None if mine is None else mine.score,
            mine_is_former=mine is not None and mine.content_hash != content_hash,
            others=tuple(
                (name, rating.score)
                for (capability, name), rating in sorted(given.items())
                if capability == key and name != who and rating.content_hash == content_hash
            ),
            below=below.get(key),
        )
    return told


def scores(sample_id: int) -> dict[str, Scored]:
    """What is said of a sample, by capability, as it looks to who is here."""
    here = cached.workspace()
    return _scores(str(here.path), cached.version(here.path), sample_id, ratings.rater())


@st.cache_resource(max_entries=4, show_spinner=False)
def _agreement(path: str, at_version: str) -> dict[str, Agreement]:
    return people.agreement(Workspace.open(Path(path)))


def agreement() -> dict[str, Agreement]:
    """How people agree with the rules, by capability, over all samples both have scored."""
    here = cached.workspace()
    return _agreement(str(here.path), cached.version(here.path))


@dataclass(frozen=True)
class Raters:
    """How much people have rated: ratings that count, samples and people they are of, and ratings that do not count."""

    num_ratings: int
    num_samples: int
    num_people: int
    num_former: int
    num_unreadable: int


@st.cache_resource(max_entries=4, show_spinner=False)
def _raters(path: str, at_version: str) -> Raters:
    lens = cached.lens()
    counting: list[tuple[int, str]] = []
    num_former = 0
    for sample_id in lens.ratings.sample_ids:
        content_hash = lens.content_hash(sample_id)
        for (_, who), rating in lens.ratings.of(sample_id).items():
            if rating.content_hash == content_hash:
                counting.append((sample_id, who))
            else:
                num_former += 1
    return Raters(
        num_ratings=len(counting),
        num_samples=len({sample_id for sample_id, _ in counting}),
        num_people=len({who for _, who in counting}),
        num_former=num_former,
        num_unreadable=lens.ratings.num_unreadable,
    )


def raters() -> Raters:
    """How much people have rated."""
    here = cached.workspace()
    return _raters(str(here.path), cached.version(here.path))

"""Ratings: any run of acts leaves what a plain dictionary would, read at once or act by act; what cannot be read is counted."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.store import ratings
from core.store.acts import RATING, Acts
from core.store.ratings import Rating, Ratings
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import RATINGS, Workspace
from tests.studio.small_workspace import make_workspace

PEOPLE = ("ana", "ben/b", "C é\n")
NUM_SAMPLES, KEYS = 3, ("ocr", "stem")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("ratings") / "ws", prepared=False).path


@pytest.fixture
def workspace(base: Path) -> Workspace:
    """A workspace nobody has acted in yet."""
    for path in base.glob("workspace.sqlite*"):
        path.unlink()
    return Workspace.open(base)


def samples(workspace: Workspace) -> list[dict[str, Any]]:
    return workspace.store.read("samples", ["sample_id", "content_hash"]).to_pylist()[:NUM_SAMPLES]


ACTS = st.lists(
    st.tuples(
        st.integers(0, NUM_SAMPLES - 1),
        st.sampled_from(KEYS),
        st.sampled_from(PEOPLE),
        st.none() | st.integers(0, 5),
    ),
    max_size=12,
)


@given(acts=ACTS, seen=st.integers(0, 12))
@settings(max_examples=25)
def test_what_stands_is_what_a_dictionary_holds_whenever_one_looks(
    base: Path, acts: list[tuple[int, str, str, int | None]], seen: int
) -> None:
    for path in base.glob("workspace.sqlite*"):
        path.unlink()
    workspace = Workspace.open(base)
    rows = samples(workspace)
    early = Ratings(workspace)
    expected: dict[tuple[int, str, str], int] = {}
    for number, (place, key, who, score) in enumerate(acts):
        if number == seen:
            early.follow()
        cell = (rows[place]["sample_id"], key, who)
        before, after = ratings.rate(workspace, cell[0], key, score, who)
        assert (None if before is None else before.score) == expected.get(cell)
        assert after == (None if score is None else Rating(score, rows[place]["content_hash"]))
        if score is None:
            expected.pop(cell, None)
        else:
            expected[cell] = score
    moved = early.follow()
    assert moved <= {(row["sample_id"], key) for row in rows for key in KEYS}
    table = ratings.table(workspace)
    assert {(row["sample_id"], row["capability"], row["who"]): row["score"] for row in table.to_pylist()} == expected
    assert all(table["counts"].to_pylist())
    for found in (early, Ratings(workspace)):
        assert found.num_unreadable == 0
        assert found.sample_ids == {one for one, _, _ in expected}
        for row in rows:
            given_here = {
                key: [score for (one, k, _), score in expected.items() if (one, k) == (row["sample_id"], key)]
                for key in KEYS
            }
            wanted = {key: round(50 * median(scores)) for key, scores in given_here.items() if scores}
            assert found.scores(row["sample_id"], row["content_hash"]) == wanted
            assert found.scores(row["sample_id"], "of other content") == {}


def test_the_same_again_is_no_act_and_neither_is_taking_back_nothing(workspace: Workspace) -> None:
    one = samples(workspace)[0]["sample_id"]
    ratings.rate(workspace, one, "ocr", None)
    assert workspace.versions().get(RATINGS) is None
    assert not workspace.acts_path.exists() or not Acts(workspace.acts_path).latest(RATING)
    ratings.rate(workspace, one, "ocr", 3)
    version = workspace.versions()[RATINGS]
    ratings.rate(workspace, one, "ocr", 3)
    assert workspace.versions()[RATINGS] == version
    ratings.rate(workspace, one, "ocr", None)
    assert workspace.versions()[RATINGS] > version


def test_a_snapshot_with_ratings_can_be_pinned(workspace: Workspace) -> None:
    before = workspace.snapshot()
    ratings.rate(workspace, samples(workspace)[0]["sample_id"], "ocr", 3)
    digest = workspace.pin_snapshot()
    assert digest != before
    assert workspace.pinned(digest) == workspace.versions()


@pytest.mark.parametrize("score", [-1, 6, 2.5, True, "3"])
def test_only_whole_scores_from_0_to_5_are_ratings(workspace: Workspace, score: Any) -> None:
    with pytest.raises(BadInput, match="is not a rating"):
        ratings.rate(workspace, samples(workspace)[0]["sample_id"], "ocr", score)


def test_a_capability_or_a_sample_there_is_not_cannot_be_rated(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="'charm' is not a capability"):
        ratings.rate(workspace, samples(workspace)[0]["sample_id"], "charm", 3)
    with pytest.raises(BadInput, match="is not in the workspace"):
        ratings.rate(workspace, 1, "ocr", 3)
    assert ratings.table(workspace).num_rows == 0


def test_a_rating_of_a_changed_sample_stands_and_does_not_count(workspace: Workspace) -> None:
    one = samples(workspace)[0]
    ratings.put(workspace, one["sample_id"], "ocr", "ana", Rating(4, "0" * 32), None)
    ratings.put(workspace, 1, "ocr", "ana", Rating(4, "0" * 32), None)
    assert Ratings(workspace).scores(one["sample_id"], one["content_hash"]) == {}
    assert ratings.table(workspace)["counts"].to_pylist() == [False, False]
    assert ratings.given(workspace, one["sample_id"], "ocr", "ana") == Rating(4, "0" * 32)


@pytest.mark.parametrize(
    "payload",
    [{"score": 9, "content_hash": "a"}, {"score": True, "content_hash": "a"}, {"score": 3}, {"score": 3, "content_hash": 5}],
)  # fmt: skip
def test_a_rating_that_cannot_be_read_is_counted_until_it_is_given_again(
    workspace: Workspace, payload: dict[str, Any]
) -> None:
    one = samples(workspace)[0]
    key = f"{one['sample_id']:016x}/ocr/ana"
    ratings.rate(workspace, one["sample_id"], "ocr", 3, "ana")
    Acts(workspace.acts_path).put(RATING, key, payload)
    found = Ratings(workspace)
    assert (found.num_unreadable, found.unreadable) == (1, [key[:16]])
    assert found.scores(one["sample_id"], one["content_hash"]) == {}, "what it said before does not come back"
    ratings.rate(workspace, one["sample_id"], "ocr", 2, "ana")
    found.follow()
    assert found.num_unreadable == 0
    assert found.scores(one["sample_id"], one["content_hash"]) == {"ocr": 100}


@given(st.integers(0, 2**64 - 1), st.sampled_from(CAPABILITY_KEYS), st.text(min_size=1), st.integers(0, 5), st.text())
def test_what_an_act_says_reads_back(sample_id: int, key: str, who: str, score: int, content_hash: str) -> None:
    assert ratings.parsed_key(f"{sample_id:016x}/{key}/{who}") == (sample_id, key, who)
    payload = json.dumps({"score": score, "content_hash": content_hash}, ensure_ascii=False, sort_keys=True)
    assert ratings.parsed(payload) == Rating(score, content_hash)


@pytest.mark.parametrize("key", ["", "x/ocr/ana", f"{1:016x}/charm/ana", f"{1:016x}/ocr/", f"{1:016X}g/ocr/ana"])
def test_a_key_of_something_else_is_none(key: str) -> None:
    assert ratings.parsed_key(key) is None


def test_who_rates_is_what_the_environment_says_else_who_is_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ratings.RATER_VARIABLE, "  Ana  B. ")
    assert ratings.rater() == "Ana B."
    monkeypatch.delenv(ratings.RATER_VARIABLE)
    assert ratings.rater() == getpass.getuser()

"""What the browser reads beside the map is what counting says, exactly and at every cut, and comes from a route of its own."""

from __future__ import annotations

import gc
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.select import spread
from core.select.prefixes import Prefixes
from studio import outcomes
from studio.outcomes import Group, Outcome
from studio.server import ROUTES
from tests.select.test_prefixes import made


def outcome_of(num: int, seed: int) -> tuple[Outcome, spread.Counts]:
    pool, labels, rows = made(num, seed)
    everything = spread.counts(pool, labels)
    groups = (
        Group("source", "Sources", pool.source_names),
        Group("mean", "Skills", ("a", "b", "c"), scored=True),
        Group("tag", "Tags", labels.tag_names),
    )
    costs = np.random.default_rng(seed).random(len(rows)) * 100
    return Outcome(Prefixes(pool, labels, everything, rows), groups, (costs,)), everything


def means(counts: spread.Counts) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 6) for value in counts.mean]


@given(num=st.integers(1, 40), seed=st.integers(0, 10**6), cut=st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_an_outcome_is_what_counting_the_prefix_gives(num: int, seed: int, cut: int) -> None:
    outcome, everything = outcome_of(num, seed)
    prefixes = outcome.prefixes
    kept = min(cut, len(prefixes.rows))
    rows = prefixes.rows[:kept]
    counts = spread.counts(prefixes.pool, prefixes.labels, rows)
    said = outcome.at(cut)
    assert said["num"] == kept
    assert said["source"] == counts.source.tolist()
    assert said["tag"] == counts.tag.tolist()
    assert said["mean"] == means(counts)
    assert said["totals"] == [pytest.approx(float(outcome.costs[0][:kept].sum()), abs=1e-4)]
    far = spread.distances(everything, counts, prefixes.labels, rows)
    for key, value in said["distances"].items():
        direct = getattr(far, key)
        nothing = np.isnan(direct) or (kept == 0 and key != "clusters")
        assert value is None if nothing else value == pytest.approx(direct, abs=1e-6), key
    assert json.loads(json.dumps(said)) == said, "plain JSON, no NaN"


def test_the_table_of_cuts_says_at_each_cut_what_the_exact_reading_says() -> None:
    outcome, everything = outcome_of(3000, 7)
    table = outcome.at_cuts()
    assert len(table["cuts"]) == 257
    assert (table["cuts"][0], table["cuts"][-1]) == (0, len(outcome.prefixes.rows))
    assert table["pool"]["source"] == everything.source.tolist()
    assert table["groups"][0]["names"] == ["a", "b", "c"]
    for index in (0, 1, 100, 256):
        exact = outcome.at(table["cuts"][index])
        for key in ("source", "mean", "tag", "distances"):
            assert table[key][index] == exact[key], (key, index)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=list(ROUTES)))


def test_the_routes_answer_for_what_is_held_and_say_so_when_it_is_gone(client: TestClient) -> None:
    outcome, _ = outcome_of(300, 3)
    url = outcomes.publish("digest-of-this-test", outcome)
    answer = client.get(f"{url}/17.json")
    assert answer.status_code == 200
    assert answer.json() == outcome.at(17)
    assert "immutable" in answer.headers["cache-control"]
    assert client.get(f"{url}/cuts.json").json() == outcome.at_cuts()
    assert client.get(f"{url}/-1.json").status_code == 404
    del outcome
    gc.collect()
    gone: Any = client.get(f"{url}/17.json")
    assert gone.status_code == 404
    assert gone.json()["fix"] == "Reload the page."
    assert gone.headers["cache-control"] == "no-store"

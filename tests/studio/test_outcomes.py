"""What the browser reads beside the map is what counting says, exactly and at every cut, and comes from a route of its own."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.filters import Filter
from core.select import spread
from core.select.prefixes import Prefixes
from core.select.uniform import Random
from studio import outcomes
from studio.cached_curate import along, curated
from studio.outcomes import Group, Outcome
from studio.server import ROUTES
from studio.session import WORKSPACE_VARIABLE
from tests.select.test_prefixes import made
from tests.studio.small_workspace import make_workspace


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
    pool = outcome.pool()
    assert pool["pool"]["source"] == everything.source.tolist()
    assert pool["groups"][0]["names"] == ["a", "b", "c"]
    assert pool["num_pool"] == 3000
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
    assert client.get(f"{url}/pool.json").json() == outcome.pool()
    for wrong in ("-1", "1e3", "9" * 5000, "٣", "x"):
        assert client.get(f"{url}/{wrong}.json").status_code == 404, wrong
    del outcome
    gc.collect()
    gone: Any = client.get(f"{url}/17.json")
    assert gone.status_code == 404
    assert gone.json()["fix"] == "Reload the page."
    assert gone.headers["cache-control"] == "no-store"


@pytest.fixture
def looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filter:
    """All samples of a workspace without a map, as the pages look at it."""
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(make_workspace(tmp_path / "ws", prepared=False).path))
    return Filter()


def test_equal_orderings_answer_as_long_as_one_of_them_is_shown(looked_at: Filter, client: TestClient) -> None:
    pool = curated(looked_at).pool
    first, second = (Random().order(pool, seed=3) for _ in range(2))
    url = along(looked_at, first).url
    assert along(looked_at, second).url == url
    del second
    gc.collect()
    assert along(looked_at, first).url == url
    assert client.get(f"{url}/5.json").json()["num"] == 5


def test_samples_without_a_place_on_the_map_tell_orderings_apart(looked_at: Filter, client: TestClient) -> None:
    pool = curated(looked_at).pool
    orders = [Random().order(pool, seed=seed) for seed in range(6)]
    urls = [along(looked_at, order).url for order in orders]
    assert len(set(urls)) == len(orders)
    for order, url in zip(orders, urls, strict=True):
        wanted = np.bincount(pool.source[order.rows[:20]], minlength=len(pool.source_names))
        assert client.get(f"{url}/20.json").json()["source"] == wanted.tolist()

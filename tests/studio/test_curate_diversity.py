"""Diversity on the page and in the terminal: measured when asked, kept, and the same numbers as core's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lens import Lens
from core.select.budget import Budget
from core.select.diversity import MEASURES, Diversity, Material, Reading, beside
from core.select.methods import choose
from core.select.pool import Pool
from core.select.uniform import Random
from core.workspace import Workspace
from studio.curate_diversity import table_html
from studio.diversity_words import spread_written, table_lines, written
from studio.select_command import select_samples
from studio.session import WORKSPACE_VARIABLE
from tests.studio.small_workspace import make_workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("diversity") / "ws")


def by_core(small: Workspace, budget: int) -> Diversity:
    lens = Lens(small)
    pool = Pool.from_lens(lens)
    return beside(Material.from_lens(lens, pool), pool, choose(Random(), pool, Budget.samples(budget)).sample_ids)


def reading(**values: float) -> Reading:
    return Reading(10, 10, 10, 10, {one.key: 0.5 for one in MEASURES} | values)


# -- the page --------------------------------------------------------------------------------------------------------------


def _page() -> None:
    import streamlit as st

    from core.filters import Filter
    from core.select.uniform import Random
    from studio import curate_diversity
    from studio.cached_curate import curated

    budget = int(st.number_input("Budget", value=20, key="budget"))
    curate_diversity.diversity(Filter(), Random().order(curated(Filter()).pool).cut(budget))


@pytest.fixture
def page(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(small.path))
    st.cache_resource.clear()
    yield AppTest.from_function(_page, default_timeout=60).run()
    st.cache_resource.clear()


def table(app: AppTest) -> str:
    assert not app.exception
    return "".join(entry.proto.body for entry in app.get("html") if "<table" in entry.proto.body)


def set_budget(app: AppTest, budget: int) -> AppTest:
    return app.number_input(key="budget").set_value(budget).run()


def test_nothing_is_measured_before_somebody_asks_and_the_caution_stands_there_from_the_start(page: AppTest) -> None:
    assert table(page) == ""
    assert [button.label for button in page.button] == ["Measure diversity"]
    said = "".join(entry.proto.body for entry in page.get("html"))
    assert "Diagnostics, not quality" in said
    assert "diagnostic: not quality" in said


def test_what_was_measured_is_what_core_measures_and_stays_for_its_budget(page: AppTest, small: Workspace) -> None:
    page.button(key="measure-diversity").click().run()
    assert not page.button
    shown = table(page)
    assert shown == table_html(by_core(small, 20))
    set_budget(page, 30)
    assert (table(page), len(page.button)) == ("", 1)  # another selection: not measured yet
    set_budget(page, 20)
    assert table(page) == shown  # known, without asking again


def test_two_budgets_share_the_pools_measures_but_not_their_own(page: AppTest, small: Workspace) -> None:
    page.button(key="measure-diversity").click().run()
    set_budget(page, 40).button(key="measure-diversity").click().run()
    assert table(page) == table_html(by_core(small, 40))


# -- words -----------------------------------------------------------------------------------------------------------------


def test_numbers_are_written_with_their_own_decimals() -> None:
    distance, vendi, share = MEASURES[0], MEASURES[1], MEASURES[3]
    assert [written(one, 0.12345) for one in (distance, vendi, share)] == ["0.123", "0.1", "12.3 %"]
    assert [spread_written(one, 0.0123) for one in (distance, vendi, share)] == ["± 0.012", "± 0.0", "± 1.2"]
    assert (written(distance, float("nan")), written(distance, None), spread_written(share, float("nan"))) == (
        "–",
        "–",
        "",
    )


def test_only_what_lies_beyond_randoms_luck_is_marked() -> None:
    random = tuple(reading(vendi=value) for value in (0.4, 0.5, 0.6))  # spread 0.1
    sides = {
        value: Diversity(reading(vendi=value), reading(), random).against_random("vendi") for value in (0.1, 0.9, 1.1)
    }
    assert sides == {0.1: 0, 0.9: 0, 1.1: 1}
    assert Diversity(reading(vendi=-0.1), reading(), random).against_random("vendi") == -1
    assert Diversity(reading(near=0.9), reading(), random).against_random("near") == 0  # no spread says nothing
    html = table_html(Diversity(reading(vendi=1.1), reading(), random))
    assert (html.count("▲"), html.count("▼")) == (1, 0)


def test_the_terminals_table_has_a_line_per_measure_and_the_caution(small: Workspace) -> None:
    heads, *lines, caution = table_lines(by_core(small, 20).as_json())
    assert heads.split() == ["Diversity", "selection", "random,", "3", "seeds", "pool"]
    assert [line.split("  ")[0] for line in lines] == [one.title for one in MEASURES]
    assert {len(line) for line in lines} == {len(heads)}
    assert caution.startswith("Vectors: descriptors 1. Diagnostics, not quality")


def test_select_measures_only_when_told_to(small: Workspace) -> None:
    options: tuple[str, str, int, str, str, list[str], None, None] = ("random", "20", 0, "", "", [], None, None)
    assert "diversity" not in select_samples(small, *options)
    command = [sys.executable, "-m", "studio.cli", "select", str(small.path), "--method", "random", "--budget", "20"]
    done = subprocess.run([*command, "--measure"], capture_output=True, text=True, check=True, cwd=ROOT)
    expected = table_lines(select_samples(small, *options, measure=True)["diversity"])
    assert expected == table_lines(by_core(small, 20).as_json())
    assert "\n".join(expected) in done.stdout

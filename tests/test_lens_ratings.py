"""People's ratings in the lens: before every producer, cell by cell, laid on and lifted without another load, as a plain reading has it."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pytest

from core import lens as lens_module
from core.filters import Filter, ScoreRange
from core.lens import Lens
from core.select.pool import Pool
from core.store import evidence, ratings
from core.store.ids import MISSING
from core.store.ratings import PEOPLE, Rating
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

PERSONS = ("ana", "ben", "cleo")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Sixty samples scored by rules, a third of them by a judge and a few by people elsewhere."""
    workspace = make_workspace(tmp_path / "ws")
    dice = random.Random(3)
    samples = workspace.store.read("samples", ["sample_id", "content_hash"])
    for name, share in (("judge", 0.3), ("person", 0.1)):
        about = samples.filter(pa.array([dice.random() < share for _ in range(NUM_SAMPLES)]))
        columns = {
            key: pa.array([dice.choice([None, 0, 60, 255]) for _ in range(about.num_rows)], pa.uint8())
            for key in CAPABILITY_KEYS
        }
        rows = pa.table({**{one: about[one] for one in about.column_names}, **columns})
        evidence.write(workspace.store, evidence.producer("scores", name, "1"), rows, {})
    return workspace


def plain(workspace: Workspace) -> dict[int, dict[str, tuple[int, str] | None]]:
    """(stored score, who says it) by sample and capability: people's median, else the first producer that says something."""
    hashes = dict(
        zip(*(workspace.store.read("samples")[one].to_pylist() for one in ("sample_id", "content_hash")), strict=True)
    )
    given: dict[tuple[int, str], list[int]] = {}
    for row in ratings.table(workspace).to_pylist():
        if hashes[row["sample_id"]] == row["content_hash"]:
            given.setdefault((row["sample_id"], row["capability"]), []).append(row["score"])
    said = [
        (who.name, {row["sample_id"]: row for row in evidence.read(workspace.store, who).to_pylist()})
        for who in evidence.producers(workspace.store, "scores")
    ]
    found: dict[int, dict[str, tuple[int, str] | None]] = {}
    for one in hashes:
        for key in CAPABILITY_KEYS:
            cells = [(rows[one][key], name) for name, rows in said if one in rows and rows[one][key] not in (None, 255)]
            people = given.get((one, key))
            best = (round(50 * median(people)), "people") if people else cells[0] if cells else None
            found.setdefault(one, {})[key] = best
    return found


def assert_agrees(lens: Lens, workspace: Workspace) -> None:
    """Scores, who says them, top capabilities and the bars of histograms are those of the plain reading."""
    expected = plain(workspace)
    names = ["people" if who == PEOPLE else who.name for who in lens.producers["scores"]]
    rows = lens.ask("samples_marks", ids=np.array(list(expected), dtype=np.uint64)).to_pylist()
    for row in rows:
        cells = expected[row["sample_id"]]
        for key in CAPABILITY_KEYS:
            shown = None if row[key] is None else (row[key], names[row[f"{key}_by"]])
            assert shown == cells[key], (row["sample_id"], key)
        scores = [cell[0] if cell else 0 for cell in cells.values()]
        assert row["top_capability"] == (scores.index(max(scores)) if max(scores) else None)
    counted = {(row["capability"], row["score"]): row["num_samples"] for row in lens.ask("score_counts").to_pylist()}
    wanted = Counter(
        (key, None if cell is None else (cell[0] + 25) // 50)
        for cells in expected.values()
        for key, cell in cells.items()
    )
    assert counted == dict(wanted)
    low, high = 120, 250
    visible = lens.ask("ids_of_visible", Filter(scores=(ScoreRange(capability="ocr", low=low / 50, high=high / 50),)))
    assert set(visible["sample_id"].to_pylist()) == {
        one for one, cells in expected.items() if (cell := cells["ocr"]) is not None and low <= cell[0] <= high
    }
    assert lens.num_rated == sum(
        cell is not None and cell[1] == "people" for cells in expected.values() for cell in cells.values()
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_lens_that_follows_and_one_that_is_loaded_anew_show_what_a_plain_reading_has(
    workspace: Workspace, seed: int
) -> None:
    dice = random.Random(seed)
    ids = workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist()[:8]
    lens = Lens(workspace)
    for step in range(30):
        who, score = dice.choice(PERSONS), dice.choice([None, None, 0, 1, 2, 3, 4, 5])
        one, key = dice.choice(ids), dice.choice(["ocr", "stem", "spatial"])
        if step % 10 == 7:  # of content the sample does not have
            ratings.put(workspace, one, key, who, Rating(5, "0" * 32), ratings.given(workspace, one, key, who))
        else:
            ratings.rate(workspace, one, key, score, who)
        if step % 3 == 0:
            lens.follow()
            assert_agrees(lens, workspace)
    lens.follow()
    anew = Lens(workspace)
    for one in (lens, anew):
        assert_agrees(one, workspace)
    assert anew.snapshot == lens.snapshot == workspace.snapshot()
    assert Pool.from_lens(anew).digest == Pool.from_lens(lens).digest


def test_a_rated_sample_stands_as_if_people_had_scored_it_elsewhere_in_every_column(tmp_path: Path) -> None:
    workspaces = [make_workspace(tmp_path / name) for name in ("rated", "written")]
    dice = random.Random(11)
    about = workspaces[0].store.read("samples", ["sample_id", "content_hash"]).to_pylist()[:20]
    cells = [{key: dice.choice([None, None, *range(6)]) for key in CAPABILITY_KEYS} for _ in about]
    for row, cell in zip(about, cells, strict=True):
        for key, score in cell.items():
            ratings.rate(workspaces[0], row["sample_id"], key, score)
    stored = {
        key: pa.array([None if cell[key] is None else 50 * cell[key] for cell in cells], pa.uint8())
        for key in CAPABILITY_KEYS
    }
    rows = pa.table(
        {
            "sample_id": pa.array([row["sample_id"] for row in about], pa.uint64()),
            "content_hash": [row["content_hash"] for row in about],
            **stored,
        }
    )
    evidence.write(workspaces[1].store, evidence.producer("scores", "person", "1"), rows, {})
    by = ", ".join(f"{key}_by" for key in CAPABILITY_KEYS)
    rated, written = (
        Lens(one)._database.cursor().sql(f"SELECT * EXCLUDE ({by}) FROM samples ORDER BY row").to_arrow_table()
        for one in workspaces
    )
    assert rated.equals(written)


def test_what_does_not_read_scores_is_the_same_whatever_people_rate(workspace: Workspace) -> None:
    """So the answers of a page may be kept while somebody rates."""
    lens = Lens(workspace)
    ids = workspace.store.read("samples", ["sample_id"])["sample_id"].to_numpy()
    more = {"sort": "shuffled", "direction": 1, "limit": 48, "offset": 0, "sample_id": int(ids[3])}

    def answers() -> dict[str, pa.Table]:
        found = {}
        for path in sorted((Path(lens_module.__file__).parent / "sql").glob("*.sql")):
            text = path.read_text(encoding="utf-8")
            parameters = {name: value for name, value in more.items() if f"${name}" in text}
            found[path.stem] = lens.ask(path.stem, ids=ids[:9], **parameters)
        return found

    before = answers()
    for one in ids[:9].tolist():
        for key in CAPABILITY_KEYS:
            ratings.rate(workspace, one, key, 5 if one % 2 else 0)
    lens.follow()
    after = answers()
    moved = {name for name in before if not before[name].equals(after[name])}
    assert moved
    assert moved == {name for name in before if lens_module.reads_scores(name)}


def test_taking_everything_back_leaves_the_lens_nobody_rated_in(workspace: Workspace) -> None:
    before = Lens(workspace)
    one = int(workspace.store.read("samples", ["sample_id"])["sample_id"][5].as_py())
    lens = Lens(workspace)
    for key in CAPABILITY_KEYS:
        ratings.rate(workspace, one, key, 5)
    lens.follow()
    assert lens.producers["scores"][-1] == PEOPLE
    assert {
        lens.ask("samples_marks", ids=np.array([one], np.uint64)).to_pylist()[0][key] for key in CAPABILITY_KEYS
    } == {250}
    below = lens.without_people(one)
    for key in CAPABILITY_KEYS:
        ratings.rate(workspace, one, key, None)
    lens.follow()
    assert lens.producers == before.producers
    for name in ("samples_marks", "pool_columns"):
        ids = np.array([one], np.uint64) if name == "samples_marks" else None
        assert lens.ask(name, ids=ids).equals(before.ask(name, ids=ids))
    row = before.ask("samples_marks", ids=np.array([one], np.uint64)).to_pylist()[0]
    assert {key: (round(score * 50), who) for key, (score, who) in below.items()} == {
        key: (row[key], before.producers["scores"][row[f"{key}_by"]]) for key in CAPABILITY_KEYS if row[key] is not None
    }


def test_where_nothing_scored_a_sample_people_are_all_there_is(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws", prepared=False)
    one = int(workspace.store.read("samples", ["sample_id"])["sample_id"][0].as_py())
    lens = Lens(workspace)
    assert "scores" not in lens.producers
    ratings.rate(workspace, one, "ocr", 4)
    lens.follow()
    assert lens.producers["scores"] == [PEOPLE]
    pool = Pool.from_lens(lens)
    assert int((pool.scores != MISSING).sum()) == 1
    assert pool.scores[CAPABILITY_KEYS.index("ocr"), pool.rows_of([one])[0]] == 200
    assert lens.without_people(one) == {}


def test_a_rating_of_a_sample_that_is_gone_changes_nothing(workspace: Workspace) -> None:
    ratings.put(workspace, 12345, "ocr", "ana", Rating(5, "0" * 32), None)
    lens = Lens(workspace)
    assert lens.num_rated == 0
    assert PEOPLE not in lens.producers["scores"]


def test_a_lens_that_is_up_to_an_act_asks_nobody(workspace: Workspace, tmp_path: Path) -> None:
    lens = Lens(workspace)
    ratings.rate(workspace, int(workspace.store.read("samples")["sample_id"][0].as_py()), "ocr", 4)
    lens.follow()
    act = lens.ratings.at_act
    workspace.acts_path.unlink()
    lens.follow(act)
    assert lens.num_rated == 1

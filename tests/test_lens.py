"""The lens shows what the store holds: precedence cell by cell, stale rows left out, filters against brute force, conditions guarded."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.filters import UNFLAGGED, UNSTYLED, Filter, ScoreRange
from core.lens import Lens, question
from core.store import evidence
from core.store.ids import sample_id
from core.vocabulary import CAPABILITY_KEYS, STYLES
from core.workspace import Workspace
from tests.ingest.making import data_set, read_in, text_only

NUM_SAMPLES = 40
TAGS = ["A > B > C", "A > B", "A > BC", "D > E > F"]


def said_about(
    workspace: Workspace, originals: list[str], columns: dict[str, Any], stale: set[str] = frozenset()
) -> pa.Table:  # type: ignore[assignment]
    """Rows about samples of source `a` by original id; those in `stale` speak of other content."""
    ids = [sample_id("a", name) for name in originals]
    hashes = workspace.store.samples(ids, ["content_hash"])["content_hash"].to_pylist()
    hashes = ["0" * 32 if name in stale else digest for name, digest in zip(originals, hashes, strict=True)]
    return pa.table({"sample_id": pa.array(ids, pa.uint64()), "content_hash": hashes, **columns})


def scores(
    workspace: Workspace, who: str, originals: list[str], given_scores: dict[str, list[int | None]], **more: Any
) -> None:
    columns = {key: pa.array(given_scores.get(key, [None] * len(originals)), pa.uint8()) for key in CAPABILITY_KEYS}
    evidence.write(
        workspace.store,
        evidence.producer("scores", who, more.pop("version", "1")),
        said_about(workspace, originals, columns, **more),
    )


def shown(lens: Lens, *columns: str) -> dict[str, Any]:
    """Original id to values, from the table `samples`."""
    found = lens._database.execute(f"SELECT original_id, {', '.join(columns)} FROM samples").fetchall()
    return {row[0]: row[1] if len(columns) == 1 else row[1:] for row in found}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "ws")
    read_in(workspace, data_set(tmp_path / "in", [text_only(number, id=number) for number in range(4)], "a.json"))
    return workspace


@pytest.fixture(scope="module")
def random_facts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lens, list[dict[str, Any]]]:
    """A lens over forty samples with random evidence, and the same as plain rows."""
    folder = tmp_path_factory.mktemp("random")
    workspace = Workspace.create(folder / "ws")
    dice = random.Random(7)
    read_in(
        workspace, data_set(folder / "in", [text_only(number, id=number) for number in range(NUM_SAMPLES)], "a.json")
    )
    names = [str(number) for number in range(NUM_SAMPLES)]
    rows: list[dict[str, Any]] = []
    for name in names:
        rows.append(
            {
                "original_id": name,
                "ocr": dice.choice([None, 0, 50, 137, 250]),
                "stem": dice.choice([None, 100, 150]),
                "styles": dice.choice([None, *([list(dice.sample(STYLES, count)) for count in (0, 1, 3)])]),
                "tags": dice.choice([None, [], dice.sample(TAGS, 1), dice.sample(TAGS, 2)]),
                "text": f"How many is {name}?\n{name}",
            }
        )
    scores(workspace, "rules", names, {key: [row[key] for row in rows] for key in ("ocr", "stem")})
    for kind, column in (("styles", "styles"), ("instruction_tags", "tags")):
        about = [row for row in rows if row[column] is not None]
        values = {column: pa.array([row[column] for row in about], pa.list_(pa.string()))}
        table = said_about(workspace, [row["original_id"] for row in about], values)
        evidence.write(workspace.store, evidence.producer(kind, "rules", "1"), table)
    return Lens(workspace), rows


def test_an_empty_workspace_has_an_empty_lens_and_stays_empty(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    lens = Lens(workspace)
    assert (lens.num_samples, lens.count(Filter(text="x")), lens.source_names, lens.tag_paths) == (0, 0, (), [])
    assert workspace.versions() == {}


def test_rows_stand_in_order_of_source_and_reading(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    for name in ("b.json", "a.json"):
        read_in(workspace, data_set(tmp_path / "in", [text_only(0, id="z"), text_only(1, id="y")], name))
    found = Lens(workspace)._database.execute("SELECT row, source, original_id FROM samples ORDER BY row").fetchall()
    assert found == [(0, "a", "z"), (1, "a", "y"), (2, "b", "z"), (3, "b", "y")]


def test_each_score_is_that_of_the_most_believed_producer_that_gave_one(workspace: Workspace) -> None:
    names = ["0", "1", "2", "3"]
    scores(workspace, "rules", names, {"ocr": [10, 20, 30, None], "stem": [1, 2, 3, 4]})
    scores(workspace, "judge", names[:3], {"ocr": [110, None, 130]})
    scores(workspace, "person", names[1:2], {"ocr": [250]})
    scores(workspace, "zebra", names, {"ocr": [99, 99, 99, 99], "data": [5, 5, 5, 5]})
    lens = Lens(workspace)
    assert [who.name for who in lens.producers["scores"]] == ["person", "judge", "rules", "zebra"]
    assert shown(lens, "ocr", "ocr_by") == {"0": (110, 1), "1": (250, 0), "2": (130, 1), "3": (99, 3)}
    assert shown(lens, "stem", "stem_by") == {"0": (1, 2), "1": (2, 2), "2": (3, 2), "3": (4, 2)}
    assert shown(lens, "data") == dict.fromkeys(names, 5)
    assert shown(lens, "icl", "icl_by") == dict.fromkeys(names, (None, None))


def test_a_newer_version_of_a_producer_is_believed_over_an_older_one(workspace: Workspace) -> None:
    for version, value in (("2", 20), ("10", 100), ("9", 90)):
        scores(workspace, "rules", ["0"], {"ocr": [value]}, version=version)
    assert shown(Lens(workspace), "ocr")["0"] == 100


def test_a_score_the_newer_version_withheld_does_not_come_back_from_the_older_one(workspace: Workspace) -> None:
    scores(workspace, "rules", ["0", "1"], {"ocr": [100, 100], "stem": [50, 50]}, version="1")
    scores(workspace, "rules", ["0"], {"ocr": [None], "stem": [60]}, version="2")
    scores(workspace, "zebra", ["0"], {"ocr": [7]})
    lens = Lens(workspace)
    assert [who.version for who in lens.producers["scores"]] == ["2", "1", "1"]
    assert shown(lens, "ocr", "ocr_by") == {"0": (7, 2), "1": (100, 1), "2": (None, None), "3": (None, None)}
    assert shown(lens, "stem", "stem_by") == {"0": (60, 0), "1": (50, 1), "2": (None, None), "3": (None, None)}
    assert shown(lens, "top_capability")["0"] == CAPABILITY_KEYS.index("stem")


def test_what_was_said_about_former_content_is_left_out(workspace: Workspace) -> None:
    scores(workspace, "person", ["0", "1"], {"ocr": [250, 250]}, stale={"0"})
    scores(workspace, "rules", ["0", "1"], {"ocr": [50, 50]})
    assert shown(Lens(workspace), "ocr") == {"0": 50, "1": 250, "2": None, "3": None}


def test_evidence_about_samples_that_are_not_there_adds_no_row(workspace: Workspace) -> None:
    table = pa.table(
        {"sample_id": pa.array([1], pa.uint64()), "content_hash": ["x"], "num_text_tokens": pa.array([3], pa.int32())}
    )
    evidence.write(workspace.store, evidence.producer("tokens", "t", "1"), table)
    assert Lens(workspace).num_samples == 4


def test_the_stored_255_is_missing_like_null(workspace: Workspace) -> None:
    scores(workspace, "judge", ["0"], {"ocr": [255]})
    scores(workspace, "rules", ["0"], {"ocr": [7]})
    assert shown(Lens(workspace), "ocr", "ocr_by")["0"] == (7, 1)


def test_the_top_capability_is_the_first_of_the_highest_and_none_when_all_are_zero(workspace: Workspace) -> None:
    names = ["0", "1", "2"]
    scores(workspace, "rules", names, {"ocr": [200, 0, None], "spatial": [100, 0, None], "stem": [200, 0, None]})
    scores(workspace, "judge", ["0"], {"spatial": [90]})
    top = shown(Lens(workspace), "top_capability")
    assert top == {"0": CAPABILITY_KEYS.index("stem"), "1": None, "2": None, "3": None}


def test_styles_and_tags_are_those_of_the_most_believed_producer_of_each_sample(workspace: Workspace) -> None:
    def styles(who: str, originals: list[str], values: list[list[str]], kind: str = "styles") -> None:
        column = {"styles" if kind == "styles" else "tags": pa.array(values, pa.list_(pa.string()))}
        evidence.write(workspace.store, evidence.producer(kind, who, "1"), said_about(workspace, originals, column))

    styles("rules", ["0", "1", "2"], [["yes/no"], ["yes/no", "comparison"], []])
    styles("mmssr", ["0", "2"], [["coordinate"], ["multi-choice"]])
    styles("rules", ["0", "1"], [["x > y"], ["z"]], "instruction_tags")
    styles("judge", ["1"], [["q"]], "instruction_tags")
    styles("rules", ["0"], [["dog", "cat"]], "image_tags")
    lens = Lens(workspace)
    rows = lens._database.execute("SELECT original_id, styles, tags FROM pool").fetchall()
    assert {name: (found, sorted(tags or [])) for name, found, tags in rows} == {
        "0": (["coordinate"], ["cat", "dog", "x > y"]),
        "1": (["yes/no", "comparison"], ["q"]),
        "2": (["multi-choice"], []),
        "3": ([], []),
    }
    assert lens._database.execute("SELECT kind, path, level1, level2 FROM tags ORDER BY tag_id").fetchall() == [
        ("instruction_tags", "q", "q", None),
        ("instruction_tags", "x > y", "x", "y"),
        ("instruction_tags", "z", "z", None),
        ("image_tags", "cat", "cat", None),
        ("image_tags", "dog", "dog", None),
    ]


def test_a_style_that_left_the_vocabulary_is_no_style(workspace: Workspace) -> None:
    column = {"styles": pa.array([["poem", "comparison"], ["poem"]], pa.list_(pa.string()))}
    evidence.write(
        workspace.store, evidence.producer("styles", "rules", "1"), said_about(workspace, ["0", "1"], column)
    )
    assert shown(Lens(workspace), "style_bits") == {"0": 1 << STYLES.index("comparison"), "1": 0, "2": None, "3": None}


def test_the_lens_stays_at_its_snapshot(workspace: Workspace, tmp_path: Path) -> None:
    lens = Lens(workspace)
    read_in(workspace, data_set(tmp_path / "in", [text_only(9)], "b.json"))
    assert (lens.num_samples, lens.count()) == (4, 4)
    assert lens.snapshot != workspace.snapshot() == Lens(workspace).snapshot
    assert Lens(workspace).count() == 5


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_filters_keep_what_reading_them_aloud_keeps(
    random_facts: tuple[Lens, list[dict[str, Any]]], data: st.DataObject
) -> None:
    lens, rows = random_facts
    styles = tuple(data.draw(st.lists(st.sampled_from([*STYLES, UNSTYLED]), max_size=3)))
    tags = tuple(data.draw(st.lists(st.sampled_from([*TAGS, "A", "D", "X"]), max_size=2)))
    ranges = tuple(
        ScoreRange(capability=key, low=min(pair), high=max(pair))
        for key, pair in data.draw(
            st.lists(
                st.tuples(
                    st.sampled_from(["ocr", "stem"]),
                    st.tuples(st.sampled_from([0, 1, 2.74, 3, 5]), st.sampled_from([0, 2, 3, 5])),
                ),
                max_size=2,
            )
        )
    )
    text = data.draw(st.sampled_from(["", "", "7", "many", "How 3"]))
    images = data.draw(st.sampled_from([None, 0, 1]))
    sources = data.draw(st.sampled_from([(), ("a",), ("a", "b'"), ("b'",)]))
    chosen = Filter(sources=sources, styles=styles, tags=tags, scores=ranges, text=text, min_images=images)

    def kept(row: dict[str, Any]) -> bool:
        has = row["styles"] or []
        words = set(row["text"].lower().replace("?", " ").split())
        return (
            (not sources or "a" in sources)
            and (not styles or any(style in has for style in styles) or (UNSTYLED in styles and not has))
            and (
                not tags
                or any(path == tag or path.startswith(f"{tag} > ") for path in row["tags"] or [] for tag in tags)
            )
            and all(
                row[entry.capability] is not None and entry.low * 50 <= row[entry.capability] <= entry.high * 50
                for entry in ranges
            )
            and (not text or set(text.lower().split()) <= words)
            and not images
        )

    with lens._visible(chosen) as cursor:
        got = {row[0] for row in cursor.execute("SELECT original_id FROM visible").fetchall()}
    assert got == {row["original_id"] for row in rows if kept(row)}
    assert lens.count(chosen) == len(got)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("ocr >= 2.74", lambda row: row["ocr"] is not None and row["ocr"] >= 137),
        ("ocr = 2.74", lambda row: row["ocr"] == 137),
        ("ocr IS NULL", lambda row: row["ocr"] is None),
        ("stem > 2 AND NOT (ocr > 4)", lambda row: row["stem"] == 150 and row["ocr"] is not None and row["ocr"] <= 200),
        ("list_contains(styles, 'yes/no')", lambda row: "yes/no" in (row["styles"] or [])),
        ("list_contains(tags, 'A > B')", lambda row: "A > B" in (row["tags"] or [])),
        (
            "original_id IN ('1', '2') OR original_id = '3' -- a remark",
            lambda row: row["original_id"] in ("1", "2", "3"),
        ),
        ("source = 'a--b' OR original_id LIKE '1%'", lambda row: row["original_id"].startswith("1")),
        (
            "sample_id = (SELECT min(sample_id) FROM pool)",
            lambda row: sample_id("a", row["original_id"]) == min(sample_id("a", str(n)) for n in range(NUM_SAMPLES)),
        ),
    ],
)
def test_a_condition_sees_scores_from_0_to_5_and_lists(
    random_facts: tuple[Lens, list[dict[str, Any]]], where: str, kept: Any
) -> None:
    lens, rows = random_facts
    with lens._visible(Filter(where=where)) as cursor:
        got = {row[0] for row in cursor.execute("SELECT original_id FROM visible").fetchall()}
    assert got == {row["original_id"] for row in rows if kept(row)}
    assert got


@pytest.mark.parametrize(
    "where",
    [
        "ocr >=",
        "ocr > 'x'",
        "nope = 1",
        "1=1); DROP TABLE samples; SELECT (1",
        "1=1) --",
        "1=1) UNION SELECT row FROM samples WHERE (1=1",
        "1=1) LIMIT 1 OFFSET (0",
        "1=1) ORDER BY (row",
        "1=1) GROUP BY (row",
        "1=1 /*",
        "; SELECT 1",
        "(SELECT 1; SELECT 2)",
        "$x = 1",
        "? = 1",
        "row IN (SELECT 1 FROM read_text('/etc/hostname'))",
        "row IN (SELECT 1 FROM '/etc/hostname')",
        "count(*) > 1",
        "num_chars * 9223372036854775807 > 1",
        "CAST(source AS INTEGER) = 1",
        "ocr >= 3; ",
        ")(",
        "'",
        "\x00",
    ],
)
def test_what_is_no_condition_is_refused_and_changes_nothing(
    random_facts: tuple[Lens, list[dict[str, Any]]], where: str
) -> None:
    lens, _ = random_facts
    with pytest.raises(BadInput) as caught:
        lens.count(Filter(where=where))
    assert caught.value.fix
    assert lens.count() == NUM_SAMPLES


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ocr source=<>'\"();-/*\n,.$?:0123ANDORNOTLIKE%", max_size=25) | st.text(max_size=12))
def test_no_text_as_a_condition_does_anything_but_filter_or_fail_cleanly(
    random_facts: tuple[Lens, list[dict[str, Any]]], where: str
) -> None:
    lens, _ = random_facts
    try:
        found = lens.count(Filter(where=where))
    except BadInput:
        found = 0
    assert 0 <= found <= NUM_SAMPLES
    assert lens._database.execute("SELECT count(*) FROM samples").fetchall() == [(NUM_SAMPLES,)]


def test_several_threads_ask_at_once(random_facts: tuple[Lens, list[dict[str, Any]]]) -> None:
    lens, rows = random_facts
    expected = [sum(row["ocr"] is not None and row["ocr"] >= level * 50 for row in rows) for level in range(6)]

    def ask(level: int) -> int:
        return lens.count(Filter(scores=(ScoreRange(capability="ocr", low=level),)))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, list(range(6)) * 20)) == expected * 20


def test_chosen_ids_stand_in_order_beside_what_is_visible(random_facts: tuple[Lens, list[dict[str, Any]]]) -> None:
    lens, _ = random_facts
    ids = np.array([sample_id("a", "5"), sample_id("a", "2"), 12345], np.uint64)
    assert lens.ask("count_visible", ids=ids)["num_samples"].to_pylist() == [NUM_SAMPLES]
    assert question("count_visible").startswith("-- ")


# -- what makes questions quick gives the same answers ---------------------------------------------------------------------

MANY_TAGS = [f"T{top} > M{number % 7} > L{number}" for top in range(3) for number in range(40)]
MANY_FLAGS = [f"flag_{number:02d}" for number in range(90)]


@pytest.fixture(scope="module")
def many_labels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lens, list[dict[str, Any]]]:
    """More tags and flags than have a bit, the first of them the most frequent; two producers of flags, one with two versions."""
    folder = tmp_path_factory.mktemp("many")
    workspace = Workspace.create(folder / "ws")
    read_in(
        workspace, data_set(folder / "in", [text_only(number, id=number) for number in range(NUM_SAMPLES)], "a.json")
    )
    dice = random.Random(3)
    names = [str(number) for number in range(NUM_SAMPLES)]

    def some(labels: list[str], most: int) -> list[list[str]]:
        return [
            sorted({labels[int(len(labels) * dice.random() ** 2)] for _ in range(dice.randint(0, most))}) for _ in names
        ]

    tags, old, new, other = some(MANY_TAGS, 9), some(MANY_FLAGS, 5), some(MANY_FLAGS, 5), some(MANY_FLAGS, 5)
    number_of = {name: at for at, name in enumerate(names)}
    for kind, who, version, said, about in (
        ("instruction_tags", "rules", "1", tags, names),
        ("flags", "rules", "1", old, names),
        ("flags", "rules", "2", new, names[::2]),
        ("flags", "zebra", "1", other, names[::3]),
    ):
        column = {"flags" if kind == "flags" else "tags": pa.array([said[number_of[one]] for one in about])}
        evidence.write(workspace.store, evidence.producer(kind, who, version), said_about(workspace, about, column))
    rows = [
        {
            "original_id": name,
            "tags": tags[at],
            "flags": {*(new[at] if at % 2 == 0 else old[at]), *(other[at] if at % 3 == 0 else [])},
        }
        for at, name in enumerate(names)
    ]
    return Lens(workspace), rows


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_frequent_and_rare_tags_and_flags_filter_alike(
    many_labels: tuple[Lens, list[dict[str, Any]]], data: st.DataObject
) -> None:
    lens, rows = many_labels
    above = sorted({tag.rsplit(" > ", depth)[0] for tag in MANY_TAGS for depth in (0, 1, 2)})
    tags = tuple(data.draw(st.lists(st.sampled_from(above), max_size=3)))
    flags = tuple(data.draw(st.lists(st.sampled_from([*MANY_FLAGS, UNFLAGGED]), max_size=3)))
    kept = {
        row["original_id"]
        for row in rows
        if (not tags or any(f"{own} > ".startswith(f"{tag} > ") for own in row["tags"] for tag in tags))
        and (not flags or row["flags"] & set(flags) or (UNFLAGGED in flags and not row["flags"]))
    }
    with lens._visible(Filter(tags=tags, flags=flags)) as cursor:
        assert {row[0] for row in cursor.execute("SELECT original_id FROM visible").fetchall()} == kept


def test_some_tags_and_flags_here_have_no_bit(many_labels: tuple[Lens, list[dict[str, Any]]]) -> None:
    lens, rows = many_labels
    given_tags, given_flags = (
        {tag for row in rows for tag in row["tags"]},
        {one for row in rows for one in row["flags"]},
    )
    assert len(lens._shortcuts.tags) == len(lens._shortcuts.flags) == 64
    assert given_tags - set(lens._shortcuts.tags)
    assert given_flags - set(lens._shortcuts.flags)


def test_bars_and_means_of_broken_and_missing_scores_are_those_of_the_scores(
    random_facts: tuple[Lens, list[dict[str, Any]]],
) -> None:
    lens, rows = random_facts
    for chosen, seen in (
        (Filter(), rows),
        (Filter(scores=(ScoreRange(capability="stem", low=3),)), [row for row in rows if row["stem"] == 150]),
    ):
        answer = lens.ask("score_counts", chosen).to_pylist()
        ids = np.array([sample_id("a", row["original_id"]) for row in rows[::2]], np.uint64)
        some = [row for row in rows[::2] if row in seen]
        for given_rows, found in ((seen, answer), (some, lens.ask("score_counts_chosen", chosen, ids=ids).to_pylist())):
            for key in ("ocr", "stem", "icl"):
                scores_of = [row.get(key) for row in given_rows]
                bars = {row["score"]: row["num_samples"] for row in found if row["capability"] == key}
                assert bars == Counter(None if score is None else (score + 25) // 50 for score in scores_of)
                total = sum(score for score in scores_of if score is not None) / 50
                assert {row["total"] for row in found if row["capability"] == key} == {total}


def test_a_search_is_made_once_for_all_questions_about_it(workspace: Workspace) -> None:
    lens = Lens(workspace)
    assert [lens.count(Filter(text=text)) for text in ("1", "many", "1", "nowhere")] == [1, 4, 1, 0]
    workspace.store.path.rename(workspace.store.path.with_name("elsewhere"))
    assert [lens.count(Filter(text=text)) for text in ("1", "many", "1", "nowhere")] == [1, 4, 1, 0]

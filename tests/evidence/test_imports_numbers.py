"""Imported numbers and index lists: which files, how rows find their samples, what is set aside, and what selectors then see."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadData, BadInput
from core.evidence.imports_lists import import_index_list
from core.evidence.imports_numbers import TAKEN, column_name, import_numbers, parse_number
from core.filters import Filter
from core.ingest.reasons import Rejected
from core.lens import Lens
from core.select.imported import Imported
from core.select.pool import Pool
from core.store.ids import id_hex, sample_id
from core.workspace import Workspace
from tests.ingest.making import data_set, read_in, text_only


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Source `plain` with whole-number ids 0 to 4; source `words` with ids w0, w1 and 3."""
    workspace = Workspace.create(tmp_path / "ws")
    read_in(workspace, data_set(tmp_path / "in", [text_only(number, id=number) for number in range(5)], "plain.json"))
    words = [text_only(number + 10, id=key) for number, key in enumerate(["w0", "w1", 3])]
    read_in(workspace, data_set(tmp_path / "in", words, "words.json"))
    return workspace


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def column(workspace: Workspace, name: str) -> dict[tuple[str, str], float]:
    """(source, original id) to number, for those that have one, as selectors see it."""
    pool = Pool.from_lens(Lens(workspace))
    keys = zip((pool.source_names[code] for code in pool.source), pool.original_id.to_pylist(), strict=True)
    pairs = zip(keys, pool.columns[name].tolist(), strict=True)
    return {key: value for key, value in pairs if value == value}


def test_a_csv_gives_a_column_per_number_and_names_what_it_leaves(workspace: Workspace, tmp_path: Path) -> None:
    path = written(
        tmp_path, "made.csv",
        "\ufeffid,PPL (gpt-2),clip,note,num_turns,0shot\n0,12.5,0.3,good,1,1\n1,,nan,bad,2,2\n2,7e1,-0.25,x,3,3\n9,1,1,y,4,4\n",
    )  # fmt: skip
    done = import_numbers(workspace, path, source="plain")
    assert done.columns == {"ppl_gpt_2": 2, "clip": 2, "n_0shot": 3}
    assert done.ignored_columns == {
        "note": "holds no numbers, such as 'good' in line 2",
        "num_turns": "The column 'num_turns' would hide what num_turns means already.",
    }
    assert done.rejected == {"no_such_sample": 1}
    assert (done.imported, done.samples, done.joined_by) == (7, 3, "id")
    assert column(workspace, "ppl_gpt_2") == {("plain", "0"): 12.5, ("plain", "2"): 70.0}
    lens = Lens(workspace)
    assert lens.number_columns == ("clip", "n_0shot", "ppl_gpt_2")
    assert lens.count(Filter(where="ppl_gpt_2 < 20 AND clip > 0")) == 1
    with pytest.raises(BadInput) as caught:
        lens.count(Filter(where="pplx < 20"))
    assert "ppl_gpt_2" in caught.value.fix


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "tsv", "lines.json"])
def test_every_format_says_the_same(kind: str, workspace: Workspace, tmp_path: Path) -> None:
    rows = [{"id": "w0", "loss": 1.5}, {"id": "w1", "loss": None}, {"id": 4, "loss": 3}]
    path = tmp_path / f"made.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table({"id": ["w0", "w1", "4"], "loss": [1.5, None, 3.0]}), path)
    elif kind == "tsv":
        path.write_text("loss\tid\n1.5\tw0\n\tw1\n3\t4\n", encoding="utf-8")
    elif kind == "json":
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = import_numbers(workspace, path)
    assert (done.columns, done.rejected) == ({"loss": 2}, {})
    assert column(workspace, "loss") == {("words", "w0"): 1.5, ("plain", "4"): 3.0}


def test_our_own_ids_join_as_hex_digits_and_as_whole_numbers(workspace: Workspace, tmp_path: Path) -> None:
    key = sample_id("words", "3")
    import_numbers(workspace, written(tmp_path, "hex.csv", f"sample_id,votes\n{id_hex(key)},4\n"))
    assert column(workspace, "votes") == {("words", "3"): 4.0}
    pq.write_table(pa.table({"sample_id": pa.array([key], pa.uint64()), "votes": [5]}), tmp_path / "u8.parquet")
    assert import_numbers(workspace, tmp_path / "u8.parquet").joined_by == "sample_id"
    assert column(workspace, "votes") == {("words", "3"): 5.0}


@pytest.mark.parametrize(
    "text",
    ['{"0": 0.5, "w1": 2}', '{"sample_scores": [{"sample_id": 0, "score": 0.5}, {"sample_id": "w1", "score": 2}]}'],
)
def test_difficulties_and_sample_scores_of_other_tools_are_a_column_by_name(
    text: str, workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "Self-Filter.json", text)
    assert import_numbers(workspace, path).columns == {"self_filter": 2}
    assert import_numbers(workspace, path, name="difficulty").columns == {"difficulty": 2}
    assert column(workspace, "difficulty") == {("plain", "0"): 0.5, ("words", "w1"): 2.0}


def test_what_is_no_number_no_id_or_said_twice_is_set_aside_with_its_reason(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = ['{"id": 0, "x": 1}', '{"id": 1, "x": "high"}', '{"id": 0, "x": 9}', '{"id": [2], "x": 1}', '{"id": 2, ', "7",
            '{"id": 3, "x": 1}', '{"id": 4, "x": true}', '{"id": "w0", "x": 1e400}', '{"id": "w1", "x": 2}']  # fmt: skip
    path = written(tmp_path, "x.jsonl", "\n".join(rows))
    done = import_numbers(workspace, path)
    assert done.rejected == {"not_a_number": 3, "bad_row": 2, "repeated_reply": 1, "bad_key": 1, "ambiguous_idx": 1}
    assert column(workspace, "x") == {("plain", "0"): 1.0, ("words", "w1"): 2.0}
    assert [(one.place, one.column, one.detail) for one in done.examples["not_a_number"]] == [
        ("row 2", "x", "the value is 'high'"), ("row 8", "x", "the value is True"), ("row 9", "x", "the value is inf"),
    ]  # fmt: skip
    assert [one.words() for one in done.examples["bad_key"]] == ["row 4: id is [2]"]
    assert done.to_json()["examples"]["ambiguous_idx"] == [{"place": "row 7", "column": "", "detail": "id '3'"}]
    aside = workspace.store.read("quarantine").to_pylist()
    assert sorted((row["row"], row["reason"]) for row in aside) == [
        (1, "not_a_number"), (2, "repeated_reply"), (3, "bad_key"), (4, "bad_row"), (5, "bad_row"), (6, "ambiguous_idx"),
        (7, "not_a_number"), (8, "not_a_number"),
    ]  # fmt: skip
    assert next(row for row in aside if row["row"] == 1)["detail"] == "x: the value is 'high'"
    path.write_text(rows[0] + "\n", encoding="utf-8")
    import_numbers(workspace, path)
    assert workspace.store.count("quarantine") == 0, "a mended file leaves nothing behind"


def test_a_line_of_a_csv_is_named_as_an_editor_counts_it(workspace: Workspace, tmp_path: Path) -> None:
    text = 'id,ppl,note\n0,1.5,"two\nlines"\n\n1,abc,x\n2,2.5.1,y\n3,7\n4,"1,5",z\n99,1,w\n98,1,v\n97,2,u\n'
    done = import_numbers(workspace, written(tmp_path, "a.csv", text), source="plain")
    assert done.rejected == {"not_a_number": 3, "bad_row": 1, "no_such_sample": 3}
    assert [one.words() for one in done.examples["not_a_number"]] == [
        "line 5, column ppl: the value is 'abc'",
        "line 6, column ppl: the value is '2.5.1'",
        "line 8, column ppl: the value is '1,5'",
    ]
    assert [one.words() for one in done.examples["bad_row"]] == ["line 7: 2 cells under 3 columns"]
    assert done.examples["no_such_sample"][0].words() == "line 9: id '99'"


def test_only_the_first_few_of_a_reason_are_told_and_all_are_counted(workspace: Workspace, tmp_path: Path) -> None:
    rows = "".join(f"{number},1\n" for number in range(5)) + "".join(f"none{number},1\n" for number in range(40))
    done = import_numbers(workspace, written(tmp_path, "a.csv", f"id,x\n{rows}"), source="plain")
    assert done.rejected == {"no_such_sample": 40}
    assert [one.place for one in done.examples["no_such_sample"]] == [f"line {number}" for number in range(7, 12)]


def test_a_second_file_adds_to_a_column_and_corrects_it_also_with_nothing(workspace: Workspace, tmp_path: Path) -> None:
    import_numbers(workspace, written(tmp_path, "a.csv", "id,x\n0,1\n1,2\n2,3\n"))
    import_numbers(workspace, written(tmp_path, "b.csv", "id,x\n1,\n2,30\nw0,4\n"))
    assert column(workspace, "x") == {("plain", "0"): 1.0, ("plain", "2"): 30.0, ("words", "w0"): 4.0}


@pytest.mark.parametrize(
    ("name", "text", "error", "says"),
    [
        ("a.csv", "key,x\n1,2\n", BadInput, "has no id column"),
        ("a.csv", "id,x\n1,high\n", BadData, "x: holds no numbers"),
        ("a.csv", "id\n1\n", BadData, "has no number column"),
        ("a.csv", "", BadInput, "has no id column"),
        ("a.csv", "id,x,x\n1,2,3\n", BadData, "two columns 'x'"),
        ("a.csv", "id,x\n77,2\n", BadData, "joins a sample, such as '77'"),
        ("a.csv", "sample_id,x\n0,2\n", BadData, "joins a sample"),
        ("a.csv", "id,ocr\n0,2\n", BadData, "would hide what ocr means already"),
        ("a.json", '{"a": ', BadData, "is no JSON"),
        ("a.parquet", "no", BadData, "cannot be read as Parquet"),
        ("a.xlsx", "no", BadInput, "is no file of numbers"),
    ],
)
def test_a_file_that_says_nothing_is_an_error_that_writes_nothing(
    name: str, text: str, error: type[Exception], says: str, workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        import_numbers(workspace, written(tmp_path, name, text))
    assert Lens(workspace).number_columns == ()


def test_a_file_or_a_source_that_is_not_there_is_named(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        import_numbers(workspace, tmp_path / "nothing.csv")
    with pytest.raises(BadInput, match="no source 'x'") as caught:
        import_numbers(workspace, written(tmp_path, "a.csv", "id,x\n1,2\n"), source="x")
    assert caught.value.fix == "Use one of: plain, words."


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.binary(), st.lists(st.integers())))
def test_a_value_is_a_finite_number_nothing_or_rejected(value: object) -> None:
    try:
        number = parse_number(value)
    except Rejected:
        return
    assert number is None or np.isfinite(number)


@pytest.mark.parametrize(
    ("value", "number"),
    [("4", 4.0), (" -1.5e3 ", -1500.0), (".5", 0.5), (7, 7.0), (Decimal("0.1"), 0.1), ("NaN", None), ("", None), (float("nan"), None)],
)  # fmt: skip
def test_numbers_as_files_write_them(value: object, number: float | None) -> None:
    assert parse_number(value) == number


@pytest.mark.parametrize("value", ["1_000", "0x10", "inf", "٣", "1,5", True, [1], "4/5"])
def test_what_python_alone_would_take_or_nobody_means_is_rejected(value: object) -> None:
    with pytest.raises(Rejected):
        parse_number(value)


@given(st.text(max_size=20))
def test_a_column_name_needs_no_quotes_in_a_condition(text: str) -> None:
    try:
        name = column_name(text)
    except BadInput:
        return
    assert name.isascii()
    assert name.isidentifier()
    assert name == name.lower()
    assert column_name(name) == name


def test_no_imported_column_can_hide_one_of_the_lens(workspace: Workspace) -> None:
    lens = Lens(workspace)
    asked = "SELECT column_name FROM duckdb_columns() WHERE table_name = ?"
    for table in ("samples", "pool"):
        columns = {name for (name,) in lens._database.execute(asked, [table]).fetchall()}
        assert columns <= TAKEN, table


# -- index lists ----------------------------------------------------------------------------------------------------------


def test_a_text_list_of_ids_becomes_places_and_a_selector_follows_it(workspace: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path, "best.txt", "w1\n4\n\n0\nnowhere\n4\n")
    done = import_index_list(workspace, path, name="XMAS list")
    assert (done.columns, done.joined_by) == ({"xmas_list": 3}, "id")
    assert done.rejected == {"no_such_sample": 1, "repeated_reply": 1}
    assert [one.words() for one in done.examples["no_such_sample"]] == ["entry 4: id 'nowhere'"]
    assert column(workspace, "xmas_list") == {("words", "w1"): 1.0, ("plain", "4"): 2.0, ("plain", "0"): 3.0}
    ordering = Imported(column="xmas_list").order(Pool.from_lens(Lens(workspace)))
    assert ordering.sample_ids.tolist() == [sample_id("words", "w1"), sample_id("plain", "4"), sample_id("plain", "0")]


def test_a_new_list_takes_the_place_of_the_old_one(workspace: Workspace, tmp_path: Path) -> None:
    import_index_list(workspace, written(tmp_path, "a.txt", "w0\nw1\n"))
    import_index_list(workspace, written(tmp_path, "b.txt", "w1\n"))
    assert column(workspace, "imported") == {("words", "w1"): 1.0}


def test_row_numbers_are_told_as_such_or_come_as_an_array(workspace: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path, "icons_indices.txt", "2\n0\n")
    done = import_index_list(workspace, path, by="row", source="words")
    assert done.joined_by == "row"
    assert column(workspace, "imported") == {("words", "3"): 1.0, ("words", "w0"): 2.0}
    np.save(tmp_path / "coincide.npy", np.array([1, 2]))
    import_index_list(workspace, tmp_path / "coincide.npy", source="words")
    assert column(workspace, "imported") == {("words", "w1"): 1.0, ("words", "3"): 2.0}
    with pytest.raises(BadInput, match="the workspace has 2"):
        import_index_list(workspace, tmp_path / "coincide.npy")
    with pytest.raises(BadData) as caught:
        import_index_list(workspace, written(tmp_path, "far.txt", "700\n800\n"))
    assert "--by row" in caught.value.fix


def test_our_own_ids_in_a_list_are_found_without_being_told(workspace: Workspace, tmp_path: Path) -> None:
    keys = [sample_id("plain", "3"), sample_id("words", "w0")]
    path = written(tmp_path, "ids.txt", "\n".join(id_hex(key) for key in keys))
    assert import_index_list(workspace, path).joined_by == "sample_id"
    assert column(workspace, "imported") == {("plain", "3"): 1.0, ("words", "w0"): 2.0}


def test_uids_of_datacomp_are_the_ids_of_their_data_set(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    uids = ["00000000000000ff0000000000000001", "fedcba98765432100123456789abcdef"]
    read_in(workspace, data_set(tmp_path / "in", [text_only(n, id=uid) for n, uid in enumerate(uids)], "datacomp.json"))
    pairs = [(int(uid[:16], 16), int(uid[16:], 16)) for uid in reversed(uids)]
    np.save(tmp_path / "subset.npy", np.array(pairs, dtype="u8,u8"))
    import_index_list(workspace, tmp_path / "subset.npy")
    assert column(workspace, "imported") == {("datacomp", uids[1]): 1.0, ("datacomp", uids[0]): 2.0}


def test_a_selection_written_by_us_comes_back_as_its_ranks(workspace: Workspace, tmp_path: Path) -> None:
    from core.select import saved
    from core.select.uniform import Random

    selection = Random().order(Pool.from_lens(Lens(workspace)), seed=5).cut(4)
    saved.write_parquet(selection, tmp_path / "chosen.parquet")
    import_index_list(workspace, tmp_path / "chosen.parquet", name="again")
    again = Imported(column="again").order(Pool.from_lens(Lens(workspace)))
    assert again.sample_ids.tolist() == selection.sample_ids.tolist()


@pytest.mark.parametrize(
    ("name", "made", "says"),
    [
        ("a.txt", b"\n\n", "holds no entry"),
        ("a.npy", b"not an array", "cannot be read as an array"),
        ("f.npy", np.array([0.5, 1.5]), "not one line of whole numbers"),
        ("two.npy", np.array([[1, 2]]), "not one line of whole numbers"),
        ("a.parquet", pa.table({"id": [1]}), "no column sample_id"),
        ("b.parquet", b"no", "cannot be read as Parquet"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(
    name: str, made: object, says: str, workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / name
    if isinstance(made, bytes):
        path.write_bytes(made)
    elif isinstance(made, pa.Table):
        pq.write_table(made, path)
    else:
        np.save(path, made)
    with pytest.raises((BadData, BadInput), match=says):
        import_index_list(workspace, path)

"""A condition that cannot be used is told in plain words with the one thing to write, and what the remedy says can be used."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import conditions
from core.errors import BadInput
from core.filters import Filter
from core.lens import Lens, _unsteady
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

JARGON = re.compile(
    r"VARCHAR|INTEGER|DOUBLE|INT32|BOOL|LITERAL|explicit|Binder|Conversion|Catalog|Parser|LINE 1|\[\]|STAR|SET |TRY|deprecated|Deprecated"
)


@pytest.fixture(scope="module")
def lens(tmp_path_factory: pytest.TempPathFactory) -> Lens:
    return Lens(make_workspace(tmp_path_factory.mktemp("conditions") / "ws"))


MISTAKES = {
    "tags = 'x'": ("tags is a list, not one value", "list_contains(tags, 'x')"),
    "'x' = tags": ("tags is a list", "list_contains(tags, 'x')"),
    "styles <> 'yes/no'": ("styles is a list", "NOT list_contains(styles, 'yes/no')"),
    "tags IN ('x', 'y')": ("tags is a list", "list_has_any(tags, ['x', 'y'])"),
    "tags NOT IN ('x')": ("tags is a list", "NOT list_has_any(tags, ['x'])"),
    "tags LIKE '%OCR%'": ("tags is a list", "array_to_string(tags, ', ') LIKE '%OCR%'"),
    "flags > 0": ("flags is a list", "len(flags) > 0"),
    "ocr > 1 AND NOT flags = 'old'": ("flags is a list", "list_contains(flags, 'old')"),
    "list_contains(tags, 3)": ("tags is a list of text", "list_contains(tags, '3')"),
    "list_contains('x', tags)": ("a list first", "list_contains(tags, 'x')"),
    "list_contains(source, 'a')": ("source is text, not a list", "source = 'a'"),
    "ocr": ("ocr is a number, and neither true nor false", "ocr >= 3"),
    "num_images": ("num_images is a number", "num_images >= 3"),
    "source": ("source is text, and neither true nor false", "source = 'receipts'"),
    "tags": ("tags is a list, and neither true nor false", "list_contains(tags, 'x')"),
    "ocr AND source = 'a'": ("ocr is a number, and neither true nor false", "ocr >= 3"),
    "NOT stem": ("stem is a number", "stem >= 3"),
    "source = 'a' OR 1": ("1 is a number", "ocr >= 3"),
    "ocr + 1": ("a figure of ocr is neither true nor false", "ocr >= 3"),
    "CASE WHEN ocr > 1 THEN 2 ELSE 3 END": ("it is a number, and neither true nor false", "ocr >= 3"),
    "NULL": ("never true", "ocr >= 3"),
    "'a'": ("'a' is text", "source = 'receipts'"),
    "orc >= 3": ("there is no column orc", "Did you mean ocr?"),
    "sorce = 'a'": ("there is no column sorce", "Did you mean source?"),
    "width > 3": ("there is no column width", "Did you mean width_px?"),
    "colour = 1": ("there is no column colour", "columns are source, original_id"),
    "source = receipts": ("there is no column receipts", "single quotes: 'receipts'"),
    'source = "receipts"': ("there is no column receipts", "single quotes: 'receipts'"),
    'source = "charts"': ("there is no column charts", "single quotes: 'charts'"),
    "lower(SOURCE) = charts": ("there is no column charts", "single quotes: 'charts'"),
    'list_contains(tags, "num_char")': ("there is no column num_char", "single quotes: 'num_char'"),
    "num_images > num_char": ("there is no column num_char", "Did you mean num_chars?"),
    "source = ‘receipts’": ("there is no column ‘receipts’", "single quotes: 'receipts'"),
    "x.ocr > 1": ("there is no table x", "columns are"),
    "ocr = 'high'": ("ocr is a number, and 'high' is text", "ocr >= 3"),
    "source > 3": ("source is text, and 3 is a number", "'3'"),
    "ocr = source": ("ocr is a number, and source is text", "ocr >= 3"),
    "source IN (1, 2)": ("source is text, and 1 is a number", "'1'"),
    "ocr LIKE '3%'": ("LIKE is about text, and ocr is a number", "ocr >= 3"),
    "original_id || 'a'": ("neither true nor false", "ocr >= 3"),
    "CAST(source AS INTEGER) = 1": ("source holds '", "Compare it as text"),
    "list_contain(tags, 'x')": ("there is no function list_contain", "Did you mean list_contains?"),
    "mystery(ocr) = 1": ("there is no function mystery", "Compare with ="),
    "ocr => 3": ("=> is no sign", "Write >=."),
    "ocr ≥ 3": ("≥ is no sign", "Write >= for ≥."),
    "ocr >": ("something is missing at its end", "Finish it"),
    "ocr >= 3 AND": ("something is missing at its end", "Finish it"),
    "(ocr > 3": ("a bracket is opened and not closed", "Give every ( its )."),
    "ocr > 3)": ("closed that was never opened", "Give every ( its )."),
    "source = 'a": ("a quotation mark is not closed", "two single quotes"),
    "WHERE ocr > 3": ("it begins with WHERE", "Leave WHERE out"),
    "ocr > 3; DROP TABLE samples": ("semicolon", "one condition"),
    "ocr > 3 LIMIT 2": ("makes no sense at LIMIT", "columns are"),
    "avg(ocr) > 3": ("a figure over many samples", "one sample"),
    "$x = 1": ("placeholder", "the value itself"),
    "read_text('/etc/hostname') = 'a'": ("reads no files", "columns of the pool"),
    "row IN (SELECT 1 FROM read_csv('/etc/hostname'))": ("reads no files", "columns of the pool"),
    "TAGS = 'x'": ("tags is a list, not one value", "list_contains(tags, 'x')"),
    "Tags IN ('x', 'y')": ("tags is a list", "list_has_any(tags, ['x', 'y'])"),
    "OCR = 'high'": ("ocr is a number, and 'high' is text", "ocr >= 3"),
    "ocr >= 3 AND (NULL)": ("NULL is never true", "ocr >= 3"),
    "NOT NULL": ("NULL is never true", "ocr >= 3"),
    "ocr >= 3 /* good": ("a remark that begins with /* is not closed", "End the remark with */"),
    "licence = 'MIT'": ("there is no column licence", "the chip Licence; here name the sources"),
    "License IN ('MIT')": ("there is no column License", "the chip Licence"),
    "len(list_filter(tags, x -> x = 'a')) > 0": ("each entry of a list", "lambda x: x LIKE"),
    "list_transform(['a'], 'x') = []": ("each entry of a list", "lambda x: x LIKE"),
    "num_images % 0 = 1": ("it divides by zero", "nullif"),
    "num_images % (num_images - num_images) = 1": ("it divides by zero", "nullif"),
    "* > 3": ("* is no column", "Name one column"),
    "pool.* > 3": ("* is no column", "Name one column"),
    "regexp_matches(source, '(')": ("its pattern cannot be read", "Mend the pattern"),
}


@pytest.mark.parametrize("where", MISTAKES)
def test_a_mistake_is_told_in_words_with_what_to_write(lens: Lens, where: str) -> None:
    problem, fix = MISTAKES[where]
    with pytest.raises(BadInput) as caught:
        lens.count(Filter(where=where))
    told = caught.value.problem.replace(repr(where), "")
    assert problem in told
    assert fix in caught.value.fix
    assert not JARGON.search(told)


@pytest.mark.parametrize(
    "where", [where for where, told in MISTAKES.items() if told[1].startswith(("list_", "NOT list_", "array_", "len("))]
)
def test_the_remedy_for_a_list_is_a_condition_that_holds(lens: Lens, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        lens.count(Filter(where=where))
    remedy = caught.value.fix.removeprefix("Write a comparison, such as ").removeprefix("Write ").removesuffix(".")
    assert 0 <= lens.count(Filter(where=remedy)) <= NUM_SAMPLES


@pytest.mark.parametrize(
    "where",
    [
        "ocr >= 3", "OCR >= 3", "true", "NOT (ocr > 4)", "ocr IS NULL", "ocr BETWEEN 1 AND 2", "source LIKE 'ch%'", "'x' IN tags",
        "contains(tags, 'x')", "flags = []", "list_has_any(styles, ['yes/no'])", "source IN ('charts', 'photos')", "ocr > '3'",
        "CASE WHEN ocr > 1 THEN true ELSE false END", "len(tags) > 1 OR starts_with(source, 'c')", "ocr > 1 -- a remark",
        "sample_id = (SELECT min(sample_id) FROM pool)", "(ocr > 1) = (stem > 1)", "regexp_matches(source, '^c')",
    ],
)  # fmt: skip
def test_what_is_true_or_false_of_a_sample_is_a_condition(lens: Lens, where: str) -> None:
    assert 0 <= lens.count(Filter(where=where)) <= NUM_SAMPLES


@pytest.mark.parametrize(
    "where", ["len(list_filter(tags, lambda x: x LIKE 'a%')) > 0", "num_images % nullif(num_images, 0) = 1"]
)
def test_the_remedy_for_what_is_computed_is_a_condition_that_holds(lens: Lens, where: str) -> None:
    assert 0 <= lens.count(Filter(where=where)) <= NUM_SAMPLES


CHANGING = {
    "random() > 0.5": ("random()", "the method Random and its seed"),
    "ocr >= 3 AND main.RANDOM() > 0.5": ("random()", "the method Random and its seed"),
    "uuid() > 'a'": ("uuid()", "the method Random and its seed"),
    "row IN (SELECT row FROM pool WHERE random() > 0.5)": ("random()", "the method Random and its seed"),
    "len(list_filter(tags, lambda x: random() > 0.5)) > 0": ("random()", "the method Random and its seed"),
    "row IN (SELECT row FROM pool USING SAMPLE 3)": (
        "it draws other samples each time",
        "the method Random and its seed",
    ),
    "row IN (SELECT row FROM pool TABLESAMPLE 10%)": (
        "it draws other samples each time",
        "the method Random and its seed",
    ),
    "now() > '2026-01-01'": ("now()", "the date itself"),
    "today() > DATE '2026-01-01'": ("today()", "the date itself"),
    "Current_Date > DATE '2026-01-01'": ("current_date need not", "the date itself"),
    "current_timestamp > '2026-01-01'": ("current_timestamp need not", "the date itself"),
    "localtime > '1:00'": ("localtime need not", "the date itself"),
    "current_localtimestamp() > '2026-01-01'": ("current_localtimestamp()", "the date itself"),
    "ago(INTERVAL 1 DAY) > '2026-01-01'": ("ago()", "the date itself"),
    "age(TIMESTAMP '2026-01-01') > INTERVAL 1 DAY": ("age()", "the date itself"),
    "current_setting('threads') = 2": ("current_setting()", "the value itself"),
    "getvariable('x') = 2": ("getvariable()", "the value itself"),
    "current_schema = 'main'": ("current_schema need not", "the value itself"),
}


@pytest.mark.parametrize("where", CHANGING)
def test_a_condition_that_changes_from_one_ask_to_the_next_is_refused(lens: Lens, where: str) -> None:
    problem, fix = CHANGING[where]
    with pytest.raises(BadInput) as caught:
        lens.count(Filter(where=where))
    assert problem in caught.value.problem.replace(repr(where), "")
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    "where",
    [
        "hash(sample_id) % 2 = 0", "md5(source) < '8'", "array_to_string(tags, ', ') LIKE '%a%'", "nullif(ocr, 0) > 1",
        "if(ocr > 1, true, false)", "split_part(source, '-', 1) = 'a'", "list_max([ocr, stem]) > 1", "source = 'now()'",
        "age(TIMESTAMP '2026-02-01', TIMESTAMP '2026-01-01') > INTERVAL 1 DAY", "source = 'random()' -- random()",
        "date_trunc('day', TIMESTAMP '2026-02-01') < TIMESTAMP '2026-02-02'", "list_first(tags) = 'a'", "fmod(ocr, 2) = 1",
        "list_aggregate(tags, 'count') > 0", "len(list_filter(tags, lambda now: now = 'a')) > 0", "source SIMILAR TO 'c.*'",
        "row IN (SELECT row FROM pool ORDER BY row LIMIT 3)", "ocr IN (SELECT max(ocr) FROM pool)",
    ],
)  # fmt: skip
def test_what_follows_from_the_samples_alone_is_not_taken_for_chance(lens: Lens, where: str) -> None:
    assert lens.count(Filter(where=where)) == lens.count(Filter(where=where))


def test_all_functions_the_database_calls_changing_are_refused_and_no_usual_one(lens: Lens) -> None:
    known = lens._database.execute(
        "SELECT function_name, list(DISTINCT stability) FROM duckdb_functions() WHERE function_type = 'scalar' GROUP BY ALL"
    ).fetchall()
    refused = {name for name, stability in known if stability != ["CONSISTENT"]} - {"error"}
    assert {"random", "now", "current_setting", "gen_random_uuid"} <= refused
    for name in refused:
        with pytest.raises(BadInput, match="need not say the same"):
            lens.count(Filter(where=f"{name}() = 1"))
    assert not _unsteady() & ({name for name, _ in known} - refused - {"current_localtime", "current_localtimestamp"})
    assert not _unsteady() & set(conditions._FUNCTIONS)


def test_a_list_counts_as_its_remedy_says(lens: Lens) -> None:
    rows = lens._database.execute("SELECT styles FROM pool").fetchall()
    with pytest.raises(BadInput) as caught:
        lens.count(Filter(where="styles = 'yes/no'"))
    remedy = caught.value.fix.removeprefix("Write ").removesuffix(".")
    assert lens.count(Filter(where=remedy)) == sum("yes/no" in (row[0] or []) for row in rows)


COLUMNS = st.sampled_from(["ocr", "source", "tags", "flags", "num_images", "nothing", "OCR"])
VALUES = st.sampled_from(["3", "'x'", "'3'", "NULL", "[]", "['x']", "true", '"x"', "(SELECT 1)"]) | COLUMNS
TERMS = st.one_of(
    st.tuples(COLUMNS, st.sampled_from(["=", "<>", ">=", "LIKE", "IN", "||", "+", "~", "=>", "IS"]), VALUES).map(
        " ".join
    ),
    st.tuples(st.sampled_from(["len", "lower", "list_contains", "abs", "sum", "foo"]), COLUMNS, VALUES).map(
        lambda one: f"{one[0]}({one[1]}, {one[2]})"
    ),
    st.tuples(st.sampled_from(["len", "lower", "abs", "count", "NOT "]), COLUMNS).map(
        lambda one: f"{one[0]}({one[1]})"
    ),
    st.tuples(COLUMNS, VALUES, VALUES).map(lambda one: f"{one[0]} BETWEEN {one[1]} AND {one[2]}"),
    st.tuples(COLUMNS, VALUES, VALUES).map(lambda one: f"{one[0]} IN ({one[1]}, {one[2]})"),
    VALUES,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(TERMS, min_size=1, max_size=3), st.sampled_from([" AND ", " OR ", " AND NOT "]))
def test_whatever_is_written_filters_or_is_refused_in_words(lens: Lens, terms: list[str], join: str) -> None:
    where = join.join(terms)
    found, told, fix = _asked(lens, where)
    assert 0 <= found <= NUM_SAMPLES
    assert not JARGON.search(told.replace(repr(where), ""))
    assert bool(told) == bool(fix)


def _asked(lens: Lens, where: str) -> tuple[int, str, str]:
    try:
        return lens.count(Filter(where=where)), "", ""
    except BadInput as error:
        return 0, error.problem, error.fix

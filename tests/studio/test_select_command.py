"""`winnow select` under constraints and token budgets, over a real small workspace."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from core.errors import BadInput
from core.filters import Filter
from core.lens import Lens
from core.mixture.strict_yaml import plain_values
from core.select import pins, saved
from core.select.constraints import constraints_of
from core.store import named_filters
from core.store.ids import id_hex
from core.workspace import Workspace
from studio import cli
from studio.select_command import CONSTRAINTS_EXAMPLE, select_samples, told_constraints
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("select") / "ws")


@pytest.fixture(scope="module")
def ids(workspace: Workspace) -> list[str]:
    return sorted(id_hex(value) for value in workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist())


Run = Any


@pytest.fixture
def run(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """The command in this process: `run("--budget", "5", rules="pins: []")` gives status, the JSON, what went to stderr."""

    def ran(*options: str, rules: str = "") -> tuple[int, dict[str, Any], str]:
        told = ["winnow", "select", str(workspace.path), "--method", "random", "--json", *options]
        if rules:
            (tmp_path / "rules.yaml").write_text(rules, encoding="utf-8")
            told += ["--constraints", str(tmp_path / "rules.yaml")]
        monkeypatch.setattr("sys.argv", told)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(out), err

    return ran


def test_a_file_and_options_together_make_the_constraints(
    run: Run, workspace: Workspace, ids: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "chosen.parquet"
    pictures = workspace.store.read("samples", ["sample_id", "num_images"]).to_pylist()
    shown = [id_hex(row["sample_id"]) for row in pictures if row["num_images"]]
    pinned = next(text for text in ids if text in shown and text not in (ids[8], ids[9]))
    status, done, _ = run(
        "--budget", "50%", "--pin", pinned, "--never", ids[8], "--out", str(out),
        rules=f"never: ['{ids[9]}']\nminimum: [{{kind: source, name: charts, count: 12}}]\nexclude: [num_images = 0]",
    )  # fmt: skip
    assert status == 0
    without_pictures = NUM_SAMPLES - len(shown)
    hidden = done["left_out"]["left out by the condition num_images = 0"]
    assert done["left_out"]["on the never list"] == 2
    assert done["pool_size"] == NUM_SAMPLES - 2 - hidden
    assert without_pictures - 2 <= hidden <= without_pictures
    assert done["num_selected"] == done["pool_size"] // 2
    table = pq.read_table(out)
    assert id_hex(table["sample_id"][0].as_py()) == pinned
    assert table["reason"][0].as_py() == "kept: pinned"
    assert table["source"].to_pylist().count("charts") >= 12
    made = json.loads(table.schema.metadata[b"winnow"])
    assert made["constraints"]["never"] == [ids[9], ids[8]]


def test_a_saved_selection_keeps_its_constraints(run: Run, workspace: Workspace, ids: list[str]) -> None:
    run("--budget", "6", "--pin", ids[0], "--name", "bound")
    entry = saved.find(workspace, "bound")
    assert entry.constraints.pins == (ids[0],)
    assert id_hex(int(saved.ids_of(workspace, entry)[0])) == ids[0]


def test_a_token_budget_is_the_longest_prefix_that_fits(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    tokens = {
        row["sample_id"]: row["num_text_tokens"]
        for row in workspace.store.read("tokens--workspace--1", ["sample_id", "num_text_tokens"]).to_pylist()
    }
    _, _, _ = run("--budget", "100%", "--out", str(tmp_path / "all.parquet"))
    line = pq.read_table(tmp_path / "all.parquet")["sample_id"].to_pylist()
    limit = sum(tokens[value] for value in line[:17]) + 1
    for text in (f"{limit}tokens", f"{limit} tokens", f"{limit / 1000}ktokens"):
        _, done, _ = run("--budget", text, "--out", str(tmp_path / "some.parquet"))
        assert pq.read_table(tmp_path / "some.parquet")["sample_id"].to_pylist() == line[:17]
        assert done["num_selected"] == 17


def test_the_lists_of_the_workspace_count_when_asked_and_are_mentioned_otherwise(
    run: Run, workspace: Workspace, ids: list[str]
) -> None:
    pins.decide(workspace, [int(ids[3], 16)], "never")
    try:
        _, plain, _ = run("--budget", "100%")
        _, listed, _ = run("--budget", "100%", "--lists")
    finally:
        pins.undo(workspace)
    assert (plain["num_selected"], listed["num_selected"]) == (NUM_SAMPLES, NUM_SAMPLES - 1)
    assert any("0 pinned, 1 never" in note and "--lists" in note for note in plain["notes"])


def test_a_share_is_a_part_or_a_percentage_and_is_one_thing(run: Run, workspace: Workspace) -> None:
    shares = {}
    for number, text in enumerate(("0.3", "30%", "'30 %'", "'0.30'", ".3")):
        run("--budget", "10", "--name", f"s{number}", rules=f"maximum: [{{kind: source, name: charts, share: {text}}}]")
        shares[text] = saved.find(workspace, f"s{number}").constraints.model_dump(mode="json")["maximum"]
    assert list(shares.values()) == [[{"kind": "source", "name": "charts", "share": 0.3}]] * 5


def test_the_example_in_the_help_is_a_file_that_can_be_read() -> None:
    made = constraints_of(plain_values(CONSTRAINTS_EXAMPLE, "the example"))
    assert made.num_rules == 5
    assert (len(made.pins), len(made.never)) == (1, 1)
    assert [quota.amount for quota in (*made.minimum, *made.maximum)] == ["10 %", "500", "30 %"]


def test_both_helps_show_the_example_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--help", "--help-constraints"):
        with pytest.raises(SystemExit) as ended:
            _winnow("select", option)
        assert not ended.value.code
        shown = capsys.readouterr().out.splitlines()
        for line in CONSTRAINTS_EXAMPLE.splitlines():
            assert any(line.strip() in one for one in shown), line


def _winnow(*arguments: str) -> None:
    before = sys.argv
    sys.argv = ["winnow", *arguments]
    try:
        cli.main()
    finally:
        sys.argv = before


def test_a_saved_filter_narrows_the_pool_by_its_name_also_beside_a_condition(run: Run, workspace: Workspace) -> None:
    lens = Lens(workspace)
    chosen = Filter(sources=("charts", "photos"), where="num_images > 0")
    named_filters.save(workspace, "with pictures", chosen)
    _, alone, _ = run("--budget", "100%", "--filter", "with pictures", "--name", "from-filter")
    assert alone["pool_size"] == lens.count(chosen)
    assert saved.find(workspace, "from-filter").chosen == chosen
    both = chosen.model_copy(update={"where": "num_images > 0 AND (ocr >= 2 OR stem >= 2)"})
    _, narrowed, _ = run("--budget", "100%", "--filter", "with pictures", "--where", "ocr >= 2 OR stem >= 2")
    assert narrowed["pool_size"] == lens.count(both) < alone["pool_size"]


def test_a_filter_nobody_saved_lists_the_ones_there_are(run: Run, workspace: Workspace) -> None:
    named_filters.save(workspace, "receipts only", Filter(sources=("charts",)))
    status, told, _ = run("--budget", "5", "--filter", "reciepts")
    assert status == 2
    assert told["problem"] == "There is no saved filter 'reciepts'."
    assert "receipts only" in told["fix"]


def test_a_bracket_too_many_in_a_condition_is_not_closed_by_the_filters(run: Run, workspace: Workspace) -> None:
    named_filters.save(workspace, "pictured", Filter(where="num_images > 0"))
    status, told, _ = run("--budget", "5", "--filter", "pictured", "--where", "num_images < 9) OR (")
    assert status == 2
    assert "num_images < 9) OR (" in told["problem"]
    assert "pictured" not in told["problem"]


MISTAKES: dict[str, tuple[list[str], str, str]] = {
    "an unknown kind": (
        [],
        "# mine\nminimum: [{kind: colour, name: red, count: 1}]",
        "line 2: minimum[0].kind is 'colour'",
    ),
    "an unknown name": ([], "maximum: [{kind: source, name: chart, count: 1}]", "no source 'chart'"),
    "a share above 1": ([], "maximum: [{kind: source, name: charts, share: 1.5}]", "maximum[0].share"),
    "a minimum above its maximum": (
        [],
        "minimum: [{kind: source, name: charts, share: 0.5}]\nmaximum: [{kind: source, name: charts, share: 0.4}]",
        "minimum of 50 % for source charts is above the maximum of 40 %",
    ),
    "minima above the budget": (
        [],
        "minimum: [{kind: source, name: charts, count: 6}, {kind: source, name: photos, count: 6}]",
        "6 for source charts and 6 for source photos",
    ),
    "an unknown sample": (["--pin", "00000000000000ff"], "", "no sample 00000000000000ff"),
    "an id that is none": (["--never", "0xff"], "", "16 hexadecimal digits"),
    "a sample in both lists": (
        ["--pin", "00000000000000ff", "--never", "00000000000000FF"],
        "",
        "among the pins and in the never list",
    ),
    "an unknown key": ([], "pinned: []", "pinned is not a key"),
    "a key that stands twice": ([], "pins: []\npins: []", "stands twice"),
    "no YAML": ([], "pins: [", "is not YAML"),
    "a list instead of keys": ([], "- pins", "not a list of constraints"),
    "a file that is not there": (["--constraints", "/nowhere/rules.yaml"], "", "/nowhere/rules.yaml"),
    "a condition that is none": ([], "include: ['ocr >']", "ocr >"),
    "tokens that are not whole": (["--budget", "0.0005ktokens"], "", "whole number of tokens"),
    "tokens for nobody": (["--budget", "1token"], "", "Not one sample fits"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_status_2_and_says_what_and_how(run: Run, mistake: str) -> None:
    options, rules, named = MISTAKES[mistake]
    status, told, _ = run("--budget", "10", *options, rules=rules)
    assert status == 2
    assert named in told["problem"]
    assert told["fix"]


def test_no_constraints_change_nothing(workspace: Workspace) -> None:
    rules, notes = told_constraints(workspace, None, [], [], with_lists=True)
    assert rules.is_empty
    assert notes == []
    options = (workspace, "random", "7", 3, "", "", [], None, None)
    plain, bound = select_samples(*options), select_samples(*options, constraints=rules)
    assert {**plain, "seconds": 0} == {**bound, "seconds": 0}


def test_a_pin_twice_is_one(workspace: Workspace, ids: list[str]) -> None:
    assert told_constraints(workspace, None, [ids[0], ids[0]], [], False)[0].pins == (ids[0],)
    with pytest.raises(BadInput, match="16 hexadecimal"):
        told_constraints(workspace, None, ["1"], [], False)

"""The command speaks JSON on stdout, two lines on stderr for a mistake, and never shows a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from core import runs
from core.errors import RunFailed
from core.progress import silent
from core.workspace import Workspace
from studio.terminal import give_json
from studio.verbs import follow
from tests.conftest import make_small_pool

ROOT = Path(__file__).resolve().parents[2]


def winnow(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "studio.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def answer(*arguments: object) -> dict[str, Any]:
    said = winnow(*arguments, "--json")
    assert said.returncode == 0, said.stderr
    result: dict[str, Any] = json.loads(said.stdout)
    return result


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    answer("ingest", folder / "ws", make_small_pool(folder / "pool"))
    return folder / "ws"


def test_ingest_counts_and_a_second_one_knows_everything(small_pool: Path, tmp_path: Path) -> None:
    first = answer("ingest", tmp_path / "ws", small_pool)
    assert {key: first[key] for key in ("ingested", "quarantined", "already_known", "changed")} == {
        "ingested": 32,
        "quarantined": {},
        "already_known": 0,
        "changed": 0,
    }
    again = answer("ingest", tmp_path / "ws", small_pool)
    assert (again["ingested"], again["already_known"]) == (0, 32)


def test_a_dry_run_makes_no_workspace(small_pool: Path, tmp_path: Path) -> None:
    assert answer("ingest", tmp_path / "ws", small_pool, "--dry-run")["ingested"] == 32
    assert not (tmp_path / "ws").exists()


def test_a_mistaken_path_leaves_no_workspace_behind(tmp_path: Path) -> None:
    assert winnow("ingest", tmp_path / "ws", tmp_path / "typo.json").returncode == 2
    assert not (tmp_path / "ws").exists()


def test_select_writes_the_documented_columns_and_saves_under_a_name(ingested: Path, tmp_path: Path) -> None:
    out = tmp_path / "chosen.parquet"
    done = answer("select", ingested, "--method", "random", "--budget", "25%", "--out", out, "--name", "quarter")
    assert (done["num_selected"], done["pool_size"], done["method"], done["budget"]) == (8, 32, "random", "25%")
    table = pq.read_table(out)
    assert table.column_names == ["rank", "sample_id", "original_id", "source", "reason"]
    assert table["rank"].to_pylist() == list(range(1, 9))

    from core.select import saved

    workspace = Workspace.open(ingested)
    entry = saved.find(workspace, "quarter")
    assert saved.ids_of(workspace, entry).tolist() == table["sample_id"].to_pylist()
    assert workspace.pinned(entry.snapshot) is not None


def test_a_saved_selection_is_exported_by_its_name(ingested: Path, tmp_path: Path) -> None:
    answer("select", ingested, "--method", "random", "--budget", "7", "--name", "seven")
    assert (
        answer("export", ingested, "--selection", "seven", "--to", "llava", "--out", tmp_path / "out")["num_samples"]
        == 7
    )


def test_shards_are_as_large_as_asked(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    chance = np.random.default_rng(0)
    rows = []
    for number in range(6):  # noise does not compress: 750 kB each
        Image.fromarray(chance.integers(0, 256, (500, 500, 3), dtype=np.uint8)).save(
            tmp_path / "data" / f"{number}.png"
        )
        turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "Noise."}]
        rows.append({"id": str(number), "image": f"{number}.png", "conversations": turns})
    (tmp_path / "data" / "rows.json").write_text(json.dumps(rows))
    answer("ingest", tmp_path / "ws", tmp_path / "data" / "rows.json")
    answer("select", tmp_path / "ws", "--method", "random", "--budget", "100%", "--name", "all")
    sizes = {}
    for megabytes in ("1", "512"):
        out = tmp_path / megabytes
        answer(
            "export", tmp_path / "ws", "--selection", "all", "--to", "webdataset", "--out", out, "--shard-mb", megabytes
        )
        sizes[megabytes] = [path.stat().st_size for path in sorted(out.rglob("*.tar"))]
    assert len(sizes["512"]) == 1
    assert len(sizes["1"]) == 3
    assert all(1 << 20 <= size < 2 << 20 for size in sizes["1"])


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["select", "--help"], ["import-evidence", "--help"], ["select", "--help-constraints"]]
)
def test_help_is_there_without_loading_what_the_verbs_need(arguments: list[str]) -> None:
    heavy = {
        "numpy",
        "pyarrow",
        "pydantic",
        "streamlit",
        "duckdb",
        "lancedb",
        "lance",
        "torch",
        "pandas",
        "numba",
        "yaml",
    }
    if len(arguments) > 1:
        heavy.discard("pydantic")  # typer itself needs it for the arguments of a verb
    run = f"""
import sys
from studio import cli
sys.argv = ["winnow", *{arguments!r}]
try:
    {arguments!r} and cli.main()
except SystemExit:
    pass
print("loaded:", sorted({heavy!r} & {{name.split(".")[0] for name in sys.modules}}))
"""
    said = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.splitlines()[-1] == "loaded: []"


def test_the_settings_of_a_method_need_no_workspace() -> None:
    assert "threshold" in answer("select", "--help-method", "mmssr")["settings"]


def test_a_filter_narrows_the_pool(ingested: Path) -> None:
    done = answer("select", ingested, "--method", "random", "--budget", "100%", "--where", "num_images = 0")
    assert (done["num_selected"], done["pool_size"]) == (8, 8)


def test_numbers_from_a_file_are_a_column_to_condition_on_and_to_select_by(ingested: Path, tmp_path: Path) -> None:
    ids = [row["original_id"] for row in Workspace.open(ingested).store.read("samples", ["original_id"]).to_pylist()]
    (tmp_path / "made.csv").write_text("id,ppl\n" + "".join(f"{key},{n}\n" for n, key in enumerate(sorted(set(ids)))))
    done = answer("import-evidence", ingested, tmp_path / "made.csv", "--format", "numbers")
    assert list(done["columns"]) == ["ppl"]
    chosen = answer("select", ingested, "--method", "ppl-mid", "--budget", "2", "--where", "ppl < 5")
    assert (chosen["num_selected"], chosen["pool_size"]) == (2, min(done["imported"], 5))
    (tmp_path / "best.txt").write_text("\n".join(sorted(set(ids), reverse=True)[:3]))
    listed = answer("import-evidence", ingested, tmp_path / "best.txt", "--format", "index-list", "--name", "mine")
    assert listed["columns"] == {"mine": 3}
    out = tmp_path / "chosen.parquet"
    answer("select", ingested, "--method", "imported", "--budget", "3", "--set", "column=mine", "--out", out)
    assert pq.read_table(out)["original_id"].to_pylist() == sorted(set(ids), reverse=True)[:3]


def test_a_value_that_is_no_number_is_told_with_its_line_and_column(ingested: Path, tmp_path: Path) -> None:
    ids = [row["original_id"] for row in Workspace.open(ingested).store.read("samples", ["original_id"]).to_pylist()]
    rows = [f"{key},{n if n not in (2, 4) else 'high'}" for n, key in enumerate(sorted(set(ids)))]
    (tmp_path / "made.csv").write_text("\n".join(["id,worth", *rows]))
    said = winnow("import-evidence", ingested, tmp_path / "made.csv", "--format", "numbers")
    assert said.returncode == 0
    assert (
        "        2 rejected: not_a_number. The value of an imported column is not a finite number. Leave" in said.stdout
    )
    assert "line 4, column worth: the value is 'high'" in said.stdout
    assert "line 6, column worth: the value is 'high'" in said.stdout
    told = answer("import-evidence", ingested, tmp_path / "made.csv", "--format", "numbers")
    assert told["rejected"] == {"not_a_number": 2}
    wrong = {"column": "worth", "detail": "the value is 'high'"}
    assert told["examples"] == {"not_a_number": [{"place": "line 4", **wrong}, {"place": "line 6", **wrong}]}


def test_a_changed_file_of_a_saved_selection_is_noticed(small_pool: Path, tmp_path: Path) -> None:
    from core.errors import BadData
    from core.select import saved

    answer("ingest", tmp_path / "ws", small_pool)
    answer("select", tmp_path / "ws", "--method", "random", "--budget", "5", "--name", "five")
    workspace = Workspace.open(tmp_path / "ws")
    entry = saved.find(workspace, "five")
    with (workspace.path / entry.path).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadData, match="five"):
        saved.ids_of(workspace, entry)
    said = winnow("export", workspace.path, "--selection", "five", "--to", "llava", "--out", tmp_path / "out")
    assert said.returncode == 2
    assert "not the one the recipe was made with" in said.stderr
    assert not (tmp_path / "out").exists()


MISTAKES = {
    "no such verb": (["brows"], "brows"),
    "no workspace": (["prepare", "{tmp}/nowhere"], "not a Winnow workspace"),
    "no such file": (["ingest", "{tmp}/new", "{tmp}/nothing.json"], "nothing.json"),
    "a folder without data": (["ingest", "{tmp}/new", "{tmp}/empty"], "empty"),
    "images kept in an unknown way": (["ingest", "{tmp}/new", "{pool}", "--images", "move"], "move"),
    "source named twice": (["ingest", "{tmp}/new", "{pool}", "--source", "a", "--source-from", "b"], "source"),
    "a newer workspace": (["check", "{tmp}/newer"], "format 99"),
    "a home of nobody": (["prepare", "~nobody-of-this-name/ws"], "nobody-of-this-name"),
    "a file that cannot be written": (
        ["select", "{ws}", "--method", "random", "--budget", "5", "--out", "{ws}/workspace.json/x.parquet"],
        "x.parquet",
    ),
    "a condition that is too long": (
        ["select", "{ws}", "--method", "random", "--budget", "5", "--where", "true OR " * 2000 + "true"],
        "characters",
    ),
    "no budget": (["select", "{ws}", "--method", "random"], "budget"),
    "a budget of nothing": (["select", "{ws}", "--method", "random", "--budget", "0"], "0"),
    "a budget above everything": (["select", "{ws}", "--method", "random", "--budget", "101%"], "101"),
    "a budget above the pool": (["select", "{ws}", "--method", "random", "--budget", "33"], "33"),
    "an unknown method": (["select", "{ws}", "--method", "best", "--budget", "5"], "mmssr-nested"),
    "an unknown setting": (["select", "{ws}", "--method", "mmssr", "--budget", "5", "--set", "speed=9"], "speed"),
    "a setting without a value": (
        ["select", "{ws}", "--method", "mmssr", "--budget", "5", "--set", "threshold"],
        "threshold",
    ),
    "an unknown capability": (["select", "{ws}", "--budget", "5", "--capabilities", "ocr,magic"], "magic"),
    "evidence that is missing": (["select", "{ws}", "--budget", "5"], "winnow prepare"),
    "a condition that is none": (
        ["select", "{ws}", "--method", "random", "--budget", "5", "--where", "ocr >"],
        "ocr >",
    ),
    "a second statement": (
        ["select", "{ws}", "--method", "random", "--budget", "5", "--where", "1=1); DROP TABLE samples"],
        "DROP",
    ),
    "an embedding nobody knows": (["prepare", "{ws}", "--embedding", "magic"], "magic"),
    "weights that are not there": (["prepare", "{ws}", "--embedding", "open_clip", "--weights", "{tmp}/w.pt"], "w.pt"),
    "an unknown run": (["runs", "{ws}", "show", "20200101T000000Z-train-0000"], "20200101T000000Z"),
    "a column that is none": (
        ["select", "{ws}", "--method", "random", "--budget", "5", "--where", "colour = 'red'"],
        "no column colour",
    ),
    "a selection without a name": (["select", "{ws}", "--method", "random", "--budget", "5", "--name", " "], "--name"),
    "a select of no workspace": (["select", "--budget", "5"], "workspace"),
    "a saved selection nobody saved": (
        ["export", "{ws}", "--selection", "nope", "--to", "llava", "--out", "{tmp}/out"],
        "nope",
    ),
    "an unknown action": (["runs", "{ws}", "burn"], "burn"),
    "a way of finding entries nobody knows": (
        ["import-evidence", "{ws}", "{tmp}/empty", "--format", "index-list", "--by", "luck"],
        "'luck'",
    ),
    "a method without its evidence": (["select", "{ws}", "--method", "k-center", "--budget", "5"], "needs vectors"),
    "an unknown evidence format": (["import-evidence", "{ws}", "{tmp}/empty", "--format", "csv"], "csv"),
    "an unknown target": (["export", "{ws}", "--recipe", "{tmp}/r.yaml", "--to", "zip", "--out", "{tmp}/out"], "zip"),
    "a recipe that is not there": (
        ["export", "{ws}", "--recipe", "{tmp}/r.yaml", "--to", "llava", "--out", "{tmp}/out"],
        "r.yaml",
    ),
    "neither selection nor recipe": (["export", "{ws}", "--to", "llava", "--out", "{tmp}/out"], "--recipe"),
    "a model that is not there": (["evaluate", "{ws}", "--model", "{tmp}/none"], "none"),
    "a port that is none": (["open", "{ws}", "--port", "99999"], "65535"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_status_2_and_two_lines(mistake: str, ingested: Path, small_pool: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "workspace.json").write_text('{"format": 99, "name": "x", "created_at": "x"}')
    arguments, named = MISTAKES[mistake]
    said = winnow(*(part.format(tmp=tmp_path, ws=ingested, pool=small_pool) for part in arguments))
    assert said.returncode == 2, said.stderr
    assert "Traceback" not in said.stderr
    assert said.stdout == ""
    lines = said.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2, said.stderr
    assert named in said.stderr


def test_with_json_a_mistake_is_an_object_too(tmp_path: Path) -> None:
    said = winnow("prepare", tmp_path / "nowhere", "--json")
    assert said.returncode == 2
    assert set(json.loads(said.stdout)) == {"error", "problem", "fix"}


@pytest.mark.parametrize("arguments", [["select"], ["brows"], ["prepare", "x", "--nope"]])
def test_with_json_a_mistyped_command_is_an_object_too(arguments: list[str]) -> None:
    said = winnow(*arguments, "--json")
    assert said.returncode == 2
    assert set(json.loads(said.stdout)) == {"error", "problem", "fix"}


def test_a_seed_of_any_size_is_taken_modulo_2_to_the_64(ingested: Path, tmp_path: Path) -> None:
    picks = []
    for seed in (2**64 - 1, -1, 2**65 - 1):
        out = tmp_path / f"{seed}.parquet"
        answer("select", ingested, "--method", "random", "--budget", "9", "--seed", seed, "--out", out)
        picks.append(pq.read_table(out)["sample_id"].to_pylist())
    assert picks[0] == picks[1] == picks[2]


def test_a_reader_who_leaves_or_a_poor_encoding_ends_in_no_traceback(ingested: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "studio.cli", "select", str(ingested), "--method", "random", "--budget", "3"]
    gone = subprocess.run(
        ["bash", "-c", '"$@" | true; echo ${PIPESTATUS[0]}', "x", *command],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert (gone.stdout, gone.stderr) in (("1\n", ""), ("0\n", ""))  # 0 where `true` left later
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    out = tmp_path / "\u00e9.parquet"
    said = subprocess.run(
        [*command, "--out", str(out), "--json"], capture_output=True, check=True, cwd=ROOT, env=environment
    )
    assert json.loads(said.stdout)["file"] == str(out)


def test_check_says_with_its_status_whether_something_was_found(ingested: Path, tmp_path: Path) -> None:
    assert winnow("check", ingested).returncode == 0
    copy = tmp_path / "ws"
    shutil.copytree(ingested, copy)
    (copy / "snapshots" / f"{'0' * 32}.json").write_text('{"samples": 999}')
    said = winnow("check", copy, "--json")
    assert (said.returncode, [problem["code"] for problem in json.loads(said.stdout)["problems"]]) == (
        1,
        ["broken_snapshot"],
    )


def test_a_figure_that_is_no_number_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    give_json({"value": float("nan"), "rest": [1.5, float("inf")]})
    assert json.loads(capsys.readouterr().out) == {"value": None, "rest": [1.5, None]}


def test_a_run_that_was_stopped_is_no_success(tmp_path: Path) -> None:
    run = runs.stop(runs.launch(tmp_path, "test", "tests.runs.jobs", {"do": "count"}))
    with pytest.raises(RunFailed, match="stopped") as caught:
        follow(run, silent)
    assert run.run_id in caught.value.fix


def test_an_interrupt_is_said_and_the_same_command_goes_on(small_pool: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "studio.cli", "ingest", str(tmp_path / "ws"), str(small_pool), "--json"]
    begun = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    while not (tmp_path / "ws" / "workspace.json").exists():
        assert begun.poll() is None
        time.sleep(0.01)
    begun.send_signal(signal.SIGINT)
    out, said = begun.communicate(timeout=60)
    assert (begun.returncode, out) == (130, "")
    assert said.startswith("Interrupted.\n")
    assert len(said.splitlines()) == 2
    answer("ingest", tmp_path / "ws", small_pool)
    assert Workspace.open(tmp_path / "ws").store.count("samples") == 32

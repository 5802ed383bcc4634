"""Each fault that is planted is found under its code, counted, and gone once the command it names has run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from filelock import FileLock

from core import runs
from core.check import check
from core.ingest import IngestSettings, ingest
from core.store import evidence, ratings
from core.store.acts import Acts
from core.store.ids import image_key, sample_id
from core.workspace import Workspace
from studio.cli import app
from tests.ingest.making import data_set, everything, picture, read_in, record, text_only


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Four samples with a picture and one without, from two files of a folder; tokens of all of them."""
    workspace = Workspace.create(tmp_path / "my ws")
    data_set(tmp_path / "in", [record(0), record(1), text_only(2)], "a.json", num_pictures=4)
    data_set(tmp_path / "in", [record(2), record(3)], "b.jsonl")
    read_in(workspace, tmp_path / "in")
    samples = workspace.store.read("samples", ["sample_id", "content_hash"])
    tokens = samples.append_column("num_text_tokens", pa.array([7] * len(samples), pa.int32()))
    evidence.write(workspace.store, evidence.producer("tokens", "counted", "1"), tokens)
    return workspace


def found(workspace: Workspace, **options: Any) -> dict[str, int]:
    report = check(workspace, **options)
    assert report.ok == (not report.problems)
    return {problem.code: problem.count for problem in report.problems}


def commands(workspace: Workspace, code: str) -> Iterator[list[str]]:
    for problem in check(workspace).problems:
        if problem.code == code:
            moved = re.search(r"Move (.+?) out of the workspace", problem.fix)
            if moved:
                shutil.rmtree(shlex.split(moved[1])[0])
            for command in re.findall(r"`([^`]+)`", problem.fix):
                yield shlex.split(command)


def mend(workspace: Workspace, code: str) -> None:
    """Do what the report says, with the command as a person would type it."""
    done = 0
    for words in commands(workspace, code):
        assert words[0] == "winnow"
        assert not app(words[1:], standalone_mode=False)
        done += 1
    assert done


def rewrite(workspace: Workspace, table: str, key: str, change: dict[str, Any], where: str | int) -> None:
    """Write a row of a table with other values: the one with this key."""
    rows = workspace.store.read(table)
    changed = [row | change for row in rows.to_pylist() if row[key] == where]
    workspace.store.merge(table, pa.Table.from_pylist(changed, schema=rows.schema), key)


def test_a_sound_workspace_has_no_problem_and_is_not_changed(workspace: Workspace) -> None:
    before = workspace.versions()
    for full in (False, True):
        report = check(workspace, full=full)
        assert (report.ok, report.problems, report.num_samples, report.num_images) == (True, [], 5, 4)
    assert workspace.versions() == before
    assert found(Workspace.create(workspace.path.parent / "empty")) == {}


def test_the_report_has_the_keys_other_tools_rely_on(workspace: Workspace) -> None:
    workspace.store.delete("images", f"image_key = '{image_key(picture(0))}'")
    report = json.loads(json.dumps(check(workspace).to_json()))
    assert report["ok"] is False
    assert {"code", "count", "fix"} <= set(report["problems"][0])


def test_missing_images_are_found_and_mended(workspace: Workspace) -> None:
    sound = everything(workspace)
    workspace.store.delete("images", f"image_key IN ('{image_key(picture(0))}', '{image_key(picture(3))}')")
    assert found(workspace) == {"missing_images": 2}
    mend(workspace, "missing_images")
    assert found(workspace) == {}
    assert everything(workspace)["images"] == sound["images"]


def test_changed_bytes_of_a_kept_image_are_found_and_mended(workspace: Workspace) -> None:
    sound = everything(workspace)
    rewrite(workspace, "images", "image_key", {"bytes": b"\x89PNG rotten"}, image_key(picture(2)))
    assert found(workspace) == {"changed_image_bytes": 1}
    mend(workspace, "changed_image_bytes")
    assert found(workspace) == {}
    assert everything(workspace) == sound


@pytest.mark.parametrize("table", ["samples", "images"])
def test_keys_that_stand_twice_are_found_and_mended(workspace: Workspace, table: str) -> None:
    sound = everything(workspace)
    workspace.store.append(table, workspace.store.read(table).slice(1, 2))
    assert found(workspace) == {"duplicate_keys": 2}
    mend(workspace, "duplicate_keys")
    assert found(workspace) == {}
    assert everything(workspace) == sound


def test_evidence_keys_that_stand_twice_are_found(workspace: Workspace) -> None:
    who = evidence.producers(workspace.store)[0]
    workspace.store.append(who.table, evidence.read(workspace.store, who).slice(0, 3))
    assert found(workspace) == {"duplicate_keys": 3}


@pytest.mark.parametrize("damage", ["data file gone", "data file cut", "manifest broken"])
@pytest.mark.parametrize("table", ["samples", "images"])
def test_a_table_that_cannot_be_read_is_found_and_mended(workspace: Workspace, table: str, damage: str) -> None:
    sound = everything(workspace)
    folder = workspace.store.path / f"{table}.lance"
    files = list((folder / ("_versions" if damage == "manifest broken" else "data")).iterdir())
    for file in files:
        if damage == "data file gone":
            file.unlink()
        elif file.suffix != ".json":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])
    code = "missing_data_file" if damage == "data file gone" else "unreadable_table"
    assert code in found(workspace)
    mend(workspace, code)
    assert found(workspace) == {}
    assert everything(workspace) == sound


def test_a_broken_evidence_table_names_the_verb_that_makes_it(workspace: Workspace) -> None:
    who = evidence.producers(workspace.store)[0]
    for file in (workspace.store.path / f"{who.table}.lance" / "data").iterdir():
        file.unlink()
    problem = check(workspace).problems[0]
    assert (problem.code, problem.where) == ("missing_data_file", who.table)
    assert f"`winnow prepare {shlex.quote(str(workspace.path))}`" in problem.fix


def test_a_sample_under_a_wrong_id_or_with_other_content_is_found(workspace: Workspace) -> None:
    sound = everything(workspace)
    rewrite(workspace, "samples", "sample_id", {"original_id": "x"}, sample_id("a", "r0"))
    assert found(workspace) == {"wrong_sample_id": 1}
    mend(workspace, "wrong_sample_id")
    assert everything(workspace) == sound
    turns = [{"role": "human", "text": "other"}, {"role": "gpt", "text": "words"}]
    rewrite(workspace, "samples", "sample_id", {"conversations": turns}, sample_id("a", "r2"))
    assert found(workspace) == {"changed_content": 1}
    mend(workspace, "changed_content")
    assert everything(workspace) == sound


def test_samples_of_an_unknown_source_are_found(workspace: Workspace) -> None:
    workspace.store.delete("sources", "source = 'b'")
    assert found(workspace) == {"unknown_source": 2}


def test_evidence_of_no_sample_and_of_former_content_is_found(workspace: Workspace) -> None:
    who = evidence.producers(workspace.store)[0]
    gone = pa.table(
        {
            "sample_id": pa.array([1, 2], pa.uint64()),
            "content_hash": ["x"] * 2,
            "num_text_tokens": pa.array([1, 1], pa.int32()),
        }
    )
    evidence.write(workspace.store, who, gone)
    rewrite(workspace, who.table, "sample_id", {"content_hash": "0" * 32}, sample_id("a", "r1"))
    assert found(workspace) == {"orphan_evidence": 2, "stale_evidence": 1}


def test_referenced_images_that_moved_or_changed_are_found_and_mended(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    path = data_set(tmp_path / "in", [record(number) for number in range(4)], num_pictures=4)
    read_in(workspace, path, images="reference")
    assert found(workspace) == {}
    images = tmp_path / "in" / "images"
    (images / "0.png").touch()  # another time, the same bytes
    (images / "1.png").write_bytes(picture(77))
    (images / "2.png").unlink()
    assert found(workspace) == {"referenced_image_missing": 1, "referenced_image_changed": 1}
    (images / "2.png").write_bytes(picture(2))
    mend(workspace, "referenced_image_changed")
    assert found(workspace) == {}


def test_a_change_that_hides_behind_size_and_time_needs_the_full_check(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    read_in(workspace, data_set(tmp_path / "in", [record(0)], num_pictures=1), images="reference")
    file = tmp_path / "in" / "images" / "0.png"
    status, data = file.stat(), file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert found(workspace) == {}
    assert found(workspace, full=True) == {"referenced_image_changed": 1}


def test_a_snapshot_whose_versions_are_gone_is_found(workspace: Workspace) -> None:
    digest = workspace.pin_snapshot()
    assert found(workspace) == {}
    (workspace.path / "snapshots" / "1234.json").write_text('{"samples": 99, "nowhere": 1}', encoding="utf-8")
    (workspace.path / "snapshots" / "5678.json").write_text("{", encoding="utf-8")
    problems = check(workspace).problems
    assert [(problem.code, problem.count, problem.where) for problem in problems] == [
        ("broken_snapshot", 2, "1234"),
        ("broken_snapshot", 1, "5678"),
    ]
    assert workspace.pinned(digest) is not None


class _Interrupted(Exception):
    pass


def test_an_ingest_that_did_not_end_is_found_and_ended(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    path = data_set(tmp_path / "in", [record(number) for number in range(9)], num_pictures=9)

    def stop(done: int, total: int | None, note: str) -> None:
        if total and done:
            raise _Interrupted

    with pytest.raises(_Interrupted):
        ingest(workspace, IngestSettings(paths=(path,), source="named", images="reference"), stop)
    assert found(workspace) == {"unfinished_ingest": 1}
    mend(workspace, "unfinished_ingest")
    assert found(workspace) == {}
    assert workspace.store.count("samples") == 9
    assert workspace.store.read("sources").to_pylist()[0]["source"] == "named"


def test_a_run_that_died_is_found(workspace: Workspace) -> None:
    path = runs.create(workspace.path, "prepare", "core.evidence.prepare", {})
    (path / "process.json").write_text(
        json.dumps({"pid": 2**22 + 1, "started": 1.0, "host": "elsewhere"}), encoding="utf-8"
    )
    problem = check(workspace).problems[0]
    assert (problem.code, problem.where) == ("unfinished_run", path.name)
    assert problem.fix == f"Run `winnow runs {shlex.quote(str(workspace.path))} resume {path.name}`."


def test_acts_that_cannot_be_read_are_found(workspace: Workspace) -> None:
    workspace.acts_path.write_bytes(b"no database" * 500)
    assert found(workspace) == {"unreadable_acts": 1}


def test_ratings_that_cannot_be_read_or_speak_of_other_content_are_found_and_gone_once_given_again(
    workspace: Workspace,
) -> None:
    one, other = workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist()[:2]
    ratings.rate(workspace, one, "ocr", 3, "ana")
    assert found(workspace) == {}
    Acts(workspace.acts_path).put("rating", f"{one:016x}/ocr/ana", {"score": 9})
    Acts(workspace.acts_path).put("rating", "of another version", {"score": 9})
    ratings.put(workspace, other, "ocr", "ana", ratings.Rating(3, "0" * 32), None)
    ratings.put(workspace, 77, "ocr", "ana", ratings.Rating(3, "0" * 32), None)
    assert found(workspace) == {"unreadable_ratings": 2, "stale_evidence": 1, "orphan_evidence": 1}
    fixes = {problem.code: problem.fix for problem in check(workspace).problems}
    assert f"{one:016x}" in fixes["unreadable_ratings"]
    assert f"{other:016x}" in fixes["stale_evidence"]
    assert f"{77:016x}" in fixes["orphan_evidence"]
    for sample in (one, other):
        ratings.rate(workspace, sample, "ocr", 4, "ana")
    ratings.rate(workspace, 77, "ocr", None, "ana")
    assert found(workspace) == {"unreadable_ratings": 1}


def test_exports_that_did_not_end_are_counted_but_not_those_that_are_being_written(workspace: Workspace) -> None:
    exports = workspace.exports_dir
    for name in ("whole", ".one.partial", ".two words.partial", ".busy.partial"):
        (exports / name).mkdir()
    (exports / ".a file.partial").touch()
    (exports / ".one.partial.lock").touch()  # a killed export leaves it behind
    before = sorted(exports.iterdir())
    with FileLock(exports / ".busy.partial.lock"):
        [one, two] = check(workspace).problems
    assert (one.code, one.count, one.where, two.where) == ("unfinished_export", 1, "one", "two words")
    assert f"winnow export` to {shlex.quote(str(exports / 'two words'))} again" in two.fix
    assert shlex.quote(str(exports / ".two words.partial")) in two.fix
    assert [path for path in sorted(exports.iterdir()) if path.name != ".busy.partial.lock"] == before, (
        "changes nothing"
    )
    for name in (".one.partial", ".two words.partial", ".busy.partial"):
        (exports / name).rmdir()
    assert found(workspace) == {}


def test_a_path_that_means_something_else_in_an_address_is_no_problem(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "50%41 #1?x")
    Acts(workspace.acts_path).put("selection", "x", {})
    assert found(workspace) == {}
    assert [entry.name for entry in tmp_path.iterdir()] == ["50%41 #1?x"]


def test_a_table_without_a_first_version_is_found_and_hides_no_other(workspace: Workspace) -> None:
    (workspace.store.path / "tokens--other--1.lance" / "data").mkdir(parents=True)
    (workspace.store.path / "tokens--other--1.lance" / "data" / "half.lance").write_bytes(b"x")
    assert found(workspace) == {"unreadable_table": 1}
    assert workspace.store.count("samples") == 5

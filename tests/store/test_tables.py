"""The store of record: keys stay unique under concurrent merges, reads come in the order asked, damage and full disks are said."""

from __future__ import annotations

import errno
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import BadData, DiskFull
from core.store import Store, schemas
from core.store.tables import writing


def images(numbers: range, size_bytes: int = 1) -> pa.Table:
    rows = [{"image_key": f"{number:032x}", "size_bytes": size_bytes} for number in numbers]
    return pa.Table.from_pylist(rows, schema=schemas.IMAGES)


def test_what_does_not_exist_is_empty_and_reading_makes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert (store.names(), store.count("samples"), store.versions()) == ([], 0, {})
    assert (
        store.read("samples", ["sample_id"]).num_rows
        == store.samples([1]).num_rows
        == store.images(["x"]).num_rows
        == 0
    )
    assert list(store.scan("images")) == store.search("word").tolist() == []
    store.delete("images", "true")
    assert store.names() == []


def test_rows_come_in_the_order_asked_and_unknown_keys_are_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("images", images(range(10_000)))
    asked = [f"{number:032x}" for number in (9_999, 3, 123_456, 0, 3, 7)]
    assert store.images(asked, ["image_key"])["image_key"].to_pylist() == [
        asked[0],
        asked[1],
        asked[3],
        asked[4],
        asked[5],
    ]
    many = [f"{number:032x}" for number in range(9_999, -1, -1)]
    assert store.images(many, ["image_key"])["image_key"].to_pylist() == many
    assert store.images(asked[:1], ["size_bytes"]).to_pylist() == [{"size_bytes": 1}]


def test_a_merge_replaces_by_key_and_keeps_the_rest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("images", images(range(5)))
    store.merge("images", images(range(3, 8), size_bytes=2), "image_key")
    found = {int(row["image_key"], 16): row["size_bytes"] for row in store.read("images").to_pylist()}
    assert found == {0: 1, 1: 1, 2: 1, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2}


def _merge(path: Path, size_bytes: int) -> None:
    Store(path).merge("images", images(range(20, 220), size_bytes), "image_key")


def test_concurrent_merges_of_the_same_rows_never_double_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("images", images(range(10)))
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(_merge, tmp_path, size) for size in (1, 2, 3)]:
            future.result()
    keys = store.read("images", ["image_key"])["image_key"].to_pylist()
    assert len(keys) == len(set(keys)) == 210


def test_key_columns_are_required_and_marked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name, schema in schemas.TABLES.items():
        store.open(name)
        keys = [
            field
            for field in store.dataset(name).schema
            if (field.metadata or {}).get(b"lance-schema:unenforced-primary-key")
        ]
        assert [field.name for field in keys] == [schema.names[0]]
        assert not keys[0].nullable
        assert all((field.metadata or {})[b"description"].endswith(b".") for field in schema)


def test_another_process_sees_what_is_written_and_old_versions_stay_readable(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("images", images(range(5)))
    before = store.versions()["images"]
    code = (
        f"from core.store import Store; from pathlib import Path; print(Store(Path({str(tmp_path)!r})).count('images'))"
    )
    for expected, more in ((5, images(range(5, 9))), (9, images(range(0)))):
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert int(said.stdout) == expected
        store.append("images", more)
    assert store.read("images", ["image_key"], before).num_rows == 5


def test_a_damaged_table_is_bad_data_with_a_remedy(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("images", images(range(5)))
    for file in (tmp_path / "images.lance" / "data").iterdir():
        file.unlink()
    for read in (lambda: store.read("images"), lambda: list(store.scan("images")), lambda: store.images(["0" * 32])):
        with pytest.raises(BadData, match="images") as caught:
            read()
        assert "winnow check" in caught.value.fix
    for file in (tmp_path / "images.lance" / "_versions").iterdir():
        file.write_bytes(b"?")
    with pytest.raises(BadData, match="cannot be opened"):
        store.dataset("images")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space"),
        OSError(errno.EDQUOT, "Quota"),
        RuntimeError("lance error: LanceError(IO): write (os error 28)"),
    ],
)
def test_no_room_is_a_full_disk(error: Exception) -> None:
    with pytest.raises(DiskFull, match="table x") as caught, writing("table x"):
        raise error
    assert caught.value.__cause__ is error


def test_other_faults_of_writing_stay_what_they_are() -> None:
    with pytest.raises(PermissionError), writing("table x"):
        raise PermissionError(errno.EACCES, "no")


def test_what_a_killed_maker_left_is_no_table_and_is_made_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("images", "tokens--rules--1"):
        (tmp_path / f"{name}.lance" / "data").mkdir(parents=True)
        (tmp_path / f"{name}.lance" / "data" / "half.lance").write_bytes(b"x")
    assert (store.names(), store.versions(), store.count("images"), store.read("images").num_rows) == ([], {}, 0, 0)
    store.append("images", images(range(3)))
    store.create("tokens--rules--1", pa.table({"sample_id": [1]}))
    assert store.versions().keys() == {"images", "tokens--rules--1"}
    assert store.count("images") == 3


def test_a_version_is_named_once_however_often_it_is_asked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("images", images(range(3)))
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(store.tag, "images", "kept", store.versions()["images"]) for _ in range(8)]:
            future.result()
    assert list(store.dataset("images").tags.list()) == ["kept"]


@pytest.mark.parametrize("num_bytes", [0, 1, 4, 8, 20, 100, 400])
def test_a_cut_manifest_is_bad_data_wherever_it_was_cut(tmp_path: Path, num_bytes: int) -> None:
    store = Store(tmp_path)
    store.append("images", images(range(3)))
    for file in (tmp_path / "images.lance" / "_versions").glob("*.manifest"):
        file.write_bytes(file.read_bytes()[:num_bytes])
    with pytest.raises(BadData, match="images"):
        store.versions()


def test_one_chinese_character_is_found_inside_words(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = [
        {
            "sample_id": number,
            "source": "s",
            "original_id": str(number),
            "content_hash": "0" * 32,
            "text": text,
        }
        for number, text in enumerate(("一条狗", "穿黄色上衣的人", "a yellow shirt", "黄山"))
    ]
    store.append("samples", pa.Table.from_pylist(rows, schema=schemas.SAMPLES))
    store.index_text()
    assert sorted(store.search("黄").tolist()) == [1, 3]
    assert len(store.search("黄", 1)) == 1
    assert store.search("黄色").tolist() == [1]
    assert store.search("yellow").tolist() == [2]

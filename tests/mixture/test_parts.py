"""A Parquet file written in parts: wherever it ends, who goes on ends with the same bytes, or learns that he cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.mixture.disk import LostFile
from core.mixture.gather import Sample
from core.mixture.parts import PartsWriter
from tests.mixture.moments import held, moments

SCHEMA = pa.schema([pa.field("sample_id", pa.uint64(), nullable=False), pa.field("turns", pa.list_(pa.string()))])
ROWS_PER_PART = 3


def samples(num: int) -> list[Sample]:
    return [Sample(number, "s", f"{number}", (("human", "Q"), ("gpt", "A" * number)), ()) for number in range(num)]


def table_of(some: list[Sample]) -> Any:
    columns = {"sample_id": [one.sample_id for one in some], "turns": [[text for _, text in one.turns] for one in some]}
    return pa.table(columns, schema=SCHEMA)


def opened(folder: Path, num_parts: int = 0) -> PartsWriter:
    folder.mkdir(exist_ok=True)
    state = {"parts": num_parts} if num_parts else None
    return PartsWriter(folder / "rows.parquet", SCHEMA, table_of, state, rows_per_part=ROWS_PER_PART)


def write(folder: Path, num: int, num_parts: int = 0) -> None:
    """Rows up to `num`, from a checkpoint on."""
    writer = opened(folder, num_parts)
    for sample in samples(num)[num_parts * ROWS_PER_PART :]:
        writer.write(sample)
    writer.close()


@pytest.mark.parametrize("num", [0, 2, 3, 10])
def test_parts_become_row_groups_in_order_and_nothing_else_stays(tmp_path: Path, num: int) -> None:
    write(tmp_path / "rows", num)
    assert [path.name for path in (tmp_path / "rows").iterdir()] == ["rows.parquet"]
    file = pq.ParquetFile(tmp_path / "rows" / "rows.parquet")
    assert file.read()["sample_id"].to_pylist() == list(range(num))
    sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert [size for size in sizes if size] == [min(3, num - start) for start in range(0, num, 3)]


def test_a_checkpoint_is_only_between_parts(tmp_path: Path) -> None:
    writer = opened(tmp_path / "rows")
    states = []
    for sample in samples(7):
        writer.write(sample)
        states.append(writer.checkpoint())
    assert states == [None, None, {"parts": 1}, None, None, {"parts": 2}, None]


@pytest.mark.parametrize("num", [9, 10])
def test_killed_at_any_moment_it_goes_on_from_each_checkpoint_to_the_same_bytes(tmp_path: Path, num: int) -> None:
    write(tmp_path / "whole", num)
    with moments(tmp_path / "rows", tmp_path) as found:
        write(tmp_path / "rows", num)
    assert len(found) >= 8
    assert held(tmp_path / "rows") == held(tmp_path / "whole")
    num_joined = 0
    for at, folder in enumerate(found):
        parts = {name for name in held(folder) if name.startswith(".rows.parquet.0")}
        joined = (folder / "rows.parquet").is_file()
        num_joined += joined
        known = 3 if joined else max((int(name[-6:]) for name in parts), default=0)  # the last may not be whole yet
        for checkpoint in range(known + 1):
            again = tmp_path / f"again {at} {checkpoint}"
            folder.rename(again) if checkpoint == known else _copied(folder, again)
            write(again, num, checkpoint)
            assert held(again) == held(tmp_path / "whole")
    assert num_joined >= 3, "moments between the join and the last part's end are among them"


def _copied(folder: Path, to: Path) -> None:
    to.mkdir()
    for name, data in held(folder).items():
        (to / name).write_bytes(data)


def test_parts_that_nobody_needs_any_more_are_taken_away(tmp_path: Path) -> None:
    """An attempt that goes on may have fewer rows than the one before it: images went."""
    writer = opened(tmp_path / "rows")
    for sample in samples(12):
        writer.write(sample)
    assert len(held(tmp_path / "rows")) == 4
    write(tmp_path / "rows", 7, 2)
    write(tmp_path / "whole", 7)
    assert held(tmp_path / "rows") == held(tmp_path / "whole")


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "shorter"])
def test_a_part_that_the_disk_lost_is_noticed_before_anything_is_written(tmp_path: Path, damage: str) -> None:
    writer = opened(tmp_path / "rows")
    for sample in samples(9):
        writer.write(sample)
    part = tmp_path / "rows" / ".rows.parquet.000001"
    whole = part.read_bytes()
    part.unlink()
    if damage == "shorter":
        pq.write_table(table_of(samples(2)), part)
    elif damage != "gone":
        part.write_bytes(b"" if damage == "empty" else whole[:-9])
    with pytest.raises(LostFile, match=r"rows\.parquet"):
        opened(tmp_path / "rows", 3)
    write(tmp_path / "rows", 9, 1)
    write(tmp_path / "whole", 9)
    assert held(tmp_path / "rows") == held(tmp_path / "whole")


def test_parts_are_not_taken_from_a_joined_file_that_has_fewer(tmp_path: Path) -> None:
    write(tmp_path / "rows", 5)
    with pytest.raises(LostFile, match="does not hold it"):
        opened(tmp_path / "rows", 2)


def test_letting_go_leaves_what_is_there(tmp_path: Path) -> None:
    writer = opened(tmp_path / "rows")
    for sample in samples(7):
        writer.write(sample)
    before = held(tmp_path / "rows")
    writer.abandon()
    assert held(tmp_path / "rows") == before

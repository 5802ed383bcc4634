"""Target `uids`: which samples, and nothing else: a text, rows to join by, and the array that DataComp's tools read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData
from core.mixture.gather import Sample
from core.mixture.lines import LinesWriter, read_lines
from core.mixture.target import Place, Plain, RowRead, Written
from core.store.ids import id_hex, sample_id

TEXT_FILE = "uids.txt"
ROWS_FILE = "uids.jsonl"
ARRAY_FILE = "uids.npy"
_UID = re.compile(r"[0-9a-f]{32}")
_HALVES = np.dtype("u8,u8")


class Uids(Plain):
    """Lists of ids, in the recipe's order; repeats stay repeats."""

    key: ClassVar[str] = "uids"
    title: ClassVar[str] = "List of ids"
    bare: ClassVar[bool] = True

    def carried(self, sample: Sample) -> Sample:
        return sample._replace(turns=(), images=())

    def open(self, place: Place, state: dict[str, Any] | None) -> LinesWriter:
        return LinesWriter(place.folder / ROWS_FILE, _row, state)

    def finish(self, place: Place, written: Written) -> Written:
        with (place.folder / TEXT_FILE).open("w", encoding="ascii", newline="\n") as file:
            file.writelines(f"{id_hex(value)}\n" for value in written.sample_ids.tolist())
        pool = place.mixture.pool
        originals = pool.original_id.take(pool.rows_of(written.sample_ids)).to_pylist()
        np.save(place.folder / ARRAY_FILE, halves(originals, written.sample_ids))
        return written

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        array = np.load(folder / ARRAY_FILE)
        seen: list[int] = []
        originals: list[str] = []
        with (folder / TEXT_FILE).open(encoding="ascii") as lines:
            for row, line in zip(read_lines(folder / ROWS_FILE), lines, strict=True):
                if line != f"{row['sample_id']}\n" or row["sample_id"] != id_hex(sample_id(row["source"], row["id"])):
                    raise BadData(f"{TEXT_FILE} and {ROWS_FILE} name other samples.", "Export again.")
                seen.append(int(row["sample_id"], 16))
                originals.append(row["id"])
                yield RowRead(row["source"], row["id"], (), ())
        if not np.array_equal(array, halves(originals, np.array(seen, dtype=np.uint64))):
            raise BadData(f"{ARRAY_FILE} names other samples than {TEXT_FILE}.", "Export again.")

    def card(self) -> str:
        return (
            "`uids.txt` has a sample id a line (16 hexadecimal digits) in the recipe's order, `uids.jsonl` the source and the "
            "id within it beside each. `uids.npy` is what DataComp's resharder takes, sorted pairs of `u8`: ids of 32 "
            "hexadecimal digits as their two halves, any other as 0 and its sample id.\n\n"
            "```\nwinnow import-evidence WS uids.txt --format index-list\n```"
        )


def halves(originals: list[str], sample_ids: NDArray[np.uint64]) -> NDArray[np.void]:
    """[K] pairs (u8, u8), ascending: 128-bit uids as DataComp stores them; repeats stay."""
    pairs = [
        (int(text[:16], 16), int(text[16:], 16)) if _UID.fullmatch(text) else (0, number)
        for text, number in zip(originals, sample_ids.tolist(), strict=True)
    ]
    return np.array(sorted(pairs), dtype=_HALVES)


def _row(sample: Sample) -> dict[str, Any]:
    return {"sample_id": id_hex(sample.sample_id), "source": sample.source, "id": sample.original_id}

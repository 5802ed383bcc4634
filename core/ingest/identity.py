"""Ids by the reproducibility contract: what a whole data set's ids are, and which name the k-th row of a repeated id gets.

A first pass over the files hashes every id, because whether `a#2` is free depends on rows that may come later.
Memory: 16 bytes a row, and a few dozen for each repeated one.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData
from core.ingest.files import DataFile
from core.ingest.reader import RawRecord, read_records
from core.ingest.reasons import Rejected
from core.ingest.records import fields, original_id, record_source
from core.ingest.settings import IngestSettings
from core.store.ids import id_hex, sample_id

_TELL_EVERY = 5000


def key_check(source: str, original: str) -> int:
    """A second hash of a sample's key, independent of its id: two keys with one id differ in it."""
    digest = blake2b(f"{source}\u001f{original}".encode(), digest_size=8, person=b"check")
    return int.from_bytes(digest.digest(), "big")


def key_of(record: RawRecord, file: DataFile, settings: IngestSettings) -> tuple[str, str]:
    """(source, original id) as the row says them; Rejected when it cannot."""
    values = fields(record)
    source = record_source(values, settings.source_from) if settings.source_from else file.source
    return source, original_id(values, file.path.name, record.row)


@dataclass
class Survey:
    """What the first pass found.

    `files`: rows per file, in order. `sources`: source to the files it occurs in. `sample_ids`: [N] uint64, sorted, one per row
    with an id, repeats included; `checks`: [N] uint64, their key_check.
    """

    files: list[int]
    sources: dict[str, list[DataFile]]
    sample_ids: NDArray[np.uint64]
    checks: NDArray[np.uint64]
    _repeated: set[int] = field(default_factory=set)
    _last_k: dict[int, int] = field(default_factory=dict)
    _given: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        same = self.sample_ids[1:] == self.sample_ids[:-1]
        differing = np.flatnonzero(same & (self.checks[1:] != self.checks[:-1]))
        if len(differing):
            raise collision(int(self.sample_ids[differing[0]]), "two records of this data set")
        self._repeated = set(self.sample_ids[1:][same].tolist())

    @property
    def num_records(self) -> int:
        return sum(self.files)

    def num_taken(self, limit: int | None) -> int:
        """Records an ingest takes when it takes at most `limit` a file."""
        return sum(rows if limit is None else min(rows, limit) for rows in self.files)

    def name(self, source: str, original: str) -> tuple[int, str]:
        """(sample_id, original id) of the next row that says this key; to be called once for each row, in file order.

        The k-th row of a key gets `#k`; when that is the id of another row it takes the next k.
        """
        first = sample_id(source, original)
        if first not in self._repeated:
            return first, original
        k = self._last_k.get(first, 0) + 1
        if k == 1:
            self._last_k[first] = 1
            return first, original
        while True:
            name = f"{original}#{k}"
            found, check = sample_id(source, name), key_check(source, name)
            if self._is_real(found, check):
                k += 1
                continue
            if self._given.setdefault(found, check) != check:
                raise collision(found, f"{name!r} of {source!r} and another record")
            self._last_k[first] = k
            return found, name

    def _is_real(self, found: int, check: int) -> bool:
        place = int(np.searchsorted(self.sample_ids, np.uint64(found)))
        if place == len(self.sample_ids) or int(self.sample_ids[place]) != found:
            return False
        if int(self.checks[place]) != check:
            raise collision(found, "two records of this data set")
        return True


def collision(found: int, between: str) -> BadData:
    return BadData(
        f"Two different keys have the sample id {id_hex(found)}: {between}.",
        "Give one of the data sets another name with --source; nothing that stood before was changed.",
    )


def survey(files: Iterable[DataFile], settings: IngestSettings, told: Callable[[int, str], None]) -> Survey:
    """Read all files once: their rows, sources and ids. A syntax error in a list ends it here, before anything is written."""
    sample_ids, checks = array("Q"), array("Q")
    rows: list[int] = []
    sources: dict[str, list[DataFile]] = {}
    for file in files:
        count = 0
        for record in _told(read_records(file.path, file.layout), sum(rows), file, told):
            count += 1
            try:
                source, original = key_of(record, file, settings)
            except Rejected:
                continue  # it is counted with its reason when the rows are read for good
            sample_ids.append(sample_id(source, original))
            checks.append(key_check(source, original))
            if file not in sources.setdefault(source, []):
                sources[source].append(file)
        rows.append(count)
    ids = np.frombuffer(sample_ids, dtype=np.uint64) if sample_ids else np.empty(0, np.uint64)
    said = np.frombuffer(checks, dtype=np.uint64) if checks else np.empty(0, np.uint64)
    order = np.lexsort((said, ids))
    return Survey(rows, sources, ids[order], said[order])


def _told(
    records: Iterator[RawRecord], before: int, file: DataFile, told: Callable[[int, str], None]
) -> Iterator[RawRecord]:
    for count, record in enumerate(records, start=before + 1):
        if count % _TELL_EVERY == 0:
            told(count, f"checking {file.path.name}")
        yield record

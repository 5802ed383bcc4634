"""Evidence tables: anything said about a sample by a named, versioned producer, one table per (kind, producer, version).

A row counts only while the sample still has the content it was said about; "missing" means no such row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from core.errors import BadInput
from core.store import schemas
from core.store.tables import Store

PRECEDENCE = ("person", "judge", "mmssr", "distilled", "rules", "open_clip", "descriptors", "umap", "pca")
"""Who is believed first, cell by cell; producers not named here come after these, by name."""

_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_SEPARATOR = "--"


@dataclass(frozen=True)
class Producer:
    """Who said something: a name such as `rules`, a version, and the table it stands in."""

    kind: str
    name: str
    version: str

    @property
    def table(self) -> str:
        return _SEPARATOR.join((self.kind, self.name, self.version))


def producer(kind: str, name: str, version: str) -> Producer:
    """A producer with its parts checked; BadInput for a name that cannot be a table."""
    if kind not in schemas.EVIDENCE and kind != "embedding":
        raise BadInput(
            f"{kind!r} is not a kind of evidence.", f"Use one of {', '.join([*schemas.EVIDENCE, 'embedding'])}."
        )
    for part in (name, version):
        if (not _NAME.fullmatch(part) and not re.fullmatch(r"[0-9][a-z0-9_.]*", part)) or _SEPARATOR in part:
            raise BadInput(
                f"{part!r} cannot name a producer or version.", "Use lower-case letters, digits, dots and dashes."
            )
    return Producer(kind, name, version)


def producers(store: Store, kind: str | None = None) -> list[Producer]:
    """All producers that have written, most believed first, newer versions before older ones."""
    found = []
    for name in store.names():
        parts = name.split(_SEPARATOR)
        if len(parts) == 3 and (kind is None or parts[0] == kind):
            found.append(Producer(*parts))

    def rank(entry: Producer) -> tuple[str, int, str]:
        known = PRECEDENCE.index(entry.name) if entry.name in PRECEDENCE else len(PRECEDENCE)
        return entry.kind, known, entry.name

    found.sort(key=lambda entry: _version_key(entry.version), reverse=True)
    return sorted(found, key=rank)


def _version_key(version: str) -> list[tuple[int, int, str]]:
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"[.\-_]", version)]


def write(
    store: Store, who: Producer, rows: pa.Table, settings: Mapping[str, Any] | None = None, *, replace: bool = False
) -> None:
    """Write rows (sample_id, content_hash and the kind's columns); the same sample's earlier row is replaced.

    `replace` starts the table anew, which is right for maps and clusters, since their rows only mean something together.
    `settings` are kept with the table and given back by `settings_of`.
    """
    schema = schemas.EVIDENCE.get(who.kind) or schemas.embedding_schema(rows.schema.field("vector").type.list_size)
    rows = rows.select(schema.names).cast(schema)
    if settings is not None:
        rows = rows.replace_schema_metadata({"winnow-settings": json.dumps(dict(settings), sort_keys=True)})
    if replace and store.exists(who.table):
        store.create(who.table, rows, replace=True)
        return
    if not store.exists(who.table):
        try:
            store.create(who.table, rows)
            return
        except ValueError:
            if not store.exists(who.table):
                raise  # else another process made it in between
    store.merge(who.table, rows.replace_schema_metadata(None), "sample_id")


def settings_of(store: Store, who: Producer) -> dict[str, Any]:
    """The settings a table was first written with; empty when none were kept."""
    metadata = store.dataset(who.table).schema.metadata or {}
    settings: dict[str, Any] = json.loads(metadata.get(b"winnow-settings", b"{}"))
    return settings


def read(store: Store, who: Producer) -> pa.Table:
    """All rows of a producer, stale ones included: join on (sample_id, content_hash) to leave those out."""
    return store.read(who.table)


def missing(store: Store, who: Producer) -> pa.Table:
    """(sample_id, content_hash) of samples this producer has not spoken about as they are now, in table order."""
    samples = store.read("samples", ["sample_id", "content_hash"])
    if not store.exists(who.table) or not samples.num_rows:
        return samples
    said = store.read(who.table, ["sample_id", "content_hash"])
    samples = samples.append_column("row", pa.array(range(samples.num_rows), pa.int64()))
    left = samples.join(said, ["sample_id", "content_hash"], join_type="left anti")  # in any order
    return left.sort_by("row").drop(["row"])

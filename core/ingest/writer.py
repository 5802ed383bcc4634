"""Batches of checked records into the tables: images before the samples that need them, each batch one version.

What is known already is looked up here, so that reading a data set twice writes nothing.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.ingest import quarantine
from core.ingest.files import DataFile
from core.ingest.identity import collision
from core.ingest.known import Known, KnownImages, intact
from core.ingest.loading import LoadedImage, Loader
from core.ingest.quarantine import Quarantined, path_text
from core.ingest.records import Draft
from core.ingest.settings import IngestSettings
from core.store import Store, schemas
from core.store.ids import content_hash
from core.workspace import Workspace, write_json

_BATCH_ROWS = 16_384
_BATCH_IMAGE_BYTES = 128 << 20
_BATCH_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A record that passed every check."""

    sample_id: int
    source: str
    original_id: str
    ingest_row: int
    draft: Draft
    images: tuple[LoadedImage, ...]


@dataclass
class Batch:
    """Records that are written together."""

    ready: list[Ready] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    image_bytes: int = 0
    started: float = field(default_factory=time.monotonic)

    def add(self, row: Ready | Quarantined) -> None:
        if isinstance(row, Quarantined):
            self.quarantined.append(row)
        else:
            self.ready.append(row)
            self.image_bytes += sum(len(image.file.data) for image in row.images if image.file is not None)

    @property
    def is_full(self) -> bool:
        """Large enough to be worth a version of the tables, or so old that an interruption would cost much."""
        return (
            len(self.ready) + len(self.quarantined) >= _BATCH_ROWS
            or self.image_bytes >= _BATCH_IMAGE_BYTES
            or time.monotonic() - self.started >= _BATCH_SECONDS
        )


class Writer:
    """Writes batches, or only counts what it would write when the settings say dry run."""

    def __init__(
        self,
        workspace: Workspace | None,
        settings: IngestSettings,
        known: KnownImages,
        loader: Loader,
        sources: dict[str, list[DataFile]],
        image_root: Path,
    ) -> None:
        self.settings, self.known, self.loader = settings, known, loader
        self.counts: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self._workspace = workspace
        self._store: Store | None = workspace.store if workspace else None
        self._writes = workspace is not None and not settings.dry_run
        self._sources, self._image_root = sources, image_root
        self._unrecorded = set(sources)
        self._sha256: dict[Path, str] = {}
        self._ingest = uuid.uuid4().hex
        self._given_up: set[str] = set()  # images of replaced samples, which others may still show
        stored = (
            [batch.column(0).to_numpy() for batch in self._store.scan("samples", ["sample_id"], 1 << 16)]
            if self._store
            else []
        )
        self._stored_ids = np.sort(np.concatenate(stored)) if stored else np.empty(0, np.uint64)

    def begin(self) -> None:
        self._mark(self.settings.model_dump(mode="json"))

    def write(self, batch: Batch) -> None:
        new, replaced = self._told_apart(batch.ready)
        self.counts["ingested"] += len(new)
        self.counts["replaced"] += len(replaced)
        self.quarantined.update(row.reason for row in batch.quarantined)
        seen = batch.ready if self.settings.update else [row for row, _ in new + replaced]
        self._write_images(image for row in seen for image in row.images)
        if self._writes and self._store is not None:
            self._record_sources({row.source for row in batch.ready} & self._unrecorded)
            self._store.append("samples", _samples_table(new))
            self._store.merge("samples", _samples_table(replaced), "sample_id")
            quarantine.write(self._store, batch.quarantined, self._ingest)

    def end(self, files: list[DataFile], *, whole: bool) -> None:
        """Drop quarantine rows of these files that a whole reading did not find again, and refresh the indexes."""
        if not self._writes or self._store is None:
            return
        if whole:
            quarantine.forget(self._store, [file.path for file in files], self._ingest)
        if self._given_up:
            self._delete_unused_images()
        if self.counts["ingested"] or self.counts["replaced"]:
            self._store.index_text()
            self._store.index_keys()
        self._mark(None)

    def _delete_unused_images(self) -> None:
        """Delete images that only replaced samples showed; versions of the table that a snapshot names keep them."""
        assert self._store is not None
        unused = set(self._given_up)
        for batch in self._store.scan("samples", ["image_keys"], 1 << 14):
            unused.difference_update(batch.column(0).flatten().to_pylist())
        if unused:
            self._store.delete("images", f"image_key IN ({', '.join(repr(key) for key in sorted(unused))})")

    def _told_apart(self, ready: list[Ready]) -> tuple[list[tuple[Ready, str]], list[tuple[Ready, str]]]:
        """(new, to be replaced) with their content hashes; the others are counted. A foreign key under one id ends the ingest."""
        found = self._stored([row.sample_id for row in ready])
        new, replaced = [], []
        for row in ready:
            digest = content_hash(row.draft.turns, [image.key for image in row.images])
            stored = found.get(row.sample_id)
            if stored is None:
                new.append((row, digest))
            elif (stored["source"], stored["original_id"]) != (row.source, row.original_id):
                theirs = f"{stored['original_id']!r} of {stored['source']!r} in the workspace"
                raise collision(row.sample_id, f"{theirs} and {row.original_id!r} of {row.source!r}")
            elif stored["content_hash"] == digest:
                self.counts["already_known"] += 1
            else:
                self.counts["changed"] += 1
                if self.settings.update:
                    replaced.append((row, digest))
                    self._given_up.update(stored["image_keys"])
        return new, replaced

    def _stored(self, sample_ids: list[int]) -> dict[int, dict[str, Any]]:
        if self._store is None or not len(self._stored_ids) or not sample_ids:
            return {}
        wanted = np.array(sample_ids, np.uint64)
        place = np.minimum(np.searchsorted(self._stored_ids, wanted), len(self._stored_ids) - 1)
        known = wanted[self._stored_ids[place] == wanted].tolist()
        columns = ["sample_id", "source", "original_id", "content_hash", "image_keys"]
        return {row["sample_id"]: row for row in self._store.samples(known, columns).to_pylist()}

    def _write_images(self, wanted: Iterable[LoadedImage]) -> None:
        """Append images that are not there; replace those whose bytes are asked for and missing, or kept and damaged."""
        by_key: dict[str, LoadedImage] = {}
        for image in wanted:
            by_key.setdefault(image.key, image)  # the first path with this content is its origin
        copies = self.settings.images == "copy"
        new, again, suspects = [], [], []
        for key, image in by_key.items():
            known = self.known.get(key)
            if known is None:
                new.append(image)
            elif not known.has_bytes and (copies or self.settings.update):
                again.append(image)
            elif known.has_bytes and self.settings.update:
                suspects.append(key)
        if suspects and self._store is not None:
            sound = intact(self._store, suspects)
            again.extend(by_key[key] for key in suspects if key not in sound)
        self.counts["num_images"] += len(new) + len(again)
        loaded = {
            "new": [self.loader.again(image) for image in new],
            "again": [self.loader.again(image) for image in again],
        }
        self.counts["image_bytes"] += sum(
            len(image.file.data) for rows in loaded.values() for image in rows if image.file
        )
        if self._writes and self._store is not None:
            self._store.append("images", self._images_table(loaded["new"]))
            self._store.merge("images", self._images_table(loaded["again"]), "image_key")
        for rows in loaded.values():
            self.known.add({image.key: Known(image.width_px, image.height_px, copies) for image in rows})

    def _images_table(self, rows: list[LoadedImage]) -> pa.Table:
        complete = [(image, image.file, image.picture) for image in rows if image.file and image.picture]
        assert len(complete) == len(rows)
        copies = self.settings.images == "copy"
        columns = {
            "image_key": [image.key for image, _, _ in complete],
            "bytes": [file.data if copies else None for _, file, _ in complete],
            "kept": [copies] * len(complete),
            "thumbnail": [picture.thumbnail for _, _, picture in complete],
            "width_px": [picture.width_px for _, _, picture in complete],
            "height_px": [picture.height_px for _, _, picture in complete],
            "format": [picture.format for _, _, picture in complete],
            "origin_path": [path_text(file.path) for _, file, _ in complete],
            "size_bytes": [len(file.data) for _, file, _ in complete],
            "mtime_ns": [file.mtime_ns for _, file, _ in complete],
        }
        return pa.table(columns, schema=schemas.IMAGES)

    def _record_sources(self, names: set[str]) -> None:
        """Write down where the sources come from, once each, before their first samples; what was stated before is kept."""
        if not names or self._store is None:
            return
        before = {row["source"]: row for row in self._store.read("sources").to_pylist()}
        stated = {name: getattr(self.settings, name) for name in ("licence", "revision", "category")}
        rows = []
        for name in sorted(names):
            old = before.get(name, {})
            read = {path_text(file.path): self._hash_of(file) for file in self._sources[name]}
            before_now = zip(old.get("paths") or [], old.get("file_sha256") or [], strict=True)
            hashes = {
                path: digest for path, digest in before_now if path in read or digest not in read.values()
            }  # a file may move
            hashes |= read
            row = {
                "source": name,
                "format": ", ".join(sorted({file.layout for file in self._sources[name]})),
                **{field: value if value is not None else old.get(field) for field, value in stated.items()},
                "paths": list(hashes),
                "file_sha256": list(hashes.values()),
                "sha256": sha256("".join(hashes.values()).encode("ascii")).hexdigest(),
                "image_root": path_text(self._image_root),
                "images": self.settings.images,
                "source_from": self.settings.source_from or None,
            }
            if any(old.get(field, ...) != value for field, value in row.items()):  # else no version for its date alone
                rows.append({**row, "ingested_at": datetime.now(UTC).isoformat(timespec="seconds")})
        self._store.merge("sources", pa.Table.from_pylist(rows, schema=schemas.SOURCES), "source")
        self._unrecorded -= names

    def _hash_of(self, file: DataFile) -> str:
        if file.path not in self._sha256:
            self._sha256[file.path] = file.sha256()
        return self._sha256[file.path]

    def _mark(self, settings: dict[str, Any] | None) -> None:
        """Write into the workspace that this path is being ingested, or with None that it has been."""
        if not self._writes or self._workspace is None:
            return
        path = self._workspace.unfinished_path
        marks = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        name = ", ".join(path_text(path) for path in self.settings.paths)
        marks.pop(name, None)
        if settings is not None:
            marks[name] = settings
        if marks:
            write_json(path, marks)
        else:
            path.unlink(missing_ok=True)


def _samples_table(rows: list[tuple[Ready, str]]) -> pa.Table:
    first = [row.images[0] if row.images else None for row, _ in rows]
    columns = {
        "sample_id": [row.sample_id for row, _ in rows],
        "source": [row.source for row, _ in rows],
        "original_id": [row.original_id for row, _ in rows],
        "content_hash": [digest for _, digest in rows],
        "conversations": [[{"role": role, "text": text} for role, text in row.draft.turns] for row, _ in rows],
        "question": [row.draft.question for row, _ in rows],
        "text": [row.draft.text for row, _ in rows],
        "image_keys": [[image.key for image in row.images] for row, _ in rows],
        "num_images": [len(row.images) for row, _ in rows],
        "num_turns": [row.draft.num_turns for row, _ in rows],
        "num_chars": [row.draft.num_chars for row, _ in rows],
        "width_px": [image.width_px if image else None for image in first],
        "height_px": [image.height_px if image else None for image in first],
        "ingest_row": [row.ingest_row for row, _ in rows],
        "extra": [row.draft.extra for row, _ in rows],
    }
    return pa.table(columns, schema=schemas.SAMPLES)

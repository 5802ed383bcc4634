"""Is a workspace sound? Rows against images, evidence against samples, keys, bytes, versions, unfinished work; each with its remedy.

    check(Workspace.open(path)).problems

Cost: one pass over the narrow columns; bytes and contents are verified for a spread of 2,000 rows, or for all with `full`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.check import remedies
from core.check.remedies import quoted
from core.errors import Busy, StudioError
from core.progress import Progress, silent
from core.runs import list_runs
from core.store import evidence, ratings
from core.store.ids import content_hash, id_hex, image_key, sample_id
from core.store.locks import is_held, writer_lock
from core.workspace import RATINGS, Workspace

_SPREAD_ROWS = 2000
_BATCH_ROWS = 256

SAYS = {
    "unreadable_table": "A table cannot be read.",
    "missing_data_file": "A file that a table names is not there.",
    "duplicate_keys": "Rows stand twice under one key.",
    "unknown_source": "Samples belong to a source the workspace has no record of.",
    "missing_images": "Samples show images the workspace does not have.",
    "wrong_sample_id": "Samples stand under an id that is not the one of their source and original id.",
    "changed_content": "Samples hold other content than when they were ingested.",
    "changed_image_bytes": "Kept images hold other bytes than when they were ingested.",
    "referenced_image_missing": "Referenced images are no longer where they were.",
    "referenced_image_changed": "Referenced images have changed since they were ingested.",
    "orphan_evidence": "Evidence speaks of samples that do not exist.",
    "stale_evidence": "Evidence speaks of content that samples no longer have.",
    "broken_snapshot": "A pinned snapshot names versions of tables that are gone.",
    "unfinished_ingest": "An ingest did not end.",
    "unfinished_export": "An export did not end.",
    "unfinished_run": "A run ended without saying how.",
    "unreadable_acts": "What people did (ratings, saved selections, filters) cannot be read.",
    "unreadable_ratings": "Ratings cannot be read, and so do not count.",
}
"""Code of a problem to what it says."""


class Problem(BaseModel):
    """Something that is not as it should be, and the command that mends it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    count: int = Field(ge=1)
    fix: str
    says: str
    where: str = Field(description="Table, file or run it is about.")


class CheckReport(BaseModel):
    """What a check found; no problems means sound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: bool
    problems: list[Problem]
    num_samples: int
    num_images: int
    full: bool

    def to_json(self) -> dict[str, Any]:
        """What `winnow check --json` prints."""
        return self.model_dump(mode="json")


def check(workspace: Workspace, *, full: bool = False, progress: Progress = silent) -> CheckReport:
    """Look at everything and change nothing. `full` reads all bytes and contents instead of a spread of them."""
    work = _Check(workspace, full)
    steps: list[tuple[str, Callable[[], None]]] = [
        ("tables", work.tables),
        ("keys", work.keys),
        ("samples", work.samples),
        ("contents", work.contents),
        ("kept images", work.kept_images),
        ("referenced images", work.referenced_images),
        ("evidence", work.evidence),
        ("snapshots", work.snapshots),
        ("unfinished work", work.unfinished),
        ("acts", work.acts),
    ]
    for index, (note, step) in enumerate(steps):
        progress(index, len(steps), f"checking {note}")
        step()
    progress(len(steps), len(steps), "checked")
    counts = [work.store.count(name) if name in work.readable else 0 for name in ("samples", "images")]
    return CheckReport(
        ok=not work.problems, problems=work.problems, num_samples=counts[0], num_images=counts[1], full=full
    )


class _Check:
    """One check under way."""

    def __init__(self, workspace: Workspace, full: bool) -> None:
        self.workspace, self.store, self.full = workspace, workspace.store, full
        self.problems: list[Problem] = []
        self.readable: set[str] = set()

    def report(self, code: str, count: int, where: str, fix: str) -> None:
        if count:
            self.problems.append(Problem(code=code, count=int(count), fix=fix, says=SAYS[code], where=where))

    def sources(self, names: set[str] | None = None) -> list[dict[str, Any]]:
        """Rows of the table `sources`, all or those named; none when it cannot be read."""
        rows = self.store.read("sources").to_pylist() if "sources" in self.readable else []
        return [row for row in rows if names is None or row["source"] in names]

    def make_again(self, table: str) -> str:
        return remedies.make_again(self.workspace, table, self.sources())

    def ingest_again(self, names: set[str]) -> str:
        return remedies.ingest_again(self.workspace, self.sources(names))

    # -- steps --------------------------------------------------------------------------------------------------------

    def tables(self) -> None:
        """Every table opens, its files are there, and its columns (with `full`: all, else without bytes and vectors) can be read."""
        for name in sorted(self.store.names(), key=lambda name: name != "sources"):  # remedies name sources
            folder = self.store.path / f"{name}.lance" / "data"
            try:
                dataset = self.store.dataset(name)
                files = [file.path for fragment in dataset.get_fragments() for file in fragment.data_files()]
                gone = sum(not (folder / file).is_file() for file in files)
                if gone:
                    self.report("missing_data_file", gone, name, self.make_again(name))
                    continue
                heavy = () if self.full else ("bytes", "thumbnail", "vector", "conversations", "text")
                columns = [field for field in dataset.schema.names if field not in heavy]
                for _ in self.store.scan(name, columns, 1 << 14):
                    pass
            except (StudioError, OSError, RuntimeError, ValueError, pa.ArrowException):
                self.report("unreadable_table", 1, name, self.make_again(name))
                continue
            self.readable.add(name)
        known = set(self.store.names())
        for folder in sorted(
            self.store.path.glob("*.lance")
        ):  # rows were written, but no version of the table names them
            if folder.stem not in known and any((folder / "data").glob("*")):
                self.report("unreadable_table", 1, folder.stem, self.make_again(folder.stem))

    def keys(self) -> None:
        for name in sorted(self.readable):
            schema = self.store.dataset(name).schema
            key = next(
                (field.name for field in schema if (field.metadata or {}).get(b"lance-schema:unenforced-primary-key")),
                None,
            )
            key = key or ("sample_id" if "sample_id" in schema.names else None)
            if key is not None:
                column = self.store.read(name, [key])[key]
                self.report(
                    "duplicate_keys", len(column) - pc.count_distinct(column).as_py(), name, self.make_again(name)
                )

    def samples(self) -> None:
        """Each sample has a source and all its images."""
        if "samples" not in self.readable:
            return
        known = (
            self.store.read("sources", ["source"])["source"]
            if "sources" in self.readable
            else pa.array([], pa.string())
        )
        have = (
            self.store.read("images", ["image_key"])["image_key"]
            if "images" in self.readable
            else pa.array([], pa.string())
        )
        have, known = _one(have), _one(known)
        lost, without_source = 0, 0
        lost_sources: set[str] = set()
        for batch in self.store.scan("samples", ["source", "image_keys"], 1 << 16):
            sources, keys = batch.column(0), batch.column(1)
            without_source += pc.sum(pc.invert(pc.is_in(sources, value_set=known))).as_py() or 0
            absent = pc.invert(pc.is_in(keys.flatten(), value_set=have))
            rows = np.unique(pc.list_parent_indices(keys).filter(absent).to_numpy(zero_copy_only=False))
            lost += len(rows)
            lost_sources.update(sources.take(pa.array(rows)).unique().to_pylist())
        self.report("unknown_source", without_source, "sources", remedies.ingest_again(self.workspace, []))
        self.report("missing_images", lost, "images", self.ingest_again(lost_sources))

    def contents(self) -> None:
        """Ids and content hashes are those of what the rows hold."""
        columns = ["sample_id", "source", "original_id", "content_hash", "conversations", "image_keys"]
        wrong_id, changed = 0, 0
        sources: set[str] = set()
        for row in self._rows("samples", columns):
            wrong_id += row["sample_id"] != sample_id(row["source"], row["original_id"])
            turns = [(turn["role"], turn["text"]) for turn in row["conversations"] or []]
            if row["content_hash"] != content_hash(turns, row["image_keys"] or []):
                changed += 1
                sources.add(row["source"])
        self.report("wrong_sample_id", wrong_id, "samples", self.make_again("samples") if wrong_id else "")
        self.report("changed_content", changed, "samples", self.make_again("samples") if changed else "")

    def kept_images(self) -> None:
        changed = {row["image_key"] for row in self._rows("images", ["image_key", "bytes"]) if _differs(row)}
        self.report(
            "changed_image_bytes",
            len(changed),
            "images",
            self.ingest_again(self._sources_of(changed)) if changed else "",
        )

    def referenced_images(self) -> None:
        """Files are where they were; where size or time differ (with `full`: always) their bytes are hashed."""
        if "images" not in self.readable:
            return
        columns = ["image_key", "origin_path", "size_bytes", "mtime_ns"]
        missing, changed = set(), set()
        for row in self.store.dataset("images").to_table(columns=columns, filter="NOT kept").to_pylist():
            path = Path(row["origin_path"])
            try:
                status = path.stat()
                same = (status.st_size, status.st_mtime_ns) == (row["size_bytes"], row["mtime_ns"])
                if (self.full or not same) and image_key(path.read_bytes()) != row["image_key"]:
                    changed.add(row["image_key"])
            except OSError:
                missing.add(row["image_key"])
        for code, keys in (("referenced_image_missing", missing), ("referenced_image_changed", changed)):
            self.report(
                code,
                len(keys),
                "images",
                f"Put the files back, or: {self.ingest_again(self._sources_of(keys))}" if keys else "",
            )

    def evidence(self) -> None:
        """Each row speaks of a sample as it is now."""
        if "samples" not in self.readable:
            return
        samples = self.store.read("samples", ["sample_id", "content_hash"])
        ids = samples["sample_id"].to_numpy()
        order = np.argsort(ids)
        hashes = _one(samples["content_hash"]).take(pa.array(order))
        ids = ids[order]
        for who in evidence.producers(self.store):
            if who.table not in self.readable:
                continue
            said = self.store.read(who.table, ["sample_id", "content_hash"])
            place, found = _look_up(ids, said["sample_id"].to_numpy())
            here = pa.array(np.flatnonzero(found))
            stale = pc.not_equal(_one(said["content_hash"]).take(here), hashes.take(pa.array(place[found])))
            self.report("orphan_evidence", int((~found).sum()), who.table, self.make_again(who.table))
            self.report(
                "stale_evidence", pc.sum(stale).as_py() or 0, who.table, remedies.produce(self.workspace, who.table)
            )

    def snapshots(self) -> None:
        for path in sorted((self.workspace.path / "snapshots").glob("*.json")):
            try:
                versions: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
                gone = sum(
                    not self._has_version(table, version) for table, version in versions.items() if table != RATINGS
                )
            except (ValueError, AttributeError, OSError):
                gone = 1
            fix = f"Remove {quoted(path)}; selections and recipes that name it have to be made again."
            self.report("broken_snapshot", gone, path.stem, fix)

    def unfinished(self) -> None:
        self._unfinished_ingest()
        self._unfinished_exports()
        for run in list_runs(self.workspace.path):
            if run.state == "died":
                fix = f"Run `winnow runs {quoted(self.workspace.path)} resume {run.run_id}`."
                self.report("unfinished_run", 1, run.run_id, fix)

    def _unfinished_ingest(self) -> None:
        path = self.workspace.unfinished_path
        if not path.exists():
            return
        try:
            with writer_lock(self.workspace.path, "ingest"):
                marks: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        except Busy:
            return  # it is being finished
        except ValueError:
            self.report("unfinished_ingest", 1, path.name, f"Ingest your data sets again, then remove {quoted(path)}.")
            return
        for name, settings in marks.items():
            self.report("unfinished_ingest", 1, name, remedies.resume_ingest(self.workspace, settings))

    def _unfinished_exports(self) -> None:
        """The temporary folders that exports are written in, but of those that are being written now."""
        for path in sorted(self.workspace.exports_dir.glob(".*.partial")):
            if not path.is_dir() or is_held(path.with_name(f"{path.name}.lock")):
                continue
            final = path.with_name(path.name[1:].removesuffix(".partial"))
            fix = f"Run the same `winnow export` to {quoted(final)} again: it goes on where it stopped. Or delete {quoted(path)}."
            self.report("unfinished_export", 1, final.name, fix)

    def acts(self) -> None:
        if not self.workspace.acts_path.exists():
            return
        try:
            uri = (
                f"{self.workspace.acts_path.as_uri()}?mode=ro"  # as_uri escapes what a URI would read as its own: # ? %
            )
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            sound = False
        fix = f"Restore {quoted(self.workspace.acts_path)} from a copy, or move it out of the workspace to start anew without it."
        self.report("unreadable_acts", 0 if sound else 1, self.workspace.acts_path.name, fix)
        if sound:
            self._ratings()

    def _ratings(self) -> None:
        """Each rating can be read and speaks of a sample as it is now."""
        found = ratings.Ratings(self.workspace)
        self.report(
            "unreadable_ratings", found.num_unreadable, RATINGS, remedies.rate_again(self.workspace, found.unreadable)
        )
        if "samples" not in self.readable:
            return
        rows = ratings.table(self.workspace)
        rows = rows.filter(pc.invert(rows["counts"]))
        here = pc.is_in(rows["sample_id"], value_set=_one(self.store.read("samples", ["sample_id"])["sample_id"]))
        for code, which in (("stale_evidence", rows.filter(here)), ("orphan_evidence", rows.filter(pc.invert(here)))):
            about = [id_hex(one) for one in which["sample_id"].unique().to_pylist()]
            self.report(code, which.num_rows, RATINGS, remedies.rate_again(self.workspace, about))

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _rows(self, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
        """All rows with `full`, else a spread of them; none of an unreadable table. A page that cannot be read is reported."""
        if table not in self.readable:
            return
        dataset = self.store.dataset(table)
        num_rows = dataset.count_rows()
        chosen = (
            np.arange(num_rows)
            if self.full
            else np.unique(np.linspace(0, num_rows - 1, min(num_rows, _SPREAD_ROWS)).astype(np.int64))
        )
        unreadable = 0
        for start in range(0, len(chosen), _BATCH_ROWS):
            try:
                yield from dataset.take(chosen[start : start + _BATCH_ROWS].tolist(), columns=columns).to_pylist()
            except (OSError, RuntimeError, ValueError, pa.ArrowException):
                unreadable = 1
        self.report("unreadable_table", unreadable, table, self.make_again(table))

    def _sources_of(self, image_keys: set[str]) -> set[str]:
        """Sources of the samples that show these images."""
        found: set[str] = set()
        wanted = pa.array(sorted(image_keys), pa.string())
        if "samples" in self.readable:
            for batch in self.store.scan("samples", ["source", "image_keys"], 1 << 16):
                shown = pc.is_in(batch.column(1).flatten(), value_set=wanted)
                rows = pc.list_parent_indices(batch.column(1)).filter(shown).unique()
                found.update(batch.column(0).take(rows).unique().to_pylist())
        return found

    def _has_version(self, table: str, version: int) -> bool:
        try:
            return bool(self.store.dataset(table, version).version == version)
        except StudioError:
            return False


def _differs(row: dict[str, Any]) -> bool:
    return row["bytes"] is not None and image_key(row["bytes"]) != row["image_key"]


def _look_up(known: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(place in `known`, whether it is there) of each wanted id; known: [N] uint64, sorted."""
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return place, known[place] == wanted


def _one(column: Any) -> Any:
    """A column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column

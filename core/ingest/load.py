"""The ingest: files to samples, images, sources and quarantine, in order, in batches, resumable at any moment.

Two passes. The first reads all ids (identity.py) and finds syntax errors, before anything is written. The second checks each record,
decodes its images in threads, and writes batches (writer.py): wherever it ends, the tables are sound and the same command goes on.
"""

from __future__ import annotations

import os
import time
import warnings
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.errors import BadData, BadInput
from core.ingest.files import DataFile, data_files, find_image_root
from core.ingest.identity import Survey, key_of, survey
from core.ingest.images import ImageRoot
from core.ingest.known import KnownImages
from core.ingest.loading import LoadedImage, Loader
from core.ingest.quarantine import Quarantined
from core.ingest.reader import RawRecord, read_records
from core.ingest.reasons import REASONS, Rejected
from core.ingest.records import Draft, draft, fields
from core.ingest.settings import IngestReport, IngestSettings
from core.ingest.writer import Batch, Ready, Writer
from core.progress import Progress, silent
from core.store.locks import writer_lock
from core.workspace import Workspace

_CHUNK_ROWS = 64  # rows whose images are loaded together
_CHUNKS_AHEAD_PER_THREAD = 2


@dataclass(frozen=True, slots=True)
class _Row:
    """A record on its way: named and checked, its images being loaded."""

    record: RawRecord
    file: DataFile
    ingest_row: int
    source: str
    sample_id: int
    original_id: str
    draft: Draft
    loading: tuple[Future[LoadedImage | Rejected], ...]


def ingest(workspace: Workspace | None, settings: IngestSettings, progress: Progress = silent) -> IngestReport:
    """Read a data set into a workspace; a dry run needs none and writes nothing.

    Raises BadInput for a path that holds no data, BadData for a list with a syntax error (nothing is taken) and when every record is
    set aside (the quarantine table is written), Busy while another ingest writes, DiskFull when there is no room.
    """
    if workspace is None and not settings.dry_run:
        raise BadInput("There is no workspace to ingest into.", "Give a workspace, or ask for a dry run.")
    started = time.monotonic()
    with ExitStack() as stack:
        if workspace is not None and not settings.dry_run:
            stack.enter_context(writer_lock(workspace.path, "ingest"))
        files = data_files(settings)
        root = ImageRoot(find_image_root(settings, files))
        progress(0, None, "checking the files")
        found = survey(files, settings, lambda count, note: progress(count, None, note))
        if not found.num_records:
            raise BadData(f"{_named(settings)} holds no records.", "Give a file or folder with at least one record.")
        num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        pool = ThreadPoolExecutor(num_threads, thread_name_prefix="images")
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings(
            "ignore", module=r"PIL\."
        )  # what a decoder grumbles about is either a reason or nothing
        known = KnownImages(workspace.store if workspace else None)
        loader = Loader(pool, known, settings)
        writer = Writer(workspace, settings, known, loader, found.sources, root.path)
        _read_and_write(
            _rows(files, found, settings, root, loader), writer, loader, found, settings, num_threads, progress
        )
        for file in files:
            file.check_unchanged()
        progress(found.num_records, found.num_records, "indexing")
        writer.end(files, whole=settings.limit is None)
    report = _report(writer, files, found, settings, root.path, time.monotonic() - started)
    if report.num_records == sum(report.quarantined.values()):
        raise _nothing_usable(report, settings)
    return report


def _read_and_write(
    rows: Iterator[_Row | Quarantined],
    writer: Writer,
    loader: Loader,
    found: Survey,
    settings: IngestSettings,
    num_threads: int,
    progress: Progress,
) -> None:
    """Keep the threads supplied with images a few chunks ahead, finish rows in order, write full batches."""
    total = found.num_taken(settings.limit)
    ahead: deque[list[_Row | Quarantined]] = deque()
    batch, done = Batch(), 0
    writer.begin()
    while True:
        while len(ahead) < num_threads * _CHUNKS_AHEAD_PER_THREAD and (chunk := list(islice(rows, _CHUNK_ROWS))):
            ahead.append(chunk)
        if not ahead:
            break
        for row in ahead.popleft():
            batch.add(row if isinstance(row, Quarantined) else _finished(row, loader))
            done += 1
        progress(done, total, "reading records and images")
        if batch.is_full:
            writer.write(batch)
            batch = Batch()
    writer.write(batch)


def _rows(
    files: list[DataFile], found: Survey, settings: IngestSettings, root: ImageRoot, loader: Loader
) -> Iterator[_Row | Quarantined]:
    """The records in order, named and checked, each with its images being loaded; at most `limit` a file."""
    counted: Counter[str] = Counter()
    for file in files:
        file.check_unchanged()
        for record in islice(read_records(file.path, file.layout), settings.limit):
            yield _row(record, file, counted[file.source], found, settings, root, loader)
            counted[file.source] += 1


def _row(
    record: RawRecord,
    file: DataFile,
    ingest_row: int,
    found: Survey,
    settings: IngestSettings,
    root: ImageRoot,
    loader: Loader,
) -> _Row | Quarantined:
    source = file.source or file.path.stem
    try:
        source, original = key_of(record, file, settings)
        sample_id, name = found.name(source, original)  # before the checks: rows set aside count for `#k`, too
        content = draft(fields(record))
        loading = tuple(loader.start(root.find(text)) for text in content.image_paths)
    except Rejected as rejected:
        return Quarantined.of(rejected, source, file.path, record.row, record.raw)
    return _Row(record, file, ingest_row, source, sample_id, name, content, loading)


def _finished(row: _Row, loader: Loader) -> Ready | Quarantined:
    try:
        loaded = tuple(loader.finish(loading) for loading in row.loading)
    except Rejected as rejected:
        return Quarantined.of(rejected, row.source, row.file.path, row.record.row, row.record.raw)
    return Ready(row.sample_id, row.source, row.original_id, row.ingest_row, row.draft, loaded)


def _report(
    writer: Writer, files: list[DataFile], found: Survey, settings: IngestSettings, root: Path, seconds: float
) -> IngestReport:
    sources = sorted(found.sources) or sorted({file.source for file in files})
    counts = writer.counts
    return IngestReport(
        ingested=counts["ingested"],
        quarantined=dict(sorted(writer.quarantined.items(), key=lambda item: (-item[1], item[0]))),
        already_known=counts["already_known"],
        changed=counts["changed"],
        replaced=counts["replaced"],
        source=sources[0] if len(sources) == 1 else sources,
        num_records=found.num_taken(settings.limit),
        num_images=counts["num_images"],
        image_bytes=counts["image_bytes"],
        data_bytes=sum(file.size_bytes for file in files),
        files=[str(file.path) for file in files],
        image_root=str(root),
        images=settings.images,
        dry_run=settings.dry_run,
        seconds=round(seconds, 3),
    )


def _named(settings: IngestSettings) -> str:
    return ", ".join(str(path) for path in settings.paths)


def _nothing_usable(report: IngestReport, settings: IngestSettings) -> BadData:
    counts = ", ".join(f"{count} {reason}" for reason, count in report.quarantined.items())
    most = next(iter(report.quarantined))
    return BadData(
        f"No record of {_named(settings)} can be used ({counts}); all stand in the quarantine table.",
        REASONS[most].fix,
    )

"""Samples streamed out of a workspace for an export: turns as they are, images put in place once and checked.

While some samples are written, the next are read and their images fetched: a few thousand samples and about 128 MB of images
are in memory at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.mixture.images import HANDS, Facts, Fetched, ImageFact, ImageMode, Images, Needed, suffix_of
from core.progress import Progress
from core.store import Store
from core.store.keyed import KeyedRows

REASONS = {
    "image_missing": "an image is not in the workspace, or its file is gone",
    "image_changed": "an image's file is not what it was when it was ingested",
    "sample_missing": "the sample left the workspace while it was exported",
    "image_marks": "its <image> marks are not as many as its images, and the format pairs them",
    "image_inside_text": "an image stands inside its text, and the format or its loader shows images before the text only",
    "turns_do_not_alternate": "its turns do not go question, answer, question, answer, and the format's loader wants that",
    "system_turn": "it has a system turn, and the format has no place for one",
    "media_marks": "its text holds a mark such as <video>, which the format's loader takes for a file",
    "no_words": "its conversation holds no word, and the format's loader stops at that",
}
"""Why an export leaves a sample out: its images, or what the format cannot carry."""

CHUNK_SAMPLES = 8192
"""Read together: of half as many each takes half as long again, since whole pages are decoded; of twice as many, more memory."""
_BATCH_BYTES = 64 << 20
_SAMPLE_COLUMNS = ("sample_id", "source", "original_id", "conversations", "image_keys")


class PlacedImage(NamedTuple):
    """An image where the export has it: `path` is relative to the export's folder; `data` only for targets that embed."""

    key: str
    path: str
    suffix: str
    width_px: int
    height_px: int
    data: bytes | None = None


class Sample(NamedTuple):
    """A sample as an exporter writes it; turns are (role, text), verbatim, `position` its place in the ids that were asked for."""

    sample_id: int
    source: str
    original_id: str
    turns: tuple[tuple[str, str], ...]
    images: tuple[PlacedImage, ...]
    position: int = 0


class _Row(NamedTuple):
    """A sample as it is stored; images: (path in the export, what is known) of each, None for one that is not there."""

    source: str
    original_id: str
    turns: tuple[tuple[str, str], ...]
    images: tuple[tuple[str, ImageFact] | None, ...]


class _Batch(NamedTuple):
    """Ids to give together, in order, with their rows by id and what is known of their images by key."""

    sample_ids: list[int]
    rows: dict[int, _Row]
    facts: Facts


class Gather:
    """Reads samples in any order, as often as asked, and puts each image in place when it is first needed.

    Tables are read at `versions`, so that work which writes to them meanwhile changes nothing. `bare` says that no image is
    wanted; for the rest see `Images`. While samples are read, `skipped` fills up: (position, sample_id, reason) of what is
    left out.
    """

    def __init__(
        self,
        store: Store,
        versions: Mapping[str, int],
        folder: Path,
        final: Path,
        images: ImageMode,
        path_of: Callable[[str, str, str], str],
        *,
        embed: bool = False,
        bare: bool = False,
        refuses: Callable[[Sample], str | None] | None = None,
        chunk_samples: int = CHUNK_SAMPLES,
    ) -> None:
        self._bare, self._refuses, self._chunk_samples = bare, refuses, chunk_samples
        self._threads = ExitStack()
        self._reader = self._threads.enter_context(ThreadPoolExecutor(1, "export-rows"))
        self._fetcher = self._threads.enter_context(ThreadPoolExecutor(1, "export-images"))
        hands = self._threads.enter_context(ThreadPoolExecutor(HANDS, "export-hands"))
        self._samples = KeyedRows(store, "samples", "sample_id", versions.get("samples"))
        rows = KeyedRows(store, "images", "image_key", versions.get("images"))
        self.images = Images(rows, folder, final, images, path_of, embed=embed, hands=hands)
        self.skipped: list[tuple[int, int, str]] = []
        self.position = 0

    def __enter__(self) -> Gather:
        return self

    def __exit__(self, *of: object) -> None:
        self._threads.close()

    def samples(self, sample_ids: NDArray[np.uint64], progress: Progress, note: str) -> Iterator[Sample]:
        """The samples from `position` on, in the order given; those that cannot be exported are left out, repeats given again."""
        total = len(sample_ids)
        before: _Batch | None = None
        coming: Future[Fetched] | None = None
        for batch in chain(self._batches(sample_ids), (None,)):
            held = self._taken(coming)
            coming = (
                None if batch is None else self._fetcher.submit(self.images.fetch, self._needed(batch), batch.facts)
            )
            if before is not None:
                progress(self.position, total, note)
                yield from self._given(before, held)
            before = batch
        progress(total, total, note)

    @property
    def dropped(self) -> dict[int, str]:
        """Samples of which at least one row was left out, with the first reason."""
        found: dict[int, str] = {}
        for _, sample_id, reason in self.skipped:
            found.setdefault(sample_id, reason)
        return found

    def counts(self) -> dict[str, int]:
        """Samples left out, by reason, most frequent first."""
        return dict(Counter(self.dropped.values()).most_common())

    # -- reading ahead ----------------------------------------------------------------------------------------------------

    def _batches(self, sample_ids: NDArray[np.uint64]) -> Iterator[_Batch]:
        """The samples from `position` on, cut such that the images of a batch are about 64 MB at most; the next rows are read ahead."""
        starts = range(self.position, len(sample_ids), self._chunk_samples)
        chunks = [sample_ids[start : start + self._chunk_samples] for start in starts]
        coming: Future[_Batch] | None = None
        for place, chunk in enumerate(chunks):
            read = coming.result() if coming is not None else self._read(chunk)
            coming = self._reader.submit(self._read, chunks[place + 1]) if place + 1 < len(chunks) else None
            if not self.images.in_memory:
                yield read
                continue
            begin, num_bytes = 0, 0
            for at, sample_id in enumerate(read.sample_ids):
                row = read.rows.get(sample_id)
                for image in row.images if row else ():
                    num_bytes += (image[1].size_bytes or 0) if image else 0
                if num_bytes >= _BATCH_BYTES or at + 1 == len(read.sample_ids):
                    yield read._replace(sample_ids=read.sample_ids[begin : at + 1])
                    begin, num_bytes = at + 1, 0

    def _read(self, wanted: NDArray[np.uint64]) -> _Batch:
        table = self._samples.take(np.unique(wanted), _SAMPLE_COLUMNS)
        ids, sources = table["sample_id"].to_pylist(), table["source"].to_pylist()
        keys = [None] * len(ids) if self._bare else table["image_keys"].to_pylist()
        facts = self.images.facts(key for some in keys for key in some or ())
        path = self.images.path

        def placed(source: str, some: list[str] | None) -> tuple[tuple[str, ImageFact] | None, ...]:
            return tuple([(path(source, facts[key]), facts[key]) if key in facts else None for key in some or ()])

        columns = (sources, table["original_id"].to_pylist(), _turns(table), map(placed, sources, keys))
        return _Batch(wanted.tolist(), dict(zip(ids, map(_Row, *columns), strict=True)), facts)

    def _needed(self, batch: _Batch) -> Needed:
        """The images of a batch that are not in place."""
        needed: Needed = {}
        is_due = self.images.is_due
        for sample_id in batch.sample_ids:
            row = batch.rows.get(sample_id)
            for image in row.images if row else ():
                if image is not None and is_due(image[0], image[1].image_key):
                    needed.setdefault(image[1].image_key, {})[image[0]] = None
        return needed

    def _taken(self, coming: Future[Fetched] | None) -> dict[str, bytes]:
        """Wait for the images that are coming, and count them; gives their bytes where the target embeds them."""
        if coming is None:
            return {}
        fetched = coming.result()
        self.images.take(fetched)
        return fetched.data

    def _given(self, batch: _Batch, held: dict[str, bytes]) -> Iterator[Sample]:
        failed, refuses = self.images.failed, self._refuses
        for sample_id in batch.sample_ids:
            row = batch.rows.get(sample_id)
            reason = "sample_missing" if row is None else None
            images = []
            for image in row.images if row else ():
                if image is None:
                    reason = "image_missing"
                    break
                path, fact = image
                key = fact.image_key
                if failed and (path, key) in failed:
                    reason = failed[path, key]
                    break
                images.append(PlacedImage(key, path, suffix_of(fact), fact.width_px, fact.height_px, held.get(key)))
            self.position += 1
            if row is not None and reason is None:
                sample = Sample(sample_id, row.source, row.original_id, row.turns, tuple(images), self.position - 1)
                reason = refuses(sample) if refuses else None
                if reason is None:
                    yield sample
            if reason is not None:
                self.skipped.append((self.position - 1, sample_id, reason))


def _turns(table: Any) -> list[tuple[tuple[str, str], ...]]:
    """The turns of each row; columns are turned into Python once, not row by row."""
    found: list[tuple[tuple[str, str], ...]] = []
    for chunk in table["conversations"].chunks:
        flat = chunk.flatten()
        pairs = list(zip(flat.field("role").to_pylist(), flat.field("text").to_pylist(), strict=True))
        ends = np.cumsum(chunk.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)).tolist()
        found += [tuple(pairs[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return found


def folder_name(source: str) -> str:
    """A source's name as a folder: what a file system could misread is written as %XX, nothing else changes."""
    safe = "".join(
        char if char.isalnum() or char in " ()+,-._=@" else "".join(f"%{byte:02X}" for byte in char.encode("utf-8"))
        for char in source
    )
    if safe.startswith((".", " ")) or safe.endswith((".", " ")):
        safe = f"%{ord(safe[0]):02X}{safe[1:]}" if safe[0] in ". " else safe
        safe = f"{safe[:-1]}%{ord(safe[-1]):02X}" if safe[-1] in ". " else safe
    if len(safe.encode("utf-8")) <= 120:
        return safe
    return f"{safe.encode('utf-8')[:100].decode('utf-8', 'ignore')}~{sha256(source.encode('utf-8')).hexdigest()[:16]}"


def written_order(stages: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """The ids of all stages one after the other, repeats included."""
    return np.concatenate([np.empty(0, np.uint64), *stages])

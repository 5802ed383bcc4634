"""The run's own data: the folder target `winnow` writes, read as it is, and batches built ahead in threads.

Order comes from the plan alone: threads only fetch, results are handed out in the plan's order. Pixels stay bytes here.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import BadData, BadInput
from core.train.encode import Encoder
from core.train.tiles import Tiling

SAMPLES_FILE = "samples.parquet"
HOLDOUT_FILE = "holdout.parquet"
HIGH_SCORE = 150
"""A stored score from which a sample counts for a capability: 3 of 5."""

_MISSING_SCORE = 255
_NEEDED_COLUMNS = frozenset({"sample_id", "source", "conversations", "images", "widths", "heights"})
_EXPORT_AGAIN = "Export the recipe again with the target `winnow`."


class Export:
    """An export folder opened for training. Rows are positions in samples.parquet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        table = _read(folder / SAMPLES_FILE)
        missing = sorted(_NEEDED_COLUMNS - set(table.column_names))
        if missing:
            raise BadData(f"{folder / SAMPLES_FILE} has no column {', '.join(missing)}.", _EXPORT_AGAIN)
        if table.num_rows == 0:
            raise BadData(f"{folder / SAMPLES_FILE} holds no sample.", "Give the recipe a selection with samples.")
        self.sample_ids: NDArray[np.uint64] = table.column("sample_id").to_numpy().astype(np.uint64)
        self.sources: list[str] = table.column("source").to_pylist()
        self._conversations = table.column("conversations").combine_chunks()
        self._images = table.column("images").combine_chunks()
        self._widths = table.column("widths").combine_chunks()
        self._heights = table.column("heights").combine_chunks()
        self.capabilities: dict[str, NDArray[np.uint8]] = {
            name: table.column(name).to_numpy().astype(np.uint8)
            for name in table.column_names
            if pa.types.is_uint8(table.schema.field(name).type)
        }
        self._row_of = {int(key): row for row, key in enumerate(self.sample_ids)}
        self._header_reason: dict[str, str | None] = {}

    def __len__(self) -> int:
        return len(self.sample_ids)

    def stage_rows(self, stage: int) -> NDArray[np.int64]:
        """[N] int64: the rows of stage `stage` (from 1) in training order, repeats included."""
        table = _read(self.folder / f"stage_{stage}.parquet")
        if "position" in table.column_names:
            table = table.sort_by("position")
        return self._rows(table, f"stage_{stage}.parquet")

    def holdout_rows(self) -> NDArray[np.int64]:
        """[H] int64: the rows kept out of training; none when the export has no such file."""
        path = self.folder / HOLDOUT_FILE
        return self._rows(_read(path), HOLDOUT_FILE) if path.is_file() else np.empty(0, dtype=np.int64)

    def turns(self, row: int) -> list[tuple[str, str]]:
        return [(turn["role"], turn["text"]) for turn in self._conversations[row].as_py()]

    def images(self, row: int) -> list[str]:
        return list(self._images[row].as_py() or [])

    def sizes(self, row: int) -> list[tuple[int, int]]:
        """(width, height) in pixels of each picture of a sample."""
        return list(zip(self._widths[row].as_py() or [], self._heights[row].as_py() or [], strict=False))

    def image_reason(self, row: int) -> str | None:
        """Why a sample's pictures cannot be used, from their headers alone; None when they can."""
        images, sizes = self.images(row), self.sizes(row)
        if len(images) != len(sizes):
            return "image_size_unknown"
        for image, size in zip(images, sizes, strict=True):
            if image not in self._header_reason:
                self._header_reason[image] = _header_reason(self.folder / image, size)
            reason = self._header_reason[image]
            if reason is not None:
                return reason
        return None

    def picture(self, row: int, number: int) -> Image.Image:
        """One decoded RGB picture; a file that breaks while it is read stops the run with its sample named."""
        path = self.folder / self.images(row)[number]
        try:
            return read_picture(path, self.sizes(row)[number])
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise BadData(
                f"{path} of sample {int(self.sample_ids[row]):016x} cannot be decoded: {error}",
                "Ingest that image again or leave the sample out, then export and train again.",
            ) from error

    def _rows(self, table: pa.Table, name: str) -> NDArray[np.int64]:
        ids = table.column("sample_id").to_pylist()
        unknown = [key for key in ids if key not in self._row_of]
        if unknown:
            raise BadData(
                f"{self.folder / name} names {len(unknown)} samples unknown to {SAMPLES_FILE}, as {unknown[0]:016x}.",
                _EXPORT_AGAIN,
            )
        return np.asarray([self._row_of[key] for key in ids], dtype=np.int64)


def read_picture(path: Path | str | IO[bytes], size: tuple[int, int] | None = None) -> Image.Image:
    """An RGB picture, turned as its EXIF says unless `size` shows that the catalogue counted it unturned."""
    with Image.open(path) as opened:
        turned = ImageOps.exif_transpose(opened)
        picture = turned if size is None or turned.size == size or opened.size != size else opened
        if picture.mode.startswith("I"):
            # 16-bit greys: Pillow would clip them to white instead of scaling.
            grey = (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
            return Image.fromarray(grey).convert("RGB")
        if "A" in picture.mode or "transparency" in picture.info:
            rgba = picture.convert("RGBA")
            white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
            return Image.alpha_composite(white, rgba).convert("RGB")
        return picture.convert("RGB")


def _header_reason(path: Path, size: tuple[int, int]) -> str | None:
    if not path.is_file():
        return "image_missing"
    try:
        with Image.open(path) as opened:
            found = opened.size
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return "image_unreadable"
    return None if found in (size, size[::-1]) else "image_size_differs"


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise BadInput(f"{path} does not exist.", "Export the recipe with the target `winnow` into that folder.")
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadData(f"{path} is not readable Parquet: {error}", _EXPORT_AGAIN) from error


@dataclass(frozen=True)
class Batch:
    """One micro-batch, padded on the right.

    ids [B, T] int64; targets [B, T] bool; tiles [N, 3, px, px] uint8, at least one; sizes [I, 2] int64 (height, width).
    `num_images` is what the model wants per sample; `real_tiles` is 0 when the only tile is a blank of no weight.
    """

    rows: tuple[int, ...]
    ids: NDArray[np.int64]
    targets: NDArray[np.bool_]
    tiles: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    num_images: tuple[int, ...]
    real_tiles: int


def images_per_sample(tiling: Tiling, counts: Sequence[int]) -> tuple[int, ...]:
    """The `batch_num_images` that makes the model cut pictures as the tiling does.

    The model tiles exactly the samples of one image. A square stage must not tile, so all its pictures are declared as
    one group, of two at least: the model looks at the group's number, then at as many pictures as there are.
    """
    pictures = [count for count in counts if count]
    return tuple(pictures) if tiling.mode == "anyres" else (max(sum(pictures), 2),)


class Feeder:
    """Builds planned batches in threads, a few ahead, and keeps cut pictures up to `cache_bytes`."""

    def __init__(
        self, export: Export, encoder: Encoder, tiling: Tiling, *, num_threads: int = 1, cache_bytes: int = 256 << 20
    ) -> None:
        self.export, self.encoder, self.tiling = export, encoder, tiling
        self._num_threads = num_threads
        self._cache_bytes = cache_bytes
        self._cache: dict[tuple[int, int], NDArray[np.uint8]] = {}
        self._lock = threading.Lock()

    def batch(self, rows: Sequence[int]) -> Batch:
        documents, tiles, sizes, counts = [], [], [], []
        for row in rows:
            shapes = self.export.sizes(row)
            costs = [self.tiling.num_tokens(width, height, len(shapes)) for width, height in shapes]
            documents.append(self.encoder.conversation(self.export.turns(row), costs))
            tiles += [self._tiles(row, number, len(shapes)) for number in range(len(shapes))]
            sizes += [(height, width) for width, height in shapes]
            counts.append(len(shapes))
        longest = max(len(document.ids) for document in documents)
        ids = np.full((len(rows), longest), self.encoder.padding_id, dtype=np.int64)
        targets = np.zeros((len(rows), longest), dtype=np.bool_)
        for place, document in enumerate(documents):
            ids[place, : len(document.ids)] = document.ids
            targets[place, : len(document.ids)] = document.targets
        targets[:, 0] = False
        px = self.tiling.px
        return Batch(
            rows=tuple(int(row) for row in rows),
            ids=ids,
            targets=targets,
            tiles=np.concatenate(tiles) if tiles else np.full((1, 3, px, px), 127, dtype=np.uint8),
            sizes=np.asarray(sizes or [(px, px)], dtype=np.int64),
            num_images=images_per_sample(self.tiling, counts) if tiles else (2,),
            real_tiles=sum(len(part) for part in tiles),
        )

    def batches(self, plan: Sequence[Sequence[int]], ahead: int = 4) -> Generator[Batch, None, None]:
        """The batches of `plan` (rows each) in its order."""
        with ThreadPoolExecutor(self._num_threads, thread_name_prefix="feeder") as pool:
            waiting: collections.deque[Future[Batch]] = collections.deque()
            rest = iter(plan)
            try:
                for rows in rest:
                    waiting.append(pool.submit(self.batch, rows))
                    if len(waiting) > ahead:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _tiles(self, row: int, number: int, num_images: int) -> NDArray[np.uint8]:
        key = (row, number)
        kept = self._cache.get(key)
        if kept is not None:
            return kept
        tiles = self.tiling.cut(self.export.picture(row, number), num_images)
        with self._lock:
            if self._cache_bytes >= tiles.nbytes:
                self._cache[key] = tiles
                self._cache_bytes -= tiles.nbytes
        return tiles

"""WebDataset shards: tars whose headers say nothing but name and size, members of a sample next to each other.

A sample is `<key>.json` behind its images, `<key>.jpg` for one and `<key>.0.jpg`, `<key>.1.jpg` for several. Its key is the
number of its row and its escaped id: unlike any other, without a dot. The id as it was stands in the JSON.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BufferedWriter
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson

from core.errors import BadData
from core.mixture.disk import ended, flushed, let_go, opened
from core.mixture.gather import Sample
from core.mixture.target import RowRead, sharegpt

INDEX_SUFFIX = ".tar.idx"
KEY_CHARS = 200
"""Of an escaped id in a key, so that with an ending it is a file's name wherever a tar is unpacked; a longer one is cut and hashed."""


class TarShards:
    """Samples as members of tars below `folder`.

    `part_of` names the folder of a sample, and begins shards of its own whenever it changes; with `indexed` each tar gets a
    file with the place of every sample in it (little-endian uint64, the end of the last one behind them).
    A checkpoint is a length of the tar that is open.
    """

    def __init__(
        self,
        folder: Path,
        shard_bytes: int,
        state: dict[str, Any] | None,
        *,
        part_of: Callable[[Sample], str] = lambda sample: ".",
        indexed: bool = False,
    ) -> None:
        self._folder, self._shard_bytes, self._part_of, self._indexed = folder, shard_bytes, part_of, indexed
        self._part, self._shard, self._num_rows = ".", 0, 0
        self._tar: BufferedWriter | None = None
        self._index: BufferedWriter | None = None
        if state:
            self._part, self._shard, self._num_rows = state["part"], state["shard"], state["rows"]
        self._clear(state is not None and state["bytes"] is not None)
        if state and state["bytes"] is not None:
            self._open(state["bytes"], state["index_bytes"])

    def write(self, sample: Sample) -> None:
        part = self._part_of(sample)
        if part != self._part:
            self._close_shard()
            self._part, self._shard = part, 0
        if self._tar is None:
            self._open(None, None)
        assert self._tar is not None
        if self._index is not None:
            self._index.write(struct.pack("<Q", self._tar.tell()))
        self._tar.write(b"".join(_members(sample, key_of(self._num_rows, sample.original_id))))
        self._num_rows += 1
        if self._tar.tell() >= self._shard_bytes:
            self._close_shard()

    def checkpoint(self) -> dict[str, Any]:
        return {
            "part": self._part,
            "shard": self._shard,
            "rows": self._num_rows,
            "bytes": None if self._tar is None else flushed(self._tar),
            "index_bytes": None if self._index is None else flushed(self._index),
        }

    def close(self) -> None:
        self._close_shard()

    def abandon(self) -> None:
        for file in (self._tar, self._index):
            if file is not None:
                let_go(file)

    def _clear(self, is_open: bool) -> None:
        """Take away the shards behind the checkpoint, of an attempt that was cut short."""
        for path in self._folder.glob("**/train-*.tar*"):
            at = (path.parent.relative_to(self._folder).as_posix(), int(path.name[6:12]))
            if at > (self._part, self._shard) or (at == (self._part, self._shard) and not is_open):
                path.unlink()

    def _open(self, num_bytes: int | None, index_bytes: int | None) -> None:
        path = self._folder / self._part / f"train-{self._shard:06d}.tar"
        path.parent.mkdir(exist_ok=True)
        self._tar = opened(path, num_bytes)
        self._index = opened(path.with_suffix(INDEX_SUFFIX), index_bytes) if self._indexed else None

    def _close_shard(self) -> None:
        if self._tar is None:
            return
        if self._index is not None:
            self._index.write(struct.pack("<Q", self._tar.tell()))
            ended(self._index)
        length = self._tar.tell() + 2 * tarfile.BLOCKSIZE
        self._tar.write(bytes(2 * tarfile.BLOCKSIZE + -length % tarfile.RECORDSIZE))
        ended(self._tar)
        self._tar = self._index = None
        self._shard += 1


def key_of(row: int, original_id: str) -> str:
    """The key of a row: its number, and the id with every byte escaped that a key, a path or a shell could misread."""
    said = escaped(original_id)
    if len(said) > KEY_CHARS:
        digest = sha256(original_id.encode("utf-8")).hexdigest()[:16]
        said = f"{said[: KEY_CHARS - 17]}~{digest}"
    return f"{row:09d}-{said}"


def escaped(text: str) -> str:
    """Letters, digits, `_`, `-` and `~` as they are, anything else as %XX of its UTF-8."""
    return quote(text, safe="").replace(".", "%2E")


def unescaped(text: str) -> str:
    """`escaped` the other way round."""
    return unquote(text, errors="strict")


def read_tars(paths: list[Path]) -> Iterator[RowRead]:
    """The samples of tars, in order, grouped as every reader of the format does: by what stands before the first dot."""
    for path in paths:
        key, members = "", dict[str, bytes]()
        with tarfile.open(path, "r|") as tar:
            for member in tar:
                stem, _, ending = member.name.partition(".")
                if stem != key and members:
                    yield _row(path, key, members)
                    members = {}
                file = tar.extractfile(member)
                if ending in members or file is None:
                    raise BadData(f"{member.name} in {path} is there twice or no file.", "Export again.")
                key, members[ending] = stem, file.read()
        if members:
            yield _row(path, key, members)


def _row(path: Path, key: str, members: dict[str, bytes]) -> RowRead:
    said = orjson.loads(members.pop("json", b"{}"))
    if set(said.get("images", ())) != set(members) or key != key_of(int(key[:9]), said["id"]):
        raise BadData(f"The members of {key} in {path} are not what its JSON says.", "Export again.")
    turns = tuple((turn["from"], turn["value"]) for turn in said["conversations"])
    return RowRead(said["source"], said["id"], turns, tuple(members[name] for name in said["images"]))


def _members(sample: Sample, key: str) -> Iterator[bytes]:
    images = sample.images
    names = [
        f"{at}.{image.suffix}" if len(images) > 1 else image.suffix for at, image in enumerate(images)
    ]  # lower case, as readers make them
    said = {
        "id": sample.original_id,
        "source": sample.source,
        "images": names,
        "conversations": sharegpt(sample),
    }
    for name, image in zip(names, images, strict=True):
        yield from _member(f"{key}.{name}", image.data or b"")
    yield from _member(f"{key}.json", orjson.dumps(said))


def _member(name: str, data: bytes) -> Iterator[bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)  # mtime, uid and gid are 0, the mode is 644
    yield info.tobuf(tarfile.GNU_FORMAT)
    yield data
    yield bytes(-len(data) % tarfile.BLOCKSIZE)

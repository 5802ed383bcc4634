"""Which files are data, what they are called as a source, and where their images start.

A folder is read through its own .json and .jsonl files in sorted order; a folder with a `train` folder of such files is read through that.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.errors import BadData, BadInput, StudioError
from core.ingest.reader import read_records, sniff
from core.ingest.reasons import Rejected
from core.ingest.records import image_paths
from core.ingest.settings import IngestSettings
from core.store.ids import source_name

_ENDINGS = (".json", ".jsonl")
_PROBE_RECORDS = 20
_PROBE_FILES = 8


@dataclass(frozen=True)
class DataFile:
    """One file of a data set; `source` is empty when the records name it themselves."""

    path: Path
    layout: str
    source: str
    size_bytes: int
    mtime_ns: int

    def check_unchanged(self) -> None:
        """BadData when somebody wrote to the file since the ingest looked at it first."""
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size_bytes, self.mtime_ns):
            raise BadData(
                f"{self.path} changed while it was being read.", "Wait until it is complete and ingest it again."
            )

    def sha256(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def data_files(settings: IngestSettings) -> list[DataFile]:
    """The data files of the paths, in order, each once; BadInput when a path has none."""
    found = [entry.resolve() for path in settings.paths for entry in _files_of(path.expanduser())]
    files = []
    for path in dict.fromkeys(found):
        try:
            files.append(_data_file(path, settings))
        except OSError as error:
            raise _unreadable(path, error) from error
    return files


def _files_of(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            inside = _in_folder(path / "train") or _in_folder(path)
            if not inside:
                raise BadInput(f"The folder {path} holds no .json or .jsonl file.", _where_else(path))
            return inside
        if path.is_file():
            return [path]
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    raise BadInput(f"There is no file or folder {path}.", "Check the path of the data.")


def _unreadable(path: Path, error: Exception) -> BadInput:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BadInput(f"{path} cannot be read ({why}).", "Check the path and its permissions.")


def _in_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = (entry for entry in folder.iterdir() if entry.suffix.lower() in _ENDINGS and entry.is_file())
    return sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _where_else(path: Path) -> str:
    inside = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and _in_folder(entry))
    return (
        f"Give one of its folders that do: {', '.join(inside[:5])}."
        if inside
        else "Give a file, or a folder that holds some."
    )


def _data_file(path: Path, settings: IngestSettings) -> DataFile:
    status = path.stat()
    _check_name(path)
    source = "" if settings.source_from else source_name(settings.source or path.stem)
    return DataFile(path, sniff(path), source, status.st_size, status.st_mtime_ns)


def _check_name(path: Path) -> None:
    """A path is written into tables and ids, so it has to be text."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise BadInput(f"The path {str(path)!r} is not UTF-8 text.", "Rename the file or folder.") from None


def find_image_root(settings: IngestSettings, files: list[DataFile]) -> Path:
    """The folder image paths start from: the given one, else the nearby folder under which most of the first images exist.

    Looked at in this order: the data file's folder, the one above it, the given paths, an `images` folder in each of these.
    """
    if settings.image_root is not None:
        root = settings.image_root.expanduser()
        if not root.is_dir():
            raise BadInput(f"The image root {root} is no folder.", "Give an existing folder with --image-root.")
        return root.resolve()
    folder = files[0].path.parent
    near = [folder, folder.parent, *(path.expanduser().resolve() for path in settings.paths)]
    candidates = [entry for entry in dict.fromkeys([*near, *(entry / "images" for entry in near)]) if entry.is_dir()]
    wanted = _first_image_paths(files)
    hits = [sum(_is_file(candidate, text) for text in wanted) for candidate in candidates]
    return candidates[hits.index(max(hits))]


def _is_file(root: Path, text: str) -> bool:
    try:
        return (root / text).is_file()
    except (OSError, ValueError):
        return False


def _first_image_paths(files: list[DataFile]) -> list[str]:
    found: list[str] = []
    for file in files[:_PROBE_FILES]:
        try:
            for record in islice(read_records(file.path, file.layout), _PROBE_RECORDS):
                if isinstance(record.value, dict):
                    found.extend(image_paths(record.value))
        except (Rejected, StudioError):
            continue  # only a probe: the ingest itself reports what is wrong
    return found

"""Scores and styles made elsewhere: the reply files of the released mmSSR scorers, joined to the samples of a workspace.

    import_mmssr(Workspace.open(path), Path("replies"))

One file per capability, named by its key or its full name, and `style.jsonl`; each line `{"idx": 17, "pred_response": "4"}`.
Steps: read the samples' join keys, read each file, join, parse, write. Cost: one pass over samples and files; about 150 bytes a sample.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadData, BadInput
from core.ingest import quarantine
from core.ingest.quarantine import Quarantined
from core.ingest.reader import LINES, RawRecord, read_records
from core.ingest.reasons import REASONS, Rejected, shown
from core.ingest.records import fields
from core.progress import Progress, silent
from core.store import Store, evidence
from core.store.ids import MISSING, encode_score
from core.store.locks import writer_lock
from core.vocabulary import CAPABILITIES, STYLES, style_from_text
from core.workspace import Workspace

PRODUCER, VERSION = "mmssr", "1"
STYLE_FILE = "style"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")
_OUT_OF_FIVE = re.compile(r"\s*/\s*5(\.0*)?$")
_TELL_EVERY = 20_000
_QUARANTINE_ROWS = 10_000


class ImportReport(BaseModel):
    """What an import took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    imported: int = Field(description="Replies taken: scores and lists of styles.")
    samples: int = Field(description="Different samples they are about.")
    rejected: dict[str, int] = Field(
        description="Replies not taken, by reason; all but no_such_sample stand in quarantine."
    )
    unknown_styles: dict[str, int] = Field(description="Words in style replies that are no style, with their count.")
    files: dict[str, int] = Field(description="Reply file to replies taken from it.")
    ignored_files: list[str] = Field(description="Files of the folder whose names are no capability and not `style`.")
    seconds: float = Field(description="Wall time.")

    def to_json(self) -> dict[str, Any]:
        """What `winnow import-evidence --json` prints."""
        return self.model_dump(mode="json")


def parse_score(reply: object) -> float:
    """`4`, `4.0`, ` 4` and `4/5` are 4; Rejected for what is not a number from 0 to 5."""
    if isinstance(reply, int | float) and not isinstance(reply, bool):
        reply = str(reply)
    text = _OUT_OF_FIVE.sub("", reply.strip()) if isinstance(reply, str) else ""
    if not _NUMBER.fullmatch(text) or not 0 <= float(text) <= 5:
        raise Rejected("not_a_score", f"the reply is {shown(reply)}")
    return float(text)


def parse_styles(reply: object) -> tuple[list[str], list[str]]:
    """(styles in vocabulary order, words that are none) of a comma list; Rejected when the reply is no text."""
    if not isinstance(reply, str):
        raise Rejected("bad_reply", f"the reply is {shown(reply)}")
    words = [word.strip() for word in reply.split(",") if word.strip()]
    found = {word: style_from_text(word) for word in words}
    known = set(found.values())
    return [style for style in STYLES if style in known], [word for word in words if found[word] is None]


@dataclass
class _Samples:
    """The samples replies may be about, and how an idx finds them. sample_id: [N] uint64; the lists are aligned with it."""

    sample_id: NDArray[np.uint64]
    content_hash: list[str]
    source: list[str]
    by_idx: dict[str, int] = field(default_factory=dict)
    twins: dict[str, list[int]] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)

    def add_key(self, key: str, row: int) -> None:
        first = self.by_idx.setdefault(key, row)
        if first == row:
            return
        if self.content_hash[first] == self.content_hash[row]:
            self.twins.setdefault(key, []).append(row)  # the same sample twice: what is said holds for both
        else:
            self.ambiguous.add(key)

    def rows(self, key: str) -> list[int]:
        """Rows an idx is about; empty when there are none, Rejected when they differ."""
        if key in self.ambiguous:
            raise Rejected("ambiguous_idx", f"idx {shown(key)}")
        return [self.by_idx[key], *self.twins.get(key, [])] if key in self.by_idx else []


def _read_samples(workspace: Workspace, source: str | None) -> _Samples:
    """The join keys: a source's own `idx` field when any of its rows has one, else the original id."""
    ids, hashes, sources, originals, own = [], [], [], [], []
    columns = ["sample_id", "content_hash", "source", "original_id", "extra"]
    for batch in workspace.store.scan("samples", columns, 1 << 14):
        for row in batch.to_pylist():
            if source is not None and row["source"] != source:
                continue
            ids.append(row["sample_id"])
            hashes.append(row["content_hash"])
            sources.append(row["source"])
            originals.append(row["original_id"])
            own.append(
                _idx_text(json.loads(row["extra"]).get("idx")) if row["extra"] and '"idx"' in row["extra"] else None
            )
    if not ids:
        known = ", ".join(workspace.store.read("sources", ["source"])["source"].to_pylist())
        if source is None or not known:
            raise BadInput("The workspace holds no samples.", "Ingest the data set the replies were made for first.")
        raise BadInput(f"There is no source {source!r} in the workspace.", f"Use one of: {known}.")
    samples = _Samples(np.array(ids, np.uint64), hashes, sources)
    with_idx = {name for name, key in zip(sources, own, strict=True) if key is not None}
    for row, name in enumerate(sources):
        key = own[row] if name in with_idx else originals[row]
        if key is not None:
            samples.add_key(key, row)
    return samples


def _idx_text(value: object) -> str | None:
    """An idx as join key: whole numbers in decimal, text as it is; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | str) else None


@dataclass
class _Taken:
    """What was read: [N] uint8 stored scores per capability with a file, [N] which samples that file answers (a reply that is no
    score included), and the styles of each sample with a reply."""

    scores: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    answered: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    styles: dict[int, list[str]] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    unknown_styles: Counter[str] = field(default_factory=Counter)
    files: dict[str, int] = field(default_factory=dict)


class _Quarantine:
    """Replies set aside, written a few thousand at a time."""

    def __init__(self, store: Store) -> None:
        self.reading = uuid.uuid4().hex
        self._store = store
        self._rows: list[Quarantined] = []

    def add(self, row: Quarantined) -> None:
        self._rows.append(row)
        if len(self._rows) >= _QUARANTINE_ROWS:
            self.write()

    def write(self) -> None:
        quarantine.write(self._store, self._rows, self.reading)
        self._rows = []


def import_mmssr(
    workspace: Workspace, folder: Path, *, source: str | None = None, progress: Progress = silent
) -> ImportReport:
    """Read a folder of reply files into the evidence of `mmssr`; what stood there for other capabilities is kept.

    Raises BadInput when the folder holds no reply file or the source does not exist, BadData when a file joins no sample or holds no
    valid reply; then nothing is written but the quarantine.
    """
    started = time.monotonic()
    files, ignored = _reply_files(folder.expanduser())
    aside = _Quarantine(workspace.store)
    with writer_lock(workspace.path, "import-evidence"):
        progress(0, None, "reading samples")
        samples = _read_samples(workspace, source)
        taken = _Taken()
        try:
            for key, path in files.items():
                _read_file(key, path, samples, taken, aside, progress)
        finally:
            aside.write()
        quarantine.forget(workspace.store, files.values(), aside.reading)
        settings = {"files": {path.name: _sha256(path) for path in files.values()}}
        about = _write_scores(workspace, samples, taken, settings) | _write_styles(workspace, samples, taken, settings)
    return ImportReport(
        imported=sum(taken.files.values()),
        samples=len(about),
        rejected=dict(taken.rejected.most_common()),
        unknown_styles=dict(taken.unknown_styles.most_common()),
        files=taken.files,
        ignored_files=ignored,
        seconds=round(time.monotonic() - started, 3),
    )


def _reply_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """({capability key or STYLE_FILE: file} in vocabulary order, names of other files)."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.", "Give the folder that holds the reply files.")
    names = {_plain(text): entry.key for entry in CAPABILITIES for text in (entry.key, entry.name)}
    names[STYLE_FILE] = STYLE_FILE
    found: dict[str, Path] = {}
    ignored = []
    for path in sorted(folder.glob("*.jsonl")):
        key = names.get(_plain(path.stem))
        if key is None:
            ignored.append(path.name)
        elif key in found:
            raise BadInput(f"{found[key].name} and {path.name} are both about {key}.", "Keep one of them.")
        else:
            found[key] = path.resolve()
    if not found:
        expected = ", ".join(entry.key for entry in CAPABILITIES[:3])
        raise BadInput(
            f"The folder {folder} holds no reply file.",
            f"Name the files by capability ({expected}, ...) and style, ending in .jsonl.",
        )
    order = [*(entry.key for entry in CAPABILITIES), STYLE_FILE]
    return {key: found[key] for key in order if key in found}, ignored


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _read_file(key: str, path: Path, samples: _Samples, taken: _Taken, aside: _Quarantine, progress: Progress) -> None:
    num_rows = len(samples.sample_id)
    scores = np.full(num_rows, MISSING, np.uint8)
    answered = np.zeros(num_rows, np.bool_)
    num_lines = num_joined = num_taken = 0
    example = ""
    for record in _told(path, progress):
        num_lines += 1
        rows: list[int] = []
        try:
            idx, reply = _idx_and_reply(record)
            rows = samples.rows(idx)
            example = example or idx
            if not rows:
                taken.rejected["no_such_sample"] += 1
                continue
            num_joined += 1
            if answered[rows[0]]:
                raise Rejected("repeated_reply", f"idx {shown(idx)}")
            answered[rows] = True
            if key == STYLE_FILE:
                known, unknown = parse_styles(reply)
                taken.unknown_styles.update(unknown)
                taken.styles.update(dict.fromkeys(rows, known))
            else:
                scores[rows] = encode_score(parse_score(reply))
        except Rejected as rejected:
            taken.rejected[rejected.reason] += 1
            about = samples.source[rows[0]] if rows else ""
            aside.add(Quarantined.of(rejected, about, path, record.row, record.raw))
            continue
        num_taken += 1
    if not num_joined:
        raise _joins_nothing(path, num_lines, example, samples)
    if not num_taken:
        problem = f"None of the {num_lines:,} replies in {path} can be used; they are in the quarantine table."
        raise BadData(problem, REASONS["not_a_score"].fix)
    taken.files[path.name] = num_taken
    if key != STYLE_FILE:
        taken.scores[key] = scores
        taken.answered[key] = answered


def _told(path: Path, progress: Progress) -> Iterator[RawRecord]:
    for record in read_records(path, LINES):
        if record.row % _TELL_EVERY == 0:
            progress(record.row, None, f"reading {path.name}")
        yield record


def _idx_and_reply(record: RawRecord) -> tuple[str, object]:
    line = fields(record)
    idx = _idx_text(line.get("idx"))
    if idx is None or "pred_response" not in line:
        raise Rejected("bad_reply", shown(record.value))
    return idx, line["pred_response"]


def _joins_nothing(path: Path, num_lines: int, example: str, samples: _Samples) -> BadData:
    theirs = f", such as idx {example!r}" if example else ""
    ours = next(iter(samples.by_idx), "")
    return BadData(
        f"None of the {num_lines:,} replies in {path} joins a sample{theirs}; the samples have keys such as {ours!r}.",
        "Name the data set the replies are about with --source, or ingest it first; nothing was imported.",
    )


def _write_scores(workspace: Workspace, samples: _Samples, taken: _Taken, settings: dict[str, Any]) -> set[int]:
    """Write the samples with a score. Where a file answers a sample, its answer replaces what an earlier import said, also when it
    is no score; everything else an earlier import said of the same content stays."""
    if not taken.scores:
        return set()
    who = evidence.producer("scores", PRODUCER, VERSION)
    scores = {
        entry.key: taken.scores.get(entry.key, np.full(len(samples.sample_id), MISSING, np.uint8))
        for entry in CAPABILITIES
    }
    scored = np.any([scores[key] != MISSING for key in taken.scores], axis=0)
    spoken = np.zeros(len(samples.sample_id), dtype=bool)
    if workspace.store.exists(who.table):
        spoken = _fill_from(evidence.read(workspace.store, who), samples, scores, taken.answered)
    rows = np.flatnonzero(scored | (spoken & np.any(list(taken.answered.values()), axis=0)))
    columns = {key: pa.array(column[rows], pa.uint8(), mask=column[rows] == MISSING) for key, column in scores.items()}
    evidence.write(workspace.store, who, pa.table({**_said_about(samples, rows), **columns}), settings)
    return set(np.flatnonzero(scored).tolist())


def _fill_from(
    before: pa.Table,
    samples: _Samples,
    scores: dict[str, NDArray[np.uint8]],
    answered: dict[str, NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    """Put earlier scores of the same content where this import answers nothing; [N] which samples were spoken about before."""
    place = {key: row for row, key in enumerate(samples.sample_id.tolist())}
    pairs = zip(before["sample_id"].to_pylist(), before["content_hash"].to_pylist(), strict=True)
    now = np.array(
        [place[key] if key in place and samples.content_hash[place[key]] == digest else -1 for key, digest in pairs],
        np.int64,
    )
    same = now >= 0
    for key, column in scores.items():
        said = before[key].fill_null(MISSING).to_numpy().astype(np.uint8)[same]
        rows = now[same]
        open_still = ~answered[key][rows] if key in answered else np.ones(len(rows), dtype=bool)
        column[rows[open_still]] = said[open_still]
    spoken = np.zeros(len(samples.sample_id), dtype=bool)
    spoken[now[same]] = True
    return spoken


def _write_styles(workspace: Workspace, samples: _Samples, taken: _Taken, settings: dict[str, Any]) -> set[int]:
    if not taken.styles:
        return set()
    rows = np.array(sorted(taken.styles), np.int64)
    styles = pa.array([taken.styles[row] for row in rows.tolist()], pa.list_(pa.string()))
    who = evidence.producer("styles", PRODUCER, VERSION)
    evidence.write(workspace.store, who, pa.table({**_said_about(samples, rows), "styles": styles}), settings)
    return set(taken.styles)


def _said_about(samples: _Samples, rows: NDArray[np.int64]) -> dict[str, Any]:
    hashes = [samples.content_hash[row] for row in rows.tolist()]
    return {"sample_id": samples.sample_id[rows], "content_hash": pa.array(hashes, pa.string())}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

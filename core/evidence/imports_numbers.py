"""Numbers made elsewhere, a column each: perplexity, loss, similarity, difficulty, votes; joined to the samples of a workspace.

    import_numbers(Workspace.open(path), Path("ppl.csv"), source="receipts")

A CSV, TSV, JSONL, JSON or Parquet file with an id column and number columns; also a JSON object of id to number (Self-Filter,
CoIDO) and ScalSelect's `sample_scores`. The id column is `sample_id` (16 hex digits) or `id` (the original id, text or whole
number). Cost: one pass over ids and file; a column costs 8 bytes a sample.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadData, BadInput
from core.evidence.number_files import KEYS, NumberRow, read_rows
from core.evidence.set_aside import Aside, Example
from core.ingest.reasons import Rejected, shown
from core.lens import WHERE_COLUMNS
from core.progress import Progress, silent
from core.store import evidence, schemas
from core.store.ids import id_hex
from core.store.locks import writer_lock
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace

VERSION = "1"
TAKEN = frozenset(
    {
        *WHERE_COLUMNS, *schemas.SAMPLES.names, *(f"{key}_by" for key in CAPABILITY_KEYS),
        *(f"{key}_or_0" for key in CAPABILITY_KEYS), "row", "style_bits", "tag_ids", "top_tag",
        "tag_bits", "flag_bits", "bars_a", "bars_b", "bars_c", "top_capability", "map_x", "map_y", "licence", "unstyled",
    }
)  # fmt: skip
"""Names that mean something already, so that no imported column may have them."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MISSING = frozenset({"", "nan", "na", "n/a", "none", "null", "-"})
_PEEK_ROWS = 1000
_TELL_EVERY = 20_000

Key = Literal["sample_id", "id", "row"]
"""What an entry is known by: our id in 16 hex digits, the id in its data set, or its row there, from 0."""


class NumbersReport(BaseModel):
    """What an import of numbers took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    imported: int = Field(description="Numbers taken.")
    samples: int = Field(description="Different samples they are about.")
    columns: dict[str, int] = Field(description="Column to numbers taken for it.")
    joined_by: Key = Field(description="What samples were found by.")
    rejected: dict[str, int] = Field(
        description="Rows and cells not taken, by reason; all but no_such_sample stand in quarantine."
    )
    examples: dict[str, tuple[Example, ...]] = Field(description="The first few of each reason, with place and value.")
    ignored_columns: dict[str, str] = Field(description="Columns of the file that were not taken, and why.")
    seconds: float = Field(description="Wall time.")

    def to_json(self) -> dict[str, Any]:
        """What `winnow import-evidence --json` prints."""
        return self.model_dump(mode="json")


def column_name(text: str) -> str:
    """A name that a condition can hold without quotes; BadInput for one that means something already."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    name = f"n_{name}" if name[:1].isdigit() else name
    if not name:
        raise BadInput(f"{text!r} cannot name a column.", "Use letters, digits and underscores.")
    if name in TAKEN:
        raise BadInput(f"The column {text!r} would hide what {name} means already.", "Give it another name.")
    return name


def parse_number(value: object) -> float | None:
    """A finite number, None where there is none (empty, NaN, null); Rejected for anything else."""
    if value is None or (isinstance(value, str) and value.strip().casefold() in _MISSING):
        return None
    plain = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else isinstance(value, int | float | Decimal)
    try:
        number = float(value) if plain and not isinstance(value, bool) else math.inf  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise Rejected("not_a_number", f"the value is {shown(value)}")
    return None if math.isnan(number) else number


@dataclass(eq=False)
class Samples:
    """The samples numbers may be about, and how a key finds them.

    sample_id: [N] uint64; content_hash and source are aligned with it.
    """

    sample_id: NDArray[np.uint64]
    content_hash: list[str]
    source: list[str]
    keys: dict[str, int] = field(default_factory=dict)
    twins: dict[str, list[int]] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)

    def know_by(self, keys: Iterable[str]) -> None:
        """Take these [N] keys; of two samples with one key both are meant when their content is the same, else none is."""
        self.keys, self.twins, self.ambiguous = {}, {}, set()
        for row, key in enumerate(keys):
            first = self.keys.setdefault(key, row)
            if first == row:
                continue
            if self.content_hash[first] == self.content_hash[row]:
                self.twins.setdefault(key, []).append(row)
            else:
                self.ambiguous.add(key)

    def rows(self, key: str) -> list[int]:
        """Rows a key is about; empty without any, Rejected when they differ."""
        if key in self.ambiguous:
            raise Rejected("ambiguous_idx", f"id {shown(key)}")
        return [self.keys[key], *self.twins.get(key, [])] if key in self.keys else []


def read_samples(workspace: Workspace, source: str | None, by: Key) -> Samples:
    """All samples, or those of a source, known by a kind of key."""
    column = {"sample_id": "sample_id", "id": "original_id", "row": "ingest_row"}[by]
    wanted = list(dict.fromkeys(["sample_id", "content_hash", "source", column]))
    table = workspace.store.read("samples", wanted)
    names = sorted(set(table["source"].to_pylist()))
    if source is not None:
        if source not in names:
            raise BadInput(f"There is no source {source!r} in the workspace.", f"Use one of: {', '.join(names)}.")
        table = table.filter(pa.compute.equal(table["source"], source))
    if not table.num_rows:
        raise BadInput("The workspace holds no samples.", "Ingest the data set the numbers were made for first.")
    if by == "row" and source is None and len(names) > 1:
        raise BadInput(
            f"Row numbers are about one source, and the workspace has {len(names)}.",
            f"Name it with --source, one of: {', '.join(names)}.",
        )
    samples = Samples(table["sample_id"].to_numpy(), table["content_hash"].to_pylist(), table["source"].to_pylist())
    known = table[column].to_pylist()
    samples.know_by(id_hex(one) if by == "sample_id" else str(one) for one in known)
    return samples


@dataclass(eq=False)
class Taken:
    """What was read. values: column to [N] float64, NaN missing; said: [N] which samples a row was about."""

    values: dict[str, NDArray[np.float64]]
    said: NDArray[np.bool_]


def import_numbers(
    workspace: Workspace, file: Path, *, source: str | None = None, name: str = "", progress: Progress = silent
) -> NumbersReport:
    """Read a file of numbers; what stood in its columns for other samples is kept.

    `name` is the column of a file that holds one number per id without saying what it is; default: the file's stem. BadInput
    or BadData when there is no id column, no number column, or no row that joins a sample; then nothing is written but the
    quarantine.
    """
    started = time.monotonic()
    path = existing(file)
    with writer_lock(workspace.path, "import-evidence"):
        progress(0, None, "reading samples")
        by = _key_of(path, name)
        columns, ignored = _columns(path, name)
        samples = read_samples(workspace, source, by)
        aside = Aside(workspace.store, path)
        num = len(samples.sample_id)
        taken = Taken({column: np.full(num, np.nan) for column in columns.values()}, np.zeros(num, dtype=bool))
        try:
            _take(path, name, by, columns, samples, taken, aside, progress)
        finally:
            aside.write()
        aside.finish()
        for column, values in taken.values.items():
            write_column(workspace, column, samples, values, taken.said, path)
    counts = {column: int((~np.isnan(values)).sum()) for column, values in taken.values.items()}
    return NumbersReport(
        imported=sum(counts.values()),
        samples=int(taken.said.sum()),
        columns=counts,
        joined_by=by,
        rejected=dict(aside.rejected.most_common()),
        examples=aside.examples,
        ignored_columns=ignored,
        seconds=round(time.monotonic() - started, 3),
    )


def existing(file: Path) -> Path:
    """The whole path of a file that is there."""
    path = file.expanduser().resolve()
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", "Give the file that holds the numbers.")
    return path


def _key_of(path: Path, name: str) -> Key:
    """Which id column a file has, by its first row."""
    first = next((row for row in read_rows(path, name) if row.value), None)
    found = next((key for key in KEYS if first is not None and key in first.value), None)
    if first is None or found is None:
        has = ", ".join(map(str, first.value)) if first is not None else "no row"
        raise BadInput(
            f"{path} has no id column (it has {has}).",
            "Name one `id` (the id in the data set) or `sample_id` (16 hex digits).",
        )
    return "sample_id" if found == "sample_id" else "id"


def _columns(path: Path, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """({column of the file: its name here}, {column: why it is not taken}), by the first 1,000 rows."""
    numbers: Counter[str] = Counter()
    others: Counter[str] = Counter()
    first: dict[str, str] = {}
    for row in islice(read_rows(path, name), _PEEK_ROWS):
        for key, value in row.value.items():
            if key in KEYS:
                continue
            try:
                numbers[key] += parse_number(value) is not None
            except Rejected:
                others[key] += 1
                first.setdefault(key, f"such as {shown(value, 60)} in {row.place}")
    taken: dict[str, str] = {}
    ignored: dict[str, str] = {}
    for key in dict.fromkeys((*numbers, *others)):
        if numbers[key] <= others[key]:
            empty = f"is empty in the first {_PEEK_ROWS:,} rows"
            ignored[key] = f"holds no numbers, {first[key]}" if others[key] else empty
            continue
        try:
            column = column_name(key)
        except BadInput as error:
            ignored[key] = error.problem
            continue
        if column in taken.values():
            ignored[key] = f"has the name {column} of a column before it"
        else:
            taken[key] = column
    if not taken:
        why = "; ".join(f"{key}: {reason}" for key, reason in ignored.items())
        raise BadData(f"{path} has no number column ({why or 'no column at all'}).", "Give a column of plain numbers.")
    return taken, ignored


def _take(
    path: Path,
    name: str,
    by: Key,
    columns: dict[str, str],
    samples: Samples,
    taken: Taken,
    aside: Aside,
    progress: Progress,
) -> None:
    """Read the rows into `taken`; BadData when not one joins a sample."""
    num_rows = 0
    example = ""
    for row in read_rows(path, name):
        num_rows += 1
        if row.number % _TELL_EVERY == 0:
            progress(row.number, None, f"reading {path.name}")
        rows: list[int] = []
        try:
            key = _key(row, by)
            example = example or key
            rows = samples.rows(key)
            if not rows:
                aside.nobody(key, row.place)
                continue
            if taken.said[rows[0]]:
                raise Rejected("repeated_reply", f"id {shown(key)}")
        except Rejected as rejected:
            _set_aside(rejected, row, rows, samples, aside)
            continue
        taken.said[rows] = True
        for given, column in columns.items():
            try:
                number = parse_number(row.value.get(given))
            except Rejected as rejected:
                _set_aside(rejected, row, rows, samples, aside, given)
                continue
            if number is not None:
                taken.values[column][rows] = number
    if not taken.said.any():
        more = ", or put the ids of the data set itself under `id`" if by == "sample_id" else ""
        raise joins_nothing(path, num_rows, example, samples, more)


def _key(row: NumberRow, by: Key) -> str:
    if row.fault:
        raise Rejected("bad_row", row.fault)
    key = row.value.get(by)
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    if isinstance(key, bool) or not isinstance(key, int | str) or key == "":
        raise Rejected("bad_key", f"{by} is {shown(key)}")
    if by == "sample_id":
        return id_hex(key) if isinstance(key, int) and 0 <= key < 2**64 else str(key).strip().lower()
    return str(key)


def _set_aside(
    rejected: Rejected, row: NumberRow, rows: list[int], samples: Samples, aside: Aside, column: str = ""
) -> None:
    source = samples.source[rows[0]] if rows else ""
    aside.add(rejected, source, row.number, row.raw, place=row.place, column=column)


def joins_nothing(path: Path, num_rows: int, example: str, samples: Samples, more: str = "") -> BadData:
    """What to say of a file none of whose entries is about a sample."""
    theirs = f", such as {example!r}" if example else ""
    ours = next(iter(samples.keys), "")
    return BadData(
        f"None of the {num_rows:,} entries of {path} joins a sample{theirs}; the samples have ids such as {ours!r}.",
        f"Name the data set they are about with --source, or ingest it first{more}; nothing was imported.",
    )


def write_column(
    workspace: Workspace,
    column: str,
    samples: Samples,
    values: NDArray[np.float64],
    said: NDArray[np.bool_],
    path: Path,
    *,
    replace: bool = False,
) -> None:
    """Write a column for the samples that were spoken about, null where no number was said; others keep theirs, or none
    with `replace`."""
    rows = np.flatnonzero(said)
    with path.open("rb") as read:
        digest = hashlib.file_digest(read, "sha256").hexdigest()
    table = pa.table(
        {
            "sample_id": samples.sample_id[rows],
            "content_hash": pa.array([samples.content_hash[row] for row in rows.tolist()], pa.string()),
            "value": pa.array(values[rows], pa.float64(), mask=np.isnan(values[rows])),
        }
    )
    who = evidence.producer("numbers", column, VERSION)
    evidence.write(workspace.store, who, table, {"files": {path.name: digest}}, replace=replace)

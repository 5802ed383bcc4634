"""DuckDB as the lens: the narrow columns of a workspace in memory, every number on screen a question over them.

The lens is loaded from Lance when a workspace opens and made anew when its tables move; it never writes. People's ratings are
laid over the scores, and those that were given since as soon as it is told to follow.
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core import conditions
from core.filters import Filter, compile_filter
from core.lens_ratings import LensRatings
from core.lens_tables import LensTables
from core.store import sample_lists
from core.store.evidence import Producer
from core.store.ids import SCORE_SCALE, digest_of
from core.store.ratings import PEOPLE, Ratings
from core.vocabulary import CAPABILITY_KEYS, TAG_SEPARATOR
from core.workspace import RATINGS, Workspace, rating_version

_WHERE_PLAIN = (
    "source", "original_id", "num_images", "num_turns", "num_chars", "num_text_tokens", "width_px", "height_px", "cluster",
)  # fmt: skip
WHERE_COLUMNS = (*_WHERE_PLAIN, *CAPABILITY_KEYS, "styles", "tags", "flags")
"""What `--where` is written over, as the view `pool` has it; scores from 0 to 5, styles, tags and flags as lists of text."""

_SQL_FOLDER = Path(__file__).parent / "sql"
_MOST_FOUND = 4
"""Text searches whose answers are kept: a page asks a dozen questions about each."""


@cache
def question(name: str) -> str:
    """The text of core/sql/<name>.sql; its first line says in words what it asks."""
    return (_SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


_OF_SCORES = re.compile(
    rf"\b(?:(?:{'|'.join(CAPABILITY_KEYS)})(?:_by|_or_0)?|bars_[abc]|top_capability)\b|\*\s+(?:EXCLUDE|REPLACE|FROM)\b"
)


@cache
def reads_scores(name: str) -> bool:
    """Whether the answer to core/sql/<name>.sql stands on scores, whatever the filter; one with a $sort does where that is a
    capability."""
    text = "\n".join(line for line in question(name).splitlines() if not line.startswith("--"))
    return "$sort" not in text and _OF_SCORES.search(text) is not None


@cache
def _unsteady() -> frozenset[str]:
    """The functions of DuckDB whose answer does not follow from what they are given: chance, the clock, the connection.

    DuckDB says it of its own functions, but for two that read the clock, and not of the macros that are made of them.
    """
    with duckdb.connect(":memory:") as database:
        known = database.execute("SELECT function_name, stability, macro_definition FROM duckdb_functions()").fetchall()
    names = {name for name, stability, _ in known if stability not in (None, "CONSISTENT", "")} - {"error"}
    names |= {"current_localtime", "current_localtimestamp"}
    inside = re.compile(rf"\b(?:(?:{'|'.join(sorted(names))})\(|current_(?:date|time|timestamp)\b)")
    return frozenset(names | {name for name, _, made_of in known if made_of and inside.search(made_of)})


class Lens:
    """The narrow columns of a workspace at one snapshot, which `follow` moves on to the ratings given since; with `versions`, as
    `Workspace.pinned` gives them, at that older one, where it stays.

    Table `samples`: row, sample_id, source (an ENUM: answers that hold it cast it to text), original_id, num_images, num_turns,
    num_chars, num_text_tokens, width_px, height_px, one UTINYINT per capability (stored scale, NULL missing) with `<key>_by`
    naming its producer, style_bits, top_capability, flags, map_x, map_y, cluster, one DOUBLE per imported number
    (`number_columns`), tag_ids, top_tag (the first of a sample's first-level instruction tags in the order of the tree, an index
    into `top_tags`). What makes questions quick: flag_bits and tag_bits (see `Shortcuts`), bars_a, bars_b, bars_c (see `BARS`),
    `<key>_or_0` (see `OR_0`).
    Tables `sources`, `tags(tag_id, kind, path, level1, level2, level3)`, `sample_tags(row, tag_id)`.
    View `pool`: what `--where` sees, scores from 0 to 5, imported numbers, `styles`, `tags` and `flags` as lists of text.
    """

    def __init__(self, workspace: Workspace, versions: Mapping[str, int] | None = None) -> None:
        self.workspace = workspace
        known = workspace.versions() if versions is None else versions
        self._tables = {name: at for name, at in known.items() if name != RATINGS}
        self._database = duckdb.connect(
            ":memory:", config={"autoinstall_known_extensions": False, "enable_external_access": False}
        )
        self._lock = threading.Lock()
        self._found: OrderedDict[str, pa.Table] = OrderedDict()
        made = LensTables(workspace, self._tables, self._database)
        self._producers = made.producers
        self.source_names: tuple[str, ...] = made.source_names
        self.tag_paths, self.top_tags, self.number_columns = made.tag_paths, made.top_tags, made.number_columns
        self._shortcuts = made.shortcuts
        self.num_samples = int(self._scalar("SELECT count(*) FROM samples"))
        self._following = threading.Lock()
        said_by = len(self._producers.get("scores", []))
        self._ratings = LensRatings(workspace, self._database, said_by, at=versions)
        self._settle()

    # -- people's ratings ---------------------------------------------------------------------------------------------

    def follow(self, act_id: int | None = None) -> None:
        """Take up what people rated since, which writes only the samples that were rated; up to an act that is known to be there,
        where it is given, so that a lens that has it asks nobody."""
        with self._following:
            if act_id is None or self.ratings.at_act < act_id:
                self._ratings.follow()
                self._settle()

    def _settle(self) -> None:
        """Say the snapshot and the producers as they are with the ratings that are laid over the scores."""
        self.versions = self._tables | rating_version(self.ratings.at_act)
        self.snapshot = digest_of(self.versions)
        rated = {"scores": [*self._producers.get("scores", []), PEOPLE]} if self._ratings.num_scores else {}
        self.producers: dict[str, list[Producer]] = self._producers | rated

    @property
    def ratings(self) -> Ratings:
        """What people gave, each for itself, whether it counts or not."""
        return self._ratings.given

    @property
    def num_rated(self) -> int:
        """How many scores are people's."""
        return self._ratings.num_scores

    @property
    def num_rated_samples(self) -> int:
        """How many samples have a score that is people's."""
        return self._ratings.num_samples

    def content_hash(self, sample_id: int) -> str | None:
        """The content a rated sample has in this lens; None for one that nobody rated or that is not there."""
        return self._ratings.content_hash(sample_id)

    def without_people(self, sample_id: int) -> dict[str, tuple[float, Producer]]:
        """(score from 0 to 5, who says it) by capability, as they would be without people; nothing of a sample nobody rated."""
        who = self._producers.get("scores", [])
        return {key: (score / SCORE_SCALE, who[by]) for key, (score, by) in self._ratings.below(sample_id).items()}

    # -- asking -------------------------------------------------------------------------------------------------------

    def _scalar(self, sql: str) -> Any:
        found = self._database.execute(sql).fetchone()
        return found[0] if found else None

    @contextmanager
    def _visible(self, chosen: Filter | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on which the view `visible` holds the samples a filter lets through."""
        with self._lock:  # making a cursor is not safe from several threads; using one of one's own is
            cursor = self._database.cursor()
        try:
            chosen = chosen or Filter()
            if chosen.text.strip():
                cursor.register("matched", self._matched(cursor, chosen.text))
            if chosen.listed:
                listed = pa.table({"sample_id": sample_lists.read(self.workspace, chosen.listed)})
                cursor.register("listed_in", listed)
                cursor.execute("CREATE OR REPLACE TEMP TABLE listed AS SELECT sample_id FROM listed_in")
            condition = compile_filter(
                chosen, self.tag_paths, has_matches=bool(chosen.text.strip()), shortcuts=self._shortcuts
            )
            if chosen.where.strip():
                self._check_where(cursor, chosen.where)
                condition += f" AND row IN ({_selected(chosen.where)})"
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW visible AS SELECT * FROM samples WHERE {condition}")
            yield cursor
        finally:
            cursor.close()

    def _matched(self, cursor: duckdb.DuckDBPyConnection, text: str) -> pa.Table:
        """The rows whose conversation holds the words, as a table of one column."""
        with self._lock:
            if text in self._found:
                self._found.move_to_end(text)
                return self._found[text]
        cursor.register("found_in", pa.table({"sample_id": self.workspace.store.search(text)}))
        rows = cursor.sql("SELECT row FROM samples SEMI JOIN found_in USING (sample_id) ORDER BY row").to_arrow_table()
        cursor.unregister("found_in")
        with self._lock:
            self._found[text] = rows
            while len(self._found) > _MOST_FOUND:
                self._found.popitem(last=False)
        return rows

    def _check_where(self, cursor: duckdb.DuckDBPyConnection, where: str) -> None:
        """BadInput unless the text is one condition over the columns of `pool`, and nothing else of a query."""
        parsed, plain = self._parsed(cursor, where), self._parsed(cursor, "true")
        if parsed.get("error") or _without_condition(parsed) != _without_condition(plain):
            raise conditions.unreadable(where, parsed.get("error_message", ""), self._kinds)
        changes = conditions.changing(where, _condition(parsed), _unsteady(), self._kinds)
        if changes is not None:
            raise changes
        try:
            cursor.execute(f"EXPLAIN {_selected(where)}")
            kind = cursor.execute(f"DESCRIBE SELECT (\n{where}\n) AS holds FROM pool").fetchall()[0][1]
        except duckdb.Error as error:
            raise conditions.unusable(where, str(error), _condition(parsed), self._kinds) from error
        wrong = conditions.not_a_condition(where, _condition(parsed), kind, self._kinds)
        if wrong is not None:
            raise wrong

    @property
    def _kinds(self) -> dict[str, conditions.Kind]:
        return conditions.kinds((*WHERE_COLUMNS, *self.number_columns))

    def _refused(self, cursor: duckdb.DuckDBPyConnection, chosen: Filter | None, error: duckdb.Error) -> Exception:
        """What to raise for a question DuckDB could not answer: the user's condition is to blame where there is one."""
        if chosen is None or not chosen.where.strip():
            return error
        return conditions.unusable(
            chosen.where, str(error), _condition(self._parsed(cursor, chosen.where)), self._kinds
        )

    @staticmethod
    def _parsed(cursor: duckdb.DuckDBPyConnection, where: str) -> dict[str, Any]:
        found = cursor.execute("SELECT json_serialize_sql(?)", [_selected(where)]).fetchone()
        parsed: dict[str, Any] = json.loads(found[0]) if found else {"error": True}
        return parsed

    def ask(
        self, name: str, chosen: Filter | None = None, *, ids: NDArray[np.uint64] | None = None, **parameters: Any
    ) -> pa.Table:
        """Run core/sql/<name>.sql over `visible`, with its `$parameters`.

        `ids`: [K] uint64 sample ids in order; they stand in the temporary table `chosen(position, sample_id)`.
        """
        with self._visible(chosen) as cursor:
            if ids is not None:
                cursor.register(
                    "chosen_in", pa.table({"position": np.arange(len(ids), dtype=np.int64), "sample_id": ids})
                )
                cursor.execute("CREATE OR REPLACE TEMP TABLE chosen AS SELECT * FROM chosen_in")
            try:
                return cursor.sql(question(name), params=parameters or None).to_arrow_table()
            except duckdb.Error as error:
                raise self._refused(cursor, chosen, error) from error

    def stream(
        self, name: str, chosen: Filter | None = None, *, rows_per_batch: int = 8192
    ) -> Iterator[pa.RecordBatch]:
        """The answer to core/sql/<name>.sql batch by batch, for views too long to hold; the first is there without rows too."""
        with self._visible(chosen) as cursor:
            try:
                reader = cursor.sql(question(name)).to_arrow_reader(rows_per_batch)
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
                yield from reader
            except duckdb.Error as error:
                raise self._refused(cursor, chosen, error) from error

    def count(self, chosen: Filter | None = None) -> int:
        """How many samples a filter lets through."""
        return int(self.ask("count_visible", chosen)["num_samples"][0].as_py())

    def tag_subtree(self, prefixes: Sequence[str]) -> list[str]:
        """Known tag paths that are one of `prefixes` or below it."""
        return [
            path for path in self.tag_paths if any(path == p or path.startswith(p + TAG_SEPARATOR) for p in prefixes)
        ]


def _selected(where: str) -> str:
    """The rows a condition keeps; it stands on lines of its own, so that a comment in it cannot swallow the bracket."""
    return f"SELECT row FROM pool WHERE (\n{where}\n)"


def _without_condition(parsed: dict[str, Any]) -> dict[str, Any]:
    """A parsed query without its condition: the same for every text that is a condition and nothing more."""
    statements = [
        {key: value for key, value in statement["node"].items() if key != "where_clause"}
        for statement in parsed.get("statements", [])
    ]
    return {"statements": statements}


def _condition(parsed: dict[str, Any]) -> dict[str, Any]:
    """The condition of a parsed query."""
    found: dict[str, Any] = parsed["statements"][0]["node"]["where_clause"]
    return found

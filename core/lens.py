"""DuckDB as the lens: the narrow columns of a workspace in memory, every number on screen a question over them.

The lens is loaded from Lance when a workspace opens and made anew when its versions move; it never writes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core import conditions
from core.filters import Filter, compile_filter, quoted
from core.store import evidence, sample_lists
from core.store.align import InOrder
from core.store.evidence import Producer
from core.store.ids import MISSING, SCORE_SCALE, digest_of
from core.vocabulary import CAPABILITY_KEYS, INSTRUCTION_TAGS, STYLES, TAG_SEPARATOR, style_bits
from core.workspace import Workspace

_SAMPLE_COLUMNS = (
    "sample_id", "source", "original_id", "content_hash", "num_images", "num_turns", "num_chars", "width_px", "height_px", "ingest_row",
)  # fmt: skip
_WHERE_PLAIN = (
    "source", "original_id", "num_images", "num_turns", "num_chars", "num_text_tokens", "width_px", "height_px", "cluster",
)  # fmt: skip
WHERE_COLUMNS = (*_WHERE_PLAIN, *CAPABILITY_KEYS, "styles", "tags", "flags")
"""What `--where` is written over, as the view `pool` has it; scores from 0 to 5, styles, tags and flags as lists of text."""

_SQL_FOLDER = Path(__file__).parent / "sql"


@cache
def question(name: str) -> str:
    """The text of core/sql/<name>.sql; its first line says in words what it asks."""
    return (_SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


class Lens:
    """The narrow columns of a workspace at one snapshot.

    Table `samples`: row, sample_id, source, original_id, num_images, num_turns, num_chars, num_text_tokens, width_px, height_px,
    one UTINYINT per capability (stored scale, NULL missing) with `<key>_by` naming its producer, style_bits, top_capability,
    flags, map_x, map_y, cluster, one DOUBLE per imported number (`number_columns`), tag_ids, top_tag (the first of a sample's
    first-level instruction tags in the order of the tree, an index into `top_tags`).
    Tables `sources`, `tags(tag_id, kind, path, level1, level2, level3)`, `sample_tags(row, tag_id)`.
    View `pool`: what `--where` sees, scores from 0 to 5, imported numbers, `styles`, `tags` and `flags` as lists of text.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.versions = workspace.versions()
        self.snapshot = digest_of(self.versions)
        self.producers: dict[str, list[Producer]] = {}
        self._database = duckdb.connect(
            ":memory:", config={"autoinstall_known_extensions": False, "enable_external_access": False}
        )
        self._lock = threading.Lock()
        self._load()
        self.num_samples = int(self._scalar("SELECT count(*) FROM samples"))
        self.source_names: tuple[str, ...] = tuple(
            row[0] for row in self._database.execute("SELECT DISTINCT source FROM samples ORDER BY source").fetchall()
        )

    # -- loading ------------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        store, con = self.workspace.store, self._database
        self._order = InOrder(store.read("samples", _SAMPLE_COLUMNS, self.versions.get("samples")))
        con.register("sources_in", store.read("sources", version=self.versions.get("sources")))
        con.execute("CREATE TABLE sources AS SELECT * FROM sources_in ORDER BY source")
        for who in evidence.producers(store):
            if who.table in self.versions:  # a table that came into being meanwhile belongs to the next snapshot
                self.producers.setdefault(who.kind, []).append(who)
        joins: dict[str, pa.Array] = {}
        scores = self._score_columns(joins)
        narrow = self._narrow_columns(joins)
        tags = self._load_tags(joins)
        beside = self._order.samples.add_column(
            0, "row", pa.array(np.arange(self._order.samples.num_rows, dtype=np.uint32))
        )
        for alias, column in joins.items():
            beside = beside.append_column(alias, column)
        con.register("samples_in", beside)
        con.execute(
            f"""
            CREATE TABLE samples AS
            SELECT * EXCLUDE ({", ".join(["content_hash", "ingest_row", *joins])}), {", ".join([*scores, *narrow, tags])}
            FROM samples_in
            """
        )
        del self._order
        con.execute(
            "CREATE TABLE sample_tags AS SELECT row, unnest(tag_ids) AS tag_id FROM samples WHERE tag_ids IS NOT NULL"
        )
        con.execute(self._pool_view())
        for name in con.execute(
            "SELECT view_name FROM duckdb_views() WHERE view_name LIKE '%\\_in%' ESCAPE '\\'"
        ).fetchall():
            con.unregister(name[0])

    def _join(self, who: Producer, table: pa.Table, joins: dict[str, pa.Array]) -> str:
        """Bring a producer's rows into the order of the samples, NULL where none speaks of the sample as it is now; gives the
        alias under which its columns stand there."""
        alias = f"e{len(joins)}"
        joins[alias] = self._order.beside(table)
        return alias

    def _said(self, who: Producer) -> pa.Table:
        return self.workspace.store.read(who.table, version=self.versions[who.table])

    def _score_columns(self, joins: dict[str, pa.Array]) -> list[str]:
        who = self.producers.get("scores", [])
        aliases = [self._join(entry, self._said(entry), joins) for entry in who]
        columns = []
        for key in CAPABILITY_KEYS:
            cells = _cells(who, aliases, key)
            value = f"coalesce({', '.join(cells)}, NULL)" if cells else "NULL"
            said_by = " ".join(f"WHEN {cell} IS NOT NULL THEN {index}" for index, cell in enumerate(cells))
            columns.append(f'({value})::UTINYINT AS "{key}"')
            columns.append(f'({f"CASE {said_by} END" if said_by else "NULL"})::UTINYINT AS "{key}_by"')
        first = {key: f"coalesce({', '.join([*_cells(who, aliases, key), 'NULL'])})" for key in CAPABILITY_KEYS}
        best = f"greatest({', '.join(f'coalesce({first[key]}, 0)' for key in CAPABILITY_KEYS)})"
        tops = " ".join(f"WHEN {first[key]} = {best} THEN {index}" for index, key in enumerate(CAPABILITY_KEYS))
        columns.append(
            f"(CASE WHEN {best} = 0 THEN NULL {tops} END)::UTINYINT AS top_capability"
            if aliases
            else "NULL::UTINYINT AS top_capability"
        )
        return columns

    def _narrow_columns(self, joins: dict[str, pa.Array]) -> list[str]:
        columns: list[str] = [self._flags_column(joins)]
        styled = []
        for who in self.producers.get("styles", []):
            table = self._said(who)
            bits = pa.array(_style_bits(table["styles"].combine_chunks()), pa.uint16())
            styled.append(self._join(who, table.drop(["styles"]).append_column("style_bits", bits), joins))
        said = ", ".join(f"{alias}.style_bits" for alias in styled)  # the most believed one that speaks of the sample
        columns.append(
            f"coalesce({said}, NULL)::USMALLINT AS style_bits" if styled else "NULL::USMALLINT AS style_bits"
        )
        for kind, names in (("tokens", ("num_text_tokens",)), ("map", ("x", "y")), ("clusters", ("cluster",))):
            first = self.producers.get(kind, [])[:1]  # one producer only: places and counts of two do not compare
            alias = self._join(first[0], self._said(first[0]), joins) if first else ""
            for name in names:
                shown = f"map_{name}" if kind == "map" else name
                cast = "FLOAT" if kind == "map" else "INTEGER"
                columns.append(f"{alias}.{name} AS {shown}" if first else f"NULL::{cast} AS {shown}")
        return [*columns, *self._imported_numbers(joins)]

    def _imported_numbers(self, joins: dict[str, pa.Array]) -> list[str]:
        """A DOUBLE column per imported number, under its own name; of its versions the newest counts."""
        newest: dict[str, Producer] = {}
        for who in self.producers.get("numbers", []):
            newest.setdefault(who.name, who)
        self.number_columns = tuple(newest)
        return [f'{self._join(who, self._said(who), joins)}.value AS "{name}"' for name, who in newest.items()]

    def _flags_column(self, joins: dict[str, pa.Array]) -> str:
        """Reasons for caution add up over producers, sorted; of one producer's versions the newest that speaks of the sample counts."""
        said: dict[str, list[str]] = {}
        for who in self.producers.get("flags", []):
            said.setdefault(who.name, []).append(self._join(who, self._said(who), joins))
        each = [
            f"CASE {' '.join(f'WHEN {a}.sample_id IS NOT NULL THEN {a}.flags' for a in aliases)} END"
            for aliases in said.values()
        ]
        if not each:
            return "[]::VARCHAR[] AS flags"
        lists = " || ".join(f"coalesce({one}, []::VARCHAR[])" for one in each)
        return f"list_sort(list_distinct({lists})) AS flags"

    def _load_tags(self, joins: dict[str, pa.Array]) -> str:
        """Make the table `tags`; gives the columns `tag_ids` and `top_tag`. A sample's tags of one kind are those of the most
        believed producer."""
        kinds: list[str] = []
        self.tag_paths: list[str] = []
        columns = []
        for kind in ("instruction_tags", "image_tags"):
            tables = [(who, self._said(who)) for who in self.producers.get(kind, [])]
            lists = [table["tags"].combine_chunks() for _, table in tables]
            paths = sorted(set().union(*(entry.flatten().unique().to_pylist() for entry in lists)))
            known, first = pa.array(paths, pa.string()), len(self.tag_paths)
            aliases = []
            for (who, table), entry in zip(tables, lists, strict=True):
                ids = pa.ListArray.from_arrays(
                    _offsets(entry), pc.add(pc.index_in(entry.flatten(), known).cast(pa.uint32()), first)
                )
                aliases.append(self._join(who, table.drop(["tags"]).append_column("tag_ids", ids), joins))
            kinds += [kind] * len(paths)
            self.tag_paths += paths
            if aliases:
                columns.append(f"coalesce({', '.join(f'{alias}.tag_ids' for alias in aliases)}, []::UINTEGER[])")
        levels = [[*path.split(TAG_SEPARATOR), None, None, None][:3] for path in self.tag_paths]
        table = pa.table(
            {
                "tag_id": pa.array(range(len(kinds)), pa.uint32()),
                "kind": pa.array(kinds, pa.string()),
                "path": pa.array(self.tag_paths, pa.string()),
                **{f"level{n + 1}": pa.array([entry[n] for entry in levels], pa.string()) for n in range(3)},
            }
        )
        self._database.register("tags_in", table)
        self._database.execute("CREATE TABLE tags AS SELECT * FROM tags_in ORDER BY tag_id")
        if not columns:
            self.top_tags: tuple[str, ...] = ()
            return "NULL::UINTEGER[] AS tag_ids, NULL::USMALLINT AS top_tag"
        said = f"({' || '.join(columns)})"
        instructions = [
            level[0] if kind == "instruction_tags" else None for kind, level in zip(kinds, levels, strict=True)
        ]
        self.top_tags = tuple(sorted(filter(None, set(instructions)), key=_tree_place))
        place = {name: str(index) for index, name in enumerate(self.top_tags)}
        codes = ", ".join(place.get(name or "", "NULL") for name in instructions) or "NULL"
        return f"{said} AS tag_ids, list_min(list_transform({said}, lambda t: [{codes}][t + 1]))::USMALLINT AS top_tag"

    def _pool_view(self) -> str:
        scores = ", ".join(f'"{key}" / {SCORE_SCALE}.0 AS "{key}"' for key in CAPABILITY_KEYS)
        styles = " || ".join(
            f"CASE WHEN style_bits & {1 << i} <> 0 THEN [{quoted(name)}] ELSE [] END" for i, name in enumerate(STYLES)
        )
        tags = f"list_transform(tag_ids, lambda t: [{', '.join(map(quoted, self.tag_paths)) or quoted('')}][t + 1])"
        kept = "row, sample_id, source, original_id, num_images, num_turns, num_chars, num_text_tokens, width_px, height_px, cluster"
        kept += "".join(f', "{name}"' for name in self.number_columns)
        return f"CREATE VIEW pool AS SELECT {kept}, {scores}, ({styles})::VARCHAR[] AS styles, {tags} AS tags, flags FROM samples"

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
                cursor.register("matched_in", pa.table({"sample_id": self.workspace.store.search(chosen.text)}))
                cursor.execute("CREATE OR REPLACE TEMP TABLE matched AS SELECT sample_id FROM matched_in")
            if chosen.listed:
                listed = pa.table({"sample_id": sample_lists.read(self.workspace, chosen.listed)})
                cursor.register("listed_in", listed)
                cursor.execute("CREATE OR REPLACE TEMP TABLE listed AS SELECT sample_id FROM listed_in")
            condition = compile_filter(chosen, self.tag_paths, has_matches=bool(chosen.text.strip()))
            if chosen.where.strip():
                self._check_where(cursor, chosen.where)
                condition += f" AND row IN ({_selected(chosen.where)})"
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW visible AS SELECT * FROM samples WHERE {condition}")
            yield cursor
        finally:
            cursor.close()

    def _check_where(self, cursor: duckdb.DuckDBPyConnection, where: str) -> None:
        """BadInput unless the text is one condition over the columns of `pool`, and nothing else of a query."""
        parsed, plain = self._parsed(cursor, where), self._parsed(cursor, "true")
        if parsed.get("error") or _without_condition(parsed) != _without_condition(plain):
            raise conditions.unreadable(where, parsed.get("error_message", ""), self._kinds)
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


def _tree_place(top: str) -> tuple[int, str]:
    """Where a first-level tag stands in the tree; one that is not in the tree comes last, by name."""
    tops = list(dict.fromkeys(path.split(TAG_SEPARATOR)[0] for path in INSTRUCTION_TAGS))
    return (tops.index(top) if top in tops else len(tops)), top


def _offsets(lists: Any) -> pa.Array:
    """Where each list begins in the flattened values; null lists are empty."""
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _style_bits(lists: Any) -> NDArray[np.uint16]:
    """Bit sets of lists of styles; a style that left the vocabulary has no bit. lists: [N] lists of text; result [N] uint16."""
    encoded = lists.flatten().dictionary_encode()
    bits = np.array([style_bits([name]) if name in STYLES else 0 for name in encoded.dictionary.to_pylist()], np.uint16)
    offsets = _offsets(lists).to_numpy()
    found = np.zeros(len(lists), np.uint16)
    filled = np.flatnonzero(offsets[1:] > offsets[:-1])
    if len(filled):
        found[filled] = np.bitwise_or.reduceat(bits[encoded.indices.to_numpy(zero_copy_only=False)], offsets[filled])
    return found


def _cells(who: Sequence[Producer], aliases: Sequence[str], key: str) -> list[str]:
    """What each producer says of a capability, most believed first.

    An older version of a producer counts only for samples no newer one of it has spoken about: a score that the newer one
    withheld on purpose must not come back from the older.
    """
    cells = []
    for index, (entry, alias) in enumerate(zip(who, aliases, strict=True)):
        newer = [aliases[before] for before in range(index) if who[before].name == entry.name]
        cell = f'nullif({alias}."{key}", {MISSING})'
        silent = " AND ".join(f"{before}.sample_id IS NULL" for before in newer)
        cells.append(f"(CASE WHEN {silent} THEN {cell} END)" if silent else cell)
    return cells

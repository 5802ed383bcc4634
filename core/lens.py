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
from numpy.typing import NDArray

from core.errors import BadInput
from core.filters import Filter, compile_filter, quoted
from core.store import evidence
from core.store.evidence import Producer
from core.store.ids import MISSING, SCORE_SCALE, digest_of
from core.vocabulary import CAPABILITY_KEYS, STYLES, TAG_SEPARATOR, style_bits
from core.workspace import Workspace

_SAMPLE_COLUMNS = (
    "sample_id", "source", "original_id", "content_hash", "num_images", "num_turns", "num_chars", "width_px", "height_px", "ingest_row",
)  # fmt: skip
_SEARCH_LIMIT = 1_000_000
_SQL_FOLDER = Path(__file__).parent / "sql"


@cache
def question(name: str) -> str:
    """The text of core/sql/<name>.sql; its first line says in words what it asks."""
    return (_SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


class Lens:
    """The narrow columns of a workspace at one snapshot.

    Table `samples`: row, sample_id, source, original_id, num_images, num_turns, num_chars, num_text_tokens, width_px, height_px,
    one UTINYINT per capability (stored scale, NULL missing) with `<key>_by` naming its producer, style_bits, top_capability,
    map_x, map_y, cluster, tag_ids. Tables `sources`, `tags(tag_id, kind, path, level1, level2, level3)`, `sample_tags(row, tag_id)`.
    View `pool`: what `--where` sees, scores from 0 to 5, `styles` and `tags` as lists of text.
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
        con.register("samples_in", store.read("samples", _SAMPLE_COLUMNS))
        con.register("sources_in", store.read("sources"))
        con.execute("CREATE TABLE sources AS SELECT * FROM sources_in ORDER BY source")
        for who in evidence.producers(store):
            self.producers.setdefault(who.kind, []).append(who)
        joins: list[str] = []
        scores = self._score_columns(joins)
        narrow = self._narrow_columns(joins)
        tags = self._load_tags(joins)
        con.execute(
            f"""
            CREATE TABLE samples AS
            SELECT (row_number() OVER (ORDER BY s.source, s.ingest_row, s.sample_id) - 1)::UINTEGER AS row,
                   s.* EXCLUDE (content_hash, ingest_row), {", ".join([*scores, *narrow, tags])}
            FROM samples_in s {" ".join(joins)}
            ORDER BY row
            """
        )
        con.execute(
            "CREATE TABLE sample_tags AS SELECT row, unnest(tag_ids) AS tag_id FROM samples WHERE tag_ids IS NOT NULL"
        )
        con.execute(self._pool_view())
        for name in con.execute(
            "SELECT view_name FROM duckdb_views() WHERE view_name LIKE '%\\_in%' ESCAPE '\\'"
        ).fetchall():
            con.unregister(name[0])

    def _join(self, who: Producer, table: pa.Table, joins: list[str]) -> str:
        """Register a producer's rows and join those that speak of the sample as it is now; gives the alias."""
        alias = f"e{len(joins)}"
        self._database.register(f"{alias}_in", table)
        joins.append(
            f"LEFT JOIN {alias}_in {alias} ON {alias}.sample_id = s.sample_id AND {alias}.content_hash = s.content_hash"
        )
        return alias

    def _score_columns(self, joins: list[str]) -> list[str]:
        who = self.producers.get("scores", [])
        aliases = [self._join(entry, evidence.read(self.workspace.store, entry), joins) for entry in who]
        columns = []
        for key in CAPABILITY_KEYS:
            cells = [f'nullif({alias}."{key}", {MISSING})' for alias in aliases]
            value = f"coalesce({', '.join(cells)}, NULL)" if cells else "NULL"
            said_by = " ".join(f"WHEN {cell} IS NOT NULL THEN {index}" for index, cell in enumerate(cells))
            columns.append(f'({value})::UTINYINT AS "{key}"')
            columns.append(f'({f"CASE {said_by} END" if said_by else "NULL"})::UTINYINT AS "{key}_by"')
        best = f"greatest({', '.join(f'coalesce({_first(aliases, key)}, 0)' for key in CAPABILITY_KEYS)})"
        tops = " ".join(
            f"WHEN {_first(aliases, key)} = {best} THEN {index}" for index, key in enumerate(CAPABILITY_KEYS)
        )
        columns.append(
            f"(CASE WHEN {best} = 0 THEN NULL {tops} END)::UTINYINT AS top_capability"
            if aliases
            else "NULL::UTINYINT AS top_capability"
        )
        return columns

    def _narrow_columns(self, joins: list[str]) -> list[str]:
        store, columns = self.workspace.store, []
        styles = self.producers.get("styles", [])[:1]
        if styles:
            table = evidence.read(store, styles[0])
            bits = pa.array([style_bits(names or []) for names in table["styles"].to_pylist()], pa.uint16())
            alias = self._join(styles[0], table.drop(["styles"]).append_column("style_bits", bits), joins)
            columns.append(f"{alias}.style_bits AS style_bits")
        else:
            columns.append("NULL::USMALLINT AS style_bits")
        for kind, names in (("tokens", ("num_text_tokens",)), ("map", ("x", "y")), ("clusters", ("cluster",))):
            who = self.producers.get(kind, [])[:1]
            alias = self._join(who[0], evidence.read(store, who[0]), joins) if who else ""
            for name in names:
                shown = f"map_{name}" if kind == "map" else name
                cast = "FLOAT" if kind == "map" else "INTEGER"
                columns.append(f"{alias}.{name} AS {shown}" if who else f"NULL::{cast} AS {shown}")
        return columns

    def _load_tags(self, joins: list[str]) -> str:
        rows: list[tuple[int, str, str, str | None, str | None, str | None]] = []
        ids: dict[tuple[str, str], int] = {}
        aliases = []
        for kind in ("instruction_tags", "image_tags"):
            for who in self.producers.get(kind, [])[:1]:
                table = evidence.read(self.workspace.store, who)
                tags = table["tags"].combine_chunks()
                encoded = (
                    tags.flatten().dictionary_encode() if len(tags) else pa.array([], pa.string()).dictionary_encode()
                )
                order = sorted(encoded.dictionary.to_pylist())
                for path in order:
                    levels = [*path.split(TAG_SEPARATOR), None, None, None][:3]
                    ids[kind, path] = len(rows)
                    rows.append((len(rows), kind, path, *levels))
                lookup = np.array([ids[kind, path] for path in encoded.dictionary.to_pylist()], dtype=np.uint16)
                flat = pa.array(
                    lookup[encoded.indices.to_numpy(zero_copy_only=False)] if len(encoded) else lookup, pa.uint16()
                )
                lengths = tags.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
                offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
                lists = pa.ListArray.from_arrays(offsets, flat)
                aliases.append(self._join(who, table.drop(["tags"]).append_column("tag_ids", lists), joins))
        self.tag_paths = [row[2] for row in rows]
        con = self._database
        con.execute(
            "CREATE TABLE tags (tag_id USMALLINT, kind VARCHAR, path VARCHAR, level1 VARCHAR, level2 VARCHAR, level3 VARCHAR)"
        )
        if rows:
            con.executemany("INSERT INTO tags VALUES (?, ?, ?, ?, ?, ?)", rows)
        if not aliases:
            return "NULL::USMALLINT[] AS tag_ids"
        joined = " || ".join(f"coalesce({alias}.tag_ids, []::USMALLINT[])" for alias in aliases)
        return f"({joined}) AS tag_ids"

    def _pool_view(self) -> str:
        scores = ", ".join(f'"{key}" / {SCORE_SCALE}.0 AS "{key}"' for key in CAPABILITY_KEYS)
        styles = " || ".join(
            f"CASE WHEN style_bits & {1 << i} <> 0 THEN [{quoted(name)}] ELSE [] END" for i, name in enumerate(STYLES)
        )
        tags = f"list_transform(tag_ids, lambda t: [{', '.join(map(quoted, self.tag_paths)) or quoted('')}][t + 1])"
        kept = "row, sample_id, source, original_id, num_images, num_turns, num_chars, num_text_tokens, width_px, height_px, cluster"
        return (
            f"CREATE VIEW pool AS SELECT {kept}, {scores}, ({styles})::VARCHAR[] AS styles, {tags} AS tags FROM samples"
        )

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
                found = self.workspace.store.search(chosen.text, _SEARCH_LIMIT)
                cursor.register("matched_in", pa.table({"sample_id": pa.array(found, pa.uint64())}))
                cursor.execute("CREATE OR REPLACE TEMP TABLE matched AS SELECT sample_id FROM matched_in")
            condition = compile_filter(chosen, self.tag_paths, has_matches=bool(chosen.text.strip()))
            if chosen.where.strip():
                self._check_where(cursor, chosen.where)
                condition += f" AND row IN (SELECT row FROM pool WHERE ({chosen.where}))"
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW visible AS SELECT * FROM samples WHERE {condition}")
            yield cursor
        finally:
            cursor.close()

    def _check_where(self, cursor: duckdb.DuckDBPyConnection, where: str) -> None:
        """BadInput unless the text is one condition over the columns of `pool`."""
        fix = (
            "Write a condition such as \"ocr >= 3 AND source = 'receipts'\"; `winnow select --help` lists the columns."
        )
        found = cursor.execute("SELECT json_serialize_sql(?)", [f"SELECT 1 FROM pool WHERE ({where})"]).fetchone()
        parsed: dict[str, Any] = json.loads(found[0]) if found else {"error": True}
        if parsed.get("error") or len(parsed.get("statements", [])) != 1 or "--" in where or "/*" in where:
            raise BadInput(
                f"The condition {where!r} cannot be read ({parsed.get('error_message', 'not one condition')}).", fix
            )
        try:
            cursor.execute(f"EXPLAIN SELECT 1 FROM pool WHERE ({where})")
        except duckdb.Error as error:
            raise BadInput(f"The condition {where!r} cannot be used ({str(error).splitlines()[0]}).", fix) from error

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
            except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
                if chosen is not None and chosen.where.strip():
                    raise BadInput(
                        f"The condition {chosen.where!r} cannot be used ({str(error).splitlines()[0]}).",
                        "Compare numbers with numbers and text with text.",
                    ) from error
                raise

    def count(self, chosen: Filter | None = None) -> int:
        """How many samples a filter lets through."""
        return int(self.ask("count_visible", chosen)["num_samples"][0].as_py())

    def tag_subtree(self, prefixes: Sequence[str]) -> list[str]:
        """Known tag paths that are one of `prefixes` or below it."""
        return [
            path for path in self.tag_paths if any(path == p or path.startswith(p + TAG_SEPARATOR) for p in prefixes)
        ]


def _first(aliases: Sequence[str], key: str) -> str:
    return (
        f"coalesce({', '.join(f'nullif({alias}.{chr(34)}{key}{chr(34)}, {MISSING})' for alias in aliases)}, NULL)"
        if aliases
        else "NULL"
    )

"""The tables of the lens: samples with all that is said about them beside them, cell by cell from the most believed producer.

What makes questions quick is worked out once, here: sources as an ENUM, tags and flags as bits, the scores of five capabilities in
one number.
"""

from __future__ import annotations

import ctypes
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.filters import NO_LICENCE, Shortcuts, quoted
from core.store import evidence
from core.store.align import SAID, InOrder
from core.store.evidence import Producer
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import CAPABILITY_KEYS, INSTRUCTION_TAGS, STYLES, TAG_SEPARATOR, style_bits
from core.workspace import Workspace

_SAMPLE_COLUMNS = (
    "sample_id", "source", "original_id", "content_hash", "num_images", "num_turns", "num_chars", "width_px", "height_px", "ingest_row",
)  # fmt: skip
_NUM_BITS = 64
"""Of how many tags, and of how many flags, the most frequent, a sample says in one number whether it carries them."""

BARS = {"bars_a": CAPABILITY_KEYS[:5], "bars_b": CAPABILITY_KEYS[5:10], "bars_c": CAPABILITY_KEYS[10:]}
"""Columns of rounded scores, three bits a capability, 7 for none. Grouping by three small numbers counts all 14 of them; by each
score alone it takes six times as long."""

OR_0 = {key: f"{key}_or_0" for key in CAPABILITY_KEYS}
"""Columns of scores with 0 for a missing one: adding up numbers of which none is NULL takes a quarter of the time."""

Joins = dict[str, pa.Array]


class LensTables:
    """Makes the tables of a lens in a database, from those of a workspace at one snapshot; what they hold is said in `Lens`.

    producers: by kind, most believed first; source_names: sorted; tag_paths: by tag_id; top_tags: first levels by place in the
    tree; number_columns: names of imported numbers; shortcuts: which tags and flags are bits.
    """

    def __init__(self, workspace: Workspace, versions: Mapping[str, int], database: duckdb.DuckDBPyConnection) -> None:
        self._store, self._versions, self._database = workspace.store, versions, database
        self.producers: dict[str, list[Producer]] = {}
        for who in evidence.producers(self._store):
            if who.table in versions:  # a table that came into being meanwhile belongs to the next snapshot
                self.producers.setdefault(who.kind, []).append(who)
        self._order = InOrder(self._store.read("samples", _SAMPLE_COLUMNS, versions.get("samples")))
        self.source_names = tuple(self._order.source_names)
        self._make_sources()
        joins: Joins = {}
        columns = [*self._score_columns(joins), *self._narrow_columns(joins), *self._tag_columns(joins)]
        self._make_samples(joins, columns)
        database.execute(self._pool_view())
        for name in database.execute(
            "SELECT view_name FROM duckdb_views() WHERE view_name LIKE '%\\_in%' ESCAPE '\\'"
        ).fetchall():
            database.unregister(name[0])
        del self._order
        _give_back()

    def _make_sources(self) -> None:
        con = self._database
        con.register("sources_in", self._store.read("sources", version=self._versions.get("sources")))
        con.execute("CREATE TABLE sources AS SELECT * FROM sources_in ORDER BY source")
        con.register("names_in", pa.table({"source": pa.array(self.source_names, pa.string())}))
        con.execute("CREATE TYPE source_name AS ENUM (SELECT source FROM names_in)")
        # a licence of blanks is none, nor has a source one that nobody recorded
        licence = f"coalesce(nullif(trim(licence), ''), {quoted(NO_LICENCE)})"
        found = con.execute(f"SELECT source, {licence} FROM names_in LEFT JOIN sources USING (source)").fetchall()
        self._licences = dict(found)

    def _make_samples(self, joins: Joins, columns: list[str]) -> None:
        beside = self._order.samples
        left_out = ", ".join(["ingest_row", *joins])
        beside = beside.add_column(0, "row", pa.array(np.arange(beside.num_rows, dtype=np.uint32)))
        for alias in list(joins):
            beside = beside.append_column(alias, joins.pop(alias))
        self._database.register("samples_in", beside)
        quick = [f"{_packed(keys)} AS {name}" for name, keys in BARS.items()]
        quick += [f'coalesce("{key}", 0)::UTINYINT AS {name}' for key, name in OR_0.items()]
        self._database.execute(
            f"""
            CREATE TABLE samples AS
            SELECT *, {", ".join(quick)}
            FROM (
                SELECT * EXCLUDE ({left_out}) REPLACE (source::source_name AS source), {", ".join(columns)}
                FROM samples_in
            )
            """
        )
        self._database.execute(
            "CREATE TABLE sample_tags AS SELECT row, unnest(tag_ids) AS tag_id FROM samples WHERE tag_ids IS NOT NULL"
        )

    def _join(self, table: pa.Table, joins: Joins) -> str:
        """Bring a producer's rows into the order of the samples, NULL where none speaks of the sample as it is now; gives the
        alias under which its columns stand there."""
        alias = f"e{len(joins)}"
        joins[alias] = self._order.beside(table)
        _give_back()
        return alias

    def _said(self, who: Producer) -> pa.Table:
        return self._store.read(who.table, version=self._versions[who.table])

    def _score_columns(self, joins: Joins) -> list[str]:
        who = self.producers.get("scores", [])
        aliases = [self._join(self._said(entry), joins) for entry in who]
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

    def _narrow_columns(self, joins: Joins) -> list[str]:
        columns = self._flag_columns(joins)
        styled = []
        for who in self.producers.get("styles", []):
            table = self._said(who)
            bits = pa.array(_style_bits(table["styles"].combine_chunks()))
            styled.append(self._join(table.drop(["styles"]).append_column("style_bits", bits), joins))
        said = ", ".join(f"{alias}.style_bits" for alias in styled)  # the most believed one that speaks of the sample
        columns.append(
            f"coalesce({said}, NULL)::USMALLINT AS style_bits" if styled else "NULL::USMALLINT AS style_bits"
        )
        for kind, names in (("tokens", ("num_text_tokens",)), ("map", ("x", "y")), ("clusters", ("cluster",))):
            first = self.producers.get(kind, [])[:1]  # one producer only: places and counts of two do not compare
            alias = self._join(self._said(first[0]), joins) if first else ""
            for name in names:
                shown = f"map_{name}" if kind == "map" else name
                cast = "FLOAT" if kind == "map" else "INTEGER"
                columns.append(f"{alias}.{name} AS {shown}" if first else f"NULL::{cast} AS {shown}")
        return [*columns, *self._imported_numbers(joins)]

    def _imported_numbers(self, joins: Joins) -> list[str]:
        """A DOUBLE column per imported number, under its own name; of its versions the newest counts."""
        newest: dict[str, Producer] = {}
        for who in self.producers.get("numbers", []):
            newest.setdefault(who.name, who)
        self.number_columns = tuple(newest)
        return [f'{self._join(self._said(who), joins)}.value AS "{name}"' for name, who in newest.items()]

    def _flag_columns(self, joins: Joins) -> list[str]:
        """Reasons for caution add up over producers, sorted; of one producer's versions the newest that speaks of the sample counts."""
        tables = [(who, self._said(who)) for who in self.producers.get("flags", [])]
        lists = [_Lists(table["flags"].combine_chunks()) for _, table in tables]
        counts = sum((one.counts() for one in lists), Counter[str]())
        self._flag_bits = _most_frequent(counts)
        self._every_flag = len(self._flag_bits) == len(counts)
        said: dict[str, list[str]] = {}
        for (who, table), one in zip(tables, lists, strict=True):
            bits = pa.array(one.bits({name: 1 << bit for name, bit in self._flag_bits.items()}))
            said.setdefault(who.name, []).append(self._join(table.append_column("flag_bits", bits), joins))

        def newest(field: str, aliases: list[str], nothing: str) -> str:
            cases = " ".join(f"WHEN {alias}.{SAID} THEN {alias}.{field}" for alias in aliases)
            return f"coalesce(CASE {cases} END, {nothing})"

        if not said:
            return ["[]::VARCHAR[] AS flags", "0::UBIGINT AS flag_bits"]
        every = " || ".join(newest("flags", aliases, "[]::VARCHAR[]") for aliases in said.values())
        any_of = " | ".join(newest("flag_bits", aliases, "0::UBIGINT") for aliases in said.values())
        return [f"list_sort(list_distinct({every})) AS flags", f"({any_of})::UBIGINT AS flag_bits"]

    def _tag_columns(self, joins: Joins) -> list[str]:
        """Make the table `tags`; gives the columns `tag_ids`, `tag_bits` and `top_tag`. A sample's tags of one kind are those of
        the most believed producer."""
        kinds: list[str] = []
        self.tag_paths: list[str] = []
        ids, bits = [], []
        said = {
            kind: [_without_tags(self._said(who)) for who in self.producers.get(kind, [])]
            for kind in ("instruction_tags", "image_tags")
        }
        counts = sum((one.counts() for entries in said.values() for _, one in entries), Counter[str]())
        tag_bits = _most_frequent(_with_what_is_above(counts))
        masks = {path: sum(1 << tag_bits[node] for node in _nodes(path) if node in tag_bits) for path in counts}
        for kind, entries in said.items():
            paths = sorted(set().union(*(one.names for _, one in entries)))
            number = {path: len(self.tag_paths) + index for index, path in enumerate(paths)}
            aliases = [
                self._join(
                    table.append_column("tag_ids", one.numbered(number)).append_column(
                        "tag_bits", pa.array(one.bits(masks))
                    ),
                    joins,
                )
                for table, one in entries
            ]
            kinds += [kind] * len(paths)
            self.tag_paths += paths
            if aliases:
                ids.append(f"coalesce({', '.join(f'{alias}.tag_ids' for alias in aliases)}, []::UINTEGER[])")
                bits.append(f"coalesce({', '.join(f'{alias}.tag_bits' for alias in aliases)}, 0::UBIGINT)")
        self._make_tags(kinds)
        self.shortcuts = Shortcuts(tag_bits, self._flag_bits, self._licences, self._every_flag)
        instructions = [
            path.split(TAG_SEPARATOR)[0] if kind == "instruction_tags" else None
            for kind, path in zip(kinds, self.tag_paths, strict=True)
        ]
        self.top_tags: tuple[str, ...] = tuple(sorted(filter(None, set(instructions)), key=_tree_place))
        if not ids:
            return ["NULL::UINTEGER[] AS tag_ids", "0::UBIGINT AS tag_bits", "NULL::USMALLINT AS top_tag"]
        place = {name: str(index) for index, name in enumerate(self.top_tags)}
        codes = ", ".join(place.get(name or "", "NULL") for name in instructions) or "NULL"
        every = f"({' || '.join(ids)})"
        return [
            f"{every} AS tag_ids",
            f"({' | '.join(bits)})::UBIGINT AS tag_bits",
            f"list_min(list_transform({every}, lambda t: [{codes}][t + 1]))::USMALLINT AS top_tag",
        ]

    def _make_tags(self, kinds: list[str]) -> None:
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

    def _pool_view(self) -> str:
        scores = ", ".join(f'"{key}" / {SCORE_SCALE}.0 AS "{key}"' for key in CAPABILITY_KEYS)
        styles = " || ".join(
            f"CASE WHEN style_bits & {1 << i} <> 0 THEN [{quoted(name)}] ELSE [] END" for i, name in enumerate(STYLES)
        )
        tags = f"list_transform(tag_ids, lambda t: [{', '.join(map(quoted, self.tag_paths)) or quoted('')}][t + 1])"
        kept = "row, sample_id, source::VARCHAR AS source, original_id, num_images, num_turns, num_chars, num_text_tokens, "
        kept += "width_px, height_px, cluster"
        kept += "".join(f', "{name}"' for name in self.number_columns)
        return f"CREATE VIEW pool AS SELECT {kept}, {scores}, ({styles})::VARCHAR[] AS styles, {tags} AS tags, flags FROM samples"


def _give_back() -> None:
    """Hand freed memory back to the system. Tables come and go here by the gigabyte and allocators hold on to them: with ten
    million samples 7.3 GB stayed taken, of which the lens needs 2.3."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, others do not need it
        if trim is not None:
            trim(0)


class _Lists:
    """Lists of text taken apart: names: the different ones; codes: [M] into them; offsets: [N + 1], where each list begins."""

    def __init__(self, lists: Any) -> None:
        """A null list is an empty one."""
        encoded = lists.flatten().dictionary_encode()
        self.names: list[str] = encoded.dictionary.to_pylist()
        self.codes = encoded.indices.to_numpy(zero_copy_only=False)
        lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        self.offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)

    def counts(self) -> Counter[str]:
        """How often each name is given."""
        found = np.bincount(self.codes, minlength=len(self.names))
        return Counter(dict(zip(self.names, found.tolist(), strict=True)))

    def bits(self, bits_of: Mapping[str, int]) -> NDArray[np.uint64]:
        """[N] uint64: the bits of all names of each list; a name without any has none."""
        bits = np.array([bits_of.get(name, 0) for name in self.names], dtype=np.uint64)
        found = np.zeros(len(self.offsets) - 1, dtype=np.uint64)
        filled = np.flatnonzero(self.offsets[1:] > self.offsets[:-1])
        if len(filled):
            found[filled] = np.bitwise_or.reduceat(bits[self.codes], self.offsets[filled])
        return found

    def numbered(self, number_of: Mapping[str, int]) -> pa.Array:
        """The lists with a number in place of each name."""
        numbers = np.array([number_of[name] for name in self.names], dtype=np.uint32)
        return pa.ListArray.from_arrays(pa.array(self.offsets), pa.array(numbers[self.codes]))


def _without_tags(table: pa.Table) -> tuple[pa.Table, _Lists]:
    """A table of tags and its lists taken apart; the texts themselves, which take the most memory of all, are let go."""
    lists = _Lists(table["tags"].combine_chunks())
    return table.drop(["tags"]), lists


def _style_bits(lists: Any) -> NDArray[np.uint16]:
    """[N] uint16: bit sets of lists of styles; a style that left the vocabulary has no bit."""
    return _Lists(lists).bits({name: style_bits([name]) for name in STYLES}).astype(np.uint16)


def _most_frequent(counts: Counter[str]) -> dict[str, int]:
    """A bit for each of the most frequent names, by falling frequency."""
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: bit for bit, name in enumerate(ranked[:_NUM_BITS])}


def _nodes(path: str) -> list[str]:
    """A path and what stands above it: A, A > B, A > B > C."""
    parts = path.split(TAG_SEPARATOR)
    return [TAG_SEPARATOR.join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _with_what_is_above(counts: Counter[str]) -> Counter[str]:
    above: Counter[str] = Counter()
    for path, num in counts.items():
        for node in _nodes(path):
            above[node] += num
    return above


def _tree_place(top: str) -> tuple[int, str]:
    """Where a first-level tag stands in the tree; one that is not in the tree comes last, by name."""
    tops = list(dict.fromkeys(path.split(TAG_SEPARATOR)[0] for path in INSTRUCTION_TAGS))
    return (tops.index(top) if top in tops else len(tops)), top


def _packed(keys: Sequence[str]) -> str:
    """The rounded scores of some capabilities as one number, the first in the lowest three bits."""
    half = SCORE_SCALE // 2
    bars = [f'(coalesce(("{key}"::INTEGER + {half}) // {SCORE_SCALE}, 7) << {3 * at})' for at, key in enumerate(keys)]
    return f"({' + '.join(bars)})::USMALLINT"


def _cells(who: Sequence[Producer], aliases: Sequence[str], key: str) -> list[str]:
    """What each producer says of a capability, most believed first.

    An older version of a producer counts only for samples no newer one of it has spoken about: a score that the newer one
    withheld on purpose must not come back from the older.
    """
    cells = []
    for index, (entry, alias) in enumerate(zip(who, aliases, strict=True)):
        newer = [aliases[before] for before in range(index) if who[before].name == entry.name]
        cell = f'nullif({alias}."{key}", {MISSING})'
        silent = " AND ".join(f"NOT {before}.{SAID}" for before in newer)
        cells.append(f"(CASE WHEN {silent} THEN {cell} END)" if silent else cell)
    return cells

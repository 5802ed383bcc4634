"""A filter as a frozen value: what the chips on screen, the URL and `--where` say, compiled to SQL in one function.

Scores are compared on the 0 to 5 scale; a missing score never satisfies a range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadInput
from core.store.ids import SCORE_SCALE
from core.vocabulary import CAPABILITY_KEYS, STYLES, TAG_SEPARATOR, style_bits

UNSTYLED = "unstyled"
UNFLAGGED = "no flag"
NO_LICENCE = "no licence stated"
"""What a filter calls samples of sources whose licence nobody stated."""

LONGEST_WHERE = 10_000
"""Characters of a condition."""


class ScoreRange(BaseModel):
    """A range of one capability's score, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capability: str = Field(description="Capability key.")
    low: float = Field(0.0, ge=0, le=5, description="Smallest score, 0 to 5.")
    high: float = Field(5.0, ge=0, le=5, description="Largest score, 0 to 5.")


class Filter(BaseModel):
    """Which samples are visible. An empty filter shows all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...] = Field((), description="Keep these sources; empty keeps all.")
    licences: tuple[str, ...] = Field(
        (), description="Keep samples of sources with any of these licences, or `no licence stated`."
    )
    styles: tuple[str, ...] = Field((), description="Keep samples with any of these styles, or `unstyled`.")
    tags: tuple[str, ...] = Field((), description="Keep samples with any of these tag paths or anything below them.")
    flags: tuple[str, ...] = Field((), description="Keep samples with any of these flags, or `no flag`.")
    scores: tuple[ScoreRange, ...] = Field((), description="Keep samples whose scores lie in all these ranges.")
    min_images: int | None = Field(None, ge=0, description="Fewest images.")
    max_images: int | None = Field(None, ge=0, description="Most images.")
    text: str = Field("", max_length=1000, description="Words that must occur in the conversation.")
    where: str = Field("", max_length=LONGEST_WHERE, description="A SQL condition over the columns of the pool.")
    listed: str = Field(
        "", pattern="^([0-9a-f]{16})?$", description="Keep the samples of this list: see core/store/sample_lists.py."
    )

    @property
    def is_empty(self) -> bool:
        return self == Filter()

    def without(self, field: str) -> Filter:
        """The same filter with one field back at its default."""
        return self.model_copy(update={field: Filter.model_fields[field].default})


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Shortcuts:
    """What a lens knows beforehand: the bit of `tag_bits` that says whether a sample carries a tag or one below it, that of
    `flag_bits` for a flag (the rarer tags and flags have none), and the licence of each source, NO_LICENCE for none."""

    tags: Mapping[str, int] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    every_flag: bool = False
    """Whether all flags have a bit."""


def compile_filter(
    chosen: Filter, tag_paths: Sequence[str], *, has_matches: bool, shortcuts: Shortcuts = Shortcuts()
) -> str:
    """The SQL condition of a filter over the lens table `samples` (stored scores), `true` for an empty filter.

    `tag_paths` is the lens's list of tag paths by id. With `has_matches` the rows found by text search stand in `matched(row)`;
    the ids of a list that the filter names stand in `listed`. `where` is not compiled here: the lens applies it over the view
    `pool`, whose scores are 0 to 5.
    """
    terms: list[str] = []
    if chosen.sources:
        terms.append(_source_term(chosen.sources))
    if chosen.licences:
        sources = [name for name, licence in shortcuts.licences.items() if licence in chosen.licences]
        terms.append(_source_term(sources) if sources else "false")
    if chosen.styles:
        unknown = [name for name in chosen.styles if name not in (*STYLES, UNSTYLED)]
        if unknown:
            raise BadInput(f"{unknown[0]!r} is not a style.", f"Use one of {', '.join(STYLES)} or {UNSTYLED}.")
        bits = style_bits([name for name in chosen.styles if name != UNSTYLED])
        styled = f"(style_bits & {bits}) <> 0"
        terms.append(f"({styled} OR coalesce(style_bits, 0) = 0)" if UNSTYLED in chosen.styles else styled)
    if chosen.tags:
        terms.append(_tags_term(chosen.tags, tag_paths, shortcuts.tags))
    if chosen.flags:
        terms.append(_flags_term(chosen.flags, shortcuts))
    for entry in chosen.scores:
        if entry.capability not in CAPABILITY_KEYS:
            raise BadInput(f"{entry.capability!r} is not a capability.", f"Use one of {', '.join(CAPABILITY_KEYS)}.")
        low, high = round(entry.low * SCORE_SCALE), round(entry.high * SCORE_SCALE)
        terms.append(f'"{entry.capability}" BETWEEN {low} AND {high}')
    if chosen.min_images is not None:
        terms.append(f"num_images >= {chosen.min_images}")
    if chosen.max_images is not None:
        terms.append(f"num_images <= {chosen.max_images}")
    if has_matches:
        terms.append("row IN (SELECT row FROM matched)")
    if chosen.listed:
        terms.append("sample_id IN (SELECT sample_id FROM listed)")
    return " AND ".join(terms) or "true"


def _tags_term(tags: Sequence[str], tag_paths: Sequence[str], bits: Mapping[str, int]) -> str:
    """Frequent tags are bits of a number; of the others few samples have any, which are looked up by tag."""
    mask = sum(1 << bits[tag] for tag in dict.fromkeys(tags) if tag in bits)
    rare = [tag for tag in tags if tag not in bits]
    ids = [
        index
        for index, path in enumerate(tag_paths)
        if any(path == tag or path.startswith(tag + TAG_SEPARATOR) for tag in rare)
    ]
    parts = [f"(tag_bits & {mask}::UBIGINT) <> 0"] if mask else []
    if ids:
        parts.append(f"row IN (SELECT row FROM sample_tags WHERE tag_id IN ({', '.join(map(str, ids))}))")
    return f"({' OR '.join(parts)})" if parts else "false"


def _flags_term(flags: Sequence[str], shortcuts: Shortcuts) -> str:
    bits = shortcuts.flags
    names = [name for name in dict.fromkeys(flags) if name != UNFLAGGED]
    mask = sum(1 << bits[name] for name in names if name in bits)
    rare = ", ".join(quoted(name) for name in names if name not in bits)
    parts = [f"(flag_bits & {mask}::UBIGINT) <> 0"] if mask else []
    if rare:
        parts.append(f"list_has_any(flags, [{rare}]::VARCHAR[])")
    if UNFLAGGED in flags:
        parts.append("flag_bits = 0" if shortcuts.every_flag else "len(flags) = 0")
    return f"({' OR '.join(parts)})"


def _source_term(names: Sequence[str]) -> str:
    return f"source IN ({', '.join(quoted(name) for name in names)})"

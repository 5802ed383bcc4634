"""The words evidence is written in: fourteen capabilities, nine styles, the three-level tree of instruction tags.

They are data files beside this module, so that a person can edit rubrics and aliases without touching code.
Source: mmSSR (arXiv 2503.13383) for capabilities and styles, Infinity-MM (arXiv 2410.18558) for the tree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

TAG_SEPARATOR = " > "
"""Joins the levels of a tag path; leaf names repeat under different parents, so only the whole path is a key."""

_DIRECT_LEAF = "direct"  # the published tree marks a second level that is itself a leaf with this word
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Capability:
    """One of the things a sample can train.

    `rubric` maps the anchor scores 0, 3 and 5 to one sentence each.
    """

    key: str
    name: str
    rubric: dict[int, str]


@dataclass(frozen=True)
class Style:
    """One way in which a sample asks and answers."""

    name: str
    aliases: tuple[str, ...]


def _load_capabilities() -> tuple[Capability, ...]:
    rows = yaml.safe_load((_FOLDER / "capabilities.yaml").read_text(encoding="utf-8"))
    return tuple(Capability(row["key"], row["name"], dict(row["rubric"])) for row in rows)


def _load_styles() -> tuple[Style, ...]:
    rows = yaml.safe_load((_FOLDER / "styles.yaml").read_text(encoding="utf-8"))
    return tuple(Style(row["name"], tuple(row["aliases"])) for row in rows)


def _load_instruction_tags() -> tuple[str, ...]:
    tree = json.loads((_FOLDER / "instruction_tags.json").read_text(encoding="utf-8"))
    return tuple(
        TAG_SEPARATOR.join((top, middle) if leaf == _DIRECT_LEAF else (top, middle, leaf))
        for top, middles in tree.items()
        for middle, leaves in middles.items()
        for leaf in leaves
    )


CAPABILITIES: tuple[Capability, ...] = _load_capabilities()
CAPABILITY_KEYS: tuple[str, ...] = tuple(capability.key for capability in CAPABILITIES)
STYLE_ENTRIES: tuple[Style, ...] = _load_styles()
STYLES: tuple[str, ...] = tuple(style.name for style in STYLE_ENTRIES)
INSTRUCTION_TAGS: tuple[str, ...] = _load_instruction_tags()

_STYLE_BY_TEXT = {text.casefold(): style.name for style in STYLE_ENTRIES for text in (style.name, *style.aliases)}


def capability_name(key: str) -> str:
    """The name a person reads for a capability key; KeyError for a key that is not in the vocabulary."""
    for capability in CAPABILITIES:
        if capability.key == key:
            return capability.name
    raise KeyError(key)


def style_from_text(text: str) -> str | None:
    """The style a word or alias stands for, or None when nobody knows it (never a new bin)."""
    return _STYLE_BY_TEXT.get(text.strip().strip(".").strip().casefold())


def style_bits(styles: list[str] | tuple[str, ...]) -> int:
    """Styles as a bit set: bit i stands for STYLES[i]; unknown names raise KeyError."""
    bits = 0
    for name in styles:
        if name not in STYLES:
            raise KeyError(name)
        bits |= 1 << STYLES.index(name)
    return bits


def styles_from_bits(bits: int) -> tuple[str, ...]:
    """The styles of a bit set, in vocabulary order."""
    return tuple(name for index, name in enumerate(STYLES) if bits >> index & 1)

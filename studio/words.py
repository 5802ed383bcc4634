"""How numbers, spans of time and producers are said on every page.

Thousands are separated, shares have one decimal and a unit, spans of time read "3 min 20 s".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

KIND_NAMES = {
    "scores": "Capability scores",
    "styles": "Interaction styles",
    "instruction_tags": "Instruction tags",
    "image_tags": "Image tags",
    "tokens": "Text tokens",
    "embedding": "Embedding",
    "clusters": "Clusters",
    "map": "Map",
    "flags": "Flags",
    "numbers": "Number",
}
"""Kinds of evidence as people say them, in the order in which they are shown."""


def tables_said(tables: Iterable[str]) -> str:
    """Tables by what is in them: 'image tags, number ppl, samples' for image_tags--rules--1, numbers--ppl--1, samples."""
    found = (table.split("--") for table in tables)
    said = (
        f"number {rest[0]}" if kind == "numbers" and rest else KIND_NAMES.get(kind, kind).lower()
        for kind, *rest in found
    )
    return ", ".join(dict.fromkeys(said))


@dataclass(frozen=True)
class Note:
    """A small badge with the sentence its hover says."""

    badge: str
    says: str


_NOTES = {
    "rules": ("heuristic", "Made by rules over structure and wording. A first orientation, not a measurement."),
    "descriptors": ("heuristic", "Made from colour, edge and layout descriptors and the workspace's own words, without learnt weights."),
    "workspace": ("estimate", "Counted by a tokenizer learnt on this workspace; another model's tokenizer counts differently."),
    "pca": ("approximate", "A linear picture of the embedding; near points are not always alike."),
    "person": ("", "Given by people who looked at the sample: the median where several did."),
    "umap": ("approximate", "A picture of neighbourhoods; distances between groups mean nothing."),
}  # fmt: skip


def num(value: float) -> str:
    """12060 -> '12,060'; numbers that are not whole get one decimal."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def short(value: float) -> str:
    """A number for a tight place: 12060 -> '12.1k', 3400000 -> '3.4M'."""
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if sign == 'k' else limit):,.1f}{sign}"
    return num(value)


def share(part: float, whole: float = 1.0) -> str:
    """A part of a whole with one decimal: '4.3 %'; a dash when there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def many(count: int, noun: str, plural: str | None = None) -> str:
    """'1 sample', '3,618 samples'."""
    return f"{num(count)} {noun if count == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """'0.4 s', '12 s', '3 min 20 s', '2 h 5 min'."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(num_bytes: float) -> str:
    """Bytes as '812 B', '4.2 kB', '64.0 MB'."""
    for limit, sign in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if num_bytes >= limit:
            return f"{num_bytes / limit:,.1f} {sign}"
    return f"{num_bytes:.0f} B"


_BY_WIDGET = (
    (
        r"Name a field every record has with --source-from, or name one source with --source",
        "Name one source under Source",
    ),
    (r"with --image-root", "under Image root"),
    (r"with --source\b", "under Source"),
    (r"ingest with --images copy", "add it again with its pictures copied"),
    (r"or make one with `winnow ingest`", "or make a new one"),
    (r"Open it with `winnow open [^`]*`", "Open it by its path"),
    (r"Use a smaller --limit", "Take fewer records"),
    (r", or --resume for an export that is there already", ""),
    (r"Give a new folder with --out", "Give a new folder"),
    (r"[Uu]se --images link; then export again", "choose hard link under Pictures; then resume it"),
    (r"Use --images copy", "Choose copy under Pictures"),
    (r"[Ee]xport with --images copy", "Export with copied pictures"),
)


def on_page(fix: str) -> str:
    """A remedy in the words of the pages' own fields, where the command line's option was named."""
    for option, words in _BY_WIDGET:
        fix = re.sub(option, words, fix)
    return fix


def note_on(producer: str, version: str) -> Note:
    """The badge of a producer: 'heuristic: rules 1' and what that means; the plain name when nothing is to be warned of.

    Versions end in digests where rules or tokenizers are files that people edit; the badge leaves them to the hover.
    """
    if (producer, version) == ("person", "ratings"):
        return Note("rated by people", _NOTES["person"][1])
    badge, says = _NOTES.get(producer, ("", f"Said by {producer}."))
    plain = ".".join(part for part in version.split(".") if not re.fullmatch(r"[0-9a-f]{6,}", part))
    name = f"{producer} {plain}".strip()
    return Note(f"{badge}: {name}" if badge else name, f"{says} Version {version}.")

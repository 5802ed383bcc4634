"""The data card beside an export, `README.md`: what is in it, where it came from, and how it is loaded.

Its head is what the Hub reads. Like the manifest it holds no time and no folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from core.mixture.gather import REASONS
from core.vocabulary import CAPABILITIES

CARD_FILE = "README.md"
_DATA_FILES = {
    "trl": "data/train-*.parquet",
    "hf": "data/train-*.parquet",
    "finevision": "data/train-*.parquet",
}
"""Targets whose files the Hub itself shows. Tars are not among them: its reader wants the same members in every sample."""

_LICENCES = {
    "apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-3.0", "cc-by-2.0", "cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "odc-by", "odbl", "pddl", "openrail", "unlicense",
}  # fmt: skip
_ALSO = {"cc0": "cc0-1.0", "cc by 4.0": "cc-by-4.0", "apache 2.0": "apache-2.0"}
_UNKNOWN = "not stated"
_MOST_ROWS = 40


def write(folder: Path, record: Mapping[str, Any], how_to_load: str) -> None:
    """Write the card of an export from its manifest and what its target says of loading."""
    (folder / CARD_FILE).write_text(text(record, how_to_load), encoding="utf-8", newline="\n")


def text(record: Mapping[str, Any], how_to_load: str) -> str:
    """The card."""
    after = record["counts"]["after"]
    sources = {entry["source"]: entry for entry in record["sources"]}
    names = {capability.key: capability.name for capability in CAPABILITIES}
    parts = [
        f"---\n{yaml.safe_dump(_head(record), sort_keys=False, allow_unicode=True)}---",
        f"# {_plain(record['name'])}",
        f"{record['num_samples']:,} samples in {record['num_rows']:,} rows, {record['num_images']:,} images, "
        f"about {record['tokens']['text']:,} text tokens and {record['tokens']['image']:,} image tokens. Chosen from "
        f"{record['counts']['before']['num_samples']:,} samples with Winnow {record['code_version']}.",
        "## How to load it",
        how_to_load,
        "## What is in it",
        _table(
            ("Source", "Samples", "Licence", "Revision"),
            (
                (
                    source,
                    f"{count:,}",
                    sources.get(source, {}).get("licence") or _UNKNOWN,
                    sources.get(source, {}).get("revision") or _UNKNOWN,
                )
                for source, count in _largest(after["source"])
            ),
        ),
        _table(
            ("Capability", "Samples that score 3 or more"),
            ((names.get(key, key), f"{count:,}") for key, count in _largest(after["capability"]) if count),
        ),
        _table(("Style", "Samples"), ((style, f"{count:,}") for style, count in _largest(after["style"]))),
        _table(
            ("Stage", "Rows"), ((stage, f"{count['after']:,}") for stage, count in record["counts"]["stages"].items())
        ),
    ]
    if record["dropped"]:
        parts += [
            "## What was left out",
            _table(
                ("Samples", "Why"),
                ((f"{count:,}", REASONS.get(reason, reason)) for reason, count in record["dropped"].items()),
            ),
        ]
    parts += [
        "## Where it came from",
        f"Snapshot `{record['snapshot']}`, recipe `{record['recipe_hash']}`. `manifest.json` says what was chosen how, "
        "`SHA256SUMS` has a hash of every file (`sha256sum -c SHA256SUMS`), and `winnow verify` checks all of it.",
        f"```yaml\n{yaml.safe_dump(record['recipe'], sort_keys=False, allow_unicode=True)}```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(record: Mapping[str, Any]) -> dict[str, Any]:
    files = _DATA_FILES.get(record["target"])
    used = record["counts"]["after"]["source"]
    return {
        "pretty_name": record["name"],
        "license": _licence(entry["licence"] for entry in record["sources"] if entry["source"] in used),
        "task_categories": ["image-text-to-text"],
        "size_categories": [_size(record["num_rows"])],
        "tags": ["winnow", record["target"]],
        **(
            {"configs": [{"config_name": "default", "data_files": [{"split": "train", "path": files}]}]}
            if files
            else {}
        ),
    }


def _size(num_rows: int) -> str:
    """How large a data set is, in the Hub's words: `1K<n<10K`."""
    ends = (
        ("1K", 10**3),
        ("10K", 10**4),
        ("100K", 10**5),
        ("1M", 10**6),
        ("10M", 10**7),
        ("100M", 10**8),
        ("1B", 10**9),
    )
    at = next((number for number, (_, most) in enumerate(ends) if num_rows < most), len(ends))
    if at == 0:
        return "n<1K"
    return f"{ends[at - 1][0]}<n<{ends[at][0]}" if at < len(ends) else "n>1B"


def _licence(stated: Iterable[str | None]) -> str:
    """The licence all sources share, as the Hub calls it; else `other`, and the table says which has which."""
    found = {_ALSO.get((one or "").lower(), (one or "").lower()) for one in stated}
    return found.pop() if len(found) == 1 and found <= _LICENCES else "other"


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    listed = list(rows)
    if not listed:
        return ""
    shown = listed[:_MOST_ROWS]
    lines = [head, tuple("---" for _ in head), *(tuple(_plain(cell) for cell in row) for row in shown)]
    more = [f"\nand {len(listed) - len(shown):,} more, in `manifest.json`"] if len(listed) > len(shown) else []
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *more])


def _plain(text: str) -> str:
    """A text of somebody else's as a cell or a heading: nothing in it is markup, and it stays on its line."""
    flat = " ".join(str(text).split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in flat)

"""A read-only report of a selection, or of two beside each other, as one HTML file to send to a colleague.

The file needs nothing else: no script, no address outside, pictures as data. Everything that comes from data is escaped.
This module only writes what it is given; `studio.reports` gathers it from a workspace.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.select import spread
from core.select.compare import Split
from core.select.saved import SavedSelection
from core.select.words import by_kind, constraints_words, filter_words, method_title, settings_words

NUM_EXAMPLES = 24
_MOST_REASONS = 20
_MOST_ROWS = 40
_LONGEST_TEXT = 500
_OWN = ("file sha256", "id", "saved")  # what differs between any two selections
_FIELDS = (("source", "sources"), ("style", "styles"), ("tag", "tags"), ("capability", "skills"))


@dataclass(frozen=True)
class Example:
    """A sample to look at; `thumbnail` is a small JPEG or PNG, None for a sample of text alone."""

    rank: int
    sample_id: str
    source: str
    question: str
    answer: str
    reason: str
    thumbnail: bytes | None = field(repr=False)


@dataclass(frozen=True, eq=False)
class Subject:
    """One selection: how it came to be, and what it holds of the pool it is read against.

    `made` is the provenance its file carries; `reasons` counts its samples by why they were kept; `older` are the tables that
    changed since; `num_gone` of its samples are not in the pool any more.
    """

    entry: SavedSelection
    made: Mapping[str, Any]
    saved_at: str
    reasons: Mapping[str, int]
    older: Sequence[str]
    num_gone: int
    counts: spread.Counts
    distances: spread.Distances


@dataclass(frozen=True, eq=False)
class Report:
    """What a report says; `second` and `split` belong to a comparison. `pool_words` names the pool, `names` its groups."""

    workspace: str
    pool_words: str
    everything: spread.Counts
    names: Mapping[str, Sequence[str]]
    first: Subject
    examples: Sequence[tuple[str, Sequence[Example]]]
    second: Subject | None = None
    split: Split | None = None
    between: spread.Distances | None = None

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)


def to_html(report: Report) -> str:
    """The whole file. The same report gives the same text."""
    names = [one.entry.name for one in report.subjects]
    title = " against ".join(names)
    body = [
        f"<header><h1>{escape(title)}</h1><p>{_opening(report)}</p>{_warnings(report)}</header>",
        _figures(report),
        _distances(report),
        _making(report),
        _reasons(report),
        _distributions(report),
        *(_examples(heading, examples) for heading, examples in report.examples),
        "<footer>Made with Winnow. Total variation: half the sum of absolute differences of two distributions, 0 is the same, "
        "100 is disjoint. Jaccard: shared over all. Bars are shares; grey behind them is the pool.</footer>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_style()}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


@cache
def _style() -> str:
    return files("core.select").joinpath("report.css").read_text("utf-8")


# -- head -------------------------------------------------------------------------------------------------------------------


def _opening(report: Report) -> str:
    what = "A comparison of two selections" if report.second else "A selection"
    return f"{what} of {escape(report.workspace)}, read against {escape(report.pool_words)}."


def _warnings(report: Report) -> str:
    said = []
    for one in report.subjects:
        if one.older:
            said.append(
                f"{one.entry.name} was made of an earlier state of the data. Changed since: {', '.join(one.older)}."
            )
        if one.num_gone:
            said.append(
                f"{one.num_gone:,} samples of {one.entry.name} are not in this pool; distributions leave them out."
            )
        said += [f"{one.entry.name}: {note}" for note in one.made.get("notes", ())]
    return "".join(f'<p class="note">{escape(text)}</p>' for text in said)


def _figures(report: Report) -> str:
    if report.split is None:
        entry, found = report.first.entry, report.first.distances
        cells = [
            (f"{entry.num_selected:,}", f"samples kept of {entry.pool_size:,}"),
            (_share(entry.num_selected, entry.pool_size), "of the pool it was made of"),
            (f"{_percent(found.clusters)} %", "of the map’s clusters covered"),
        ]
    else:
        parts = report.split
        cells = [
            (f"{len(parts.both):,}", '<i class="dot kept"></i>kept in both A and B'),
            (f"{len(parts.only_first):,}", '<i class="dot removed"></i>removed: only in A'),
            (f"{len(parts.only_second):,}", '<i class="dot added"></i>added: only in B'),
            (_share(len(parts.both), sum(map(len, (parts.both, parts.only_first, parts.only_second)))), "overlap (Jaccard)"),
        ]  # fmt: skip
    return (
        '<div class="figures">' + "".join(f"<div><b>{n}</b><span>{says}</span></div>" for n, says in cells) + "</div>"
    )


def _distances(report: Report) -> str:
    title = _section("Distance from the pool", "total variation in %")
    if report.second is None:
        found = report.first.distances
        cells = (f"<div><b>{_percent(getattr(found, name))}</b><span>{says}</span></div>" for name, says in _FIELDS)
        return f'{title}<div class="figures">{"".join(cells)}</div>'
    columns = [(_name(report, place), one.distances) for place, one in enumerate(report.subjects)]
    if report.between is not None:
        columns.append(("A to B", report.between))
    rows = [
        (says, [f'<td class="num">{_percent(getattr(found, name))}</td>' for _, found in columns])
        for name, says in (*_FIELDS, ("clusters", "clusters covered"))
    ]
    return title + _table("".join(f'<th class="num">{head}</th>' for head, _ in columns), rows)


# -- how it was made --------------------------------------------------------------------------------------------------------


def facts(one: Subject) -> dict[str, str]:
    """How a selection came to be, by name, as the report and the page beside it say it."""
    entry, made = one.entry, one.made
    return {
        "method": method_title(entry.method),
        **{f"setting: {name}": value for name, value in settings_words(entry.settings).items()},
        "seed": str(entry.seed),
        "budget": f"{entry.budget}, which kept {entry.num_selected:,}",
        "filter": filter_words(entry.chosen),
        "constraints": constraints_words(entry.constraints),
        "pool": f"{entry.pool_size:,} samples",
        "pool digest": str(made.get("pool", "–")),
        "snapshot": entry.snapshot,
        "file sha256": entry.sha256,
        "id": entry.selection_id,
        "saved": one.saved_at[:16].replace("T", " ") + " UTC" if one.saved_at else "–",
    }


def _making(report: Report) -> str:
    said = [facts(one) for one in report.subjects]
    names = by_kind(dict.fromkeys(name for one in said for name in one))
    rows = []
    for name in names:
        values = [one.get(name, "–") for one in said]
        rows.append(
            (name, [f"<td>{escape(value)}</td>" for value in values], len(set(values)) > 1 and name not in _OWN)
        )
    heads = "".join(f"<th>{_name(report, place)}</th>" for place in range(len(said))) if report.second else ""
    body = "".join(
        f'<tr{" class=differs" if differs else ""}><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>'
        for name, cells, differs in rows
    )
    head = f"<thead><tr><th></th>{heads}</tr></thead>" if heads else ""
    remark = "marked where they differ" if report.second else ""
    return _section("How it was made", remark) + f'<table class="made">{head}<tbody>{body}</tbody></table>'


def _reasons(report: Report) -> str:
    blocks = []
    for place, one in enumerate(report.subjects):
        counted = list(one.reasons.items())
        shown, rest = counted[:_MOST_REASONS], counted[_MOST_REASONS:]
        if rest:
            shown.append((f"{len(rest):,} further reasons", sum(count for _, count in rest)))
        left_out = [(f"not kept: {reason}", int(count)) for reason, count in one.made.get("left_out", {}).items()]
        rows = [
            (reason, [f'<td class="num">{count:,}</td>', f'<td class="num">{_share(count, one.entry.pool_size)}</td>'])
            for reason, count in (*shown, *left_out)
        ]
        head = f"<h3>{_name(report, place)}</h3>" if report.second else ""
        blocks.append(
            f"<div>{head}{_table('<th class=num>samples</th><th class=num>of the pool</th>', rows, 'reasons')}</div>"
        )
    return _section("Counts by reason") + f'<div class="columns">{"".join(blocks)}</div>'


# -- distributions ----------------------------------------------------------------------------------------------------------


def _distributions(report: Report) -> str:
    blocks = []
    for name, title in (("source", "Sources"), ("style", "Styles"), ("tag", "Tags")):
        ghost = _shares(getattr(report.everything, name), report.everything.num)
        ours = [_shares(getattr(one.counts, name), one.counts.num) for one in report.subjects]
        texts = [[f"{100 * value:.1f} %" for value in shares] for shares in ours]
        blocks.append(_bars(title, report.names[name], ours, ghost, texts, [f"{100 * value:.1f} %" for value in ghost]))
    ghost = np.nan_to_num(report.everything.mean / 5)
    means = [one.counts.mean for one in report.subjects]
    texts = [["–" if np.isnan(value) else f"{value:.2f}" for value in mean] for mean in means]
    skills = [np.nan_to_num(mean / 5) for mean in means]
    behind = [f"{5 * value:.2f}" for value in ghost]
    names = report.names["capability"]
    blocks.append(_bars("Skills, mean score 0 to 5", names, skills, ghost, texts, behind, scaled=False))
    return _section("Distributions", "grey: the pool") + f'<div class="columns">{"".join(blocks)}</div>'


def _bars(
    title: str,
    names: Sequence[str],
    ours: Sequence[NDArray[np.float64]],
    ghost: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
    behind: Sequence[str],
    scaled: bool = True,
) -> str:
    """A row for each group the pool has, largest first: a bar for each selection over the pool's, and its number."""
    present = [int(at) for at in np.argsort(-ghost, kind="stable") if ghost[at] > 0]
    longest = max(float(np.concatenate([ghost, *ours]).max(initial=0)), 1e-9) if scaled else 1.0
    looks = ("",) if len(ours) == 1 else (" first", " second")
    rows = []
    for at in present[:_MOST_ROWS]:
        cells = "".join(
            f'<td class="bar">{_bar(float(shares[at]) / longest, float(ghost[at]) / longest, look)}</td>'
            f'<td class="num">{escape(said[at])}</td>'
            for shares, look, said in zip(ours, looks, texts, strict=False)
        )
        rows.append(
            f'<tr><th scope="row" title="{escape(names[at])}">{escape(names[at])}</th>{cells}<td class="num pool">{behind[at]}</td></tr>'
        )
    more = len(present) - _MOST_ROWS
    letters = ("kept",) if len(ours) == 1 else ("A", "B")
    heads = "".join(f'<th></th><th class="num">{one}</th>' for one in letters) + '<th class="num pool">pool</th>'
    foot = f"<p><small>{more:,} smaller ones are not shown.</small></p>" if more > 0 else ""
    return (
        f'<div><h3>{escape(title)}</h3><table class="bars"><thead><tr><th class="name"></th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{foot}</div>"
    )


def _bar(part: float, ghost: float, look: str) -> str:
    return (
        '<svg viewBox="0 0 100 9" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="9"/>'
        f'<rect class="ghost" width="{100 * ghost:.2f}" height="9"/>'
        f'<rect class="shown{look}" y="1.5" width="{100 * part:.2f}" height="6"/></svg>'
    )


# -- samples ----------------------------------------------------------------------------------------------------------------


def _examples(heading: str, examples: Sequence[Example]) -> str:
    return _section(heading) + '<div class="samples">' + "".join(map(_example, examples)) + "</div>" if examples else ""


def _example(one: Example) -> str:
    picture = '<div class="noimage">text only</div>'
    if one.thumbnail is not None:
        kind = "png" if one.thumbnail[:8] == b"\x89PNG\r\n\x1a\n" else "jpeg"
        picture = f'<img alt="" src="data:image/{kind};base64,{b64encode(one.thumbnail).decode()}">'
    return (
        f'<div class="sample">{picture}<div><p dir="auto">{_text(one.question)}</p>'
        f'<p class="answer" dir="auto">{_text(one.answer)}</p>'
        f"<small>rank {one.rank:,}, {escape(one.source)}, {escape(one.sample_id)}</small><small>{escape(one.reason)}</small></div></div>"
    )


def _text(text: str) -> str:
    return escape(text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…")


# -- small pieces -----------------------------------------------------------------------------------------------------------


def _section(title: str, remark: str = "") -> str:
    return f"<h2>{escape(title)}{f'<small>{escape(remark)}</small>' if remark else ''}</h2>"


def _table(heads: str, rows: Iterable[tuple[str, Sequence[str]]], look: str = "") -> str:
    body = "".join(f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>' for name, cells in rows)
    return f'<table class="{look}"><thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table>'


def _name(report: Report, place: int) -> str:
    """The name of a selection as HTML, with its letter in a comparison."""
    name = escape(report.subjects[place].entry.name)
    if report.second is None:
        return name
    letter, look = (("A", "first"), ("B", "second"))[place]
    return f'<span class="letter {look}">{letter}</span> {name}'


def _shares(counts: NDArray[np.int64], total: int) -> NDArray[np.float64]:
    return counts / max(total, 1)


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def spread_out(count: int, wanted: int) -> list[int]:
    """Up to `wanted` places of `count`, first and last among them, evenly between: what to look at of a long list."""
    if count < 0 or wanted < 0:
        raise BadInput(f"{min(count, wanted)} is not a number of samples.", "Give 0 or more.")
    if wanted >= count:
        return list(range(count))
    return [round(place * (count - 1) / (wanted - 1)) for place in range(wanted)] if wanted > 1 else [0][:wanted]

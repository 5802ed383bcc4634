"""What every page is made of: its head, figures, badges, empty states, and the way a problem is told.

Everything that comes from data is escaped here; pages never write HTML themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import StudioError
from studio import session, style
from studio.words import Note

_COMMAND = re.compile("`([^`]+)`")


@contextmanager
def page(title: str, says: str) -> Iterator[DeltaGenerator]:
    """The frame of a page: stylesheet, URL, title, one sentence, and a place at the right for the one main action.

    A StudioError raised inside ends the page with its problem and remedy.
    """
    if target := session.target():
        st.switch_page(f"../pages/{target}.py")
    style.apply()
    from_url = session.start(title)
    left, right = st.columns([5, 2], vertical_alignment="center")
    left.html(f'<h1 class="w-title">{escape(title)}</h1><p class="w-says">{escape(says)}</p>')
    actions = right.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="page-actions"
    )
    if from_url is not None:
        problem(from_url)
    try:
        yield actions
    except StudioError as error:
        problem(error)


def problem(error: StudioError) -> None:
    """A problem and its remedy, and nothing else."""
    said, fix = (with_commands(text) for text in (error.problem, error.fix))
    st.html(f'<div class="w-problem" role="alert"><b>{said}</b><span>{fix}</span></div>')


def with_commands(text: str) -> str:
    """Text as HTML, what stands between backticks as a command."""
    return _COMMAND.sub(r"<code>\1</code>", escape(text))


def section(title: str, small: str = "", badges: Sequence[Note] = ()) -> None:
    """The heading of a part of a page, with a small remark and badges beside it."""
    marks = "".join(badge(note) for note in badges)
    st.html(
        f'<div class="w-section" role="heading" aria-level="2">{escape(title)}<small>{escape(small)}</small>{marks}</div>'
    )


def small(text: str) -> None:
    """A remark in the smallest size, verbatim."""
    st.html(f'<p class="w-small">{escape(text)}</p>')


def badge(note: Note, kind: str | None = None) -> str:
    """HTML of a small badge whose hover explains it; a badge with a colon warns of something and is coloured so."""
    look = kind or (
        "note" if ":" in note.badge or note.badge in ("heuristic", "estimate", "approximate", "partial") else ""
    )
    return f'<span class="w-badge w-tip {look}" tabindex="0">{escape(note.badge)}<span class="w-tip-text">{escape(note.says)}</span></span>'


def badges(notes: Sequence[Note]) -> None:
    """Badges on their own, side by side; nothing when there is none."""
    if notes:
        st.html(" ".join(badge(note) for note in notes), width="content")


def figures(entries: Sequence[tuple[str, str, str]]) -> None:
    """A row of large numbers: (number, what it counts, a remark or '')."""
    cells = "".join(
        f'<div class="w-figure"><b>{escape(number)}</b><span>{escape(label)}{f" <em>{escape(more)}</em>" if more else ""}</span></div>'
        for number, label, more in entries
    )
    st.html(f'<div class="w-figures">{cells}</div>')


def empty(title: str, says: str, icon: str = "picture") -> DeltaGenerator:
    """An empty state: what is missing; gives the place for the button that makes it."""
    st.html(
        f'<div class="w-empty"><i class="{icon}" aria-hidden="true"></i><h3>{escape(title)}</h3><p>{escape(says)}</p></div>'
    )
    return st.container(horizontal=True, horizontal_alignment="center", key=f"empty-{icon}")


def facts(entries: Sequence[tuple[str, str]]) -> None:
    """Names and values as a small definition list, values verbatim."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in entries)
    st.html(f'<dl class="w-facts">{rows}</dl>')


def chips(names: Sequence[str], nothing: str) -> None:
    """Plain words side by side, verbatim; `nothing` when there is none."""
    if not names:
        small(nothing)
        return
    st.html(" ".join(f'<span class="w-badge">{escape(name)}</span>' for name in names))


def paths(tags: Sequence[str], separator: str = " > ") -> None:
    """Tags as paths: the last level in ink, the way there beside it."""
    if not tags:
        small("none")
        return
    rows = []
    for tag in tags:
        *way, leaf = (escape(part) for part in tag.split(separator))
        rows.append(
            '<div class="w-path">' + "".join(f"<span>{part}</span><i>›</i>" for part in way) + f"<b>{leaf}</b></div>"
        )
    st.html("".join(rows))


_LIGATURES = re.compile(r"(?<=[<>=~-])(?=[<>=-])")  # Streamlit's labels turn "->", ">=" and their like into one sign


def verbatim(text: str) -> str:
    """Text for a Streamlit label, which is read as markdown: every sign that could mean something is escaped."""
    kept = _LIGATURES.sub("\u2060", text.replace("\n", " "))
    return "".join(f"\\{char}" if char in "\\`*_{}[]()<>#+-.!|~$:^&=\"'" else char for char in kept)

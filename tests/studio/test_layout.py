"""What comes from data is escaped on its way to HTML and to labels."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from studio import layout
from studio.words import Note


@given(st.text(max_size=80))
def test_labels_lose_nothing_but_their_meaning(text: str) -> None:
    escaped = layout.verbatim(text)
    read, index = [], 0
    while index < len(escaped):
        if escaped[index] == "\\":
            index += 1
        read.append(escaped[index])
        index += 1
    assert "".join(read).replace("\u2060", "") == text.replace("\n", " ").replace("\u2060", "")


@pytest.mark.parametrize("text", ["**b**", "$x$", ":red[x]", ":smile:", "[a](b)", "`c`", "<b>", "# h", "1. x", "a_b_"])
def test_labels_hold_no_live_markdown(text: str) -> None:
    escaped = layout.verbatim(text)
    for index, char in enumerate(escaped):
        if char in "*$:[`<#_":
            assert escaped[index - 1] == "\\"


@pytest.mark.parametrize("text", ["a->b", "a<-b", "x >= 3", "x <= 3", "a -- b", "a <-> b", "~="])
def test_labels_keep_signs_apart_that_would_be_drawn_as_one(text: str) -> None:
    assert not re.search(r"[<>=~-]\\?[<>=-]", layout.verbatim(text))


def test_badges_escape_both_sides() -> None:
    html = layout.badge(Note("<b>", "<script>"))
    assert "<b>" not in html
    assert "<script>" not in html


def test_paths_keep_every_level_and_escape_it() -> None:
    def script() -> None:
        from studio import layout

        layout.paths(["Top > <Middle> > Leaf"])
        layout.facts([("na<me", "<img src=x onerror=alert(1)>")])
        layout.chips(["<u>"], nothing="none")

    app = AppTest.from_function(script).run(timeout=30)
    assert not app.exception
    bodies = [entry.proto.body for entry in app.get("html")]
    assert "&lt;Middle&gt;" in bodies[0]
    assert "<b>Leaf</b>" in bodies[0]
    assert "<img" not in bodies[1]
    assert "&lt;u&gt;" in bodies[2]

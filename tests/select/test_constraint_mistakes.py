"""Constraints somebody wrote by hand: each mistake is told in plain words, with its line, its value and what to write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.mixture.strict_yaml import plain_values
from core.select.constraints import constraints_of
from core.select.yaml_words import line_in

FILES: dict[str, tuple[str, int | None, str, str]] = {
    "a share in words": (
        "maximum:\n  - {kind: source, name: charts, share: a third}",
        2,
        "share is 'a third'",
        "share: 30%",
    ),
    "a share above the whole": (
        "maximum:\n\n  - {kind: source, name: charts, share: 30}",
        3,
        "share is 30, more",
        "share: 30%",
    ),
    "a share below nothing": (
        "minimum: [{kind: source, name: charts, share: -10%}]",
        1,
        "'-10%', less than nothing",
        "0% to 100%",
    ),
    "a share that is true": ("minimum: [{kind: source, name: charts, share: true}]", 1, "share is true", "share: 30%"),
    "a count below nothing": ("minimum: [{kind: source, name: charts, count: -5}]", 1, "count is -5", "0 or more"),
    "half a sample": ("minimum: [{kind: source, name: charts, count: 2.5}]", 1, "count is 2.5", "whole number"),
    "a count that is a share": (
        "minimum: [{kind: source, name: charts, count: 30%}]",
        1,
        "count is '30%'",
        "share: 30% in place",
    ),
    "both amounts": (
        "minimum:\n- kind: source\n  name: charts\n  count: 5\n  share: 20%",
        2,
        "both a share and a count",
        "Take one",
    ),
    "no amount": ("minimum: [{kind: source, name: charts}]", 1, "neither a share nor a count", "Say how much"),
    "no kind": ("minimum: [{name: charts, count: 5}]", 1, "does not say its kind", "{kind: source"),
    "an unknown kind": (
        "minimum:\n- kind: sources\n  name: charts\n  count: 5",
        2,
        "kind is 'sources'",
        "Did you mean source?",
    ),
    "a name that is a number": (
        "minimum: [{kind: source, name: 2024, count: 5}]",
        1,
        "name is 2024, not a name",
        '"2024"',
    ),
    "a name that is a date": (
        "minimum: [{kind: source, name: 2024-01-02, count: 5}]",
        1,
        "name is 2024-01-02",
        '"2024-01-02"',
    ),
    "a misspelt key of a group": (
        "minimum: [{kind: source, name: a, cuont: 5}]",
        1,
        "cuont is not a key",
        "Did you mean count?",
    ),
    "a misspelt key": ("exclude: []\nmaximun: []", 2, "maximun is not a key", "Did you mean maximum?"),
    "one condition without a list": (
        "exclude: num_chars < 20",
        1,
        "'num_chars < 20', not a list",
        '["num_chars < 20"]',
    ),
    "one group without a list": ("maximum: {kind: source, name: charts, count: 5}", 1, "not a list", "maximum: [{kind"),
    "a group that is a word": ("maximum: [charts]", 1, "'charts', not a group with its limit", "{kind: source"),
    "a key with nothing behind it": ("include: [ocr > 1]\nexclude:", 2, "exclude has nothing behind it", "exclude: []"),
    "a condition that is a number": ("include:\n- ocr > 1\n- 5", 3, "include[1] is 5, not a condition", "in quotes"),
    "a condition with a colon": ("include: [ocr: 3]", 1, "include[0] is a group of keys", "in quotes"),
    "an empty condition": ("include: ['']", 1, "an empty condition", "such as"),
    "an id without quotes": ("pins: [1234567890123456]", 1, "the number 1234567890123456", "in quotes"),
    "a short id": ("never:\n  - 'ff'", 2, "'ff' of 2 characters", "Copy the id"),
    "an id with a letter too far": ("never: ['00000000000000fg']", 1, "16 hexadecimal digits", "Copy the id"),
    "a list": ("- exclude", None, "it has no keys", "exclude"),
    "a word": ("nothing", None, "it has no keys", "exclude"),
    "a bracket left open": ("exclude: [a > 3\n", 1, "opened and not closed", "Close it"),
    "a tab": ("minimum:\n\t- {kind: source, name: a, count: 1}", 2, "indented with a tab", "spaces"),
    "a comma left out": ("minimum: [{kind: source name: a}]", 1, "a comma or the closing } is missing", "quotes"),
    "a wrong indent": ("include: [a > 3]\n exclude: [b]", 2, "does not stand under", "same indent"),
    "a colon in a colon": ("include: a: b", 1, "a colon stands where no key can be", "in quotes"),
    "a key twice": ("pins: []\nnever: []\npins: []", 3, "'pins' stands twice", "Keep one"),
    "text that begins with a sign": ("include: [%x]", 1, "text cannot begin with %", "in quotes"),
}


@pytest.mark.parametrize("mistake", FILES)
def test_a_mistake_in_a_file_is_told_with_its_line_its_value_and_what_to_write(mistake: str) -> None:
    rules, line, problem, fix = FILES[mistake]
    with pytest.raises(BadInput) as caught:
        constraints_of(plain_values(rules, "rules.yaml"), "rules.yaml", line_in(rules))
    told = {"problem": caught.value.problem, "fix": caught.value.fix}
    assert problem in told["problem"]
    assert fix in told["fix"]
    assert told["problem"].startswith("rules.yaml")
    assert (f"line {line}" in told["problem"]) if line else ("line" not in told["problem"])
    for jargon in (
        "Input should",
        "valid",
        "tuple",
        "dict",
        "mapping",
        "parse",
        "token",
        "None",
        "Error",
        "flow",
        "block",
    ):
        assert jargon not in told["problem"] + told["fix"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.floats() | st.text(max_size=4)
    | st.sampled_from(["source", "style", "30%", "00000000000000ff", "ocr > 1", "charts"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["kind", "name", "share", "count", "minimum", "pins", "x"]), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["pins", "never", "include", "exclude", "minimum", "maximum", "other"]), VALUES))
def test_any_values_are_constraints_or_a_mistake_in_words(raw: dict[str, Any]) -> None:
    said = ""
    try:
        made = constraints_of(raw)
    except BadInput as error:
        said = f"{error.problem} {error.fix}"
    else:
        assert constraints_of(made.model_dump(mode="json")) == made
    assert "Input should" not in said
    assert "validation" not in said

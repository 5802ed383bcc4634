"""What is wrong with a condition over the pool's columns, in plain words, with the one thing to write instead.

DuckDB parses a condition and knows whether it can be used; this module reads the parsed tree and DuckDB's complaint, and says
both to somebody who knows the columns and not the database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal

from core.errors import BadInput

Kind = Literal["text", "number", "list"]
_A = {"text": "text", "number": "a number", "list": "a list"}
_FUNCTIONS = (
    "abs", "array_to_string", "coalesce", "contains", "ends_with", "greatest", "least", "len", "length", "list_contains",
    "list_has_all", "list_has_any", "lower", "regexp_matches", "round", "starts_with", "strlen", "upper",
)  # fmt: skip
"""Functions that conditions are made of, to tell the nearest one to a misspelt name."""

_OPERATORS = {
    "=>": ">=",
    "=<": "<=",
    "!>": "<=",
    "!<": ">=",
    "~~": "LIKE",
    "~~*": "ILIKE",
    "!~~": "NOT LIKE",
    "!~~*": "NOT ILIKE",
}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "^", "**", "||", "len", "length"})
_SIGNS = {
    "COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_GREATERTHAN": ">", "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHANOREQUALTO": ">=", "COMPARE_LESSTHANOREQUALTO": "<=",
}  # fmt: skip
_CURLY = str.maketrans("‘’‚‛“”„`´", "'''''''''")

_TEXT, _LISTS = frozenset({"source", "original_id"}), frozenset({"styles", "tags", "flags"})
_CLOCK = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})
"""What the database reads off the clock although no bracket stands behind it."""
_CHANCE = ("random", "uuid", "setseed")
_LAMBDA = "Write such as len(list_filter(tags, lambda x: x LIKE 'a%')) > 0."
_TYPES = {"DOUBLE": "number", "FLOAT": "number", "BOOL": "truth value", "BOOLEAN": "truth value"}

Node = dict[str, Any]


def kinds(columns: Sequence[str]) -> dict[str, Kind]:
    """What the columns of the pool hold; imported ones are numbers."""
    return {name: "text" if name in _TEXT else "list" if name in _LISTS else "number" for name in columns}


def unreadable(where: str, said: str, columns: Mapping[str, Kind]) -> BadInput:
    """What to say of text that is no condition; `said` is the parser's complaint."""
    near = re.search(r'at or near "(.*)"', said, re.DOTALL)
    token = near[1] if near else ""
    opened = where.count("(") - where.count(")")
    why, fix = said or "it is more than one condition", usual_fix(columns)
    if "unterminated" in said and "comment" in said:
        why, fix = "a remark that begins with /* is not closed", "End the remark with */, or take it away."
    elif "unterminated" in said:
        why, fix = "a quotation mark is not closed", "Put text between two single quotes: source = 'receipts'."
    elif token == ";":
        why, fix = "it goes on after a semicolon", "Give one condition, without a semicolon."
    elif token.lower() in ("where", "select"):
        why, fix = f"it begins with {token}", f"Leave {token} out and begin with the condition itself."
    elif token in ("≥", "≤", "≠"):
        plain = {"≥": ">=", "≤": "<=", "≠": "<>"}[token]
        why, fix = f"{token} is no sign it knows", f"Write {plain} for {token}."
    elif opened:
        why = "a bracket is opened and not closed" if opened > 0 else "a bracket is closed that was never opened"
        fix = "Give every ( its )."
    elif token == ")":
        why = "something is missing at its end, or before a bracket"
        fix = "Finish it, such as \"ocr >= 3 AND source = 'receipts'\"."
    elif token:
        why = f"it makes no sense at {token}"
    return BadInput(f"The condition {where!r} cannot be read ({why}).", fix)


def unusable(where: str, said: str, tree: Node, columns: Mapping[str, Kind]) -> BadInput:
    """What to say of a condition DuckDB cannot use: `said` is its complaint, `tree` the parsed condition."""
    plain = re.sub(r"^[A-Za-z ]+ Error: ", "", said.splitlines()[0] if said else "").strip().rstrip(".!")
    _spell(tree, columns)
    found = (
        _unknown_column(plain, tree, columns)
        or _unknown_function(plain)
        or next(filter(None, (_about_list(node, where, columns) for node in _nodes(tree))), None)
        or _forbidden(plain)
        or next(filter(None, (_mismatch(node, columns) for node in _nodes(tree))), None)
        or _cast(plain)
        or _other(plain, columns)
    )
    return BadInput(f"The condition {where!r} cannot be used ({found[0]}).", found[1])


def not_a_condition(where: str, tree: Node, kind: str, columns: Mapping[str, Kind]) -> BadInput | None:
    """What to say of an expression that is neither true nor false, as a whole or beside AND, OR and NOT; None where all is.

    kind: DuckDB's name of the type of the whole.
    """
    _spell(tree, columns)
    for leaf in _leaves(tree):
        value = ("NULL", "number") if _is_null(leaf) else _value(leaf, columns)
        if value is None and leaf is tree and kind != "BOOLEAN":
            whole: Kind = "list" if kind.endswith("]") else "text" if kind == "VARCHAR" else "number"
            value = ("it", whole)
        if value is None:
            continue
        text, found = value
        name = text if text in columns else {"number": "ocr", "text": "source", "list": "tags"}[found]
        fix = {"number": f"{name} >= 3", "text": f"{name} = 'receipts'", "list": f"list_contains({name}, 'x')"}[found]
        is_a = "is" if text.startswith("a figure") else f"is {_A[found]}, and"
        never = "it is never true" if leaf is tree else "NULL is never true"
        says = never if _is_null(leaf) or kind == '"NULL"' else f"{text} {is_a} neither true nor false"
        return BadInput(f"The condition {where!r} cannot be used ({says}).", f"Write a comparison, such as {fix}.")
    return None


def changing(where: str, tree: Node, unsteady: Collection[str], columns: Mapping[str, Kind]) -> BadInput | None:
    """What to say of a condition that need not hold of the same samples at the next ask; None where it must.

    unsteady: functions whose answer does not follow from what they are given, in small letters.
    """
    clock, chance = (
        "Write the date itself: DATE '2026-01-31'.",
        "For samples by chance use the method Random and its seed.",
    )
    for node in _nodes(tree):
        name = str(node.get("function_name", "")).lower()
        bare = [str(one).lower() for one in node.get("column_names", [])] if node.get("class") == "COLUMN_REF" else []
        if len(bare) == 1 and bare[0] in _CLOCK | set(unsteady) and bare[0].startswith(("current_", "local")):
            found = bare[0] if bare[0] not in map(str.lower, columns) else ""
        else:
            found = f"{name}()" if name in unsteady or (name == "age" and len(_arguments(node)) == 1) else ""
        if found:
            timed = re.search(r"date|time|now|today|^ago|^age", found)
            fix = chance if any(one in found for one in _CHANCE) else clock if timed else "Write the value itself."
            return BadInput(
                f"The condition {where!r} cannot be used ({found} need not say the same when it is asked again, so the same "
                "samples could not be chosen again).",
                fix,
            )
    if any(one.get("sample") for one in _groups(tree)):
        return BadInput(f"The condition {where!r} cannot be used (it draws other samples each time).", chance)
    return None


def usual_fix(columns: Mapping[str, Kind]) -> str:
    """A remedy for anything: an example and the columns."""
    return (
        "Write a condition such as \"ocr >= 3 AND source = 'receipts'\", text in single quotes; the columns are "
        f"{', '.join(columns)}."
    )


# -- the parsed tree ------------------------------------------------------------------------------------------------------


def _groups(tree: Any) -> Iterator[Node]:
    """All groups of keys, outside before inside, left before right."""
    if isinstance(tree, dict):
        yield tree
    if isinstance(tree, dict | list):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from _groups(value)


def _nodes(tree: Any) -> Iterator[Node]:
    """A node and all below it, outside before inside, left before right."""
    return (one for one in _groups(tree) if "class" in one)


def _spell(tree: Node, columns: Mapping[str, Kind]) -> None:
    """Give columns the letters they are known by: the database takes TAGS for tags."""
    known = {name.lower(): name for name in columns}
    for node in _nodes(tree):
        if name := _column(node):
            node["column_names"][-1] = known.get(name.lower(), name)


def _is_null(node: Node) -> bool:
    return (node.get("literal") or {}).get("kind") == "NULL_LITERAL"


def _leaves(tree: Node) -> Iterator[Node]:
    """What AND, OR and NOT join."""
    if tree.get("class") == "CONJUNCTION" or tree.get("type") == "OPERATOR_NOT":
        for child in tree.get("children", []):
            yield from _leaves(child)
    else:
        yield tree


def _arguments(node: Node) -> list[Node]:
    """What a comparison, an operator or a function is about."""
    if node.get("class") == "COMPARISON":
        return [node["left"], node["right"]]
    if node.get("class") == "BETWEEN":
        return [node["input"], node["lower"], node["upper"]]
    given = node.get("arguments") if node.get("class") == "FUNCTION" else node.get("children")
    return [one.get("expression", one) for one in given or []]


def _column(node: Node) -> str:
    """The column a node is; '' for anything else."""
    names = node.get("column_names", []) if node.get("class") == "COLUMN_REF" else []
    return str(names[-1]) if names else ""


def _constant(node: Node) -> tuple[str, Kind] | None:
    """A value as it is written, and what it is; None for anything but text and numbers."""
    literal = node.get("literal") or {}
    if node.get("class") != "CONSTANT" or "text" not in literal or _is_null(node):
        return None
    text = str(literal["text"])
    return (f"'{text}'", "text") if literal.get("kind") == "STRING" else (text, "number")


def _value(node: Node, columns: Mapping[str, Kind]) -> tuple[str, Kind] | None:
    """What stands where something true or false belongs: its words and its kind; None where it may be a condition."""
    name = _column(node)
    if name:
        return (name, columns[name]) if name in columns else None
    if node.get("class") == "FUNCTION" and node.get("function_name") in _ARITHMETIC:
        inside = next((one for one in map(_column, _arguments(node)) if one), "")
        return (f"a figure of {inside}" if inside else "a figure", "number")
    found = _constant(node)
    return None if found is None or found[0].lower() in ("true", "false") else found


# -- complaints -----------------------------------------------------------------------------------------------------------


def _unknown_column(said: str, tree: Node, columns: Mapping[str, Kind]) -> tuple[str, str] | None:
    unknown = re.search(r'Referenced (column|table) "(.*)" not found', said, re.DOTALL)
    if not unknown:
        return None
    name = unknown[2]
    text = name.translate(_CURLY).strip("'")
    beside = {
        columns.get(_column(inner))
        for node in _nodes(tree)
        if node.get("class") in ("COMPARISON", "OPERATOR", "BETWEEN", "FUNCTION")
        and any(_column(one) == name for one in _arguments(node))
        for other in _arguments(node)
        for inner in (_arguments(other) if other.get("function_name") in ("lower", "upper", "trim") else [other])
    }
    near = _near(name.lower(), list(columns))
    if text != name or beside & {"text", "list"}:
        fix = f"Text stands in straight single quotes: '{text}'."
    elif name.lower() in ("licence", "license"):
        fix = "The licence is a filter of its own, the chip Licence; here name the sources: source IN ('a', 'b')."
    elif near:
        fix = f"Did you mean {near[0]}?"
    else:
        fix = usual_fix(columns)
    return f"there is no {unknown[1]} {name}", fix


def _near(name: str, known: Sequence[str]) -> list[str]:
    """The known name that is most like this one; letters that changed places count for nothing."""
    turned = [one for one in known if sorted(one) == sorted(name)]
    return turned[:1] or get_close_matches(name, known, 1, 0.65)


def _unknown_function(said: str) -> tuple[str, str] | None:
    unknown = re.search(r"Function with name (\S+) does not exist", said)
    if not unknown:
        return None
    name = unknown[1]
    if not re.fullmatch(r"\w+", name):
        right = _OPERATORS.get(name)
        return f"{name} is no sign it knows", f"Write {right}." if right else "Compare with =, <>, <, <=, > or >=."
    near = _near(name.lower(), _FUNCTIONS)
    fix = (
        f"Did you mean {near[0]}?"
        if near
        else "Compare with =, <>, <, <=, >, >=, LIKE, IN, or list_contains for a list."
    )
    return f"there is no function {name}", fix


def _about_list(node: Node, where: str, columns: Mapping[str, Kind]) -> tuple[str, str] | None:
    """A list that is compared as if it were one value; a function about lists that is given none."""
    arguments = _arguments(node)
    name = next((_column(one) for one in arguments if columns.get(_column(one)) == "list"), "")
    values = [found for found in map(_constant, arguments) if found is not None]
    if node.get("function_name") == "list_contains":
        return _list_contains(arguments, values, name, columns)
    if not name or not values:
        return None
    text, kind = values[0]
    if node.get("class") == "OPERATOR" and node.get("type") in ("COMPARE_IN", "COMPARE_NOT_IN"):
        several = ", ".join(f"'{one.strip(chr(39))}'" for one, _ in values)
        right = f"list_has_any({name}, [{several}])"
        right = f"NOT {right}" if re.search(rf"\b{name}\s+NOT\s+IN\b", where, re.IGNORECASE) else right
    elif node.get("class") == "COMPARISON" and kind == "number":
        right = f"len({name}) {_SIGNS.get(str(node.get('type')), '>')} {text}"
    elif node.get("class") == "COMPARISON":
        right = f"{'NOT ' if node.get('type') == 'COMPARE_NOTEQUAL' else ''}list_contains({name}, {text})"
    elif node.get("class") == "FUNCTION" and node.get("function_name") not in (
        "contains",
        "list_has_any",
        "list_has_all",
    ):
        sign = _OPERATORS.get(str(node["function_name"]), "LIKE")
        right = f"array_to_string({name}, ', ') {sign} {text}"
    else:
        return None
    return f"{name} is a list, not one value", f"Write {right}."


def _list_contains(
    arguments: list[Node], values: list[tuple[str, Kind]], name: str, columns: Mapping[str, Kind]
) -> tuple[str, str] | None:
    text = f"'{values[0][0].strip(chr(39))}'" if values else "'x'"
    if name:
        return (
            f"list_contains is given a list first, then text: {name} is a list of text",
            f"Write list_contains({name}, {text}).",
        )
    single = next((_column(one) for one in arguments if _column(one) in columns), "")
    if not single:
        return None
    value = text.strip("'") if columns[single] == "number" else text
    return f"{single} is {_A[columns[single]]}, not a list", f"Write {single} = {value}."


def _mismatch(node: Node, columns: Mapping[str, Kind]) -> tuple[str, str] | None:
    """A number that is compared with text, or the other way round."""
    arguments = _arguments(node)
    named = [(_column(one), columns[_column(one)]) for one in arguments if _column(one) in columns]
    values = [found for found in map(_constant, arguments) if found is not None]
    if not named:
        return None
    name, kind = named[0]
    other = next((one for one in (*values, *named[1:]) if one[1] != kind), None)
    function = node.get("function_name") if node.get("class") == "FUNCTION" else ""
    if function and kind == "number" and (function in _OPERATORS or (not values and len(arguments) == 1)):
        return f"{_OPERATORS.get(str(function), function)} is about text, and {name} is a number", (
            f"Compare it with a number: {name} >= 3."
        )
    if other is None or node.get("class") not in ("COMPARISON", "OPERATOR", "BETWEEN"):
        return None
    problem = f"{name} is {_A[kind]}, and {other[0]} is {_A[other[1]]}"
    if other in values and kind == "text":
        return problem, f"Put it in single quotes: '{other[0]}'."
    if kind == "number":
        return problem, f"Compare it with a number, such as {name} >= 3."
    return problem, "Compare numbers with numbers and text with text."


def _forbidden(said: str) -> tuple[str, str] | None:
    if "aggregate" in said or "window function" in said:
        return "it asks for a figure over many samples", "Compare the columns of one sample: ocr >= 3."
    if "table function" in said or "file system operations" in said or "external access" in said:
        return "a condition reads no files", "Compare the columns of the pool: ocr >= 3."
    if "parameters" in said:
        return "it holds a placeholder", "Write the value itself: ocr >= 3, or source = 'receipts'."
    return None


def _cast(said: str) -> tuple[str, str] | None:
    found = re.search(
        r"Could not convert string '(.*)' to (\w+)(?: when casting from source column (\w+))?", said, re.DOTALL
    )
    if not found:
        return None
    value, kind, column = found.groups()
    wanted = _TYPES.get(kind, "whole number" if "INT" in kind else kind.lower())
    if column:
        return f"{column} holds {value!r}, which is no {wanted}", f"Compare it as text, such as {column} = '{value}'."
    return f"{value!r} is no {wanted}", "Compare numbers with numbers and text with text."


def _other(said: str, columns: Mapping[str, Kind]) -> tuple[str, str]:
    """What is left: DuckDB's own words, without those about its types."""
    if "lambda arrow" in said:
        return "x -> ... is not how it is told what to do with each entry of a list", _LAMBDA
    if "lambda" in said and "argument types" not in said:
        return "what to do with each entry of a list is not written as it knows it", _LAMBDA
    if "Division by zero" in said:
        return "it divides by zero", "Divide by another number; nullif(x, 0) in place of x leaves out where x is 0."
    if "STAR expression" in said:
        return "* is no column", "Name one column: ocr >= 3."
    if found := re.search(r"argument types '(\w+)\(", said):
        return f"{found[1]} cannot be used with what it is given", usual_fix(columns)
    if re.match(r"(missing|unexpected|invalid|no argument|bad) ", said):  # of the regular expressions' own library
        return f"its pattern cannot be read: {said}", "Mend the pattern, or use LIKE, where % stands for any text."
    if "Cannot compare" in said or "Cannot deduce" in said or "cast" in said:
        return "it compares what cannot be compared", "Compare numbers with numbers and text with text."
    return said, usual_fix(columns)

"""YAML that says one thing: a key that stands twice is an error, and the same values are always written as the same bytes.

This module needs PyYAML only, because a training process reads its recipe where nothing else is installed.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from core.errors import BadInput
from core.select.yaml_words import syntax_words


def yaml_text(path: Path, noun: str) -> str:
    """The text of a YAML file; `noun` says in errors what it is meant to be."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"There is no {noun} {path}.", f"Give the path of a {noun}'s YAML file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The {noun} {path} cannot be read ({error}).", "Give a YAML file in UTF-8.") from error


def plain_values(text: str, called: str) -> Any:
    """What YAML text says; a key that stands twice is an error as any other."""
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except RecursionError:
        raise BadInput(f"{called} is nested too deeply to be read.", "Mend its brackets and indents.") from None
    except (yaml.YAMLError, ValueError) as error:  # a date that no calendar has is a ValueError
        problem, fix = syntax_words(error, text)
        raise BadInput(f"{called} is not YAML{problem}", fix) from error


def yaml_of(values: Any) -> str:
    """Plain values as text."""
    text: str = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error; plain YAML would silently take the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """YAML that reads back: text with rare line breaks must be quoted and escaped, which PyYAML does not see by itself."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    rare = any(mark in text for mark in "\x85\u2028\u2029")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if rare else None)


_Dumper.add_representer(str, _text)

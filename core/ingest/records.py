"""One LLaVA record, checked as it stands: id, source, turns, image paths, and what else it holds.

Nothing is repaired here. A record that breaks a rule is Rejected with the reason; text is kept verbatim.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import Any

from core.errors import BadInput
from core.ingest.reader import RawRecord
from core.ingest.reasons import Rejected, shown
from core.store.ids import source_name

IMAGE_MARK = "<image>"
ROLES = {"human": "human", "user": "human", "gpt": "gpt", "assistant": "gpt", "system": "system"}
"""Speaker as written to role as stored."""

_TURN_FIELDS = ("from", "value")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a record says, before its images are looked at."""

    turns: tuple[tuple[str, str], ...]
    image_paths: tuple[str, ...]
    extra: str | None

    @property
    def question(self) -> str:
        """The first human turn without image marks."""
        return next(text for role, text in self.turns if role == "human").replace(IMAGE_MARK, "").strip()

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.turns)

    @property
    def num_turns(self) -> int:
        """Pairs of human and gpt."""
        return sum(role == "human" for role, _ in self.turns)

    @property
    def num_chars(self) -> int:
        return sum(len(text.replace(IMAGE_MARK, "")) for _, text in self.turns)


def fields(record: RawRecord) -> dict[str, Any]:
    """The record as a dict; Rejected when it is none or holds text that cannot be UTF-8."""
    if record.fault is not None:
        raise Rejected("bad_json", record.fault)
    if not record.raw.isascii():
        _encodable(record.raw, "not_utf8", "bytes")
    if not isinstance(record.value, dict):
        raise Rejected("not_an_object", f"a {type(record.value).__name__}: {shown(record.value)}")
    return record.value


def _encodable(text: str, reason: str, what: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        around = text[max(error.start - 20, 0) : error.end + 20]
        raise Rejected(reason, f"{what} at character {error.start}, in {shown(around)}") from None


def original_id(record: dict[str, Any], file_name: str, row: int) -> str:
    """The record's id as text: whole numbers in decimal, text as it is, `<file name>:<row>` when it has none."""
    value = record.get("id")
    if value is None:
        return f"{file_name}:{row}"
    if isinstance(value, str):
        _encodable(value, "bad_id", "half of a surrogate pair")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Rejected("bad_id", f"id is {shown(value)}")


def record_source(record: dict[str, Any], field: str) -> str:
    """The source a record names in one of its fields."""
    value = record.get(field)
    if not isinstance(value, str):
        raise Rejected("bad_source", f"{field} is {shown(value)}")
    try:
        return source_name(value)
    except BadInput:
        raise Rejected("bad_source", f"{field} is {shown(value)}") from None


def image_field(record: dict[str, Any]) -> str | None:
    """The field that holds the images: `image`, else `images`; None when it has neither."""
    return next((name for name in ("image", "images") if record.get(name) is not None), None)


def image_paths(record: dict[str, Any]) -> tuple[str, ...]:
    """The image paths as written; Rejected when the field holds anything else."""
    field = image_field(record)
    if field is None:
        return ()
    value = record[field]
    paths = value if isinstance(value, list) else [value]
    for path in paths:
        if not isinstance(path, str) or not path.strip():
            raise Rejected("bad_image_field", f"{field} holds {shown(path)}")
        _encodable(path, "unencodable_text", f"{field}: half of a surrogate pair")
    return tuple(paths)


def draft(record: dict[str, Any]) -> Draft:
    """The record's content; Rejected under the first rule it breaks."""
    turns = _turns(record)
    paths = image_paths(record)
    marks = sum(text.count(IMAGE_MARK) for _, text in turns)
    if marks != len(paths):
        raise Rejected("image_count", f"{marks} <image> marks, {len(paths)} images")
    return Draft(turns, paths, _extra(record))


def _turns(record: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    given = record.get("conversations")
    if not isinstance(given, list) or not given:
        raise Rejected("no_conversation", f"conversations is {shown(given)}")
    turns = []
    for place, turn in enumerate(given):
        speaker, text = (turn.get("from"), turn.get("value")) if isinstance(turn, dict) else (None, None)
        if not isinstance(speaker, str) or not isinstance(text, str):
            raise Rejected("bad_turn", f"turn {place} is {shown(turn)}")
        if speaker not in ROLES:
            raise Rejected("unknown_role", f"turn {place} is by {shown(speaker)}")
        _encodable(text, "unencodable_text", f"turn {place}: half of a surrogate pair")
        turns.append((ROLES[speaker], text))
    roles = [role for role, _ in turns]
    spoken = roles[1:] if roles[0] == "system" else roles
    if not spoken or spoken != ["human", "gpt"] * (len(spoken) // 2):
        raise Rejected("turn_order", f"the turns are by {', '.join(roles[:20])}")
    for place, (role, text) in enumerate(turns):
        if _is_empty(text.replace(IMAGE_MARK, "")) and not (role == "human" and IMAGE_MARK in text):
            raise Rejected("empty_turn", f"turn {place}, by {role}, is {shown(text)}")
    return tuple(turns)


def _is_empty(text: str) -> bool:
    """True when nothing of the text can be seen: blanks, control and format characters only."""
    return not text.strip() or all(unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp") for char in text)


def _extra(record: dict[str, Any]) -> str | None:
    """Every further field as JSON: of the record, and under `conversations` those inside the turns, one dict per turn."""
    used = {
        "id",
        "conversations",
        image_field(record),
        *(name for name in ("image", "images") if record.get(name) is None),
    }
    extra = {name: value for name, value in record.items() if name not in used}
    if any(len(turn) > 2 for turn in record["conversations"]):
        extra["conversations"] = [
            {name: value for name, value in turn.items() if name not in _TURN_FIELDS}
            for turn in record["conversations"]
        ]
    if not extra:
        return None
    text = json.dumps(extra, ensure_ascii=False)
    _encodable(text, "unencodable_text", "further fields: half of a surrogate pair")
    return text

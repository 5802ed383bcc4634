"""Why a record is set aside: the short reasons of the quarantine table, each with a sentence and the remedy.

A record is never dropped and never repaired: it is taken as it stands or goes to quarantine under one of these.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """What is wrong with a record, and the one thing to do about it."""

    says: str
    fix: str


REASONS: dict[str, Reason] = {
    "bad_json": Reason("The line is not valid JSON.", "Mend the line and ingest the file again."),
    "not_utf8": Reason("The record holds bytes that are not UTF-8.", "Convert the file to UTF-8 and ingest it again."),
    "unencodable_text": Reason(
        "The record holds half of a surrogate pair, which no UTF-8 text can hold.",
        "Write the escape sequence in full, or leave it out, and ingest the file again.",
    ),
    "not_an_object": Reason("The record is not a JSON object.", "Give one object per record."),
    "bad_id": Reason(
        "The id is neither text nor a whole number.", "Give text or whole numbers as ids, or none at all."
    ),
    "bad_source": Reason(
        "The field that names the source is missing or holds no plain text.",
        "Name a field every record has with --source-from, or name one source with --source.",
    ),
    "no_conversation": Reason(
        "The record has no list of turns under `conversations`.",
        "Give `conversations` with at least one pair of turns.",
    ),
    "bad_turn": Reason(
        "A turn is not an object with text under `from` and `value`.", "Give `from` and `value` as text."
    ),
    "unknown_role": Reason(
        "A turn is by a speaker nobody knows.",
        "Use human and gpt (or user and assistant), and system for the first turn.",
    ),
    "turn_order": Reason(
        "The turns do not alternate from human to gpt, or do not end with gpt.",
        "Let each human turn be answered by one gpt turn; a system turn stands first.",
    ),
    "empty_turn": Reason("A turn holds no text.", "Give the turn a text, or leave out it and the turn it belongs to."),
    "bad_image_field": Reason(
        "The image field holds neither a path nor a list of paths.", "Give a path, a list of paths, or no image field."
    ),
    "image_count": Reason(
        "The number of <image> marks in the turns differs from the number of images.",
        "Write one <image> mark per image.",
    ),
    "image_remote": Reason("The image is an address, not a file.", "Download the images and give their paths."),
    "image_outside_root": Reason(
        "The image path leads outside the image root.",
        "Give the folder that really holds the images with --image-root.",
    ),
    "image_missing": Reason(
        "There is no such image file under the image root.",
        "Give the folder that image paths start from with --image-root.",
    ),
    "image_unreadable": Reason("The image file cannot be read.", "Mend its permissions or the disk and ingest again."),
    "image_empty": Reason("The image file has no bytes.", "Fetch the image again."),
    "image_corrupt": Reason("The image file is no picture that can be decoded.", "Fetch or convert the image again."),
    "image_truncated": Reason("The image file ends before the picture does.", "Fetch the image again."),
    "image_too_large": Reason("The image has more pixels than the limit.", "Scale it down, or raise max_megapixels."),
    "bad_reply": Reason(
        "The line holds no `idx` (text or a whole number) with a `pred_response`.",
        "Mend the line and import the folder again.",
    ),
    "ambiguous_idx": Reason(
        "The idx belongs to several samples with different content.", "Name the data set it is about with --source."
    ),
    "repeated_reply": Reason(
        "The sample has a reply in this file already; the first stands.", "Keep one line per sample."
    ),
    "not_a_score": Reason("The reply is not a number from 0 to 5.", "Ask the scorer again for this sample."),
    "bad_row": Reason("The row of an imported file cannot be read.", "Mend the row and import the file again."),
    "bad_key": Reason("The id of an imported row is neither text nor a whole number.", "Give every row an id."),
    "not_a_number": Reason(
        "The value of an imported column is not a finite number.", "Leave the cell empty where there is no value."
    ),
    "no_such_sample": Reason("No sample has this idx.", "Ingest the data set the replies were made for."),
}
"""Reason key to what it says, in the order a record is looked at; from `bad_reply` on those of imported replies."""


class Rejected(Exception):
    """A record goes to quarantine for one of REASONS; `detail` says what exactly is wrong, with the value in it."""

    def __init__(self, reason: str, detail: str) -> None:
        assert reason in REASONS, reason
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def shown(value: object, limit: int = 200) -> str:
    """A value for a message: its repr, cut, and always encodable."""
    text = repr(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= limit else text[: limit - 3] + "..."

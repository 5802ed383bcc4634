"""What a preview tells before anything is added."""

from __future__ import annotations

import json
from pathlib import Path

from core.ingest.preview import preview
from core.ingest.settings import IngestSettings
from studio.add_data import _LOOKED_AT, looked_at_all, nothing_usable

ANSWER = {"from": "gpt", "value": "Because."}
GOOD = {"id": "good", "conversations": [{"from": "human", "value": "Why?"}, ANSWER]}
BAD = {"id": "bad", "image": "none.png", "conversations": [{"from": "human", "value": "<image> Why?"}, ANSWER]}


def test_a_file_without_one_usable_record_is_told_by_its_commonest_reason(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    for records, everything, told in (
        ([BAD] * 3, True, "No record can be taken."),
        ([BAD] * _LOOKED_AT, False, f"None of the first {_LOOKED_AT} records can be taken."),
        ([BAD, GOOD], True, None),
    ):
        path.write_text(json.dumps(records), encoding="utf-8")
        found = preview(IngestSettings(paths=(path,)), _LOOKED_AT)
        problem = nothing_usable(found)
        assert looked_at_all(found) is everything
        assert (problem is None) is (told is None)
        if problem is not None and told is not None:
            assert problem.problem == f"{told} There is no such image file under the image root."

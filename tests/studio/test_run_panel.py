"""Runs in words: pace, time left, and how they ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.runs import Run
from studio.run_panel import can_resume, pace, run_html, seconds_of

STARTED = "2026-01-01T00:00:00+00:00"
RUN = Run(
    run_id="20260101T000000Z-ingest-0000", path=Path("/none"), kind="ingest", state="running", settings={}, done=4100, total=12060,
    note="reading",
    started_at=STARTED, ended_at=None, memory_bytes=None, result={}, problem=None, fix=None, pid=1,
)  # fmt: skip


def after(seconds: float) -> float:
    return seconds_of(STARTED) + seconds


@pytest.mark.parametrize(
    ("changes", "seconds", "said"),
    [
        ({}, 10, "4,100 of 12,060, 410 per second, 19 s left"),
        ({"total": None}, 10, "4,100, 410 per second"),
        ({"done": 0}, 10, ""),
        ({"done": 3, "total": 9}, 60, "3 of 9, 3 per minute, 2 min left"),
        ({"done": 12060}, 10, "12,060 of 12,060, 1,206 per second"),
        ({}, 0.5, "4,100 of 12,060"),
    ],
)
def test_pace_says_what_is_known(changes: dict[str, Any], seconds: float, said: str) -> None:
    assert pace(replace(RUN, **changes), after(seconds)) == said


def test_what_a_run_says_is_escaped() -> None:
    html = run_html(replace(RUN, note="<img src=x onerror=alert(1)>"), after(3))
    assert "<img" not in html
    failed = run_html(replace(RUN, state="failed", problem="<b>no</b>", fix="<i>do</i>"), after(3))
    assert "<b>no</b>" not in failed
    assert "&lt;i&gt;do&lt;/i&gt;" in failed


def test_a_finished_ingest_counts_what_it_did() -> None:
    result = {
        "ingested": 1200,
        "quarantined": {"image_missing": 2, "bad_json": 1},
        "already_known": 0,
        "image_bytes": 5,
        "seconds": 20.0,
    }
    html = run_html(replace(RUN, state="done", result=result, ended_at="2026-01-01T00:00:20+00:00"), after(99))
    assert "1,200 samples added, 3 set aside, in 20 s" in html


def test_resuming_is_offered_unless_the_data_itself_was_of_no_use() -> None:
    problem = "No record of /data/a.json can be used (3 image_missing); all stand in the quarantine table."
    assert not can_resume(replace(RUN, state="failed", problem=problem))
    assert can_resume(replace(RUN, state="failed", problem="The disk is full."))
    assert can_resume(replace(RUN, state="stopped"))
    assert not can_resume(replace(RUN, state="done"))

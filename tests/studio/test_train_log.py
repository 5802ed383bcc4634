"""A training run read from its events: plan, progress, time left, losses by group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.train_charts import meters_html, timeline_html
from studio.train_log import EventFile, by_group, gather, keep_for, measured_rate, smoothed, thinned


def plan(stage: int, steps: int, flops: float) -> dict[str, Any]:
    return {
        "kind": "plan", "stage": stage, "stage_name": f"s{stage}", "num_steps": steps, "num_samples": 10, "tokens": 100 * steps,
        "flops": flops, "dropped": {"too_long": stage},
    }  # fmt: skip


def step(number: int, stage: int, stage_step: int, loss: float | None, **more: Any) -> dict[str, Any]:
    return {
        "kind": "step", "step": number, "stage": stage, "stage_step": stage_step, "loss": loss, "eta_seconds": 90.0, "tokens": 100,
        "tokens_per_second": 50.0, **more,
    }  # fmt: skip


EVENTS = [
    {"kind": "model", "parameters": {"vision": 5}, "device": "cpu"},
    plan(1, 2, 10.0),
    plan(2, 4, 40.0),
    {"kind": "stage_start", "stage": 1, "held_out_loss": 8.0},
    step(1, 1, 1, 8.0),
    step(2, 1, 2, 6.0),
    {"kind": "stage_end", "stage": 1, "held_out_loss_start": 8.0, "held_out_loss": 7.0},
    {"kind": "stage_start", "stage": 2, "held_out_loss": 7.0},
    step(3, 2, 1, 5.0),
]


def test_stages_say_how_far_they_are() -> None:
    log = gather(EVENTS)
    first, second = log.stages
    assert (first.ended, first.held_out_start, first.held_out_end) == (True, 8.0, 7.0)
    assert (second.started, second.ended, second.done, second.steps_before) == (True, False, 1, 2)
    assert second.share_done == 0.25
    assert log.num_steps == 6


def test_time_left_is_shared_out_by_the_compute_that_is_left() -> None:
    events = [*EVENTS[:3], *EVENTS[3:6]]
    log = gather(events)
    assert log.seconds_left(log.stages[0]) == 0.0
    assert log.seconds_left(log.stages[1]) == pytest.approx(90.0)
    halfway = gather([plan(1, 2, 10.0), plan(2, 4, 40.0), step(1, 1, 1, 8.0)])
    assert [halfway.seconds_left(stage) for stage in halfway.stages] == pytest.approx([10.0, 80.0])


def test_a_resumed_run_tells_steps_twice_and_the_later_telling_counts() -> None:
    log = gather([*EVENTS, {"kind": "resumed", "stage": 2}, step(3, 2, 1, 4.5), step(4, 2, 2, 4.0)])
    assert [one["loss"] for one in log.steps] == [8.0, 6.0, 4.5, 4.0]
    assert log.stages[1].held_out_start == 7.0


def test_the_smoothed_loss_is_an_unbiased_mean_that_begins_anew_at_every_stage() -> None:
    steps = [step(1, 1, 1, 4.0), step(2, 1, 2, None), step(3, 1, 3, 1.0), step(4, 2, 1, 9.0)]
    found = smoothed(steps, 0.5)
    assert found == pytest.approx([4.0, 4.0, (0.25 * 4 + 0.5 * 1) / 0.75, 9.0])


@given(st.integers(0, 100_000))
def test_smoothing_grows_with_the_run_and_stays_below_one(count: int) -> None:
    assert 0.5 <= keep_for(count) <= keep_for(count + 1) <= 0.97


def test_losses_by_source_are_token_weighted_over_the_first_and_last_steps() -> None:
    told = [({"a": (4.0, 1)},), ({"a": (2.0, 3), "b": (9.0, 1)},), ({"a": (1.0, 1)},)]
    steps = [
        step(
            i,
            1,
            i,
            1.0,
            loss_by_source={name: {"loss": loss, "tokens": tokens} for name, (loss, tokens) in said.items()},
        )
        for i, (said,) in enumerate(told, start=1)
    ]
    b, a = by_group(steps, "loss_by_source", recent=2)
    assert (b.name, b.first, b.last) == ("b", 9.0, 9.0)
    assert (a.first, a.last, a.num_tokens) == ((4 + 6) / 4, (6 + 1) / 4, 5)


@given(st.integers(0, 5000), st.integers(1, 400))
def test_thinning_keeps_order_the_last_place_and_the_limit(count: int, most: int) -> None:
    places = thinned(count, most)
    assert places == sorted(set(places))
    assert len(places) <= most
    assert not count or places[-1] == count - 1


def test_a_growing_file_is_read_once_and_a_half_written_line_waits(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventFile(path)
    assert reader.read() == []
    path.write_text('{"a": 1}\n{"a": ', encoding="utf-8")
    assert reader.read() == [{"a": 1}]
    with path.open("a", encoding="utf-8") as file:
        file.write("2}\n" + json.dumps({"a": "ü"}) + "\n")
    assert reader.read() == [{"a": 1}, {"a": 2}, {"a": "ü"}]
    assert reader.read() == [{"a": 1}, {"a": 2}, {"a": "ü"}]


def test_speed_is_measured_from_the_second_step_on() -> None:
    log = gather([plan(1, 4, 4000.0), *(step(i, 1, i, 1.0) for i in range(1, 5))])
    assert measured_rate(log) == pytest.approx(4000 / 400 * 50)
    assert measured_rate(gather(EVENTS[:5])) is None


def test_names_from_recipes_are_escaped() -> None:
    hostile = {**plan(1, 2, 10.0), "stage_name": "<img src=x>"}
    assert "<img" not in timeline_html(gather([hostile]), running=True)
    assert "<img" not in meters_html([("<img>", "<img>", [1.0, 2.0], "<img>")])


def test_a_line_that_was_cut_and_closed_later_hides_no_event_after_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    whole = [json.dumps(event) for event in EVENTS[:3]]
    path.write_text(f"{whole[0]}\n{whole[1][:9]}", "utf-8")
    file = EventFile(path)
    assert file.read() == EVENTS[:1]
    path.write_text(f"{whole[0]}\n{whole[1][:9]}\n{whole[2]}\n", "utf-8")
    assert file.read() == file.read() == [EVENTS[0], EVENTS[2]]

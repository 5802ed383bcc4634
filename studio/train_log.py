"""What a training run has told so far, read from its events: plan, steps, held-out losses, answers, time left.

A run that was taken up again tells some steps twice; the later telling counts. Nothing here draws.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

RECENT_STEPS = 20


@dataclass(frozen=True)
class StageLog:
    """One stage: its plan, how far it is, and its held-out loss before and after."""

    number: int
    name: str
    num_steps: int
    num_samples: int
    tokens: int
    flops: float
    dropped: dict[str, int]
    done: int = 0
    steps_before: int = 0
    started: bool = False
    ended: bool = False
    held_out_start: float | None = None
    held_out_end: float | None = None

    @property
    def share_done(self) -> float:
        return 1.0 if self.ended else self.done / self.num_steps if self.num_steps else 0.0


@dataclass(frozen=True)
class TrainLog:
    """Everything told so far; `steps` holds the step events in order of their number."""

    parameters: dict[str, int] = field(default_factory=dict)
    device: str = ""
    stages: tuple[StageLog, ...] = ()
    steps: tuple[dict[str, Any], ...] = ()
    answers: tuple[dict[str, Any], ...] = ()

    @property
    def num_steps(self) -> int:
        return sum(stage.num_steps for stage in self.stages)

    @property
    def last(self) -> dict[str, Any] | None:
        return self.steps[-1] if self.steps else None

    @property
    def is_planned(self) -> bool:
        return bool(self.stages)

    def seconds_left(self, stage: StageLog) -> float | None:
        """Time left of a stage, a share of the run's by the FLOPs that are left; None before the first step."""
        if self.last is None or stage.ended:
            return None
        left = {one.number: one.flops * (1 - one.share_done) for one in self.stages}
        total = sum(left.values())
        return float(self.last["eta_seconds"]) * left[stage.number] / total if total else 0.0


def gather(events: Iterable[Mapping[str, Any]]) -> TrainLog:
    """The log as its events tell it."""
    parameters: dict[str, int] = {}
    device = ""
    plans: dict[int, Mapping[str, Any]] = {}
    steps: dict[int, dict[str, Any]] = {}
    marks: dict[int, dict[str, Any]] = {}
    answers: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event.get("kind")
        if kind == "model":
            parameters, device = dict(event["parameters"]), str(event["device"])
        elif kind == "plan":
            plans[event["stage"]] = event
        elif kind == "step":
            steps[event["step"]] = dict(event)
        elif kind == "predictions":
            answers[event["stage"]] = dict(event)
        elif kind in ("stage_start", "resumed"):
            marks.setdefault(event["stage"], {})["started"] = True
            if event.get("held_out_loss") is not None:
                marks[event["stage"]]["start"] = event["held_out_loss"]
        elif kind == "stage_end":
            marks.setdefault(event["stage"], {}).update(
                ended=True, start=event["held_out_loss_start"], end=event["held_out_loss"]
            )
    stages, before = [], 0
    for number in sorted(plans):
        plan, mark = plans[number], marks.get(number, {})
        told = [step["stage_step"] for step in steps.values() if step["stage"] == number]
        stages.append(
            StageLog(
                number=number,
                name=str(plan["stage_name"]),
                num_steps=int(plan["num_steps"]),
                num_samples=int(plan["num_samples"]),
                tokens=int(plan["tokens"]),
                flops=float(plan["flops"]),
                dropped=dict(plan["dropped"]),
                done=max(told, default=0),
                steps_before=before,
                started=bool(mark.get("started") or told),
                ended=bool(mark.get("ended")),
                held_out_start=mark.get("start"),
                held_out_end=mark.get("end"),
            )
        )
        before += int(plan["num_steps"])
    ordered = tuple(steps[number] for number in sorted(steps))
    return TrainLog(parameters, device, tuple(stages), ordered, tuple(answers[number] for number in sorted(answers)))


def keep_for(num_steps: int) -> float:
    """How much of the smoothed loss each step keeps: more in longer runs, 0.7 at 40 steps, 0.94 at 200, never above 0.97."""
    return min(max(1 - 12 / max(num_steps, 1), 0.5), 0.97)


def smoothed(steps: Sequence[Mapping[str, Any]], keep: float) -> list[float | None]:
    """An exponential mean of the loss over steps, without bias at the start, begun anew at every stage."""
    found: list[float | None] = []
    stage, weight, value = None, 0.0, 0.0
    for step in steps:
        if step["stage"] != stage:
            stage, weight, value = step["stage"], 0.0, 0.0
        if step["loss"] is not None:
            value = keep * value + (1 - keep) * step["loss"]
            weight = keep * weight + (1 - keep)
        found.append(value / weight if weight else None)
    return found


@dataclass(frozen=True)
class GroupLoss:
    """Loss of a source or a capability: mean over learnt tokens in the first and the last steps that held any."""

    name: str
    first: float
    last: float
    num_tokens: int


def by_group(steps: Sequence[Mapping[str, Any]], which: str, recent: int = RECENT_STEPS) -> list[GroupLoss]:
    """Losses by `loss_by_source` or `loss_by_capability`, highest now first; each group by its own first and last steps."""
    told: dict[str, list[tuple[float, int]]] = {}
    for step in steps:
        for name, said in (step.get(which) or {}).items():
            if said["loss"] is not None:
                told.setdefault(name, []).append((said["loss"], said["tokens"]))
    groups = [
        GroupLoss(name, _mean(pairs[:recent]), _mean(pairs[-recent:]), sum(tokens for _, tokens in pairs))
        for name, pairs in told.items()
    ]
    return sorted(groups, key=lambda group: (-group.last, group.name))


def _mean(pairs: Sequence[tuple[float, int]]) -> float:
    return sum(loss * tokens for loss, tokens in pairs) / max(sum(tokens for _, tokens in pairs), 1)


def thinned(count: int, most: int = 1200) -> list[int]:
    """At most about `most` positions of `count`, evenly, the last one always among them."""
    stride = max(-(-count // most), 1)
    return [place for place in range(count) if (count - 1 - place) % stride == 0]


class EventFile:
    """An events.jsonl that grows: each reading takes up what was added since the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events: list[dict[str, Any]] = []
        self._offset = 0
        self._guard = Lock()

    def read(self) -> list[dict[str, Any]]:
        """All whole lines so far; a line still being written is left for the next reading.

        A line that was cut (a full disk, a power cut) and closed when the run went on holds no event.
        """
        with self._guard:
            if self.path.is_file():
                with self.path.open("rb") as file:
                    file.seek(self._offset)
                    added = file.read()
                whole = added[: added.rfind(b"\n") + 1]
                for line in whole.splitlines():
                    with suppress(ValueError):
                        self._events.append(json.loads(line))
                self._offset += len(whole)
            return list(self._events)


def measured_rate(log: TrainLog) -> float | None:
    """FLOP/s a run reached, from its steps; None before the third."""
    seconds = tokens = 0.0
    for step in log.steps[1:]:
        if step["tokens_per_second"]:
            seconds += step["tokens"] / step["tokens_per_second"]
            tokens += step["tokens"]
    if len(log.steps) < 3 or not seconds:
        return None
    total_tokens = sum(stage.tokens for stage in log.stages)
    flops = sum(stage.flops for stage in log.stages)
    return flops * tokens / total_tokens / seconds if total_tokens else None

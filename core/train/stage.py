"""Running one stage: start weights, resolution, steps, checkpoints, held-out loss and sample answers, all told as events.

The events of a stage: `stage_start`, `step` (one per optimizer step), `checkpoint`, `predictions`, `stage_end`; a stage
that is taken up again says `resumed` first.
"""

from __future__ import annotations

import time
from pathlib import Path

import torch

from core.errors import BadData, RunFailed
from core.mixture.cost import device_peak
from core.runs import RunFolder, RunStopped
from core.runs.folder import memory_bytes
from core.train import checkpoint
from core.train.checkpoint import Record
from core.train.data import Feeder
from core.train.generate import Prompt, Speaker
from core.train.loop import Tally, TokenLoss, build_optimizer, held_out_loss, schedule, take_step
from core.train.model import (
    load_model,
    load_processor,
    resolution_homes,
    set_resolution,
    set_trainable,
    weights_hash,
)
from core.train.plan import PlannedBatch, plan_held_out
from core.train.prepare import Prepared


class StageRun:
    """One stage of a run, from its start folder to its final checkpoint."""

    def __init__(self, folder: RunFolder, prepared: Prepared, number: int, steps_before: int, total_steps: int) -> None:
        self.folder, self.prepared, self.number = folder, prepared, number
        self.stage = prepared.recipe.stages[number - 1]
        self.plan = prepared.plans[number - 1]
        self.tiling = prepared.tilings[number - 1]
        self.dir = checkpoint.stage_dir(folder.path, number)
        self._before, self._total = steps_before, total_steps
        self._pause_at_end = False
        self._flops_later = sum(plan.flops for plan in prepared.plans[number:])

    def run(self) -> None:
        """Train the stage, or what is left of it."""
        settings, device = self.prepared.settings, self.prepared.device
        continued = checkpoint.latest(self.dir)
        start = continued or checkpoint.stage_dir(self.folder.path, self.number - 1) / checkpoint.FINAL
        self.model, self.processor = load_model(start).to(device), load_processor(start)
        before = weights_hash(self.model)
        record = self._start_record(start, before["all"])
        set_resolution(self.model, self.processor, self.tiling)
        config_home, processor_home = resolution_homes(self.model, self.processor)
        if config_home != processor_home:
            raise RunFailed(
                f"The model says {config_home} and its processor {processor_home}.",
                "Start the run again from its export.",
            )
        set_trainable(self.model, self.stage.trainable)
        if self.prepared.preset.gradient_checkpointing and device.type == "cuda":
            self.model.gradient_checkpointing_enable({"use_reentrant": False})
        net = TokenLoss(self.model).train()
        feeder = Feeder(self.prepared.export, self.prepared.encoder, self.tiling, num_threads=settings.feeders)
        optimizer = build_optimizer(self.model, self.stage.lr, self.prepared.preset.betas)
        held_out = plan_held_out(
            self.prepared.ruler, self.prepared.export, self.tiling, self.prepared.preset.limits, settings.holdout_limit
        )
        cursor, held_out_start = 0, None
        if continued is not None:
            state = checkpoint.read_state(continued)
            optimizer.load_state_dict(state["optimizer"])
            torch.set_rng_state(state["rng"])
            cursor, held_out_start = record.step, record.held_out_start
            self.folder.event(kind="resumed", stage=self.number, stage_name=self.stage.name, stage_step=cursor)
        else:
            held_out_start = self._held_out(net, feeder, held_out, "held-out loss before")
            if self.number == 1:
                self._answers(0, "untrained")
        self._held_out_start = held_out_start
        self.folder.event(
            kind="stage_start",
            stage=self.number,
            stage_name=self.stage.name,
            num_steps=len(self.plan.steps),
            stage_step=cursor,
            weights=before,
            start_dir=str(start.relative_to(self.folder.path)),
            held_out_loss=held_out_start,
            held_out_samples=sum(len(batch.rows) for batch in held_out),
        )
        self._steps(net, optimizer, feeder, cursor)
        self._finish(net, feeder, held_out, before)
        if self._pause_at_end and self.number < len(self.prepared.plans):
            raise RunStopped  # asked for in the last step: the stage's result is the checkpoint

    def _start_record(self, start: Path, weights: str) -> Record:
        """The record of the folder the stage starts from, whose weights must be the ones it was saved with."""
        record = checkpoint.read_record(start)
        if record is None or record.weights != weights:
            raise BadData(
                f"The weights in {start} are not those that were saved there.",
                f"Remove {start} and resume the run, so that it is made again.",
            )
        if record.stage == self.number and record.plan != self.plan.digest:
            raise BadData(
                f"{start} belongs to another plan than {self.dir / 'plan.parquet'}.", "Start a new run from the recipe."
            )
        return record

    def _steps(self, net: TokenLoss, optimizer: torch.optim.Optimizer, feeder: Feeder, cursor: int) -> None:
        steps = self.plan.steps
        batches = feeder.batches([batch.rows for step in steps[cursor:] for batch in step])
        flops_left = sum(batch.flops for step in steps[cursor:] for batch in step) + self._flops_later
        peak = device_peak(torch.cuda.get_device_name()) if self.prepared.device.type == "cuda" else None
        saved, rate = time.monotonic(), 0.0
        for number in range(cursor, len(steps)):
            began = time.perf_counter()
            share = schedule(number, len(steps), self.stage.warmup_share)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            tally = Tally(self.prepared.export)
            norm, waited = take_step(net, optimizer, batches, steps[number], tally, self.prepared.device)
            seconds = time.perf_counter() - began
            flops = sum(batch.flops for batch in steps[number])
            flops_left -= flops
            rate = flops / seconds if not rate else 0.9 * rate + 0.1 * flops / seconds
            self._tell(optimizer, number, tally, norm, waited, seconds, flops_left / rate, flops, peak)
            commands = self._commands()
            stopping = self.folder.stop_requested() or "pause" in commands
            due = time.monotonic() - saved > 60 * self.prepared.settings.checkpoint_minutes
            if number + 1 < len(steps) and (stopping or due or "checkpoint" in commands):
                self._checkpoint(optimizer, number + 1)
                saved = time.monotonic()
            if stopping and number + 1 < len(steps):
                batches.close()
                raise RunStopped
            self._pause_at_end = stopping

    def _tell(
        self,
        optimizer: torch.optim.Optimizer,
        number: int,
        tally: Tally,
        norm: float,
        waited: float,
        seconds: float,
        eta_seconds: float,
        flops: float,
        peak: float | None,
    ) -> None:
        planned = self.plan.steps[number]
        done = self._before + number + 1
        device = self.prepared.device
        self.folder.event(
            kind="step",
            stage=self.number,
            stage_name=self.stage.name,
            step=done,
            stage_step=number + 1,
            loss=tally.loss,
            loss_by_source=tally.by_source(),
            loss_by_capability=tally.by_capability(),
            lr={group["module"]: group["lr"] for group in optimizer.param_groups},
            grad_norm=norm,
            tokens=sum(batch.tokens for batch in planned),
            tokens_per_second=sum(batch.tokens for batch in planned) / seconds,
            samples_per_second=sum(len(batch.rows) for batch in planned) / seconds,
            data_wait_share=waited / seconds,
            mfu=flops / seconds / peak if peak else None,
            memory_bytes=torch.cuda.max_memory_allocated() if device.type == "cuda" else memory_bytes(),
            eta_seconds=eta_seconds,
        )
        note = (
            f"stage {self.number} {self.stage.name}: step {number + 1} of {len(self.plan.steps)}, loss {tally.loss:.3f}"
        )
        self.folder.progress(done, self._total, note)

    def _commands(self) -> set[str]:
        found: set[str] = set()
        while (command := self.folder.command()) is not None:
            found.add(command)
        return found

    def _record(self, step: int, held_out_end: float | None = None) -> Record:
        return Record(
            stage=self.number,
            stage_name=self.stage.name,
            step=step,
            tiling=self.tiling,
            weights=weights_hash(self.model)["all"],
            tokenizer=self.prepared.tokenizer,
            plan=self.plan.digest,
            held_out_start=self._held_out_start,
            held_out_end=held_out_end,
        )

    def _checkpoint(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        path = self.dir / f"ckpt-{step}"
        state = {"optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}
        checkpoint.save(path, self.model, self.processor, self._record(step), state)
        checkpoint.prune(self.dir, self.prepared.settings.keep_checkpoints)
        self.folder.event(
            kind="checkpoint", stage=self.number, stage_step=step, path=str(path.relative_to(self.folder.path))
        )

    def _held_out(self, net: TokenLoss, feeder: Feeder, plan: list[PlannedBatch], note: str) -> float | None:
        if not plan:
            return None
        self.folder.progress(self._before, self._total, f"stage {self.number} {self.stage.name}: {note}")
        return held_out_loss(net, feeder, plan, self.prepared.device).loss

    def _finish(self, net: TokenLoss, feeder: Feeder, held_out: list[PlannedBatch], before: dict[str, str]) -> None:
        after = weights_hash(self.model)
        moved = [
            module
            for module in after
            if module not in (*self.stage.trainable, "all") and after[module] != before[module]
        ]
        if moved:
            raise RunFailed(
                f"The stage changed {', '.join(moved)}, which it does not train.", "Report this as a defect."
            )
        end = self._held_out(net, feeder, held_out, "held-out loss after")
        self._answers(self.number, self.stage.name)
        self.model.eval()
        final = self.dir / checkpoint.FINAL
        checkpoint.save(final, self.model, self.processor, self._record(len(self.plan.steps), end))
        checkpoint.prune(self.dir, 0)
        self.folder.event(
            kind="stage_end",
            stage=self.number,
            stage_name=self.stage.name,
            weights=after,
            held_out_loss_start=self._held_out_start,
            held_out_loss=end,
            path=str(final.relative_to(self.folder.path)),
        )

    def _answers(self, stage: int, stage_name: str) -> None:
        """Answers to a few held-out questions, so that a person can see what the numbers mean."""
        export, wanted = self.prepared.export, self.prepared.settings.num_predictions
        asked: list[tuple[int, str, Prompt]] = []
        for row in export.holdout_rows().tolist():
            if len(asked) == wanted:
                break
            turns, images = export.turns(row), export.images(row)
            reply = next((place for place, (role, _) in enumerate(turns) if role == "gpt"), 0)
            marks = sum(text.count("<image>") for role, text in turns[:reply] if role == "human")
            if reply and marks == len(images) and self.prepared.ruler.text_reason(row) is None:
                pictures = tuple(export.picture(row, place) for place in range(len(images)))
                asked.append((row, turns[reply][1], Prompt(tuple(turns[:reply]), pictures)))
        if not asked:
            return
        self.model.eval()
        speaker = Speaker(self.model, self.prepared.encoder, self.tiling)
        answers = speaker.answer([prompt for _, _, prompt in asked], max_new_tokens=24)
        self.folder.event(
            kind="predictions",
            stage=stage,
            stage_name=stage_name,
            samples=[
                {
                    "sample_id": f"{int(export.sample_ids[row]):016x}",
                    "source": export.sources[row],
                    "images": export.images(row),
                    "prompt": "\n".join(text for _, text in prompt.turns),
                    "answer": answer,
                    "prediction": said,
                }
                for (row, answer, prompt), said in zip(asked, answers, strict=True)
            ],
        )
        self.model.train()

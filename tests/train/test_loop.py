"""The loss is the library's own, however a step is cut, and only supervised tokens count."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.train.data import Batch, Export, Feeder
from core.train.encode import Encoder
from core.train.loop import (
    LossNotFinite,
    Tally,
    TokenLoss,
    build_optimizer,
    held_out_loss,
    sample_losses,
    schedule,
    take_step,
    target_counts,
)
from core.train.model import set_resolution, set_trainable
from core.train.plan import PlannedBatch
from core.train.tiles import Tiling

CPU = torch.device("cpu")
TILING = Tiling("anyres", 32, 4, 2)


@pytest.fixture
def net(micro: tuple[Any, Any]) -> TokenLoss:
    set_resolution(*micro, TILING)
    return TokenLoss(micro[0])


@pytest.fixture
def feeder(export_dir: Path, encoder: Encoder) -> Feeder:
    return Feeder(Export(export_dir), encoder, TILING)


def library_loss(net: TokenLoss, feeder: Feeder, row: int) -> tuple[float, int]:
    """(sum, tokens) of one sample through the model's own forward with labels."""
    batch = feeder.batch([row])
    labels = torch.from_numpy(np.where(batch.targets, batch.ids, -100))
    pictures: dict[str, Any] = {}
    if batch.real_tiles:
        pictures = {"pixel_values": torch.from_numpy(batch.tiles).float() / 127.5 - 1,
                    "image_sizes": torch.from_numpy(batch.sizes),
                    "batch_num_images": torch.tensor(batch.num_images)}  # fmt: skip
    with torch.no_grad():
        loss = net.model(input_ids=torch.from_numpy(batch.ids), labels=labels, **pictures).loss
    tokens = int(batch.targets.sum())
    return float(loss) * tokens, tokens


def test_a_padded_batch_has_the_losses_of_its_samples_alone(net: TokenLoss, feeder: Feeder) -> None:
    rows = [0, 1, 4, 5, 7]  # one picture, two turns, two pictures, text alone
    with torch.no_grad():
        total, sums = sample_losses(net, feeder.batch(rows), CPU)
    alone = [library_loss(net, feeder, row) for row in rows]
    assert sums.tolist() == pytest.approx([loss for loss, _ in alone], rel=1e-4)
    assert float(total) == pytest.approx(sum(loss for loss, _ in alone), rel=1e-4)
    assert target_counts(feeder.batch(rows)).tolist() == [tokens for _, tokens in alone]


def test_logits_at_supervised_positions_are_the_models_logits_to_keep(net: TokenLoss, feeder: Feeder) -> None:
    batch = feeder.batch([0])
    positions = torch.from_numpy(np.flatnonzero(batch.targets[0]) - 1)
    ids = torch.from_numpy(batch.ids)
    with torch.no_grad():
        logits = net.model(input_ids=ids, pixel_values=torch.from_numpy(batch.tiles).float() / 127.5 - 1,
                           image_sizes=torch.from_numpy(batch.sizes), logits_to_keep=positions).logits[0]  # fmt: skip
        total, _ = sample_losses(net, batch, CPU)
    expected = torch.nn.functional.cross_entropy(logits, ids[0][positions + 1], reduction="sum")
    assert float(total) == pytest.approx(float(expected), rel=1e-5)


def as_plan(feeder: Feeder, groups: list[list[int]]) -> list[PlannedBatch]:
    return [PlannedBatch(tuple(rows), 0, int(target_counts(feeder.batch(rows)).sum()), 0, 0.0) for rows in groups]


def step_gradients(net: TokenLoss, feeder: Feeder, groups: list[list[int]]) -> tuple[dict[str, torch.Tensor], float]:
    """Gradients of one step before anything moves: a learning rate of zero."""
    set_trainable(net.model, ["vision", "projector", "language"])
    optimizer = build_optimizer(net.model, {"vision": 0.0, "projector": 0.0, "language": 0.0}, (0.9, 0.95))
    tally = Tally(feeder.export)
    norm, _ = take_step(net, optimizer, feeder.batches(groups), as_plan(feeder, groups), tally, CPU)
    found = {name: p.grad.clone() for name, p in net.model.named_parameters() if p.grad is not None}
    return found, tally.loss if norm else 0.0


def test_a_step_is_the_same_however_it_is_cut_into_micro_batches(net: TokenLoss, feeder: Feeder) -> None:
    """The loss is a mean over the step's supervised tokens, not over micro-batches."""
    whole, loss = step_gradients(net, feeder, [[0, 1, 2, 4, 5]])
    parts, parts_loss = step_gradients(net, feeder, [[0], [1, 5], [2, 4]])
    assert loss == pytest.approx(parts_loss, rel=1e-5)
    assert set(whole) == set(parts)
    assert all(torch.allclose(whole[name], parts[name], atol=1e-5) for name in whole)


def test_a_batch_without_a_picture_still_runs_the_vision_tower_without_weight(net: TokenLoss, feeder: Feeder) -> None:
    """Trap 9: its parameters have gradients, all zero."""
    found, _ = step_gradients(net, feeder, [[5, 11]])
    vision = [gradient for name, gradient in found.items() if "vision_tower" in name or "projector" in name]
    assert vision
    assert all(float(gradient.abs().max()) == 0.0 for gradient in vision)


def test_losses_by_source_are_a_partition_and_by_capability_overlap(net: TokenLoss, feeder: Feeder) -> None:
    rows = list(range(12))
    export = feeder.export
    batch = feeder.batch(rows)
    with torch.no_grad():
        _, sums = sample_losses(net, batch, CPU)
    tally = Tally(export)
    tally.add(rows, sums.tolist(), target_counts(batch).tolist())
    by_source, by_capability = tally.by_source(), tally.by_capability()
    tokens = target_counts(batch).tolist()
    assert sum(entry["tokens"] for entry in by_source.values()) == sum(tokens)
    whole = sum(entry["loss"] * entry["tokens"] for entry in by_source.values()) / sum(tokens)
    assert whole == pytest.approx(tally.loss)
    # Scored 3 or more in `attribute`: every sample of the source `shapes`; 1.2 in `finegrained` is too little.
    assert by_capability["attribute"]["loss"] == pytest.approx(by_source["shapes"]["loss"])
    assert "finegrained" not in by_capability
    hand = sum(float(sums[row]) for row in rows if export.sources[row] == "pairs")
    assert by_capability["comparative"]["loss"] * by_capability["comparative"]["tokens"] == pytest.approx(hand)


def test_a_loss_that_is_no_number_names_its_samples_and_moves_nothing(net: TokenLoss, feeder: Feeder) -> None:
    set_trainable(net.model, ["projector"])
    optimizer = build_optimizer(net.model, {"projector": 1.0}, (0.9, 0.95))
    before = net.model.model.multi_modal_projector.linear_1.weight.clone()
    with torch.no_grad():
        net.model.model.language_model.embed_tokens.weight[feeder.encoder.words("?")[-1]] = float("nan")
    without = feeder.batch([4])  # "...colour?" has it too
    assert isinstance(without, Batch)
    with pytest.raises(LossNotFinite) as caught:
        take_step(net, optimizer, feeder.batches([[0]]), as_plan(feeder, [[0]]), Tally(feeder.export), CPU)
    assert "shapes/1000000000000000" in caught.value.problem
    assert "learning rate" in caught.value.fix
    assert torch.equal(before, net.model.model.multi_modal_projector.linear_1.weight)


def test_the_held_out_loss_is_the_mean_over_tokens_of_all_batches(net: TokenLoss, feeder: Feeder) -> None:
    tally = held_out_loss(net, feeder, as_plan(feeder, [[0, 5], [4]]), CPU)
    alone = [library_loss(net, feeder, row) for row in (0, 5, 4)]
    assert tally.loss == pytest.approx(sum(loss for loss, _ in alone) / sum(tokens for _, tokens in alone), rel=1e-4)
    assert net.training


def test_the_rate_rises_linearly_then_falls_as_a_cosine_to_zero() -> None:
    shares = [schedule(step, 100, 0.03) for step in range(100)]
    assert shares[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert shares[3] == 1.0
    assert shares[3 + 97 // 2] == pytest.approx(0.5, abs=0.02)
    assert 0 < shares[99] < 1e-3
    assert all(a >= b for a, b in itertools.pairwise(shares[3:]))
    assert schedule(0, 1, 0.0) == 1.0


def test_each_module_has_its_own_rate_and_no_weight_decay(net: TokenLoss) -> None:
    set_trainable(net.model, ["vision", "projector", "language"])
    optimizer = build_optimizer(net.model, {"vision": 1e-4, "projector": 2e-3, "language": 3e-4}, (0.9, 0.95))
    assert {g["module"]: g["lr"] for g in optimizer.param_groups} == {
        "vision": 1e-4,
        "projector": 2e-3,
        "language": 3e-4,
    }
    assert all(group["weight_decay"] == 0 for group in optimizer.param_groups)
    grouped = sum(parameter.numel() for group in optimizer.param_groups for parameter in group["params"])
    assert grouped == sum(p.numel() for p in net.model.parameters() if p.requires_grad)


def test_batches_come_in_the_plans_order_from_several_threads(export_dir: Path, encoder: Encoder) -> None:
    feeder = Feeder(Export(export_dir), encoder, TILING, num_threads=4)
    plan = [[row, (row * 7 + 1) % 36] for row in range(36)]
    assert [batch.rows for batch in feeder.batches(plan, ahead=6)] == [tuple(rows) for rows in plan]


def test_a_full_cache_changes_no_pixel(export_dir: Path, encoder: Encoder) -> None:
    export = Export(export_dir)
    kept, none = Feeder(export, encoder, TILING), Feeder(export, encoder, TILING, cache_bytes=0)
    kept.batch([0, 4])
    assert np.array_equal(kept.batch([0, 4]).tiles, none.batch([0, 4]).tiles)

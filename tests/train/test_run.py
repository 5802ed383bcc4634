"""A whole training run on a real export: stages that follow each other, stops that can be taken up, honest failures."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import grimp
import pytest
import torch
import yaml
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from core.errors import BadData, BadInput
from core.runs import RunFolder, RunStopped, create, load, resume, start, stop, wait
from core.train import checkpoint
from core.train.generate import Prompt, Speaker
from core.train.main import run_job
from core.train.model import load_model, weights_hash
from core.train.plan import read_plan
from core.train.tokenizer import recall, remember

from .exports import SETTINGS, make_export, two_stages


def new_run(tmp_path: Path, export: Path, **settings: Any) -> RunFolder:
    path = create(tmp_path, "train", "core.train.main", {**SETTINGS, **settings})
    shutil.copytree(export, path / "data")
    return RunFolder(path)


def events(folder: RunFolder, kind: str) -> list[dict[str, Any]]:
    lines = (folder.path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, export_dir: Path) -> tuple[RunFolder, dict[str, Any]]:
    folder = new_run(tmp_path_factory.mktemp("workspace"), export_dir)
    return folder, run_job(folder)


def test_the_held_out_loss_falls_in_every_stage(finished: tuple[RunFolder, dict[str, Any]]) -> None:
    for stage in finished[1]["stages"]:
        assert stage["held_out_end"] < stage["held_out_start"]


def test_a_stage_starts_from_the_bytes_the_one_before_ended_with(finished: tuple[RunFolder, dict[str, Any]]) -> None:
    folder, _ = finished
    starts, ends = events(folder, "stage_start"), events(folder, "stage_end")
    assert starts[1]["weights"] == ends[0]["weights"]
    base = checkpoint.stage_dir(folder.path, 0) / checkpoint.FINAL
    assert weights_hash(load_model(base)) == starts[0]["weights"]
    assert starts[1]["start_dir"] == "stage_1/ckpt-final"


def test_what_a_stage_does_not_train_is_byte_equal_before_and_after(finished: tuple[RunFolder, dict[str, Any]]) -> None:
    folder, _ = finished
    before = load_model(checkpoint.stage_dir(folder.path, 0) / checkpoint.FINAL).state_dict()
    after = load_model(checkpoint.stage_dir(folder.path, 1) / checkpoint.FINAL).state_dict()
    last = load_model(folder.path / "model").state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if "projector" in name or "image_newline" in name}
    still = {name for name in before if torch.equal(after[name], last[name])}
    assert still == {name for name in before if "post_layernorm" in name}


def test_the_model_loads_with_the_librarys_own_classes_and_answers_alike(
    finished: tuple[RunFolder, dict[str, Any]], export_dir: Path
) -> None:
    _, result = finished
    model = AutoModelForImageTextToText.from_pretrained(result["model_dir"])
    processor = AutoProcessor.from_pretrained(result["model_dir"])
    image = Image.open(export_dir / "images/00/0-0.png").convert("RGB")
    question = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What colour is the shape?"}]}]
    text = processor.apply_chat_template(question, add_generation_prompt=True)
    inputs = processor(text=text, images=image, return_tensors="pt")
    out = model.generate(**inputs, max_new_tokens=6, do_sample=False)
    theirs = processor.tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()
    speaker = Speaker.load(Path(result["model_dir"]))
    prompt = Prompt((("human", "<image>\nWhat colour is the shape?"),), (image,))
    assert speaker.answer([prompt], max_new_tokens=6) == [theirs]


def test_answers_in_a_batch_are_those_given_alone(finished: tuple[RunFolder, dict[str, Any]], export_dir: Path) -> None:
    speaker = Speaker.load(Path(finished[1]["model_dir"]))
    images = [Image.open(export_dir / name).convert("RGB") for name in ("images/00/0-0.png", "images/01/1-0.png")]
    prompts = [
        Prompt((("human", "<image>\nWhat colour is the shape?"),), (images[0],)),
        Prompt((("human", "What is the opposite of hot?"),)),
        Prompt((("human", "Same?"),), tuple(images)),
    ]
    assert speaker.answer(prompts) == [speaker.answer([prompt])[0] for prompt in prompts]


def test_every_step_tells_what_a_person_wants_to_see(finished: tuple[RunFolder, dict[str, Any]]) -> None:
    folder, result = finished
    steps = events(folder, "step")
    assert [step["step"] for step in steps] == list(range(1, len(steps) + 1))
    assert len(steps) == sum(stage["num_steps"] for stage in result["stages"])
    wanted = {"stage", "loss", "loss_by_source", "loss_by_capability", "lr", "grad_norm", "tokens_per_second",
              "samples_per_second", "data_wait_share", "memory_bytes", "eta_seconds", "mfu"}  # fmt: skip
    assert all(wanted <= set(step) for step in steps)
    assert set(steps[-1]["lr"]) == {"vision", "projector", "language"}
    assert set(steps[0]["lr"]) == {"projector"}
    assert steps[-1]["eta_seconds"] == pytest.approx(0, abs=1e-6)
    assert json.loads((folder.path / "state.json").read_text())["done"] == len(steps)


def test_plans_and_sample_answers_are_there_before_and_after(finished: tuple[RunFolder, dict[str, Any]]) -> None:
    folder, _ = finished
    plans = events(folder, "plan")
    assert [plan["stage"] for plan in plans] == [1, 2]
    assert plans[0]["dropped"] == {"no_image_to_learn_from": 10}  # five of them, in two epochs
    assert read_plan(folder.path / "stage_2" / "plan.parquet", "all").num_samples == 60
    said = events(folder, "predictions")
    assert [event["stage"] for event in said] == [0, 1, 2]
    assert all(
        {"prompt", "answer", "prediction", "images"} <= set(entry) for event in said for entry in event["samples"]
    )


def stop_after(folder: RunFolder, num_steps: int) -> None:
    """The run's own event writer asks it to stop, as a signal would in the middle of a step."""
    told, write = 0, folder.event

    def listening(**fields: Any) -> None:
        nonlocal told
        write(**fields)
        told += fields["kind"] == "step"
        if told == num_steps:
            folder.request_stop()

    folder.event = listening  # type: ignore[method-assign]


@pytest.mark.parametrize("num_steps", [2, 5, 8])
def test_a_stopped_run_goes_on_from_its_checkpoint_to_the_same_end(
    tmp_path: Path, export_dir: Path, finished: tuple[RunFolder, dict[str, Any]], num_steps: int
) -> None:
    folder = new_run(tmp_path, export_dir)
    stop_after(folder, num_steps)
    with pytest.raises(RunStopped):
        run_job(folder)
    assert not (folder.path / "model").exists()
    again = RunFolder(folder.path)
    result = run_job(again)
    # after the last step of a stage its result is what the next one starts from: nothing inside a stage is taken up
    assert [event["stage_step"] for event in events(again, "resumed")] == ([num_steps % 5] if num_steps % 5 else [])
    assert [step["step"] for step in events(again, "step")] == [step["step"] for step in events(finished[0], "step")]
    whole = [stage["held_out_end"] for stage in finished[1]["stages"]]
    assert [stage["held_out_end"] for stage in result["stages"]] == pytest.approx(whole, rel=1e-6)
    assert weights_hash(load_model(folder.path / "model")) == weights_hash(load_model(finished[0].path / "model"))
    assert list(folder.path.glob("stage_*/ckpt-[0-9]*")) == []


def test_a_checkpoint_command_saves_one_that_loads(tmp_path: Path, export_dir: Path) -> None:
    folder = new_run(tmp_path, export_dir)
    (folder.path / "control" / "checkpoint").touch()
    run_job(folder)
    made = events(folder, "checkpoint")
    assert [event["stage_step"] for event in made] == [1]


def test_a_changed_checkpoint_is_not_trained_on(tmp_path: Path, export_dir: Path) -> None:
    folder = new_run(tmp_path, export_dir)
    stop_after(folder, 1)
    with pytest.raises(RunStopped):
        run_job(folder)
    found = checkpoint.latest(folder.path / "stage_1")
    assert found is not None
    shutil.copy(folder.path / "stage_0/ckpt-final/model.safetensors", found / "model.safetensors")
    with pytest.raises(BadData, match="not those that were saved"):
        run_job(RunFolder(folder.path))


def test_the_workspaces_tokenizer_is_the_first_runs_and_is_used_again(
    tmp_path: Path, export_dir: Path, finished: tuple[RunFolder, dict[str, Any]]
) -> None:
    assert recall(tmp_path) is None
    kept = remember(tmp_path, Path(finished[1]["tokenizer_dir"]))
    assert recall(tmp_path) == kept
    other = make_export(tmp_path / "other", 12, stages=two_stages()[:1], holdout=2)
    run = new_run(tmp_path, other, tokenizer=str(kept))
    result = run_job(run)
    assert (Path(result["tokenizer_dir"]) / "tokenizer.json").read_bytes() == (kept / "tokenizer.json").read_bytes()
    assert remember(tmp_path, Path(result["tokenizer_dir"])) == kept


def test_a_stage_of_another_tile_side_is_refused_before_any_step(tmp_path: Path) -> None:
    stages = two_stages()
    stages[1]["resolution"]["px"] = 64
    folder = new_run(tmp_path, make_export(tmp_path / "data", 12, stages=stages))
    with pytest.raises(BadInput, match="64 px"):
        run_job(folder)
    assert not list(folder.path.glob("stage_*/ckpt-[0-9]*"))


def test_an_unknown_setting_is_named(tmp_path: Path, export_dir: Path) -> None:
    with pytest.raises(BadInput, match="sped"):
        run_job(new_run(tmp_path, export_dir, sped=3))


def test_a_training_process_imports_what_a_bare_gpu_machine_has() -> None:
    """torch, transformers, pyarrow, PyYAML and pydantic, with what they bring; psutil only on the side that watches."""
    graph = grimp.build_graph("core", include_external_packages=True, cache_dir=None)
    inside = {"core.train.main", *graph.find_upstream_modules("core.train.main")}
    used = {module.split(".")[0] for module in inside if not module.startswith("core")} - sys.stdlib_module_names
    brought = {"numpy", "PIL", "tokenizers", "safetensors", "filelock"}
    assert used <= {"torch", "transformers", "pyarrow", "yaml", "pydantic", "psutil"} | brought
    watching = {module for module in inside if "psutil" in graph.find_modules_directly_imported_by(module)}
    assert watching == {"core.runs.launch"}


def test_a_signal_stops_a_running_process_at_a_step_and_it_can_be_resumed(tmp_path: Path, export_dir: Path) -> None:
    folder = new_run(tmp_path, export_dir)
    recipe = folder.path / "data" / "recipe.yaml"
    content = yaml.safe_load(recipe.read_text())
    content["stages"] = [{**content["stages"][0], "epochs": 60}]
    recipe.write_text(yaml.safe_dump(content))
    run = start(folder.path)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and load(run.path).state == "running" and load(run.path).done < 1:
        time.sleep(0.05)
    stopped = stop(load(run.path), timeout_seconds=60)
    assert stopped.state == "stopped"
    assert json.loads((run.path / "STOPPED").read_text()).get("killed") is None
    found = checkpoint.latest(run.path / "stage_1")
    assert found is not None
    taken = len(events(folder, "step"))
    assert found.name == f"ckpt-{taken}"
    done = wait(resume(stopped))
    assert done.state == "done"
    assert [step["step"] for step in events(folder, "step")] == list(
        range(1, done.result["stages"][0]["num_steps"] + 1)
    )
    assert Path(done.result["model_dir"]).is_dir()

"""Evaluation end to end on a model that learnt two colours: before against after, baselines, files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.errors import BadData, BadInput
from core.evaluate.main import EvaluateSettings, evaluate, run_job
from core.evaluate.questions import Question, install, load_questions
from core.evaluate.quick import Answered, Evaluation, compare, generate, majority, read_predictions
from core.runs import RunFolder, create
from core.train.main import run_job as train

from ..train.exports import SETTINGS, make_samples, stage, write_export


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Path]:
    """(workspace, result of training, question file): colour questions alone, enough epochs to learn them."""
    workspace = tmp_path_factory.mktemp("workspace")
    run = create(workspace, "train", "core.train.main", {**SETTINGS, "holdout_limit": 4})
    samples = [s for s in make_samples(run / "data", 72) if s["source"] == "shapes" and len(s["conversations"]) == 2]
    every = {"vision": 5e-3, "projector": 5e-3, "language": 5e-3}
    stages = [stage("all", trainable=list(every), lr=every, epochs=30, tokens_per_step=400)]
    write_export(run / "data", samples, stages, holdout=12)
    questions = workspace / "eval.jsonl"
    rows = [
        {"id": str(s["sample_id"]), "image": s["images"][0], "question": "What colour is the shape?",
         "answer": s["conversations"][1]["text"], "answer_type": "short"}
        for s in samples
    ]  # fmt: skip
    questions.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = train(RunFolder(run))
    install(workspace, questions, run / "data")
    return workspace, result, questions


def test_training_beats_the_untrained_model_the_majority_and_itself_without_pictures(
    trained: tuple[Path, dict[str, Any], Path], tmp_path: Path
) -> None:
    workspace, model, _ = trained
    settings = EvaluateSettings(model=model["model_dir"], before=model["base_model_dir"], workspace=str(workspace))
    found = evaluate(settings, tmp_path)
    after = found["metrics"]["exact_match"]
    assert found["num_questions"] == len(load_questions(workspace / "evaluation/questions.jsonl",
                                                        workspace / "evaluation").questions)  # fmt: skip
    assert after["low"] <= after["value"] <= after["high"]
    assert after["value"] > found["baselines"]["majority"]["exact_match"]["value"]
    assert after["value"] > found["baselines"]["blind"]["exact_match"]["value"]
    assert found["before"]["metrics"]["exact_match"]["value"] == 0
    change = found["change"]["differences"]["exact_match"]
    assert change["value"] == pytest.approx(after["value"])
    assert change["low"] > 0
    assert json.loads((tmp_path / "evaluation.json").read_text()) == found
    again = read_predictions(tmp_path / "predictions.jsonl")
    assert sum(again.scores) / len(again.scores) == pytest.approx(after["value"])
    assert read_predictions(tmp_path / "predictions-before.jsonl").scores == [0.0] * found["num_questions"]


def test_an_evaluation_is_a_run_and_takes_a_limit(trained: tuple[Path, dict[str, Any], Path]) -> None:
    workspace, model, questions = trained
    settings = {"model": model["model_dir"], "data": str(questions), "image_root": str(workspace / "evaluation"),
                "limit": 5, "blind": False, "num_threads": 1}  # fmt: skip
    folder = RunFolder(create(workspace, "evaluate", "core.evaluate.main", settings))
    result = run_job(folder)
    assert result["num_questions"] == 5
    assert set(result["baselines"]) == {"majority"}
    assert len((folder.path / "predictions.jsonl").read_text().splitlines()) == 5
    assert json.loads((folder.path / "state.json").read_text())["done"] == 5


def test_a_model_can_be_tried_out(trained: tuple[Path, dict[str, Any], Path], tmp_path: Path) -> None:
    workspace, model, _ = trained
    image = next((workspace / "evaluation" / "images").rglob("*.png"))
    said = generate(Path(model["model_dir"]), "What colour is the shape?", image)
    assert said in ("red", "green", "blue", "yellow")
    assert generate(Path(model["model_dir"]), "What colour is the shape?", Image.open(image)) == said
    assert isinstance(generate(Path(model["base_model_dir"]), "Hello <image> tag"), str)
    with pytest.raises(BadInput, match="not a picture"):
        generate(Path(model["model_dir"]), "What?", Path(model["model_dir"]) / "config.json")
    with pytest.raises(BadInput, match="not a model folder"):
        generate(tmp_path, "What?")


def test_a_corrupt_picture_names_its_question(trained: tuple[Path, dict[str, Any], Path], tmp_path: Path) -> None:
    _, model, _ = trained
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    (tmp_path / "q.jsonl").write_text(json.dumps({"id": "7", "image": "bad.png", "question": "?", "answer": "x"}))
    with pytest.raises(BadData, match="question 7"):
        evaluate(EvaluateSettings(model=model["model_dir"], data=str(tmp_path / "q.jsonl")), tmp_path)


def test_a_workspace_without_questions_says_so(trained: tuple[Path, dict[str, Any], Path], tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "evaluation", ignore_errors=True)
    with pytest.raises(BadInput, match="no questions of its own"):
        evaluate(EvaluateSettings(model=trained[1]["model_dir"], workspace=str(tmp_path)), tmp_path)


def answered(kind: str, *pairs: tuple[str, str]) -> Evaluation:
    from core.evaluate.metrics import score

    questions = [Question(str(n), (), "?", kind, (gold,)) for n, (gold, _) in enumerate(pairs)]
    return Evaluation(tuple(Answered(q, said, score(said, q)) for q, (_, said) in zip(questions, pairs, strict=True)))


def test_the_majority_answer_is_taken_per_kind_with_ties_in_alphabetical_order() -> None:
    questions = [
        *[Question(f"a{n}", (), "?", "short", (word,)) for n, word in enumerate(["red", "blue", "red", "blue"])],
        *[Question(f"b{n}", (), "?", "yes_no", (word,)) for n, word in enumerate(["no", "no", "yes"])],
    ]
    found = majority(questions)
    assert [entry.prediction for entry in found.answered] == ["blue"] * 4 + ["no"] * 3
    assert found.metrics()["score"].value == pytest.approx((2 + 2) / 7)
    assert found.counts() == {"score": 7, "exact_match": 4, "yes_no": 3}


def test_yes_no_has_accuracy_and_f1() -> None:
    found = answered("yes_no", ("yes", "yes"), ("yes", "no"), ("no", "yes"), ("no", "no"), ("no", "red"))
    metrics = found.metrics()
    assert metrics["yes_no"].value == pytest.approx(2 / 5)
    assert metrics["yes_no_f1"].value == pytest.approx(2 * 1 / (2 * 1 + 1 + 1))


def test_a_comparison_is_of_the_same_questions() -> None:
    before = answered("short", ("a", "x"), ("b", "b"), ("c", "x"))
    after = answered("short", ("a", "a"), ("b", "x"), ("c", "c"))
    found = compare(before, after)
    assert (found["better"], found["worse"], found["equal"]) == (2, 1, 0)
    assert found["differences"]["exact_match"]["value"] == pytest.approx(1 / 3)
    with pytest.raises(BadData, match="same questions"):
        compare(before, answered("short", ("a", "a")))

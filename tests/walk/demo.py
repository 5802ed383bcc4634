"""The demo's promise, kept: the sample workspace trains with the sample recipe and learns in every stage. `python -m tests.walk.demo`

Builds the workspace of `winnow demo`, trains `sample_data/recipe.yaml`, loads the model with transformers alone and asks it the
held-out questions. The first difference ends the walk with status 1.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from core import runs
from sample_data import RECIPE_PATH
from tests.walk.steps import expect, winnow

LEAST_FALL = 0.2
"""How far below its start the held-out loss must end."""


def walk(folder: Path) -> None:
    """Walk the path in a new folder."""
    workspace = folder / "demo"
    winnow("demo", "--workspace", workspace, "--build-only")
    trained = winnow("train", workspace, "--recipe", RECIPE_PATH)
    expect("state of the training run", trained["state"], "done")
    stages = runs.find(workspace, trained["run_id"]).result["stages"]
    for stage in stages:
        start, end = stage["held_out_start"], stage["held_out_end"]
        print(f"  {stage['name']:<12} held-out loss {start:.2f} -> {end:.2f}")
        expect(f"the held-out loss of stage {stage['name']} falls ({start:.3f} to {end:.3f})", end < start, True)
    first, last = stages[0]["held_out_start"], stages[-1]["held_out_end"]
    fall = 1 - last / first
    expect(f"the held-out loss ends {LEAST_FALL:.0%} below its start ({fall:.1%})", fall >= LEAST_FALL, True)

    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(trained["model_dir"])
    expect("class of the saved model", type(model).__name__, "LlavaOnevisionForConditionalGeneration")
    asked = winnow("evaluate", workspace, "--model", trained["model_dir"])
    expect("questions asked and answered", asked["num_questions"] > 100, True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="winnow-walk-") as folder:
        walk(Path(folder))
    print("The walk over the sample data passed.")


if __name__ == "__main__":
    main()

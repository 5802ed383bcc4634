"""Trying models out: one process that holds several models and answers a prompt and a picture with each.

`Asker` is the side of the caller, which loads nothing heavy; `python -m core.evaluate.asking MODEL...` is the other side,
which reads one JSON object a line, answers with one, and ends when it is not asked for some minutes.
"""

from __future__ import annotations

import base64
import io
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any

from core.errors import BadInput, RunFailed, StudioError

IDLE_SECONDS = 300.0
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Said:
    """What one model answered."""

    model: Path
    answer: str


class Asker:
    """Asks models that live in a process of their own; safe to use from several threads, one question at a time."""

    def __init__(self, models: Sequence[Path], idle_seconds: float = IDLE_SECONDS) -> None:
        self.models = tuple(models)
        self._idle = idle_seconds
        self._process: subprocess.Popen[str] | None = None
        self._complaints: IO[bytes] | None = None
        self._guard = Lock()

    def ask(self, prompt: str, picture: bytes | None = None, max_new_tokens: int = 48) -> list[Said]:
        """The answer of each model, in order. The first question waits until the models are loaded."""
        if not prompt.strip():
            raise BadInput("There is no prompt.", "Write what the models are to answer.")
        for model in self.models:
            if not (model / "config.json").is_file():
                raise BadInput(f"{model} is not a model folder.", "Choose a training run that is done.")
        question = {
            "prompt": prompt,
            "picture": None if picture is None else base64.b64encode(picture).decode("ascii"),
            "max_new_tokens": max_new_tokens,
        }
        with self._guard:
            said = self._exchange(json.dumps(question))
        if "problem" in said:
            raise BadInput(said["problem"], said["fix"])
        return [Said(model, answer) for model, answer in zip(self.models, said["answers"], strict=True)]

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.terminate()
            self._process.wait()
            self._process = None
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None

    def _exchange(self, line: str) -> dict[str, Any]:
        for attempt in (1, 2):  # the process may have gone to rest between two questions
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(line + "\n")
                process.stdin.flush()
                reply = process.stdout.readline()
            except (BrokenPipeError, ValueError):
                reply = ""
            if reply:
                found: dict[str, Any] = json.loads(reply)
                return found
            process.wait()
            if process.returncode or attempt == 2:
                break
            self.close()
        last = self._last_complaint()
        self.close()
        raise RunFailed(
            f"The process that holds the models ended{': ' + last if last else '.'}",
            "Ask again; if it ends again, the machine has too little memory for both models.",
        )

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
            paths = [str(_REPOSITORY), os.environ.get("PYTHONPATH", "")]
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(self._idle), *map(str, self.models)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            )
        return self._process

    def _last_complaint(self) -> str:
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").split("\n")
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def main(idle_seconds: float, models: Sequence[Path]) -> None:
    """The side that holds the models: answer lines from stdin until it closes or nobody asks."""
    speakers: list[Any] = []
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not be taken for an answer
    while select.select([sys.stdin], [], [], idle_seconds)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        try:
            if not speakers:
                speakers = _loaded(models)
            reply: dict[str, Any] = {"answers": _answers(speakers, json.loads(line))}
        except StudioError as error:
            reply = {"problem": error.problem, "fix": error.fix}
        answers.write(json.dumps(reply, ensure_ascii=False) + "\n")
        answers.flush()


def _loaded(models: Sequence[Path]) -> list[Any]:
    import torch

    from core.train.generate import Speaker

    torch.set_num_threads(os.cpu_count() or 1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return [Speaker.load(model, device) for model in models]


def _answers(speakers: Sequence[Any], question: dict[str, Any]) -> list[str]:
    from PIL import Image

    from core.train.data import read_picture
    from core.train.generate import Prompt

    pictures: tuple[Image.Image, ...] = ()
    if question["picture"] is not None:
        try:
            pictures = (read_picture(io.BytesIO(base64.b64decode(question["picture"]))),)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise BadInput(f"The picture cannot be read: {error}.", "Give a PNG, JPEG or WebP file.") from error
    prompt = Prompt((("human", question["prompt"]),), pictures)
    return [speaker.answer([prompt], question["max_new_tokens"])[0] for speaker in speakers]


if __name__ == "__main__":
    main(float(sys.argv[1]), [Path(model) for model in sys.argv[2:]])

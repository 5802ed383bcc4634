"""A Ctrl-C that Python drops, as it does inside a destructor, still ends the command at its next step."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.browser.serving import ROOT

_LOST = """
import os, signal, time
from studio.terminal import INTERRUPTS, bar, perform

class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)

INTERRUPTS.heed()
def act():
    with bar("work") as show:
        show(0, 2, "")
        Dropped()
        print("went on", flush=True)
        {step}
        return {{"done": True}}, lambda result: ["done"]
perform(False, act)
print("came to its end", flush=True)
"""


@pytest.mark.parametrize("step", ["show(1, 2, '')", "pass"])
def test_an_interrupt_lost_in_a_destructor_is_raised_at_the_next_step_or_before_the_result(step: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _LOST.format(step=step)], capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert ended.stdout == "went on\n"
    assert ended.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended.stderr

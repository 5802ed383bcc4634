"""Whatever ends an ingest, nothing is lost and the same command goes on.

Killed, interrupted, a full disk, a second writer, a file that grows, a run that is stopped.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import runs
from core.check import check
from core.errors import BadData, Busy
from core.ingest import IngestSettings, ingest
from core.store.locks import writer_lock
from core.workspace import Workspace
from tests.ingest.making import data_set, everything, picture, read_in, record, text_only

ROOT = Path(__file__).resolve().parents[2]
NUM_RECORDS = 120
NUM_ENDINGS = 30 if os.environ.get("WINNOW_SOAK") else 3  # per kind of signal
SMALL_BATCHES = "import core.ingest.writer as w; w._BATCH_ROWS = 16"
CHILD = f"""
import sys, time, resource, signal
from pathlib import Path
{SMALL_BATCHES}
from core.ingest import IngestSettings, ingest
from core.workspace import Workspace
from core.errors import StudioError
limit = int(sys.argv[3])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
def progress(done, total, note):
    if total:
        print(done, flush=True)
        time.sleep(0.005)
try:
    ingest(Workspace.open(Path(sys.argv[1])), IngestSettings(paths=(Path(sys.argv[2]),)), progress)
except StudioError as error:
    sys.exit(type(error).__name__)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rows = [record(number, image=f"images/{number % 50}.png") for number in range(NUM_RECORDS)]
    rows[7] = {"id": "broken"}
    path = data_set(folder, rows, num_pictures=50)
    for number in range(50):  # of some size, so that a limit is met in the middle
        (folder / "images" / f"{number}.png").write_bytes(picture(number, (300, 300 + number)) + b"\0" * 20_000)
    return path


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("whole") / "ws")
    read_in(workspace, data)
    return workspace


def started(workspace: Workspace, data: Path, limit_bytes: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(workspace.path), str(data), str(limit_bytes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def goes_on(workspace: Workspace, data: Path, whole: Workspace) -> None:
    """The interrupted workspace is sound, keeps what it had, and one more reading makes it equal to an uninterrupted one."""
    codes = {problem.code for problem in check(workspace, full=True).problems}
    assert codes <= {"unfinished_ingest"}
    had = workspace.store.count("samples")
    report = read_in(workspace, data)
    assert (report.already_known, report.ingested + report.already_known) == (had, NUM_RECORDS - 1)
    assert everything(workspace) == everything(whole)
    assert check(workspace, full=True).ok


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(NUM_ENDINGS))
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_ended_process_goes_on(
    data: Path, whole: Workspace, tmp_path: Path, number: signal.Signals, seed: int
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    after = random.Random(f"{seed} {number}")
    child = started(workspace, data)
    assert child.stdout is not None
    for _ in range(after.randrange(1, 3)):
        assert child.stdout.readline()
    time.sleep(after.random() * 0.05)
    child.send_signal(number)
    child.communicate()
    assert child.returncode != 0 or workspace.store.count("samples") == NUM_RECORDS - 1
    goes_on(workspace, data, whole)


@pytest.mark.parametrize("limit_bytes", [100, 60_000])
def test_a_full_disk_is_said_and_nothing_is_lost(
    data: Path, whole: Workspace, tmp_path: Path, limit_bytes: int
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    child = started(workspace, data, limit_bytes)
    _, said = child.communicate()
    assert said.strip().splitlines()[-1] == "DiskFull"
    goes_on(workspace, data, whole)


def test_a_second_ingest_ends_at_once_and_names_the_holder(data: Path, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    with writer_lock(workspace.path, "ingest"), pytest.raises(Busy, match=str(os.getpid())):
        read_in(workspace, data)
    child = started(workspace, data)
    assert child.stdout is not None
    assert child.stdout.readline()
    with pytest.raises(Busy, match=str(child.pid)):
        read_in(workspace, data)
    child.communicate()
    assert read_in(workspace, data).already_known == NUM_RECORDS - 1


def test_a_killed_holder_blocks_nobody(data: Path, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    child = started(workspace, data)
    assert child.stdout is not None
    assert child.stdout.readline()
    child.kill()
    child.communicate()
    assert read_in(workspace, data).num_records == NUM_RECORDS


def test_readers_are_never_blocked(whole: Workspace) -> None:
    with writer_lock(whole.path, "ingest"):
        assert whole.store.count("samples") == NUM_RECORDS - 1


def test_a_file_that_grows_meanwhile_is_refused(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    path = data_set(tmp_path / "in", [text_only(number) for number in range(3)], "a.jsonl")

    def grow(done: int, total: int | None, note: str) -> None:
        if total:
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")

    with pytest.raises(BadData, match="changed while it was being read"):
        ingest(workspace, IngestSettings(paths=(path,)), grow)
    assert read_in(workspace, path).num_records == 3


def test_an_ingest_is_a_run_that_can_be_stopped_and_resumed(data: Path, whole: Workspace, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    settings = IngestSettings(paths=(data,)).model_dump(mode="json")
    path = runs.create(workspace.path, "ingest", "core.ingest.job", settings)
    (path / "control" / "stop").touch()
    assert runs.wait(runs.start(path)).state == "stopped"
    run = runs.wait(runs.resume(runs.load(path)))
    assert (run.state, run.result["ingested"]) == ("done", NUM_RECORDS - 1)
    assert everything(workspace) == everything(whole)

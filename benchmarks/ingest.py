"""How fast a pool is ingested: `python -m benchmarks.ingest DIR [--rows N]`.

Prints rows/s, MB/s, wall and CPU seconds and peak memory for the first reading into a new workspace, for a second one that finds
everything known, and with --rows for as many text-only records, which shows that memory does not grow with the data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def measured(workspace: Path, path: Path) -> dict[str, Any]:
    """One reading in a process of its own, so that its memory and CPU seconds are its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--read", str(workspace), str(path)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(said.stdout)
    return result


def read(workspace: Path, path: Path) -> None:
    import resource

    from core.ingest import IngestSettings, ingest
    from core.workspace import Workspace

    began = time.perf_counter()
    report = ingest(Workspace.open_or_create(workspace), IngestSettings(paths=(path,)))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    kilobytes = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "rows": report.num_records,
                "megabytes": (report.data_bytes + report.image_bytes) / 1e6,
                "wall": time.perf_counter() - began,
                "cpu": usage.ru_utime + usage.ru_stime,
                "memory": usage.ru_maxrss * kilobytes / 1e6,
            }
        )
    )


def show(title: str, found: dict[str, Any]) -> None:
    print(
        f"{title:<22} {found['rows']:>10,} rows  {found['wall']:7.1f} s  cpu {found['cpu']:7.1f} s  "
        f"{found['rows'] / found['wall']:>9,.0f} rows/s  {found['megabytes'] / found['wall']:7.1f} MB/s  peak {found['memory']:6,.0f} MB"
    )


def write_rows(path: Path, num_rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number in range(num_rows):
            question = {"from": "human", "value": f"How much is {number} and {number % 97}?"}
            turns = [question, {"from": "gpt", "value": str(number + number % 97)}]
            file.write(json.dumps({"id": number, "conversations": turns}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", type=Path, help="a folder of LLaVA data, or one with train/ in it")
    parser.add_argument("--rows", type=int, default=0, help="also this many text-only records")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
        workspace = Path(folder) / "workspace"
        show("first reading", measured(workspace, arguments.pool))
        show("second reading", measured(workspace, arguments.pool))
        if arguments.rows:
            lines = Path(folder) / "lines.jsonl"
            write_rows(lines, arguments.rows)
            show("text-only records", measured(Path(folder) / "large", lines))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()

"""Every benchmark over one pool, one after the other: `make bench POOL=DIR`, or `python -m benchmarks.all DIR`.

The pool is ingested and prepared into a workspace of its own with the command; absolute times are this machine's, so quote
them with it. `--large` goes on with Curate at a hundred thousand and a million samples, Browse, planning and exports at a million
and selection at ten million, over generated workspaces (half an hour and 10 GB of disk more).
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.serving import ROOT


def winnow(*arguments: object) -> dict[str, Any]:
    """One verb; its JSON."""
    command = [sys.executable, "-m", "studio.cli", *map(str, arguments), "--json"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(said.stdout)
    return result


def run(title: str, module: str, *arguments: object) -> None:
    """Another benchmark in a process of its own."""
    print(f"\n## {title}", flush=True)
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True, cwd=ROOT)


def large(folder: Path) -> None:
    """What only shows at a size nobody has at hand: workspaces are generated."""
    some, million, ten_million = folder / "100k", folder / "million", folder / "ten-million"
    run("A workspace of 100k samples", "benchmarks.big_workspace", some, "--samples", 100_000)
    run("Curate at 100k samples", "benchmarks.curate_latency", "--workspace", some)
    run("A workspace of 1M samples", "benchmarks.big_workspace", million, "--samples", 1_000_000)
    plotly = ("--plotly", "--points", 1_000_000)
    run("Curate at 1M samples, beside Plotly", "benchmarks.curate_latency", "--workspace", million, *plotly)
    run("Browse at 1M samples", "benchmarks.browse_latency", million)
    run("Planning a mixture of 1M samples", "benchmarks.mixture_plan", million)
    run("Exports", "benchmarks.export_speed", "--million", million)
    run("The lens of 10M samples", "benchmarks.big_workspace", ten_million, "--samples", 10_000_000, "--narrow")
    run("Selection at 10M samples", "benchmarks.select_speed", "--lens", million, ten_million)


def main() -> None:
    given = [argument for argument in sys.argv[1:] if argument != "--large"]
    if len(given) != 1 or not (pool := Path(given[0]).resolve()).joinpath("train").is_dir():
        sys.exit("Give the folder of a pool with train/ and images/.\nUsage: python -m benchmarks.all DIR [--large]")
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
        workspace = Path(folder) / "workspace"
        print("\n## Ingest and prepare")
        read = winnow("ingest", workspace, pool / "train", "--image-root", pool)
        megabytes = (read["image_bytes"] + read["data_bytes"]) / 1e6
        print(
            f"ingest   {read['seconds']:7.1f} s  {read['ingested'] / read['seconds']:,.0f} rows/s  "
            f"{megabytes / read['seconds']:,.1f} MB/s  (target 45 s for 12,060 samples)"
        )
        made = winnow("prepare", workspace)
        print(f"prepare  {made['seconds']:7.1f} s  (target 180 s for 12,060 samples)")
        for step in made["steps"]:
            print(
                f"  {step['step']:<18} {step['seconds']:7.1f} s  cpu {step['cpu_seconds']:6.1f} s  {step['done']:,} made"
            )
        run("First screen", "benchmarks.startup", workspace)
        run("Budget change on the Curate page", "benchmarks.curate_latency", "--workspace", workspace)
        run("Agreement of the rules", "benchmarks.rules_agreement", pool)
        if "--large" in sys.argv:
            large(Path(folder))


if __name__ == "__main__":
    main()

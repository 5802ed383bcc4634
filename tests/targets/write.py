"""Write the exports that the environments of their own read, and what they have to find in each: `python -m tests.targets.write DIR`."""

from __future__ import annotations

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path

from core.mixture.export import export
from core.mixture.mixture import resolve
from tests.mixture import conftest
from tests.mixture.test_targets import Row, images_first, in_order

EXPECTED_FILE = "expected.json"
TARGETS = ("llamafactory", "ms-swift")


def main(top: Path) -> None:
    """Samples of text alone, one image, several, and several turns, in two stages with repeats."""
    shutil.rmtree(top, ignore_errors=True)
    data = top / "data"
    data.mkdir(parents=True)
    for source, num in conftest.NUM.items():
        records = json.dumps(conftest.records(data, source, num), ensure_ascii=False)
        (data / f"{source.replace('/', '-')}.json").write_text(records, encoding="utf-8")
    lens = conftest.build(top / "workspace", data)
    for target in TARGETS:
        export(resolve(conftest.two_stages(), lens), lens, target, top / target)
    rows = [_row(row) for row in images_first(in_order(lens, data))]
    (top / EXPECTED_FILE).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def _row(row: Row) -> dict[str, object]:
    """A row as the loaders know it: its turns, and a hash of each image."""
    _, _, turns, images = row
    return {"turns": turns, "images": [sha256(image).hexdigest() for image in images]}


if __name__ == "__main__":
    main(Path(sys.argv[1]))

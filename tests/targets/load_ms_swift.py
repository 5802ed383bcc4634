"""ms-swift's own loader over an export: run by its own environment, `python load_ms_swift.py EXPORT EXPECTED.json`.

Its preprocessor drops rows it cannot use and says so only in its log, so the rows are counted and compared.
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from pathlib import Path

FROM = {"user": "human", "assistant": "gpt", "system": "system"}


def main(folder: Path, expected: list[dict[str, object]]) -> None:
    """Compare every row; an error ends it."""
    os.environ["ROOT_IMAGE_DIR"] = str(folder)
    os.environ.setdefault("MODELSCOPE_CACHE", str(folder.parent / "cache"))
    from swift.dataset import load_dataset
    from swift.template.template_inputs import StdTemplateInputs
    from swift.template.vision_utils import load_file

    data, _ = load_dataset(str(folder / "data.jsonl"), split_dataset_ratio=0, num_proc=1, strict=True)
    assert len(data) == len(expected), f"{len(data)} rows instead of {len(expected)}"
    for number, (row, wanted) in enumerate(zip(data, expected, strict=True)):
        inputs = StdTemplateInputs.from_dict(row)
        assert inputs.channel, f"row {number} has no channel"
        seen = {
            "turns": [[FROM[message["role"]], message["content"]] for message in inputs.messages],
            "images": [sha256(_content(load_file(image["path"]))).hexdigest() for image in inputs.images],
        }
        assert seen == wanted, f"row {number}: {seen} instead of {wanted}"
    print(f"ms-swift reads all {len(expected)} rows as they were written.")


def _content(found: object) -> bytes:
    return found.read() if hasattr(found, "read") else Path(str(found)).read_bytes()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))

"""The view as CSV: the same rows the tables hold, however many pieces it is sent in; what cannot be given says why."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.errors import BadInput
from core.filters import Filter, ScoreRange
from core.lens import Lens
from core.store.ids import id_hex
from core.vocabulary import CAPABILITY_KEYS, STYLES
from core.workspace import Workspace
from studio.downloads import csv_parts, view_url
from tests.browser.serving import serving
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

PHOTOS = Filter(sources=("photos",))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("small") / "ws")


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> Iterator[str]:
    with serving(workspace.path) as served:
        yield served


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"))))


def get(address: str, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_the_view_as_csv_has_hex_ids_and_scores_from_0_to_5(workspace: Workspace) -> None:
    found = read(b"".join(csv_parts(Lens(workspace), PHOTOS)))
    samples = {
        row["sample_id"]: row for row in workspace.store.read("samples").to_pylist() if row["source"] == "photos"
    }
    assert [row["sample_id"] for row in found] == [
        id_hex(row["sample_id"]) for row in sorted(samples.values(), key=lambda row: int(row["ingest_row"]))
    ]
    scores, styles = (
        {row["sample_id"]: row for row in workspace.store.read(f"{kind}--rules--1").to_pylist()}
        for kind in ("scores", "styles")
    )
    for row in found:
        key = int(row["sample_id"], 16)
        for capability in CAPABILITY_KEYS:
            score = scores[key][capability]
            assert row[capability] == "" if score is None else float(row[capability]) == pytest.approx(score / 50)
        assert row["styles"] == "; ".join(sorted(styles[key]["styles"], key=STYLES.index))


@pytest.mark.parametrize("rows_per_batch", [1, 7, 1000])
def test_batches_of_any_size_hold_every_row_once_in_order(workspace: Workspace, rows_per_batch: int) -> None:
    lens = Lens(workspace)
    batches = list(lens.stream("view_as_rows", rows_per_batch=rows_per_batch))
    assert batches[0].num_rows == 0
    ids = [value for batch in batches for value in batch["sample_id"].to_pylist()]
    assert ids == lens.ask("view_as_rows")["sample_id"].to_pylist()
    assert len(ids) == NUM_SAMPLES


def test_a_view_without_samples_is_a_header(workspace: Workspace) -> None:
    data = b"".join(csv_parts(Lens(workspace), Filter(text="no such word anywhere")))
    assert data.count(b"\n") == 1
    assert data.startswith(b'"sample_id","source"')


def test_a_condition_that_fails_is_told_before_anything_is_sent(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="not a column"):
        next(csv_parts(Lens(workspace), Filter(where="not a column > 3")))


@pytest.mark.parametrize(
    "chosen",
    [
        PHOTOS,
        Filter(scores=(ScoreRange(capability="ocr", low=1, high=4),)),
        Filter(where="source = 'photos' AND ocr >= 0"),
    ],
)
def test_the_server_gives_what_the_link_names(workspace: Workspace, address: str, chosen: Filter) -> None:
    status, headers, body = get(address, view_url(workspace, chosen))
    assert status == 200
    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert "winnow-view.csv" in headers["content-disposition"]
    ids = [row["sample_id"] for row in read(body)]
    assert ids == Lens(workspace).ask("view_as_rows", chosen)["sample_id"].to_pylist()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (f"/api/view/{'0' * 32}.csv", "no such workspace"),
        ("{here}where=nothing%20%3D%201", "nothing"),
        ("{here}score=ocr", "the range of scores 'ocr'"),
    ],
)
def test_what_cannot_be_given_is_a_404_with_problem_and_fix(
    workspace: Workspace, address: str, path: str, problem: str
) -> None:
    status, _, body = get(address, path.replace("{here}", view_url(workspace, Filter())))
    said = json.loads(body)
    assert status == 404
    assert problem in said["problem"]
    assert said["fix"]


def test_a_link_does_not_tell_where_the_workspace_lies(workspace: Workspace) -> None:
    assert str(workspace.path) not in view_url(workspace, PHOTOS)
    assert not any(part in view_url(workspace, PHOTOS) for part in Path(workspace.path).parts if len(part) > 3)

"""The server's own routes: right bytes, right types, unknown things said, foreign hosts refused, a taken port in one sentence."""

from __future__ import annotations

import io
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from core.errors import BadInput, Busy
from core.store.ids import id_hex, image_key, sample_id
from studio import server
from studio.map import buffers
from studio.map.buffers import (
    NEVER,
    Buffer,
    Buffers,
    CutTable,
    Figure,
    cuts_of,
    publish_points,
    quantise,
    ranks_of,
    running_totals,
)
from studio.server import also_serve, bind, host_name
from studio.session import WORKSPACE_VARIABLE
from tests.browser.points import generate, make_workspace
from tests.browser.serving import serving

MAP_PAGE = Path(__file__).parents[1] / "browser" / "map_page.py"
UNKNOWN_KEY = "0" * 32


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    workspace = make_workspace(tmp_path_factory.mktemp("server") / "workspace")
    with serving(workspace.path, MAP_PAGE) as served:
        yield served


def ask(address: str, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip", **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_a_sample_is_described_with_its_question_source_and_thumbnail(address: str) -> None:
    answer, body = ask(address, f"/api/sample/{id_hex(sample_id('receipts', '5'))}")
    assert answer.status == 200
    described = json.loads(body)
    assert (described["question"], described["source"], described["num_images"]) == ("What is number 5?", "receipts", 1)
    thumb, data = ask(address, described["thumb"])
    assert thumb.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(data)).size == (256, 160)


def test_an_image_comes_as_it_was_given_and_is_kept_by_the_browser(address: str) -> None:
    _, body = ask(address, f"/api/sample/{id_hex(sample_id('charts', '0'))}")
    key = json.loads(body)["thumb"].rsplit("/", 1)[1]
    answer, data = ask(address, f"/api/image/{key}")
    assert answer.headers["content-type"] == "image/png"
    assert image_key(data) == key
    assert "immutable" in answer.headers["cache-control"]
    again, nothing = ask(address, f"/api/image/{key}", **{"If-None-Match": answer.headers["etag"]})
    assert (again.status, nothing) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        f"/api/thumb/{UNKNOWN_KEY}",
        f"/api/image/{UNKNOWN_KEY}",
        "/api/image/..%2f..%2fetc",
        "/api/image/notakey",
        "/api/sample/0000000000000000",
        "/api/sample/zz",
        "/api/points/none/none.bin",
        "/api/points/none/none/3.json",
        "/api/ranks/none.bin",
        "/api/cuts/none.json",
        "/api/nothing/at/all",
    ],
)
def test_what_nobody_knows_is_a_404_with_problem_and_fix(address: str, path: str) -> None:
    answer, body = ask(address, path)
    assert answer.status == 404 or (answer.status == 400 and ".." in path)
    if answer.status == 404:
        assert answer.headers["content-type"] == "application/json"
        said = json.loads(body)
        assert said["problem"]
        assert said["fix"]


def test_the_first_page_answers_to_its_name_too(address: str) -> None:
    answer, _ = ask(address, "/overview?source=charts")
    assert (answer.status, answer.headers["location"]) == (307, "/?source=charts")


@pytest.mark.parametrize("gone", ["started", "opened"])
def test_a_workspace_whose_folder_was_deleted_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    paths = {name: make_workspace(tmp_path / name).path for name in ("started", "opened")}
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(paths["started"]))
    monkeypatch.setattr(server, "_ALSO", {})
    also_serve(paths["opened"])

    def get(route: Callable[[Request], Response], **given: str) -> Response:
        return route(Request({"type": "http", "method": "GET", "headers": [], "path_params": given}))

    name = id_hex(sample_id("charts", "0"))
    thumb = json.loads(bytes(get(server.sample, sample_id=name).body))["thumb"]
    shutil.rmtree(paths[gone])
    for route, wanted in (
        (server.sample, {"sample_id": name}),
        (server.thumb, {"image_key": Path(thumb).name}),
        (server.image, {"image_key": Path(thumb).name}),
    ):
        assert get(route, **wanted).status_code == 200
    shutil.rmtree(next(path for path in paths.values() if path.exists()))
    answer = get(server.sample, sample_id=name)
    assert answer.status_code == 404
    assert "is not there any more" in json.loads(bytes(answer.body))["problem"]


@pytest.mark.parametrize("path", ["/", "/api/health", "/_stcore/health", "/_stcore/stream"])
@pytest.mark.parametrize(
    "host", ["example.org", "example.org:8501", "127.0.0.1.example.org", "localhost@example.org", ""]
)
def test_a_foreign_host_is_refused_on_every_route(address: str, path: str, host: str) -> None:
    answer, body = ask(address, path, Host=host)
    assert answer.status == 400
    assert b"does not answer to the name" in body


def test_a_foreign_host_gets_no_websocket(address: str) -> None:
    answer, _ = ask(
        address,
        "/_stcore/stream",
        Host="example.org",
        Connection="Upgrade",
        Upgrade="websocket",
        **{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"},
    )
    assert answer.status == 403


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_the_names_of_this_machine_are_served(address: str, name: str) -> None:
    answer, body = ask(address, "/api/health", Host=f"{name}:{urlsplit(address).port}")
    assert (answer.status, json.loads(body)) == (200, {"ok": True})


def test_binary_buffers_are_not_compressed_and_say_their_exact_length(address: str) -> None:
    answer, data = ask(address, f"/api/image/{_some_image(address)}")
    assert answer.headers["content-encoding"] == "identity"
    assert int(answer.headers["content-length"]) == len(data)


def _some_image(address: str) -> str:
    _, body = ask(address, f"/api/sample/{id_hex(sample_id('charts', '0'))}")
    return str(json.loads(body)["thumb"]).rsplit("/", 1)[1]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8501", "localhost"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::1]:8501", "::1"),
        ("[::1]evil", "[::1]evil"),
        ("localhost:evil", "localhost:evil"),
        ("", ""),
    ],
)
def test_the_host_is_read_without_its_port(header: str, name: str) -> None:
    assert host_name(header) == name


def test_a_port_in_use_is_one_sentence_with_the_way_out() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Busy) as told:
            bind("127.0.0.1", port)
    assert f"Port {port} on 127.0.0.1 is in use." in told.value.problem
    assert "--port" in told.value.fix


@pytest.mark.parametrize(
    ("host", "port"), [("0.0.0.0", 8501), ("::", 8501), ("203.0.113.9", 8501), ("127.0.0.1", 70000)]
)
def test_an_address_that_cannot_be_served_on_is_said(host: str, port: int) -> None:
    with pytest.raises(BadInput):
        bind(host, port)


# -- what is published --------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32)), max_size=50))
def test_places_keep_their_shape_when_quantised(places: list[tuple[float, float]]) -> None:
    x, y = np.array(places, dtype=np.float32).reshape(-1, 2).T
    found = quantise(x, y).reshape(-1, 2).astype(np.float64)
    assert found.shape == (len(places), 2)
    extent = max((np.ptp(x.astype(np.float64)), np.ptp(y.astype(np.float64))), default=0.0) if places else 0.0
    if extent > 0:
        # One scale for both axes, y turned over, to within half a step.
        back = (found - found[0]) / 65535 * extent
        assert np.abs(back[:, 0] - (x.astype(np.float64) - float(x[0]))).max() <= extent / 65535 + 1e-9
        assert np.abs(back[:, 1] + (y.astype(np.float64) - float(y[0]))).max() <= extent / 65535 + 1e-9


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=30))
def test_the_rank_of_a_point_is_the_place_of_its_sample_in_the_ordering(points: list[int], ordered: list[int]) -> None:
    points = [*points, *ordered[::2]]
    found = ranks_of(np.array(points, dtype=np.uint64), np.array(ordered, dtype=np.uint64))
    assert found.tolist() == [ordered.index(point) if point in ordered else NEVER for point in points]


@given(st.lists(st.integers(0, 1000), max_size=700))
def test_running_totals_at_the_cuts_are_prefix_sums(per_sample: list[int]) -> None:
    cuts = cuts_of(len(per_sample))
    assert cuts[0] == 0
    assert cuts[-1] == len(per_sample)
    assert len(cuts) <= 257
    totals = running_totals(cuts, np.array(per_sample, dtype=np.int64))
    assert totals == tuple(float(sum(per_sample[:cut])) for cut in cuts)


def test_a_table_of_cuts_says_each_figure_at_each_cut() -> None:
    table = CutTable((0, 5, 10), (Figure("tokens", (0, 50, 120), hint="estimate"),))
    assert json.loads(table.body) == {
        "cuts": [0, 5, 10],
        "figures": [{"label": "tokens", "values": [0, 50, 120], "decimals": 0, "hint": "estimate"}],
        "classes": {},
    }


def test_what_was_used_longest_ago_is_dropped_first_and_the_newest_never() -> None:
    held = Buffers(max_bytes=100)
    for name in "abc":
        held.publish(name, lambda: Buffer(bytes(40), "x/y"))
    assert [held.get(name) is not None for name in "abc"] == [False, True, True]
    held.get("b")
    held.publish("d", lambda: Buffer(bytes(40), "x/y"))
    assert [held.get(name) is not None for name in "bcd"] == [True, False, True]
    held.publish("large", lambda: Buffer(bytes(4000), "x/y"))
    assert held.get("large") is not None
    assert len(held) == 1


def test_a_buffer_is_made_once_however_often_it_is_published() -> None:
    held = Buffers()
    made = []

    def make() -> Buffer:
        made.append(1)
        return Buffer(b"abc", "x/y")

    assert [held.publish("name", make) for _ in range(3)] == ["name"] * 3
    assert len(made) == 1


def test_points_cost_at_most_twelve_bytes_each() -> None:
    points = generate(1000)
    url = publish_points("test", "bytes", points.x, points.y, points.sample_ids)
    ranks = buffers.publish_ranks(points.ranks)
    classes = buffers.publish_classes("test", "bytes", "source", points.sources)
    sent = 0
    for path in (url, ranks, classes):
        found = buffers.BUFFERS.get(path)
        assert found is not None
        sent += len(found.data)
    assert sent <= 12 * 1000

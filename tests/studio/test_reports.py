"""The report: its numbers are those of counting by hand, what samples say is shown and never run, and it needs no other file."""

from __future__ import annotations

import base64
import json
from collections import Counter
from html.parser import HTMLParser
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from core.errors import BadInput
from core.filters import Filter
from core.lens import Lens
from core.select import methods, saved
from core.select.budget import Budget
from core.select.pool import Pool
from core.select.report import spread_out
from core.select.saved import SavedSelection
from core.store import evidence
from core.workspace import Workspace
from studio.cli import app
from studio.downloads import report_url
from studio.reports import report_html
from tests.browser.serving import serving
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

HOSTILE = [
    "<script>document.title='run'</script>",
    '"><img src=x onerror=alert(1)> &amp; <style>body{display:none}</style>',
    "</p></div></body></html><a href='http://127.0.0.1:9/'>x</a>",
]
NAME = '<b>mine</b> & "yours" </title><script>1</script>'


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text by element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self.inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td") and self.rows:
            self.rows[-1].append("")
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if "style" not in self.inside:
            self.texts.append(data)
        if self.rows and self.rows[-1] and {"td", "th"} & set(self.inside):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def row(self, name: str) -> list[str]:
        return next(row[1:] for row in self.rows if row and row[0] == name)


def keep(workspace: Workspace, method: str, percent: int, name: str, chosen: Filter | None = None) -> SavedSelection:
    chosen = chosen or Filter()
    pool = Pool.from_lens(Lens(workspace), chosen)
    selection = methods.choose(methods.settings(method, {}), pool, Budget.percent(percent), 3)
    return saved.save(workspace, selection, name=name, budget=f"{percent}%", chosen=chosen)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("reports") / "ws")


@pytest.fixture(scope="module")
def pair(workspace: Workspace) -> tuple[SavedSelection, SavedSelection]:
    return keep(workspace, "mmssr-nested", 40, "ours"), keep(workspace, "random", 30, "luck")


def sources_of(workspace: Workspace, entry: SavedSelection) -> Counter[str]:
    rows = workspace.store.samples(saved.ids_of(workspace, entry).tolist(), ["source"]).to_pylist()
    return Counter(row["source"] for row in rows)


def test_the_report_of_a_selection_says_how_it_was_made_and_what_it_holds(
    workspace: Workspace, pair: tuple[SavedSelection, SavedSelection]
) -> None:
    entry, _ = pair
    page = Page(report_html(Lens(workspace), entry))
    made = saved.provenance_of(workspace, entry)
    assert page.row("method") == ["mmSSR, nested"]
    assert page.row("seed") == ["3"]
    assert page.row("budget") == ["40%, which kept 24"]
    assert page.row("snapshot") == [entry.snapshot]
    assert page.row("pool digest") == [made["pool"]]
    assert page.row("file sha256") == [entry.sha256]
    counted = sources_of(workspace, entry)
    for source, count in counted.items():
        assert page.row(source)[1:] == [f"{100 * count / 24:.1f} %", f"{100 * 20 / NUM_SAMPLES:.1f} %"]
    distance = sum(abs(counted[name] / 24 - 20 / NUM_SAMPLES) for name in ("charts", "photos", "puzzles")) / 2
    assert f"{100 * distance:.1f}\nsources" in page.text
    kept = {row[0]: int(row[1]) for row in page.rows if row and row[0].startswith("kept: ")}
    left = {row[0]: int(row[1]) for row in page.rows if row and row[0].startswith("not kept: ")}
    assert sum(kept.values()) == 24
    assert sum(left.values()) == NUM_SAMPLES - 24


def test_the_report_of_two_says_what_they_share_and_marks_what_differs(
    workspace: Workspace, pair: tuple[SavedSelection, SavedSelection]
) -> None:
    page = Page(report_html(Lens(workspace), *pair))
    first, second = (set(saved.ids_of(workspace, one).tolist()) for one in pair)
    overlap = len(first & second) / len(first | second)
    for words in (
        f"{len(first & second)}\nkept in both A and B",
        f"{len(first - second)}\nremoved: only in A",
        f"{len(second - first)}\nadded: only in B",
        f"{100 * overlap:.1f} %\noverlap (Jaccard)",
    ):
        assert words in page.text
    assert page.row("method") == ["mmSSR, nested", "Random"]
    assert page.row("filter") == ["none", "none"]
    a, b = (sources_of(workspace, one) for one in pair)
    apart = sum(abs(a[name] / 24 - b[name] / 18) for name in ("charts", "photos", "puzzles")) / 2
    assert page.row("sources")[2] == f"{100 * apart:.1f}"
    marked = [attributes.get("class") for tag, attributes in page.elements if tag == "tr"].count("differs")
    assert marked >= 3, "method, settings and budget differ"


def test_a_report_needs_nothing_from_outside_and_runs_nothing(
    workspace: Workspace, pair: tuple[SavedSelection, SavedSelection]
) -> None:
    text = report_html(Lens(workspace), *pair)
    page = Page(text)
    assert "http" not in text.replace("http-equiv", "")
    assert {"script", "link", "iframe", "object", "embed", "form", "base", "a"} & {
        tag for tag, _ in page.elements
    } == set()
    pictures = [attributes["src"] or "" for tag, attributes in page.elements if tag == "img"]
    assert 1 <= len(pictures) <= 24
    for source in pictures:
        head, _, data = source.partition(",")
        assert head in ("data:image/png;base64", "data:image/jpeg;base64")
        assert base64.b64decode(data, validate=True)
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
    assert text == report_html(Lens(workspace), *pair), "the same report gives the same bytes"


def test_what_samples_and_names_say_is_shown_and_never_interpreted(tmp_path: Path) -> None:
    hostile = make_workspace(tmp_path / "ws", texts=HOSTILE, source="<i>src</i>")
    one, two = keep(hostile, "random", 50, NAME), keep(hostile, "random", 20, "</style><script>2</script>")
    for text in (report_html(Lens(hostile), one), report_html(Lens(hostile), one, two)):
        page = Page(text)
        tags = Counter(tag for tag, _ in page.elements)
        assert (tags["script"], tags["a"], tags["style"], tags["title"]) == (0, 0, 1, 1)
        assert all(attributes.get("class", "").startswith("dot") for tag, attributes in page.elements if tag == "i")
        for line in HOSTILE:
            assert line in page.text
        assert "<i>src</i>" in page.text
        assert NAME in page.text
        assert text.rstrip().endswith("</body></html>")
        assert text.count("</body>") == 1


def test_examples_are_spread_over_the_ranks() -> None:
    assert spread_out(3, 24) == [0, 1, 2]
    assert spread_out(0, 5) == []
    assert spread_out(100, 5) == [0, 25, 50, 74, 99]
    assert spread_out(9, 1) == [0]
    for count in range(1, 40):
        for wanted in range(2, 12):
            places = spread_out(count, wanted)
            assert len(set(places)) == len(places) == min(count, wanted)
            assert (places[0], places[-1]) == (0, count - 1)
    with pytest.raises(BadInput):
        spread_out(-1, 3)


def test_selections_of_one_filter_are_read_against_what_it_lets_through(workspace: Workspace) -> None:
    photos = Filter(sources=("photos",))
    one, two = keep(workspace, "random", 50, "photos a", photos), keep(workspace, "mmssr", 50, "photos b", photos)
    assert "the 20 samples of the filter source photos" in report_html(Lens(workspace), one, two)
    assert "all 60 samples" in report_html(Lens(workspace), one, keep(workspace, "random", 5, "all"))


def test_a_report_of_older_data_says_so(tmp_path: Path) -> None:
    here = make_workspace(tmp_path / "ws")
    entry = keep(here, "random", 50, "old")
    assert "earlier state" not in report_html(Lens(here), entry)
    table = here.store.read("tokens--workspace--1")
    evidence.write(here.store, evidence.producer("tokens", "other", "1"), table, {})
    assert "old was made of an earlier state of the data" in report_html(Lens(here), entry)


def test_the_command_writes_the_file_by_name_and_says_which_names_there_are(
    workspace: Workspace, pair: tuple[SavedSelection, SavedSelection], tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    run = CliRunner()
    said = run.invoke(
        app, ["report", str(workspace.path), "--selection", "ours", "--against", "luck", "--out", str(out), "--json"]
    )
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout) == {
        "file": str(out), "num_bytes": out.stat().st_size, "selection": pair[0].selection_id, "against": pair[1].selection_id,
    }  # fmt: skip
    assert out.read_text("utf-8") == report_html(Lens(workspace), *pair)
    wrong = run.invoke(app, ["report", str(workspace.path), "--selection", "nobody's", "--out", str(out), "--json"])
    assert wrong.exit_code == 2
    assert "ours" in json.loads(wrong.stdout)["fix"]
    folder = run.invoke(app, ["report", str(workspace.path), "--selection", "ours", "--out", str(tmp_path), "--json"])
    assert "is a folder" in json.loads(folder.stdout)["problem"]


def test_the_route_gives_the_same_file_as_a_download_and_refuses_what_it_does_not_know(
    workspace: Workspace, pair: tuple[SavedSelection, SavedSelection]
) -> None:
    def get(address: str, path: str) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    first, second = pair
    with serving(workspace.path) as address:
        status, headers, body = get(address, report_url(workspace, first.selection_id, second.selection_id))
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert headers["content-disposition"] == "attachment; filename*=UTF-8''winnow-ours-luck.html"
        assert body.decode() == report_html(Lens(workspace), first, second)
        status, _, body = get(address, report_url(workspace, "nobody's"))
        assert status == 404
        assert "ours" in json.loads(body)["fix"]
        assert get(address, "/api/report/elsewhere.html?selection=ours")[0] == 404

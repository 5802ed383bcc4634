"""Pushes to a Hub in memory that keeps what it is given, and to a small server that speaks the real one's protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from core import runs
from core.errors import BadData, BadInput, Busy, RunFailed, StudioError
from core.lens import Lens
from core.mixture import card, manifest, sums
from core.mixture import push as pushing
from core.mixture.export import export
from core.mixture.hub import HuggingFaceHub
from core.mixture.images import FileFact
from core.mixture.mixture import resolve
from core.mixture.push import Stored, git_sha1, planned, push, repository_name
from core.mixture.push_job import KIND, run_job
from core.mixture.sums import SUMS_FILE
from core.mixture.targets import TARGETS, target_of
from core.runs import RunFolder
from core.workspace import Workspace
from tests.mixture.conftest import two_stages
from tests.mixture.test_verify import spoil_byte

ROOT = Path(__file__).resolve().parents[2]
NAME = "some-org/small"


@dataclass
class InMemory:
    """A Hub that holds what was committed; files over 1,000 bytes are kept with their sha256, as large files are."""

    private: dict[str, bool] = field(default_factory=dict)
    held: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: list[dict[str, int]] = field(default_factory=list)
    most_commits: int = 10**9
    losing: str = ""

    def account(self) -> str:
        return "me"

    def is_private(self, name: str) -> bool | None:
        return self.private.get(name)

    def make(self, name: str, private: bool) -> None:
        self.private[name] = private
        self.held[name] = {".gitattributes": b"* lfs\n"}

    def files(self, name: str) -> dict[str, Stored]:
        return {
            path: Stored(len(data), sha256(data).hexdigest() if len(data) > 1000 else "", blob(data))
            for path, data in self.held[name].items()
        }

    def commit(self, name: str, message: str, files: Mapping[str, Path]) -> None:
        if len(self.commits) == self.most_commits:
            raise RunFailed("The Hub could not be reached.", "Push again.")
        self.commits.append({path: place.stat().st_size for path, place in files.items()})
        self.held[name] |= {path: place.read_bytes() for path, place in files.items() if path != self.losing}

    def address(self, name: str) -> str:
        return f"https://hub/datasets/{name}"


def blob(data: bytes) -> str:
    return sha1(b"blob %d\0" % len(data) + data).hexdigest()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "PIECE_FILES", 7)


@pytest.mark.parametrize("target", TARGETS)
def test_the_hub_holds_the_export_byte_for_byte_in_a_private_repository(folders: dict[str, Path], target: str) -> None:
    hub = InMemory()
    done = push(planned(folders[target], NAME), hub)
    assert hub.private == {NAME: True}
    assert {**contents(folders[target]), ".gitattributes": b"* lfs\n"} == hub.held[NAME]
    assert (done.num_sent, done.num_there) == (len(contents(folders[target])), 0)
    assert list(hub.commits[-1]) == ["README.md", "SHA256SUMS", "manifest.json"], "what has a manifest is whole"


def test_commits_are_bounded_and_a_push_that_was_cut_short_goes_on(
    folders: dict[str, Path], small_pieces: None
) -> None:
    hub = InMemory(most_commits=4)
    plan = planned(folders["llava"], NAME)
    assert len(plan.pieces) > 8
    with pytest.raises(RunFailed):
        push(plan, hub)
    assert "manifest.json" not in hub.held[NAME]
    hub.most_commits = 10**9
    done = push(plan, hub)
    assert (done.num_there, done.num_sent) == (28, len(plan.files) - 28)
    assert all(len(commit) <= 7 for commit in hub.commits)
    sent = [path for commit in hub.commits for path in commit]
    assert sorted(sent) == sorted(contents(folders["llava"])), "nothing is sent twice"
    assert push(plan, hub).num_sent == 0


def test_a_file_the_hub_lost_is_noticed(folders: dict[str, Path]) -> None:
    with pytest.raises(BadData, match=r"does not hold 1 files as they are here, data\.json"):
        push(planned(folders["llava"], NAME), InMemory(losing="data.json"))


def test_a_dry_run_lists_every_file_and_asks_nobody(folders: dict[str, Path]) -> None:
    plan = planned(folders["webdataset"], NAME, private=False)
    said = plan.as_json()
    assert {entry["path"]: entry["size_bytes"] for entry in said["files"]} == {
        path: len(data) for path, data in contents(folders["webdataset"]).items()
    }
    assert said["num_bytes"] == sum(len(data) for data in contents(folders["webdataset"]).values())
    assert (said["private"], said["repository"], said["num_files"]) == (False, NAME, len(said["files"]))


def with_licence(folder: Path, to: Path, licence: str | None) -> Path:
    shutil.copytree(folder, to)
    record = json.loads((to / "manifest.json").read_text(encoding="utf-8"))
    record["sources"][0]["licence"] = licence
    target = target_of(record["target"])
    card.write(to, record, target.card())
    known = {path: FileFact(**fact) for path, fact in record["files"].items() if path != SUMS_FILE}
    known[card.CARD_FILE] = sums.fact_of(to / card.CARD_FILE)
    sums.write(to, known)
    manifest.write(record, {**known, SUMS_FILE: sums.fact_of(to / SUMS_FILE)}, to)
    return to


@pytest.mark.parametrize(
    ("licence", "concern"),
    [
        (None, "has no stated licence"),
        (" ", "has no stated licence"),
        ("unknown", "has no stated licence"),
        ("All rights reserved", "seems to forbid it"),
        ("CC-BY-ND-4.0", "seems to forbid it"),
        ("research only", "seems to forbid it"),
        ("CC-BY-4.0", ""),
        ("cc-by-nc-4.0", ""),
        ("Candid", ""),
    ],
)
def test_what_may_not_be_passed_on_is_told_and_wants_a_yes(
    folders: dict[str, Path], tmp_path: Path, licence: str | None, concern: str
) -> None:
    plan = planned(with_licence(folders["uids"], tmp_path / "x", licence), NAME)
    assert [concern in one for one in plan.concerns] == ([True] if concern else [])
    hub = InMemory()
    if concern:
        with pytest.raises(BadInput, match=r"Not everything in this export may be passed on: .*a/b") as caught:
            push(plan, hub)
        assert "--yes" in caught.value.fix
        assert hub.private == {}
    push(plan, hub, accepted=True)
    assert hub.private == {NAME: True}


def test_other_peoples_files_and_another_visibility_are_respected(folders: dict[str, Path]) -> None:
    hub = InMemory()
    hub.make(NAME, True)
    hub.held[NAME]["theirs.txt"] = b"x"
    with pytest.raises(BadInput, match=r"holds other files already, theirs\.txt"):
        push(planned(folders["uids"], NAME), hub)
    assert hub.commits == []
    hub = InMemory()
    hub.make(NAME, False)
    with pytest.raises(BadInput, match="is there and public"):
        push(planned(folders["uids"], NAME), hub)
    assert hub.commits == []


def test_only_a_sound_and_whole_export_is_pushed(folders: dict[str, Path], lens: Lens, tmp_path: Path) -> None:
    damaged = shutil.copytree(folders["uids"], tmp_path / "x")
    spoil_byte(damaged / "uids.npy")
    with pytest.raises(BadData, match="is not as its manifest says"):
        push(planned(damaged, NAME), InMemory())
    with pytest.raises(BadInput, match="is no export"):
        planned(tmp_path, NAME)
    referring = export(resolve(two_stages(), lens), lens, "llava", tmp_path / "ref", "reference").path
    with pytest.raises(BadInput, match="are not in it"):
        planned(referring, NAME)


@pytest.mark.parametrize(
    "name", ["", "name", "a/b/c", "a/", "/b", "a/b.git", "a--b/c", "a/..", "a b/c", "-a/b", "a/" + "b" * 97]
)
def test_names_the_hub_would_refuse_are_told(name: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    with pytest.raises(BadInput, match="is no name of a repository"):
        repository_name(name)
    if "/" in name.strip("/"):
        with pytest.raises(HFValidationError):
            validate_repo_id(name)
    assert repository_name(" Org_1/a.b-c ") == "Org_1/a.b-c"


def test_the_hash_of_a_small_file_is_gits(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    assert (
        git_sha1(tmp_path / "x") == "ce013625030ba8dba906f756967f9e9ca394464a"
    )  # printf 'hello\n' | git hash-object --stdin


def test_the_card_has_what_the_hub_reads(folders: dict[str, Path]) -> None:
    head = yaml.safe_load((folders["hf"] / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert head["license"] == "cc0-1.0"
    assert head["size_categories"] == ["n<1K"]
    assert head["tags"] == ["winnow", "hf"]
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]


def test_a_push_is_a_run_too(folders: dict[str, Path], tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    settings = {"folder": str(folders["uids"]), "name": NAME, "private": True, "accepted": False}
    path = runs.create(workspace.path, KIND, "core.mixture.push_job", settings)
    hub = InMemory()
    result = run_job(RunFolder(path), hub)
    assert (result["num_sent"], result["address"]) == (len(hub.held[NAME]) - 1, f"https://hub/datasets/{NAME}")


# -- the real client, against a server of this test ------------------------------------------------------------------------


class HubServer(BaseHTTPRequestHandler):
    """As much of the Hub's protocol as a push uses; every file is small enough to travel inside its commit."""

    held: dict[str, dict[str, bytes]]
    private: dict[str, bool]
    status: int

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def give(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if self.status:
            self.give({"error": "no"}, self.status)
        elif path == "/api/whoami-v2":
            self.give({"name": "me", "type": "user", "auth": {}})
        elif path == f"/api/datasets/{NAME}/tree/main":
            found = self.held[NAME].items()
            self.give([{"type": "file", "path": name, "size": len(data), "oid": blob(data)} for name, data in found])
        elif path.startswith(f"/api/datasets/{NAME}") and NAME in self.private:
            self.give(
                {"id": NAME, "private": self.private[NAME], "sha": "0" * 40, "tags": [], "downloads": 0, "likes": 0}
            )
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.split("?")[0]
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            self.private[name] = asked.get("private", asked.get("visibility") == "private")
            self.held[name] = {".gitattributes": b""}
            self.give({"url": f"http://{self.headers['Host']}/datasets/{name}", "id": "1", "name": name})
        elif path == "/api/validate-yaml":
            self.give({"errors": [], "warnings": []})
        elif path.endswith("/preupload/main"):
            asked = json.loads(body)["files"]
            self.give(
                {"files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in asked]}
            )
        elif path.endswith("/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.held[NAME][value["path"]] = base64.b64decode(value["content"])
            url = f"http://{self.headers['Host']}/datasets/{NAME}/commit/{'0' * 40}"
            self.give({"commitUrl": url, "commitOid": "0" * 40, "success": True})
        else:
            self.give({"error": path}, 400)


@pytest.fixture
def server() -> Iterator[tuple[str, type[HubServer]]]:
    handler = type("Handler", (HubServer,), {"held": {}, "private": {}, "status": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", handler
        listening.shutdown()


def winnow(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("HF_")} | environment
    command = [sys.executable, "-m", "studio.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)


def test_the_command_pushes_through_the_real_client(
    folders: dict[str, Path], tmp_path: Path, server: tuple[str, type[HubServer]]
) -> None:
    address, handler = server
    env = {"HF_ENDPOINT": address, "HF_TOKEN": "hf_x", "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_TELEMETRY": "1"}
    said = winnow("push", str(folders["uids"]), NAME, "--json", **env)
    assert said.returncode == 0, said.stderr
    assert {**contents(folders["uids"]), ".gitattributes": b""} == handler.held[NAME]
    assert handler.private == {NAME: True}
    done = json.loads(said.stdout)
    assert (done["num_sent"], done["account"], done["private"]) == (len(contents(folders["uids"])), "me", True)
    again = winnow("push", str(folders["uids"]), NAME, **env)
    assert (again.returncode, "0 files sent" in again.stdout) == (0, True), again.stderr
    handler.status = 401
    refused = winnow("push", str(folders["uids"]), NAME, **env)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 2)
    assert "The Hub does not know this token." in refused.stderr


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"HF_HUB_OFFLINE": "1", "HF_TOKEN": "hf_x"}, "HF_HUB_OFFLINE is set"),
        ({}, "There is no token"),
        ({"HF_TOKEN": "hf_x", "HF_ENDPOINT": "http://127.0.0.1:9"}, "could not be reached"),
    ],
)
def test_no_network_and_no_token_are_told_with_what_to_do(
    folders: dict[str, Path], tmp_path: Path, environment: dict[str, str], says: str
) -> None:
    said = winnow("push", str(folders["uids"]), NAME, HF_HOME=str(tmp_path), **environment)
    assert (said.returncode, said.stderr.count("\n"), says in said.stderr) == (2, 2, True), said.stderr


def test_export_and_push_in_one_command_list_first(lens: Lens, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(two_stages().to_yaml(), encoding="utf-8")
    words = ["export", str(lens.workspace.path), "--to", "uids", "--recipe", str(tmp_path / "recipe.yaml"), "--out"]
    early = winnow(*words, str(tmp_path / "a"), "--push", NAME, HF_HOME=str(tmp_path))
    assert (early.returncode, "There is no token" in early.stderr, (tmp_path / "a").exists()) == (2, True, False)
    wrong = winnow(*words, str(tmp_path / "a"), "--push", "small", "--dry-run")
    assert (wrong.returncode, (tmp_path / "a").exists()) == (2, False)
    said = winnow(*words, str(tmp_path / "out"), "--push", NAME, "--dry-run", HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert said.returncode == 0, said.stderr
    assert f"Would make or fill the private data set repository {NAME}: 6 files" in said.stdout
    assert "uids.npy" in said.stdout


def test_the_hubs_refusals_are_ours_in_words() -> None:
    from core.mixture.hub import _refused

    kinds: dict[int, type[StudioError]] = {401: BadInput, 403: BadInput, 404: BadInput, 429: Busy, 500: RunFailed}
    for status, kind in kinds.items():
        assert type(_refused(NAME, status, "said")) is kind
    assert HuggingFaceHub.__doc__

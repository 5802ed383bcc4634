"""The server of the studio: Streamlit's app with the routes that serve points, pictures and samples, to trusted hosts only.

Points and ranks come from what this process published (`studio.map.buffers`), pictures and samples from the workspace's
tables. What a URL names never changes, so browsers keep it; what nobody knows is a 404 that says what to do.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import BadInput, Busy, StudioError
from core.store.ids import id_from_hex, id_hex
from studio import thumbnails
from studio.downloads import export_zip, report_file, view_csv
from studio.map.buffers import BUFFERS
from studio.outcomes import outcome_at, outcome_at_cuts, outcome_pool
from studio.session import WORKSPACE_VARIABLE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from core.workspace import Workspace

APP_SCRIPT: Final = Path(__file__).with_name("app.py")
CONFIG: Final = Path(__file__).parent / ".streamlit" / "config.toml"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_FOREVER: Final = "private, max-age=31536000, immutable"
_QUESTION_CHARS: Final = 240
_ROW_DIGITS: Final = 12
_MEDIA_TYPES: Final = {
    "JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp",
    "TIFF": "image/tiff", "AVIF": "image/avif",
}  # fmt: skip


# -- what the routes answer ---------------------------------------------------------------------------------------------


def _unknown(what: str, fix: str) -> JSONResponse:
    return JSONResponse({"problem": what, "fix": fix}, status_code=404, headers={"Cache-Control": "no-store"})


def _unchanging(request: Request, data: bytes, media_type: str, etag: str) -> Response:
    """An answer that is true for ever; `identity` keeps the compressing middleware off bytes that do not compress."""
    headers = {
        "Cache-Control": _FOREVER,
        "ETag": f'"{etag}"',
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Encoding": "identity",
    }
    if f'"{etag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def health(request: Request) -> Response:
    return JSONResponse({"ok": True}, headers={"Cache-Control": "no-store"})


def overview(request: Request) -> Response:
    """The first page by its name, as people type it: Streamlit knows it by the bare address only."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/")


def published(request: Request) -> Response:
    """Points, ranks, colour classes and running totals: whatever a page of this process published under this path."""
    found = BUFFERS.get(request.url.path)
    if found is None:
        return _unknown(
            "The server does not hold this part of the map.", "Load it again: the page then publishes it anew."
        )
    return _unchanging(request, found.data, found.media_type, found.etag)


def point(request: Request) -> Response:
    """The sample behind one row of a published map."""
    text = request.path_params["row"]
    row = int(text) if text.isascii() and text.isdigit() and len(text) <= _ROW_DIGITS else -1
    found = BUFFERS.get(f"/api/points/{request.path_params['snapshot']}/{request.path_params['name']}.bin")
    if found is None or found.sample_ids is None or not 0 <= row < found.sample_ids.size:
        return _unknown(f"The server does not hold point {text[:40]} of this map.", "Reload the page.")
    return _describe(int(found.sample_ids[row]))


def sample(request: Request) -> Response:
    try:
        return _describe(id_from_hex(request.path_params["sample_id"]))
    except StudioError as error:
        return _unknown(error.problem, error.fix)


def _describe(sample_id: int) -> Response:
    """Question, source and first picture of a sample: what a tooltip shows."""
    try:
        row = _find("samples", sample_id, ["question", "source", "image_keys", "num_images"])
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    if row is None:
        return _unknown(f"Sample {id_hex(sample_id)} is not in the workspace.", "Reload the page.")
    question = " ".join((row["question"] or "").split())
    keys = row["image_keys"] or []
    described = {
        "sample_id": id_hex(sample_id),
        "question": question if len(question) <= _QUESTION_CHARS else f"{question[:_QUESTION_CHARS]}…",
        "source": row["source"],
        "num_images": row["num_images"],
        "thumb": f"/api/thumb/{keys[0]}" if keys else None,
    }
    return JSONResponse(described, headers={"Cache-Control": "private, max-age=60"})


def thumb(request: Request) -> Response:
    return _picture(request, "thumbnail")


def image(request: Request) -> Response:
    return _picture(request, "bytes")


def _picture(request: Request, column: str) -> Response:
    """The thumbnail or the file of an image, by its content key: the key is a digest, so it is the ETag too."""
    key = request.path_params["image_key"]
    columns = [column] if column == "thumbnail" else [column, "format", "origin_path"]
    if len(key) != 32 or not set(key) <= set("0123456789abcdef"):
        return _unknown(f"{key[:64]!r} is not an image key.", "Image keys are 32 hex digits.")
    try:
        data = thumbnails.kept(key) if column == "thumbnail" else None
        row: dict[str, Any] = {column: data} if data is not None else _find("images", key, columns) or {}
        data = row.get(column)
        if data is None and row.get("origin_path"):
            data = _referenced(Path(row["origin_path"]))
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    if data is None:
        return _unknown(f"Image {key} is not in the workspace.", "Ingest its source again.")
    media_type = "image/jpeg" if column == "thumbnail" else _MEDIA_TYPES.get(row["format"], "application/octet-stream")
    return _unchanging(request, data, media_type, f"{key}-{column}")


def _referenced(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read ({error.strerror}); the workspace only refers to it.",
            "Put the file back, or ingest with --images copy.",
        ) from error


ROUTES: Final[Sequence[Route]] = (
    Route("/api/health", health),
    Route("/api/points/{snapshot}/{name}.bin", published),
    Route("/api/points/{snapshot}/{name}/{row}.json", point),
    Route("/api/ranks/{digest}.bin", published),
    Route("/api/classes/{snapshot}/{name}/{column}.bin", published),
    Route("/api/cuts/{digest}.json", published),
    Route("/api/legends/{digest}.json", published),
    Route("/api/outcome/{digest}/cuts.json", outcome_at_cuts),
    Route("/api/outcome/{digest}/pool.json", outcome_pool),
    Route("/api/outcome/{digest}/{num}.json", outcome_at),
    Route("/api/sample/{sample_id}", sample),
    Route("/api/thumb/{image_key}", thumb),
    Route("/api/thumbs/{image_keys}", thumbnails.thumbs),
    Route("/api/ahead/{workspace}", thumbnails.ahead),
    Route("/api/image/{image_key}", image),
    Route("/api/exports/{run_id}.zip", export_zip),
    Route("/api/view/{workspace}.csv", view_csv),
    Route("/api/report/{workspace}.html", report_file),
    Route("/overview", overview),
    Route("/api/{rest:path}", lambda request: _unknown(f"Nothing answers {request.url.path}.", "Reload the page.")),
)


# -- which workspaces they read -----------------------------------------------------------------------------------------


_ALSO: Final[dict[Path, None]] = {}
"""Workspaces that sessions of this process switched to, in that order; a dict because a set has none."""


def also_serve(path: Path) -> None:
    """Let the routes answer for another workspace too; `studio.session.switch_workspace` says which."""
    _ALSO[path.expanduser().resolve()] = None


@lru_cache(maxsize=8)
def _opened(path: Path) -> Workspace:
    from core.workspace import Workspace

    return Workspace.open(path)


def workspaces() -> list[Workspace]:
    """The workspace the server was started with, and those that were opened since; without those whose folder is gone.

    Sample ids and image keys are digests of their content, so asking one workspace after the other finds the right thing.
    """
    started = os.environ.get(WORKSPACE_VARIABLE, "")
    paths = [*([Path(started).expanduser().resolve()] if started else []), *_ALSO]
    if not paths:
        raise BadInput("The server was started without a workspace.", "Start it with `winnow open WORKSPACE`.")
    there = [path for path in dict.fromkeys(paths) if (path / "workspace.json").is_file()]
    if not there:
        raise BadInput(f"{paths[0]} is not there any more.", "Put the folder back, or open another workspace.")
    return [_opened(path) for path in there]


def _find(kind: str, key: int | str, columns: list[str]) -> dict[str, Any] | None:
    """The row of a sample or an image in the first workspace that holds it.

    One that cannot be read must not hide the others: its problem is raised only when no other holds the row.
    """
    failed: StudioError | None = None
    for workspace in workspaces():
        store = workspace.store
        try:
            found = store.samples([int(key)], columns) if kind == "samples" else store.images([str(key)], columns)
        except StudioError as error:
            failed = failed or error
            continue
        if found.num_rows:
            row: dict[str, Any] = found.to_pylist()[0]
            return row
    if failed is not None:
        raise failed
    return None


# -- who may ask --------------------------------------------------------------------------------------------------------


class TrustedHosts:
    """Refuses requests whose Host header names another machine: a page elsewhere must not reach the studio by rebinding a name."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in (*LOOPBACK, *hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            host = host_name(Headers(scope=scope).get("host", ""))
            if host not in self.hosts:
                refused = JSONResponse(
                    {
                        "problem": f"This studio does not answer to the name {host[:100]!r}.",
                        "fix": "Open it by the address it printed at its start.",
                    },
                    status_code=400,
                )
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                else:
                    await refused(scope, receive, send)
                return
        await self.app(scope, receive, send)


def host_name(header: str) -> str:
    """The host in a Host header without its port: 'localhost:8501' and '[::1]:8501' give 'localhost' and '::1'."""
    text = header.strip().lower()
    if text.startswith("["):
        inside, closed, port = text[1:].partition("]")
        return inside if closed and (not port or _is_port(port)) else text
    name, colon, port = text.partition(":")
    return name if not colon or _is_port(f":{port}") else text


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdigit()


# -- starting -----------------------------------------------------------------------------------------------------------


def build_app(script: Path = APP_SCRIPT, host: str = LOOPBACK[0], on_start: Callable[[], None] | None = None) -> st.App:
    """The ASGI app: Streamlit over `script`, our routes, our hosts. `on_start` runs once the server is about to answer."""

    @asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[None]:
        if on_start is not None:
            on_start()
        yield

    return st.App(script, routes=ROUTES, middleware=[Middleware(TrustedHosts, hosts=[host])], lifespan=lifespan)


def serve(
    workspace_path: Path,
    host: str = LOOPBACK[0],
    port: int = 8501,
    *,
    script: Path = APP_SCRIPT,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Serve a workspace until interrupted; `on_start` gets the address when the server is about to answer.

    BadInput when the folder is no workspace or the address is not one of this machine, Busy when the port is in use: both
    before anything has started. `port` 0 takes a free one.
    """
    from core.workspace import Workspace

    Workspace.open(workspace_path)
    with bind(host, port) as listening:
        port = int(listening.getsockname()[1])
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        os.environ[WORKSPACE_VARIABLE] = str(workspace_path.expanduser().resolve())
        _configure(host, port)
        import uvicorn

        from studio.wide_window import WideWindow

        app = build_app(script, host, None if on_start is None else lambda: on_start(address))
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws=WideWindow,
            ws_max_size=256 * 1024 * 1024,
            timeout_graceful_shutdown=3,
        )
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
        uvicorn.Server(config).run(sockets=[listening])


def _configure(host: str, port: int) -> None:
    """Give Streamlit our options, whatever the present folder or the user's own files say: no telemetry, our themes."""
    from streamlit import config

    def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        options: dict[str, Any] = {}
        for name, value in table.items():
            options.update(flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value})
        return options

    options = flat(tomllib.loads(CONFIG.read_text(encoding="utf-8")))
    # Streamlit checks where websockets come from against these; without them it would ask the internet for our address.
    options |= {"server.address": host, "server.port": port, "browser.serverAddress": host, "browser.serverPort": port}
    config.get_config_options(force_reparse=True, options_from_flags=options)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, bound before anything else starts, so that a port in use is one sentence and not a traceback."""
    if host in ("0.0.0.0", "::", ""):
        raise BadInput(
            f"{host!r} means every network of this machine.", "Give the one address to serve on, such as 127.0.0.1."
        )
    if not 0 <= port <= 65535:
        raise BadInput(f"Port {port} does not exist.", "Give a port from 1 to 65535, or 0 for a free one.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Busy(
                f"Port {port} on {host} is in use.",
                f"Stop what uses it, or add --port {port + 1 if port < 65535 else 8501}.",
            ) from error
        if error.errno == errno.EACCES:
            raise BadInput(
                f"Port {port} needs more rights than you have.", "Give a port above 1023, such as --port 8501."
            ) from error
        raise BadInput(
            f"{host} is not an address of this machine ({error.strerror}).", "Give --host 127.0.0.1."
        ) from error
    return listening


def _warm_up() -> None:
    """Import, while the browser still loads the page's files, what its first run will need."""
    import importlib

    for name in ("pandas", "pyarrow.compute", "duckdb", "lance", "core.lens"):
        importlib.import_module(name)

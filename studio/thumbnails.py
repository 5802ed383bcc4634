"""Thumbnails of what is on screen: kept in memory, and sent by the page, since 48 answers take longer than the page itself.

Keys are digests of the pictures, so nothing here can go stale.
"""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from core.errors import BadData, StudioError
from core.store import Store
from core.store.ids import digest_of
from studio import session

if TYPE_CHECKING:
    from starlette.requests import Request

    from core.workspace import Workspace

MOST = 2048
"""Thumbnails kept, about 10 kB each; those asked for longest ago go first."""

MOST_AT_ONCE: Final = 96
_KEY_DIGITS: Final = 32
_FOREVER: Final = "private, max-age=31536000, immutable"

_KEPT: OrderedDict[str, bytes] = OrderedDict()
_LOCK = Lock()


# -- in memory ----------------------------------------------------------------------------------------------------------


def keep(store: Store, image_keys: Iterable[str]) -> dict[str, bytes]:
    """The thumbnails of these images, those that are not in memory read in one look into the table; without those it lacks."""
    wanted = list(dict.fromkeys(image_keys))
    with _LOCK:
        found = {key: _KEPT[key] for key in wanted if key in _KEPT}
    absent = [key for key in wanted if key not in found]
    try:
        rows = store.images(absent, ["image_key", "thumbnail"]).to_pylist() if absent else []
    except BadData:
        rows = []  # the page stands without pictures too; each picture's route says what is wrong
    found |= {row["image_key"]: row["thumbnail"] for row in rows if row["thumbnail"] is not None}
    with _LOCK:
        _KEPT.update(found)
        for key in wanted:
            if key in _KEPT:
                _KEPT.move_to_end(key)
        while len(_KEPT) > MOST:
            _KEPT.popitem(last=False)
    return found


def kept(image_key: str) -> bytes | None:
    """A thumbnail that was read before, else None."""
    with _LOCK:
        return _KEPT.get(image_key)


# -- routes -------------------------------------------------------------------------------------------------------------


def thumbs(request: Request) -> Response:
    """`/api/thumbs/<image keys, one after the other>`: each on a line with its thumbnail in base64, as `data:` addresses want it.

    What nobody has is left out. Text and not bytes: an address is shown in the frame it is set in, a blob's only later.
    """
    from studio.server import workspaces

    text = request.path_params["image_keys"]
    keys = [text[start : start + _KEY_DIGITS] for start in range(0, len(text), _KEY_DIGITS)]
    if len(text) % _KEY_DIGITS or len(keys) > MOST_AT_ONCE or not set(text) <= set("0123456789abcdef"):
        return _unknown(
            "These are not image keys.", f"Image keys are {_KEY_DIGITS} hex digits, {MOST_AT_ONCE} at most at once."
        )
    found: dict[str, bytes] = {}
    try:
        for workspace in workspaces():
            found |= keep(workspace.store, (key for key in keys if key not in found))
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    return _lines(found, for_ever=len(found) == len(set(keys)), etag=digest_of(text))


def ahead_url(workspace: Workspace, shown: session.View) -> str:
    """Where the thumbnails of the page after the one on screen are given, before anybody asked for it."""
    following = shown.model_copy(update={"page": shown.page + 1})
    return (
        f"/api/ahead/{session.workspace_key(workspace.path)}?{urlencode(session.view_to_query(following), doseq=True)}"
    )


def ahead(request: Request) -> Response:
    """`/api/ahead/<workspace>?<view>`: the thumbnails of a page of Browse, which is then in memory when it is asked for."""
    from studio import browsing, cached  # with DuckDB behind it: late, so that the server answers sooner
    from studio.server import workspaces

    query = {name: request.query_params.getlist(name) for name in request.query_params}
    try:
        shown = session.view_from_query(query)
        here = [one for one in workspaces() if session.workspace_key(one.path) == request.path_params["workspace"]]
        if not here:
            return _unknown("The server has no such workspace open.", "Open the workspace on Overview again.")
        cards = cached.page_of_cards(shown.chosen, shown.sort, shown.page, browsing.PAGE_SIZE, here[0])
        found = keep(here[0].store, (card.image_keys[0] for card in cards if card.image_keys))
    except StudioError as error:
        return _unknown(error.problem, error.fix)
    return _lines(found)


def _lines(found: Mapping[str, bytes], *, for_ever: bool = False, etag: str = "") -> Response:
    body = "".join(f"{key} {b64encode(data).decode('ascii')}\n" for key, data in found.items())
    headers = {
        "Cache-Control": _FOREVER if for_ever else "no-store",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Encoding": "identity",  # keeps the compressing middleware off: pictures are compressed
        **({"ETag": f'"{etag}"'} if for_ever else {}),
    }
    return Response(body, media_type="text/plain", headers=headers)


def _unknown(problem: str, fix: str) -> Response:
    return JSONResponse({"problem": problem, "fix": fix}, status_code=404, headers={"Cache-Control": "no-store"})

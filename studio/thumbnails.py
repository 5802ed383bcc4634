"""Thumbnails of what is on screen, in memory: one look into the table for a page of samples instead of one per picture.

Keys are digests of the pictures, so nothing here can go stale.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from core.errors import BadData
from core.store import Store

MOST = 2048
"""Thumbnails kept, about 10 kB each; those asked for longest ago go first."""

_KEPT: OrderedDict[str, bytes] = OrderedDict()
_LOCK = Lock()


def keep(store: Store, image_keys: Iterable[str]) -> None:
    """Read the thumbnails of these images that are not here yet; a route then finds them."""
    wanted = list(dict.fromkeys(image_keys))
    with _LOCK:
        absent = [key for key in wanted if key not in _KEPT]
    try:
        rows = store.images(absent, ["image_key", "thumbnail"]).to_pylist() if absent else []
    except BadData:
        return  # the page stands without pictures too; each picture's route says what is wrong
    with _LOCK:
        _KEPT.update({row["image_key"]: row["thumbnail"] for row in rows if row["thumbnail"] is not None})
        for key in wanted:
            if key in _KEPT:
                _KEPT.move_to_end(key)
        while len(_KEPT) > MOST:
            _KEPT.popitem(last=False)


def kept(image_key: str) -> bytes | None:
    """A thumbnail that was read before, else None."""
    with _LOCK:
        return _KEPT.get(image_key)

"""The studio's websocket: compressed against the last 32 kB sent, where uvicorn's own remembers 4 kB.

A run of a page repeats most of what the run before it said. With a window that reaches back over a whole run, the repetition
costs next to nothing: 31 kB of messages become 2.4 kB on the wire, with the short window 11 kB. It takes 256 kB a browser.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


class WideWindow(WebSocketsSansIOProtocol):
    """uvicorn's websocket protocol with the largest compression window there is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn.available_extensions = [ServerPerMessageDeflateFactory()]

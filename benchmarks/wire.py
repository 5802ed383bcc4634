"""A relay in front of a server that counts what passes: the bytes as they travel, compressed and with their headers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_CHUNK_BYTES = 1 << 16


class Wire:
    """Bytes to the browser and from it, since the start."""

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0

    @property
    def total(self) -> int:
        return self.received + self.sent


@contextmanager
def relayed(url: str) -> Iterator[tuple[str, Wire]]:
    """The same URL through a relay, and the count of what passes."""
    parts = urlsplit(url)
    wire = Wire()
    listening = socket.create_server(("127.0.0.1", 0))
    target = (parts.hostname or "127.0.0.1", parts.port or 80)
    threading.Thread(target=_accept, args=(listening, target, wire), daemon=True).start()
    try:
        yield parts._replace(netloc=f"127.0.0.1:{listening.getsockname()[1]}").geturl(), wire
    finally:
        listening.close()


def _accept(listening: socket.socket, target: tuple[str, int], wire: Wire) -> None:
    with suppress(OSError):  # closing the socket ends the loop
        while True:
            browser, _ = listening.accept()
            server = socket.create_connection(target)
            for one in (browser, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pump, args=(browser, server, wire, "sent"), daemon=True).start()
            threading.Thread(target=_pump, args=(server, browser, wire, "received"), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, wire: Wire, name: str) -> None:
    with suppress(OSError), source, target:
        while chunk := source.recv(_CHUNK_BYTES):
            setattr(wire, name, getattr(wire, name) + len(chunk))
            target.sendall(chunk)

"""Messages between a trader and its signer: JSON objects, each after its length in four bytes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import orjson

LARGEST = 64 << 20  # the product list of a venue is some 4 MiB


class BrokenFrameError(Exception):
    """What came is no message: the other side is not what it should be."""


def encoded(message: Mapping[str, Any]) -> bytes:
    """A message as it is sent."""
    return orjson.dumps(message)


def send(link: socket.socket, data: bytes) -> None:
    """Send one message that is encoded already. Raises OSError where nobody is there to take it."""
    link.sendall(len(data).to_bytes(4, "big") + data)


def write(link: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message. Raises OSError where nobody is there to take it."""
    send(link, encoded(message))


def read(link: socket.socket) -> dict[str, Any] | None:
    """The next message; None where the other side has ended. Raises BrokenFrameError, OSError."""
    size = _exactly(link, 4)
    if size is None:
        return None
    length = int.from_bytes(size, "big")
    if length > LARGEST:
        raise BrokenFrameError(f"a message of {length} bytes")
    data = _exactly(link, length)
    if data is None:
        return None
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BrokenFrameError("a message that is not JSON") from None
    if not isinstance(message, dict):
        raise BrokenFrameError("a message that is no object")
    return message


def _exactly(link: socket.socket, count: int) -> bytes | None:
    parts = []
    while count:
        part = link.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)

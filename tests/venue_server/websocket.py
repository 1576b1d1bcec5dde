"""WebSocket framing (RFC 6455), the server's side: what the tests need of it, without compression."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import BinaryIO

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key: str) -> str:
    """What the server answers to Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()  # noqa: S324 (the protocol's)


def frame(payload: bytes, kind: int = TEXT) -> bytes:
    """One whole message."""
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x80 | kind, length)
    elif length < 65_536:
        head = struct.pack("!BBH", 0x80 | kind, 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | kind, 127, length)
    return head + payload


def read_message(source: BinaryIO) -> tuple[int, bytes] | None:
    """(kind, payload) of the client's next message; None where the connection ended."""
    kind, payload = 0, b""
    while True:
        head = source.read(2)
        if len(head) < 2:
            return None
        last, code, length = head[0] & 0x80, head[0] & 0x0F, head[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", source.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", source.read(8))
        mask = source.read(4) if head[1] & 0x80 else bytes(4)
        data = source.read(length)
        if len(data) < length:
            return None
        payload += bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        kind = code or kind
        if last:
            return kind, payload

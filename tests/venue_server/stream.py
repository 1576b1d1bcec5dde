"""The WebSocket side: one Connection a client, fed by the public market and the book, and what goes wrong with it.

Faults (`stream_fail`), each for so many of what it hits:

- `refuse`: the handshake is answered with 503; `mute`: subscriptions are agreed to, and nothing follows;
- `silence`: a connection says nothing any more, and stays open; `cut`: it breaks in the middle of a message;
- `book-gap`: a change of the book is not sent (Kraken's checksum, Coinbase's numbers tell);
- `lose`: a trade is not sent; `duplicate`: it is sent twice; `shuffle`: it is held back until after the next one,
  or the next sign of life;
- `stale`: books (and on Coinbase every message) carry the time of `stale_s` seconds ago, as behind a full pipe.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import struct
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .market import PublicTrade
from .websocket import CLOSE, PING, PONG, TEXT, frame, read_message

if TYPE_CHECKING:
    from .server import VenueServer

STREAM_FAULTS = ("refuse", "mute", "silence", "cut", "book-gap", "lose", "duplicate", "shuffle", "stale")
Book = dict[str, dict[Decimal, Decimal]]


class StreamFaults:
    """What is planned: how often each fault still strikes."""

    def __init__(self) -> None:
        self.left: dict[str, int] = {}
        self.stale_s = 0.0
        self.happened: list[str] = []

    def strikes(self, shape: str) -> bool:
        """True where this one is hit; uses it up."""
        if self.left.get(shape, 0) <= 0:
            return False
        self.left[shape] -= 1
        self.happened.append(shape)
        return True


class Connection:
    """One client. The wire format is `speak`'s: KrakenStream or CoinbaseStream."""

    def __init__(self, venue: VenueServer, sock: socket.socket, source: Any) -> None:
        self.venue = venue
        self._socket = sock
        self._source = source
        self._out: queue.Queue[bytes | None] = queue.Queue()
        self.mute = False
        self.silent = False
        self.books: dict[str, Book] = {}
        self.channels: dict[str, set[str]] = {}
        self._held: PublicTrade | None = None
        self.said = False
        self.speak = venue.stream_dialect(self)

    # --- called by the server --------------------------------------------------------------------------------

    def serve(self) -> None:
        """Read what the client says, until it goes."""
        writer = threading.Thread(target=self._write, daemon=True)
        writer.start()
        with self.venue.lock:
            self.venue.streams.append(self)
            self.speak.greet()
        try:
            while (message := read_message(self._source)) is not None:
                kind, payload = message
                if kind == CLOSE:
                    self._out.put(frame(payload, CLOSE))
                    break
                if kind == PING and not self.silent:
                    self._out.put(frame(payload, PONG))
                elif kind == TEXT:
                    with self.venue.lock:
                        self.speak.asked(json.loads(payload))
        except (OSError, ValueError, struct.error):
            # The client has gone.
            pass
        finally:
            with self.venue.lock:
                if self in self.venue.streams:
                    self.venue.streams.remove(self)
            self._out.put(None)
            writer.join(1.0)

    def tick(self) -> None:
        """Some time has passed: send what changed in the books, else a sign of life."""
        self.said = False
        if self._held is not None:
            held, self._held = self._held, None
            self.speak.trades([held], snapshot=False)
        for symbol in list(self.channels.get("book", ())):
            self.book_changed(symbol)
        self.speak.beat(busy=self.said)

    def traded(self, trade: PublicTrade) -> None:
        """Somebody traded."""
        if trade.symbol not in self.channels.get("trade", ()):
            return
        faults = self.venue.stream_faults
        if faults.strikes("lose"):
            self.speak.lost()
            return
        if self._held is None and faults.strikes("shuffle"):
            self._held = trade
            return
        sent = [trade] if self._held is None else [trade, self._held]
        self._held = None
        if faults.strikes("duplicate"):
            sent = [*sent, trade]
        for each in sent:
            self.speak.trades([each], snapshot=False)

    def book_changed(self, symbol: str) -> None:
        """Send the difference to what this client was told."""
        if symbol not in self.channels.get("book", ()):
            return
        now = self.venue.levels(symbol)
        before = self.books.get(symbol)
        if before is None:
            return
        changes = {
            side: [
                *((price, Decimal(0)) for price in before[side] if price not in now[side]),
                *((price, size) for price, size in now[side].items() if before[side].get(price) != size),
            ]
            for side in ("bid", "ask")
        }
        if not any(changes.values()):
            return
        self.books[symbol] = now
        self.speak.book(symbol, changes, snapshot=False, lost=self.venue.stream_faults.strikes("book-gap"))

    def begin(self, channel: str, symbol: str) -> None:
        """The client subscribed."""
        self.channels.setdefault(channel, set()).add(symbol)
        if channel == "book":
            self.books[symbol] = self.venue.levels(symbol)
            levels = {side: list(rows.items()) for side, rows in self.books[symbol].items()}
            self.speak.book(symbol, levels, snapshot=True, lost=False)
        elif channel == "trade":
            self.speak.trades(self.venue.market.trades.get(symbol, [])[-50:], snapshot=True)

    def send(self, message: dict[str, Any], *, agreement: bool = False) -> None:
        """Put a message on the wire, as the faults let it pass."""
        faults = self.venue.stream_faults
        if not self.silent and faults.strikes("silence"):
            self.silent = True
        if self.silent or (self.mute and not agreement):
            return
        self.said = True
        data = frame(json.dumps(message).encode())
        if not agreement and faults.strikes("cut"):
            self._out.put(data[: len(data) // 2])
            self._out.put(None)
            return
        self._out.put(data)

    def late_us(self) -> int:
        """How old the times in a message are."""
        faults = self.venue.stream_faults
        return round(faults.stale_s * 1_000_000) if faults.strikes("stale") else 0

    def drop(self) -> None:
        """Break the connection."""
        self._out.put(None)

    # --- inside ----------------------------------------------------------------------------------------------

    def _write(self) -> None:
        try:
            while (data := self._out.get()) is not None:
                self._socket.sendall(data)
        except OSError:
            # The client has gone.
            pass
        with contextlib.suppress(OSError):  # it may be closed already
            self._socket.shutdown(socket.SHUT_RDWR)

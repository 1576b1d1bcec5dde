"""What latency.py measures with: the moments of each order, seen at the socket from outside the client and at the loop
through its timer."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from memesnipe_cli.venues.timing import Timer


@dataclass
class Way:
    """The moments of one order, monotonic ns. venue_ns: what the venue has taken since the bar's message; cpu_ns: what
    the trader's process had computed since when the order was written down, which does not depend on what else the
    machine does."""

    bar_ns: int
    decided_ns: int = 0
    kept_ns: int = 0
    wire_ns: int = 0
    venue_ns: int = 0
    cpu_ns: int = 0
    entry: bool = True

    @property
    def own_ms(self) -> float:
        """From the message to the wire, without the venue."""
        return (self.wire_ns - self.bar_ns - self.venue_ns) / 1e6


@dataclass
class Watch:
    """Looks on: at the socket from outside the client, at the loop through its timer. What it sees at sockets goes into
    a file, since the signer's are in a process of their own, forked while this looks on."""

    path: Path
    bar_ns: int = 0
    orders: dict[str, Way] = field(default_factory=dict)
    sent_s: float = 0.0
    _cpu_ns: int = 0

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def bar(self, sent_ns: int) -> None:
        """A bar's message was written at that time."""
        self.bar_ns, self._cpu_ns = sent_ns, time.process_time_ns()
        self._saw("bar", sent_ns)

    def of(self, order_id: str) -> Way:
        """The order's moments."""
        return self.orders.setdefault(order_id, Way(self.bar_ns))

    def kept(self, order_id: str) -> None:
        """The order is on the disk and goes out now."""
        way = self.of(order_id)
        way.kept_ns, way.cpu_ns = time.monotonic_ns(), time.process_time_ns() - self._cpu_ns

    def wrote(self, data: Any) -> None:
        """Bytes went to the venue."""
        now = time.monotonic_ns()
        order_id = side = ""
        if isinstance(data, bytes) and b"cl_ord_id=" in data and b"ordertype=limit" in data:
            fields = parse_qs(data.decode(errors="replace").rpartition("\r\n")[2])
            order_id, side = fields["cl_ord_id"][0], fields["type"][0]
        self._saw("wrote", now, order_id, side)

    def ways(self) -> list[Way]:
        """The orders with all that was seen of them."""
        bar_ns = asked_ns = venue_ns = 0
        seen = sorted(
            (json.loads(line) for line in self.path.read_text().splitlines()), key=lambda each: each[1]
        )
        for what, now, *order in seen:
            if what == "bar":
                bar_ns, venue_ns = now, 0
            elif what == "answered":
                # Of a request that was out before the bar, only what was waited for behind it counts.
                venue_ns += now - max(asked_ns, bar_ns)
            else:
                asked_ns = now
                if order[0]:
                    way = self.of(order[0])
                    way.wire_ns, way.venue_ns, way.entry = now, venue_ns, order[1] == "buy"
        return list(self.orders.values())

    @contextmanager
    def at_the_socket(self) -> Iterator[None]:
        """Look at everything that this process and those forked from it send by HTTP."""
        send, answer = http.client.HTTPConnection.send, http.client.HTTPConnection.getresponse

        def sending(connection: http.client.HTTPConnection, data: Any) -> None:
            send(connection, data)
            self.wrote(data)

        def answering(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
            found = answer(connection)
            self._saw("answered", time.monotonic_ns())
            return found

        http.client.HTTPConnection.send = sending  # type: ignore[method-assign, assignment]
        http.client.HTTPConnection.getresponse = answering  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            http.client.HTTPConnection.send = send  # type: ignore[method-assign]
            http.client.HTTPConnection.getresponse = answer  # type: ignore[method-assign]

    def asks(self, client: Any) -> None:
        """Notice when the loop asks the venue something, whoever sends it."""
        fetch = client.fetch2

        def asked(*args: Any) -> Any:
            try:
                return fetch(*args)
            finally:
                self.sent_s = time.monotonic()

        client.fetch2 = asked

    def _saw(self, what: str, now_ns: int, *more: str) -> None:
        os.write(self._file, f"{json.dumps([what, now_ns, *more])}\n".encode())


class WatchedTimer(Timer):
    """The loop's timer, which tells the watch too."""

    def __init__(self, watch: Watch, now: Any) -> None:
        super().__init__(now)
        self._watch = watch

    def decided(self, order_id: str, mid: Decimal | None, bid: Decimal | None, ask: Decimal | None) -> None:
        """See Timer."""
        self._watch.of(order_id).decided_ns = time.monotonic_ns()
        super().decided(order_id, mid, bid, ask)

    def sent(self, order_id: str, bid: Decimal | None = None, ask: Decimal | None = None) -> None:
        """See Timer; called once the order is on the disk."""
        self._watch.kept(order_id)
        super().sent(order_id, bid, ask)

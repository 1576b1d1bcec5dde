"""What latency.py measures with: the moments of each order, seen at the socket from outside the client and at the loop
through its timer."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from memesnipe_cli.venues.timing import Timer


@dataclass
class Way:
    """The moments of one order, monotonic ns. venue_ns: what the venue has taken since the bar's message;
    cpu_ns: what this process has computed since, which does not depend on what else the machine does."""

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
    """Looks on: at the socket from outside the client, at the loop through its timer."""

    bar_ns: int = 0
    orders: dict[str, Way] = field(default_factory=dict)
    sent_s: float = 0.0
    requests: int = 0
    _venue_ns: int = 0
    _cpu_ns: int = 0
    _asked_ns: int = 0

    def bar(self, sent_ns: int) -> None:
        """A bar's message was written at that time."""
        self.bar_ns, self._venue_ns, self._cpu_ns = sent_ns, 0, time.process_time_ns()

    def of(self, order_id: str) -> Way:
        """The order's moments."""
        return self.orders.setdefault(order_id, Way(self.bar_ns))

    def wrote(self, data: Any) -> None:
        """Bytes went to the venue."""
        now = time.monotonic_ns()
        self.sent_s, self._asked_ns = now / 1e9, now
        self.requests += 1
        if not isinstance(data, bytes) or b"cl_ord_id=" not in data or b"ordertype=limit" not in data:
            return
        fields = parse_qs(data.decode(errors="replace").rpartition("\r\n")[2])
        way = self.of(fields["cl_ord_id"][0])
        way.wire_ns, way.venue_ns, way.cpu_ns = now, self._venue_ns, time.process_time_ns() - self._cpu_ns
        way.entry = fields["type"][0] == "buy"

    def answered(self) -> None:
        """The venue's answer has begun."""
        # Of a request that was out before the bar, only what was waited for behind it counts.
        self._venue_ns += time.monotonic_ns() - max(self._asked_ns, self.bar_ns)

    @contextmanager
    def at_the_socket(self) -> Iterator[None]:
        """Look at everything that this process sends by HTTP."""
        send, answer = http.client.HTTPConnection.send, http.client.HTTPConnection.getresponse

        def sending(connection: http.client.HTTPConnection, data: Any) -> None:
            send(connection, data)
            self.wrote(data)

        def answering(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
            found = answer(connection)
            self.answered()
            return found

        http.client.HTTPConnection.send = sending  # type: ignore[method-assign, assignment]
        http.client.HTTPConnection.getresponse = answering  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            http.client.HTTPConnection.send = send  # type: ignore[method-assign]
            http.client.HTTPConnection.getresponse = answer  # type: ignore[method-assign]


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
        self._watch.of(order_id).kept_ns = time.monotonic_ns()
        super().sent(order_id, bid, ask)

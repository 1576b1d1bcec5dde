"""The control handle over HTTP, for a test whose trader is another process: `/_control/<name>`, loopback only.

A POST with a JSON object calls the method of that name on the venue; a GET of `/_control/report` gives the
oracle's report. What can be called is CALLS, and nothing else.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from .answers import Answer, as_json
from .orders import Order, Refusal
from .venue import HostileVenue

PREFIX = "/_control/"
CALLS = (
    "price",
    "script",
    "freeze_market_data",
    "fail",
    "mix",
    "calm",
    "set_mode",
    "set_rights",
    "hide_new_orders",
    "lag_trades",
    "show_pending",
    "reveal",
    "disturb_history",
    "fill_after_cancel",
    "lose_cancels",
    "deposit",
    "withdraw",
    "user_order",
    "skew",
    "advance",
    "tick",
    "pace",
    "trade",
    "lag_candles",
    "stream_fail",
    "stream_calm",
    "stream_drop",
    "stream_only",
)


def control_answer(venue: HostileVenue, method: str, path: str, body: bytes) -> Answer:
    """Carry out one call of the handle."""
    name = path.removeprefix(PREFIX)
    if method == "GET" and name == "report":
        with venue.lock:
            return as_json(venue.oracle.report())
    if method != "POST" or name not in CALLS:
        return as_json({"error": f"no such call: {name}; there are report, {', '.join(CALLS)}"}, 404)
    try:
        result = getattr(venue, name)(**json.loads(body or b"{}"))
    except (Refusal, TypeError, ValueError, KeyError) as error:
        return as_json({"error": str(error)}, 400)
    return as_json({"result": result.id if isinstance(result, Order) else None})


class RemoteControl:
    """The handle from another process. Raises urllib's HTTPError for a call that is refused."""

    def __init__(self, base_url: str, timeout_s: float = 5.0) -> None:
        self._base_url = base_url
        self._timeout_s = timeout_s

    def call(self, name: str, **arguments: Any) -> Any:
        """Call one of CALLS; an order that it made is given by its id."""
        request = urllib.request.Request(  # noqa: S310 (loopback only)
            self._base_url + PREFIX + name, data=json.dumps(arguments).encode(), method="POST"
        )
        return self._open(request)["result"]

    def report(self) -> dict[str, Any]:
        """The oracle's report."""
        found: dict[str, Any] = self._open(urllib.request.Request(self._base_url + PREFIX + "report"))  # noqa: S310
        return found

    def _open(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
            return json.loads(answer.read())

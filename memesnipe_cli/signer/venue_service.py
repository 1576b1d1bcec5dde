"""The signer's work for one venue: each request is judged, signed and sent by the signer's own ccxt client, once; the
answer goes back as it came, without the key's name.

Requests are judged one after the other; each is then sent by a thread that has nothing else to do, so that a venue that
drips bytes keeps nothing else waiting.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.signer import frames
from memesnipe_cli.signer.endpoints import use_of
from memesnipe_cli.venue_hosts import check_base_url
from memesnipe_cli.venues.one_key import Nonces

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.signer.judge import Judge

HIDDEN = b"[hidden]"
_MOST_AT_ONCE = 64
# What a caller looks at beside the answer itself.
_HEADERS = ("Date", "Retry-After")


class VenueService:
    """exchange: a client that signs with the held key (venue_keys.py). key_id: what the venue calls the key."""

    def __init__(self, link: socket.socket, exchange: ccxt.Exchange, key_id: str, judge: Judge) -> None:
        self._link = link
        self._exchange = exchange
        self._key_id = key_id
        self._judge = judge
        self._writing = threading.Lock()
        # An idle thread is taken before one is started, which costs a third of a millisecond.
        self._senders = ThreadPoolExecutor(_MOST_AT_ONCE)
        nonces = Nonces()
        exchange.incrementing_nonce = lambda: nonces.after(int(exchange.nonce()))
        # The trader counts its questions against the venue's budget; here nothing waits.
        exchange.enableRateLimit = False
        exchange.on_json_response = partial(json.loads, parse_float=str)
        # A redirect would send an order once more, to a host that nobody allowed.
        exchange.session.max_redirects = 0

    def run(self) -> None:
        """Serve until the other side ends. Raises BrokenFrameError for what is no message."""
        while (request := frames.read(self._link)) is not None:
            number = request["id"]
            try:
                call = self._checked(request)
            except MemesnipeError as error:
                rule = getattr(error, "rule", "store")
                self._answer({"id": number, "refused": rule, "message": error.message, "hint": error.hint})
                continue
            self._senders.submit(self._send, request, call)

    def _checked(self, request: Mapping[str, Any]) -> Callable[[], Any]:
        exchange = self._exchange
        api, method, path = list(request["api"]), str(request["method"]), str(request["path"])
        params = dict(request["params"])
        use = use_of(exchange.id, api, method, path, params)
        self._judge.judge(use, params, int(request["fence"]))
        address = str(exchange.urls["api"].get("private") or exchange.urls["api"].get("rest"))
        wrong = check_base_url(exchange.id, address)
        if wrong:
            raise MemesnipeError(f"the address of {exchange.id} {wrong}", "nothing is sent there")
        exchange.timeout = max(1, int(request["timeout_ms"]))
        return lambda: exchange.fetch2(path, api, method, params)

    def _send(self, request: Mapping[str, Any], call: Callable[[], Any]) -> None:
        import ccxt

        number, within_s = request["id"], int(request["timeout_ms"]) / 1000
        if time.monotonic() - float(request["asked_s"]) > within_s:
            # This process stood still, or its threads are all busy: the trader has given the answer up by now, and may
            # find the order missing at the venue before it is there.
            late = {"refused": "late", "message": f"it was asked for more than {within_s:g} s ago"}
            self._answer({"id": number, **late, "hint": "see what holds this machine up"})
            return
        try:
            answer: dict[str, Any] = {"id": number, "answer": call()}
        except ccxt.BaseError as error:
            answer = {"id": number, "error": type(error).__name__, "message": str(error)}
        except Exception as error:
            # The library stumbled over an answer of another shape than it expects.
            answer = {"id": number, "error": "BadResponse", "message": f"{type(error).__name__}: {error}"}
        headers = self._exchange.last_response_headers or {}
        self._answer({**answer, "headers": {name: headers[name] for name in _HEADERS if name in headers}})

    def _answer(self, message: Mapping[str, Any]) -> None:
        """Venues tell a key its own name (Kraken's GetApiKeyInfo): it does not leave this process."""
        told = frames.encoded(message).replace(self._key_id.encode(), HIDDEN)
        with self._writing:
            try:
                frames.send(self._link, told)
            except OSError:
                return  # the trader is gone: `run` sees that, too

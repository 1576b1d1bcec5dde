"""The WebSocket side of a live feed: one ccxt.pro client in a thread with its own loop, made anew whenever it fails."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memesnipe_cli.market.live.board import Board
from memesnipe_cli.market.live.coinbase_wire import CoinbaseWire
from memesnipe_cli.market.live.kraken_wire import KrakenWire
from memesnipe_cli.market.live.rest_link import share_markets
from memesnipe_cli.market.live.wire import StreamBrokenError, Wire
from memesnipe_cli.venue_hosts import is_loopback

if TYPE_CHECKING:
    import ccxt

_WIRES: dict[str, Callable[[Board, Mapping[str, Any]], Wire]] = {
    "kraken": KrakenWire,
    "coinbase": CoinbaseWire,
}
_CONNECT_S = 5
# How long a subscription may take to begin, and a connection may say nothing (both venues beat once a second).
_PATIENCE_S = 4.0
_LOOK_S = 0.2
_CLOSE_S = 2.0
_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 60.0
_PROVEN_S = 30.0


class SocketLink:
    """Listens to a venue's public channels and tells the board, until closed."""

    def __init__(
        self,
        board: Board,
        make_wire: Callable[[], Wire],
        open_client: Callable[[Any], Any],
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._board = board
        self._make_wire = make_wire
        self._open_client = open_client
        self._patience_s = patience_s
        self._thread = threading.Thread(target=self._run, name="feed-websocket", daemon=True)

    @classmethod
    def for_venue(
        cls, board: Board, known: ccxt.Exchange, base_url: str | None, patience_s: float = _PATIENCE_S
    ) -> SocketLink | None:
        """The link of a venue whose channels are known; None for any other (the board is told why)."""
        make = _WIRES.get(known.id)
        if make is None:
            board.disconnected(f"not known for {known.id}")
            return None
        markets = known.markets or {}
        return cls(
            board, lambda: make(board, markets), lambda heard: open_pro(known, base_url, heard), patience_s
        )

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Wait that long for the thread to end; the board has been closed before."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        # What a closed client leaves behind is no news: each connection's end is told to the board.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        wait_s = _FIRST_WAIT_S
        while not self._board.closing:
            began = time.monotonic()
            try:
                problem = await self._one_connection()
            except StreamBrokenError as broken:
                problem = str(broken)
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"[:200]
            self._board.disconnected(problem)
            if time.monotonic() - began >= _PROVEN_S:
                wait_s = _FIRST_WAIT_S
            await self._sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._board.closing and time.monotonic() < end:
            await asyncio.sleep(min(_LOOK_S, seconds))

    async def _one_connection(self) -> str:
        """One connection from its beginning to its end; returns why it ended."""
        wire = self._make_wire()
        ear = _Ear(wire)
        client = self._open_client(ear)
        self._board.connecting()
        tasks = [asyncio.ensure_future(each) for each in wire.subscriptions(client)]
        try:
            return await self._watch(ear, wire, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                await asyncio.wait_for(client.close(), _CLOSE_S)
            except (TimeoutError, OSError) as error:
                self._board.disconnected(f"the old connection did not close: {error}")

    async def _watch(self, ear: _Ear, wire: Wire, tasks: Sequence[asyncio.Future[Any]]) -> str:
        began = time.monotonic()
        resets = self._board.resets()
        while not self._board.closing:
            await asyncio.wait([*tasks, ear.trouble], timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            moment = time.monotonic()
            if ear.problem:
                return ear.problem
            for task in tasks:
                if task.done():
                    error = None if task.cancelled() else task.exception()
                    return f"{type(error).__name__}: {error}"[:200] if error else "the venue hung up"
            missing = wire.missing(moment)
            if missing and moment - began > self._patience_s:
                return f"no sign of {missing[0]} within {self._patience_s:g} s"
            if ear.last is not None and moment - ear.last > self._patience_s:
                return f"silent for {moment - ear.last:.0f} s"
            if self._board.resets() != resets:
                return "the clock jumped"
        return "closed"


class _Ear:
    """Hands every message to the wire; after the first one that cannot be trusted it hears nothing more."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.last: float | None = None
        self.problem = ""
        self.trouble: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __call__(self, message: Any) -> None:
        if self.problem:
            return
        self.last = time.monotonic()
        try:
            if not isinstance(message, Mapping):
                raise ValueError(f"a message that is no object: {str(message)[:60]}")
            self._wire.heard(message, self.last)
        except StreamBrokenError as broken:
            self.problem = str(broken)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            self.problem = f"a message cannot be read ({type(error).__name__}: {error})"[:200]
        if self.problem:
            self.trouble.set_result(None)


def open_pro(known: ccxt.Exchange, base_url: str | None, heard: Callable[[Any], None]) -> Any:
    """A ccxt.pro client that gives every message to `heard`. Raises StreamBrokenError where its address is not that of
    the REST side: prices of two markets must not be mixed."""
    import ccxt.pro

    base: Any = getattr(ccxt.pro, known.id)

    class Listening(base):  # type: ignore[misc]  # the class is found by name
        def handle_message(self, client: Any, message: Any) -> None:
            heard(message)
            # ccxt's own reading is left out, but for the answer that its keep-alive waits for.
            if isinstance(message, Mapping) and message.get("method") == "pong":
                super().handle_message(client, message)

    client = Listening({"enableRateLimit": False, "timeout": _CONNECT_S * 1000})
    client.streaming = {**client.streaming, "connectionTimeout": _CONNECT_S * 1000}
    share_markets(known, client)
    if known.id == "kraken":
        client.options["marketsByWsName"] = {}
    if base_url is not None and is_loopback(urlsplit(base_url).hostname or ""):
        client.urls["api"] = {**known.urls["api"], "ws": _socket_addresses(known.id, base_url.rstrip("/"))}
    rest, socket = _first_address(known.urls["api"]), _first_address(client.urls["api"]["ws"])
    if not _same_place(rest, socket):
        raise StreamBrokenError(f"not used: REST goes to {rest}, WebSocket would go to {socket}")
    return client


def _socket_addresses(venue: str, base_url: str) -> Any:
    """ccxt's tree of WebSocket addresses on a loopback host."""
    socket = base_url.replace("http", "ws", 1)
    if venue == "kraken":
        return {"publicV2": socket + "/v2", "privateV2": socket + "/auth/v2"}
    return socket


def _first_address(tree: Any) -> str:
    """The host of an address, or of the public one in ccxt's tree."""
    if isinstance(tree, Mapping):
        for name in ("publicV2", "public", "rest"):
            if name in tree:
                return _first_address(tree[name])
        return _first_address(next(iter(tree.values())))
    return urlsplit(str(tree)).hostname or ""


def _same_place(rest: str, socket: str) -> bool:
    """True where both are this machine, or hosts of one domain."""
    if is_loopback(rest) or is_loopback(socket):
        return is_loopback(rest) and is_loopback(socket)
    return rest.split(".")[-2:] == socket.split(".")[-2:]

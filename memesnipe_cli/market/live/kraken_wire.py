"""Kraken's WebSocket v2: trades with running numbers, a book of ten levels with a checksum, a heartbeat a second."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from memesnipe_cli.market.live.board import Board
from memesnipe_cli.market.live.feed import Quote
from memesnipe_cli.market.live.trade_run import PublicTrade
from memesnipe_cli.market.live.wire import StreamBrokenError, TradesBegun, stamp_ms

DEPTH = 10
_CHECKED = 10


class KrakenBook:
    """One symbol's book. price_places, size_places: decimals that the checksum is written with; None: unchecked."""

    def __init__(self, symbol: str, price_places: int | None, size_places: int | None) -> None:
        self._symbol = symbol
        self._places = None if price_places is None or size_places is None else (price_places, size_places)
        self._sides: dict[str, dict[float, float]] = {"bids": {}, "asks": {}}
        self._order: dict[str, list[float]] = {"bids": [], "asks": []}

    def apply(self, entry: Mapping[str, Any], *, snapshot: bool) -> None:
        """Take an update or a whole book. Raises StreamBrokenError where the checksum does not agree."""
        for name, levels in self._sides.items():
            if snapshot:
                levels.clear()
            for level in entry.get(name) or ():
                price, size = float(level["price"]), float(level["qty"])
                if size:
                    levels[price] = size
                else:
                    levels.pop(price, None)
            order = sorted(levels, reverse=name == "bids")
            for price in order[DEPTH:]:
                del levels[price]
            self._order[name] = order[:DEPTH]
        said = entry.get("checksum")
        if said is not None and self._places is not None and self.checksum(*self._places) != said:
            raise StreamBrokenError(f"the book of {self._symbol} does not agree with its checksum")

    def checksum(self, price_places: int, size_places: int) -> int:
        """CRC-32 over the best ten asks and bids, digits without point and leading zeros."""
        digits = [
            f"{price:.{price_places}f}".replace(".", "").lstrip("0")
            + f"{self._sides[name][price]:.{size_places}f}".replace(".", "").lstrip("0")
            for name in ("asks", "bids")
            for price in self._order[name][:_CHECKED]
        ]
        return zlib.crc32("".join(digits).encode())

    def top(self, venue_ms: int | None) -> Quote | None:
        """The best prices; None where a side is empty or they cross."""
        bids, asks = self._order["bids"], self._order["asks"]
        if not bids or not asks or not 0 < bids[0] < asks[0]:
            return None
        return Quote(
            self._symbol,
            Decimal(repr(bids[0])),
            Decimal(repr(asks[0])),
            Decimal(repr(self._sides["bids"][bids[0]])),
            Decimal(repr(self._sides["asks"][asks[0]])),
            venue_ms,
        )


class KrakenWire:
    """Reads one connection to Kraken."""

    def __init__(self, board: Board, markets: Mapping[str, Any]) -> None:
        self._board = board
        self._places = {symbol: _places(markets[symbol]) for symbol in board.symbols}
        self._books: dict[str, KrakenBook] = {}
        self._trades = TradesBegun(board.symbols)
        self._refused: set[str] = set()

    def subscriptions(self, client: Any) -> Sequence[Awaitable[Any]]:
        """See Wire."""
        symbols = list(self._board.symbols)
        return [
            client.watch_trades_for_symbols(symbols),
            client.watch_order_book_for_symbols(symbols, DEPTH),
        ]

    def heard(self, message: Mapping[str, Any], monotonic: float) -> None:
        """See Wire."""
        channel = message.get("channel")
        if channel == "book":
            self._book(message)
        elif channel == "trade":
            self._trade(message)
        else:
            self._board.beat()
            if message.get("method") == "subscribe":
                self._answered(message, monotonic)

    def missing(self, monotonic: float) -> list[str]:
        """See Wire."""
        for symbol in self._trades.empty(monotonic):
            self._board.trades(symbol, (), first=True)
        wanted = [symbol for symbol in self._board.symbols if symbol not in self._refused]
        return [
            *(f"the book of {symbol}" for symbol in wanted if symbol not in self._books),
            *(f"the trades of {symbol}" for symbol in wanted if symbol in self._trades.waiting),
        ]

    def _book(self, message: Mapping[str, Any]) -> None:
        snapshot = message.get("type") == "snapshot"
        for entry in message["data"]:
            symbol = entry["symbol"]
            if symbol not in self._places:
                continue
            stamp = stamp_ms(entry.get("timestamp"))
            # A whole book carries the time of its last change, which says nothing about when it was sent.
            self._board.beat(None if snapshot else stamp)
            if snapshot:
                self._books[symbol] = KrakenBook(symbol, *self._places[symbol])
            elif symbol not in self._books:
                continue
            self._books[symbol].apply(entry, snapshot=snapshot)
            self._board.top(symbol, self._books[symbol].top(stamp))

    def _trade(self, message: Mapping[str, Any]) -> None:
        snapshot = message.get("type") == "snapshot"
        by_symbol: dict[str, list[PublicTrade]] = {}
        newest: int | None = None
        for entry in message["data"]:
            stamp = stamp_ms(entry["timestamp"])
            if stamp is None:
                raise ValueError(f"a trade without a time: {entry}")
            newest = stamp if newest is None else max(newest, stamp)
            trade = PublicTrade(int(entry["trade_id"]), stamp, repr(entry["price"]), repr(entry["qty"]))
            by_symbol.setdefault(entry["symbol"], []).append(trade)
        self._board.beat(None if snapshot else newest)
        for symbol, trades in by_symbol.items():
            if symbol in self._places:
                self._board.trades(symbol, trades, first=self._trades.begun(symbol))

    def _answered(self, message: Mapping[str, Any], monotonic: float) -> None:
        if message.get("success") is False:
            symbol = message.get("symbol")
            problem = f"refused by the venue: {message.get('error')}"
            if symbol not in self._places:
                raise StreamBrokenError(problem)
            self._refused.add(str(symbol))
            self._board.stream_refused(str(symbol), problem)
            return
        result = message.get("result") or {}
        if result.get("channel") == "trade" and result.get("symbol") in self._places:
            self._trades.agreed(result["symbol"], monotonic)


def _places(market: Mapping[str, Any]) -> tuple[int | None, int | None]:
    info = market.get("info") or {}
    price, size = info.get("pair_decimals"), info.get("lot_decimals")
    return (None if price is None else int(price), None if size is None else int(size))

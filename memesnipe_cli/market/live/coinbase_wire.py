"""Coinbase's Advanced Trade WebSocket: every message numbered, trades with running numbers, whole books, heartbeats."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from memesnipe_cli.market.live.board import Board
from memesnipe_cli.market.live.feed import Quote
from memesnipe_cli.market.live.trade_run import PublicTrade
from memesnipe_cli.market.live.wire import StreamBrokenError, TradesBegun, stamp_ms


class _Side:
    """One side of a book: (price, size) as text by price. The best one is looked for only when it was taken away."""

    def __init__(self, *, highest: bool) -> None:
        self._levels: dict[float, tuple[str, str]] = {}
        self._highest = highest
        self._best: float | None = None

    def set(self, price_text: str, size_text: str) -> None:
        price = float(price_text)
        if float(size_text):
            self._levels[price] = (price_text, size_text)
            if self._best is not None and (price > self._best if self._highest else price < self._best):
                self._best = price
        elif self._levels.pop(price, None) is not None and price == self._best:
            self._best = None

    def best(self) -> tuple[float, str, str] | None:
        if not self._levels:
            return None
        if self._best is None:
            self._best = max(self._levels) if self._highest else min(self._levels)
        return (self._best, *self._levels[self._best])


class CoinbaseBook:
    """One product's book."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._bids, self._asks = _Side(highest=True), _Side(highest=False)

    def apply(self, updates: Sequence[Mapping[str, str]]) -> None:
        """Take changed levels."""
        for update in updates:
            side = self._bids if update["side"] == "bid" else self._asks
            side.set(update["price_level"], update["new_quantity"])

    def top(self, venue_ms: int | None) -> Quote | None:
        """The best prices; None where a side is empty or they cross."""
        bid, ask = self._bids.best(), self._asks.best()
        if bid is None or ask is None or not 0 < bid[0] < ask[0]:
            return None
        return Quote(
            self._symbol, Decimal(bid[1]), Decimal(ask[1]), Decimal(bid[2]), Decimal(ask[2]), venue_ms
        )


class CoinbaseWire:
    """Reads one connection to Coinbase."""

    def __init__(self, board: Board, markets: Mapping[str, Any]) -> None:
        self._board = board
        self._symbols = _symbols_by_product(board.symbols, markets)
        self._books: dict[str, CoinbaseBook] = {}
        self._trades = TradesBegun(board.symbols)
        self._next_number: int | None = None

    def subscriptions(self, client: Any) -> Sequence[Awaitable[Any]]:
        """See Wire."""
        symbols = list(self._board.symbols)
        return [
            client.subscribe("heartbeats", False, symbols),
            client.watch_trades_for_symbols(symbols),
            client.watch_order_book_for_symbols(symbols),
        ]

    def heard(self, message: Mapping[str, Any], monotonic: float) -> None:
        """See Wire."""
        if message.get("type") == "error":
            raise StreamBrokenError(f"refused by the venue: {message.get('message')}")
        self._count(message.get("sequence_num"))
        stamp = stamp_ms(message.get("timestamp"))
        self._board.beat(stamp)
        channel = message.get("channel")
        for event in message.get("events") or ():
            if channel == "l2_data":
                self._book(event, stamp)
            elif channel == "market_trades":
                self._trade(event)
            elif channel == "subscriptions":
                for product in (event.get("subscriptions") or {}).get("market_trades") or ():
                    for symbol in self._symbols.get(product, ()):
                        self._trades.agreed(symbol, monotonic)

    def missing(self, monotonic: float) -> list[str]:
        """See Wire."""
        for symbol in self._trades.empty(monotonic):
            self._board.trades(symbol, (), first=True)
        return [
            *(f"the book of {symbol}" for symbol in self._board.symbols if symbol not in self._books),
            *(f"the trades of {symbol}" for symbol in sorted(self._trades.waiting)),
        ]

    def _count(self, number: Any) -> None:
        if not isinstance(number, int):
            return
        if self._next_number is not None and number != self._next_number:
            raise StreamBrokenError(f"message {self._next_number} did not come, {number} did")
        self._next_number = number + 1

    def _book(self, event: Mapping[str, Any], stamp: int | None) -> None:
        for symbol in self._symbols.get(event["product_id"], ()):
            if event.get("type") == "snapshot":
                self._books[symbol] = CoinbaseBook(symbol)
            book = self._books.get(symbol)
            if book is not None:
                book.apply(event["updates"])
                self._board.top(symbol, book.top(stamp))

    def _trade(self, event: Mapping[str, Any]) -> None:
        by_symbol: dict[str, list[PublicTrade]] = {}
        for entry in event.get("trades") or ():
            stamp = stamp_ms(entry["time"])
            if stamp is None:
                raise ValueError(f"a trade without a time: {entry}")
            trade = PublicTrade(int(entry["trade_id"]), stamp, entry["price"], entry["size"])
            for symbol in self._symbols.get(entry["product_id"], ()):
                by_symbol.setdefault(symbol, []).append(trade)
        for symbol, trades in by_symbol.items():
            self._board.trades(symbol, trades, first=self._trades.begun(symbol))


def _symbols_by_product(symbols: Sequence[str], markets: Mapping[str, Any]) -> dict[str, list[str]]:
    """Our symbols by the venue's product id. BTC-USDC is an alias: its messages come as BTC-USD."""
    found: dict[str, list[str]] = {}
    for symbol in symbols:
        product = str(markets[symbol]["id"])
        found.setdefault(product, []).append(symbol)
        if product.endswith("-USDC"):
            found.setdefault(product.removesuffix("C"), []).append(symbol)
    return found

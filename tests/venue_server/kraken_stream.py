"""Kraken's WebSocket v2, as ccxt.pro subscribes to it: trade, book with checksum, ticker, ohlc, heartbeat, ping."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .answers import iso
from .market import PublicTrade

if TYPE_CHECKING:
    from .stream import Connection

CHANNELS = ("trade", "book", "ticker", "ohlc")


class KrakenStream:
    """What one connection says in Kraken's words."""

    def __init__(self, connection: Connection) -> None:
        self._to = connection
        self._venue = connection.venue

    def greet(self) -> None:
        data = [{"system": self._venue.mode, "api_version": "v2", "connection_id": 1, "version": "2.0.0"}]
        self._to.send({"channel": "status", "type": "update", "data": data})

    def asked(self, message: dict[str, Any]) -> None:
        """subscribe or ping."""
        method = message.get("method")
        times = {"time_in": iso(self._venue.now_us()), "time_out": iso(self._venue.now_us())}
        if method == "ping":
            self._to.send({"method": "pong", "req_id": message.get("req_id", 0), **times})
        if method != "subscribe":
            return
        wanted = message["params"]
        channel = wanted["channel"]
        self._to.mute = self._to.mute or self._venue.stream_faults.strikes("mute")
        known = []
        for symbol in wanted["symbol"]:
            answer = {"method": "subscribe", "req_id": message.get("req_id"), **times}
            if channel not in CHANNELS or symbol not in self._venue.streamed():
                error = f"Currency pair not supported {symbol}"
                self._to.send({**answer, "success": False, "symbol": symbol, "error": error}, agreement=True)
                continue
            result = {"channel": channel, "symbol": symbol, "snapshot": True}
            self._to.send({**answer, "success": True, "result": result}, agreement=True)
            known.append(symbol)
        for symbol in known:
            if channel == "ohlc":
                self._to.channels.setdefault("ohlc", set()).add(symbol)
                self._ohlc(symbol, int(wanted.get("interval", 1)))
            elif channel == "ticker":
                self._ticker(symbol)
            else:
                self._to.begin(channel, symbol)

    def beat(self, *, busy: bool) -> None:
        """A heartbeat where nothing else was said."""
        if not busy and self._to.channels:
            self._to.send({"channel": "heartbeat"})

    def lost(self) -> None:
        """A message did not go out; nothing but the trade's number tells."""

    def trades(self, trades: Sequence[PublicTrade], *, snapshot: bool) -> None:
        if not trades:
            return
        data = [
            {
                "symbol": each.symbol,
                "side": each.side,
                "price": float(each.price),
                "qty": float(each.quantity),
                "ord_type": "limit",
                "trade_id": each.number,
                "timestamp": iso(each.at_us),
            }
            for each in trades
        ]
        self._to.send({"channel": "trade", "type": "snapshot" if snapshot else "update", "data": data})

    def book(
        self,
        symbol: str,
        changes: dict[str, list[tuple[Decimal, Decimal]]],
        *,
        snapshot: bool,
        lost: bool,
    ) -> None:
        if lost:
            return
        entry = {
            "symbol": symbol,
            **{
                f"{side}s": [{"price": float(price), "qty": float(size)} for price, size in changes[side]]
                for side in ("bid", "ask")
            },
            "checksum": self._checksum(symbol),
            "timestamp": iso(self._venue.now_us() - self._to.late_us()),
        }
        self._to.send({"channel": "book", "type": "snapshot" if snapshot else "update", "data": [entry]})

    def _checksum(self, symbol: str) -> int:
        pair, book = self._venue.instruments[symbol], self._to.books[symbol]
        best = sorted(book["ask"].items())[:10] + sorted(book["bid"].items(), reverse=True)[:10]
        text = "".join(
            f"{price:.{pair.price_places}f}".replace(".", "").lstrip("0")
            + f"{size:.8f}".replace(".", "").lstrip("0")
            for price, size in best
        )
        return zlib.crc32(text.encode())

    def _ticker(self, symbol: str) -> None:
        _, quote = self._venue.shown(symbol)
        zero = dict.fromkeys(("volume", "vwap", "low", "high", "change", "change_pct"), 0.0)
        prices = {"bid": float(quote.bid), "ask": float(quote.ask), "last": float(quote.last)}
        data = [{"symbol": symbol, **prices, "bid_qty": 1.0, "ask_qty": 1.0, **zero}]
        self._to.send({"channel": "ticker", "type": "snapshot", "data": data})

    def _ohlc(self, symbol: str, minutes: int) -> None:
        bars = self._venue.market.bars(symbol, minutes * 60, self._venue.now_us())
        data = [
            {
                "symbol": symbol,
                **{name: float(getattr(bar, name)) for name in ("open", "high", "low", "close", "volume")},
                "trades": bar.trades,
                "vwap": float(bar.close),
                "interval_begin": iso(start * 1_000_000),
                "interval": minutes,
                "timestamp": iso((start + minutes * 60) * 1_000_000),
            }
            for start, bar in sorted(bars.items())[-50:]
        ]
        self._to.send({"channel": "ohlc", "type": "snapshot", "data": data})

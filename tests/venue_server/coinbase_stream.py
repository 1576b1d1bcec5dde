"""Coinbase's Advanced Trade WebSocket, as ccxt.pro subscribes to it: numbered messages, heartbeats, trades, level2."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .answers import iso, plain
from .market import PublicTrade

if TYPE_CHECKING:
    from .stream import Connection

CHANNELS = {"market_trades": "trade", "level2": "book", "heartbeats": "beat", "ticker": "ticker"}


class CoinbaseStream:
    """What one connection says in Coinbase's words."""

    def __init__(self, connection: Connection) -> None:
        self._to = connection
        self._venue = connection.venue
        self._number = 0
        self._beats = 0
        self._agreed: dict[str, list[str]] = {}

    def greet(self) -> None:
        """It waits for a subscription."""

    def asked(self, message: dict[str, Any]) -> None:
        """subscribe; anything else is an error."""
        channel = CHANNELS.get(message.get("channel", ""))
        if message.get("type") != "subscribe" or channel is None:
            self._to.send({"type": "error", "message": "channel not supported"}, agreement=True)
            return
        self._to.mute = self._to.mute or self._venue.stream_faults.strikes("mute")
        names = {pair.wire_id: symbol for symbol, pair in self._venue.instruments.items()}
        products = [
            name for name in message.get("product_ids", ()) if names.get(name) in self._venue.streamed()
        ]
        self._agreed.setdefault(message["channel"], []).extend(products)
        self._say("subscriptions", [{"subscriptions": self._agreed}], agreement=True)
        for product in products:
            if channel == "ticker":
                self._ticker(names[product])
            else:
                self._to.begin(channel, names[product])

    def beat(self, *, busy: bool) -> None:
        """A heartbeat, if it was subscribed to, whatever else was said."""
        if self._to.channels.get("beat"):
            self._beats += 1
            now = f"{iso(self._venue.now_us())} m=+1.0"
            self._say("heartbeats", [{"current_time": now, "heartbeat_counter": str(self._beats)}])

    def lost(self) -> None:
        """A message did not go out; its number is missing."""
        self._number += 1

    def trades(self, trades: Sequence[PublicTrade], *, snapshot: bool) -> None:
        rows = [
            {
                "trade_id": str(each.number),
                "product_id": self._venue.instruments[each.symbol].wire_id,
                "price": plain(each.price),
                "size": plain(each.quantity),
                "side": each.side.upper(),
                "time": iso(each.at_us),
            }
            for each in reversed(trades)
        ]
        self._say("market_trades", [{"type": "snapshot" if snapshot else "update", "trades": rows}])

    def book(
        self,
        symbol: str,
        changes: dict[str, list[tuple[Decimal, Decimal]]],
        *,
        snapshot: bool,
        lost: bool,
    ) -> None:
        updates = [
            {
                "side": "bid" if side == "bid" else "offer",
                "event_time": iso(self._venue.now_us()),
                "price_level": plain(price),
                "new_quantity": plain(size),
            }
            for side in ("bid", "ask")
            for price, size in changes[side]
        ]
        if lost:
            self.lost()
            return
        product = self._venue.instruments[symbol].wire_id
        kind = "snapshot" if snapshot else "update"
        self._say("l2_data", [{"type": kind, "product_id": product, "updates": updates}])

    def _ticker(self, symbol: str) -> None:
        _, quote = self._venue.shown(symbol)
        row = {
            "type": "ticker",
            "product_id": self._venue.instruments[symbol].wire_id,
            "price": plain(quote.last),
            "best_bid": plain(quote.bid),
            "best_ask": plain(quote.ask),
            "best_bid_quantity": "1",
            "best_ask_quantity": "1",
        }
        self._say("ticker", [{"type": "snapshot", "tickers": [row]}])

    def _say(self, channel: str, events: list[dict[str, Any]], *, agreement: bool = False) -> None:
        message = {
            "channel": channel,
            "client_id": "",
            "timestamp": iso(self._venue.now_us() - self._to.late_us()),
            "sequence_num": self._number,
            "events": events,
        }
        self._number += 1
        self._to.send(message, agreement=agreement)

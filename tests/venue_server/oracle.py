"""What the venue knows for certain, for assertions: its book against the trader's.

"Ours" is what came over the API under a client id that begins with the prefix of the tool. An API order
without it is a stranger: nothing that looks orders up by client id would ever find it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .answers import plain
from .ledger import Ledger
from .orders import ZERO, Order, Trade

PREFIX = "ms"


@dataclass(frozen=True)
class BookedTrade:
    """One fill as the trader wrote it down. `fee` in `fee_asset`."""

    client_id: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str


@dataclass(frozen=True)
class Books:
    """The trader's books. `trades` by the venue's trade id. `open_orders`: client id -> what remains.
    `balances`: asset -> (total, held). What is None is not compared."""

    trades: Mapping[str, BookedTrade]
    open_orders: Mapping[str, Decimal] | None = None
    balances: Mapping[str, tuple[Decimal, Decimal]] | None = field(default=None)


class Oracle:
    """Questions to the venue's ledger."""

    def __init__(self, ledger: Ledger, prefix: str = PREFIX) -> None:
        self._ledger = ledger
        self._prefix = prefix

    def ours(self) -> list[Order]:
        """Every order of the tool that the venue ever accepted."""
        return [o for o in self._ledger.orders.values() if o.ticket.owner == "api" and self._is_ours(o)]

    def strangers(self) -> list[Order]:
        """API orders under a client id that is not the tool's, or none."""
        return [o for o in self._ledger.orders.values() if o.ticket.owner == "api" and not self._is_ours(o)]

    def orders_with(self, client_id: str) -> list[Order]:
        """Every order accepted under a client id; more than one: it was doubled."""
        return self._ledger.with_client_id(client_id)

    def doubled(self) -> list[str]:
        """Client ids of ours under which more than one order was accepted."""
        seen: dict[str, int] = defaultdict(int)
        for order in self.ours():
            seen[order.ticket.client_id] += 1
        return [client_id for client_id, count in seen.items() if count > 1]

    def trades(self) -> list[Trade]:
        """Every fill of ours, the oldest first."""
        names = {order.id for order in self.ours()}
        return [trade for trade in self._ledger.trades.values() if trade.order_id in names]

    def positions(self) -> dict[str, Decimal]:
        """Base asset -> what our own fills left us with."""
        held: dict[str, Decimal] = defaultdict(Decimal)
        for trade in self.trades():
            base, change = self._change(trade)
            held[base] += change
        return {base: quantity for base, quantity in held.items() if quantity}

    def naked_positions(self, dust: Decimal = ZERO) -> dict[str, Decimal]:
        """Base asset (of a perpetual its symbol) -> how much of our position no resting stop of ours would close. Up to
        `dust` is left out."""
        held = self.positions()
        naked = {base: abs(quantity) if ":" in base else quantity for base, quantity in held.items()}
        for order in self.ours():
            symbol = order.ticket.symbol
            base = symbol if ":" in symbol else symbol.split("/")[0]
            closes = "buy" if ":" in symbol and held.get(base, ZERO) < 0 else "sell"
            if order.is_open and order.ticket.side == closes and order.ticket.kind.startswith("stop-loss"):
                naked[base] = naked.get(base, ZERO) - order.remaining
        return {base: quantity for base, quantity in naked.items() if quantity > dust}

    def sold_more_than(self, lots: Mapping[str, Decimal] | None = None) -> dict[str, Decimal]:
        """Base asset -> the most by which our sales ever exceeded `lots` plus what we had bought before.

        Empty: no coin that is not ours was sold."""
        held = defaultdict(Decimal, lots or {})
        worst: dict[str, Decimal] = {}
        for trade in self.trades():
            base, change = self._change(trade)
            held[base] += change
            if held[base] < 0 and ":" not in base:
                worst[base] = max(worst.get(base, ZERO), -held[base])
        return worst

    def differences(self, ours: Books) -> list[str]:
        """Every point where the two books differ, in words."""
        found: list[str] = []
        truth = {trade.id: trade for trade in self.trades()}
        found += [f"trade {name} is not in our books" for name in truth.keys() - ours.trades.keys()]
        found += [f"trade {name} never happened" for name in ours.trades.keys() - truth.keys()]
        for name in truth.keys() & ours.trades.keys():
            found += self._trade_differences(truth[name], ours.trades[name])
        if ours.open_orders is not None:
            rest = {order.ticket.client_id: order.remaining for order in self.ours() if order.is_open}
            for client_id in sorted(rest.keys() | ours.open_orders.keys()):
                if rest.get(client_id) != ours.open_orders.get(client_id):
                    mine, theirs = ours.open_orders.get(client_id), rest.get(client_id)
                    found.append(f"order {client_id}: remaining {mine}, at the venue {theirs}")
        for asset, (total, held) in (ours.balances or {}).items():
            there = self._ledger.balances.get(asset, ZERO), self._ledger.held(asset)
            if (total, held) != there:
                found.append(f"balance {asset}: {total} held {held}, at the venue {there[0]} held {there[1]}")
        return sorted(found)

    def assert_books_agree(self, ours: Books) -> None:
        """To the last digit, or AssertionError with every difference."""
        found = self.differences(ours)
        assert not found, "\n".join(found)

    def report(self) -> dict[str, Any]:
        """All of it for a reader in another process; Decimals as text."""
        return {
            "orders": [_shown(order) for order in self._ledger.orders.values()],
            "trades": [_shown(trade) for trade in self._ledger.trades.values()],
            "balances": {asset: plain(value) for asset, value in self._ledger.balances.items()},
            "holds": {asset: plain(self._ledger.held(asset)) for asset in self._ledger.balances},
            "doubled": self.doubled(),
            "strangers": [order.id for order in self.strangers()],
            "naked": {base: plain(quantity) for base, quantity in self.naked_positions().items()},
            "oversold": {base: plain(quantity) for base, quantity in self.sold_more_than().items()},
        }

    def _is_ours(self, order: Order) -> bool:
        return order.ticket.client_id.startswith(self._prefix)

    def _change(self, trade: Trade) -> tuple[str, Decimal]:
        """(base asset, what one fill did to our holding of it), a fee paid in coins included."""
        ticket = self._ledger.orders[trade.order_id].ticket
        # A perpetual is no coin: it is counted under its symbol.
        base = ticket.symbol if ":" in ticket.symbol else ticket.symbol.split("/")[0]
        change = trade.quantity if ticket.side == "buy" else -trade.quantity
        return base, change - (trade.paid if trade.paid_asset == base else ZERO)

    def _trade_differences(self, truth: Trade, mine: BookedTrade) -> list[str]:
        ticket = self._ledger.orders[truth.order_id].ticket
        theirs = BookedTrade(
            ticket.client_id, ticket.side, truth.quantity, truth.price, truth.paid, truth.paid_asset
        )
        return [
            f"trade {truth.id}: {name} {getattr(mine, name)}, at the venue {getattr(theirs, name)}"
            for name in BookedTrade.__dataclass_fields__
            if getattr(mine, name) != getattr(theirs, name)
        ]


def _shown(thing: Order | Trade) -> dict[str, Any]:
    """A flat picture of an order or a trade."""
    shown = {
        name: plain(value) if isinstance(value, Decimal) else value
        for name, value in vars(thing).items()
        if name != "ticket"
    }
    if isinstance(thing, Order):
        ticket = thing.ticket
        shown |= {"client_id": ticket.client_id, "symbol": ticket.symbol, "side": ticket.side}
        shown |= {"kind": ticket.kind, "owner": ticket.owner}
    return shown

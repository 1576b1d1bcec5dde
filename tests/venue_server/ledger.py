"""The venue's book: every order it ever accepted, every trade, every movement, and the account at each step.

It knows no prices and no wire. Nothing can make a balance negative, and no hold exceeds its balance: a
mistake of the venue itself must not look like one of the trader.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from .orders import ZERO, Entry, Order, OrderStatus, Position, Step, Trade


class Ledger:
    """Balances by asset code (USD, DOGE). `orders` by venue id, in the order of acceptance; `resting`: those
    that may still fill."""

    def __init__(self, balances: Mapping[str, Decimal], seed: int, long_ids: bool) -> None:
        self.balances: dict[str, Decimal] = {}
        self.orders: dict[str, Order] = {}
        self.resting: dict[str, Order] = {}
        self.trades: dict[str, Trade] = {}
        self.entries: list[Entry] = []
        self.positions: dict[str, Position] = {}
        self.steps: list[Step] = []
        self.opening = dict(balances)
        self._seed = seed
        self._long_ids = long_ids
        self._numbers = 0
        self.balances.update(balances)
        self.step("opening", 0)

    def new_id(self, letter: str) -> str:
        """The next id: Kraken's `OXXXXX-XXXXX-XXXXXX`, or a UUID. The same seed gives the same ids."""
        self._numbers += 1
        digest = hashlib.blake2b(f"{self._seed}:{letter}:{self._numbers}".encode(), digest_size=16).digest()
        if self._long_ids:
            return str(UUID(bytes=digest, version=4))
        text = b32encode(digest).decode()
        return f"{letter}{text[:5]}-{text[5:10]}-{text[10:16]}"

    def held(self, asset: str) -> Decimal:
        """What open orders keep of an asset."""
        return sum((order.hold for order in self.resting.values() if order.hold_asset == asset), ZERO)

    def available(self, asset: str) -> Decimal:
        """What a new order may use."""
        return self.balances.get(asset, ZERO) - self.held(asset)

    def accept(self, order: Order) -> None:
        """Take an order into the book."""
        self.orders[order.id] = self.resting[order.id] = order
        self.step(f"accepted {order.id}", order.opened_us)

    def end(self, order: Order, status: OrderStatus, reason: str, time_us: int) -> None:
        """Nothing more will happen to an order: its hold goes free."""
        order.status, order.reason, order.closed_us = status, reason, time_us
        order.pending_cancel = False
        order.hold = ZERO
        del self.resting[order.id]
        self.step(f"{status} {order.id}", time_us)

    def with_client_id(self, client_id: str) -> list[Order]:
        """Every order that was accepted under a client id, the first first."""
        return [order for order in self.orders.values() if order.ticket.client_id == client_id]

    def trades_of(self, order: Order) -> list[Trade]:
        """An order's fills, the first first."""
        return [self.trades[name] for name in order.trades]

    def move(self, kind: str, asset: str, amount: Decimal, reference: str, time_us: int, fee: Decimal) -> str:
        """Book `amount` (negative: out) and then `fee` of an asset; returns the entry's id. Never below zero."""
        after = self.balances.get(asset, ZERO) + amount - fee
        if after < 0:
            raise AssertionError(
                f"the venue's own book would go below zero: {asset} {after}, {kind} {reference}"
            )
        self.balances[asset] = after
        entry = Entry(self.new_id("L"), reference, time_us, kind, asset, amount, fee, after)
        self.entries.append(entry)
        return entry.id

    def turn(self, symbol: str, change: Decimal, price: Decimal) -> Decimal:
        """Change a position in a perpetual; returns what its closed part has earned (below 0: lost)."""
        before = self.positions.get(symbol, Position(ZERO, ZERO))
        after = before.quantity + change
        if before.quantity * change >= 0:
            entry = (before.entry * before.quantity + price * change) / after
            self.positions[symbol] = Position(after, entry)
            return ZERO
        closed = min(abs(before.quantity), abs(change)).copy_sign(before.quantity)
        self.positions[symbol] = Position(after, before.entry if after * before.quantity > 0 else price)
        return ((price - before.entry) * closed).quantize(Decimal("0.00000001"))

    def step(self, what: str, time_us: int) -> None:
        """Write down the account as it is now."""
        holds = {asset: held for asset in self.balances if (held := self.held(asset))}
        for asset, held in holds.items():
            if held > self.balances[asset]:
                raise AssertionError(f"the venue holds {held} {asset} of {self.balances[asset]} after {what}")
        self.steps.append(Step(what, time_us, dict(self.balances), holds))

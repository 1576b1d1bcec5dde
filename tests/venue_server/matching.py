"""Orders against a price that the test sets: deterministic, and seeded where a fill is cut into trades.

The book is a short ladder around the set bid and ask, `depth` of the base asset on each step. What was taken
from it stays taken until the next price.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from .instruments import Instrument
from .ledger import Ledger
from .orders import STOPS, ZERO, Order, OrderStatus, Refusal, Side, Ticket, Trade

LEVELS = 5
MARGIN = Decimal("0.25")  # of the notional that opens or enlarges a position in a perpetual
PLENTY = Decimal(10) ** 12
HOLD_STEP = Decimal("0.00000001")


@dataclass
class Quote:
    """The market in one pair. `taken`: what was used up of each step, by side that is hit."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    depth: Decimal
    at_us: int
    taken: dict[str, list[Decimal]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.taken = {"bid": [ZERO] * LEVELS, "ask": [ZERO] * LEVELS}

    def levels(self, side: str, tick: Decimal) -> Iterator[tuple[int, Decimal, Decimal]]:
        """(index, price, quantity left) of one side, the best first."""
        for index in range(LEVELS):
            price = self.ask + index * tick if side == "ask" else self.bid - index * tick
            if price > 0:
                yield index, price, self.depth - self.taken[side][index]


def down(value: Decimal, step: Decimal) -> Decimal:
    """Cut to a multiple of the step."""
    return (value / step).to_integral_value(ROUND_DOWN) * step


class Matcher:
    """Places, amends, cancels and fills. `now_us`: the venue's clock. `slices`: most trades of one fill."""

    def __init__(
        self,
        ledger: Ledger,
        instruments: Mapping[str, Instrument],
        now_us: Callable[[], int],
        seed: int,
        slices: int = 3,
    ) -> None:
        self.ledger = ledger
        self.instruments = instruments
        self.quotes: dict[str, Quote] = {}
        self.slices = slices
        self.hide_ms = 0
        self.trades_lag_ms = 0
        self._now_us = now_us
        self._seed = seed
        self._last_us = 0

    # --- what the test and the wire ask ----------------------------------------------------------------------

    def set_price(
        self, symbol: str, bid: Decimal, ask: Decimal, last: Decimal | None, depth: Decimal | None
    ) -> None:
        """A new market: sets off stops, then fills what rests. `last`: the last trade (the mid)."""
        instrument = self.instruments[symbol]
        middle = down((bid + ask) / 2, instrument.tick)
        self.quotes[symbol] = Quote(bid, ask, last or middle, depth or PLENTY, self._stamp())
        for order in [each for each in self.ledger.resting.values() if each.ticket.symbol == symbol]:
            self._work(order, fresh=False)

    def place(self, ticket: Ticket) -> Order:
        """Accept an order and match it, or raise Refusal."""
        instrument = self.instruments[ticket.symbol]
        quote = self.quotes[ticket.symbol]
        ticket = self._with_volume(ticket, instrument, quote)
        assert ticket.volume is not None
        self._check_steps(instrument, ticket.volume, ticket.price, ticket.trigger)
        reference = ticket.price or ticket.trigger or quote.last
        if ticket.volume < instrument.least_quantity:
            raise Refusal("below_minimum", f"volume {ticket.volume}")
        if ticket.volume * reference < instrument.least_cost:
            raise Refusal("below_minimum_cost", f"cost {ticket.volume * reference}")
        if ticket.post_only and self._crosses(ticket.side, ticket.price, quote):
            raise Refusal("post_only_crosses")
        now = self._stamp()
        order = Order(
            self.ledger.new_id("O"),
            ticket,
            ticket.volume,
            ticket.price,
            ticket.trigger,
            now,
            now // 1000 + self.hide_ms,
        )
        self._check_funds(order, instrument, quote)
        if ticket.time_in_force == "FOK" and self._fillable(order, instrument) < order.volume:
            raise Refusal("fill_or_kill")
        self.ledger.accept(order)
        self._work(order, fresh=True)
        return order

    def amend(
        self, order: Order, volume: Decimal | None, price: Decimal | None, trigger: Decimal | None
    ) -> None:
        """Change an open order in place; its id and its fills stay."""
        instrument = self.instruments[order.ticket.symbol]
        if not order.is_open:
            raise Refusal("unknown_order", order.id)
        self._check_steps(instrument, volume, price, trigger)
        if volume is not None and (volume <= order.filled or volume < instrument.least_quantity):
            raise Refusal("bad_arguments", "order_qty")
        before = (order.volume, order.price, order.trigger)
        order.volume = order.volume if volume is None else volume
        order.price = order.price if price is None else price
        order.trigger = order.trigger if trigger is None else trigger
        try:
            self._check_funds(order, instrument, self.quotes[order.ticket.symbol])
        except Refusal:
            order.volume, order.price, order.trigger = before
            self._set_hold(order)
            raise
        self.ledger.step(f"amended {order.id}", self._stamp())
        self._work(order, fresh=True)

    def close(self, order: Order, status: OrderStatus, reason: str) -> None:
        """End an order."""
        self.ledger.end(order, status, reason, self._stamp())

    def fill_now(self, order: Order, quantity: Decimal | None = None) -> Decimal:
        """Fill (a part of) an open order at its own price, or the best one; a stop counts as set off. Returns
        how much was filled."""
        quote = self.quotes[order.ticket.symbol]
        best = quote.ask if order.ticket.side == "buy" else quote.bid
        order.triggered = order.ticket.kind in STOPS
        wanted = min(order.remaining, order.remaining if quantity is None else quantity)
        filled = self._book_fill(order, wanted, order.price or best, maker=order.price is not None)
        if order.remaining <= 0 and order.is_open:
            self.close(order, "closed", "")
        return filled

    # --- matching --------------------------------------------------------------------------------------------

    def _work(self, order: Order, fresh: bool) -> None:
        """Everything that the present market does to an open order."""
        quote = self.quotes[order.ticket.symbol]
        set_off = False
        if order.waits_for_trigger:
            if not self._sets_off(order, quote):
                return
            order.triggered = set_off = True
        instrument = self.instruments[order.ticket.symbol]
        takes = fresh or set_off
        side = "ask" if order.ticket.side == "buy" else "bid"
        for index, price, size in list(quote.levels(side, instrument.tick)):
            if order.remaining <= 0 or size <= 0:
                continue
            if not order.is_market and not self._reaches(order, price):
                break
            at = price if takes or order.price is None else order.price
            quote.taken[side][index] += self._book_fill(
                order, min(size, order.remaining), at, maker=not takes
            )
        if order.remaining <= 0:
            self.close(order, "closed", "")
        elif order.is_market:
            # What the book could not take is not kept: a partial fill is a result.
            self.close(order, "canceled", "No liquidity")
        elif order.ticket.time_in_force == "IOC":
            self.close(order, "canceled", "Immediate or cancel")

    def _fillable(self, order: Order, instrument: Instrument) -> Decimal:
        side = "ask" if order.ticket.side == "buy" else "bid"
        levels = self.quotes[order.ticket.symbol].levels(side, instrument.tick)
        return sum((size for _, price, size in levels if self._reaches(order, price)), ZERO)

    def _book_fill(self, order: Order, quantity: Decimal, price: Decimal, maker: bool) -> Decimal:
        """Cut a fill into trades and book them; never more than the account can pay for."""
        instrument = self.instruments[order.ticket.symbol]
        if instrument.contract is None:
            quantity = min(quantity, self._affordable(order, instrument, price, maker))
        chance = random.Random(f"{self._seed}:{order.id}:{len(order.trades)}")
        parts = self._cut(quantity, instrument.lot, chance)
        for part in parts:
            self._book_trade(order, instrument, part, price, maker)
        return sum(parts, ZERO)

    def _cut(self, quantity: Decimal, lot: Decimal, chance: random.Random) -> list[Decimal]:
        if quantity <= 0:
            return []
        parts = []
        for left in range(chance.randint(1, self.slices), 1, -1):
            piece = down(quantity * Decimal(chance.randint(20, 80)) / 100 / left, lot)
            if 0 < piece < quantity:
                parts.append(piece)
                quantity -= piece
        return [*parts, quantity]

    def _affordable(self, order: Order, instrument: Instrument, price: Decimal, maker: bool) -> Decimal:
        if order.ticket.side == "sell":
            return min(order.remaining, self.ledger.available(instrument.base) + order.hold)
        funds = self.ledger.available(instrument.quote) + order.hold
        # Each trade rounds its cost and its fee up by at most one step.
        spare = (instrument.cost_step or ZERO) * 2 * self.slices
        most = (funds - spare) / (price * (1 + instrument.fee_rate(maker)))
        return max(ZERO, down(most, instrument.lot))

    def _book_trade(
        self, order: Order, instrument: Instrument, quantity: Decimal, price: Decimal, maker: bool
    ) -> None:
        now = self._stamp()
        cost = price * quantity
        fee = cost * instrument.fee_rate(maker)
        if instrument.cost_step is not None:
            cost = cost.quantize(instrument.cost_step)
            fee = fee.quantize(instrument.cost_step, ROUND_UP)
        paid, paid_asset = fee, instrument.quote
        if order.ticket.fee_in == "base":
            in_base = (fee / price).quantize(HOLD_STEP, ROUND_UP)
            spare = self.ledger.available(instrument.base) + (
                order.hold if order.ticket.side == "sell" else ZERO
            )
            # A preference only: without coins for it the fee comes out of the quote.
            if order.ticket.side == "buy" or spare - order.remaining >= in_base:
                paid, paid_asset = in_base, instrument.base
        trade = Trade(
            self.ledger.new_id("T"),
            order.id,
            len(self.ledger.trades) + 1,
            now,
            price,
            quantity,
            cost,
            fee,
            paid,
            paid_asset,
            maker,
            max(order.visible_ms, now // 1000 + self.trades_lag_ms),
        )
        self.ledger.trades[trade.id] = trade
        order.trades.append(trade.id)
        order.filled += quantity
        order.cost += cost
        order.fee += fee
        sign = 1 if order.ticket.side == "buy" else -1
        fees = {paid_asset: paid}
        moves = [(instrument.quote, -sign * cost), (instrument.base, sign * quantity)]
        if instrument.contract is not None:
            earned = self.ledger.turn(instrument.symbol, sign * quantity, price)
            moves = [(instrument.quote, earned)]
        for asset, amount in sorted(moves, key=lambda each: -each[1]):
            kind = "trade" if instrument.contract is None else "settlement"
            entry = self.ledger.move(kind, asset, amount, trade.id, now, fees.get(asset, ZERO))
            trade.entries.append(entry)
        self._set_hold(order)
        self.ledger.step(f"trade {trade.id}", now)

    # --- rules -----------------------------------------------------------------------------------------------

    @staticmethod
    def _with_volume(ticket: Ticket, instrument: Instrument, quote: Quote) -> Ticket:
        """A market buy that names what to spend: the fee is inside it."""
        if ticket.cost is None:
            if ticket.volume is None:
                raise Refusal("bad_arguments", "volume")
            return ticket
        volume = down(ticket.cost / (1 + instrument.taker) / quote.ask, instrument.lot)
        return replace(ticket, volume=volume)

    @staticmethod
    def _check_steps(
        instrument: Instrument, volume: Decimal | None, price: Decimal | None, trigger: Decimal | None
    ) -> None:
        for value in (price, trigger):
            if value is not None and (value <= 0 or value % instrument.tick):
                raise Refusal("price_precision", f"{value}")
        if volume is not None and (volume <= 0 or volume % instrument.lot):
            raise Refusal("volume_precision", f"{volume}")

    def _check_funds(self, order: Order, instrument: Instrument, quote: Quote) -> None:
        asset, needed = self._needs(order, instrument, quote)
        others = self.ledger.held(asset) - (order.hold if order.id in self.ledger.resting else ZERO)
        if needed > self.ledger.balances.get(asset, ZERO) - others:
            raise Refusal("insufficient_funds", f"needs {needed} {asset}")
        order.hold, order.hold_asset = needed, asset

    def _set_hold(self, order: Order) -> None:
        instrument = self.instruments[order.ticket.symbol]
        asset, needed = self._needs(order, instrument, self.quotes[order.ticket.symbol])
        # Rounding of trades may eat a step of what was set aside.
        order.hold_asset, order.hold = (
            asset,
            min(needed, max(ZERO, self.ledger.available(asset) + order.hold)),
        )

    def _needs(self, order: Order, instrument: Instrument, quote: Quote) -> tuple[str, Decimal]:
        if instrument.contract is not None:
            held = self.ledger.positions.get(instrument.symbol)
            change = order.remaining if order.ticket.side == "buy" else -order.remaining
            before = ZERO if held is None else held.quantity
            opens = max(ZERO, abs(before + change) - abs(before))
            price = order.price or order.trigger or quote.ask
            return instrument.quote, (opens * price * MARGIN).quantize(HOLD_STEP, ROUND_UP)
        if order.ticket.side == "sell":
            return instrument.base, order.remaining
        if order.ticket.cost is not None:
            return instrument.quote, max(ZERO, order.ticket.cost - order.cost - order.fee)
        price = order.price or order.trigger or quote.ask
        fee = instrument.taker if order.ticket.fee_in == "quote" else ZERO
        needed = order.remaining * price * (1 + fee)
        return instrument.quote, needed.quantize(HOLD_STEP, ROUND_UP)

    @staticmethod
    def _crosses(side: Side, price: Decimal | None, quote: Quote) -> bool:
        if price is None:
            return True
        return price >= quote.ask if side == "buy" else price <= quote.bid

    @staticmethod
    def _reaches(order: Order, price: Decimal) -> bool:
        if order.price is None:
            return True
        return price <= order.price if order.ticket.side == "buy" else price >= order.price

    @staticmethod
    def _sets_off(order: Order, quote: Quote) -> bool:
        assert order.trigger is not None and order.ticket.kind in STOPS
        falls = (order.ticket.side == "sell") == order.ticket.kind.startswith("stop-loss")
        return quote.last <= order.trigger if falls else quote.last >= order.trigger

    def _stamp(self) -> int:
        """The venue's time, never the same twice and never back, so that order of time is order of events."""
        self._last_us = max(self._now_us(), self._last_us + 1)
        return self._last_us

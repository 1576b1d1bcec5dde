"""The venue itself: its clock, its market, its account and its moods, behind one lock. No wire format here.

Everything a test may do to it is a method of HostileVenue; `control.py` offers the same ones over HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Literal

from .answers import Request
from .faults import Fault, FaultPlan, Mix, When
from .instruments import ASSETS, INSTRUMENTS
from .ledger import Ledger
from .market import PublicMarket, PublicTrade
from .matching import Matcher, Quote
from .oracle import Oracle
from .orders import ZERO, Order, Refusal, Side, Ticket, Trade

Mode = Literal["online", "cancel_only", "post_only", "maintenance"]
Number = Decimal | str | int
START = {
    "DOGE/USD": ("0.1000", "0.1001"),
    "BTC/USD": ("60000", "60010"),
    "PEPE/USD": ("0.00001", "0.000010001"),
    "BTC/USD:USD": ("60000", "60010"),
}
KRAKEN_RIGHTS = (
    "query-funds",
    "query-open-trades",
    "query-closed-trades",
    "modify-trades",
    "close-trades",
    "query-ledger",
    "create-ws-token",
)
COINBASE_RIGHTS = ("can_view", "can_trade")


class HostileVenue:
    """One account on one venue. `dialect`: kraken or coinbase. `balances`: by currency code, the user's own
    coins included. `seed`: ids, trades and random faults repeat with it."""

    def __init__(
        self,
        dialect: Literal["kraken", "coinbase"],
        balances: Mapping[str, Number] | None = None,
        seed: int = 1,
        slices: int = 3,
    ) -> None:
        self.dialect = dialect
        self.seed = seed
        self.lock = threading.RLock()
        self.instruments = {each.symbol: each for each in INSTRUMENTS[dialect]}
        self.assets = ASSETS[dialect]
        opening = {"USD": Decimal(1000)} if balances is None else {k: Decimal(v) for k, v in balances.items()}
        self.ledger = Ledger(opening, seed, long_ids=dialect == "coinbase")
        self.oracle = Oracle(self.ledger)
        self.matcher = Matcher(self.ledger, self.instruments, self.now_us, seed, slices)
        self.faults = FaultPlan()
        self.market = PublicMarket()
        self.requests: list[Request] = []
        self.mode: Mode = "online"
        self.rights: set[str] = set(KRAKEN_RIGHTS if dialect == "kraken" else COINBASE_RIGHTS)
        self.last_nonce = 0
        self.history_repeats = False
        self.history_shuffled = False
        self.pending_ms = 0
        self.dead_man_us = 0
        self._frozen_market: tuple[int, dict[str, Quote]] | None = None
        self._offset_us = 0
        self._pace = 1.0
        self._paced_from_us = 0
        self._late_fills: list[tuple[int, str, Decimal]] = []
        self._next_late_fill: tuple[Decimal, int] | None = None
        self._cancels_that_lose = 0
        self._scheduled: list[tuple[int, Callable[[], object]]] = []
        for symbol in self.instruments:
            self.price(symbol, *START[symbol])

    # --- time ------------------------------------------------------------------------------------------------

    def now_us(self) -> int:
        """The venue's clock, microseconds since 1970."""
        true_us = time.time_ns() // 1000
        return true_us + self._offset_us + round((true_us - self._paced_from_us) * (self._pace - 1.0))

    def now_ms(self) -> int:
        """The venue's clock, milliseconds since 1970."""
        return self.now_us() // 1000

    def skew(self, seconds: float) -> None:
        """Let the venue's clock stand this far from ours (negative: behind)."""
        with self.lock:
            self._offset_us = round(seconds * 1_000_000)

    def advance(self, seconds: float) -> None:
        """Let time pass on the venue's clock: what was due happens."""
        with self.lock:
            self._offset_us += round(seconds * 1_000_000)
            self.tick()

    def pace(self, factor: float) -> None:
        """Let the venue's clock run so many times as fast from now on."""
        with self.lock:
            true_us = time.time_ns() // 1000
            self._offset_us += round((true_us - self._paced_from_us) * (self._pace - 1.0))
            self._pace, self._paced_from_us = factor, true_us

    def tick(self) -> None:
        """Carry out what has become due; every request does this first."""
        with self.lock:
            now = self.now_us()
            due = sorted((each for each in self._scheduled if each[0] <= now), key=lambda each: each[0])
            self._scheduled = [each for each in self._scheduled if each[0] > now]
            for _, action in due:
                action()
            for moment, name, quantity in [each for each in self._late_fills if each[0] <= now]:
                self._late_fills.remove((moment, name, quantity))
                self._finish_late(self.ledger.orders[name], quantity)
            for order in self.open_orders():
                if order.ticket.expires_ms and order.ticket.expires_ms * 1000 <= now:
                    self.matcher.close(order, "expired", "Order expired")
            if self.dead_man_us and self.dead_man_us <= now:
                self.dead_man_us = 0
                for order in self.open_orders():
                    self.matcher.close(order, "canceled", "Dead man's switch")

    def schedule(self, after_s: float, action: Callable[[], object]) -> None:
        """Do something when the venue's clock has moved on that far."""
        with self.lock:
            self._scheduled.append((self.now_us() + round(after_s * 1_000_000), action))

    # --- market ----------------------------------------------------------------------------------------------

    def price(
        self, symbol: str, bid: Number, ask: Number, last: Number | None = None, depth: Number | None = None
    ) -> None:
        """Set the market: triggers stops, fills what rests. `depth`: base asset on each of five steps; what
        is taken of it comes back with the next call."""
        with self.lock:
            self.matcher.set_price(
                symbol,
                Decimal(bid),
                Decimal(ask),
                None if last is None else Decimal(last),
                None if depth is None else Decimal(depth),
            )

    def trade(self, symbol: str, price: Number, quantity: Number = 1, side: str = "buy") -> PublicTrade:
        """Others trade, now: it shows in the public trades, in the candles, and on the WebSocket."""
        with self.lock:
            return self.market.print(symbol, Decimal(price), Decimal(quantity), side, self.now_us())

    def lag_candles(self, seconds: float) -> None:
        """REST candles know only of trades that are older than that."""
        self.market.candle_lag_us = round(seconds * 1_000_000)

    def script(self, symbol: str, prices: Sequence[tuple[float, Number, Number]]) -> None:
        """Prices to come: (seconds from now on the venue's clock, bid, ask)."""
        for after_s, bid, ask in prices:
            self.schedule(after_s, partial(self.price, symbol, bid, ask))

    def freeze_market_data(self, frozen: bool = True) -> None:
        """Public answers keep showing this moment's prices and times, while trading goes on."""
        with self.lock:
            self._frozen_market = (self.now_us(), dict(self.matcher.quotes)) if frozen else None

    def shown(self, symbol: str) -> tuple[int, Quote]:
        """What public market data shows: (time in microseconds, quote)."""
        if self._frozen_market is not None:
            return self._frozen_market[0], self._frozen_market[1][symbol]
        return self.now_us(), self.matcher.quotes[symbol]

    # --- moods -----------------------------------------------------------------------------------------------

    def fail(
        self,
        shape: str,
        where: str = "",
        when: When = "before",
        times: int = 1,
        skip: int = 0,
        late_s: float = 0.0,
    ) -> None:
        """Plan a fault; see faults.py."""
        with self.lock:
            self.faults.planned.append(Fault(shape, where, when, times, skip, late_s))

    def mix(
        self,
        shapes: Sequence[str],
        share: float,
        seed: int | None = None,
        where: str = "",
        whens: Sequence[When] = ("before", "after"),
        late_s: float = 1.0,
    ) -> None:
        """Random faults from now on, until `calm`."""
        with self.lock:
            chosen = self.seed if seed is None else seed
            self.faults.mix = Mix(shapes, share, chosen, where, whens, late_s)

    def calm(self) -> None:
        """No more faults, no more moods; what is invisible becomes visible."""
        with self.lock:
            self.faults.clear()
            self.set_mode("online")
            self.matcher.hide_ms = self.matcher.trades_lag_ms = self.pending_ms = 0
            self.history_repeats = self.history_shuffled = False
            self._frozen_market = self._next_late_fill = None
            self._cancels_that_lose = 0
            self.market.candle_lag_us = 0
            self.reveal()

    def set_mode(self, mode: Mode) -> None:
        """online, cancel_only, post_only or maintenance."""
        self.mode = mode

    def set_rights(self, rights: Sequence[str]) -> None:
        """What the key may do from now on, in the venue's own words."""
        self.rights = set(rights)

    def hide_new_orders(self, seconds: float) -> None:
        """Orders accepted from now on stay out of every list for so long."""
        self.matcher.hide_ms = round(seconds * 1000)

    def lag_trades(self, seconds: float) -> None:
        """Trades reach the history that much later than the fill."""
        self.matcher.trades_lag_ms = round(seconds * 1000)

    def show_pending(self, seconds: float) -> None:
        """Coinbase: a new order says PENDING for so long, and no list of open orders has it."""
        self.pending_ms = round(seconds * 1000)

    def reveal(self) -> None:
        """Everything that is hidden becomes visible."""
        with self.lock:
            for order in self.ledger.orders.values():
                order.visible_ms = 0
            for trade in self.ledger.trades.values():
                trade.visible_ms = 0

    def disturb_history(self, repeats: bool = False, shuffled: bool = False) -> None:
        """Trades come twice (Kraken: pages overlap) or in no order."""
        self.history_repeats, self.history_shuffled = repeats, shuffled

    def fill_after_cancel(self, quantity: Number, after_s: float = 0.0) -> None:
        """The next cancel is accepted, and then so much still fills; only after that the order is dead."""
        self._next_late_fill = (Decimal(quantity), round(after_s * 1_000_000))

    def lose_cancels(self, times: int = 1) -> None:
        """The next cancels come too late: the order fills first."""
        self._cancels_that_lose = times

    # --- account ---------------------------------------------------------------------------------------------

    def deposit(self, asset: str, amount: Number) -> None:
        """Money or coins come in from outside."""
        with self.lock:
            now = self.now_us()
            self.ledger.move("deposit", asset, Decimal(amount), self.ledger.new_id("Q"), now, ZERO)
            self.ledger.step(f"deposit {amount} {asset}", now)

    def withdraw(self, asset: str, amount: Number, fee: Number = 0) -> None:
        """Money or coins leave, and a fee on top; refused where an order holds them."""
        with self.lock:
            if Decimal(amount) + Decimal(fee) > self.ledger.available(asset):
                raise Refusal("insufficient_funds", f"{amount} {asset}")
            now, name = self.now_us(), self.ledger.new_id("Q")
            self.ledger.move("withdrawal", asset, -Decimal(amount), name, now, Decimal(fee))
            self.ledger.step(f"withdrawal {amount} {asset}", now)

    def reward(self, asset: str, amount: Number) -> None:
        """The venue pays something for holding an asset."""
        with self.lock:
            now = self.now_us()
            self.ledger.move("staking", asset, Decimal(amount), self.ledger.new_id("Q"), now, ZERO)
            self.ledger.step(f"reward {amount} {asset}", now)

    def user_order(
        self,
        symbol: str,
        side: Side,
        kind: str,
        volume: Number,
        price: Number | None = None,
        trigger: Number | None = None,
        client_id: str = "",
    ) -> Order:
        """The user enters an order by hand, on the same account."""
        with self.lock:
            ticket = Ticket(
                symbol,
                side,
                kind,
                Decimal(volume),
                price=None if price is None else Decimal(price),
                trigger=None if trigger is None else Decimal(trigger),
                client_id=client_id,
                owner="user",
            )
            return self.matcher.place(ticket)

    def open_orders(self) -> list[Order]:
        """Every order that may still fill, the oldest first."""
        return list(self.ledger.resting.values())

    def visible_orders(self) -> list[Order]:
        """What the lists may show now, the oldest first."""
        now = self.now_ms()
        return [order for order in self.ledger.orders.values() if order.visible_ms <= now]

    def visible_trades(self) -> list[Trade]:
        """What the history may show now, the oldest first."""
        now = self.now_ms()
        return [trade for trade in self.ledger.trades.values() if trade.visible_ms <= now]

    # --- what the wire formats ask ---------------------------------------------------------------------------

    def place(self, ticket: Ticket) -> Order:
        """Accept an order under the present mode, or raise Refusal."""
        if self.mode == "maintenance":
            raise Refusal("unavailable")
        if self.mode == "cancel_only":
            raise Refusal("cancel_only")
        if self.mode == "post_only" and not ticket.post_only:
            raise Refusal("post_only_mode")
        return self.matcher.place(ticket)

    def cancel(self, order: Order) -> None:
        """Cancel an order; Refusal where it is dead, or loses against a fill."""
        if not order.is_open or order.pending_cancel:
            raise Refusal("unknown_order", order.id)
        if self._cancels_that_lose > 0:
            self._cancels_that_lose -= 1
            self.matcher.fill_now(order)
            raise Refusal("unknown_order", order.id)
        if self._next_late_fill is not None:
            quantity, after_us = self._next_late_fill
            self._next_late_fill = None
            order.pending_cancel = True
            self._late_fills.append((self.now_us() + after_us, order.id, quantity))
            return
        self.matcher.close(order, "canceled", "User requested")

    def set_dead_man(self, seconds: int) -> None:
        """Cancel everything after so many seconds; 0 switches it off."""
        self.dead_man_us = self.now_us() + seconds * 1_000_000 if seconds else 0

    def asked(self, where: str) -> list[Request]:
        """The requests so far whose path holds `where`."""
        return [each for each in self.requests if where in each.path]

    def _finish_late(self, order: Order, quantity: Decimal) -> None:
        if order.is_open:
            order.pending_cancel = False
            self.matcher.fill_now(order, quantity)
        if order.is_open:
            self.matcher.close(order, "canceled", "User requested")

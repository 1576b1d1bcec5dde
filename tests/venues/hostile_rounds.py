"""Random trading on a hostile venue, by processes that are killed at random moments and started again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from venue_cases import PREFIX, STORE, STRATEGY, SYMBOL, Desk, desk_on, intent
from venue_server import AMBIGUOUS

from memesnipe_cli.errors import MemesnipeError
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.attempts import OrderKey
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.protect import Cover, Protector
from memesnipe_cli.venues.reconciling import reconcile_now

D = Decimal
# A hang costs the client's whole timeout; the other faults cost nothing.
SHAPES = (*[each for each in AMBIGUOUS if each != "timeout"], "rate-limit", "nonce")


class Killed(BaseException):
    """The process is no more; nothing that it would have done happens."""


class Fate:
    """Kills the process at a random write or a random call, before or after it."""

    def __init__(self, chance: random.Random, share: float) -> None:
        self._chance = chance
        self._share = share

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def maybe(*args: Any, **named: Any) -> Any:
            if self._chance.random() < self._share:
                raise Killed
            answer = call(*args, **named)
            if self._chance.random() < self._share:
                raise Killed
            return answer

        return maybe


def play(dialect: str, folder: Path, seed: int, rounds: int = 8) -> Desk:
    """One account's life; at its end the venue is calm, everything was settled, and nothing is naked but dust."""
    chance = random.Random(seed)
    with desk_on(dialect, folder, usd="100000", seed=seed) as desk:
        desk.server.disturb_history(repeats=True, shuffled=True)
        desk.server.user_order(SYMBOL, "sell", "limit", "500", price="0.2")
        trader = Trader(desk, chance)
        assert not trader.findings()
        fate = Fate(chance, 0.012)
        for number in range(rounds):
            whens = ("before", "after", "later")
            desk.server.mix(SHAPES, 0.1, seed=seed * 1000 + number, whens=whens, late_s=2.0)
            desk.server.matcher.hide_ms = chance.choice((0, 0, 2_000))
            desk.server.matcher.trades_lag_ms = chance.choice((0, 0, 4_000))
            trader.lives(fate, number)
            desk.server.advance(chance.choice((0.5, 2, 5)))
            trader.moves_the_market()
        desk.server.calm()
        trader.rests()
        assert not desk.server.oracle.naked_positions(trader.dust())
        return desk


class Trader:
    """What a loop would do, chosen by chance."""

    def __init__(self, desk: Desk, chance: random.Random) -> None:
        self.desk = desk
        self._chance = chance
        self._key = OrderKey("s", STRATEGY, desk.server.dialect, SYMBOL, 0, "stop")
        self._leg = 0
        self._stop = D("0.09")

    def lives(self, fate: Fate, number: int) -> None:
        """A few steps of one process, until it is killed or done."""
        desk = self.desk
        executor = desk.restart()
        journal, client = executor.desk.journal, desk.venue._exchange  # type: ignore[attr-defined]
        journal.append_many = fate.around(journal.append_many)  # type: ignore[method-assign]
        whole = client.fetch
        client.fetch = fate.around(whole)
        try:
            executor.start()
            for _ in range(self._chance.randint(5, 12)):
                self._step()
        except (Killed, MemesnipeError):
            pass
        finally:
            client.fetch = whole

    def moves_the_market(self) -> None:
        """A little up or down, seldom through the stop; sometimes there is little to buy."""
        bid = D(self._chance.choice(("0.1000", "0.1002", "0.0998", "0.0999", "0.0889")))
        depth = self._chance.choice(("100000", "30", "9"))
        self.desk.server.price(SYMBOL, bid, bid + D("0.0001"), depth=depth)

    def rests(self) -> None:
        """The venue is well: settle, protect, reconcile."""
        desk = self.desk
        desk.server.price(SYMBOL, "0.1000", "0.1001", depth="100000")
        desk.restart().start()
        for _ in range(12):
            desk.settle_all(wanted=True)
            for order in desk.book.unsettled():
                if order.state is OrderState.UNKNOWN and not desk.server.oracle.orders_with(order.intent.id):
                    desk.executor.settle_by_hand(order.intent.id, "looked: there is none")
            if self.cover() in (Cover.COVERED, Cover.NOTHING_HELD, Cover.DUST) and not self.findings():
                return
            desk.server.advance(6)
            desk.executor.desk.sync_clock()
        raise AssertionError(f"{self.cover()}: {self.findings()}")

    def dust(self) -> Decimal:
        """The most that no stop can rest under."""
        product = self.desk.facts().product
        return max(product.min_qty or D(0), (product.min_notional or D(0)) / D("0.089"))

    def cover(self) -> Cover:
        facts = self.desk.facts(reference=D("0.1"))
        return (
            Protector(self.desk.executor, STORE, "main", D("0.01")).step(self._key, self._stop, facts).cover
        )

    def findings(self) -> Sequence[Any]:
        """What does not agree with the venue, the user's own left aside."""
        done = reconcile_now(self.desk.executor.desk, PREFIX)
        return [*done.impossible, *(each for each in done.findings if each.kind != "foreign")]

    def _step(self) -> None:
        choice = self._chance.random()
        try:
            if choice < 0.4:
                self._buy()
            elif choice < 0.7:
                self._stop = D(self._chance.choice(("0.0900", "0.0905", "0.0910")))
                self.cover()
            elif choice < 0.85:
                self._sell()
            else:
                for order in list(self.desk.book.live()):
                    self.desk.executor.settle(order.intent.id, wanted=self._chance.random() < 0.5)
        except MemesnipeError:
            self.desk.server.advance(1)

    def _buy(self) -> None:
        self._leg += 1
        expires = self._chance.choice((None, self.desk.server.now_ms() + 20_000))
        qty = D(self._chance.randint(20, 200))
        order = intent(self.desk.server.dialect, f"entry {self._leg}", qty=qty)
        self.desk.executor.place(order, self.desk.facts(), expires_ms=expires)

    def _sell(self) -> None:
        """Out: take the stop back, wait for its end, sell what is left."""
        desk = self.desk
        for stop in desk.book.protecting(STRATEGY, SYMBOL):
            desk.executor.cancel(stop.intent.id, desk.facts())
            desk.executor.settle(stop.intent.id)
        held = desk.book.held(STRATEGY, SYMBOL)
        if held <= 0 or desk.book.protecting(STRATEGY, SYMBOL):
            return
        self._leg += 1
        order = intent(desk.server.dialect, f"exit {self._leg}", Action.REDUCE, qty=held, price=D("0.0985"))
        said = desk.executor.place(order, desk.facts())
        if not isinstance(said, Refused):
            desk.executor.settle(said.intent.id)

"""Exits: what is to leave is sold in IOC slices inside a collar that widens with each try, the stop staying under
the rest until its slice starts. Each call is one step that leaves the account in a state another process could go
on from."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from memesnipe_cli.clock import format_time
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.open_trade import entry_bar, last_of
from memesnipe_cli.engine.words import EXIT_REASONS
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.live.account import LiveAccount
from memesnipe_cli.live.cover import Covers
from memesnipe_cli.live.patience import Patience
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.bounds import exit_price
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues.attempts import next_attempt
from memesnipe_cli.venues.order_state import UNSETTLED, OrderState
from memesnipe_cli.venues.steps import whole_lots, whole_ticks

_ZERO = Decimal(0)
_TRIES_WITHOUT_STOP = 3
# What a venue says of a product in which nothing can be sold for now: a stop that rests stays where it is.
_NO_SELLING = frozenset({"cancel_only", "maintenance", "delisted", "view_only"})


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is to leave a slot now. limit: no worse than this price; None for as far as the collar goes."""

    qty: Decimal
    reason: int
    leg: str
    bar_ms: int
    limit: Decimal | None = None


@dataclass(slots=True)
class Exits:
    """The exits of an account. collar: the share that a first try may give away; most: the largest slice, in quote
    currency."""

    account: LiveAccount
    covers: Covers
    collar: Decimal
    most: Decimal
    _patience: dict[int, Patience] = field(default_factory=dict)

    def step(self, slot: int) -> Decimal:
        """One step of what is to leave the slot, if anything is; how much of it no stop may be under."""
        account = self.account
        patience = self._patience.setdefault(slot, Patience())
        open_exits = [each for each in account.orders(slot) if each.intent.action is Action.REDUCE]
        if open_exits:
            if patience.due(account.monotonic()):
                patience.tried(account.monotonic())
                facts = account.market.exit_facts(account.terms(slot).symbol, None)
                for each in open_exits:
                    wanted = account.held(slot) >= each.left
                    account.executor.settle_sell(each.intent.id, facts, wanted=wanted)
            return sum((each.left for each in open_exits), _ZERO)
        leaving = self._wanted(slot)
        if leaving is None:
            patience.done()
            return _ZERO
        if not patience.due(account.monotonic()):
            return self.covers.released(slot)
        patience.tried(account.monotonic())
        return self._sell(slot, leaving, patience)

    def _wanted(self, slot: int) -> Leaving | None:
        account = self.account
        lots, terms = account.cell(slot, layout.LOTS), account.terms(slot)
        if not lots or account.held(slot) <= 0:
            # Nothing is held, or all was sold and is not taken in yet.
            return None
        rows = account.book.open_rows(slot)
        reason = account.cell(slot, layout.LEAVE)
        if reason:
            # What was too small to sell before leaves with the rest.
            return Leaving(
                account.held(slot), reason, "exit", last_of(rows, layout.EXIT_ORDER)[layout.EVENT_TS]
            )
        target, target_lots = account.cell(slot, layout.TARGET), account.cell(slot, layout.TARGET_LOTS)
        if not target or not target_lots:
            return None
        selling = account.position(slot) == "long"
        quote = account.market.feed.quote(terms.symbol)
        limit = target * terms.tick
        if quote is None or (quote.bid < limit if selling else quote.ask > limit):
            return None
        qty = account.held(slot) if target_lots == lots else target_lots * terms.lot
        return Leaving(qty, layout.BY_TARGET, "target", entry_bar(rows), limit)

    def _sell(self, slot: int, leaving: Leaving, patience: Patience) -> Decimal:
        account, terms = self.account, self.account.terms(slot)
        selling = account.position(slot) == "long"
        product = account.market.products[terms.symbol]
        if product.status in _NO_SELLING:
            account.say(
                f"{terms.symbol} is {product.status} at {terms.venue}: {leaving.qty} cannot leave now"
            )
            return _ZERO
        reference = account.market.price(terms.symbol, selling=selling)
        if reference is None:
            account.say(f"no price of {terms.symbol} can be had: {leaving.qty} waits to leave")
            return _ZERO
        key = account.order_key(slot, leaving.bar_ms, leaving.leg)
        attempt = next_attempt(account.executor.book, key, account.store_id, account.name)
        if attempt is None:
            return self.covers.released(slot)
        tick = product.tick or terms.tick
        price = leaving.limit or exit_price(selling, reference, tick, self.collar, patience.tries - 1)
        qty = whole_lots(min(leaving.qty, self.most / price), product.lot or terms.lot)
        # By what it is worth: a limit that many tries have moved far away makes no dust.
        if not self._is_sellable(qty, leaving.limit or reference, slot):
            self._write_off(slot, leaving)
            return _ZERO
        price = max(price, (product.min_notional or _ZERO) / qty)
        if not self.covers.release(slot, qty):
            return qty
        try:
            said = account.executor.place(
                OrderIntent(
                    id=attempt.order_id,
                    action=Action.REDUCE,
                    venue=terms.venue,
                    symbol=terms.symbol,
                    base=terms.base,
                    strategy=key.strategy,
                    cluster=terms.cluster,
                    side="sell" if selling else "buy",
                    qty=qty,
                    price=whole_ticks(price, tick, up=selling),
                    kind="limit",
                    position=account.position(slot),
                    reason=EXIT_REASONS[leaving.reason],
                    attempt=patience.tries - 1,
                ),
                account.market.exit_facts(terms.symbol, reference),
            )
        except RefusedError:
            # Another order may be selling the same lots, which the venue has not said yet.
            return qty
        if isinstance(said, Refused):
            account.say(f"the exit of {qty} {terms.symbol} was not let through: {said.message}")
            return self._until_later(qty, patience)
        if said.state is OrderState.REFUSED:
            account.say(f"{terms.venue} refused the exit of {qty} {terms.symbol}: {said.reason}")
            return self._until_later(qty, patience)
        if said.state not in UNSETTLED:
            account.executor.settle(said.intent.id)
        if said.filled:
            patience.done()
        return qty - said.filled if said.state in UNSETTLED else said.left

    @staticmethod
    def _until_later(qty: Decimal, patience: Patience) -> Decimal:
        """The next try comes soon after the first ones; after more of them the stop goes back meanwhile."""
        return qty if patience.tries <= _TRIES_WITHOUT_STOP else _ZERO

    def _is_sellable(self, qty: Decimal, price: Decimal, slot: int) -> bool:
        product = self.account.market.products[self.account.terms(slot).symbol]
        enough = qty >= (product.min_qty or _ZERO) and qty * price >= (product.min_notional or _ZERO)
        return qty > 0 and enough

    def _write_off(self, slot: int, leaving: Leaving) -> None:
        """Too small for the venue: it stays ours, outside the account, and is sold with the next lots of that coin."""
        account = self.account
        lots, last = account.cell(slot, layout.LOTS), account.cell(slot, layout.LAST_CLOSE)
        if not account.cell(slot, layout.LEAVE) or not self.covers.release(slot, leaving.qty):
            return
        events = account.kernel.left(account.bar_now(), slot, layout.BY_DUST, lots, 0, 0, 0, last)
        account.write(events, dust=f"{leaving.qty:f}", time=format_time(account.now()))
        account.say(f"{leaving.qty} {account.terms(slot).symbol} is too small to sell and is kept as dust")

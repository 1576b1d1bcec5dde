"""Keeps a stop at the venue under what each slot holds, notices when one sells, and looks after the price itself where
no stop can rest or one that was set off does not fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.open_trade import entry_bar, last_of
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.live.account import LiveAccount
from memesnipe_cli.live.patience import Patience
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.order_book import Order
from memesnipe_cli.venues.protect import Cover, Protection

_ZERO = Decimal(0)
LOOK_EVERY_S = 10.0  # how often a resting stop is asked after, for each position that is held
LOOK_SOON_S = 1.0  # the same once the price has reached it
CHASE_AFTER_S = 5.0  # a stop that was set off and does not fill is chased after this


@dataclass(slots=True)
class _Slot:
    """protection: what the last step said; released: what a sale has asked to be free of a stop; beyond_s: since when
    the price lies beyond the stop."""

    protection: Protection | None = None
    released: Decimal = _ZERO
    patience: Patience = field(default_factory=Patience)
    looked_s: float = 0.0
    beyond_s: float | None = None
    words: str = ""
    refused: str = ""


@dataclass(slots=True)
class Covers:
    """The stops of an account."""

    account: LiveAccount
    _slots: dict[int, _Slot] = field(default_factory=dict)

    def of(self, slot: int) -> Protection | None:
        """How a slot stands; None where nothing was held lately."""
        return self._slots[slot].protection if slot in self._slots else None

    def released(self, slot: int) -> Decimal:
        """How much of a slot no stop is to be under."""
        return self._slots[slot].released if slot in self._slots else _ZERO

    def release(self, slot: int, qty: Decimal) -> bool:
        """Take the stop off `qty` that is about to be sold; True once no stop holds it any more."""
        own = self._slots.setdefault(slot, _Slot())
        own.released = qty
        self._step(slot, own)
        resting = sum((each.left for each in self._stops(slot)), _ZERO)
        return resting <= self.account.held(slot) - qty

    def step(self, slot: int, leaving: Decimal) -> None:
        """One step: a stop under all that is held but `leaving`, which an exit has taken off it."""
        account = self.account
        own = self._slots.setdefault(slot, _Slot())
        own.released = leaving
        busy = account.held(slot) > 0 and (account.cell(slot, layout.LOTS) or self._late_entry(slot))
        if not busy and not self._stops(slot):
            self._slots.pop(slot)
            return
        self._look(slot, own)
        if own.patience.due(account.monotonic()):
            self._step(slot, own)
        self._watch(slot, own)

    def stop_price(self, slot: int) -> Decimal | None:
        """Where the slot's stop belongs: the account's, or before it knows the position that of the entry."""
        account = self.account
        if account.cell(slot, layout.LOTS):
            return account.cell(slot, layout.STOP) * account.terms(slot).tick
        late = self._late_entry(slot)
        return None if late is None else account.executor.book.of(late).intent.stop

    def _step(self, slot: int, own: _Slot) -> None:
        account, terms = self.account, self.account.terms(slot)
        stop = self.stop_price(slot)
        facts = account.market.exit_facts(terms.symbol, None)
        now_s = account.monotonic()
        try:
            if stop is None or stop <= 0:
                stop = terms.tick
            key = account.order_key(slot, self._bar(slot), "stop")
            leaving = (
                own.released
                if account.cell(slot, layout.LOTS) or self._late_entry(slot)
                else account.held(slot)
            )
            own.protection = account.protector.step(key, stop, facts, leaving)
        except RefusedError as refused:
            own.protection = Protection(Cover.NAKED, account.held(slot), "", refused.message)
        if own.protection.cover in (Cover.COVERED, Cover.NOTHING_HELD, Cover.TRIGGERED):
            own.patience.done()
        else:
            own.patience.tried(now_s)
        self._tell(slot, own)

    def _look(self, slot: int, own: _Slot) -> None:
        """Ask after resting stops from time to time, and soon once the price has reached them."""
        account = self.account
        now_s = account.monotonic()
        # Questions cost: the more is held, the longer between two of the same.
        every = LOOK_EVERY_S * max(1, len(self._slots)) if own.beyond_s is None else LOOK_SOON_S
        if now_s - own.looked_s < every:
            return
        own.looked_s = now_s
        for order in self._stops(slot):
            if order.venue_id:
                account.executor.settle(order.intent.id)

    def _watch(self, slot: int, own: _Slot) -> None:
        """The price has reached the stop: one that rests is chased after a while, where none rests the position leaves
        now."""
        account = self.account
        stop, terms = self.stop_price(slot), account.terms(slot)
        quote = account.market.feed.quote(terms.symbol)
        age = account.market.feed.age_ms(terms.symbol)
        if stop is None or quote is None or age is None or age > account.market.data_age_ms:
            return
        if account.held(slot) <= 0:
            return  # all is sold, and taken in within this step
        long = account.position(slot) == "long"
        beyond = quote.bid <= stop if long else quote.ask >= stop
        now_s = account.monotonic()
        if not beyond or not account.cell(slot, layout.LOTS) or account.cell(slot, layout.LEAVE):
            own.beyond_s = None
            return
        if own.beyond_s is None:
            own.beyond_s, own.looked_s = now_s, 0.0
        rests = own.protection is not None and own.protection.cover in (Cover.COVERED, Cover.TRIGGERED)
        if not rests or now_s - own.beyond_s >= CHASE_AFTER_S:
            account.say(
                f"{terms.symbol} is at its stop of {stop} and "
                + ("its stop has not filled: it is chased" if rests else "no stop rests: it leaves now")
            )
            account.write(account.kernel.leave(account.bar_now(), slot, layout.BY_STOP))

    def _bar(self, slot: int) -> int:
        rows = self.account.book.open_rows(slot)
        if any(row[layout.KIND] == layout.ENTRY_FILL for row in rows):
            return entry_bar(rows)
        if any(row[layout.KIND] == layout.ENTRY_ORDER for row in rows):
            return last_of(rows, layout.ENTRY_ORDER)[layout.EVENT_TS] + self.account.inputs.tape.base_ms
        return self.account.bar_now()

    def _late_entry(self, slot: int) -> str | None:
        """The entry of which something has filled that the account has not taken in yet."""
        waiting = self.account.pending.of(self.account.key(slot))
        book = self.account.executor.book
        return next((each for each, _ in waiting if book.of(each).intent.action is Action.ENTRY), None)

    def _stops(self, slot: int) -> list[Order]:
        return self.account.executor.book.protecting(*self.account.key(slot))

    def _tell(self, slot: int, own: _Slot) -> None:
        """A change for the worse is said once."""
        said = own.protection
        if said is not None and said.refused and said.refused != own.refused:
            own.refused = said.refused
            symbol = self.account.terms(slot).symbol
            self.account.say(f"the stop of {symbol} cannot be taken back ({said.refused}): asked again")
        elif said is not None and said.cover in (Cover.COVERED, Cover.NOTHING_HELD):
            own.refused = ""
        if said is None or said.cover not in (Cover.NAKED, Cover.DUST):
            own.words = ""
        elif said.words != own.words:
            own.words = said.words
            symbol = self.account.terms(slot).symbol
            self.account.say(
                f"no stop rests under {said.naked} {symbol} ({said.words}): the loop watches the price"
            )

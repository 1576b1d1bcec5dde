"""The breaker of a live loop: levels that others set are obeyed within moments, and the account is judged on prices
that are fresh and confirmed. A venue out of reach is no loss: then nothing is judged, and nothing is entered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import MONEY_UNIT
from memesnipe_cli.engine.run import from_units, to_units
from memesnipe_cli.engine.session_marks import marks_of
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.live.account import LiveAccount
from memesnipe_cli.live.perpetuals import pledged
from memesnipe_cli.risk.checked import CheckFailed, checked
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.mark_guard import Confirmed, Held, MarkGuard, Unconfirmed
from memesnipe_cli.risk.marks_file import write_marks

if TYPE_CHECKING:
    from pathlib import Path

    from memesnipe_cli.engine.session_breaker import SessionBreaker
    from memesnipe_cli.engine.session_marks import Trading

JUDGE_EVERY_S = 0.5
LEAST_FLOW = Decimal("0.01")  # below it is rounding


@dataclass(slots=True)
class Guard:
    """equity: the last one, in the quote currency; unconfirmed: why the account could not be marked just now, "" where
    it could."""

    account: LiveAccount
    breaker: SessionBreaker
    marks: MarkGuard
    trading: Trading
    marks_path: Path
    equity: float = 0.0
    unconfirmed: str = ""
    _judged_s: float = field(default=-math.inf)

    @property
    def level(self) -> Level:
        """The account's level."""
        return Level(self.account.kernel.row(0)[rows.LEVEL])

    @property
    def halted_strategies(self) -> list[str]:
        """The strategies that the breaker has halted."""
        scopes = enumerate(self.account.book.state.scopes)
        return [
            scope.partition(":")[2]
            for number, scope in scopes
            if number and self.account.kernel.row(number)[rows.LEVEL] >= Level.HALT
        ]

    def look(self) -> None:
        """Between bars: take the prices in, obey what others have set, judge the account twice a second."""
        self.hear()
        now_s = self.account.monotonic()
        if self.breaker.has_news() or now_s - self._judged_s >= JUDGE_EVERY_S:
            self.judge()

    def judge(self) -> None:
        """Obey the latch, mark the account, judge it, and put what it has reached into the latch before the journal."""
        account, ts = self.account, self.account.decided_ms
        self._judged_s = account.monotonic()
        account.write(self.breaker.obey(ts))
        account.market.standing.latch = self.breaker.seen
        waiting = [slot for slot in account.slots if account.cell(slot, layout.WAIT_LOTS)]
        spared = [slot for slot in waiting if account.waiting_order(slot) is not None]
        if not self._mark():
            # Nothing is judged on prices that are not known; what a person has set is done all the same.
            account.write(account.kernel.demand(ts, spared))
            return
        judged = checked("breaker", lambda: account.kernel.guard(ts, spared))
        if isinstance(judged, CheckFailed):
            self.breaker.fail(judged)
            raise RefusedError(
                f"a check of the breaker failed ({judged.reason}): trading has stopped",
                "stops rest at the venue; the breaker is at HALT; please report this, with the journal",
                code=judged.cause,
            )
        self.equity, events = judged
        self.breaker.latch(ts + account.inputs.tape.base_ms)
        account.write(events)
        account.market.standing.latch = self.breaker.seen

    def settle_flows(self) -> Decimal:
        """Take out of the account what was withdrawn of its own money, once book and venue agree; how much. Money that
        came in is not the account's: it has the capital that it was given."""
        account = self.account
        there = account.executor.book.expected.get(account.market.venue, {}).get(account.currency)
        if there is None or account.pending.fills or pledged(account.executor.book, account.currency):
            return Decimal(0)
        gone = from_units(account.kernel.cash) - there
        if gone < LEAST_FLOW:
            return Decimal(0)
        account.write(
            account.kernel.flowed(account.decided_ms, -to_units(gone.quantize(MONEY_UNIT, ROUND_CEILING)))
        )
        return gone

    def show(self, status: Mapping[str, Any], *, ended: bool = False) -> None:
        """Replace the file in which others see that the loop lives and how it stands."""
        account = self.account
        close_ms = account.decided_ms + account.inputs.tape.base_ms
        shown = marks_of(self.trading, account.book, account.kernel, close_ms, self.equity, running=not ended)
        write_marks(self.marks_path, {**shown, **status, "fence": self.breaker.fence})

    def hear(self) -> None:
        """Take the prices of what is held in."""
        now_ms = int(self.account.monotonic() * 1000)
        for symbol in self._held():
            quote = self.account.market.feed.quote(symbol)
            bid, ask = (None, None) if quote is None else (quote.bid, quote.ask)
            age = self.account.market.feed.age_ms(symbol)
            self.marks.mark(symbol, now_ms, self.account.market.venue, bid, ask, age)

    def _held(self) -> dict[str, Held]:
        account = self.account
        held: dict[str, Held] = {}
        for slot in account.slots:
            lots = account.cell(slot, layout.LOTS)
            if lots:
                terms = account.terms(slot)
                qty = float(lots * terms.lot) * account.cell(slot, layout.SIDE)
                held[terms.symbol] = Held(qty, terms.venue, float(terms.taker_fee))
        return held

    def _mark(self) -> bool:
        """Give every position its confirmed price, and the checks what the account is worth. False where a price is not
        confirmed."""
        account, standing = self.account, self.account.market.standing
        now_ms = int(account.monotonic() * 1000)
        cash = from_units(account.kernel.cash)
        known = account.executor.book.expected.get(account.market.venue)
        standing.cash = cash
        if known is not None:
            there = known.get(account.currency, Decimal(0)) - pledged(account.executor.book, account.currency)
            standing.cash = min(cash, there)
        held = self._held()
        worth = self.marks.equity(now_ms, cash, held)
        if isinstance(worth, Unconfirmed):
            self.unconfirmed = f"{worth.reason} {worth.instrument}".strip()
            standing.equity = None
            return False
        self.unconfirmed = ""
        standing.equity = Decimal(repr(min(worth.equity, worth.latest)))
        for slot in account.slots:
            terms = account.terms(slot)
            if account.cell(slot, layout.LOTS):
                price = self.marks.closing_price(now_ms, terms.symbol, held[terms.symbol])
                if price is not None:
                    # The kernel takes half a spread off its mark: it is given the middle that belongs to this price.
                    half = terms.half_spread * account.cell(slot, layout.SIDE)
                    account.kernel.priced(slot, round(price / (1.0 - half) / float(terms.tick)))
        return isinstance(worth, Confirmed)

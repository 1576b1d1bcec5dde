"""A person's reconciliation: holds the books of an account against its venue, beside a trader or without one. Sends no
order in either case."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from memesnipe_cli import clock
from memesnipe_cli.clock import MINUTE_MS, format_time
from memesnipe_cli.engine.account_fold import AccountFold
from memesnipe_cli.engine.order_ids import store_part
from memesnipe_cli.errors import RefusedError, UsageError
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.venues.booking import OVERLAP_MS
from memesnipe_cli.venues.claiming import Whose, claim_order
from memesnipe_cli.venues.executor import Executor
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_fold import OrderFold
from memesnipe_cli.venues.order_state import UNSETTLED
from memesnipe_cli.venues.reconcile import Finding, Kind, Remedy, reconcile
from memesnipe_cli.venues.reconciling import flows_since, reconcile_now
from memesnipe_cli.venues.reconciling import look as ask
from memesnipe_cli.venues.witness import speaks_for

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.journal import Journal
    from memesnipe_cli.venues.protocol import Venue

LOOKS = 3  # beside a trader: what it is just doing looks like a difference for a moment
LOOK_AGAIN_S = 1.5
# What a person may take as it is. Everything else is settled, booked or mended first.
ACCEPTABLE = frozenset({Kind.BALANCE, Kind.MANUAL_TRADE})
_MAY_ARRIVE_MS = 2 * MINUTE_MS  # where the venue takes no deadline


@dataclass(frozen=True)
class Compared:
    """What does not add up after all that could be mended was mended. impossible: trades of ours that could not be
    booked; mended: what was found out and written down; witness: why the balances speak against an order that was
    settled by hand, "" where they do not."""

    findings: list[Finding]
    impossible: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    witness: str = ""

    @property
    def clean(self) -> bool:
        """Book and venue agree; what is the user's own may be there."""
        return not self.impossible and all(each.remedy is Remedy.LEAVE for each in self.findings)


def look(venue: Venue, journal: Journal, nap: Callable[[float], None] = time.sleep) -> Compared:
    """Compare and write nothing: for an account that a trader holds. A difference counts where it is still there after
    a few looks. Raises NetworkError."""
    found: list[Finding] = []
    for number in range(LOOKS):
        if number:
            nap(LOOK_AGAIN_S)
        found = _look_once(venue, journal)
        if Compared(found).clean:
            break
    return Compared(found)


def mend(
    venue: Venue,
    journal: Journal,
    profile: Profile,
    *,
    accept: str = "",
    settle: str = "",
    claim: str = "",
    reason: str = "",
) -> Compared:
    """Compare, and write down what the venue's own word settles: the fate of orders, trades of ours, and at the end
    that all agrees. `journal` must be held. accept: why a person takes the balances as they are; settle: an order that
    a person has seen not to exist; claim: the venue's id of an order by which a person closed lots of ours; `reason`:
    how that was seen, or why it was done.

    Raises NetworkError, UsageError for an order that is not unknown, RefusedError where something else must be settled
    before balances are taken as they are, or an order may still arrive; for a claim as `claim_order`.
    """
    before = journal.replay(OrderFold())
    name = venue.traits.venue
    executor = Executor(
        venue, journal, Gate.of(profile, {name}), Decimal(0), Decimal(str(profile.limits.trade_share))
    )
    started = executor.start()
    witness = _settle(executor, settle, reason) if settle else ""
    impossible = list(started.impossible)
    if claim:
        impossible += _claim(executor, journal, claim, reason)
    part = store_part(journal.store_id())

    flows = partial(flows_since, venue)
    done = reconcile_now(executor.desk, part, flows)
    if accept and not done.clean:
        _check_acceptable(done.findings, [*impossible, *done.impossible])
        reconcile_now(executor.desk, part, flows, accept=accept)
        done = reconcile_now(executor.desk, part, flows)
    mended = [f"{each} was never sent" for each in started.never_sent] + _changes(before, executor.book)
    return Compared(done.findings, [*impossible, *done.impossible], mended, witness)


def _look_once(venue: Venue, journal: Journal) -> list[Finding]:
    name = venue.traits.venue
    book = journal.replay(OrderFold())
    since_ms = max(0, book.reconciled_ms.get(name, clock.now_ms()) - OVERLAP_MS)
    shown = ask(venue, book, since_ms)
    # What the trader wrote while the venue was asked counts.
    book = journal.replay(OrderFold())
    part = store_part(journal.store_id())
    found = reconcile(book, shown, part)
    if any(each.kind is Kind.BALANCE for each in found):
        found = reconcile(book, replace(shown, flows=flows_since(venue, since_ms)), part)
    return found


def _settle(executor: Executor, order_id: str, reason: str) -> str:
    """Settle by hand; what the balances say against it."""
    order = executor.book.of(order_id)
    until_ms = order.deadline_ms or order.sent_ms + _MAY_ARRIVE_MS
    if any(each is order for each in executor.book.unsettled()) and executor.desk.venue_now() <= until_ms:
        raise RefusedError(
            f"the order {order_id} may still arrive at the venue until {format_time(until_ms)}",
            "look again after that",
            code="may_arrive",
        )
    witness = speaks_for(executor.desk, order)
    executor.settle_by_hand(order_id, reason)
    return witness


def _claim(executor: Executor, journal: Journal, venue_id: str, reason: str) -> list[str]:
    """Book a person's order; what of it could not be booked."""
    session = journal.replay(AccountFold()).session
    if session is None:
        raise UsageError(
            f"account {journal.account!r} has not traded: it has no lots", "memesnipe trade positions"
        )
    whose = Whose(journal.store_id(), journal.account, session["session"])
    return claim_order(executor.desk, venue_id, whose, reason).impossible


def _check_acceptable(findings: list[Finding], impossible: list[str]) -> None:
    waits = [
        each.message for each in findings if each.remedy is not Remedy.LEAVE and each.kind not in ACCEPTABLE
    ]
    if waits or impossible:
        raise RefusedError(
            f"balances are not taken as they are while something else is open: {'; '.join([*impossible, *waits])}",
            "settle that first: memesnipe trade reconcile says how",
            code="not_settled",
        )


def _changes(before: OrderBook, now: OrderBook) -> list[str]:
    """What the venue's word has changed in the book."""
    found = []
    for order_id, order in now.orders.items():
        known = before.orders.get(order_id)
        if order.state in UNSETTLED and not order.filled:
            continue  # that it is not known is a finding, and mends nothing
        if known is None or (known.state, known.filled) != (order.state, order.filled):
            was = "new" if known is None else known.state
            filled = f", {order.filled} of {order.intent.qty} filled" if order.filled else ""
            found.append(
                f"{order_id} ({order.intent.side} {order.intent.symbol}) was {was}, is {order.state}{filled}"
            )
    trades = len(now.trades) - len(before.trades)
    return [*found, *([f"{trades} trades of ours were booked"] if trades else [])]

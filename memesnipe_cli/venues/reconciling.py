"""Asks the venue, compares, mends what the venue's own word mends, compares again, and writes down that all agrees."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from memesnipe_cli.venues.booking import OVERLAP_MS, book_fills
from memesnipe_cli.venues.calls import NoSuchThingError
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.flows import Flow
from memesnipe_cli.venues.holdings import is_perpetual
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_lines import reconciled_line
from memesnipe_cli.venues.protocol import Venue
from memesnipe_cli.venues.reconcile import Finding, Kind, Remedy, Shown, is_new, reconcile
from memesnipe_cli.venues.settling import settle

# What is asked for one after the other may change in between: so often more what does not add up is looked at.
LOOKS_AGAIN = 2
_MOVES = (Kind.BALANCE, Kind.POSITION)

FlowsSince = Callable[[int], Sequence[Flow]]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What is left after mending. impossible: trades of ours that could not be booked, which halt the account."""

    findings: list[Finding]
    impossible: list[str]

    @property
    def clean(self) -> bool:
        """Book and venue agree; what is the user's own may be there."""
        return not self.impossible and all(each.remedy is Remedy.LEAVE for each in self.findings)


def reconcile_now(
    desk: Desk, store_part: str, flows: FlowsSince = lambda since_ms: (), *, accept: str = ""
) -> Reconciled:
    """Reconcile the account. flows: deposits, withdrawals and the like since a time, from the venue's ledger; asked for
    only where a balance has changed. accept: why a person takes the balances as they are. Raises NetworkError where the
    venue does not answer."""
    shown = look(desk.venue, desk.book, since_ms(desk))
    impossible = list(book_fills(desk, fills=shown.fills).impossible)
    findings = reconcile(desk.book, shown, store_part)
    for number in range(LOOKS_AGAIN):
        mendable = [each for each in findings if each.remedy in (Remedy.SETTLE, Remedy.BOOK)]
        if not number:
            for each in mendable:
                if each.order_id in desk.book.orders:
                    impossible += settle(desk, each.order_id).impossible
        moved = any(each.kind in _MOVES for each in findings)
        if not moved and (number or not mendable):
            break
        shown = look(desk.venue, desk.book, since_ms(desk))
        if moved:
            shown = replace(shown, flows=flows(since_ms(desk)))
        impossible += book_fills(desk, fills=shown.fills).impossible
        findings = reconcile(desk.book, shown, store_part)
    done = Reconciled(findings, impossible)
    if shown.balances is not None and (done.clean or accept):
        _write(desk, shown, accept)
    return done


def flows_since(venue: Venue, since_ms: int) -> Sequence[Flow]:
    """Deposits, withdrawals and the like since then. A venue without a ledger explains nothing, so that such a change
    halts. Raises NetworkError."""
    try:
        return venue.flows(since_ms)
    except NoSuchThingError:
        return ()


def since_ms(desk: Desk) -> int:
    """From when on the venue's histories are read: a little before the last time that all agreed."""
    return max(0, desk.book.reconciled_ms.get(desk.venue.traits.venue, desk.venue_now()) - OVERLAP_MS)


def look(venue: Venue, book: OrderBook, since_ms: int) -> Shown:
    """What the venue shows; its positions where perpetuals were ever ours."""
    fills = venue.fills(since_ms)
    orders, balances = venue.open_orders(), venue.balances()
    positions = None
    if any(is_perpetual(symbol) for _, symbol in book.holdings):
        positions = {each.symbol: each.qty for each in venue.positions()}
    names = names_of_others(venue, book, fills)
    return Shown(venue.traits.venue, orders, fills, balances, positions, names=names)


def names_of_others(venue: Venue, book: OrderBook, fills: Sequence[VenueFill]) -> dict[str, str]:
    """The client ids of the orders behind trades that the book does not know, by the venue's ids: whose a trade is
    stands in its order only. Asks only where there are such trades. An order that the venue does not have any more has
    no name. Raises NetworkError."""
    name = venue.traits.venue
    others = {
        each.venue_order_id
        for each in fills
        if is_new(book, name, each) and each.venue_order_id not in book.by_venue_id
    }
    if not others:
        return {}
    try:
        return _names(venue, others)
    except NoSuchThingError:
        return {venue_id: name for each in others for venue_id, name in _name_if_there(venue, each).items()}


def _names(venue: Venue, venue_ids: Collection[str]) -> dict[str, str]:
    return {each.venue_id: each.client_id for each in venue.orders_of(venue_ids)}


def _name_if_there(venue: Venue, venue_id: str) -> dict[str, str]:
    try:
        return _names(venue, [venue_id])
    except NoSuchThingError:
        return {}


def _write(desk: Desk, shown: Shown, accept: str) -> None:
    """That all agreed. What of the ledger is in these balances is known by its ids: clocks differ, and a ledger is read
    again from a little before."""
    venue = shown.venue
    counted = desk.book.counted.get(venue, set())
    if shown.flows is not None:
        counted = {each.ref for each in shown.flows}
    foreign = [each.trade_id for each in shown.fills if each.trade_id not in desk.book.trades]
    desk.write(
        reconciled_line(venue, shown.balances or {}, foreign, desk.venue_now(), accept, sorted(counted))
    )

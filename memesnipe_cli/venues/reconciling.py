"""Asks the venue, compares, mends what the venue's own word mends, compares again, and writes down that all agrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from memesnipe_cli.venues.booking import OVERLAP_MS, book_fills
from memesnipe_cli.venues.desk import Desk
from memesnipe_cli.venues.order_lines import reconciled_line
from memesnipe_cli.venues.reconcile import Finding, Kind, Remedy, Shown, reconcile
from memesnipe_cli.venues.settling import settle


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
    desk: Desk,
    store_part: str,
    explain: Callable[[], Mapping[str, Decimal]] = lambda: {},
    *,
    accept: str = "",
) -> Reconciled:
    """Reconcile the account. explain: by currency, deposits and withdrawals since the last time, from the venue's
    ledger; asked for only where a balance has changed. accept: why a person takes the balances as they are. Raises
    NetworkError where the venue does not answer."""
    shown = _ask(desk, {})
    impossible = list(book_fills(desk, fills=shown.fills).impossible)
    findings = reconcile(desk.book, shown, store_part)
    mendable = [each for each in findings if each.remedy in (Remedy.SETTLE, Remedy.BOOK)]
    for each in mendable:
        if each.order_id in desk.book.orders:
            impossible += settle(desk, each.order_id).impossible
    moved = any(each.kind is Kind.BALANCE for each in findings)
    if mendable or moved:
        # A trade between the question for trades and the one for balances looks like money from nowhere: ask again.
        shown = _ask(desk, explain() if moved else {})
        impossible += book_fills(desk, fills=shown.fills).impossible
        findings = reconcile(desk.book, shown, store_part)
        if not moved and any(each.kind is Kind.BALANCE for each in findings):
            shown = replace(shown, explained=explain())
            findings = reconcile(desk.book, shown, store_part)
    done = Reconciled(findings, impossible)
    if shown.balances is not None and (done.clean or accept):
        foreign = [each.trade_id for each in shown.fills if each.trade_id not in desk.book.trades]
        venue = desk.venue.traits.venue
        desk.write(reconciled_line(venue, shown.balances, foreign, desk.venue_now(), accept))
    return done


def _ask(desk: Desk, explained: Mapping[str, Decimal]) -> Shown:
    venue = desk.venue.traits.venue
    since_ms = desk.book.reconciled_ms.get(venue, desk.venue_now()) - OVERLAP_MS
    fills = desk.venue.fills(max(0, since_ms))
    orders, balances = desk.venue.open_orders(), desk.venue.balances()
    return Shown(venue, orders, fills, balances, explained)

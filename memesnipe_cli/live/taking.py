"""Takes the venue's trades into the account: from fills, exact as the venue wrote them, to the kernel's whole ticks,
lots and money units. Rounded against the account, so that it never thinks itself richer than the venue says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from memesnipe_cli.clock import format_time
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import MONEY_UNIT
from memesnipe_cli.engine.words import EXIT_REASONS
from memesnipe_cli.live.account import LiveAccount
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.holdings import cost_of
from memesnipe_cli.venues.order_book import Order
from memesnipe_cli.venues.order_state import ENDED, OrderState

_ZERO = Decimal(0)
_REASONS = {word: code for code, word in EXIT_REASONS.items()}
_MISSES = {
    OrderState.REFUSED: layout.MISSED_REFUSED,
    OrderState.ABSENT: layout.MISSED_ABSENT,
    OrderState.CANCELLED: layout.MISSED_LIMIT,
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Several trades of one order. qty: in base units, less fees taken in the coin itself; price: their average; cash:
    what the quote currency changed by, in money units; fee: in quote currency, in money units."""

    qty: Decimal
    price: Decimal
    cash: int
    fee: int

    @classmethod
    def of(cls, fills: Sequence[VenueFill], base: str, quote: str) -> Sums:
        """The sums of at least one trade."""
        qty = sum((each.qty for each in fills), _ZERO)
        cost = sum((cost_of(each) for each in fills), _ZERO)
        in_quote = sum((each.fee for each in fills if each.fee_currency == quote), _ZERO)
        in_base = sum((each.fee for each in fills if each.fee_currency == base), _ZERO)
        sign = -1 if fills[0].side == "buy" else 1
        cash = ((sign * cost - in_quote) / MONEY_UNIT).to_integral_value(ROUND_FLOOR)
        fee = (in_quote / MONEY_UNIT).to_integral_value(ROUND_CEILING)
        return cls(qty + sign * in_base, cost / qty, int(cash), int(fee))


def take_fills(account: LiveAccount, slot: int) -> None:
    """Take in what the venue has traded for a slot since: an entry once it has ended, exits as they fill. Entries go
    first, and what would leave nothing waits for a further unit that may still fill: with the last lot the trade is
    over, and a unit of it would have none to belong to."""
    book = account.executor.book
    waiting = account.pending.of(account.key(slot))
    orders = [book.of(order_id) for order_id in dict.fromkeys(order_id for order_id, _ in waiting)]
    for order in sorted(orders, key=lambda each: each.intent.action is not Action.ENTRY):
        fills = [fill for of, fill in waiting if of == order.intent.id]
        if order.intent.action is not Action.ENTRY:
            _take_exit(account, slot, order, fills)
        elif order.disproved and not account.cell(slot, layout.LOTS):
            # Proven never to have arrived, and filled: the decision it came from is over. Its stop is kept, no more.
            account.disproved.add(order.intent.id)
        elif order.state in ENDED:
            _take_entry(account, slot, order, fills)


def end_entry(account: LiveAccount, slot: int) -> None:
    """Let go of an entry that ended without a fill, or was never sent."""
    if not account.cell(slot, layout.WAIT_LOTS):
        return
    order = account.waiting_order(slot)
    if order is None:
        code = layout.MISSED_UNSENT
    elif order.state in ENDED and not order.filled:
        code = _MISSES[order.state]
        if order.state is OrderState.ABSENT and not order.sent_ms:
            code = layout.MISSED_UNSENT
    else:
        return
    account.write(
        account.kernel.missed(account.bar_now(), slot, code),
        time=format_time(account.now()),
        venue_id=None if order is None else order.venue_id or None,
        words="" if order is None else order.reason,
    )


def _take_entry(account: LiveAccount, slot: int, order: Order, fills: list[VenueFill]) -> None:
    terms = account.terms(slot)
    sums = Sums.of(fills, order.intent.base, order.intent.quote)
    lots = int(sums.qty // terms.lot)
    trade_ids = [each.trade_id for each in fills]
    ts = account.bar_now()
    buying = order.intent.side == "buy"
    if lots <= 0:
        events = account.kernel.missed(ts, slot, layout.MISSED_VOLUME)
    else:
        ticks = int((sums.price / terms.tick).to_integral_value(ROUND_CEILING if buying else ROUND_FLOOR))
        decided = [row for row in account.book.open_rows(slot) if row[layout.KIND] == layout.ENTRY_ORDER]
        reference = decided[-1][layout.REFERENCE] if decided else ticks
        events = account.kernel.entered(ts, slot, lots, ticks, sums.cash, sums.fee, reference)
        account.market.quality.filled(account.now(), reference * terms.tick, sums.price, order.intent.side)
    _write(account, slot, events, order, trade_ids, fills[-1])


def _take_exit(account: LiveAccount, slot: int, order: Order, fills: list[VenueFill]) -> None:
    terms = account.terms(slot)
    sums = Sums.of(fills, order.intent.base, order.intent.quote)
    held = account.cell(slot, layout.LOTS)
    # What was written off before is sold with the next lots: the account holds fewer than leave.
    lots = min(held, int((sums.qty / terms.lot).to_integral_value()))
    opening = any(each.intent.action is Action.ENTRY for each in account.orders(slot))
    if lots <= 0 or (lots == held and opening):
        return
    reason = layout.BY_STOP
    if order.intent.action is Action.REDUCE:
        reason = _REASONS.get(order.intent.reason, layout.BY_SIGNAL)
    buying = order.intent.side == "buy"
    ticks = int((sums.price / terms.tick).to_integral_value(ROUND_CEILING if buying else ROUND_FLOOR))
    # An exit's limit is its collar, not what it was decided at: that is what the position was marked at.
    marked = account.cell(slot, layout.LAST_CLOSE) or ticks
    reference = marked if order.intent.stop is None else int(order.intent.stop / terms.tick)
    events = account.kernel.left(account.bar_now(), slot, reason, lots, ticks, sums.cash, sums.fee, reference)
    if reason == layout.BY_STOP and order.intent.stop is not None:
        account.market.quality.filled(account.now(), order.intent.stop, sums.price, order.intent.side)
    _write(account, slot, events, order, [each.trade_id for each in fills], fills[-1])


def _write(
    account: LiveAccount,
    slot: int,
    events: list[list[int]],
    order: Order,
    trade_ids: list[str],
    last: VenueFill,
) -> None:
    account.write(
        events,
        took=trade_ids,
        order=order.intent.id,
        venue_id=order.venue_id or None,
        venue_trade_id=trade_ids[-1],
        liquidity=last.liquidity,
        time=format_time(last.time_ms),
    )
    account.pending.took(account.key(slot), trade_ids)

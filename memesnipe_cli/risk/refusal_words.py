"""A sentence for each code that a check refuses with: what was found, what is allowed, what it means."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from memesnipe_cli.risk.intent import OrderIntent

if TYPE_CHECKING:
    from memesnipe_cli.risk.checks import Scalar

SENTENCES = {
    "fence_lost": "the right to send was given to somebody else ({limit}, ours is {value}): nothing may be sent",
    "latch_unknown": "the breaker's latch cannot be read: no new positions",
    "account_halted": "the account's breaker is at level {value}: no new positions",
    "strategy_halted": "the breaker of {strategy} is at level {value}: no new positions",
    "symbol_halted": "the breaker of {symbol} is at level {value}: no new positions",
    "venue_not_allowed": "orders may not go to {value}",
    "venue_mismatch": "the order names {value}, its product is of {limit}",
    "product_mismatch": "the order says {value}, known is {limit}",
    "product_not_allowed": "{value} may not be traded",
    "venue_status": "{venue} says {value} for {symbol}",
    "data_age_unknown": "the age of the data is not known ({value} ms)",
    "stale_data": "the data are {value} ms old, {limit} ms is the most",
    "reference_unknown": "there is no independent price to hold {value} against",
    "crossed_book": "the book is crossed: bid {value}, ask {limit}",
    "clock_unknown": "the clock's skew against the venue is not known",
    "clock_skew": "the clock is {value} ms off, {limit} ms is the most",
    "execution_quality": "execution is not good enough: {value}",
    "bad_quantity": "the quantity {value} is no amount that can be traded",
    "bad_price": "the price {value} is no price",
    "bad_stop": "the stop {value} is no price",
    "wrong_side": "the side is {value}, this order needs {limit}",
    "no_short": "{symbol} cannot be sold short",
    "more_than_held": "{value} would leave, {limit} is held: only our own lots are sold",
    "tick_unknown": "the tick of {symbol} is not known",
    "off_tick": "{value} is no whole number of ticks of {limit}",
    "lot_unknown": "the lot of {symbol} is not known",
    "off_lot": "{value} is no whole number of lots of {limit}",
    "stop_wrong_side": "the stop {value} is on the wrong side of {limit}",
    "min_qty_unknown": "the smallest quantity of {symbol} is not known",
    "below_min_qty": "the quantity {value} is below the venue's smallest, {limit}",
    "above_max_qty": "the quantity {value} is above the venue's largest, {limit}",
    "min_notional_unknown": "the smallest order of {symbol} is not known",
    "below_min_notional": "the order is worth {value}, the venue's smallest is {limit}",
    "minimum_unknown": "fee or smallest order of {symbol} is not known",
    "not_protectable": "at its stop it would be worth {value}, {limit} is needed to place a stop",
    "order_too_large": "the order is worth {value}, max_order is {limit}",
    "outside_collar": "the price is {value} of the reference away from it, {limit} is the most",
    "outside_exit_collar": "the price gives away {value} of the reference, {limit} is the most at this attempt",
    "entry_rate": "no entry order is left of {limit} a minute",
    "message_rate": "no message is left of {limit} a minute",
    "executions": "{strategy} filled {value} entries in this hour, {limit} is the most: it is to be halted",
    "order_unknown": "{value} may exist at the venue: this coin waits until the venue has been asked",
    "no_id": "the order has no client order id",
    "duplicate_id": "the client order id {value} has been used",
    "duplicate_order": "the same order was sent {value} ms ago, {limit} ms must lie between",
    "self_trade": "it would trade with an open order of our own at {limit}",
    "base_owned": "{limit} owns this base asset in the account",
    "opposite_held": "{value} is held, or waited for, the other way",
    "equity_unknown": "the account's equity is not known",
    "trade_limit_unknown": "what a trade may be worth is not known: the account's equity or its scale",
    "trade_share": "all units of the trade would be worth {value}, {limit} is the most",
    "strategy_share": "{strategy} would hold {value}, {limit} is the most",
    "gross_share": "the account would hold {value}, {limit} is the most",
    "symbol_share": "of this base asset {value} would be held, {limit} is the most",
    "cluster_share": "of its cluster {value} would be held, {limit} is the most",
    "cash_unknown": "the cash of the account is not known",
    "not_reconciled": "the cash of the account does not agree with the venue's",
    "not_enough_cash": "the order needs {value}, {limit} is free",
    "check_failed": "a check could not be made ({value}): the account is to be halted",
}


def sentence(order: OrderIntent, code: str, value: Scalar, limit: Scalar) -> str:
    """Why an order was refused, in words."""
    return SENTENCES[code].format(
        value=_short(value),
        limit=_short(limit),
        strategy=order.strategy,
        symbol=order.symbol,
        venue=order.venue,
    )


def _short(scalar: Scalar) -> str:
    """A number as a person writes it: six digits that count, no exponent."""
    if isinstance(scalar, Decimal) and scalar.is_finite():
        digits = max(0, 5 - scalar.adjusted())
        text = f"{scalar:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return "nothing" if scalar is None else str(scalar)

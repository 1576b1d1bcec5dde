"""The checks themselves: one scalar function each, (code, value, limit) of plain numbers.

`PASS`, and nothing else, passes. A code that ends in `_unknown` says that something needed is not known. No function
here looks anything up: what it is told comes from chain.py, and which orders it holds for is said in actions.py. Facts
are finite or None (facts.py); of an order, only what `numbers` has let pass is looked at.
"""

from __future__ import annotations

from decimal import Decimal

Scalar = Decimal | int | float | str | None
Verdict = tuple[str, Scalar, Scalar]

PASS: Verdict = ("", None, None)
HALTED = 2  # from this level on no entry passes
LARGEST = Decimal(10) ** 15  # quantities and prices are below it
SMALLEST_STEP = -12  # power of ten of a tick or a lot

# Sizes are worked out in floating point and rounded to lots forgivingly; exact sums may differ by this share of the
# order. Five decimal digits below the order itself, so that no limit moves by anything that could be traded.
ROUNDING = Decimal("0.00001")
_ZERO = Decimal(0)
_ONE = Decimal(1)


def _tradable(number: Decimal | None) -> bool:
    return isinstance(number, Decimal) and number.is_finite() and _ZERO < number < LARGEST


def _above(value: Decimal, limit: Decimal, notional: Decimal) -> bool:
    return value > limit and value > limit + notional * ROUNDING


def fence(ours: int, current: int) -> Verdict:
    """The right to send was not given to somebody else since."""
    return ("fence_lost", ours, current) if current > ours else PASS


def latch(account: int | None, strategy: int | None, symbol: int | None) -> Verdict:
    """No level at HALT or above: of the account, of the strategy, of the symbol."""
    if account is None or strategy is None or symbol is None:
        return "latch_unknown", None, HALTED
    if account >= HALTED:
        return "account_halted", account, HALTED
    if strategy >= HALTED:
        return "strategy_halted", strategy, HALTED
    if symbol >= HALTED:
        return "symbol_halted", symbol, HALTED
    return PASS


def venue(name: str, product_venue: str, allowed: bool) -> Verdict:
    """The venue is on the list, and the product is that venue's."""
    if not allowed:
        return "venue_not_allowed", name, None
    return PASS if name == product_venue else ("venue_mismatch", name, product_venue)


def product(symbol: str, base: str, cluster: str, known: tuple[str, str, str], allowed: bool) -> Verdict:
    """What the order says of its product (symbol, base asset, cluster) is so, and the product may be traded."""
    if (symbol, base, cluster) != known:
        return "product_mismatch", f"{symbol}, {base}, {cluster}", ", ".join(known)
    return PASS if allowed else ("product_not_allowed", symbol, None)


def status(word: str, online: str) -> Verdict:
    """The venue trades the product without restriction."""
    return PASS if word == online else ("venue_status", word, online)


def data_age(age_ms: float | None, most_ms: float) -> Verdict:
    """The data are not too old. What is older than nothing (below 0) has no known age."""
    if age_ms is None or not age_ms >= 0:
        return "data_age_unknown", age_ms, most_ms
    return ("stale_data", age_ms, most_ms) if age_ms > most_ms else PASS


def reference(price: Decimal | None, source: str, bid: Decimal | None, ask: Decimal | None) -> Verdict:
    """There is a reference price, its source is known, and the book is not crossed."""
    if price is None or price <= _ZERO or not source:
        return "reference_unknown", price, source
    if bid is None or ask is None:
        return PASS
    return ("crossed_book", bid, ask) if bid > ask else PASS


def clock(skew_ms: float | None, most_ms: float) -> Verdict:
    """Our clock agrees with the venue's."""
    if skew_ms is None or skew_ms != skew_ms:
        return "clock_unknown", skew_ms, most_ms
    return ("clock_skew", skew_ms, most_ms) if abs(skew_ms) > most_ms else PASS


def quality(block: str | None) -> Verdict:
    """Execution goes well enough; `block` names what does not."""
    return PASS if block is None else ("execution_quality", block, None)


def numbers(
    qty: Decimal | None, price: Decimal | None, stop: Decimal | None, price_needed: bool, stop_needed: bool
) -> Verdict:
    """Quantity, price and stop are finite, above 0 and of a size that a market has."""
    if not _tradable(qty):
        return "bad_quantity", qty, LARGEST
    if (price_needed or price is not None) and not _tradable(price):
        return "bad_price", price, LARGEST
    if (stop_needed or stop is not None) and not _tradable(stop):
        return "bad_stop", stop, LARGEST
    return PASS


def side(given: str, wanted: str | None, opens_short: bool, shortable: bool) -> Verdict:
    """Bought to open a long or leave a short, sold the other way; a short only where there is one. wanted: None of a
    position that is neither."""
    if given != wanted:
        return "wrong_side", given, wanted
    return ("no_short", given, None) if opens_short and not shortable else PASS


def our_lots(qty: Decimal, other_exits: Decimal, held: Decimal) -> Verdict:
    """All exits together sell no more than we hold."""
    leaving = qty + other_exits
    return ("more_than_held", leaving, held) if leaving > held else PASS


def tick(price: Decimal | None, stop: Decimal | None, step: Decimal | None) -> Verdict:
    """Price and stop are whole ticks."""
    if step is None or step <= _ZERO or step.adjusted() < SMALLEST_STEP:
        return "tick_unknown", None, step
    if price is not None and price % step:
        return "off_tick", price, step
    return ("off_tick", stop, step) if stop is not None and stop % step else PASS


def lot(qty: Decimal, step: Decimal | None) -> Verdict:
    """The quantity is whole lots."""
    if step is None or step <= _ZERO or step.adjusted() < SMALLEST_STEP:
        return "lot_unknown", None, step
    return ("off_lot", qty, step) if qty % step else PASS


def stop(trigger: Decimal, price: Decimal, long: bool) -> Verdict:
    """A stop lies where the position loses: below a long's price, above a short's."""
    right = trigger < price if long else trigger > price
    return PASS if right else ("stop_wrong_side", trigger, price)


def min_qty(qty: Decimal, least: Decimal | None) -> Verdict:
    """Not below the venue's smallest quantity."""
    if least is None:
        return "min_qty_unknown", qty, least
    return ("below_min_qty", qty, least) if qty < least else PASS


def max_qty(qty: Decimal, most: Decimal | None) -> Verdict:
    """Not above the venue's largest quantity; None: it names none."""
    if most is None:
        return PASS
    return ("above_max_qty", qty, most) if qty > most else PASS


def min_notional(notional: Decimal, least: Decimal | None) -> Verdict:
    """Not below the venue's smallest value."""
    if least is None:
        return "min_notional_unknown", notional, least
    return ("below_min_notional", notional, least) if notional < least else PASS


def protectable(
    qty: Decimal, stop: Decimal, fee: Decimal | None, least: Decimal | None, margin: Decimal
) -> Verdict:
    """What is bought stays worth more than the venue's minimum and a margin at the stop, net of the fee: a stop below
    the minimum could not be placed."""
    if fee is None or least is None:
        return "minimum_unknown", fee, least
    value, needed = qty * stop * (_ONE - fee), least * (_ONE + margin)
    return ("not_protectable", value, needed) if value < needed else PASS


def max_order(notional: Decimal, most: Decimal) -> Verdict:
    """Not above the largest order."""
    return ("order_too_large", notional, most) if _above(notional, most, notional) else PASS


def collar(price: Decimal, reference: Decimal | None, most: Decimal) -> Verdict:
    """An entry's price lies near an independent reference, on either side. Value and limit are shares of it."""
    if reference is None or reference <= _ZERO:
        return "reference_unknown", price, None
    away = abs(price - reference)
    return ("outside_collar", away / reference, most) if away > reference * most else PASS


def exit_collar(selling: bool, price: Decimal | None, reference: Decimal | None, most: Decimal) -> Verdict:
    """An exit gives away no more than its collar against its reference; asking for more is no danger."""
    if price is None:
        return PASS
    if reference is None or reference <= _ZERO:
        return "reference_unknown", price, None
    given = reference - price if selling else price - reference
    return ("outside_exit_collar", given / reference, most) if given > reference * most else PASS


def entry_rate(left: int, per_minute: int) -> Verdict:
    """An entry order is left in this minute's allowance."""
    return ("entry_rate", left, per_minute) if left < 1 else PASS


def message_rate(left: int, per_minute: int) -> Verdict:
    """A message is left; for an entry the caller has taken off what is reserved for exits and cancels."""
    return ("message_rate", left, per_minute) if left < 1 else PASS


def executions(filled: int, most: int) -> Verdict:
    """The strategy did not fill more entries in this hour than it may: one that did is to be halted."""
    return ("executions", filled, most) if filled > most else PASS


def duplicate_id(seen: bool, order: str) -> Verdict:
    """No client order id twice, and none empty."""
    if not order:
        return "no_id", order, None
    return ("duplicate_id", order, None) if seen else PASS


def duplicate_order(since_ms: int | None, window_ms: int) -> Verdict:
    """No order of the same content shortly before."""
    return ("duplicate_order", since_ms, window_ms) if since_ms is not None and since_ms < window_ms else PASS


def self_trade(buying: bool, price: Decimal, opposite: Decimal | None) -> Verdict:
    """Would not meet an open order of our own; `opposite` is the best price of those on the other side."""
    if opposite is None:
        return PASS
    meets = price >= opposite if buying else price <= opposite
    return ("self_trade", price, opposite) if meets else PASS


def owner(strategy: str, owner: str | None, opposite: Decimal) -> Verdict:
    """No other strategy holds, or waits for, the base asset, and ours is not held, or waited for, the other way."""
    if owner is not None and owner != strategy:
        return "base_owned", strategy, owner
    return ("opposite_held", opposite, _ZERO) if opposite else PASS


def trade_share(used: Decimal, notional: Decimal, limit: Decimal | None) -> Verdict:
    """All units of a trade together stay within its share. `used`: what the units before took of their own limits, as a
    share of 1, each measured against the net asset value that it was entered at."""
    if limit is None or limit <= _ZERO:
        return "trade_limit_unknown", notional, limit
    value = used * limit + notional
    return ("trade_share", value, limit) if _above(value, limit, notional) else PASS


def share(code: str, held: Decimal, notional: Decimal, equity: Decimal | None, most: Decimal) -> Verdict:
    """What is held, what waits and this order together stay within a share of the net asset value."""
    if equity is None or equity <= _ZERO:
        return "equity_unknown", equity, most
    value, limit = held + notional, equity * most
    return (code, value, limit) if _above(value, limit, notional) else PASS


def capital(
    equity: Decimal | None,
    cash: Decimal | None,
    reconciled: bool,
    reserved: Decimal,
    notional: Decimal,
    fee: Decimal | None,
) -> Verdict:
    """Equity and cash are known and agree with the venue; cash covers the order and its fee (notional 0: an order that
    needs none) beside what open orders may need."""
    if equity is None or equity <= _ZERO:
        return "equity_unknown", equity, None
    if cash is None or fee is None:
        return "cash_unknown", cash, None
    if not reconciled:
        return "not_reconciled", cash, None
    needed, free = notional * (_ONE + fee), cash - reserved
    return ("not_enough_cash", needed, free) if _above(needed, free, notional) else PASS

"""What a live account must have before it trades perpetuals: their whole value in free cash, enough of it for a
contract, and no position of somebody else's in the same product."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from memesnipe_cli.errors import RefusedError
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.venues.holdings import is_perpetual

if TYPE_CHECKING:
    from memesnipe_cli.engine.dataset import Dataset
    from memesnipe_cli.profile import Limits
    from memesnipe_cli.risk.exposure import Exposure
    from memesnipe_cli.venues.order_book import OrderBook
    from memesnipe_cli.venues.protocol import Venue

_ZERO = Decimal(0)


def check_positions(venue: Venue, book: OrderBook, symbols: Iterable[str]) -> None:
    """Raises RefusedError where somebody else holds a position in a perpetual that is to be traded: the venue nets it
    with ours, so that our exits would close theirs. Raises NetworkError."""
    wanted = [symbol for symbol in symbols if is_perpetual(symbol)]
    if not wanted:
        return
    there = {each.symbol: each.qty for each in venue.positions()}
    for symbol in wanted:
        theirs, ours = there.get(symbol, _ZERO), book.position(symbol)
        if theirs != ours:
            raise RefusedError(
                f"the venue's position in {symbol} is {theirs}, and our lots are {ours}",
                "close what is not ours, or trade in a portfolio of its own",
                code="foreign_position",
            )


def check_capital(
    dataset: Dataset, capital: Decimal, limits: Limits, say: Callable[[str], None], *, resumed: bool
) -> None:
    """Say of which perpetuals no contract can be traded with this capital. Raises RefusedError where that is all there
    is to trade, in a session that is not open yet."""
    largest = min(capital * Decimal(str(limits.trade_share)), limits.max_order)
    too_large = []
    for item in dataset.series:
        terms = item.terms
        if not is_perpetual(terms.symbol) or not len(item.candles):
            continue
        contract = max(terms.lot, terms.min_qty)
        worth = contract * Decimal(repr(float(item.candles.close[-1])))
        if worth > largest:
            needed = worth / Decimal(str(limits.trade_share))
            too_large.append(
                f"the smallest order of {terms.symbol} is {contract:f} {terms.base}, about {worth:.0f}, and a trade of"
                f" this account is {largest:.2f} at most: none is made below a capital of about {needed:.0f}"
                f" and a max_order of {worth:.0f}"
            )
    if too_large and len(too_large) == len(dataset.series) and not resumed:
        raise RefusedError(
            "; ".join(too_large), "trade a coin, or with more capital", code="capital_too_small"
        )
    for words in too_large:
        say(words)


def pledged(book: OrderBook, quote: str) -> Decimal:
    """What open perpetuals were bought or sold for: so much cash of that currency is kept for them, although the venue
    asks for a margin only, so that no move below their whole value can have them liquidated."""
    return sum(
        (
            held.cost
            for (_, symbol), held in book.holdings.items()
            if is_perpetual(symbol) and _quote_of(symbol) == quote
        ),
        _ZERO,
    )


def short_of_cash(
    intent: OrderIntent, exposure: Exposure, cash: Decimal | None, fee: Decimal | None
) -> Refused | None:
    """The refusal of a short for whose whole value there is no free cash; None where there is, and for what the gate's
    own check of the cash covers. cash: free of what is pledged already."""
    if intent.side != "sell" or not is_perpetual(intent.symbol):
        return None
    if cash is None or fee is None or intent.price is None:
        return Refused(intent, "capital", "cash_unknown", cash, None)
    waiting = sum(
        (
            each.left * (each.intent.price or _ZERO)
            for each in exposure.orders.values()
            if each.intent.action is Action.ENTRY
            and each.intent.side == "sell"
            and each.intent.quote == intent.quote
        ),
        _ZERO,
    )
    needed, free = intent.qty * intent.price * (1 + fee), cash - waiting - exposure.reserved(intent.quote)
    return Refused(intent, "capital", "not_enough_cash", needed, free) if needed > free else None


def _quote_of(symbol: str) -> str:
    return symbol.partition(":")[0].rpartition("/")[2]

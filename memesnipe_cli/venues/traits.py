"""How venues differ, as data. Code that handles orders asks these fields; it never asks for a venue's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from memesnipe_cli.clock import SECOND_MS
from memesnipe_cli.errors import UsageError
from memesnipe_cli.venues.refusals import COINBASE_REFUSALS, KRAKEN_REFUSALS


class StopKind(StrEnum):
    """What a protective order becomes when its trigger is reached."""

    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"


class TimeInForce(StrEnum):
    """How long an order may wait."""

    IOC = "ioc"  # what does not fill at once is cancelled
    GTD = "gtd"  # until a time
    GTC = "gtc"  # until somebody cancels it


class DeathProof(StrEnum):
    """How an order whose sending had no clear outcome is proven never to have arrived."""

    DEADLINE = "deadline"  # its deadline passed by the venue's time, and it is absent twice
    RESEND = (
        "resend"  # the same id and body sent again: the venue answers with the first order, if there was one
    )


class Paging(StrEnum):
    """How the next page of a history is asked for."""

    OFFSET = "offset"
    CURSOR = "cursor"


class MarketBuy(StrEnum):
    """What a market buy is told."""

    BASE_QUANTITY = "base_quantity"
    QUOTE_AMOUNT = "quote_amount"  # fills less than was meant: sell what filled


@dataclass(frozen=True, slots=True)
class ClientIdRule:
    """What a venue takes as a client order id. unique_for_ever: an id that was used can never make a second order;
    otherwise only open orders are compared. finds: orders can be asked for by it."""

    longest: int
    unique_for_ever: bool
    finds: bool


@dataclass(frozen=True, slots=True)
class Traits:
    """One venue.

    stop_kinds: what can rest there. amends_in_place: a resting stop can be moved and resized without a gap.
    dead_man_switch: the venue can cancel all orders of the account when it hears nothing. cancels_by_client_id: a
    cancel may name our id, else it must name the venue's. order_flags: sent with every order. history_page: rows a
    page. absent_gap_ms: least time between two looks that together prove an order absent. deadline_ms: how long after
    its sending an order may still be accepted, 0 where the venue takes no deadline. minimums: where smallest sizes come
    from. refusals: the venue's own words that prove that an order was not taken, with our word for each.
    questions_at_once: how much may be asked in one go, in ccxt's costs, refilled at ccxt's pace. reduce_only: an order
    with a limit can be told to make a position smaller only.
    """

    venue: str
    stop_kinds: frozenset[StopKind]
    times_in_force: frozenset[TimeInForce]
    client_id: ClientIdRule
    amends_in_place: bool
    dead_man_switch: bool
    cancels_all: bool
    cancels_by_client_id: bool
    market_buy: MarketBuy
    order_flags: tuple[str, ...]
    paging: Paging
    history_page: int
    idempotent_resend: bool
    death_proof: DeathProof
    deadline_ms: int
    absent_gap_ms: int
    minimums: str
    refusals: Mapping[str, str]
    questions_at_once: float = 1.0
    reduce_only: bool = False


KRAKEN = Traits(
    venue="kraken",
    stop_kinds=frozenset({StopKind.STOP_MARKET, StopKind.STOP_LIMIT}),
    times_in_force=frozenset(TimeInForce),
    client_id=ClientIdRule(longest=18, unique_for_ever=False, finds=True),
    amends_in_place=True,
    dead_man_switch=True,
    cancels_all=True,
    cancels_by_client_id=True,
    market_buy=MarketBuy.BASE_QUANTITY,
    order_flags=("fciq",),
    paging=Paging.OFFSET,
    history_page=50,
    idempotent_resend=False,
    death_proof=DeathProof.DEADLINE,
    deadline_ms=5 * SECOND_MS,
    absent_gap_ms=3 * SECOND_MS,
    minimums="AssetPairs: ordermin, costmin; an asset's decimals go before the pair's lot",
    refusals=KRAKEN_REFUSALS,
    # Of the 15 of the lowest tier, each of which ccxt counts as 3; three are left for another process of the same key.
    questions_at_once=36,
)

COINBASE = Traits(
    venue="coinbase",
    stop_kinds=frozenset({StopKind.STOP_LIMIT}),
    times_in_force=frozenset(TimeInForce),
    client_id=ClientIdRule(longest=36, unique_for_ever=True, finds=False),
    amends_in_place=False,
    dead_man_switch=False,
    cancels_all=False,
    cancels_by_client_id=False,
    market_buy=MarketBuy.QUOTE_AMOUNT,
    order_flags=(),
    paging=Paging.CURSOR,
    history_page=100,
    idempotent_resend=True,
    death_proof=DeathProof.RESEND,
    deadline_ms=0,
    absent_gap_ms=3 * SECOND_MS,
    minimums="products: base_min_size, quote_min_size",
    refusals=COINBASE_REFUSALS,
    # Half of a second's 30.
    questions_at_once=15,
)

_ALL = {each.venue: each for each in (KRAKEN, COINBASE)}


def traits_of(venue: str) -> Traits:
    """The traits of a venue that orders may go to. Raises UsageError for any other."""
    if venue not in _ALL:
        raise UsageError(f"{venue!r} is no venue for orders", f"orders go to {' or '.join(sorted(_ALL))}")
    return _ALL[venue]

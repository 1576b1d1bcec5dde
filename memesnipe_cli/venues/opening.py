"""Opens a venue for orders: an allow-listed one, at an allowed address, with its product list and a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Unpack

from memesnipe_cli.errors import UsageError
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import load_markets, open_venue
from memesnipe_cli.venue_hosts import ORDER_VENUES
from memesnipe_cli.venues.calls import CallOptions
from memesnipe_cli.venues.coinbase import Coinbase
from memesnipe_cli.venues.kraken import Kraken

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.venues.protocol import Venue

_PRODUCTS_TIMEOUT_S = 10.0
_PRODUCTS_DEADLINE_S = 60.0


class Credential(Protocol):
    """What lets a client make requests that need a key: the key itself, or a signer that has it."""

    def attach(self, exchange: ccxt.Exchange) -> None:
        """Make the client able to."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a venue, in this process: for what adds and checks keys, never for what trades. Its secret is in no text
    that is made of it."""

    name: str = field(repr=False)
    secret: str = field(repr=False)

    def attach(self, exchange: ccxt.Exchange) -> None:
        """Let the client sign by itself."""
        exchange.apiKey, exchange.secret = self.name, self.secret


# The one place where a name becomes a class.
_CLASSES: dict[str, Callable[..., Venue]] = {"kraken": Kraken, "coinbase": Coinbase}


def open_order_venue(
    venue: str,
    base_url: str | None,
    credential: Credential,
    cache_folder: Path,
    **options: Unpack[CallOptions],
) -> Venue:
    """A venue that orders can be sent to, for one thread. base_url: instead of the venue's own address; see
    venue_hosts.py. options: those of Calls.

    Raises UsageError for a venue that orders may not go to, ConfigError for an address that may not be used,
    NetworkError where the product list does not come.
    """
    if venue not in ORDER_VENUES:
        raise UsageError(f"no orders are sent to {venue!r}", f"orders go to {' and '.join(ORDER_VENUES)}")
    timeout_s = options.get("timeout_s", _PRODUCTS_TIMEOUT_S)
    exchange = open_venue(venue, base_url, timeout_s)
    load_markets(
        exchange,
        Caller(exchange, timeout_s=timeout_s, deadline=Deadline(_PRODUCTS_DEADLINE_S)),
        cache_folder,
        base_url,
    )
    credential.attach(exchange)
    return _CLASSES[venue](exchange, **options)

"""The real ccxt clients, pointed at a loopback venue: sync, with its keys, without throttling or retries."""

from __future__ import annotations

from typing import Any

from .keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret
from .server import VenueServer


def options(venue: VenueServer, timeout_ms: int = 2_000) -> dict[str, Any]:
    """What a ccxt class is built with; it serves the async and pro classes, too."""
    shared: dict[str, Any] = {"timeout": timeout_ms, "enableRateLimit": False}
    if venue.dialect == "kraken":
        urls = {"public": venue.base_url, "private": venue.base_url}
        return shared | {"apiKey": KRAKEN_KEY, "secret": KRAKEN_SECRET, "urls": {"api": urls}}
    urls = {"rest": venue.base_url}
    return shared | {"apiKey": COINBASE_KEY, "secret": coinbase_secret(), "urls": {"api": urls}}


def open_client(venue: VenueServer, timeout_ms: int = 2_000, **more: Any) -> Any:
    """A sync client with its markets loaded."""
    import ccxt

    client = getattr(ccxt, venue.dialect)(options(venue, timeout_ms) | more)
    client.load_markets()
    return client

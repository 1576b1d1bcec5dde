"""Which hosts a venue may be reached at: its own, or this machine. Fixed here; no profile can widen it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

# Orders go to these and nowhere else.
ORDER_VENUES = ("kraken", "coinbase")

_OWN_HOSTS: dict[str, frozenset[str]] = {
    "kraken": frozenset({"api.kraken.com"}),
    "krakenfutures": frozenset({"futures.kraken.com"}),
    "coinbase": frozenset({"api.coinbase.com"}),
    "coinbaseexchange": frozenset({"api.exchange.coinbase.com"}),
    "binance": frozenset({"api.binance.com", "data-api.binance.vision"}),
    "binanceus": frozenset({"api.binance.us"}),
    "hyperliquid": frozenset({"api.hyperliquid.xyz"}),
    "okx": frozenset({"www.okx.com", "us.okx.com"}),
    "upbit": frozenset({"api.upbit.com"}),
}


def check_base_url(venue: str, url: str) -> str | None:
    """None if `url` may stand for `venue`, else what is wrong with it (without the parts that may hide a
    password).

    Allowed: https to a host of the venue's own, http or https to loopback; no user name, query or fragment.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "must be an http or https URL"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "must hold no user name, password, query or fragment"
    if is_loopback(host):
        return None
    own = _OWN_HOSTS.get(venue, frozenset())
    if host not in own:
        allowed = " or ".join(["loopback", *sorted(own)])
        return f"names the host {host}: only {allowed} is allowed"
    return None if parts.scheme == "https" else f"must be https for {host}"


def is_loopback(host: str) -> bool:
    """True for `localhost` and literal loopback addresses; any other name could resolve to anywhere."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""ccxt clients for market data: built, pointed at the right host, with cached product lists.

Data only: nothing here has keys or sends orders. Calls are made through calling.py.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from memesnipe_cli import clock
from memesnipe_cli.errors import ConfigError, DataError, UsageError
from memesnipe_cli.records import decimal_text
from memesnipe_cli.store.tables import SIMULATED_VENUE, Instrument
from memesnipe_cli.venue_hosts import check_base_url

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.market.calling import Caller

MARKETS_AGE_MS = clock.DAY_MS


def open_venue(venue: str, base_url: str | None, timeout_s: float) -> ccxt.Exchange:
    """A ccxt client of `venue` without keys. `base_url` replaces the venue's address (loopback, or its own
    host).

    Raises UsageError for a venue ccxt does not know, ConfigError for a base_url that may not be used.
    """
    import ccxt

    if venue == SIMULATED_VENUE:
        raise UsageError(f"{venue!r} is the simulated market", "make it with: memesnipe ingest simulate")
    if venue not in ccxt.exchanges:
        near = difflib.get_close_matches(venue, ccxt.exchanges, n=3)
        raise UsageError(
            f"no venue {venue!r} is known to ccxt",
            f"did you mean {', '.join(near)}?" if near else "e.g. coinbase, kraken",
        )
    exchange: ccxt.Exchange = getattr(ccxt, venue)(
        {
            "enableRateLimit": True,
            "timeout": int(timeout_s * 1000),
            # A retry is decided in calling.py, never inside the library.
            "options": {"maxRetriesOnFailure": 0},
        }
    )
    # ccxt turns many a broken answer into an empty list; the raw one tells them apart.
    exchange.enableLastJsonResponse = True
    exchange.enableLastResponseHeaders = True
    if base_url is not None:
        wrong = check_base_url(venue, base_url)
        if wrong:
            raise ConfigError(
                f"base_url of {venue} {wrong}", f"set venues.{venue}.base_url to the venue's own host"
            )
        exchange.urls["api"] = _at_host(exchange.urls["api"], base_url.rstrip("/"))
    return exchange


def _at_host(urls: Any, base_url: str) -> Any:
    """Every address in ccxt's tree with scheme and host replaced; the paths stay."""
    if isinstance(urls, Mapping):
        return {name: _at_host(inner, base_url) for name, inner in urls.items()}
    base, parts = urlsplit(base_url), urlsplit(str(urls))
    return urlunsplit((base.scheme, base.netloc, base.path + parts.path, parts.query, ""))


def load_markets(exchange: ccxt.Exchange, caller: Caller, cache_folder: Path, base_url: str | None) -> None:
    """Give `exchange` its product list, from a cache at most a day old or from the venue. Raises
    NetworkError.
    """
    import orjson

    host = urlsplit(base_url).netloc.replace(":", "_") if base_url else "own"
    cache = cache_folder / f"markets-{exchange.id}-{host}.json"
    kept = _read_cache(cache)
    if kept is not None:
        exchange.set_markets(kept["markets"])
        return
    caller(
        lambda: exchange.load_markets(reload=True),
        what=f"the product list of {exchange.id}",
        check=_has_markets,
    )
    from memesnipe_cli.store.files import make_folder, write_file

    make_folder(cache_folder)
    content = {"fetched_ms": clock.now_ms(), "markets": list((exchange.markets or {}).values())}
    write_file(cache, orjson.dumps(content, default=str))


def _read_cache(cache: Path) -> dict[str, Any] | None:
    """The kept product list, or None where there is none, it is old, or it is not readable."""
    import orjson

    try:
        kept = orjson.loads(cache.read_bytes())
        fresh = 0 <= clock.now_ms() - int(kept["fetched_ms"]) < MARKETS_AGE_MS
        return kept if fresh and kept["markets"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _has_markets(markets: Any) -> str | None:
    return None if markets else "the answer holds no products"


def check_symbol_known(exchange: ccxt.Exchange, symbol: str) -> None:
    """Raise UsageError with the nearest names for a symbol the venue does not list."""
    markets = exchange.markets or {}
    if symbol in markets:
        return
    near = difflib.get_close_matches(symbol, list(markets), n=4, cutoff=0.5)
    base = symbol.split("/")[0]
    near += [name for name in markets if name.split("/")[0] == base and name not in near][:4]
    raise UsageError(
        f"{exchange.id} has no symbol {symbol!r}",
        f"did you mean {', '.join(near[:5])}?"
        if near
        else "symbols are written as BASE/QUOTE, e.g. DOGE/USD",
    )


def instrument_of(exchange: ccxt.Exchange, symbol: str) -> Instrument:
    """How the venue says a product is traded. Raises DataError where it does not say tick and lot."""
    import ccxt

    market: Mapping[str, Any] = (exchange.markets or {})[symbol]
    steps = {}
    for name, field in (("tick", "price"), ("lot", "amount")):
        given = (market.get("precision") or {}).get(field)
        if given is None:
            raise DataError(
                f"{exchange.id} does not say the {name} of {symbol}", "bars are stored without it"
            )
        steps[name] = f"1e-{int(given)}" if exchange.precisionMode == ccxt.DECIMAL_PLACES else given
    limits = market.get("limits") or {}
    # Contracts are counted by their number there; here every quantity is of the base asset.
    unit = Decimal(str(market.get("contractSize") or 1)) if market.get("contract") else Decimal(1)
    return Instrument(
        venue=exchange.id,
        symbol=symbol,
        tick=decimal_text(steps["tick"]),
        lot=decimal_text(Decimal(decimal_text(steps["lot"])) * unit),
        min_qty=decimal_text(Decimal(_minimum(limits, "amount")) * unit),
        min_notional=_minimum(limits, "cost"),
        perpetual=bool(market.get("swap")),
        source="venue",
        listed_ms=market.get("created"),
    )


def _minimum(limits: Mapping[str, Any], what: str) -> str:
    least = (limits.get(what) or {}).get("min")
    return decimal_text(least) if least is not None else "0"

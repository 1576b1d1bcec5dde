"""What a file's name and folders say about it: venue, symbol, timeframe. Guesses, always reported as such."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from memesnipe_cli.clock import MINUTE_MS, timeframe_name

KNOWN_TIMEFRAMES = (
    "1m", "2m", "3m", "5m", "10m", "15m", "30m", "1h", "2h", "3h", "4h", "6h", "8h", "12h", "1d", "3d",
)  # fmt: skip
_WORDS = {"minute": "1m", "hourly": "1h", "1hour": "1h", "hour": "1h", "daily": "1d", "1day": "1d"}
_VENUES = (
    "binance", "binanceus", "binanceusdm", "bitfinex", "bitget", "bithumb", "bitmex", "bitstamp", "bybit",
    "coinbase", "cryptocom", "deribit", "gate", "gemini", "htx", "hyperliquid", "kraken", "krakenfutures",
    "kucoin", "mexc", "okx", "upbit",
)  # fmt: skip
_VENUE_ALIASES = {"gateio": "gate", "huobi": "htx", "okex": "okx", "yfinance": "yahoo"}
QUOTES = (
    "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "EUR", "GBP", "KRW", "JPY", "TRY", "BRL", "AUD", "CAD",
    "CHF",
    "DAI", "BTC", "ETH", "BNB",
)  # fmt: skip
_BINANCE_ONLY = ("FDUSD", "BUSD", "TUSD")
_PERPETUAL = {"perp", "perps", "perpetual", "perpetuals", "futures", "swap", "swaps"}
# Kraken's own names of two assets, as its downloads carry them.
_ASSETS = {"XBT": "BTC", "XDG": "DOGE"}
_FOLDERS_READ = 3
_TOKENS = re.compile(r"[_\-\s.,()/:]+")


@dataclass(frozen=True)
class NameGuess:
    """What a name says; None where it says nothing."""

    venue: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    perpetual: bool = False


def _asset(word: str) -> str:
    """Upper case, but a leading k (1,000 tokens) stays as the venue writes it: kBONK."""
    name = word if re.fullmatch(r"k[A-Z]{3,}", word) else word.upper()
    return _ASSETS.get(name, name)


def split_pair(word: str, venue: str | None = None) -> tuple[str, str] | None:
    """`DOGEUSDT` -> (DOGE, USDT); `DOGE-USD`, `DOGE/USD` -> (DOGE, USD); None without a known quote."""
    parts = [part for part in _TOKENS.split(word.strip()) if part]
    if len(parts) >= 2:
        quote = parts[1].upper()
        return (_asset(parts[0]), quote) if quote in QUOTES else None
    # `SHIBUSD` is SHIB/USD but for Binance, which has no USD pairs and alone had these.
    quotes = [quote for quote in QUOTES if venue == "binance" or quote not in _BINANCE_ONLY]
    for quote in sorted(quotes, key=len, reverse=True):
        if parts and parts[0].upper().endswith(quote) and len(parts[0]) > len(quote) + 1:
            return _asset(parts[0][: -len(quote)]), quote
    return None


def symbol_of(pair: tuple[str, str], *, perpetual: bool) -> str:
    """(DOGE, USDT) -> `DOGE/USDT`, as a perpetual `DOGE/USDT:USDT`."""
    base, quote = pair
    return f"{base}/{quote}:{quote}" if perpetual else f"{base}/{quote}"


def _timeframe_of(word: str) -> str | None:
    name = _WORDS.get(
        word.lower(), word.lower().removesuffix("in") if word.lower().endswith("min") else word.lower()
    )
    return name if name in KNOWN_TIMEFRAMES else None


def _minutes_of(word: str) -> str | None:
    """Kraken's downloads say the minutes: `60` -> `1h`."""
    if not word.isascii() or not word.isdigit() or len(word) > 5 or int(word) == 0:
        return None
    name = timeframe_name(int(word) * MINUTE_MS)
    return name if name in KNOWN_TIMEFRAMES else None


def guess_from_name(name: str) -> NameGuess:
    """Read venue, symbol and timeframe out of a path such as `kraken/ETHUSD_60.csv`."""
    path = PurePath(name)
    stem = path.name.split(".")[0]
    words = [word for word in _TOKENS.split(stem) if word]
    near = reversed(path.parts[:-1][-_FOLDERS_READ:])
    folders = [word for part in near for word in _TOKENS.split(part) if word]
    perpetual = any(word.lower() in _PERPETUAL for word in (*words, *folders))
    venue = next((found for word in (*words, *folders) if (found := _venue_of(word))), None)
    spot_words = [word for word in words if word.lower() not in _PERPETUAL]
    symbol, after = _symbol_in(spot_words, perpetual, venue)
    timeframe = next((found for word in words if (found := _timeframe_of(word))), None)
    if timeframe is None and after is not None:
        timeframe = _minutes_of(after)
    return NameGuess(venue, symbol, timeframe, perpetual)


def _venue_of(word: str) -> str | None:
    low = word.lower()
    return low if low in _VENUES else _VENUE_ALIASES.get(low)


def _symbol_in(words: list[str], perpetual: bool, venue: str | None) -> tuple[str | None, str | None]:
    """(symbol, the word that follows it) from a list of words; a quote named twice is a perpetual."""
    for place, word in enumerate(words):
        following = words[place + 1 : place + 4]
        if following and following[0].upper() in QUOTES and not _timeframe_of(word) and not _venue_of(word):
            twice = len(following) > 1 and following[1].upper() == following[0].upper()
            rest = following[2:] if twice else following[1:]
            symbol = symbol_of((_asset(word), following[0].upper()), perpetual=perpetual or twice)
            return symbol, (rest[0] if rest else None)
        pair = split_pair(word, venue)
        if pair is not None and not _venue_of(word):
            return symbol_of(pair, perpetual=perpetual), (following[0] if following else None)
    return None, None

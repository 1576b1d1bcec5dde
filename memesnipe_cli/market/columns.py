"""Which column of a table means what: the usual names of OHLCV and funding columns, mapped to roles.

Holds names only; nothing here reads a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memesnipe_cli.errors import DataError

# In order of preference: a UTC column goes before a plain one, a number before a text, KST last.
_TIME = (
    "ts", "candle_date_time_utc", "open_time_utc", "date_utc", "datetime_utc", "time_utc", "timestamp_utc",
    "utc", "open_time", "opentime", "open_timestamp", "kline_open_time", "time_open", "timeopen", "unix",
    "unix_timestamp", "unix_time", "unixtime", "epoch", "unix_s", "unix_ms", "time_period_start",
    "period_start",
    "start", "start_time", "starttime", "begin", "timestamp", "datetime", "date_time", "time", "date",
    "local_time", "gmt_time", "t", "candle_date_time_kst", "datetime_kst", "time_kst", "timestamp_kst",
    "date_kst", "kst", "index", "unnamed:_0", "",
)  # fmt: skip
_CLOSE_TIME = ("close_time", "closetime", "time_close", "timeclose", "kline_close_time", "end", "end_time")
_OPEN = ("open", "o", "open_price", "opening_price", "price_open", "openprice", "first")
_HIGH = ("high", "h", "high_price", "price_high", "highprice", "max")
_LOW = ("low", "l", "low_price", "price_low", "lowprice", "min")
_CLOSE = ("close", "c", "close_price", "closing_price", "price_close", "closeprice", "trade_price", "last")
_BASE_VOLUME = (
    "volume", "vol", "v", "base_volume", "volume_base", "base_asset_volume", "basevolume", "volumefrom",
    "volume_from", "candle_acc_trade_volume", "volume_traded", "acc_trade_volume",
)  # fmt: skip
_QUOTE_VOLUME = (
    "quote_volume", "quote_asset_volume", "quotevolume", "volume_quote", "volumeto", "volume_to", "turnover",
    "candle_acc_trade_price", "acc_trade_price", "amount", "quote_vol",
)  # fmt: skip
_SYMBOL = ("symbol", "ticker", "pair", "market", "product_id", "instrument", "tic", "coin")
_RATE = (
    "funding_rate",
    "fundingrate",
    "relativefundingrate",
    "relative_funding_rate",
    "last_funding_rate",
    "rate",
)
_FUNDING_TIME = ("funding_time", "fundingtime", "calc_time", "settlement_time")
_PRICE = ("price", "px", "trade_price")
_QUANTITY = ("volume", "qty", "quantity", "size", "amount", "vol", "v")
_VOLUME_OF = re.compile(r"^(?:volume|vol)_\(?([a-z0-9]{2,10})\)?$")


@dataclass(frozen=True)
class BarColumns:
    """Positions of the columns of an OHLCV table; `volume_of` are columns like "Volume ETH", by their
    asset.
    """

    time: int
    open: int
    high: int
    low: int
    close: int
    volume: int | None
    quote_volume: int | None
    volume_of: dict[str, int]
    symbol: int | None
    synthetic: int | None
    time_name: str


def plain_name(name: str) -> str:
    """`Volume ETH` -> `volume_eth`: lower case, one underscore between words."""
    return re.sub(r"[\s\-./]+", "_", name.strip().strip("\ufeff\"'<>").lower())


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(word) for word in wanted if word in names), None)


def looks_like_header(fields: Sequence[str]) -> bool:
    """Whether these fields name at least three of open, high, low, close, or a funding or trade table."""
    names = [plain_name(field) for field in fields]
    prices = sum(_first(names, group) is not None for group in (_OPEN, _HIGH, _LOW, _CLOSE))
    return prices >= 3 or (
        (_first(names, _RATE) is not None or _first(names, _PRICE) is not None)
        and _first(names, (*_FUNDING_TIME, *_TIME[:-1])) is not None
    )


def bar_columns(fields: Sequence[str]) -> BarColumns:
    """Roles of the columns of an OHLCV table. Raises DataError naming what is missing."""
    names = [plain_name(field) for field in fields]
    time = _first(names, _TIME)
    roles = {"open": _OPEN, "high": _HIGH, "low": _LOW, "close": _CLOSE}
    prices = {role: place for role, group in roles.items() if (place := _first(names, group)) is not None}
    missing = [role for role in roles if role not in prices]
    shown = ", ".join(field or '""' for field in fields[:16])
    if missing:
        raise DataError(
            f"no column for {', '.join(missing)} among: {shown}",
            "bars need a time, open, high, low, close and volume; rename the columns to these words",
        )
    if time is None:
        closing = _first(names, _CLOSE_TIME)
        why = f"only the closing time ({fields[closing]})" if closing is not None else "no time column"
        raise DataError(f"{why} among: {shown}", "a bar is named by its opening time; add it as column `ts`")
    volume_of = {
        match[1].upper(): place
        for place, name in enumerate(names)
        if (match := _VOLUME_OF.match(name)) is not None
        and name not in _BASE_VOLUME and name not in _QUOTE_VOLUME
    }  # fmt: skip
    return BarColumns(
        time=time,
        **prices,
        volume=_first(names, _BASE_VOLUME),
        quote_volume=_first(names, _QUOTE_VOLUME),
        volume_of=volume_of,
        symbol=_first(names, _SYMBOL),
        synthetic=_first(names, ("synthetic",)),
        time_name=fields[time],
    )


def volume_column(columns: BarColumns, base: str, quote: str) -> int:
    """The column that holds volume in base units.

    Volume in the quote currency alone is refused: dividing it by some price of the bar would be an estimate
    that nobody could tell from a measurement later. Raises DataError.
    """
    if columns.volume is not None:
        return columns.volume
    for asset, place in columns.volume_of.items():
        if asset == base.upper():
            return place
    others = [asset for asset in columns.volume_of if asset != quote.upper()]
    if len(columns.volume_of) > 1 and len(others) == 1:
        return columns.volume_of[others[0]]
    if columns.quote_volume is not None or columns.volume_of:
        raise DataError(
            f"the file has volume in quote currency only, none in {base}",
            f"bars keep volume in {base}: take a file with the base volume, in a column named `volume`",
        )
    raise DataError("the file has no volume column", "fills are capped by volume: take a file that has it")


def funding_columns(fields: Sequence[str]) -> tuple[int, int]:
    """Positions of (time, rate) in a funding table. Raises DataError."""
    names = [plain_name(field) for field in fields]
    time, rate = _first(names, (*_FUNDING_TIME, *_TIME)), _first(names, _RATE)
    if time is None or rate is None:
        absent = "the time" if time is None else "the funding rate"
        raise DataError(
            f"no column for {absent} among: {', '.join(fields[:16])}",
            "funding needs columns `ts` and `funding_rate` (a fraction per interval)",
        )
    return time, rate


def is_funding(fields: Sequence[str]) -> bool:
    """Whether these columns are funding rates: a rate, but no open, high or low."""
    names = [plain_name(field) for field in fields]
    return _first(names, _RATE) is not None and _first(names, (*_OPEN, *_HIGH, *_LOW)) is None


def is_trades(fields: Sequence[str]) -> bool:
    """Whether these columns are single trades: a time, a price and a quantity, but no open, high or low."""
    names = [plain_name(field) for field in fields]
    if _first(names, (*_OPEN, *_HIGH, *_LOW)) is not None:
        return False
    return all(_first(names, group) is not None for group in (_TIME[:-1], _PRICE, _QUANTITY))


def trade_columns(fields: Sequence[str]) -> tuple[int, int, int]:
    """Positions of (time, price, quantity) in a table that `is_trades`."""
    names = [plain_name(field) for field in fields]
    places = (_first(names, _TIME), _first(names, _PRICE), _first(names, _QUANTITY))
    time, price, quantity = places
    if time is None or price is None or quantity is None:
        raise DataError(
            f"these are not trades: {', '.join(fields[:16])}", "trades need time, price and volume"
        )
    return time, price, quantity

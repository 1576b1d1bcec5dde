"""The shapes that cross a pipe or a file, version 1, and how their values are written.

One JSON object a line, with `type` and `v`. Times are RFC 3339 UTC; money, prices and quantities are decimal
strings; statistics are JSON numbers, null where undefined. Fields may be added; none is renamed without a new
`v`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict

from memesnipe_cli.clock import format_time, parse_time
from memesnipe_cli.errors import DataError, UsageError

VERSION = 1

# Every type that a command of this version writes or reads.
RECORD_TYPES = (
    "candle",
    "funding",
    "event",
    "signal",
    "trade",
    "order",
    "fill",
    "backtest",
    "shadow_report",
    "shadow_signal",
    "shadow_trade",
    "account",
    "position",
    "gate",
    "breaker",
    "flatten",
    "watch",
    "drill",
    "finding",
    "decision",
    "refusal",
    "timing",
    "status",
    "key",
    "explanation",
    "plan",
    "service",
    "tca",
    "verification",
    "entry",
    "order_life",
    "report",
    "equity",
    "export",
    "tax",
    "tax_lot",
    "tax_contract",
    "trade_sum",
    "trade_check",
    "backup",
    "journal_retention",
    "checkpoint",
    "inclusion_proof",
    "consistency_proof",
    "error",
)

Side = Literal["long", "short"]
Severity = Literal["ok", "info", "warning", "error"]


class CandleRecord(TypedDict):
    """One bar. `ts` is its open time. `live`: of `ingest stream`, whether it closed just now (true), or fills a gap of
    the past and is no basis for a decision (false)."""

    type: Literal["candle"]
    v: int
    venue: str
    symbol: str
    timeframe: str
    ts: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    synthetic: bool
    live: NotRequired[bool]


class FundingRecord(TypedDict):
    """One settlement of a perpetual. `rate` is the fraction paid by longs for the interval that ends at
    `ts`."""

    type: Literal["funding"]
    v: int
    venue: str
    symbol: str
    ts: str
    rate: str
    interval_s: int


class TradeRecord(TypedDict):
    """One round trip, flat to flat."""

    type: Literal["trade"]
    v: int
    run: str
    strategy: str
    venue: str
    symbol: str
    side: Side
    qty: str
    entry_time: str
    entry_price: str
    entry_reason: str
    exit_time: str | None
    exit_price: str | None
    exit_reason: str | None
    fees: str
    slippage: str
    pnl: str


class OrderRecord(TypedDict):
    """What was asked of a venue and what became of it. `id` is the client order id."""

    type: Literal["order"]
    v: int
    id: str
    venue_id: str | None
    strategy: str
    venue: str
    symbol: str
    side: Literal["buy", "sell"]
    kind: str
    qty: str
    price: str | None
    state: str
    time: str
    reason: str


class FillRecord(TypedDict):
    """What a venue did with an order. `order` is the client order id."""

    type: Literal["fill"]
    v: int
    order: str
    venue_trade_id: str
    qty: str
    price: str
    fee: str
    fee_currency: str
    liquidity: Literal["maker", "taker"]
    time: str


class BacktestRecord(TypedDict):
    """The result of one run: money as decimal strings, statistics as numbers or null."""

    type: Literal["backtest"]
    v: int
    run: str
    strategies: list[str]
    symbols: list[str]
    since: str
    until: str
    bars: int
    trades: int
    wins: int
    win_rate: float | None
    win_rate_low: float | None
    expectancy: str | None
    payoff_ratio: float | None
    profit_factor: float | None
    sharpe: float | None
    sharpe_se: float | None
    sortino: float | None
    max_drawdown: float | None
    total_return: float | None
    buy_and_hold: float | None
    start_equity: str
    final_equity: str
    fees: str
    slippage: str
    exposure: float | None
    turnover: float | None
    assumptions: dict[str, Any]
    coverage: list[dict[str, Any]]


class BreakerRecord(TypedDict):
    """The state of the circuit breaker of one account. Marks are None before it has traded."""

    type: Literal["breaker"]
    v: int
    level: Literal["CLOSED", "WARNING", "HALT", "EMERGENCY"]
    cause: str | None
    since: str | None
    equity: str | None
    high_water_mark: str | None
    drawdown: float | None
    daily_loss: float | None
    strategies: list[dict[str, Any]]


class FindingRecord(TypedDict):
    """What a check found: `where` names the file, series or setting."""

    type: Literal["finding"]
    v: int
    check: str
    severity: Severity
    where: str
    message: str
    hint: str


def record(kind: str, /, **fields: Any) -> dict[str, Any]:
    """`fields` under a `type` and `v`, in that order."""
    return {"type": kind, "v": VERSION, **fields}


def finding(check: str, severity: Severity, where: str, message: str, hint: str = "") -> FindingRecord:
    """One `finding` record."""
    return {
        "type": "finding",
        "v": VERSION,
        "check": check,
        "severity": severity,
        "where": where,
        "message": message,
        "hint": hint,
    }


def decimal_text(value: Decimal | float | str) -> str:
    """A plain decimal without exponent; a float by its shortest text that reads back as the same float.

    `0.1` -> `0.1`, `1e-08` -> `0.00000001`, `100.0` -> `100`, `Decimal("1.50")` -> `1.50`. Takes numpy's
    scalars too. Raises DataError for NaN, an infinity or text that is no number: an amount is never
    undefined.
    """
    if isinstance(value, float):  # numpy's float64 is one
        text = float.__repr__(value)
        if text.endswith(".0"):
            return "0" if text == "-0.0" else text[:-2]
        if "e" not in text and "n" not in text:
            return text
        value = Decimal(text)
    try:
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        exact = Decimal("NaN")
    if not exact.is_finite():
        raise DataError(f"{value!r} is not an amount", "amounts are finite decimal numbers")
    if not exact and exact.is_signed():
        exact = -exact
    return format(exact, "f")


def decimal_value(text: object, field: str) -> Decimal:
    """The Decimal in a record's field, from a string or a JSON integer. Raises DataError naming the field."""
    if isinstance(text, str) or (isinstance(text, int) and not isinstance(text, bool)):
        try:
            value = Decimal(text)
        except ArithmeticError:
            pass
        else:
            if value.is_finite():
                return value
    raise DataError(
        f"{field} is {text!r}: not a decimal number", "money, prices and quantities are decimal strings"
    )


def statistic(value: float | None) -> float | None:
    """A number for JSON: None where it is undefined (None, NaN, infinite)."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def time_text(ts_ms: int) -> str:
    """RFC 3339 UTC of a time in ms."""
    return format_time(int(ts_ms))


def time_value(text: object, field: str = "ts") -> int:
    """ms UTC of a record's RFC 3339 time. Raises DataError naming the field."""
    if isinstance(text, str) and "T" in text:
        try:
            return parse_time(text)
        except UsageError:
            pass
    raise DataError(f"{field} is {text!r}: not an RFC 3339 time", "write 2025-01-31T12:00:00Z")


def check_version(record_in: Mapping[str, Any]) -> None:
    """Raise DataError for a record written by a newer version than this one reads."""
    version = record_in.get("v")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DataError(f"record has v = {version!r}", f"v is a whole number from 1 to {VERSION}")
    if version > VERSION:
        raise DataError(
            f"record {record_in.get('type')!r} has v = {version}, this memesnipe reads up to {VERSION}",
            "upgrade memesnipe",
        )

"""The lists of trades that venues let a person download: Kraken's trades.csv, Coinbase's fills report.

Both leave things out. Kraken writes every fee in the quote currency, also one that was taken in another, and names a
market without a slash; Coinbase names no orders, so whose a trade is that the journal lacks cannot be told from it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from memesnipe_cli.audit.venue_trades import TheirTrade
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.store.files import explained

_KRAKEN = frozenset({"txid", "ordertxid", "pair", "time", "type", "price", "cost", "fee", "vol"})
_COINBASE = frozenset(
    {"trade id", "product", "side", "created at", "size", "price", "fee", "price/fee/total unit"}
)
_WITHIN_MS = 1_000
_MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class TradeList:
    """A venue's list from a file. names_orders: it says of which order each trade is."""

    venue: str
    trades: tuple[TheirTrade, ...]
    names_orders: bool


def read_trades(path: Path) -> TradeList:
    """The trades in a venue's export. Raises DataError for what is none, naming the line, StoreError."""
    with explained(f"cannot read {path}"):
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path} has more than {_MOST_BYTES >> 20} MiB", "export a shorter time")
        data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise DataError(
            f"{path} is no text: byte {problem.start}", "give the CSV as the venue wrote it"
        ) from None
    reader = csv.DictReader(io.StringIO(text))
    try:
        names = {str(name).strip().lower() for name in reader.fieldnames or ()}
        if names >= _KRAKEN:
            venue, row_of = "kraken", _kraken
        elif names >= _COINBASE:
            venue, row_of = "coinbase", _coinbase
        else:
            raise DataError(
                f"{path} is neither Kraken's trades.csv nor Coinbase's fills report: its columns are"
                f" {', '.join(sorted(names))[:200] or 'none'}",
                "export trades (not the ledger) at Kraken, or fills at Coinbase",
            )
        found: dict[str, TheirTrade] = {}
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            trade = row_of({str(name).strip().lower(): value for name, value in row.items()}, where)
            if trade.trade_id in found and found[trade.trade_id] != trade:
                raise DataError(
                    f"{where}: the trade {trade.trade_id} is there twice, and not the same", "export it again"
                )
            found[trade.trade_id] = trade
    except csv.Error as problem:
        raise DataError(f"{path}, line {reader.line_num}: {problem}", "export it again") from None
    return TradeList(venue, tuple(found.values()), venue == "kraken")


def _kraken(row: Mapping[str, str | None], where: str) -> TheirTrade:
    return TheirTrade(
        trade_id=_text(row, "txid", where),
        order_id=_text(row, "ordertxid", where),
        symbol=None,
        market=_text(row, "pair", where),
        side=_side(row, "type", where),
        qty=_amount(row, "vol", where),
        price=_amount(row, "price", where),
        cost=_amount(row, "cost", where),
        fee=_amount(row, "fee", where),
        fee_currency=None,
        time_ms=_time(row, "time", where),
        within_ms=_WITHIN_MS,
    )


def _coinbase(row: Mapping[str, str | None], where: str) -> TheirTrade:
    product = _text(row, "product", where)
    return TheirTrade(
        trade_id=_text(row, "trade id", where),
        order_id=None,
        symbol=product.replace("-", "/", 1),
        market=product,
        side=_side(row, "side", where),
        qty=_amount(row, "size", where),
        price=_amount(row, "price", where),
        cost=None,
        fee=_amount(row, "fee", where),
        fee_currency=_text(row, "price/fee/total unit", where),
        time_ms=_time(row, "created at", where),
        within_ms=_WITHIN_MS,
    )


def _text(row: Mapping[str, str | None], name: str, where: str) -> str:
    found = (row.get(name) or "").strip()
    if not found:
        raise DataError(f"{where}: no {name}", "give the file as the venue wrote it")
    return found


def _side(row: Mapping[str, str | None], name: str, where: str) -> str:
    found = _text(row, name, where).lower()
    if found not in ("buy", "sell"):
        raise DataError(
            f"{where}: {name} is {found!r}, not buy or sell", "give the file as the venue wrote it"
        )
    return found


def _amount(row: Mapping[str, str | None], name: str, where: str) -> Decimal:
    found = _text(row, name, where)
    try:
        amount = Decimal(found)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite():
        raise DataError(f"{where}: {name} is {found!r}, no amount", "give the file as the venue wrote it")
    return amount


def _time(row: Mapping[str, str | None], name: str, where: str) -> int:
    """RFC 3339, or `2025-01-31 08:15:22.1234`, which is UTC."""
    found = _text(row, name, where)
    text = found.replace(" ", "T", 1)
    try:
        return parse_time(text if text.endswith("Z") or "+" in text else f"{text}Z")
    except UsageError:
        raise DataError(
            f"{where}: {name} is {found!r}, no time", "give the file as the venue wrote it"
        ) from None

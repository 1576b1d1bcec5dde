"""A tax file from an account's journal: sales of coins lot by lot as Form 8949 asks for them, and round trips of
perpetual contracts apart from them.

What it does not do is in docs/reports.md: wash sales, year-end marks of contracts, coins that the journal does not
know, gains on the stablecoins that were spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

from memesnipe_cli.audit.exact import minus, plus
from memesnipe_cli.audit.export_columns import Kind, Table
from memesnipe_cli.audit.tax_fills import CoinFill, Contract, Found, day_of
from memesnipe_cli.audit.tax_lots import Amounts, Lot, Lots, Method
from memesnipe_cli.clock import format_time
from memesnipe_cli.records import decimal_text

SHORT, LONG = "short", "long"
_ZERO = Decimal(0)
_NO_LOT = "no lot of it is in the journal: its basis is taken as 0"

_TEXT, _AMOUNT, _TIME = Kind.TEXT, Kind.AMOUNT, Kind.TIME
FORM_8949 = Table(
    "tax_lot",
    "a lot, or a part of one, that was disposed of",
    (
        ("a_description", _TEXT),
        ("b_date_acquired", _TEXT),
        ("c_date_sold", _TEXT),
        ("d_proceeds", _AMOUNT),
        ("e_basis", _AMOUNT),
        ("f_code", _TEXT),
        ("g_adjustment", _AMOUNT),
        ("h_gain", _AMOUNT),
        ("term", _TEXT),
        ("simulated", Kind.FLAG),
        ("coin", _TEXT),
        ("qty", _AMOUNT),
        ("acquired", _TIME),
        ("disposed", _TIME),
        ("fee_acquired", _AMOUNT),
        ("fee_disposed", _AMOUNT),
        ("method", _TEXT),
        ("account", _TEXT),
        ("venue", _TEXT),
        ("symbol", _TEXT),
        ("strategy", _TEXT),
        ("lot", _TEXT),
        ("acquired_fill", _TEXT),
        ("acquired_order", _TEXT),
        ("disposed_fill", _TEXT),
        ("disposed_order", _TEXT),
        ("note", _TEXT),
    ),
)
FORM_6781 = Table(
    "tax_contract",
    "a round trip in a perpetual contract",
    (
        ("a_description", _TEXT),
        ("date_opened", _TEXT),
        ("date_closed", _TEXT),
        ("gain", _AMOUNT),
        ("simulated", Kind.FLAG),
        ("side", _TEXT),
        ("qty", _AMOUNT),
        ("opened", _TIME),
        ("closed", _TIME),
        ("fees", _AMOUNT),
        ("funding", _AMOUNT),
        ("account", _TEXT),
        ("venue", _TEXT),
        ("symbol", _TEXT),
        ("strategy", _TEXT),
        ("seq", Kind.NUMBER),
    ),
)
FORMS = {"8949": FORM_8949, "6781": FORM_6781}


@dataclass(frozen=True, slots=True)
class TaxRequest:
    """year: of the disposals, None for all; zone: whose days count."""

    account: str
    method: Method
    year: int | None
    zone: tzinfo


@dataclass(slots=True)
class TermTotal:
    """The sums of one term."""

    rows: int = 0
    proceeds: Decimal = _ZERO
    basis: Decimal = _ZERO
    gain: Decimal = _ZERO


@dataclass(slots=True)
class TaxTotals:
    """What the rows add up to, by term; of contracts their gain. no_basis: rows without a lot; left: lots that are
    still held at the end of the journal, by coin quantity and basis."""

    terms: dict[str, TermTotal] = field(default_factory=lambda: {SHORT: TermTotal(), LONG: TermTotal()})
    contracts: int = 0
    contract_gain: Decimal = _ZERO
    no_basis: int = 0
    left: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def as_fields(self) -> dict[str, Any]:
        """For a record."""
        return {
            **{
                term: {
                    "rows": sums.rows,
                    "proceeds": decimal_text(sums.proceeds),
                    "basis": decimal_text(sums.basis),
                    "gain": decimal_text(sums.gain),
                }
                for term, sums in self.terms.items()
            },
            "contracts": self.contracts,
            "contract_gain": decimal_text(self.contract_gain),
            "no_basis": self.no_basis,
            "left": {
                coin: {"qty": decimal_text(qty), "basis": decimal_text(basis)}
                for coin, (qty, basis) in self.left.items()
            },
        }


def lot_rows(found: Found, request: TaxRequest, totals: TaxTotals) -> Iterator[dict[str, Any]]:
    """A row of FORM_8949 for each lot, or part of one, that was disposed of in the year, by the time of the disposal.
    `totals` has their sums once all are taken. Lots are kept by venue and coin, in this account alone."""
    pools: dict[tuple[str, str], Lots] = {}
    for fill in found.coins:
        pool = pools.setdefault((fill.venue, fill.coin), Lots(request.method))
        if fill.acquires:
            if fill.qty > 0:
                pool.add(_lot(fill))
            continue
        wanted = request.year in (None, day_of(fill.time_ms, request.zone).year)
        for lot, proceeds in _matched(pool, fill):
            if wanted:
                yield _lot_row(lot, proceeds, fill, request, totals)
    for (_, coin), pool in pools.items():
        for lot in pool.left():
            qty, basis = totals.left.get(coin, (_ZERO, _ZERO))
            totals.left[coin] = plus(qty, lot.amounts.qty), plus(basis, lot.amounts.value)


def contract_rows(
    contracts: Iterable[Contract], request: TaxRequest, totals: TaxTotals
) -> Iterator[dict[str, Any]]:
    """A row of FORM_6781 for each round trip that ended in the year."""
    for each in contracts:
        closed = day_of(each.closed_ms, request.zone)
        if request.year not in (None, closed.year):
            continue
        totals.contracts += 1
        totals.contract_gain = plus(totals.contract_gain, each.gain)
        yield {
            "a_description": _described(each.qty, f"{each.symbol} {each.side}", each.simulated),
            "date_opened": _on_form(day_of(each.opened_ms, request.zone)),
            "date_closed": _on_form(closed),
            "gain": decimal_text(each.gain),
            "simulated": each.simulated,
            "side": each.side,
            "qty": decimal_text(each.qty),
            "opened": format_time(each.opened_ms),
            "closed": format_time(each.closed_ms),
            "fees": decimal_text(each.fees),
            "funding": decimal_text(each.funding),
            "account": request.account,
            "venue": each.venue,
            "symbol": each.symbol,
            "strategy": each.strategy,
            "seq": each.seq,
        }


def term_of(acquired: date, disposed: date) -> str:
    """`long` for what was held more than one year. The holding period begins on the day after the acquisition and the
    day of the disposal is part of it (IRS, Publication 544; Rev. Rul. 66-7 for the ends of months)."""
    begins = acquired + timedelta(days=1)
    try:
        anniversary = begins.replace(year=begins.year + 1)
    except ValueError:  # begins on the 29th of February
        anniversary = date(begins.year + 1, 3, 1)
    return LONG if disposed >= anniversary else SHORT


def _lot(fill: CoinFill) -> Lot:
    return Lot(
        id=f"L{fill.seq}",
        acquired_ms=fill.time_ms,
        amounts=Amounts(fill.qty, fill.value, fill.fee),
        fill=fill.fill,
        order=fill.order,
        note=fill.note,
        unit=Fraction(fill.value) / Fraction(fill.qty),
    )


def _matched(pool: Lots, fill: CoinFill) -> Iterator[tuple[Lot | None, Amounts]]:
    """The lots that a disposal takes, each with its part of the proceeds; None for what no lot is there for."""
    rest = Amounts(fill.qty, fill.value, fill.fee)
    for lot in pool.take(fill.qty):
        part, rest = rest.part(lot.amounts.qty)
        yield lot, part
    if rest.qty > 0:
        yield None, rest


def _lot_row(
    lot: Lot | None, proceeds: Amounts, fill: CoinFill, request: TaxRequest, totals: TaxTotals
) -> dict[str, Any]:
    disposed = day_of(fill.time_ms, request.zone)
    acquired = None if lot is None else day_of(lot.acquired_ms, request.zone)
    basis = _ZERO if lot is None else lot.amounts.value
    gain = minus(proceeds.value, basis)
    term = SHORT if acquired is None else term_of(acquired, disposed)
    sums = totals.terms[term]
    sums.rows += 1
    sums.proceeds, sums.basis = plus(sums.proceeds, proceeds.value), plus(sums.basis, basis)
    sums.gain = plus(sums.gain, gain)
    totals.no_basis += lot is None
    notes = [_NO_LOT if lot is None else _about("acquired", lot.note), _about("disposed of", fill.note)]
    return {
        "a_description": _described(proceeds.qty, fill.coin, fill.simulated),
        "b_date_acquired": None if acquired is None else _on_form(acquired),
        "c_date_sold": _on_form(disposed),
        "d_proceeds": decimal_text(proceeds.value),
        "e_basis": decimal_text(basis),
        "f_code": None,
        "g_adjustment": None,
        "h_gain": decimal_text(gain),
        "term": term,
        "simulated": fill.simulated,
        "coin": fill.coin,
        "qty": decimal_text(proceeds.qty),
        "acquired": None if lot is None else format_time(lot.acquired_ms),
        "disposed": format_time(fill.time_ms),
        "fee_acquired": None if lot is None else decimal_text(lot.amounts.fee),
        "fee_disposed": decimal_text(proceeds.fee),
        "method": request.method.value.upper(),
        "account": request.account,
        "venue": fill.venue,
        "symbol": fill.symbol,
        "strategy": fill.strategy,
        "lot": None if lot is None else lot.id,
        "acquired_fill": None if lot is None else lot.fill,
        "acquired_order": None if lot is None else lot.order,
        "disposed_fill": fill.fill,
        "disposed_order": fill.order,
        "note": "; ".join(filter(None, notes)) or None,
    }


def _about(what: str, note: str) -> str:
    return f"{what}: {note}" if note else ""


def _described(qty: Decimal, what: str, simulated: bool) -> str:
    words = f"{decimal_text(qty)} {what}"
    return f"SIMULATED {words}" if simulated else words


def _on_form(day: date) -> str:
    """As the form asks for it: month, day, year."""
    return day.strftime("%m/%d/%Y")

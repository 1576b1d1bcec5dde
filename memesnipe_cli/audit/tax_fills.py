"""The fills of a journal as what tax law looks at: coins that were acquired and coins that were disposed of, in US
dollars; and apart from them what is no sale of a coin.

A purchase's fee is part of the basis, a sale's is taken off the proceeds (IRS, Publication 551 "Basis of Assets";
Instructions for Form 8949, columns (d) and (e)). A fee that was taken in the coin itself: of a purchase it never came
in, so that the lot is smaller and has cost the same; with a sale it is disposed of too, for its part of what the sale
brought.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from sys import intern
from typing import Any

from memesnipe_cli.audit.exact import minus, plus, times
from memesnipe_cli.audit.export_orders import fill_cost
from memesnipe_cli.audit.tax_rates import USD, Rates
from memesnipe_cli.audit.whole import IMPROPER, improper
from memesnipe_cli.clock import parse_time
from memesnipe_cli.errors import DataError
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.venues.holdings import is_perpetual

_ZERO = Decimal(0)
_FILLED = ("entry_fill", "exit_fill")


@dataclass(frozen=True, slots=True)
class CoinFill:
    """A fill of a coin. acquires: else it disposes. qty: coins that came in or left, fees in the coin counted; value:
    USD, with the fee in it; fee: the USD of the fee; seq: of the journal's line."""

    time_ms: int
    seq: int
    acquires: bool
    coin: str
    qty: Decimal
    value: Decimal
    fee: Decimal
    venue: str
    symbol: str
    strategy: str
    fill: str
    order: str
    simulated: bool
    note: str


@dataclass(slots=True)
class Contract:
    """A round trip in a perpetual contract. gain: USD, net of fees and funding."""

    opened_ms: int
    closed_ms: int
    side: str
    qty: Decimal
    gain: Decimal
    fees: Decimal
    funding: Decimal
    venue: str
    symbol: str
    strategy: str
    seq: int
    simulated: bool


@dataclass(slots=True)
class Found:
    """What a journal holds. coins: by time; shorts: fills of simulated short sales of coins, which are in none of the
    lists; left_out: simulated fills and round trips beside real ones; other_fees: fees in a currency without a rate, in
    no sum; other_quotes: currencies that were spent or received instead of dollars."""

    coins: list[CoinFill] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    shorts: int = 0
    left_out: int = 0
    other_fees: dict[str, Decimal] = field(default_factory=dict)
    other_quotes: set[str] = field(default_factory=set)

    @property
    def simulated(self) -> bool:
        """Whether any of it is no real money."""
        return any(each.simulated for each in self.coins) or any(each.simulated for each in self.contracts)

    def leave_simulated_out(self) -> None:
        """Where there is real money, only that counts: an account may have been tried on paper before."""
        coins = [each for each in self.coins if not each.simulated]
        contracts = [each for each in self.contracts if not each.simulated]
        if coins or contracts:
            self.left_out = len(self.coins) + len(self.contracts) - len(coins) - len(contracts)
            self.coins, self.contracts = coins, contracts


def coin_fills(entries: Iterable[Entry], rates: Rates, zone: tzinfo) -> Found:
    """Read all of a journal. zone: whose days the rates are of.

    Raises DataError that names the day for which a rate is missing, IntegrityError for a line that lacks what it should
    have.
    """
    reader = _Reader(rates, zone)
    for entry in entries:
        try:
            reader.take(entry)
        except IMPROPER as problem:
            raise improper(entry, problem) from problem
    reader.found.leave_simulated_out()
    reader.found.coins.sort(key=lambda fill: (fill.time_ms, fill.seq))
    return reader.found


def day_of(ts_ms: int, zone: tzinfo) -> date:
    """The day of a moment where the taxpayer is."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).astimezone(zone).date()


class _Reader:
    def __init__(self, rates: Rates, zone: tzinfo) -> None:
        self.found = Found()
        self._rates = rates
        self._zone = zone
        self._simulated = True

    def take(self, entry: Entry) -> None:
        body = entry.body
        if entry.kind == "session":
            self._simulated = body["mode"] != "live"
        elif entry.kind == "trade" and is_perpetual(body["symbol"]):
            self._contract(entry, body)
        elif entry.kind == "fill" and ("event" not in body or body["event"] in _FILLED):
            if is_perpetual(body["symbol"]):
                return  # its round trip has a line of its own
            if body.get("position") == "short":
                self.found.shorts += 1
            else:
                self._coin(entry, body)

    def _coin(self, entry: Entry, body: dict[str, Any]) -> None:
        coin, _, quote = body["symbol"].partition("/")
        time_ms = parse_time(body["time"])
        day = day_of(time_ms, self._zone)
        buys = body["side"] == "buy"
        qty, cost, fee = Decimal(body["qty"]), fill_cost(body), Decimal(body["fee"])
        value = self._usd(cost, quote, day, body)
        fee_usd, note = _ZERO, ""
        if fee and body["fee_currency"] == coin:
            fee_usd = self._usd(times(fee, Decimal(body["price"])), quote, day, body)
            qty = minus(qty, fee) if buys else plus(qty, fee)
            note = f"{fee:f} {coin} of it were the fee"
        elif fee:
            fee_usd, note = self._fee(fee, body["fee_currency"], day)
            value = plus(value, fee_usd) if buys else minus(value, fee_usd)
        self.found.coins.append(
            CoinFill(
                time_ms, entry.seq, buys, intern(coin), qty, value, fee_usd, intern(body["venue"]),
                intern(body["symbol"]), intern(body["strategy"]), body["venue_trade_id"], body["order"],
                "event" in body, note,
            )
        )  # fmt: skip

    def _fee(self, fee: Decimal, currency: str, day: date) -> tuple[Decimal, str]:
        """(USD of a fee in money, a note where it is not known)."""
        rate = self._rates.of(currency, day)
        if rate is not None:
            return times(fee, rate), ""
        self.found.other_fees[currency] = plus(self.found.other_fees.get(currency, _ZERO), fee)
        return _ZERO, f"the fee of {fee:f} {currency} is not in it"

    def _contract(self, entry: Entry, body: dict[str, Any]) -> None:
        closed_ms = parse_time(body["exit_time"])
        quote = body["symbol"].partition(":")[2]
        day = day_of(closed_ms, self._zone)

        def usd(name: str) -> Decimal:
            return self._usd(Decimal(body[name]), quote, day, body)

        self.found.contracts.append(
            Contract(
                parse_time(body["entry_time"]), closed_ms, body["side"], Decimal(body["qty"]), usd("pnl"),
                usd("fees"), usd("funding"), body["venue"], body["symbol"], body["strategy"], entry.seq,
                self._simulated,
            )
        )  # fmt: skip

    def _usd(self, amount: Decimal, currency: str, day: date, body: dict[str, Any]) -> Decimal:
        if currency != USD:
            self.found.other_quotes.add(currency)
        rate = self._rates.of(currency, day)
        if rate is None:
            raise DataError(
                f"{body['symbol']} was traded for {currency} on {day}, and what {currency} was worth in USD that day "
                "is not known",
                f"give the rates: --rates FILE, CSV with date,currency,usd, e.g. {day},{currency},0.9998",
            )
        return times(amount, rate)

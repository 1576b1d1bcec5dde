"""Journals in memory for the tests of reports, exports and tax files: sessions, round trips, venue fills, marks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from memesnipe_cli.clock import format_time
from memesnipe_cli.store.entry import Entry

D = Decimal
START_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
MINUTE_MS = 60_000
BASE_MS = 5 * MINUTE_MS
Line = tuple[str, dict[str, Any]]


class Book:
    """Lines one after another, as a session writes them, and the clock that they are written by."""

    def __init__(self, mode: str = "paper", capital: str = "200", begin_ms: int = START_MS) -> None:
        self.entries: list[Entry] = []
        self.now_ms = begin_ms
        self.live = mode == "live"
        self._ids = 0
        self.add(
            "session",
            session=f"{mode}-1",
            mode=mode,
            simulated=False,
            capital=capital,
            currency="USD",
            base="5m",
            begin=format_time(begin_ms),
            strategies=[{"name": "one"}, {"name": "two"}],
            rules={"strategy_share": "0.1"},
            instruments=[
                {
                    "venue": "kraken",
                    "symbol": symbol,
                    "tick": "0.0001",
                    "lot": "0.001",
                    "half_spread": "0.0005",
                }
                for symbol in ("DOGE/USD", "WIF/USD", "BTC/USD:USD")
            ],
        )

    def add(self, kind: str, /, **body: Any) -> None:
        """One line, written now."""
        self.entries.append(Entry(len(self.entries) + 1, format_time(self.now_ms), kind, body, "", ""))

    def lines(self) -> list[Line]:
        """For a journal on the disk."""
        return [(each.kind, each.body) for each in self.entries]

    def at(self, ms: int) -> None:
        """Time goes on."""
        self.now_ms = ms

    def booked(
        self, opens: bool, cash: str, fee: str = "0", *, qty: str = "1", strategy: str = "one",
        symbol: str = "DOGE/USD", price: str = "0.2", reference: str = "0.2",
    ) -> None:  # fmt: skip
        """A fill as the account books it: what a simulated venue did, or what it makes of a venue's trades."""
        self._ids += 1
        self.add(
            "position" if self.live else "fill",
            event="entry_fill" if opens else "exit_fill",
            session="s",
            strategy=strategy,
            venue="kraken",
            symbol=symbol,
            order=f"o{self._ids}",
            venue_trade_id=f"t{self._ids}",
            leg="entry" if opens else "stop",
            side="buy" if opens else "sell",
            position="long",
            qty=qty,
            price=price,
            reference=reference,
            cash=cash,
            fee=fee,
            fee_currency="USD",
            liquidity="taker",
            bar=format_time(self.now_ms),
            time=format_time(self.now_ms),
            **({"stop": "0.1", "target": "0", "target_qty": "0"} if opens else {"reason": "stop"}),
        )

    def trade(self, pnl: str, *, strategy: str = "one", symbol: str = "DOGE/USD", side: str = "long") -> None:
        """The round trip that the last fill ended."""
        self.add(
            "trade",
            run="s",
            strategy=strategy,
            venue="kraken",
            symbol=symbol,
            side=side,
            qty="1",
            entry_time=format_time(self.now_ms - BASE_MS),
            entry_price="0.2",
            entry_reason="up",
            exit_time=format_time(self.now_ms),
            exit_price="0.2",
            exit_reason="stop",
            notional="0.2",
            fees="0.01",
            slippage="0",
            funding="0.002",
            pnl=pnl,
            units=1,
        )

    def funded(self, cash: str, strategy: str = "one", symbol: str = "DOGE/USD") -> None:
        """Funding paid or received."""
        time = format_time(self.now_ms)
        self.add(
            "funding",
            event="funding",
            strategy=strategy,
            venue="kraken",
            symbol=symbol,
            cash=cash,
            bar=time,
            time=time,
        )

    def flowed(self, amount: str, equity: str = "100") -> None:
        """Money came in or went out."""
        self.add(
            "flow",
            event="flow",
            scope="account",
            amount=amount,
            equity_before=equity,
            bar=format_time(self.now_ms),
        )

    def marked(self, equity: str, close_ms: int | None = None, cash: str = "0") -> None:
        """What the account is worth at a close."""
        close = self.now_ms if close_ms is None else close_ms
        self.add(
            "equity",
            equity=equity,
            cash=cash,
            positions="0",
            time=format_time(close),
            bar=format_time(close - BASE_MS),
        )

    def level(self, level: str, scope: str = "account") -> None:
        """The engine's own line of a level, of the bar that closes now."""
        self.add("breaker", event="risk", scope=scope, level=level, bar=format_time(self.now_ms - BASE_MS))

    def bought(self, qty: str, price: str, fee: str = "0", fee_currency: str = "USD", **more: Any) -> None:
        """A purchase as the venue wrote it."""
        self._venue("buy", qty, price, fee, fee_currency, more)

    def sold(self, qty: str, price: str, fee: str = "0", fee_currency: str = "USD", **more: Any) -> None:
        """A sale as the venue wrote it."""
        self._venue("sell", qty, price, fee, fee_currency, more)

    def _venue(
        self, side: str, qty: str, price: str, fee: str, fee_currency: str, more: dict[str, Any]
    ) -> None:
        self._ids += 1
        self.add(
            "fill",
            **{
                "strategy": "one",
                "venue": "kraken",
                "symbol": "DOGE/USD",
                "order": f"o{self._ids}",
                "venue_trade_id": f"T{self._ids}",
                "venue_id": f"V{self._ids}",
                "side": side,
                "qty": qty,
                "price": price,
                "cost": None,
                "fee": fee,
                "fee_currency": fee_currency,
                "liquidity": "taker",
                "time": format_time(self.now_ms),
                **more,
            },
        )

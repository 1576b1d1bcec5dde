"""Journals made by hand for the tests of `audit`: one live order, and a paper order, line by line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.store.store import Store
from memesnipe_cli.venues.facts import VenueFill
from memesnipe_cli.venues.order_lines import fill_line, intent_line, state_line
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.timing import TIMING, Timer

CLOSE_MS = 1_735_689_600_000
ENTRY = OrderIntent(
    id="msentry",
    action=Action.ENTRY,
    venue="kraken",
    symbol="DOGE/USD",
    base="DOGE",
    strategy="momentum_5m",
    cluster="meme",
    side="buy",
    qty=Decimal(100),
    price=Decimal("0.202"),
    kind="limit",
    position="long",
    stop=Decimal("0.19"),
)


def fill(trade_id: str, qty: str, price: str, fee: str, currency: str = "USD") -> VenueFill:
    """A trade of the entry, or of its stop."""
    return VenueFill(
        trade_id, "OV1", ENTRY.symbol, ENTRY.side, Decimal(qty), Decimal(price), None, Decimal(fee), currency,
        "taker", CLOSE_MS + 900,
    )  # fmt: skip


def timing(**moments: Any) -> dict[str, Any]:
    """The timing line of the entry; `moments` are fields of it."""
    plain = {
        "id": ENTRY.id,
        "action": "entry",
        "strategy": ENTRY.strategy,
        "venue": ENTRY.venue,
        "symbol": ENTRY.symbol,
        "side": ENTRY.side,
        "signal": "2025-01-01T00:00:00Z",
        "begin": "2025-01-01T00:00:00Z",
        "heard_ms": 120,
        "decided_ms": 125,
        "sent_ms": 131,
        "acknowledged_ms": 231,
        "filled_ms": 400,
        "last_filled_ms": 400,
        "ended_ms": 401,
        "decision_price": "0.2",
        "bid": "0.2005",
        "ask": "0.2015",
        "end_price": "0.203",
    }
    return plain | moments


def live_lines() -> list[tuple[str, dict[str, Any]]]:
    """An entry of 100 that filled 60 at 0.2015 and 20 at 0.2016 and was cancelled."""
    return [
        ("session", {"session": "live-1", "mode": "live", "instruments": []}),
        ("decision", {"event": "entry_order", "id": ENTRY.id, "close": "0.1999", "strategy": ENTRY.strategy}),
        intent_line(ENTRY, CLOSE_MS + 125),
        state_line(ENTRY, OrderState.SENT, CLOSE_MS + 131),
        state_line(ENTRY, OrderState.ACCEPTED, CLOSE_MS + 231, venue_id="OV1"),
        fill_line(ENTRY, fill("T1", "60", "0.2015", "0.03")),
        state_line(ENTRY, OrderState.PARTLY_FILLED, CLOSE_MS + 400, venue_id="OV1"),
        fill_line(ENTRY, fill("T2", "20", "0.2016", "0.01")),
        state_line(ENTRY, OrderState.CANCELLED, CLOSE_MS + 401, venue_id="OV1", reason="ioc"),
        (TIMING, timing()),
    ]


def journalled(root: Path, lines: list[tuple[str, dict[str, Any]]], account: str = "paper") -> Store:
    """A store whose account has these lines."""
    store = Store(root)
    store.journal(account).append_many(lines)
    return store


class Clocks:
    """A wall clock and a monotonic one that a test sets."""

    def __init__(self, wall_ms: int = CLOSE_MS) -> None:
        self.wall_ms = wall_ms
        self.seconds = 500.0

    def pass_ms(self, ms: float) -> None:
        """Time passes on both."""
        self.wall_ms += round(ms)
        self.seconds += ms / 1000

    def timer(self) -> Timer:
        """A timer on these."""
        return Timer(lambda: self.wall_ms, lambda: self.seconds)

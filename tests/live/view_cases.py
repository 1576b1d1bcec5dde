"""Snapshots of a loop, from all well to a breaker that has closed everything, and how a page of one looks as text."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

from rich.console import Console

from memesnipe_cli.clock import parse_time
from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live.status_health import FeedStatus, LatencyStatus, ReconciliationStatus
from memesnipe_cli.live.status_parts import (
    DecisionStatus,
    OrderStatus,
    PositionStatus,
    StrategyStatus,
)
from memesnipe_cli.live_view.page import Page
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.quality import Finding

D = Decimal
NOW = parse_time("2026-03-02T14:32:29.412Z")
MINUTE = 60_000
TIERS = {
    "warning": 0.03,
    "halt": 0.05,
    "emergency": 0.10,
    "daily_warning": 0.02,
    "daily_halt": 0.03,
    "strategy_halt": 0.05,
    "lifetime_halt": 0.20,
}
STOP_ID = "ms0badcafe01234567"
ENTRY_ID = "ms0badcafe89abcdef"


def long_doge(**changed: Any) -> PositionStatus:
    """20 DOGE, a little ahead, its stop at the venue."""
    held = PositionStatus(
        strategy="momentum_5m",
        venue="kraken",
        symbol="DOGE/USD",
        side="long",
        qty=D("20"),
        entry_price=D("0.19850"),
        entry_ms=NOW - 42 * MINUTE,
        mark=D("0.20114"),
        pnl=D("0.0312"),
        stop=D("0.19420"),
        protection="covered",
        target=D("0.21040"),
        trailing=D("0.00410"),
        stop_order=STOP_ID,
    )
    return replace(held, **changed)


def long_btc(**changed: Any) -> PositionStatus:
    """A little bitcoin of another strategy, losing."""
    held = PositionStatus(
        strategy="mean_revert_1h",
        venue="kraken",
        symbol="BTC/USD",
        side="long",
        qty=D("0.00003712"),
        entry_price=D("107214.3"),
        entry_ms=NOW - 310 * MINUTE,
        mark=D("106102.5"),
        pnl=D("-0.0731"),
        stop=D("105900.1"),
        protection="covered",
        stop_order="ms0badcafe55555555",
    )
    return replace(held, **changed)


def stop_of(position: PositionStatus, **changed: Any) -> OrderStatus:
    """The stop that rests under a position."""
    order = OrderStatus(
        id=position.stop_order,
        action="protect",
        strategy=position.strategy,
        symbol=position.symbol,
        side="sell",
        qty=position.qty,
        filled=D(0),
        price=None,
        stop=position.stop,
        state="accepted",
        sent_ms=position.entry_ms + 900,
    )
    return replace(order, **changed)


def entry(**changed: Any) -> OrderStatus:
    """An entry that was just sent."""
    order = OrderStatus(
        id=ENTRY_ID,
        action="entry",
        strategy="momentum_5m",
        symbol="SHIB/USD",
        side="buy",
        qty=D("310559"),
        filled=D(0),
        price=D("0.00001291"),
        stop=None,
        state="unknown",
        sent_ms=NOW - 12_400,
        reason="the venue did not answer within 5 s",
    )
    return replace(order, **changed)


ENTERED = DecisionStatus(
    NOW - 42 * MINUTE, "momentum_5m", "DOGE/USD", "enter", "breakout, size bound by trade"
)
REFUSED = DecisionStatus(
    NOW - 2 * MINUTE, "momentum_5m", "SHIB/USD", "refused", "cost", "0.31 of the stop", "0.25"
)
STOP_MOVED = DecisionStatus(
    NOW - 2 * MINUTE, "momentum_5m", "DOGE/USD", "stop moved", "trail: 0.19310 -> 0.19420"
)
EXITED = DecisionStatus(NOW - 95 * MINUTE, "mean_revert_1h", "ETH/USD", "exit", "signal")


def all_well(**changed: Any) -> LoopStatus:
    """One position, everything as it should be."""
    held = long_doge()
    status = LoopStatus(
        account="main",
        venue="kraken",
        session="20260302T101500-1",
        mode="live",
        currency="USD",
        time_ms=NOW,
        started_ms=NOW - 257 * MINUTE,
        equity=D("201.3412"),
        cash=D("197.3184"),
        high_water_mark=D("202.1035"),
        day_base=D("201.0020"),
        lifetime_high=D("202.1035"),
        drawdown=0.003772,
        daily_loss=0.0,
        lifetime_drawdown=0.003772,
        tiers=tuple(TIERS.items()),
        strategies=(
            StrategyStatus("momentum_5m", drawdown=0.0121),
            StrategyStatus("mean_revert_1h", drawdown=0.0),
        ),
        positions=(held,),
        orders=(stop_of(held),),
        decisions=(EXITED, ENTERED, REFUSED, STOP_MOVED),
        feed=FeedStatus(
            "websocket",
            NOW - 257 * MINUTE,
            ages_ms={"DOGE/USD": 41.0, "SHIB/USD": 118.0, "BTC/USD": 22.0},
        ),
        latency=LatencyStatus(12, 11.6, 17.9, 212.0, 481.0, 0.0),
        quality=(Finding("latency", "account", 224.0, 1000.0, "ok"),),
        reconciliation=ReconciliationStatus(NOW - 134_000, True),
        next_bar_s=150.6,
    )
    return replace(status, **changed)


def warned() -> LoopStatus:
    """WARNING, with two positions, one of which has no stop."""
    naked = long_btc(
        protection="naked", naked=D("0.00003712"), stop_order="", words="EOrder:Rate limit exceeded"
    )
    return all_well(
        level=Level.WARNING,
        cause="drawdown",
        since_ms=NOW - 8 * MINUTE,
        equity=D("195.2210"),
        drawdown=0.034055,
        daily_loss=0.028761,
        positions=(long_doge(mark=D("0.19460"), pnl=D("-0.1103")), naked),
        strategies=(
            StrategyStatus("momentum_5m", drawdown=0.0412),
            StrategyStatus("mean_revert_1h", Level.HALT, "strategy_drawdown", 0.0534),
        ),
        quality=(Finding("fill_slippage", "account", 131.2, 100.0, "warning"),),
    )


def halted() -> LoopStatus:
    """HALT, nothing held, after Ctrl-C."""
    return all_well(
        level=Level.HALT,
        cause="drawdown",
        since_ms=NOW - 61 * MINUTE,
        equity=D("191.4480"),
        cash=D("191.4480"),
        drawdown=0.052723,
        daily_loss=0.047532,
        positions=(),
        orders=(),
        stopping=True,
        next_bar_s=3.2,
    )


def feed_down() -> LoopStatus:
    """No data, a venue in maintenance, books that were last compared a while ago."""
    return all_well(
        equity=None,
        drawdown=None,
        daily_loss=None,
        lifetime_drawdown=None,
        positions=(long_doge(mark=None, pnl=None),),
        feed=FeedStatus(
            "none",
            NOW - 74_000,
            3,
            "connection refused; asked again in 8 s",
            {"DOGE/USD": 74_211.0, "SHIB/USD": None, "BTC/USD": 74_000.0},
        ),
        reconciliation=ReconciliationStatus(NOW - 7 * MINUTE, True),
        venue_status="maintenance",
        latency=LatencyStatus(error_rate=0.083),
    )


def unknown_order() -> LoopStatus:
    """An entry that may exist, and books that do not agree."""
    held = long_doge()
    return all_well(
        orders=(stop_of(held), entry()),
        reconciliation=ReconciliationStatus(
            NOW - 9_000,
            False,
            ("there is 193.12 USD, and 197.1304 is explained", f"{ENTRY_ID} is unknown in the book"),
        ),
        warnings=("the clock is 212 ms off",),
    )


def simulated() -> LoopStatus:
    """The default profile, before anything has happened."""
    return LoopStatus(
        account="paper",
        venue="simulated",
        session="s1",
        mode="paper",
        currency="USD",
        simulated=True,
        time_ms=NOW,
        started_ms=NOW,
        equity=D("200"),
        cash=D("200"),
        high_water_mark=D("200"),
        day_base=D("200"),
        drawdown=0.0,
        daily_loss=0.0,
        tiers=tuple(TIERS.items()),
        feed=FeedStatus("tape", NOW, limit_ms=None),
    )


CASES = {
    "all_well": all_well,
    "warning": warned,
    "halt": halted,
    "feed_down": feed_down,
    "unknown_order": unknown_order,
    "simulated": simulated,
}


def drawn(page: Page, width: int, height: int, *, encoding: str = "utf-8", **more: Any) -> str:
    """The page as the text that a terminal of this size would show."""
    paper = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    console = Console(file=paper, width=width, height=height, highlight=False, **more)
    console.print(page, end="")
    paper.seek(0)
    return paper.read()

"""An order as tests of several parts send it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

from memesnipe_cli.risk.intent import Action, OrderIntent

SYMBOL = "DOGE/USD"
STRATEGY = "momentum_5m"


def doge_order(venue: str, order_id: str, action: Action = Action.ENTRY, **changed: Any) -> OrderIntent:
    """Buy 100 DOGE at 0.1010 at most; or sell, protect."""
    made = OrderIntent(
        id=order_id,
        action=action,
        venue=venue,
        symbol=SYMBOL,
        base="DOGE",
        strategy=STRATEGY,
        cluster="memes",
        side="buy" if action is Action.ENTRY else "sell",
        qty=D(100),
        price=D("0.1010"),
        kind="limit",
        position="long",
        stop=D("0.0900"),
    )
    if action is Action.REDUCE:
        made = replace(made, price=D("0.0990"), stop=None)
    if action is Action.PROTECT:
        made = replace(made, price=None if venue == "kraken" else D("0.0890"), kind="stop")
    return replace(made, **changed)

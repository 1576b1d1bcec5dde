"""The checks of an order in the order in which they are made, and which of the four actions each holds for.

What makes a position smaller is never kept back for old data, a breaker's level, errors or the rate of entries: a
check that holds for reduce or protect is about whether the order is ours to send, makes sense, and sells no more than
we hold. Cancels are stopped by a lost right to send and by a foreign venue, by nothing else. One rule more, in
gate.py: a check that fails because something is unknown (its code ends in `_unknown`) keeps back entries only.
"""

from __future__ import annotations

from memesnipe_cli.risk.intent import Action

_ENTRY = frozenset({Action.ENTRY})
_EXITS = frozenset({Action.REDUCE, Action.PROTECT})
_ORDERS = _ENTRY | _EXITS
_ALL = frozenset(Action)

APPLIES: dict[str, frozenset[Action]] = {
    # the right to send, the kill latch
    "fence": _ALL,
    "latch": _ENTRY,
    # the list of what may be traded
    "venue": _ALL,
    "product": _ENTRY,
    # the health of the data
    "status": _ENTRY,
    "data_age": _ENTRY,
    "reference": _ENTRY,
    "clock": _ENTRY,
    "quality": _ENTRY,
    # the sense of the order
    "numbers": _ORDERS,
    "side": _ORDERS,
    "our_lots": _EXITS,
    "tick": _ORDERS,
    "lot": _ORDERS,
    "stop": _ENTRY,
    "min_qty": _ENTRY,
    "max_qty": _ENTRY,
    "min_notional": _ENTRY,
    "protectable": _ENTRY,
    "max_order": _ENTRY,
    # the price collar
    "collar": _ENTRY,
    "exit_collar": _EXITS,
    # rates
    "entry_rate": _ENTRY,
    "message_rate": _ORDERS,
    "executions": _ENTRY,
    # twice the same, and against ourselves
    "duplicate_id": _ORDERS,
    "duplicate_order": _ENTRY,
    "self_trade": _ENTRY,
    # exposure as it would be, open orders at their worst included
    "owner": _ENTRY,
    "trade_share": _ENTRY,
    "strategy_share": _ENTRY,
    "gross_share": _ENTRY,
    "symbol_share": _ENTRY,
    "cluster_share": _ENTRY,
    # capital
    "capital": _ENTRY,
}

"""The words for the kernel's codes, as they stand in results, in the journal and in records. Imports no
numpy."""

from __future__ import annotations

from memesnipe_cli.engine.kernel import layout, signals
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.levels import Level

EXIT_REASONS = {
    layout.BY_SIGNAL: "signal",
    layout.BY_TIME: "time",
    layout.BY_STOP: "stop",
    layout.BY_TARGET: "target",
    layout.BY_DELISTING: "delisted",
    layout.BY_EMERGENCY: "emergency",
    layout.BY_DUST: "dust",
    layout.BY_HAND: "by_hand",
}
# Entries that a strategy wanted and that came to no decision.
HELD_BACK = {
    signals.WARM_UP: "warm_up",
    signals.AFTER_GAP: "after_gap",
    signals.DEAD_MARKET: "dead_market",
}
CAPS = {
    layout.CAP_RISK: "risk",
    layout.CAP_TRADE: "trade",
    layout.CAP_STRATEGY: "strategy",
    layout.CAP_GROSS: "gross",
    layout.CAP_CASH: "cash",
    layout.CAP_VOLUME: "volume",
    layout.CAP_WEIGHT: "weight",
    layout.CAP_SYMBOL: "symbol",
    layout.CAP_CLUSTER: "cluster",
    layout.CAP_ORDER: "order",
    layout.CAP_RECOVERY: "recovery",
}
REFUSALS = {
    layout.BAD_SIGNAL: "bad_signal",
    layout.NO_SHORT: "no_short",
    layout.BASE_OWNED: "base_owned",
    layout.SKIP_AFTER_WIN: "skip_after_win",
    layout.COST_VETO: "cost",
    layout.TOO_SMALL: "too_small",
    layout.TOO_LARGE: "too_large",
    layout.BREAKER_HALT: "breaker_halt",
    layout.STRATEGY_HALT: "strategy_halt",
    layout.SYMBOL_HALT: "symbol_halt",
    layout.NO_MARK: "no_mark",
    layout.ORDER_RATE: "order_rate",
    layout.RECOVERY_TURN: "recovery_turn",
    layout.GATE: "gate",
} | {layout.NO_ROOM + cap: f"no_room_{name}" for cap, name in CAPS.items()}
MISSES = {
    layout.MISSED_NO_BAR: "no_bar",
    layout.MISSED_VOLUME: "volume",
    layout.MISSED_LIMIT: "limit",
    layout.MISSED_DELISTED: "delisted",
    layout.MISSED_BREAKER: "breaker",
    layout.MISSED_UNSENT: "not_sent",
    layout.MISSED_REFUSED: "venue_refused",
    layout.MISSED_ABSENT: "never_arrived",
}
CAUSES = {
    0: "",
    rows.CAUSE_DRAWDOWN: "drawdown",
    rows.CAUSE_DAILY_LOSS: "daily_loss",
    rows.CAUSE_LIFETIME: "lifetime_drawdown",
    rows.CAUSE_STRATEGY: "strategy_drawdown",
    rows.CAUSE_EXECUTIONS: "executions",
    rows.CAUSE_MANUAL: "manual",
}
LEVELS = {level.value: level.name for level in Level}

"""The words for the kernel's codes, as they stand in results, in the journal and in records. Imports no
numpy."""

from __future__ import annotations

from memesnipe_cli.engine.kernel import layout

EXIT_REASONS = {
    layout.BY_SIGNAL: "signal",
    layout.BY_TIME: "time",
    layout.BY_STOP: "stop",
    layout.BY_TARGET: "target",
    layout.BY_DELISTING: "delisted",
}
CAPS = {
    layout.CAP_RISK: "risk",
    layout.CAP_TRADE: "trade",
    layout.CAP_STRATEGY: "strategy",
    layout.CAP_GROSS: "gross",
    layout.CAP_CASH: "cash",
    layout.CAP_VOLUME: "volume",
    layout.CAP_WEIGHT: "weight",
}
REFUSALS = {
    layout.BAD_SIGNAL: "bad_signal",
    layout.NO_SHORT: "no_short",
    layout.BASE_OWNED: "base_owned",
    layout.SKIP_AFTER_WIN: "skip_after_win",
    layout.COST_VETO: "cost",
    layout.TOO_SMALL: "too_small",
    layout.TOO_LARGE: "too_large",
} | {layout.NO_ROOM + cap: f"no_room_{name}" for cap, name in CAPS.items()}
MISSES = {
    layout.MISSED_NO_BAR: "no_bar",
    layout.MISSED_VOLUME: "volume",
    layout.MISSED_LIMIT: "limit",
    layout.MISSED_DELISTED: "delisted",
}

"""How `memesnipe breaker` shows its record and its history to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memesnipe_cli.console import Column, Console, OutputMode
from memesnipe_cli.engine.figures import UNDEFINED, day, money, percent, price, whole
from memesnipe_cli.records import record
from memesnipe_cli.risk.latch_state import Latch, scope_words
from memesnipe_cli.risk.levels import STOPPED, Level
from memesnipe_cli.risk.scopes import ACCOUNT

_STAGES = 4

WHOSE = Column("account", "account")
HISTORY = (
    Column("seq", "seq", right=True, write=whole),
    Column("recorded", "recorded", write=day),
    Column("bar", "bar", write=day),
    Column("by", "by"),
    Column("what", "action"),
    Column("scope", "scope"),
    Column("level", "level"),
    Column("cause", "cause"),
    Column("stage", "stage", right=True, write=lambda stage: str(stage) if stage else UNDEFINED),
    Column("equity", "equity", right=True, write=money),
    Column("drawdown", "drawdown", right=True, write=percent),
    Column("day's loss", "daily_loss", right=True, write=percent),
    Column("reason", "reason"),
)
_ACCOUNTS = (
    WHOSE,
    Column("money", "paper", write=lambda paper: {True: "PAPER", False: "LIVE"}.get(paper, UNDEFINED)),
    Column("level", "level"),
    Column("cause", "cause"),
    Column("since", "since", write=day),
    Column("equity", "equity", right=True, write=money),
    Column("drawdown", "drawdown", right=True, write=percent),
    Column("day's loss", "daily_loss", right=True, write=percent),
    Column("positions", "positions", right=True, write=lambda held: whole(len(held))),
    Column("trader", "trader", write=lambda trader: _runs(trader)),
)
_TIERS = (
    Column("tier", "tier"),
    Column("measured on", "measure"),
    Column("at", "threshold", right=True, write=percent),
    Column("now", "value", right=True, write=percent),
    Column("points left", "points", right=True, write=lambda points: _signed(points)),
    Column("money left", "amount", right=True, write=money),
)
_STRATEGIES = (
    Column("strategy", "name"),
    Column("level", "level"),
    Column("cause", "cause"),
    Column("since", "since", write=day),
    Column("worth", "value", right=True, write=money),
    Column("high", "high_water_mark", right=True, write=money),
    Column("drawdown", "drawdown", right=True, write=percent),
    Column("halt at", "threshold", right=True, write=percent),
    Column("money left", "amount", right=True, write=money),
    Column("size", "size", right=True),
)
_SYMBOLS = (
    Column("symbol", "symbol"),
    Column("level", "level"),
    Column("cause", "cause"),
    Column("since", "since", write=day),
    Column("by", "by"),
    Column("reason", "reason"),
)
_QUALITY = (
    Column("execution", "check"),
    Column("of", "scope", write=lambda scope: str(scope).partition(":")[2] or str(scope)),
    Column("value", "value", right=True, write=lambda value: _figure(value)),
    Column("limit", "limit", right=True, write=lambda value: _figure(value)),
    Column("state", "state"),
)
_POSITIONS = (
    Column("position", "symbol"),
    Column("strategy", "strategy"),
    Column("side", "side"),
    Column("qty", "qty", right=True, write=price),
    Column("stop", "stop", right=True, write=price),
)


def level_line(latch: Latch, scope: str) -> str:
    """One calm line: what is stopped now."""
    level = latch.level(scope)
    what = (
        f"account {latch.account}" if scope == ACCOUNT else f"{scope_words(scope)} of account {latch.account}"
    )
    return f"{what} is {level.name if level is Level.CLOSED else f'at {level.name}'}: {STOPPED[level]}"


def whether_known(marks: Mapping[str, Any], scope: str) -> str:
    """A warning where a strategy's name is not one that the account trades: a misspelt name stops nothing."""
    kind, _, name = scope.partition(":")
    known = [str(each.get("name")) for each in marks.get("strategies") or []]
    if kind != "strategy" or not known or name in known:
        return ""
    return f"this account trades {', '.join(known)}: there is no strategy {name!r} to stop"


def show_status(console: Console, row: Mapping[str, Any]) -> None:
    """The record, or tables: the account, the distance to each tier, each strategy, halted symbols, positions."""
    if console.mode is not OutputMode.HUMAN:
        console.record(row)
        return
    console.record(_account(row))
    strategies = [{**each, "size": _size(each)} for each in row["strategies"]]
    tables = (
        ("distances", "\ndistance to each tier", _TIERS),
        ("strategies", "\nstrategies", _STRATEGIES),
        ("symbols", "\nsymbols halted by hand", _SYMBOLS),
        ("quality", "\nexecution that is not as it should be", _QUALITY),
        ("positions", "\nopen positions", _POSITIONS),
    )
    for key, title, columns in tables:
        rows = strategies if key == "strategies" else row[key]
        if key == "quality":
            rows = [each for each in rows if each["state"] != "ok"]
        if rows:
            console.records(rows, columns, title=title)


def show_all(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Several accounts: a line each for a person and with --jsonl; with --json one document, see `all_accounts`."""
    if console.mode is OutputMode.JSON:
        console.record(all_accounts(rows))
    else:
        console.records(rows, _ACCOUNTS)


def all_accounts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One `breaker` record of several accounts: the highest level of all, and under `accounts` the record of each."""
    level = max(Level[row["level"]] for row in rows)
    return record("breaker", account=None, level=level.name, stopped=STOPPED[level], accounts=list(rows))


def _runs(trader: Mapping[str, Any]) -> str:
    if trader["running"] is None:
        return f"on {trader['host']}"
    if trader["running"]:
        return f"pid {trader['pid']}, {_age(trader['age_seconds'] or 0.0)}"
    return "none"


def _account(row: Mapping[str, Any]) -> dict[str, str]:
    currency = row["currency"] or ""
    latch = row["latch"]
    pairs = {
        "account": f"{row['account']}{_label(row)}",
        "level": f"{row['level']}: {row['stopped']}",
    }
    if row["cause"]:
        pairs["cause"] = row["cause"] + (f": {row['reason']}" if row["reason"] else "")
        by = "a person" if row["by"] == "person" else f"the {row['by']}"
        pairs["since"] = f"{day(row['since'])} UTC, by {by}" + (
            f" at the bar that closed {day(row['bar'])}" if row["bar"] else ""
        )
    if row["equity"] is not None:
        pairs |= {
            "equity": f"{money(row['equity'], currency)}, high-water mark {money(row['high_water_mark'], currency)}",
            "drawdown": f"{percent(row['drawdown'])}; over its whole life {percent(row['lifetime_drawdown'])}"
            f" from {money(row['lifetime_high'], currency)}",
            "day's loss": f"{percent(row['daily_loss'])} of {money(row['day_base'], currency)}",
            "size": _recovery(row),
        }
    if row["quality"]:
        bad = sum(each["state"] != "ok" for each in row["quality"])
        pairs["execution"] = f"{len(row['quality'])} checks, {bad or 'none'} not ok"
    pairs["monitoring"] = _monitoring(row["monitoring"] or {})
    pairs["trader"] = _trader(row)
    pairs["latch"] = latch["path"] + (f" - {latch['problem']}" if latch["problem"] else "")
    if row["journal_waiting"]:
        pairs["journal"] = f"{row['journal_waiting']} lines of the breaker wait to be added"
    return pairs


def _label(row: Mapping[str, Any]) -> str:
    if row["paper"] is False:
        return " (LIVE: real orders, real money)"
    return " (SIMULATED market: no venue made these prices)" if row["simulated"] else ""


def _recovery(row: Mapping[str, Any]) -> str:
    """The size of new positions, and what has to happen before it grows."""
    recovery, rules = row["recovery"] or {}, row["recovery_rules"] or {}
    ready = recovery.get("ready")
    waits = f" and the cool-off, until {day(ready)}" if ready and ready > (row["time"] or "") else ""
    if Level[row["level"]] >= Level.HALT:
        return f"none: new positions wait for a reset by a person{waits}"
    if not recovery.get("stage"):
        return "normal"
    since = f" since {day(recovery['since'])}" if recovery.get("since") else ""
    needs = ""
    if rules:
        needs = (
            f"; passed after {rules['stage_trades']} trades or {rules['stage_hours']:g} hours"
            f" without a loss of {percent(rules['stage_loss'])}"
        )
    return f"{_size(row)} of normal (stage {recovery['stage']} of {_STAGES}{since}){needs}"


def _size(row: Mapping[str, Any]) -> str:
    """The share of their normal size that new positions of the account or a strategy have."""
    size = (row["recovery"] or {}).get("size")
    if Level[row["level"]] >= Level.HALT:
        return "none"
    return UNDEFINED if size is None else f"{size * 100:.0f} %"


def _monitoring(monitoring: Mapping[str, Any]) -> str:
    if not monitoring:
        return UNDEFINED
    return (
        f"{'elevated' if monitoring['elevated'] else 'normal'}: reconciled every"
        f" {monitoring['reconcile_seconds']:g} s, alerts repeated every {monitoring['alert_seconds']:g} s"
    )


def _trader(row: Mapping[str, Any]) -> str:
    trader = row["trader"]
    if trader["beat"] is None:
        return "none has left marks yet" if row["traded"] else "this account has not traded"
    words = {
        True: f"runs (pid {trader['pid']})",
        False: f"does not run (last was pid {trader['pid']})",
        None: f"was last seen on {trader['host']} (pid {trader['pid']})",
    }[trader["running"]]
    age = "" if trader["age_seconds"] is None else f"; marks {_age(trader['age_seconds'])} old"
    return f"{words}{age}, of the bar that closed {day(row['time'])} UTC"


def _age(seconds: float) -> str:
    """4.2 -> `4.2 s`; 7300 -> `2.0 h`."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _signed(points: float | None) -> str:
    return UNDEFINED if points is None else f"{points:+.2f}"


def _figure(value: Any) -> str:
    return UNDEFINED if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)

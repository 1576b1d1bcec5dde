"""The lines of the live view about money: equity, and how far the account is from the breaker's tiers."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from memesnipe_cli.clock import format_time
from memesnipe_cli.engine.figures import UNDEFINED, money, percent, signed_percent
from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live.status_parts import Distance, StrategyStatus, amount
from memesnipe_cli.risk.kernel.rows import LAST_STAGE
from memesnipe_cli.risk.levels import STOPPED, Level

LABEL = 11
TONES = {
    Level.CLOSED: "green",
    Level.WARNING: "yellow",
    Level.HALT: "bold red",
    Level.EMERGENCY: "bold white on red",
}

_BLOCKS = ("█", "─", "┼")
_ASCII = ("#", "-", "|")
_SHORTEST = 10
_WIDE = 100
_WIDE_WORDS = 52
_WORDS = 34
_TIER_WORDS = {"daily_warning": "warning", "daily_halt": "halt", "lifetime_halt": "halt"}
_TIER_TONES = {"warning": "yellow", "daily_warning": "yellow"}


def labelled(label: str, *parts: str | tuple[str, str]) -> Text:
    """A line: its name, then what it says."""
    return Text.assemble((f"{label:<{LABEL}}", "bold"), *parts, no_wrap=True)


def level_line(status: LoopStatus) -> Text:
    """What is stopped."""
    tone = TONES[status.level]
    return Text.assemble((status.level.name, tone), f": {STOPPED[status.level]}", no_wrap=True)


def cause_line(status: LoopStatus) -> Text:
    """Why, since when, and the size of new positions; empty where all is normal."""
    words = []
    if status.level > Level.CLOSED and status.cause:
        reason = f" ({status.reason})" if status.reason else ""
        words.append(status.cause.replace("_", " ") + reason)
    if status.since_ms is not None and status.level > Level.CLOSED:
        words.append(f"since {_day_and_minute(status.since_ms)} UTC")
    if status.level >= Level.HALT:
        words.append("until a person resets it")
    elif status.recovery.stage:
        size = status.recovery.size
        words.append(
            f"new positions at {size:.0%} of normal size (stage {status.recovery.stage} of {LAST_STAGE})"
        )
    return Text(", ".join(words), no_wrap=True)


def _day_and_minute(ts_ms: int) -> str:
    return format_time(ts_ms)[:16].replace("T", " ")


def money_line(status: LoopStatus, width: int) -> Text:
    """Equity, cash, the day's result, the high-water mark; the last ones where there is room."""
    equity = "not known" if status.equity is None else money(amount(status.equity), status.currency)
    parts = [equity, f"cash {money(amount(status.cash))}"]
    if status.day_result is not None:
        share = float(status.day_result / status.day_base) if status.day_base else None
        parts.append(f"today {money(amount(status.day_result), signed=True)} ({signed_percent(share)})")
    parts.append(f"high {money(amount(status.high_water_mark))}")
    while len(parts) > 1 and LABEL + len("  ".join(parts)) > width:
        parts.pop()
    return labelled("equity", "  ".join(parts))


def tier_lines(status: LoopStatus, width: int, *, ascii_only: bool) -> list[Text]:
    """A bar each for the drawdown and the day's loss, with the distance to the next tier."""
    found = status.distances
    return [
        _bar_line(
            label, [each for each in found if each.measure == measure], width, status.currency, ascii_only
        )
        for label, measure in (("drawdown", "drawdown"), ("day's loss", "daily_loss"))
    ]


def _bar_line(label: str, tiers: Sequence[Distance], width: int, currency: str, ascii_only: bool) -> Text:
    value = tiers[0].value if tiers else None
    left = _left(tiers, currency, wide=width >= _WIDE)
    # Room for the longest words, so that the bars stay as long as they are.
    cells = min(40, width - LABEL - 12 - (_WIDE_WORDS if width >= _WIDE else _WORDS))
    shown: list[str | tuple[str, str]] = []
    if tiers and cells >= _SHORTEST:
        shown = [*_bar(tiers, value, cells, _ASCII if ascii_only else _BLOCKS), ("  ", "")]
    return labelled(label, f"{percent(value):>8}  ", *shown, left)


def _left(tiers: Sequence[Distance], currency: str, *, wide: bool) -> str:
    """How far the next tier is; where all are passed, by how much the last one is."""
    known = [each for each in tiers if each.points is not None]
    if not known:
        return "not known"
    ahead = [each for each in known if (each.points or 0.0) > 0.0]
    tier = ahead[0] if ahead else known[-1]
    word = f"{_TIER_WORDS.get(tier.tier, tier.tier)} at {tier.threshold * 100:g} %"
    far = [money(amount(abs(tier.money)), currency)] if tier.money is not None else []
    if wide:
        far.insert(0, f"{abs(tier.points or 0.0):.2f} points")
    return f"{word}: {', '.join(far) or UNDEFINED} {'left' if ahead else 'beyond'}"


def _bar(
    tiers: Sequence[Distance], value: float | None, cells: int, marks: tuple[str, str, str]
) -> list[tuple[str, str]]:
    """From nothing to the last tier: filled as far as it has come, in the colour of the tier that it has passed."""
    full, empty, tick = marks
    scale = tiers[-1].threshold
    filled = 0 if value is None or value <= 0 else min(cells, max(1, round(value / scale * cells)))
    passed = [each.tier for each in tiers if each.points is not None and each.points <= 0]
    tone = _TIER_TONES.get(passed[-1], "red") if passed else ""
    rest = [empty] * cells
    for each in tiers:
        rest[min(cells - 1, round(each.threshold / scale * cells))] = tick
    return [(full * filled, tone), ("".join(rest[filled:]), "dim")]


def strategies_line(status: LoopStatus) -> Text:
    """Each strategy's drawdown on what is allocated to it; those that are stopped first."""
    halt_at = dict(status.tiers).get("strategy_halt")
    parts: list[str | tuple[str, str]] = []
    for each in sorted(status.strategies, key=lambda strategy: -strategy.level):
        parts += [", " if parts else "", *_strategy(each)]
    limit = f" (halt at {halt_at * 100:g} %)" if halt_at is not None and parts else ""
    return labelled("strategies", *(parts or ["none"]), limit)


def _strategy(each: StrategyStatus) -> list[str | tuple[str, str]]:
    level = [(f" {each.level.name}", TONES[each.level])] if each.level > Level.CLOSED else []
    return [each.name, *level, f" {percent(each.drawdown)}"]

"""`memesnipe shadow report`: a session beside the backtest of the same interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from memesnipe_cli.account_names import SHADOW_ACCOUNT
from memesnipe_cli.cli import current
from memesnipe_cli.console import Column, Console, OutputMode
from memesnipe_cli.engine.figures import day, money, price
from memesnipe_cli.errors import ExitCode
from memesnipe_cli.records import decimal_text, record, statistic, time_text
from memesnipe_cli.run_options import ShadowAccount, Since, Until

if TYPE_CHECKING:
    from decimal import Decimal

    from memesnipe_cli.engine.shadow_report import ShadowReport, SignalDifference, TradePair


def _bps(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _amount(value: str | None) -> str:
    return "" if value is None else money(value, signed=True, digits=4)


def _price(value: str | None) -> str:
    return "" if value is None else price(value)


SIGNALS = (
    Column("bar", "bar", write=day),
    Column("strategy", "strategy"),
    Column("symbol", "symbol"),
    Column("shadow", "shadow", write=lambda word: word or "no signal"),
    Column("backtest", "backtest", write=lambda word: word or "no signal"),
    Column("why", "why"),
)
TRADES = (
    Column("in", "entry_time", write=day),
    Column("strategy", "strategy"),
    Column("symbol", "symbol"),
    Column("side", "side"),
    Column("in both", "both", write=lambda both: "yes" if both else "no"),
    Column("price in", "shadow_entry", right=True, write=_price),
    Column("backtest", "backtest_entry", right=True, write=_price),
    Column("bps", "entry_bps", right=True, write=_bps),
    Column("price out", "shadow_exit", right=True, write=_price),
    Column("backtest", "backtest_exit", right=True, write=_price),
    Column("bps", "exit_bps", right=True, write=_bps),
    Column("pnl", "shadow_pnl", right=True, write=_amount),
    Column("backtest", "backtest_pnl", right=True, write=_amount),
    Column("why", "why"),
)


def report(
    ctx: typer.Context,
    account: ShadowAccount = SHADOW_ACCOUNT,
    since: Since = None,
    until: Until = None,
    no_compile: Annotated[
        bool, typer.Option("--no-compile", help="Run the backtest in plain Python: slower, same trades.")
    ] = False,
) -> int:
    """Pair the account's session with the backtest of the same bars: signals, trades, prices, and why they differ.

    It tests the implementation, not the edge. Exit 1 where a signal was not treated alike.
    """
    from memesnipe_cli.commands.backtest_options import time_span

    from memesnipe_cli.engine.run import default_cache_dir
    from memesnipe_cli.engine.shadow_report import shadow_report

    this_run = current(ctx)
    since_ms, until_ms = time_span(since, until)
    found = shadow_report(
        this_run.store,
        this_run.profile,
        account,
        default_cache_dir(),
        since_ms=since_ms,
        until_ms=until_ms,
        compiled=not no_compile,
    )
    for warning in found.warnings:
        this_run.console.warn(warning)
    show(this_run.console, found)
    return ExitCode.FAILED if found.differences else ExitCode.OK


def show(console: Console, found: ShadowReport) -> None:
    """The report as tables, as one document, or as one record for each difference and trade and one for the whole."""
    differences = [_difference(each) for each in found.differences]
    trades = [_pair(each) for each in found.trades]
    whole = summary(found)
    if console.mode is OutputMode.JSON:
        console.record({**whole, "differences": differences, "trades": trades})
    elif console.mode is OutputMode.JSONL:
        console.records([*differences, *trades, whole], ())
    else:
        _tables(console, found, differences, trades, whole)


def _tables(
    console: Console,
    found: ShadowReport,
    differences: list[dict[str, Any]],
    trades: list[dict[str, Any]],
    whole: dict[str, Any],
) -> None:
    from memesnipe_cli.commands.trade_output import label

    if differences:
        console.records(differences, SIGNALS, title="signals that were not treated alike")
        console.text("", {})
    if trades:
        console.records(trades, TRADES, title="trades")
        console.text("", {})
    residual, bars = whole["residual"], whole["bars"]
    console.record(
        {
            "session": f"{found.session}: {', '.join(found.strategies)} on {found.venue} "
            f"{', '.join(found.symbols)} ({label(found.simulated)})",
            "time": f"{day(whole['since'])} .. {day(whole['until'])} UTC",
            "signals": f"{found.shadow_signals} in the shadow, {found.backtest_signals} in the backtest, "
            f"{found.same_signals} treated alike",
            "trades": f"{whole['shadow_trades']} in the shadow, {whole['backtest_trades']} in the backtest, "
            f"{found.same_trades} the same to the last digit",
            "pnl": f"{money(whole['shadow_pnl'], found.currency, signed=True)}, backtest "
            f"{money(whole['backtest_pnl'], found.currency, signed=True)}",
            "residual": _residual_words(residual, found.currency),
            "bars": _bar_words(bars) if found.live else "of a recorded tape",
            "verdict": f"{found.verdict}: {found.words}",
        }
    )


def _bar_words(bars: dict[str, int]) -> str:
    return (
        f"{bars['same']} the same, {bars['missed']} did not come in, {bars['other']} are other than stored, "
        f"{bars['not_stored']} are not stored"
    )


def _residual_words(residual: dict[str, Any], currency: str) -> str:
    if not residual["fills"]:
        return "no fill with a quote beside it"
    return (
        f"{residual['fills']} fills cost {residual['mean_bps']:+.2f} bps more than the quotes at the decision "
        f"(median {residual['median_bps']:+.2f}, worst {residual['worst_bps']:+.2f}): "
        f"{money(residual['money'], currency, signed=True, digits=4)}"
    )


def summary(found: ShadowReport) -> dict[str, Any]:
    """The `shadow_report` record."""
    residual = found.residual
    return record(
        "shadow_report",
        account=found.account,
        session=found.session,
        paper=True,
        simulated=found.simulated,
        live=found.live,
        strategies=found.strategies,
        venue=found.venue,
        symbols=found.symbols,
        currency=found.currency,
        since=time_text(found.since_ms),
        until=time_text(found.until_ms),
        verdict=found.verdict,
        words=found.words,
        shadow_signals=found.shadow_signals,
        backtest_signals=found.backtest_signals,
        same_signals=found.same_signals,
        shadow_trades=sum(pair.shadow is not None for pair in found.trades),
        backtest_trades=sum(pair.backtest is not None for pair in found.trades),
        same_trades=found.same_trades,
        shadow_pnl=decimal_text(found.shadow_pnl),
        backtest_pnl=decimal_text(found.backtest_pnl),
        shadow_equity=found.shadow_equity,
        backtest_equity=decimal_text(found.backtest_equity),
        residual={
            "fills": residual.fills,
            "mean_bps": statistic(residual.mean_bps),
            "median_bps": statistic(residual.median_bps),
            "worst_bps": statistic(residual.worst_bps),
            "money": decimal_text(residual.money),
            "oldest_quote_ms": residual.oldest_ms,
        },
        bars={
            "same": found.bars.same,
            "missed": found.bars.count("feed gap"),
            "other": found.bars.count("other bar data"),
            "not_stored": found.bars.count("not in the store"),
        },
    )


def _difference(each: SignalDifference) -> dict[str, Any]:
    return record(
        "shadow_signal",
        strategy=each.strategy,
        symbol=each.symbol,
        bar=time_text(each.bar_ms),
        shadow=each.shadow,
        backtest=each.backtest,
        why=each.why,
    )


def _pair(pair: TradePair) -> dict[str, Any]:
    of, ours, theirs = pair.of, pair.shadow, pair.backtest
    return record(
        "shadow_trade",
        strategy=of.strategy,
        symbol=of.symbol,
        side=of.side,
        entry_time=time_text(of.entry_ms),
        both=ours is not None and theirs is not None,
        identical=ours == theirs,
        shadow_entry=None if ours is None else _plain(ours.entry_price),
        backtest_entry=None if theirs is None else _plain(theirs.entry_price),
        entry_bps=statistic(pair.entry_bps),
        shadow_exit=None if ours is None or ours.open else _plain(ours.exit_price),
        backtest_exit=None if theirs is None or theirs.open else _plain(theirs.exit_price),
        exit_bps=statistic(pair.exit_bps),
        shadow_pnl=None if ours is None or ours.open else decimal_text(ours.pnl),
        backtest_pnl=None if theirs is None or theirs.open else decimal_text(theirs.pnl),
        pnl_difference=None if pair.pnl is None else decimal_text(pair.pnl),
        why=pair.why,
    )


def _plain(average: Decimal) -> str:
    from decimal import Context

    return decimal_text(Context(prec=12).plus(average).normalize())

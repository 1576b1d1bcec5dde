"""`memesnipe backtest lookahead` and `--check-lookahead`: does a signal change with bars that come later?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from memesnipe_cli.commands.backtest_options import time_span
from memesnipe_cli.commands.backtest_run import Strategy, Venue, choose, load_strategies, read_piped

from memesnipe_cli.cli import Run, current
from memesnipe_cli.clock import format_time
from memesnipe_cli.console import Column, Console
from memesnipe_cli.errors import ExitCode
from memesnipe_cli.records import FindingRecord, finding
from memesnipe_cli.run_options import Data, Param, Since, Symbol, Until

if TYPE_CHECKING:
    from memesnipe_cli.store.tables import Candles
    from memesnipe_cli.strategies.registry import LoadedStrategy

COLUMNS = (
    Column("severity", "severity"),
    Column("where", "where"),
    Column("what", "message"),
    Column("next", "hint"),
)

_HINT = "step() may use its state, the bar and the parameters, and nothing else: no file, no global, no clock"


def lookahead(
    ctx: typer.Context,
    strategy: Strategy = None,
    symbol: Symbol = None,
    venue: Venue = None,
    since: Since = None,
    until: Until = None,
    param: Param = None,
    data: Data = None,
) -> int:
    """Check that no signal uses bars that came after it. Exit 1 where one does.

    Each strategy runs on beginnings of the data, too: a signal that later bars change has looked ahead.
    """
    this_run = current(ctx)
    loaded = load_strategies(strategy, param)
    span = time_span(since, until)
    piped = None if data is None else read_piped(data)
    chosen_venue, symbols = choose(this_run, loaded, symbol or [], venue, piped)
    found = findings_of(this_run, loaded, chosen_venue, symbols, span, piped)
    show_findings(this_run.console, found)
    return ExitCode.FAILED if found else ExitCode.OK


def findings_of(
    this_run: Run,
    loaded: list[LoadedStrategy],
    venue: str,
    symbols: list[str],
    span: tuple[int | None, int | None],
    piped: list[Candles] | None,
) -> list[FindingRecord]:
    """`finding` records of every strategy on every symbol."""
    from memesnipe_cli.engine.dataset import reference_candles
    from memesnipe_cli.engine.lookahead import lookahead_check
    from memesnipe_cli.engine.selection import candles_for
    from memesnipe_cli.store.tables import SeriesKey

    found: list[FindingRecord] = []
    pairs = [(each, name) for each in loaded for name in symbols]
    with this_run.console.progress("looking ahead", float(len(pairs))) as advance:
        for each, name in pairs:
            key = SeriesKey(venue, name, each.timeframe)
            warm_up_ms = each.warm_up * each.timeframe_ms
            since = None if span[0] is None else span[0] - warm_up_ms
            candles = candles_for(this_run.store.lake, key, (since, span[1]), piped)
            reference = reference_candles(this_run.store, venue, name, each, since, span[1])
            found += [
                finding("lookahead", "error", f"{name} {format_time(one.bar_ms)}", one.message, _HINT)
                for one in lookahead_check(each, candles, reference=reference)
            ]
            advance(1.0)
    return found


def show_findings(console: Console, found: list[FindingRecord]) -> None:
    """The findings, or that there are none."""
    console.records(found, COLUMNS, empty="no signal uses a later bar")

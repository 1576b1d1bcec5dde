"""`memesnipe ingest file`: bars from files and pipes."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer
from memesnipe_cli.commands.ingest_output import FILE_COLUMNS, show_findings, write_candles
from memesnipe_cli.commands.ingest_priority import give_way

from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import UsageError

if TYPE_CHECKING:
    from memesnipe_cli.console import Console
    from memesnipe_cli.market.report import IngestReport

Venue = Annotated[
    str | None, typer.Option(help="Venue the data are from, as ccxt names it; else guessed and said.")
]
Symbol = Annotated[
    str | None, typer.Option(help="Symbol, e.g. DOGE/USD or ETH/USDT:USDT; else guessed and said.")
]
Timeframe = Annotated[
    str | None, typer.Option(help="Timeframe, e.g. 5m; else measured, and checked either way.")
]


def file(
    ctx: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, or - for stdin.")],
    venue: Venue = None,
    symbol: Symbol = None,
    timeframe: Timeframe = None,
    fill: Annotated[
        bool, typer.Option("--fill", help="Fill gaps with flat bars, each marked synthetic.")
    ] = False,
) -> None:
    """Bring in bars from CSV, JSON, JSONL, parquet, Feather, .gz or .zip, told apart by content.

    Times in s, ms, µs, ns or as dates become UTC; trades are built into bars; bad rows are set aside with the
    reason and never used. What was concluded about a file is said on stderr.
    """
    from memesnipe_cli.market.file_ingest import Refusal, ingest_files
    from memesnipe_cli.market.file_reading import Named, check_symbol

    give_way()
    run = current(ctx)
    console = run.console
    if symbol is not None:
        check_symbol(symbol)
    targets = [_target(ctx, path) for path in paths]
    reports: list[IngestReport] = []
    refusals: list[Refusal] = []
    for outcome in ingest_files(run.store, targets, Named(venue, symbol, timeframe), fill=fill):
        if isinstance(outcome, Refusal):
            console.error(outcome.error)
            refusals.append(outcome)
            continue
        _tell(console, outcome)
        if console.mode is OutputMode.JSONL:
            write_candles(console, outcome.candles)
        else:
            reports.append(outcome)
    if console.mode is not OutputMode.JSONL:
        console.records([report.as_record() for report in reports], FILE_COLUMNS)
    if refusals:
        raise typer.Exit(refusals[0].error.exit_code)


def _target(ctx: typer.Context, path: str) -> Path | IO[bytes]:
    if path != "-":
        return Path(path)
    stream = typer.get_binary_stream("stdin")
    if stream.isatty():
        raise UsageError("stdin is a terminal", "pipe data in: memesnipe ingest file - < FILE")
    return stream


def _tell(console: Console, report: IngestReport) -> None:
    if report.says:
        console.say(f"{report.source}: {'; '.join(report.says)}")
    for warning in report.warnings:
        console.warn(warning)
    show_findings(console, report.findings)

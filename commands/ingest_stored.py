"""`memesnipe ingest list|verify|fill|set-aside`: what is stored and in which state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.ingest_output import (
    ASIDE_COLUMNS,
    FINDING_COLUMNS,
    INGEST_COLUMNS,
    SERIES_COLUMNS,
    summarised,
    write_candles,
)

from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode

if TYPE_CHECKING:
    from memesnipe_cli.market.report import IngestReport

Venue = Annotated[str | None, typer.Option(help="Only this venue.")]
Symbol = Annotated[str | None, typer.Option(help="Only this symbol, e.g. DOGE/USD.")]
Timeframe = Annotated[str | None, typer.Option(help="Only this timeframe, e.g. 5m.")]


def list_series(
    ctx: typer.Context, venue: Venue = None, symbol: Symbol = None, timeframe: Timeframe = None
) -> None:
    """List the stored series: rows, span, coverage, synthetic bars; SIMULATED where no market made them."""
    from memesnipe_cli.market.stored import list_stored

    run = current(ctx)
    rows = list_stored(run.store, venue, symbol, timeframe)
    run.console.records(
        rows,
        SERIES_COLUMNS,
        empty="nothing is stored yet: memesnipe ingest simulate, or memesnipe ingest candles --help",
    )


def verify(
    ctx: typer.Context,
    venue: Venue = None,
    symbol: Symbol = None,
    timeframe: Timeframe = None,
    all_findings: Annotated[
        bool, typer.Option("--all", help="Every single finding, not one line a check.")
    ] = False,
) -> None:
    """Judge what is stored anew: every gap, impossible bar and synthetic row as a finding. Exit 1 on errors.

    A table sums up by series and check; --all, --json and --jsonl give every single finding.
    """
    from memesnipe_cli.market.stored import verify_stored

    run = current(ctx)
    console = run.console
    findings = []
    with console.progress("verifying", None) as advance:
        for finding in verify_stored(run.store, venue, symbol, timeframe):
            findings.append(finding)
            advance(1)
    single = all_findings or console.mode is not OutputMode.HUMAN
    rows: list[dict[str, Any]] = [each.as_record() for each in findings] if single else summarised(findings)
    console.records(rows, FINDING_COLUMNS, empty="nothing found")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def fill(
    ctx: typer.Context,
    venue: Venue = None,
    symbol: Symbol = None,
    timeframe: Timeframe = None,
    longest: Annotated[
        int | None, typer.Option(help="Leave gaps of more bars than this open.", min=1)
    ] = None,
) -> None:
    """Fill gaps with flat bars at the last close, without volume, each marked synthetic.

    Observed bars that come in later replace them.
    """
    from memesnipe_cli.market.stored import fill_stored

    run = current(ctx)
    reports: list[IngestReport] = list(fill_stored(run.store, venue, symbol, timeframe, longest))
    if run.console.mode is OutputMode.JSONL:
        for report in reports:
            write_candles(run.console, report.candles)
        return
    run.console.records([report.as_record() for report in reports], INGEST_COLUMNS, empty="no gaps to fill")


def set_aside(
    ctx: typer.Context, venue: Venue = None, symbol: Symbol = None, timeframe: Timeframe = None
) -> None:
    """Show the rows that came in but may not be used, each with its reason."""
    from memesnipe_cli.market.stored import list_set_aside

    run = current(ctx)
    run.console.records(
        list_set_aside(run.store, venue, symbol, timeframe), ASIDE_COLUMNS, empty="no rows are set aside"
    )

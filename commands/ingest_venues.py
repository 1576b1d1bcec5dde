"""`memesnipe ingest candles|funding`: data from a venue, through ccxt; funding also from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from memesnipe_cli.commands.ingest_output import (
    FUNDING_COLUMNS,
    INGEST_COLUMNS,
    show_findings,
    write_candles,
    write_funding,
)

from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import UsageError

if TYPE_CHECKING:
    from memesnipe_cli.cli import Run
    from memesnipe_cli.market.funding_ingest import FundingReport
    from memesnipe_cli.market.report import IngestReport
    from memesnipe_cli.market.venue_session import VenueSession

Deadline = Annotated[
    float, typer.Option(help="Seconds this whole run may take; what came in by then is stored.")
]
Timeout = Annotated[float, typer.Option(help="Seconds one answer may take.")]
Since = Annotated[str, typer.Option(help="From when: 2025-01-31, RFC 3339, or an age such as 180d.")]
Until = Annotated[str | None, typer.Option(help="Up to when; else now.")]


def candles(
    ctx: typer.Context,
    venue: Annotated[str, typer.Option(help="Any venue ccxt knows, e.g. coinbase, kraken.")],
    symbol: Annotated[list[str], typer.Option(help="E.g. DOGE/USD (repeatable).")],
    timeframe: Annotated[list[str] | None, typer.Option(help="E.g. 5m (repeatable); default 5m.")] = None,
    since: Since = "180d",
    until: Until = None,
    from_trades: Annotated[
        bool, typer.Option("--from-trades", help="Build bars from trades (slow).")
    ] = False,
    deadline: Deadline = 1800.0,
    timeout: Timeout = 20.0,
) -> None:
    """Bring in the candles that are missing, forwards, backwards and between; resumes, safe to run twice at
    once.

    The unfinished bar is never stored. Higher timeframes are made from 5m on reading and need not be fetched.
    """
    from memesnipe_cli.clock import parse_time
    from memesnipe_cli.market.candle_fetch import fetch_series
    from memesnipe_cli.store.tables import SeriesKey

    run = current(ctx)
    console = run.console
    since_ms, until_ms = parse_time(since), parse_time(until) if until else None
    session = _session(run, venue, deadline, timeout)
    reports: list[IngestReport] = []
    for name in dict.fromkeys(symbol):
        session.prepare(run.store, name)
        for length in dict.fromkeys(timeframe or ["5m"]):
            key = SeriesKey(venue, name, length)
            with console.progress(str(key), session.slots(key, since_ms, until_ms)) as advance:
                report = fetch_series(
                    run.store,
                    session.exchange,
                    session.caller,
                    key,
                    since_ms,
                    until_ms,
                    from_trades=from_trades,
                    advance=advance,
                )
            for warning in report.warnings:
                console.warn(warning)
            show_findings(console, report.findings)
            if console.mode is OutputMode.JSONL:
                write_candles(console, report.candles)
            else:
                reports.append(report)
    if console.mode is not OutputMode.JSONL:
        console.records([report.as_record() for report in reports], INGEST_COLUMNS)


def funding(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH...]", help="Files; none: ask the venue.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Venue, e.g. krakenfutures, hyperliquid.")] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Perpetual, e.g. ETH/USDT:USDT (repeatable).")
    ] = None,
    since: Since = "180d",
    until: Until = None,
    deadline: Deadline = 1800.0,
    timeout: Timeout = 20.0,
) -> None:
    """Bring in funding rates of perpetuals, from files or from a venue; the interval is measured from the
    times.
    """
    from memesnipe_cli.market.funding_ingest import ingest_funding_files

    run = current(ctx)
    reports: list[FundingReport] = []
    refused = 0
    if paths:
        if symbol and len(symbol) > 1:
            raise UsageError("several --symbol with files", "give one file and symbol at a time")
        files = [Path(path) for path in paths]
        for outcome in ingest_funding_files(run.store, files, venue, symbol[0] if symbol else None):
            if outcome.error is not None:
                run.console.error(outcome.error)
                refused = refused or int(outcome.error.exit_code)
            elif outcome.report is not None:
                reports.append(outcome.report)
    else:
        reports = _fetch_funding(run, venue, symbol, since, until, deadline, timeout)
    for report in reports:
        if report.says:
            run.console.say(f"{report.source}: {'; '.join(report.says)}")
        show_findings(run.console, report.findings)
        if run.console.mode is OutputMode.JSONL:
            write_funding(run.console, report.rates)
    if run.console.mode is not OutputMode.JSONL:
        run.console.records([report.as_record() for report in reports], FUNDING_COLUMNS)
    if refused:
        raise typer.Exit(refused)


def _fetch_funding(
    run: Run,
    venue: str | None,
    symbol: list[str] | None,
    since: str,
    until: str | None,
    deadline: float,
    timeout: float,
) -> list[FundingReport]:
    from memesnipe_cli.clock import parse_time
    from memesnipe_cli.market.funding_fetch import fetch_funding

    if not venue or not symbol:
        raise UsageError("no files and no venue", "name files, or --venue and --symbol to ask a venue")
    since_ms, until_ms = parse_time(since), parse_time(until) if until else None
    session = _session(run, venue, deadline, timeout)
    reports = []
    for name in dict.fromkeys(symbol):
        session.prepare(run.store, name)
        with run.console.progress(f"funding of {venue} {name}"):
            reports.append(
                fetch_funding(run.store, session.exchange, session.caller, name, since_ms, until_ms)
            )
    return reports


def _session(run: Run, venue: str, deadline: float, timeout: float) -> VenueSession:
    from memesnipe_cli.market.venue_session import VenueSession

    settings = run.profile.venues.get(venue)
    base_url = settings.base_url if settings is not None else None
    return VenueSession(venue, base_url, deadline_s=deadline, timeout_s=timeout, say=run.console.say)

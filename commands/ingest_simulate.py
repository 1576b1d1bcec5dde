"""`memesnipe ingest simulate`: the market that comes with the tool."""

from __future__ import annotations

from typing import Annotated

import typer
from memesnipe_cli.commands.ingest_output import INGEST_COLUMNS, write_candles

from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode


def simulate(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(help="How many days.", min=1, max=3650)] = 365,
    seed: Annotated[int, typer.Option(help="Same seed, same market.", min=0)] = 7,
    start: Annotated[str, typer.Option(help="First day; fixed, so that two runs agree.")] = "2025-01-01",
    symbol: Annotated[
        list[str] | None, typer.Option(help="Only these coins, e.g. DOGE/USD (repeatable).")
    ] = None,
) -> None:
    """Make a reproducible market with regimes, pumps, a rug, Korean hours and outages; marked SIMULATED for
    ever.

    Safe to run again: the same seed and start give the same bars, and more days continue them.
    """
    from memesnipe_cli.clock import parse_time
    from memesnipe_cli.market.simulated_ingest import ingest_simulation

    run = current(ctx)
    console = run.console
    with console.progress("simulating", None):
        reports = ingest_simulation(
            run.store, seed=seed, days=days, start_ms=parse_time(start), symbols=symbol
        )
    console.say(f"SIMULATED market, seed {seed}: no real prices; stored under the venue `sim`")
    if console.mode is OutputMode.JSONL:
        for report in reports:
            write_candles(console, report.candles)
        return
    console.records([report.as_record() for report in reports], INGEST_COLUMNS)

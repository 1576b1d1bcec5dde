"""`memesnipe backtest report|list`: runs that were stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from memesnipe_cli.commands.backtest_options import page_target
from memesnipe_cli.commands.backtest_output import emit

from memesnipe_cli.cli import current
from memesnipe_cli.clock import format_time
from memesnipe_cli.console import Column
from memesnipe_cli.engine.figures import day, number, percent, signed_percent, whole

COLUMNS = (
    Column("saved", "saved", write=day),
    Column("run", "run"),
    Column("strategies", "strategies", write=", ".join),
    Column("symbols", "symbols", write=lambda symbols: _some(symbols)),
    Column("since", "since", write=lambda time: str(time)[:10]),
    Column("until", "until", write=lambda time: str(time)[:10]),
    Column("trades", "trades", right=True, write=whole),
    Column("return", "total_return", right=True, write=signed_percent),
    Column("drawdown", "max_drawdown", right=True, write=percent),
    Column("Sharpe", "sharpe", right=True, write=number),
    Column("", "simulated", write=lambda simulated: "SIMULATED" if simulated else ""),
)


def report(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a stored run; its beginning is enough.")],
    trades: Annotated[
        bool, typer.Option("--trades", help="List each trade with its reason in and out.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result as a page, too.")
    ] = None,
) -> None:
    """Show a stored run again, as it was shown when it ran."""
    this_run = current(ctx)
    page = page_target(html)
    stored = this_run.store.runs.load(run)
    from memesnipe_cli.engine.report import stored_report

    emit(this_run.console, stored_report(stored), trades=trades, page=page)


def list_runs(ctx: typer.Context) -> None:
    """List the stored runs, the newest first."""
    run = current(ctx)
    rows: list[dict[str, Any]] = []
    for stored in run.store.runs.list():
        shown = {name: value for name, value in stored.items() if name not in ("curves", "saved_ms")}
        rows.append({**shown, "saved": format_time(int(stored["saved_ms"]))})
    run.console.records(rows, COLUMNS, empty="no run is stored yet: memesnipe backtest --strategy NAME")


def _some(symbols: list[str]) -> str:
    return ", ".join(symbols[:2]) + (f" +{len(symbols) - 2}" if len(symbols) > 2 else "")

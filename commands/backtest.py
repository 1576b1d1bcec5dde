"""`memesnipe backtest`: the table of its subcommands; a run is in backtest_run.py, the others beside it."""

from __future__ import annotations

from memesnipe_cli.commands import backtest_lookahead, backtest_run, backtest_stored

from memesnipe_cli.cli import RunGroup, command_app

_EXAMPLES = (
    "memesnipe backtest --strategy momentum_5m --symbol DOGE/USD --since 180d",
    "memesnipe backtest --strategy momentum_5m --param stop_atr=3 --trades",
    "memesnipe backtest --strategy momentum_5m --json | jq .backtest.total_return",
    "memesnipe backtest --strategy momentum_5m --strategy mean_revert_1h --html result.html",
    "memesnipe ingest file DOGEUSD_5.csv --jsonl | memesnipe backtest --strategy momentum_5m --data -",
    "memesnipe backtest list",
)
_HELP = (
    "Run strategies over stored or piped candles on one shared account, with costs on.\n\n"
    "The result carries what was assumed and how well the data cover the span. Each run is stored and can be "
    "shown again by its id."
)


app = command_app(_HELP)
app.callback(cls=RunGroup, invoke_without_command=True, help=_HELP, epilog="\n".join(_EXAMPLES))(
    backtest_run.run
)
app.command(
    "report",
    examples=(
        "memesnipe backtest report 3f2a",
        "memesnipe backtest report 3f2a --json | jq .backtest.sharpe",
    ),
)(backtest_stored.report)
app.command("list", examples=("memesnipe backtest list", "memesnipe backtest list --jsonl | jq -r .run"))(
    backtest_stored.list_runs
)
app.command(
    "lookahead", examples=("memesnipe backtest lookahead --strategy ./mine.py:Mine --symbol DOGE/USD",)
)(backtest_lookahead.lookahead)

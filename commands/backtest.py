"""`memesnipe backtest`: the table of its subcommands; a run is in backtest_run.py, the others beside it."""

from __future__ import annotations

from typing import Any

from memesnipe_cli.commands import backtest_lookahead, backtest_run, backtest_stored

from memesnipe_cli.cli import Group, command_app
from memesnipe_cli.errors import UsageError

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


class _BacktestGroup(Group):
    """A group that runs by itself: its help has examples, and a stray word is told where it belongs."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        formatter.write_paragraph()
        formatter.write("Examples:\n" + "".join(f"  {line}\n" for line in _EXAMPLES))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            known = ", ".join(self.list_commands(ctx))
            raise UsageError(
                f"{args[0]!r} is not a subcommand of backtest ({known})",
                "a strategy is named with --strategy, a symbol with --symbol",
            )
        return super().resolve_command(ctx, args)


app = command_app(_HELP)
app.callback(cls=_BacktestGroup, invoke_without_command=True, help=_HELP)(backtest_run.run)
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

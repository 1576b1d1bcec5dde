"""`memesnipe trade`: the table of its subcommands; a run is in trade_run.py, the others in
trade_stored.py."""

from __future__ import annotations

from memesnipe_cli.commands import trade_flatten, trade_reconcile, trade_run, trade_service, trade_stored

from memesnipe_cli.cli import RunGroup, command_app

_EXAMPLES = (
    "memesnipe trade --strategy momentum_5m",
    "memesnipe trade --strategy momentum_5m --symbol DOGE/USD --venue coinbase --since 90d --capital 500",
    "memesnipe trade --strategy momentum_5m --jsonl | jq 'select(.type == \"trade\")'",
    "memesnipe trade --strategy mean_revert_1h --account second",
    "memesnipe trade --strategy momentum_5m --param stop_atr=3 --new-session --reason 'wider stops'",
    "memesnipe trade --strategy momentum_5m --explain",
    "memesnipe trade --profile mine --strategy momentum_5m --symbol DOGE/USD --live --without-promotion "
    "--reason 'small, and watched'",
    "memesnipe trade status",
)
_HELP = (
    "Trade strategies bar by bar; each decision is in the journal before anything acts on it.\n\n"
    "On paper, over stored candles: a later run goes on where the last one stopped, also after kill -9; run it from "
    "cron after `memesnipe ingest`. With --live and a live profile: real orders at Kraken or Coinbase on live data, "
    "with a key from `memesnipe keys` (docs/live.md).\n\n"
    "Ctrl-C once opens nothing more, leaves the stops and says what is left; twice ends at once."
)


app = command_app(_HELP)
app.callback(cls=RunGroup, invoke_without_command=True, help=_HELP, epilog="\n".join(_EXAMPLES))(
    trade_run.run
)
app.command("status", examples=("memesnipe trade status", "memesnipe trade status --json | jq -r .equity"))(
    trade_stored.status
)
app.command("positions", examples=("memesnipe trade positions --jsonl | jq -r '[.symbol, .stop] | @tsv'",))(
    trade_stored.positions
)
app.command("orders", examples=("memesnipe trade orders", "memesnipe trade orders --account live --json"))(
    trade_stored.orders
)
app.command(
    "flatten",
    examples=(
        "memesnipe trade flatten --reason 'away for a week'",
        "memesnipe trade flatten --symbol DOGE/USD --json | jq .left",
    ),
)(trade_flatten.flatten)
app.command("reconcile", examples=trade_reconcile.EXAMPLES)(trade_reconcile.reconcile)
app.command("service", cls=trade_service.ServiceCommand, examples=trade_service.EXAMPLES)(
    trade_service.service
)

"""`memesnipe breaker`: the table of its subcommands, one a file."""

from __future__ import annotations

from memesnipe_cli.commands import (
    breaker_drill,
    breaker_history,
    breaker_reset,
    breaker_status,
    breaker_trip,
    breaker_watch,
)
from memesnipe_cli.commands.breaker_kit import QuickCommand

from memesnipe_cli.cli import command_app

app = command_app(
    "The circuit breaker of an account: what is stopped and why, the kill switch, and the way back.\n\n"
    "Works at any time, whatever else runs or hangs."
)

app.command(
    "status",
    cls=QuickCommand,
    examples=(
        "memesnipe breaker status",
        "memesnipe breaker status --json | jq -r .level",
        "memesnipe breaker status -q > /dev/null || echo 'trading is halted'",
    ),
)(breaker_status.status)
app.command(
    "trip",
    cls=QuickCommand,
    examples=(
        "memesnipe breaker trip --reason 'news about the exchange'",
        "memesnipe breaker trip --level EMERGENCY --reason 'prices make no sense'",
        "memesnipe breaker trip --strategy momentum_5m --reason 'losing every day this week'",
        "memesnipe breaker trip --symbol DOGE/USD --reason 'delisting announced'",
        "memesnipe breaker trip --level EMERGENCY --flatten --reason 'the keys may be stolen'",
    ),
)(breaker_trip.trip)
app.command(
    "reset",
    cls=QuickCommand,
    examples=(
        "memesnipe breaker reset --reason 'the feed was stale; it is back'",
        "memesnipe breaker reset --strategy momentum_5m --reason 'stop was too tight; widened'",
    ),
)(breaker_reset.reset)
app.command(
    "history",
    cls=QuickCommand,
    examples=(
        "memesnipe breaker history",
        "memesnipe breaker history --jsonl | jq -r '[.since, .level, .cause] | @tsv'",
    ),
)(breaker_history.history)
app.command(
    "watch",
    examples=(
        "memesnipe breaker watch",
        "memesnipe breaker watch --act",
        "memesnipe breaker watch --once || echo 'the trader died with positions open'",
        "memesnipe breaker watch --jsonl | jq -r '[.at, .level, .trader] | @tsv'",
    ),
)(breaker_watch.watch)
app.command(
    "drill",
    examples=(
        "memesnipe breaker drill",
        "memesnipe breaker drill --json | jq -r '.steps[] | [.name, .passed, .seen] | @tsv'",
    ),
)(breaker_drill.drill)

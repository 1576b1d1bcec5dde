"""`memesnipe ingest`: the table of its subcommands. What each does is in commands/ingest_*.py."""

from __future__ import annotations

from memesnipe_cli.commands import ingest_files, ingest_simulate, ingest_stored, ingest_venues

from memesnipe_cli.cli import command_app

app = command_app(
    "Bring market data into the store, and look after what is there.\n\n"
    "With --jsonl the bars themselves go down the pipe: "
    "memesnipe ingest candles ... --jsonl | memesnipe backtest --data - ..."
)
app.command("candles")(ingest_venues.candles)
app.command("file")(ingest_files.file)
app.command("funding")(ingest_venues.funding)
app.command("simulate")(ingest_simulate.simulate)
app.command("list")(ingest_stored.list_series)
app.command("verify")(ingest_stored.verify)
app.command("fill")(ingest_stored.fill)
app.command("set-aside")(ingest_stored.set_aside)

"""`memesnipe ingest`: the table of its subcommands. What each does is in commands/ingest_*.py."""

from __future__ import annotations

from memesnipe_cli.commands import ingest_files, ingest_simulate, ingest_stored, ingest_stream, ingest_venues

from memesnipe_cli.cli import command_app

app = command_app(
    "Bring market data into the store, and look after what is there.\n\n"
    "With --jsonl the bars themselves go down the pipe: "
    "memesnipe ingest candles ... --jsonl | memesnipe backtest --data - ..."
)
app.command(
    "candles",
    examples=(
        "memesnipe ingest candles --venue coinbase --symbol DOGE/USD --timeframe 5m --since 180d",
        "memesnipe ingest candles --venue kraken --symbol DOGE/USD --since 7d --from-trades",
        "memesnipe ingest candles --venue coinbase --symbol DOGE/USD --symbol ETH/USD --json | jq .[].added",
    ),
)(ingest_venues.candles)
app.command(
    "stream",
    examples=(
        "memesnipe ingest stream --venue kraken --symbol DOGE/USD --symbol BTC/USD --timeframe 1m",
        "memesnipe ingest stream --venue coinbase --symbol DOGE/USD --duration 8h --jsonl | jq -r .close",
        "memesnipe ingest stream --venue kraken --symbol DOGE/USD --jsonl | memesnipe shadow --data - --jsonl",
    ),
)(ingest_stream.stream)
app.command(
    "file",
    examples=(
        "memesnipe ingest file Kraken_OHLCVT.zip",
        "memesnipe ingest file DOGEUSD_5.csv --venue kraken --symbol DOGE/USD",
        "memesnipe ingest file DOGEUSD_5.csv --jsonl | memesnipe backtest --strategy momentum_5m --data -",
        "curl -s $URL | memesnipe ingest file - --venue binance --symbol DOGE/USDT",
    ),
)(ingest_files.file)
app.command(
    "funding",
    examples=(
        "memesnipe ingest funding --venue hyperliquid --symbol DOGE/USDC:USDC --since 90d",
        "memesnipe ingest funding ETHUSDT_8h.parquet --venue binance --symbol ETH/USDT:USDT",
    ),
)(ingest_venues.funding)
app.command(
    "simulate",
    examples=(
        "memesnipe ingest simulate",
        "memesnipe ingest simulate --days 90 --seed 11 --symbol DOGE/USD",
    ),
)(ingest_simulate.simulate)
app.command(
    "list",
    examples=("memesnipe ingest list", "memesnipe ingest list --json | jq -r .[].symbol"),
)(ingest_stored.list_series)
app.command(
    "verify",
    examples=(
        "memesnipe ingest verify",
        "memesnipe ingest verify --symbol DOGE/USD --all",
        "memesnipe ingest verify --jsonl | jq 'select(.check == \"gap\")'",
    ),
)(ingest_stored.verify)
app.command(
    "fill",
    examples=("memesnipe ingest fill --venue kraken --symbol DOGE/USD --longest 12",),
)(ingest_stored.fill)
app.command(
    "set-aside",
    examples=(
        "memesnipe ingest set-aside",
        "memesnipe ingest set-aside --json | jq 'group_by(.reason)[] | [.[0].reason, length]'",
    ),
)(ingest_stored.set_aside)

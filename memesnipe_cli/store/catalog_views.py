"""The catalog's typed views and macros, as SQL. Every one of them is there, and typed, when nothing is
stored.

A journal entry's kind names the record type in its body (`order`, `fill`, `trade`, `equity`, `breaker`,
`ingest`). Times are TIMESTAMP in UTC, amounts DECIMAL(38, 18), `body` is the whole entry.
"""

# ruff: noqa: S608 - the parts of each statement are constants of this file, or quoted by duck.text and duck.name

from __future__ import annotations

from pathlib import Path

from memesnipe_cli.store import duck
from memesnipe_cli.store.paths import StorePaths

AMOUNT = "DECIMAL(38, 18)"

# view -> (kind in the journal, (column, SQL type) of its body)
_JOURNAL_VIEWS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "fills": (
        "fill",
        (
            ("order", "VARCHAR"),
            ("venue_trade_id", "VARCHAR"),
            ("strategy", "VARCHAR"),
            ("venue", "VARCHAR"),
            ("symbol", "VARCHAR"),
            ("side", "VARCHAR"),
            ("qty", AMOUNT),
            ("price", AMOUNT),
            ("fee", AMOUNT),
            ("fee_currency", "VARCHAR"),
            ("liquidity", "VARCHAR"),
            ("time", "TIMESTAMP"),
        ),
    ),
    "equity": (
        "equity",
        (
            ("time", "TIMESTAMP"),
            ("equity", AMOUNT),
            ("cash", AMOUNT),
            ("high_water_mark", AMOUNT),
            ("drawdown", "DOUBLE"),
        ),
    ),
    "breaker": (
        "breaker",
        (
            ("level", "VARCHAR"),
            ("cause", "VARCHAR"),
            ("since", "TIMESTAMP"),
            ("equity", AMOUNT),
            ("high_water_mark", AMOUNT),
            ("drawdown", "DOUBLE"),
            ("daily_loss", "DOUBLE"),
            ("action", "VARCHAR"),
            ("scope", "VARCHAR"),
            ("by", "VARCHAR"),
            ("reason", "VARCHAR"),
        ),
    ),
    "ingests": (
        "ingest",
        (
            ("what", "VARCHAR"),
            ("venue", "VARCHAR"),
            ("symbol", "VARCHAR"),
            ("timeframe", "VARCHAR"),
            ("source", "VARCHAR"),
            ("rows", "BIGINT"),
            ("added", "BIGINT"),
            ("set_aside", "BIGINT"),
            ("sha256", "VARCHAR"),
        ),
    ),
}
_ORDER_COLUMNS = (
    ("id", "VARCHAR"),
    ("venue_id", "VARCHAR"),
    ("strategy", "VARCHAR"),
    ("venue", "VARCHAR"),
    ("symbol", "VARCHAR"),
    ("side", "VARCHAR"),
    ("action", "VARCHAR"),
    ("kind", "VARCHAR"),
    ("qty", AMOUNT),
    ("price", AMOUNT),
    ("stop", AMOUNT),
    ("state", "VARCHAR"),
    ("time", "TIMESTAMP"),
    ("reason", "VARCHAR"),
)
TRADE_COLUMNS = (
    ("run", "VARCHAR"),
    ("strategy", "VARCHAR"),
    ("venue", "VARCHAR"),
    ("symbol", "VARCHAR"),
    ("side", "VARCHAR"),
    ("qty", AMOUNT),
    ("entry_time", "TIMESTAMP"),
    ("entry_price", AMOUNT),
    ("entry_reason", "VARCHAR"),
    ("exit_time", "TIMESTAMP"),
    ("exit_price", AMOUNT),
    ("exit_reason", "VARCHAR"),
    ("fees", AMOUNT),
    ("slippage", AMOUNT),
    ("pnl", AMOUNT),
)
RUN_COLUMNS = (
    ("since", "TIMESTAMP"),
    ("until", "TIMESTAMP"),
    ("bars", "BIGINT"),
    ("trades", "BIGINT"),
    ("wins", "BIGINT"),
    ("win_rate", "DOUBLE"),
    ("win_rate_low", "DOUBLE"),
    ("expectancy", AMOUNT),
    ("payoff_ratio", "DOUBLE"),
    ("profit_factor", "DOUBLE"),
    ("sharpe", "DOUBLE"),
    ("sharpe_se", "DOUBLE"),
    ("sortino", "DOUBLE"),
    ("max_drawdown", "DOUBLE"),
    ("total_return", "DOUBLE"),
    ("buy_and_hold", "DOUBLE"),
    ("start_equity", AMOUNT),
    ("final_equity", AMOUNT),
    ("fees", AMOUNT),
    ("slippage", AMOUNT),
    ("exposure", "DOUBLE"),
    ("turnover", "DOUBLE"),
)
JOURNAL_COLUMNS = (
    ("account", "VARCHAR"),
    ("seq", "BIGINT"),
    ("time", "VARCHAR"),
    ("kind", "VARCHAR"),
    ("body", "VARCHAR"),
    ("hash", "VARCHAR"),
)


def create_views(paths: StorePaths, sealed: list[Path]) -> list[str]:
    """The statements that make every view. The tables `journal_tail` and `stored_runs` exist before; `sealed`
    are the parquet files of sealed segments."""
    statements = [_journal_view(sealed)]
    for view, (kind, columns) in _JOURNAL_VIEWS.items():
        statements.append(f"CREATE VIEW {view} AS {_from_kind(kind, columns)}")
    statements += [
        _orders_view(),
        _trades_view(paths),
        _runs_view(),
        _candles_view(paths),
        _funding_view(paths),
    ]
    # Names the partition folder, so that one series is read without a look at all the others.
    statements.append(
        "CREATE MACRO candles_of(which_venue, which_symbol, which_timeframe) AS TABLE SELECT * FROM candles"
        " WHERE venue = which_venue AND symbol = which_symbol AND timeframe = which_timeframe ORDER BY ts"
    )
    return statements


def has_parquet(folder: Path) -> bool:
    """Whether a view over the parquet files below `folder` can be made."""
    return next(folder.glob("venue=*/**/*.parquet"), None) is not None


def _journal_view(sealed: list[Path]) -> str:
    names = ", ".join(column for column, _ in JOURNAL_COLUMNS)
    parts = [f"SELECT {names} FROM journal_tail"]
    if sealed:
        files = ", ".join(duck.files(path) for path in sealed)
        parts.insert(0, f"SELECT {names} FROM read_parquet([{files}])")
    return (
        "CREATE VIEW journal AS SELECT account, seq, CAST(time AS TIMESTAMP) AS time, kind,"
        f" CAST(body AS JSON) AS body, hash FROM ({' UNION ALL '.join(parts)})"
    )


def _field(column: str, kind: str) -> str:
    # TRY_CAST: the line itself is verified; a field of another form shows as NULL beside its whole `body`.
    return f"TRY_CAST(body->>'$.{column}' AS {kind}) AS {duck.name(column)}"


def _from_kind(kind: str, columns: tuple[tuple[str, str], ...]) -> str:
    fields = ", ".join(_field(column, sql_type) for column, sql_type in columns)
    return (
        f"SELECT account, seq, time AS recorded, {fields}, body FROM journal WHERE kind = {duck.text(kind)}"
    )


def _orders_view() -> str:
    """Each order once, with the last word on each of its columns: a line says what changed, not all that holds. An
    accepted amendment changes the terms of the order, which keeps its id."""
    changes = (
        "SELECT * FROM journal WHERE kind = 'order' OR (kind = 'amendment' AND body->>'$.state' = 'accepted')"
    )
    columns = dict(_ORDER_COLUMNS)
    # arg_max passes over lines that say nothing of a column.
    fields = ", ".join(f"arg_max({_value(name, kind)}, seq) AS {name}" for name, kind in columns.items())
    orders = (
        "SELECT account, max(seq) AS seq, max_by(time, seq) AS recorded, body->>'$.id' AS order_id,"
        f" {fields}, arg_max(body, seq) FILTER (kind = 'order') AS body"
        f" FROM ({changes}) GROUP BY account, order_id"
    )
    names = ", ".join(f"orders.{name}" for name in columns)
    return (
        f"CREATE VIEW orders AS SELECT orders.account, seq, recorded, {names},"
        f" coalesce(filled, 0)::{AMOUNT} AS filled, orders.body"
        f" FROM ({orders}) AS orders LEFT JOIN"
        ' (SELECT account, "order", sum(qty) AS filled FROM fills GROUP BY ALL) AS traded'
        ' ON traded.account = orders.account AND traded."order" = orders.id'
    )


def _value(column: str, kind: str) -> str:
    """A column of an order in one line: an amendment has a state of its own, and the first line no reason as a rule."""
    value = f"TRY_CAST(body->>'$.{column}' AS {kind})"
    if column in ("state", "time"):
        return f"CASE WHEN kind = 'order' THEN {value} END"
    return f"nullif({value}, '')" if column in ("reason", "venue_id") else value


def _trades_view(paths: StorePaths) -> str:
    """Round trips of the journals and of every stored run."""
    names = ", ".join(duck.name(column) for column, _ in TRADE_COLUMNS)
    return (
        f"CREATE VIEW trades AS SELECT account, {names} FROM ({_from_kind('trade', TRADE_COLUMNS)})"
        f" UNION ALL BY NAME SELECT NULL AS account, {names} FROM stored_trades"
    )


def _runs_view() -> str:
    fields = ", ".join(_field(column, kind) for column, kind in RUN_COLUMNS)
    return (
        "CREATE VIEW runs AS SELECT run, saved, CAST(body->'$.strategies' AS VARCHAR[]) AS strategies,"
        f" CAST(body->'$.symbols' AS VARCHAR[]) AS symbols, {fields}, body FROM stored_runs"
    )


def _candles_view(paths: StorePaths) -> str:
    columns = (
        "CAST(venue AS VARCHAR) AS venue, CAST(symbol AS VARCHAR) AS symbol,"
        " CAST(timeframe AS VARCHAR) AS timeframe, CAST(ts AS BIGINT) AS ts,"
        " make_timestamp_ms(CAST(ts AS BIGINT)) AS time, CAST(open AS DOUBLE) AS open,"
        " CAST(high AS DOUBLE) AS high, CAST(low AS DOUBLE) AS low, CAST(close AS DOUBLE) AS close,"
        " CAST(volume AS DOUBLE) AS volume, CAST(synthetic AS BOOLEAN) AS synthetic,"
        " venue = 'sim' AS simulated"
    )
    if has_parquet(paths.candles):
        source = _hive(paths.candles, ("venue", "symbol", "timeframe"))
        return f"CREATE VIEW candles AS SELECT {columns} FROM {source}"
    names = ("venue", "symbol", "timeframe", "ts", "open", "high", "low", "close", "volume", "synthetic")
    return f"CREATE VIEW candles AS SELECT {columns} FROM ({_no_rows(names)})"


def _funding_view(paths: StorePaths) -> str:
    columns = (
        "CAST(venue AS VARCHAR) AS venue, CAST(symbol AS VARCHAR) AS symbol, CAST(ts AS BIGINT) AS ts,"
        " make_timestamp_ms(CAST(ts AS BIGINT)) AS time, CAST(rate AS DOUBLE) AS rate,"
        " CAST(interval_ms AS BIGINT) AS interval_ms, venue = 'sim' AS simulated"
    )
    if has_parquet(paths.funding):
        return f"CREATE VIEW funding AS SELECT {columns} FROM {_hive(paths.funding, ('venue', 'symbol'))}"
    names = ("venue", "symbol", "ts", "rate", "interval_ms")
    return f"CREATE VIEW funding AS SELECT {columns} FROM ({_no_rows(names)})"


def _hive(folder: Path, columns: tuple[str, ...]) -> str:
    types = ", ".join(f"{column}: VARCHAR" for column in (*columns, "month"))
    pattern = duck.files(folder, "/**/*.parquet")
    return f"read_parquet({pattern}, hive_partitioning = true, hive_types = {{{types}}})"


def _no_rows(columns: tuple[str, ...]) -> str:
    return f"SELECT {', '.join(f'NULL AS {column}' for column in columns)} WHERE false"

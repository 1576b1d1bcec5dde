"""How the ingest commands show things: columns of their tables, narrow enough for a terminal of 100
characters; findings in a few lines; bars down the pipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from memesnipe_cli.console import Column, Console

if TYPE_CHECKING:
    from memesnipe_cli.market.quality import Finding
    from memesnipe_cli.store.tables import Candles, FundingRates


def _number(value: Any) -> str:
    return "" if value is None else f"{value:,}"


def _file_name(source: Any) -> str:
    """The last part of a path or of a zip's member: whole ones push the numbers off the screen."""
    return str(source).replace(":", "/").rsplit("/", 1)[-1]


def _day(time: Any) -> str:
    """2025-01-31T12:00:00Z -> 2025-01-31."""
    return str(time or "")[:10]


def _minute(time: Any) -> str:
    """2025-01-31T12:00:00Z -> 2025-01-31 12:00."""
    return str(time or "")[:16].replace("T", " ")


_NAME_COLUMNS = (Column("venue", "venue"), Column("symbol", "symbol"))
_COUNT_COLUMNS = (
    Column("added", "added", right=True, write=_number),
    Column("known", "identical", right=True, write=_number),
    Column("differ", "conflicts", right=True, write=_number),
    Column("aside", "set_aside", right=True, write=_number),
    Column("first", "since", write=_day),
    Column("last", "until", write=_day),
)
_SOURCE_COLUMN = Column("source", "source", write=_file_name)
INGEST_COLUMNS = (*_NAME_COLUMNS, Column("tf", "timeframe"), *_COUNT_COLUMNS)
FILE_COLUMNS = (*INGEST_COLUMNS, _SOURCE_COLUMN)
FUNDING_COLUMNS = (
    *_NAME_COLUMNS,
    Column("interval", "intervals", write=lambda names: ", ".join(names)),
    *_COUNT_COLUMNS,
    _SOURCE_COLUMN,
)
SERIES_COLUMNS = (
    *_NAME_COLUMNS,
    Column("tf", "timeframe"),
    Column("rows", "rows", right=True, write=_number),
    Column("first", "since", write=_day),
    Column("last", "until", write=_minute),
    Column("coverage", "coverage", right=True, write=lambda share: f"{share:.2%}"),
    Column("synthetic", "synthetic", right=True, write=_number),
    Column("", "simulated", write=lambda simulated: "SIMULATED" if simulated else ""),
)
FINDING_COLUMNS = (
    Column("severity", "severity"),
    Column("check", "check"),
    Column("where", "where"),
    Column("message", "message"),
    Column("next step", "hint"),
)
ASIDE_COLUMNS = tuple(
    Column(name, name)
    for name in (
        "venue",
        "symbol",
        "timeframe",
        "time",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "reason",
        "source",
    )
)


def write_candles(console: Console, candles: Candles) -> None:
    """The bars as `candle` records on stdout."""
    from memesnipe_cli.market.pipe import write_candles_jsonl

    for block in write_candles_jsonl(candles):
        console.write_bytes(block)


def write_funding(console: Console, rates: FundingRates) -> None:
    """The rates as `funding` records on stdout."""
    from memesnipe_cli.market.pipe import write_funding_jsonl

    console.write_bytes(write_funding_jsonl(rates))


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Errors and warnings as one line a check on stderr; the single ones are what `ingest verify` lists."""
    for check, group in _by_check(findings).items():
        worst = "error" if any(finding.severity == "error" for finding in group) else group[0].severity
        first = group[0]
        many = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
        line = f"{check}: {first.where}: {first.message}{many}"
        if worst == "info":
            console.detail(line)
        else:
            console.warn(line)


def _by_check(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.check, []).append(finding)
    return groups


def summarised(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """One row for each series and check, for a person: how often, how many bars, where first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((" ".join(finding.where.split(" ")[:3]), finding.check), []).append(finding)
    rows = []
    for group in groups.values():
        first = group[0]
        bars = sum(finding.count for finding in group)
        message = (
            first.message
            if len(group) == 1
            else f"{len(group)} times, {bars:,} bars in all; first: {first.message}"
        )
        rows.append(first.as_record() | {"message": message})
    return rows

"""How the ingest commands show things: columns of their tables, findings in a few lines, bars down the
pipe.
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
    """The last part of a path: whole ones push the numbers off the screen. The record carries the whole path."""
    return str(source).rsplit("/", 1)[-1]


INGEST_COLUMNS = (
    Column("source", "source", write=_file_name),
    Column("venue", "venue"),
    Column("symbol", "symbol"),
    Column("tf", "timeframe"),
    Column("rows", "rows", right=True, write=_number),
    Column("added", "added", right=True, write=_number),
    Column("known", "identical", right=True, write=_number),
    Column("conflicts", "conflicts", right=True, write=_number),
    Column("set aside", "set_aside", right=True, write=_number),
    Column("first", "since"),
    Column("last", "until"),
)
SERIES_COLUMNS = (
    Column("venue", "venue"),
    Column("symbol", "symbol"),
    Column("tf", "timeframe"),
    Column("rows", "rows", right=True, write=_number),
    Column("first", "since"),
    Column("last", "until"),
    Column("coverage", "coverage", right=True, write=lambda share: f"{share:.2%}"),
    Column("synthetic", "synthetic", right=True, write=_number),
    Column("", "simulated", write=lambda simulated: "SIMULATED" if simulated else ""),
)
FUNDING_COLUMNS = (
    Column("source", "source", write=_file_name),
    Column("venue", "venue"),
    Column("symbol", "symbol"),
    Column("interval", "intervals", write=lambda names: ", ".join(names)),
    *INGEST_COLUMNS[4:],
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

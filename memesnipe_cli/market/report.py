"""What became of the rows of one series in one ingest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.market.quality import Finding
from memesnipe_cli.records import record
from memesnipe_cli.store.tables import Candles, SeriesKey


@dataclass(frozen=True)
class IngestReport:
    """Of `rows` read, each was added, put in the place of a synthetic one (replaced), identical to a stored
    one, a repeat within its source, in conflict with a stored one, or set aside for a reason of its own.
    `filled` bars were put in by us. `candles` are the usable bars."""

    source: str
    key: SeriesKey
    candles: Candles
    rows: int
    added: int
    identical: int
    conflicts: int
    replaced: int = 0
    set_aside: int = 0
    repeats: int = 0
    filled: int = 0
    findings: list[Finding] = field(default_factory=list)
    says: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """One object for --json and for the table."""
        ts = self.candles.ts
        return record(
            "ingest",
            source=self.source,
            venue=self.key.venue,
            symbol=self.key.symbol,
            timeframe=self.key.timeframe,
            rows=self.rows,
            added=self.added,
            replaced=self.replaced,
            identical=self.identical,
            conflicts=self.conflicts,
            set_aside=self.set_aside,
            repeats=self.repeats,
            filled=self.filled,
            since=clock.format_time(int(ts[0])) if len(ts) else None,
            until=clock.format_time(int(ts[-1])) if len(ts) else None,
            simulated=self.key.simulated,
            findings=[finding.as_record() for finding in self.findings],
            says=list(self.says),
            warnings=self.warnings,
        )

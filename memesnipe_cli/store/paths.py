"""Where things lie in a store, and how names become folder names and back.

Names are percent-encoded (`DOGE/USD` -> `DOGE%2FUSD`), which is also how DuckDB spells hive partitions, so
its readers decode them by themselves.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from memesnipe_cli.errors import UsageError

PARTITION_FILE = "data.parquet"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_NAME = 200


def encode_name(name: str, what: str = "name") -> str:
    """A name as one safe folder name. Raises UsageError for what could leave the folder or not come back."""
    if not name or name.startswith(".") or _CONTROL.search(name):
        raise UsageError(
            f"{what} {name!r} cannot be stored", "use letters, digits and - _ / : inside the name"
        )
    try:
        encoded = quote(name, safe="-_.")
    except UnicodeEncodeError:
        raise UsageError(
            f"{what} {name!r} is not valid Unicode", "check the encoding of the source"
        ) from None
    if len(encoded) > _LONGEST_NAME:
        raise UsageError(
            f"{what} {name[:40]!r}... is too long", f"at most {_LONGEST_NAME} characters when encoded"
        )
    return encoded


def decode_name(encoded: str) -> str:
    """The inverse of `encode_name`."""
    return unquote(encoded)


def hive_folder(column: str, value: str) -> str:
    """`symbol=DOGE%2FUSD`."""
    return f"{column}={encode_name(value, column)}"


def hive_value(folder: str, column: str) -> str | None:
    """The value of `symbol=DOGE%2FUSD`, or None where the folder is not one of that column."""
    prefix = f"{column}="
    return decode_name(folder[len(prefix) :]) if folder.startswith(prefix) else None


def month_of(ts_ms: int) -> str:
    """The partition a bar belongs to: `2025-01`, by its open in UTC."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m")


def month_start(month: str) -> int:
    """First millisecond of `2025-01`."""
    return int(datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).timestamp()) * 1000


class StorePaths:
    """The layout of one store folder. Names only: creates and reads nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.marker = root / "store.json"
        self.journal = root / "journal"
        self.lake = root / "lake"
        self.candles = self.lake / "candles"
        self.funding = self.lake / "funding"
        self.instruments = self.lake / "instruments"
        self.set_aside = self.lake / "set_aside"
        self.runs = root / "runs"
        self.catalog = root / "store.duckdb"
        self.cache = root / "cache"
        self.breaker = root / "breaker"

    def account(self, account: str) -> Path:
        """Folder of one account's journal."""
        return self.journal / encode_name(account, "account")

    def breaker_of(self, account: str) -> Path:
        """Folder of one account's circuit breaker."""
        return self.breaker / encode_name(account, "account")

    def instrument(self, venue: str, symbol: str) -> Path:
        """Folder of all candles of one product: the unit of locking."""
        return self.candles / hive_folder("venue", venue) / hive_folder("symbol", symbol)

    def series(self, venue: str, symbol: str, timeframe: str) -> Path:
        """Folder of one series, which holds one folder a month."""
        return self.instrument(venue, symbol) / hive_folder("timeframe", timeframe)

    def funding_series(self, venue: str, symbol: str) -> Path:
        """Folder of one perpetual's funding rates."""
        return self.funding / hive_folder("venue", venue) / hive_folder("symbol", symbol)

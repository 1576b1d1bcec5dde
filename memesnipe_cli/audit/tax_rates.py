"""What a currency was worth in US dollars on a day: 1 for USD itself, of others what a file of the user says. A
stablecoin is not taken for a dollar."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from memesnipe_cli.errors import DataError
from memesnipe_cli.records import decimal_value

USD = "USD"
COLUMNS = ("date", "currency", "usd")
_FORM = "a CSV file with the columns date,currency,usd and lines such as 2025-01-31,USDC,0.9998"


@dataclass(frozen=True, slots=True)
class Rates:
    """usd: by currency and day, what one unit was worth."""

    usd: dict[tuple[str, date], Decimal] = field(default_factory=dict)

    def of(self, currency: str, day: date) -> Decimal | None:
        """US dollars for one unit; None where nobody has said."""
        return Decimal(1) if currency == USD else self.usd.get((currency, day))


def read_rates(path: Path) -> Rates:
    """The rates in a file. Raises DataError that names the line, or the file that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(f"the rates {path} cannot be read: {problem}", f"it is {_FORM}") from problem
    reader = csv.DictReader(text.splitlines())
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise DataError(f"the rates {path} have the columns {reader.fieldnames}", f"it is {_FORM}")
    found: dict[tuple[str, date], Decimal] = {}
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        try:
            key = (str(row["currency"]).strip().upper(), date.fromisoformat(str(row["date"]).strip()))
        except ValueError:
            raise DataError(f"{where}: date is {row['date']!r}", "write 2025-01-31") from None
        rate = decimal_value(str(row["usd"]).strip(), f"{where}: usd")
        if rate <= 0:
            raise DataError(f"{where}: usd is {rate}", "a rate is above 0")
        if found.setdefault(key, rate) != rate:
            raise DataError(f"{where}: a second rate for {key[0]} on {key[1]}", "one line a currency and day")
    return Rates(found)

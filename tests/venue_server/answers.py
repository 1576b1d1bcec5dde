"""Small shapes that pass between the wire formats and the HTTP server, and how numbers and times are written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request as it came in. `fields`: the query of a GET, the body of a POST. `admitted`: its key was
    found good on arrival, and it is carried out only now."""

    method: str
    path: str
    fields: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    at_ms: int = 0
    admitted: bool = False

    def text(self, name: str, default: str = "") -> str:
        """A field as text; missing: the default."""
        value = self.fields.get(name)
        return default if value is None else str(value)

    def number(self, name: str) -> Decimal | None:
        """A field as a Decimal; None where it is missing or empty."""
        value = self.fields.get(name)
        return None if value in (None, "") else Decimal(str(value))


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    kind: str = "application/json"


def as_json(value: Any, status: int = 200) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(value).encode())


def plain(value: Decimal) -> str:
    """A Decimal without exponent and without zeros at the end."""
    return format(value.normalize(), "f") if value else "0"


def iso(time_us: int) -> str:
    """Microseconds since 1970 as the venues write a time."""
    seconds, micros = divmod(time_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06d}Z"


def from_iso(text: str) -> int:
    """The other way round; milliseconds."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)

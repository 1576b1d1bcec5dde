"""What a trader and its venue share: a clock that runs fast, and files by which bars and prices come."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar, FeedState, Quote

LOOK_S = 0.01  # how often the loop looks at nothing new


@dataclass(frozen=True)
class VenueClock:
    """Time that runs `speed` times as fast; every process of the machine reads the same."""

    speed: int
    begun_us: int
    begun_ns: int

    @classmethod
    def starting(cls, speed: int, now_us: int) -> VenueClock:
        """At now_us, from now on."""
        return cls(speed, now_us, time.monotonic_ns())

    def now_us(self) -> int:
        """Microseconds since 1970."""
        return self.begun_us + (time.monotonic_ns() - self.begun_ns) // 1000 * self.speed

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self.now_us() // 1000

    def seconds(self) -> float:
        """Seconds that only rise."""
        return self.now_us() / 1e6


class Scale:
    """Files by which bars and prices come: bars are appended, prices replaced."""

    def __init__(self, folder: Path) -> None:
        self._bars, self._prices = folder / "bars.jsonl", folder / "prices.json"

    def add(self, closed: BarsClosed) -> None:
        """Bars have closed."""
        with self._bars.open("a", encoding="utf-8") as file:
            file.write(json.dumps([closed.ts, [asdict(each) for each in closed.bars]]) + "\n")

    def show(self, prices: dict[str, tuple[Decimal, Decimal]], *, stale: bool) -> None:
        """The best prices now."""
        said = {symbol: [str(bid), str(ask)] for symbol, (bid, ask) in prices.items()}
        new = self._prices.with_suffix(".new")
        new.write_text(json.dumps({"stale": stale, "prices": said}), encoding="utf-8")
        os.replace(new, self._prices)

    def bars(self, offset: int = 0) -> tuple[list[BarsClosed], int]:
        """The bars behind an offset, and the offset behind them."""
        if not self._bars.exists():
            return [], 0
        with self._bars.open("rb") as file:
            file.seek(offset)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        found = [json.loads(line) for line in whole.splitlines()]
        closed = [BarsClosed(ts, tuple(ClosedBar(**bar) for bar in bars)) for ts, bars in found]
        return closed, offset + len(whole)

    def prices(self) -> dict[str, Any]:
        """As `show` wrote them."""
        said: dict[str, Any] = json.loads(self._prices.read_bytes())
        return said


class ScaleFeed:
    """A LiveFeed from a Scale."""

    def __init__(self, scale: Scale, up: Path) -> None:
        self._scale, self._up = scale, up
        self._after_ms = self._offset = 0

    def start(self, after_ms: int) -> None:
        """From the bar behind this one on; the loop is up now."""
        self._after_ms = after_ms
        self._up.touch()

    def wait(self, seconds: float) -> list[BarsClosed]:
        """What has closed."""
        found, self._offset = self._scale.bars(self._offset)
        new = [each for each in found if each.ts > self._after_ms]
        if not new:
            time.sleep(min(seconds, LOOK_S))
            return []
        self._after_ms = new[-1].ts
        return new

    def quote(self, symbol: str) -> Quote | None:
        """The best prices."""
        bid, ask = self._scale.prices()["prices"][symbol]
        return Quote(symbol, Decimal(bid), Decimal(ask))

    def age_ms(self, symbol: str) -> float | None:
        """Fresh, unless they are said to be old."""
        return 30_000.0 if self._scale.prices()["stale"] else 0.0

    def refresh(self, symbol: str, within_s: float) -> Quote | None:
        """The same."""
        return self.quote(symbol)

    def state(self) -> FeedState:
        """Well."""
        return FeedState("websocket", 0)

    def close(self) -> None:
        """Nothing is open."""

"""The hostile venue on a clock that runs fast, and a market on it that moves by itself."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Literal

from trader_scale import Scale, VenueClock
from venue_server import VenueServer

from memesnipe_cli.clock import MINUTE_MS, floor_to
from memesnipe_cli.market.live.feed import BarsClosed, ClosedBar

D = Decimal
SPEED = 40
TICK_S = 0.06
ORDER_PATHS = ("AddOrder", "AmendOrder", "CancelOrder", "/orders")


class QuickServer(VenueServer):
    """The hostile venue on a clock of its own. `on_order`: called before and after each request of an order."""

    def __init__(self, dialect: Literal["kraken", "coinbase"], clock: VenueClock, seed: int) -> None:
        self._clock = clock
        self.on_order: Callable[[str], None] = lambda when: None
        super().__init__(dialect, {"USD": "20000", "DOGE": "5000", "BTC": "0.5"}, seed=seed, hang_s=1.0)

    def __enter__(self) -> QuickServer:
        super().__enter__()
        # Connections of killed processes break: that is no news.
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        return self

    def now_us(self) -> int:
        """By that clock."""
        return self._clock.now_us()

    def take(self, request: Any) -> Any:
        """As ever, with somebody looking on."""
        is_order = request.method == "POST" and any(path in request.path for path in ORDER_PATHS)
        if is_order:
            self.on_order("before")
        taken = super().take(request)
        if is_order:
            self.on_order("after")
        return taken


class Market(threading.Thread):
    """Moves the prices, and closes bars. `resting`: prices stand still; `stale`: nobody hears of them."""

    def __init__(self, server: QuickServer, scale: Scale, seed: int) -> None:
        super().__init__(daemon=True)
        self._server, self._scale = server, scale
        self._chance = random.Random(seed)
        self._bar_ms = floor_to(server.now_ms(), MINUTE_MS)
        self.prices = {"DOGE/USD": 0.1, "BTC/USD": 60_000.0}
        self._home = dict(self.prices)
        self._aims = dict(self.prices)
        self._bars = {symbol: [price] * 4 for symbol, price in self.prices.items()}
        self.resting = self.stale = False
        self.over = threading.Event()
        self.mistake: BaseException | None = None
        self._tick()

    def run(self) -> None:
        """Until it is over."""
        try:
            while not self.over.wait(TICK_S):
                self._tick()
        except BaseException as error:
            self.mistake = error

    def _tick(self) -> None:
        now_ms = self._server.now_ms()
        self._server.tick()
        if now_ms >= self._bar_ms + MINUTE_MS:
            self._close()
            self._bar_ms = floor_to(now_ms, MINUTE_MS)
        left = max(1.0, (self._bar_ms + 0.8 * MINUTE_MS - now_ms) / (TICK_S * SPEED * 1000))
        shown = {}
        for symbol, price in self.prices.items():
            if not self.resting and left > 1:
                price += (self._aims[symbol] - price) / left * self._chance.uniform(0.5, 1.6)
            self.prices[symbol] = price
            bar = self._bars[symbol]
            bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
            shown[symbol] = self._quote(symbol, price)
        self._scale.show(shown, stale=self.stale)

    def _quote(self, symbol: str, price: float) -> tuple[Decimal, Decimal]:
        tick = self._server.instruments[symbol].tick
        mid = (D(repr(price)) / tick).to_integral_value(ROUND_FLOOR) * tick
        away = max(tick, (mid * D("0.0002") / tick).to_integral_value(ROUND_FLOOR) * tick)
        worth = 1_000_000 if self.resting else self._chance.choice((1_000_000, 1_000_000, 40, 6, 1))
        lot = self._server.instruments[symbol].lot
        depth = max(lot, (D(worth) / mid / lot).to_integral_value(ROUND_FLOOR) * lot)
        self._server.price(symbol, mid - away, mid + away, depth=depth)
        return mid - away, mid + away

    def _close(self) -> None:
        closed = []
        for symbol, (opened, high, low, close) in self._bars.items():
            closed.append(ClosedBar(symbol, self._bar_ms, opened, high, low, close, 1_000_000.0))
            self._bars[symbol] = [close] * 4
            home = self._home[symbol]
            chance = self._chance
            move = chance.choice((0.004, 0.01, 0.02, 0.05, 0.05, -0.01, -0.02, -0.05, -0.12))
            if not 0.6 * home < close * (1 + move) < 1.7 * home:
                move = -move
            self._aims[symbol] = close * (1 + move)
        self._scale.add(BarsClosed(self._bar_ms, tuple(closed)))

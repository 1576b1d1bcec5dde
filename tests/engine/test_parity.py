"""Every strategy there is, on one account over a long tape with a gap, stopped in mid-position: the session's trades
and signals are the backtest's to the last digit, and one ulp in one indicator is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from session_cases import session_request, traded
from test_session_strategies import PARAMETERS

from memesnipe_cli.audit.parity import first_other_score, scanned_scores
from memesnipe_cli.clock import parse_time
from memesnipe_cli.engine.backtest import Backtest, BacktestRequest, run_backtest
from memesnipe_cli.engine.replay import first_difference
from memesnipe_cli.engine.session import SessionRequest
from memesnipe_cli.engine.trades import TradeRecord
from memesnipe_cli.market.simulate import instruments, simulate
from memesnipe_cli.market.simulate_parameters import DEFAULT_COINS
from memesnipe_cli.profile import Limits, Profile, Venue
from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles
from memesnipe_cli.strategies.registry import LoadedStrategy, load

SYMBOLS = ["BTC/USD", "WIF/USD"]
DAYS = 70
BARS = DAYS * 288
GAP = slice(12_000, 12_400)
START = parse_time("2025-01-01")
PROFILE = Profile(
    limits=Limits(trade_share=0.1, strategy_share=0.5, max_cost_share=1.0, allow_looser=True),
    venues={"default": Venue(taker_fee=Decimal("0.0005"))},  # type: ignore[arg-type]
)
# strategy -> (a line of its step that asks an indicator, the value that is nudged)
INDICATORS = {
    "momentum_5m": ("deviation = ewma_deviation(s, DEVIATION, r1, p.decay, 100)", "deviation"),
    "mean_revert_1h": ("mean, deviation = mean_and_deviation(s, WINDOW, p.window)", "deviation"),
    "eth_breakout_momentum": (
        "average = atr(s, ATR_AT, bar.high, bar.low, bar.close, p.atr_bars)",
        "average",
    ),
}
Lines = list[tuple[str, Mapping[str, Any]]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Ten weeks of two simulated coins; four hundred bars in the middle are missing."""
    made = Store(tmp_path_factory.mktemp("parity") / "store")
    coins = [coin for coin in DEFAULT_COINS if coin.symbol in SYMBOLS]
    for candles in simulate(7, DAYS, START, coins):
        names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
        kept = np.delete(np.arange(len(candles)), GAP)
        cut = Candles(candles.key, *(getattr(candles, name)[kept] for name in names))
        made.lake.write_candles(cut, source="simulate")
    for instrument in instruments(7, DAYS, START, coins):
        made.lake.write_instrument(instrument)
    return made


def request_of(store: Store, folder: Path, chosen: list[LoadedStrategy], account: str) -> SessionRequest:
    """A session of these strategies on the tape."""
    return session_request(
        store, chosen, venue="sim", symbols=SYMBOLS, profile=PROFILE, account=account, cache_dir=folder
    )


def compiled_backtest(request: SessionRequest) -> Backtest:
    """The backtest of the same, compiled."""
    same = (
        "strategies",
        "symbols",
        "venue",
        "since_ms",
        "until_ms",
        "capital",
        "profile",
        "store",
        "cache_dir",
    )
    return run_backtest(BacktestRequest(assume={}, **{name: getattr(request, name) for name in same}))


class MidPosition:
    """Stops a session at the first bar from a random one on at whose end something is held; keeps its decisions."""

    def __init__(self, restarts: int) -> None:
        self.left = restarts
        self.lines: Lines = []
        self._rng = Random(5)
        self._held: Counter[tuple[str, str]] = Counter()
        self._share = BARS // (restarts + 1)
        self._wait = self._rng.randint(1, self._share)

    def on_line(self, kind: str, body: Mapping[str, Any]) -> None:
        """A line of the journal."""
        self.lines.append((kind, body))
        if kind == "fill":
            change = Decimal(body["qty"]) * (1 if body["event"] == "entry_fill" else -1)
            self._held[body["strategy"], body["symbol"]] += change  # type: ignore[assignment]

    def should_stop(self) -> bool:
        """Asked after each bar."""
        self._wait -= 1
        if self._wait > 0 or not self.left or not any(self._held.values()):
            return False
        self.left -= 1
        self._wait = self._rng.randint(1, self._share)
        return True


@pytest.mark.parametrize("names", [tuple(PARAMETERS), tuple(PARAMETERS)[:2]], ids="+".join)
def test_a_long_tape_with_a_gap_and_restarts_in_mid_position(
    store: Store, kernel_folder: Path, names: tuple[str, ...]
) -> None:
    chosen = [load(name, PARAMETERS[name]) for name in names]
    stops = MidPosition(3)
    request = request_of(store, kernel_folder, chosen, "-".join(names))
    trades: list[TradeRecord] = []
    bars = runs = 0
    while True:
        done = traded(request, on_line=stops.on_line, should_stop=stops.should_stop)
        trades += done.trades
        bars, runs = bars + done.bars, runs + 1
        if not done.stopped:
            break
        assert done.open_trades
    assert (runs, stops.left) == (4, 0)
    assert bars > 19_000
    assert first_difference(replace(done, trades=trades), compiled_backtest(request)) == ""
    decisions, other = first_other_score(stops.lines, scanned_scores(request))
    assert other == ""
    assert decisions >= len(trades)
    assert all(count >= 5 for count in Counter(each.strategy for each in trades).values())
    assert {each.strategy for each in trades} == set(names)


def nudged(strategy: LoadedStrategy) -> LoadedStrategy:
    """The strategy with one indicator one ulp off."""
    line, name = INDICATORS[strategy.name]
    (source,) = strategy.sources
    assert line in source.text
    indent = source.text.split(line)[0].rpartition("\n")[2]
    text = source.text.replace(line, f"{line}\n{indent}{name} = np.nextafter({name}, math.inf)")
    if "import numpy as np" not in text:
        text = f"import numpy as np\n{text}"
    return replace(strategy, sources=(replace(source, text=text),))


@pytest.mark.parametrize("name", PARAMETERS)
def test_one_ulp_in_one_indicator_is_seen(store: Store, kernel_folder: Path, name: str) -> None:
    true = load(name, PARAMETERS[name])
    request = request_of(store, kernel_folder, [true], f"ulp-{name}")
    seen: Lines = []
    done = traded(
        request,
        strategies=[nudged(true)],
        until_ms=START + 25 * 86_400_000,
        on_line=lambda kind, body: seen.append((kind, body)),
    )
    assert done.bars
    _, other = first_other_score(seen, scanned_scores(request))
    assert " in the session, a signal of " in other

"""The kernel and the slow engine tell the same story of the same case, to the last unit of money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from engine_kernel import difference, kernel_answer, reference_answer, run_plain
from engine_random import random_case
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from reference import simulate
from reference_parts import ReferenceResult
from scenarios_paths import PATHS
from test_fills import SCENARIOS

from memesnipe_cli.engine.model import EngineInput, SignalTape
from memesnipe_cli.engine.run import simulate as simulate_fast

SAMPLE = range(125)
SAMPLE_BARS = 40

REASONS = ("entry", "signal", "time", "stop", "target", "delisted", "emergency")
CODES = ("bad_signal", "no_short", "base_owned", "skip_after_win", "cost", "too_small")
BARRED = ("breaker_halt", "strategy_halt", "order_rate", "recovery_turn")
ROOMS = ("risk", "trade", "gross", "symbol", "cluster", "order", "volume", "weight")
LEVELS = ("WARNING drawdown", "WARNING daily_loss", "HALT drawdown", "HALT daily_loss", "EMERGENCY drawdown")
HAPPENS = {
    *(f"{word} {reason}" for word in ("buy", "sell") for reason in REASONS),
    *(f"missed {reason}" for reason in ("no_bar", "volume", "limit", "delisted", "breaker")),
    *(f"refused {code}" for code in (*CODES, *BARRED)),
    *(f"refused no_room_{cap}" for cap in ROOMS),
    *(f"account {what}" for what in (*LEVELS, "CLOSED", "waits")),
    *(f"strategy 0 HALT {cause}" for cause in ("strategy_drawdown", "executions")),
    *(
        f"{row} {what}"
        for row in ("account", "strategy 0")
        for what in ("reset", *map("stage {}".format, range(5)))
    ),
    "order recovery",
    "funding",
}
# Too rare by chance; test_fills and test_reference_levels tell them.
ONLY_TOLD = {
    "refused no_room_cash",
    "refused no_room_strategy",
    "refused too_large",
    "account HALT lifetime_drawdown",
}


@pytest.fixture(scope="module")
def sample() -> list[tuple[EngineInput, SignalTape, ReferenceResult]]:
    """Fixed cases with the slow engine's answers."""
    cases = [random_case(seed, SAMPLE_BARS) for seed in SAMPLE]
    return [(*case, simulate(*case)) for case in cases]


def test_the_sample_holds_everything_that_can_happen(
    sample: list[tuple[EngineInput, SignalTape, ReferenceResult]],
) -> None:
    happened = Counter(line.what for *_, result in sample for line in reference_answer(result).lines)
    assert HAPPENS - set(happened) == set()
    assert sum(trade.lots > 0 for *_, result in sample for trade in result.trades) > 200
    assert max(trade.units for *_, result in sample for trade in result.trades) > 2
    told = {
        line.what
        for case in (*(case for case, _ in SCENARIOS.values()), *(case for case, _ in PATHS.values()))
        for line in reference_answer(simulate(*case.build())).lines
    }
    assert told >= ONLY_TOLD


def test_few_of_the_sample_are_in_doubt(
    sample: list[tuple[EngineInput, SignalTape, ReferenceResult]],
) -> None:
    assert sum(bool(result.doubts) for *_, result in sample) < len(sample) / 10


@given(seed=st.integers(0, 2**32), bars=st.integers(2, 60))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_engines_agree_on_any_case(seed: int, bars: int) -> None:
    inputs, signals = random_case(seed, bars)
    slow = simulate(inputs, signals)
    assume(not slow.doubts)
    for what in {line.what for line in reference_answer(slow).lines}:
        event(what)
    assert difference(inputs, signals, slow=slow) == ""


def test_compiled_and_plain_agree_bit_by_bit(
    sample: list[tuple[EngineInput, SignalTape, ReferenceResult]], kernel_folder: Path
) -> None:
    cases = [(inputs, signals) for inputs, signals, _ in sample]
    cases += [case.build() for case, _ in SCENARIOS.values()]
    for inputs, signals in cases:
        plain = run_plain(inputs, signals)
        compiled = simulate_fast(inputs, signals, compiled=True, cache_dir=kernel_folder)
        assert (plain.events == compiled.events).all()
        assert plain.equity.tobytes() == compiled.equity.tobytes()


def flows(result: ReferenceResult) -> Iterator[Decimal]:
    """All that moved cash, trade by trade."""
    yield from (trade.pnl for trade in result.trades)
    yield from (Decimal(position.flow).scaleb(-8) for position in result.open.values())


def test_a_long_account_never_spends_more_than_it_has(
    sample: list[tuple[EngineInput, SignalTape, ReferenceResult]],
) -> None:
    for inputs, signals, _ in sample:
        if any(terms.shortable for terms in inputs.terms):
            continue
        cash = np.cumsum(
            [line.cash for line in kernel_answer(run_plain(inputs, signals)).lines], dtype=np.int64
        )
        assert (cash + int(inputs.rules.capital * 10**8) >= 0).all()


def test_no_cash_appears_or_is_lost(sample: list[tuple[EngineInput, SignalTape, ReferenceResult]]) -> None:
    for inputs, _, result in sample:
        assert inputs.rules.capital + sum(flows(result)) == Decimal(result.cash).scaleb(-8)

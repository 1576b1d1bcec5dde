"""What the `backtest` record says of a run."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from backtest_cases import COVERAGE, HOUR, SINCE, backtest, refusals, trade

from memesnipe_cli.engine.breaker_story import BreakerChange
from memesnipe_cli.engine.curves import POINTS, Curves, curves
from memesnipe_cli.engine.notes import SIMULATED_NOTE
from memesnipe_cli.engine.report import report
from memesnipe_cli.engine.summary import summary
from memesnipe_cli.records import BacktestRecord
from memesnipe_cli.risk.levels import Level


def test_the_record_has_every_promised_field_first_and_in_order() -> None:
    promised = list(BacktestRecord.__annotations__)
    assert list(summary(backtest()))[: len(promised)] == promised


def test_the_record_is_plain_json_without_nan() -> None:
    text = json.dumps(summary(backtest(trades=[trade("1"), trade("-2")])), allow_nan=False)
    assert json.loads(text)["type"] == "backtest"


def test_a_loss_is_written_as_a_loss() -> None:
    row = summary(backtest([199.0, 198.0], trades=[trade("-2")]))
    assert row["total_return"] == pytest.approx(-0.01)
    assert row["final_equity"] == "198.00000000"
    assert (row["pnl"], row["expectancy"], row["win_rate"], row["profit_factor"]) == (
        "-2",
        "-2.00000000",
        0.0,
        0.0,
    )


def test_an_open_position_pays_fees_but_is_no_trade() -> None:
    held = trade("-4", open=True)  # its cash flow so far
    row = summary(backtest([201.0, 198.5], trades=[trade("1")], open_trades=[held]))
    assert (row["trades"], row["open_trades"], row["pnl"]) == (1, 1, "1")
    assert row["open_pnl"] == "-2.50000000"
    assert row["fees"] == "0.10"
    assert any("still open" in note for note in row["notes"])


def test_turnover_counts_both_sides_of_closed_trades() -> None:
    row = summary(backtest([200.0, 200.0], trades=[trade("1")], open_trades=[trade("0", open=True)]))
    assert row["turnover"] == pytest.approx((4 + 20 * 0.21 + 4) / 200)


def test_trades_are_counted_by_strategy_and_by_symbol() -> None:
    wif = replace(COVERAGE, symbol="WIF/USD")
    row = summary(
        backtest(
            trades=[trade("1"), trade("-3"), trade("2", strategy="other")],
            coverage=[COVERAGE, wif],
            symbols=["DOGE/USD", "WIF/USD"],
        )
    )
    assert [(part["strategy"], part["trades"], part["pnl"]) for part in row["by_strategy"]] == [
        ("momentum_5m", 2, "-2"),
        ("other", 1, "2"),
    ]
    assert [(part["symbol"], part["trades"], part["win_rate"]) for part in row["by_symbol"]] == [
        ("DOGE/USD", 3, pytest.approx(2 / 3)),
        ("WIF/USD", 0, None),
    ]


def test_the_caps_that_bound_and_the_risk_taken_are_shown() -> None:
    row = summary(
        backtest(
            [200.0, 100.0, 100.0], trades=[trade("1"), trade("1", entry_ms=SINCE + 2 * HOUR, cap="volume")]
        )
    )
    assert row["caps"] == {"trade": 1, "volume": 1}
    assert row["risk_per_trade"] == {
        "mean": pytest.approx(0.1 * (1 / 200 + 1 / 100) / 2),
        "max": pytest.approx(0.001),
    }


def test_signals_that_cost_vetoed_are_told_with_the_fee_that_would_do() -> None:
    row = summary(
        backtest(signals=12, refusals=[refusals("cost", 7, fee=0.0011), refusals("cost", 5, fee=0.0021)])
    )
    assert row["refusals"] == {"cost": 12}
    assert row["fee_needed"] == 0.0021
    assert row["notes"] == ["12 signals, all vetoed by cost; it would need fees below 0.21 % a side"]


def test_where_no_fee_would_do_the_record_says_so() -> None:
    row = summary(backtest(signals=1, refusals=[refusals("cost", 1, fee=-0.001)]))
    assert row["fee_needed"] is None
    assert row["notes"] == [
        "1 signal, all vetoed by cost; no fee would be low enough: spread and impact alone cost too much"
    ]


def test_signals_held_back_are_told_apart_from_those_that_were_decided() -> None:
    row = summary(backtest(signals=12, refusals=[refusals("cost", 7, fee=0.001), refusals("warm_up", 5)]))
    assert row["notes"] == [
        "7 signals, all vetoed by cost; it would need fees below 0.1 % a side (5 more held back: 5 warm_up)"
    ]


def test_mixed_refusals_are_all_told() -> None:
    row = summary(
        backtest(
            signals=4,
            refusals=[refusals("cost", 1, fee=0.001), refusals("base_owned", 2)],
            missed={"no_bar": 1},
        )
    )
    assert row["notes"][0].startswith(
        "4 signals, none became a trade (2 base_owned: another strategy holds that asset;"
    )
    assert "1 orders missed: no_bar" in row["notes"][0]
    assert row["notes"][0].endswith("to pass the cost veto it would need fees below 0.1 % a side")


def test_a_run_without_a_signal_says_so() -> None:
    assert summary(backtest())["notes"] == ["no entry signal: nothing was traded"]


def test_simulated_and_synthetic_data_are_named_first() -> None:
    row = summary(backtest(coverage=[replace(COVERAGE, venue="sim", simulated=True, synthetic=3)]))
    assert row["simulated"] is True
    assert row["synthetic_bars"] == 3
    assert row["notes"][0] == SIMULATED_NOTE
    assert any(note.startswith("3 synthetic bars") for note in row["notes"])


def test_coverage_has_readable_times_and_the_share_that_is_there() -> None:
    assert summary(backtest())["coverage"] == [
        {
            "venue": "kraken", "symbol": "DOGE/USD", "timeframe": "1h", "bars": 4, "expected": 5, "gaps": 1,
            "longest_gap_bars": 1, "synthetic": 0, "simulated": False, "share": 0.8,
            "first": "2025-03-01T00:00:00Z", "last": "2025-03-01T04:00:00Z",
        }
    ]  # fmt: skip


def test_amounts_among_the_assumptions_become_decimal_text() -> None:
    row = summary(backtest(assumptions={"venues": {"kraken": {"min_notional": Decimal("3.45")}}}))
    assert row["assumptions"] == {"venues": {"kraken": {"min_notional": "3.45"}}}


def test_curves_keep_the_deepest_fall_of_a_long_run() -> None:
    equity = np.full(20_000, 200.0)
    equity[12_345] = 150.0
    drawn = curves(backtest(equity.tolist()))
    assert len(drawn.ts) == len(drawn.equity) == len(drawn.buy_and_hold) == len(drawn.drawdown) == POINTS + 1
    assert max(drawn.drawdown) == pytest.approx(0.25)
    assert drawn.ts == sorted(set(drawn.ts))
    assert Curves.from_dict(drawn.as_dict()) == drawn


def test_open_positions_are_listed_after_the_trades_without_an_exit() -> None:
    said = report(backtest(trades=[trade("1")], open_trades=[trade("0.5", open=True)]))
    closed, still_open = said.trades
    assert (closed["type"], closed["run"], closed["exit_reason"]) == (
        "trade",
        "r0123456789abcdef",
        "target+time",
    )
    assert (closed["open"], still_open["open"]) == (False, True)
    unknown = ("exit_time", "exit_price", "exit_reason", "pnl")
    assert [still_open[name] for name in unknown] == [None] * len(unknown)


def test_halts_of_the_breaker_are_counted_and_the_assumed_acknowledgement_is_said() -> None:
    def change(
        hour: int, level: Level, cause: str, *, resets: int = 0, stage: int = 0, scope: str = "account"
    ) -> BreakerChange:
        return BreakerChange(SINCE + hour * HOUR, scope, level, cause, stage, resets, 0.06, 0.01)

    story = [
        change(1, Level.WARNING, "drawdown"),
        change(2, Level.HALT, "drawdown"),
        change(3, Level.EMERGENCY, "drawdown"),
        change(3, Level.HALT, "strategy_drawdown", scope="strategy:momentum_5m"),
        change(13, Level.CLOSED, "", scope="strategy:momentum_5m"),
        change(14, Level.CLOSED, "", resets=1, stage=1),
        change(20, Level.HALT, "daily_loss", resets=1),
    ]
    row = summary(backtest(equity=[200.0] * 24, breaker=story))
    told = row["breaker"]
    assert (told["halts"], told["emergencies"], told["resets"]) == (
        {"drawdown": 1, "strategy_drawdown": 1, "daily_loss": 1},
        1,
        1,
    )
    assert told["halted_hours"] == 12 + 4
    assert told["halted_at_end"] == ["account"]
    assert any(
        "assumed to be acknowledged 12 h later; still halted at the end" in note for note in row["notes"]
    )

"""The report of one run: all that is shown, written or stored of it, the same fresh or read back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memesnipe_cli.engine.curves import Curves, curves
from memesnipe_cli.engine.metrics.drawdown import drawdown_series
from memesnipe_cli.engine.summary import summary
from memesnipe_cli.engine.trade_rows import trade_row

if TYPE_CHECKING:
    from memesnipe_cli.engine.backtest import Backtest
    from memesnipe_cli.engine.model import Float64, Int64
    from memesnipe_cli.store.runs import StoredRun
    from memesnipe_cli.store.store import Store

_CURVES = "curves"


@dataclass(frozen=True)
class Report:
    """`record` is the `backtest` record; `trades` are `trade` records, closed ones first."""

    record: dict[str, Any]
    trades: list[dict[str, Any]]
    curves: Curves

    @property
    def run(self) -> str:
        """The run's id."""
        return str(self.record["run"])


def report(backtest: Backtest) -> Report:
    """The report of a run that has just ended."""
    shares = drawdown_series(backtest.equity, float(backtest.capital))
    every_trade = [*backtest.trades, *backtest.open_trades]
    return Report(
        summary(backtest, shares),
        [trade_row(backtest.run, trade) for trade in every_trade],
        curves(backtest, shares),
    )


def stored_report(stored: StoredRun) -> Report:
    """The report of a run read back from a store."""
    record = dict(stored.result)
    drawn = Curves.from_dict(record.pop(_CURVES, {}))
    return Report(record, stored.trades, drawn)


def store_report(store: Store, backtest: Backtest, said: Report) -> None:
    """Keep a run in the store, and its hash in the journal. Raises StoreError (busy, full, read-only)."""
    result = {**said.record, _CURVES: said.curves.as_dict()}
    store.runs.save(said.run, result, said.trades, backtest.close_ms, backtest.equity)
    store.journal().append(
        "backtest",
        {
            "run": said.run,
            "strategies": said.record["strategies"],
            "symbols": said.record["symbols"],
            "since": said.record["since"],
            "until": said.record["until"],
            "simulated": said.record["simulated"],
            "trades": said.record["trades"],
            "final_equity": said.record["final_equity"],
            "sha256": content_hash(said, backtest.close_ms, backtest.equity),
        },
    )


def content_hash(said: Report, close_ms: Int64, equity: Float64) -> str:
    """SHA-256 over the record, the trades and the marked equity: what the journal vouches for.

    The same for a run that was read back, as nothing in it changes by being stored.
    """
    digest = hashlib.sha256()
    for part in (said.record, said.trades):
        digest.update(json.dumps(part, sort_keys=True, separators=(",", ":")).encode())
    digest.update(close_ms.tobytes())
    digest.update(equity.tobytes())
    return digest.hexdigest()

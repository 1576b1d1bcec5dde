"""A strategy that buys once, at a given hour, for the tests of what a backtest says."""

from __future__ import annotations

from pathlib import Path

from memesnipe_cli.strategies.registry import LoadedStrategy, load

ONCE = '''
from typing import Any

from pydantic import Field

from memesnipe_cli.strategies.base import Needs, Strategy
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal


class Once(Strategy):
    """Enters at the close of one bar and leaves at that of another."""

    name = "once"
    timeframe = "1h"
    tags = {{1: "now"}}
    needs = {needs}

    class Params(Strategy.Params):
        enter: int = Field(5, ge=0, le=10_000)
        leave: int = Field(10_000, ge=0, le=10_000)
        side: int = Field(1, ge=-1, le=1)
        stop: float = Field(0.5, gt=0.0, lt=1.0)

    @staticmethod
    def cells(p: Any) -> int:
        return 1

    @staticmethod
    def warm_up(p: Any) -> int:
        return {warm}

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share={risk})

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        s[0] += 1.0
        return signal(
            enter=p.side if s[0] == p.enter + 1 else 0, exits=1 if s[0] == p.leave + 1 else 0, tag={tag},
            stop=p.stop * bar.close,{extra}
        )
'''


def once(
    folder: Path,
    *,
    tag: int = 1,
    risk: float = 1.0,
    warm: int = 0,
    needs: str = "Needs()",
    extra: str = "",
    **params: object,
) -> LoadedStrategy:
    path = folder / "once.py"
    path.write_text(ONCE.format(tag=tag, risk=risk, warm=warm, needs=needs, extra=extra), encoding="utf-8")
    return load(str(path), {name: str(value) for name, value in params.items()})

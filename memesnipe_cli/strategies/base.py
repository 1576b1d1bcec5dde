"""What a strategy is: a small class with parameters, a step, and what it needs. Holds no rule of any strategy.

The smallest one:

    class Mine(Strategy):
        timeframe = "1h"
        family = "momentum"

        class Params(Strategy.Params):
            fast: int = Field(12, ge=2, le=500)

        @staticmethod
        def cells(p):
            return 2

        @staticmethod
        def step(s, bar, p):
            return signal(enter=1 if bar.close > ema(s, 0, bar.close, p.fast) else 0, stop=0.02 * bar.close)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal

FAMILIES = ("momentum", "mean_reversion", "flow", "carry", "event", "overlay")


@dataclass(frozen=True)
class Needs:
    """Data beside the bars of the traded symbol. reference: symbol of another series of the same venue whose last
    closed bar the step sees; funding: the step looks at the funding rate where there is one."""

    reference: str | None = None
    reference_timeframe: str = "1d"
    funding: bool = False


class Strategy:
    """Base of every strategy. A strategy is never instantiated: it is its class."""

    class Params(BaseModel):
        """Bounded parameters (int, float or bool); subclass it and add fields."""

        model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    family: ClassVar[str] = "momentum"
    timeframe: ClassVar[str] = "1h"
    needs: ClassVar[Needs] = Needs()
    tags: ClassVar[dict[int, str]] = {1: "signal"}  # words for the entry tags

    @staticmethod
    def cells(p: Any) -> int:
        """How many float64 cells of state the step needs; they start at 0."""
        return 0

    @staticmethod
    def warm_up(p: Any) -> int:
        """Bars before the first entry is believed."""
        return 0

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        """How a position is left; see ExitPlan."""
        return ExitPlan()

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        """One closed bar: update the state `s` in place, return a signal."""
        raise NotImplementedError

"""The smallest strategy that works, written into a file of one's own by `memesnipe strategies new`."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from memesnipe_cli.errors import MemesnipeError, UsageError

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,40}$")

TEMPLATE = '''"""{name}: long while the close is above its average. A start, not an edge: change the rule."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from memesnipe_cli.engine.model import ExitPlan
from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.indicators import atr, ema
from memesnipe_cli.strategies.signal import Signal, signal

# Where each indicator keeps its cells in the state; how many it needs is in its docstring.
AVERAGE = 0  # 2 cells
RANGE = 2  # 4 cells


class {class_name}(Strategy):
    """Entry long: the close is above EMA(bars). Exit: it is not, or the stop stop_atr x ATR(14) below."""

    name = "{name}"
    summary = "Long while the close is above its average."
    family = "momentum"
    timeframe = "1h"
    tags = {{1: "above average"}}

    class Params(Strategy.Params):
        """What `--param` may set, with its bounds."""

        bars: int = Field(48, ge=2, le=1000, description="bars of the average")
        stop_atr: float = Field(3.0, gt=0.0, le=20.0, description="stop distance in average true ranges")

    @staticmethod
    def cells(p: Any) -> int:
        return 6

    @staticmethod
    def warm_up(p: Any) -> int:
        return max(int(p.bars), 14)

    @staticmethod
    def plan(p: Any) -> ExitPlan:
        return ExitPlan(risk_share=0.005)

    @staticmethod
    def step(s: Any, bar: Any, p: Any) -> Signal:
        average = ema(s, AVERAGE, bar.close, p.bars)
        range_ = atr(s, RANGE, bar.high, bar.low, bar.close, 14)
        if bar.close > average:
            return signal(enter=1, stop=p.stop_atr * range_)
        return signal(exits=1)
'''


def class_name(name: str) -> str:
    """`my_edge` -> `MyEdge`."""
    return "".join(part.capitalize() for part in name.split("_"))


def strategy_text(name: str) -> str:
    """The source of a strategy of this name. Raises UsageError for a name that would not do."""
    if not _NAME.match(name) or keyword.iskeyword(name):
        raise UsageError(
            f"strategy name {name!r} will not do", "lower-case letters, digits and _, a letter first: my_edge"
        )
    return TEMPLATE.format(name=name, class_name=class_name(name))


def write_strategy(name: str, path: Path) -> None:
    """Write the template to `path`, which must not exist. Raises UsageError, MemesnipeError."""
    text = strategy_text(name)
    if path.suffix != ".py":
        raise UsageError(f"--path {path} is not a Python file", f"end it in .py: {path.name}.py")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists and is left as it is", "name another file with --path") from None
    except OSError as error:
        raise MemesnipeError(
            f"{path} cannot be written: {error.strerror}", "name another file with --path", code="system"
        ) from error

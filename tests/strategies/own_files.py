"""Strategies as a user writes them into files, and bars to run them on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from memesnipe_cli.engine.signals import BaseBars

START = 1_735_689_600_000  # 2025-01-01
HOUR = 3_600_000

HEAD = """
import math
from typing import Any

import numpy as np
from pydantic import Field

from memesnipe_cli.strategies.base import Strategy
from memesnipe_cli.strategies.indicators import ema
from memesnipe_cli.strategies.plan import ExitPlan
from memesnipe_cli.strategies.signal import Signal, signal

"""


def own_class(step: str, *, name: str = "Mine", body: str = "") -> str:
    """A strategy class whose step is these lines; `body` are further lines of the class."""
    indent = "\n".join(f"        {line}" for line in step.strip().splitlines())
    inner = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"class {name}(Strategy):\n{inner}\n    @staticmethod\n    def step(s, bar, p):\n{indent}\n\n\n"


def write(folder: Path, *parts: str, file: str = "mine.py") -> Path:
    """A file of HEAD and these parts."""
    path = folder / file
    path.write_text(HEAD + "\n".join(parts), encoding="utf-8")
    return path


def hours(count: int = 60, *, flat_from: int | None = None) -> BaseBars:
    """Hourly bars of a wave; from `flat_from` on nothing moves."""
    close = np.round(100 + 10 * np.sin(np.arange(count) / 3), 2)
    if flat_from is not None:
        close[flat_from:] = close[flat_from]
    opens = np.concatenate([[99.0], close[:-1]])
    none = np.empty(0)
    return BaseBars(
        HOUR,
        START + HOUR * np.arange(count, dtype=np.int64),
        opens,
        np.maximum(opens, close),
        np.minimum(opens, close),
        close,
        np.full(count, 1000.0),
        none,
        np.empty(0, dtype=np.int64),
        none,
    )

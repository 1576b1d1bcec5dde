"""Measures the timeframe of bars from their times, and holds it against what name and option claim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from memesnipe_cli.clock import timeframe_ms, timeframe_name
from memesnipe_cli.errors import DataError, UsageError
from memesnipe_cli.market.naming import KNOWN_TIMEFRAMES
from memesnipe_cli.store.tables import Int64


@dataclass(frozen=True)
class Spacing:
    """The most common step between bars. `share` is the part of all steps that have this length.

    It is the median step except in thin markets, where most bars may be missing and the median with them.
    """

    step_ms: int
    share: float


def measure(ts: Int64) -> Spacing | None:
    """Spacing of times in any order, repeats allowed; None with fewer than two different times."""
    steps = np.diff(ts)
    if len(steps) and int(steps[0]) > 0 and bool(np.all(steps == steps[0])):
        return Spacing(int(steps[0]), 1.0)
    if not bool(np.all(steps > 0)):
        steps = np.diff(np.unique(ts))
    if not len(steps):
        return None
    lengths, counts = np.unique(steps, return_counts=True)
    most = int(np.argmax(counts))
    return Spacing(int(lengths[most]), float(counts[most] / len(steps)))


def settle_timeframe(
    ts: Int64, *, asked: str | None, named: str | None, source: str
) -> tuple[str, tuple[str, ...]]:
    """(timeframe, remarks) of bars at `ts`, given `asked` by option and `named` by the file's name.

    Raises UsageError where nothing tells, DataError where the data contradict what is claimed.
    """
    spacing = measure(ts)
    claim = asked or named
    if spacing is None:
        if claim is None:
            raise UsageError(
                f"{source}: one bar does not tell its timeframe", "name it with --timeframe, e.g. 5m"
            )
        return _canonical(claim), ()
    if claim is None:
        name = timeframe_name(spacing.step_ms) if spacing.step_ms % 60_000 == 0 else ""
        if name not in KNOWN_TIMEFRAMES:
            raise UsageError(
                f"{source}: bars stand {spacing.step_ms / 60_000:g} minutes apart: no usual timeframe",
                "name it with --timeframe if you know it",
            )
        return name, (f"timeframe {name} measured ({spacing.share:.0%} of the steps)",)
    step = timeframe_ms(claim)
    if step == spacing.step_ms:
        return _canonical(claim), ()
    steps = np.diff(np.unique(ts)).astype(np.int64)
    if float(np.mean(steps % step == 0)) > 0.99 and float(np.mean(steps == step)) >= 0.02:
        return _canonical(claim), (f"only {float(np.mean(steps == step)):.0%} of the steps are {claim}",)
    measured = timeframe_name(spacing.step_ms) if spacing.step_ms % 60_000 == 0 else f"{spacing.step_ms} ms"
    whose = f"--timeframe says {claim}" if asked else f"the name says {claim}"
    raise DataError(
        f"{source}: {whose}, but {spacing.share:.0%} of the bars stand {measured} apart",
        f"check the file; if {measured} is right, pass --timeframe {measured}",
    )


def _canonical(name: str) -> str:
    """`60m` -> `1h`, so that one length has one name in the store."""
    return timeframe_name(timeframe_ms(name))

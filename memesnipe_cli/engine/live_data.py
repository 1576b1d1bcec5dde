"""The stored data that a live session begins with: its beginning need not have a bar yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.assumptions import Assumptions
from memesnipe_cli.engine.dataset import Dataset, Request, load_dataset, make_tape
from memesnipe_cli.engine.model import Tape
from memesnipe_cli.errors import DataError


def live_dataset(wanted: Request, assumed: Assumptions, last_ms: int) -> Dataset:
    """The data of a live session that began at `since_ms`, up to the base bar that opened at last_ms."""
    if wanted.since_ms is None:
        raise DataError("a live session has a beginning", "give since_ms")
    base_ms = min(strategy.timeframe_ms for strategy in wanted.strategies)
    begin = wanted.since_ms
    # A day at least: so long the turnover looks back, and a hole is no wall before a strategy that needs few bars.
    warm_ms = max(strategy.warm_up * strategy.timeframe_ms for strategy in wanted.strategies)
    early_ms = begin - base_ms - max(0, DAY_MS - warm_ms)
    wanted = replace(wanted, since_ms=early_ms, until_ms=last_ms + base_ms)
    return replace(load_dataset(wanted, assumed), begin_ms=begin)


def live_tape(dataset: Dataset) -> Tape:
    """The tape of the bars that are stored from the session's beginning on: one moment without bars where there are
    none yet."""
    if any(int(item.candles.ts[-1]) >= dataset.begin_ms for item in dataset.series):
        return make_tape(dataset)
    count = len(dataset.series)
    return Tape(
        dataset.base_ms,
        np.array([dataset.begin_ms], dtype=np.int64),
        np.zeros((1, count, 4), dtype=np.int64),
        np.zeros((1, count)),
        np.zeros((0, count), dtype=np.int64),
    )

"""Signals of one strategy on one instrument: over a whole tape at once, or one base bar at a time. Both run the same
linked source (kernel/signals.py and the strategy's step)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from memesnipe_cli.clock import DAY_MS, format_time
from memesnipe_cli.engine.kernel import signals as cells
from memesnipe_cli.engine.link import Kernel, LinkError, Source, load, source_of
from memesnipe_cli.engine.model import MAX_TAGS, EntryRows, Float64, Int64, UInt8
from memesnipe_cli.engine.words import HELD_BACK
from memesnipe_cli.errors import StrategyError
from memesnipe_cli.strategies.registry import LoadedStrategy

_PACKAGE = Path(__file__).parents[1]
SHARED = ("strategies/signal.py", "strategies/indicators.py", "engine/kernel/signals.py")
FEW_BARS = 20_000  # so many are stepped in plain Python sooner than numba is imported
_BLOCK = 4096


@dataclass(frozen=True)
class BaseBars:
    """Base bars of one instrument and what else was known at each bar's close. Shapes (n,), or (0,) where the strategy
    does not look at it. Times in ms UTC (bar opens)."""

    base_ms: int
    ts: Int64
    open: Float64
    high: Float64
    low: Float64
    close: Float64
    volume: Float64
    reference_close: Float64
    reference_ts: Int64
    funding: Float64

    def until(self, count: int) -> BaseBars:
        """The first `count` bars."""
        return BaseBars(self.base_ms, *(column[:count] for column in self._columns()))

    def rows(self, begin: int, end: int | None = None) -> Iterator[tuple[Any, ...]]:
        """The bars [begin, end) as `SignalStream.step` takes them, made in blocks, in plain Python numbers."""
        last = len(self.ts) if end is None else end
        for start in range(begin, last, _BLOCK):
            block = slice(start, min(start + _BLOCK, last))
            given = [column[block].tolist() for column in self._columns()]
            missing = (math.nan, -1, math.nan)
            count = len(given[0])
            filled = [column or [missing[place - 6]] * count for place, column in enumerate(given)]
            yield from zip(*filled, strict=True)

    def _columns(self) -> tuple[Any, ...]:
        return (
            self.ts, self.open, self.high, self.low, self.close, self.volume, self.reference_close,
            self.reference_ts, self.funding,
        )  # fmt: skip


@dataclass(frozen=True)
class InstrumentSignals:
    """flags (n,) uint8 as in SignalTape; rows indexed by base bar; held_back: entries kept back, by reason."""

    flags: UInt8
    rows: EntryRows
    held_back: dict[str, int]


def signal_kernel(strategy: LoadedStrategy) -> Kernel:
    """A strategy's step and its driver as one kernel."""
    fields = strategy.parameter_types
    casts = ", ".join(f"{kind.__name__}(params[{at}])" for at, kind in enumerate(fields.values()))
    glue = (
        f"Params = namedtuple('Params', {list(fields)!r})\n\n"
        f"def make_params(params):\n    return Params({casts})\n"
    )
    shared = [source_of(_PACKAGE / name) for name in SHARED]
    sources = (*shared, *strategy.sources, Source("parameters", glue))
    return Kernel(f"signals_{strategy.name}", sources, ("scan_bars",))


def _module(strategy: LoadedStrategy, cache_dir: Path, mode: str) -> Any:
    try:
        return load(signal_kernel(strategy), cache_dir, mode=mode)
    except LinkError as error:
        raise StrategyError(
            f"strategy {strategy.name}: {error}", "rename it in the strategy's file"
        ) from None
    except (
        ArithmeticError,
        AttributeError,
        ImportError,
        LookupError,
        NameError,
        TypeError,
        ValueError,
    ) as error:
        raise StrategyError(
            f"strategy {strategy.name} cannot be made into a kernel: {type(error).__name__}: {error}",
            "what stands outside of functions may use numbers, math, np and what the file imports",
        ) from error


@cache
def _plain_module(strategy: LoadedStrategy) -> Any:
    """The module as plain Python, linked once for all the streams of a strategy."""
    return _module(strategy, Path(), "plain")


def division_raises() -> AbstractContextManager[None]:
    """Where numbers out of arrays are divided by zero, raise as compiled code and Python's own floats do."""
    return np.errstate(divide="raise", invalid="raise", over="ignore")


class SignalScanner:
    """The whole tape at once. `compiled` tells whether numba could compile the strategy; otherwise it is interpreted,
    with the same result."""

    def __init__(self, strategy: LoadedStrategy, cache_dir: Path, *, compiled: bool = True) -> None:
        self.strategy = strategy
        self.cache_dir = cache_dir
        self.compiled = compiled

    def scan(self, bars: BaseBars, *, min_turnover: float = 0.0) -> InstrumentSignals:
        """Signals over all bars. Raises StrategyError where the step raises, naming the bar."""
        return self._scan(bars, min_turnover)[0]

    def stream_after(self, bars: BaseBars, count: int, *, min_turnover: float = 0.0) -> SignalStream:
        """A stream that has the first `count` bars behind it, as if it had taken them one by one; a long past is
        scanned by compiled code. Raises StrategyError where the step raises."""
        if count > FEW_BARS:
            return self._scan(bars.until(count), min_turnover)[1]
        stream = SignalStream(self.strategy, bars.base_ms, min_turnover=min_turnover)
        for row in bars.rows(0, count):
            stream.step(*row)
        return stream

    def _scan(self, bars: BaseBars, min_turnover: float) -> tuple[InstrumentSignals, SignalStream]:
        if self.compiled:
            from numba.core.errors import NumbaError, UnsupportedBytecodeError

            mode = "compiled" if self.strategy.built_in else "checked"
            module = _module(self.strategy, self.cache_dir, mode)
            try:
                return self._scan_with(module, bars, min_turnover, NumbaError, UnsupportedBytecodeError)
            except (NumbaError, UnsupportedBytecodeError):
                if self.strategy.built_in:
                    raise
                self.compiled = False
        return self._scan_with(_plain_module(self.strategy), bars, min_turnover)

    def _scan_with(
        self, module: Any, bars: BaseBars, min_turnover: float, *compile_errors: type[Exception]
    ) -> tuple[InstrumentSignals, SignalStream]:
        """The signals, and a stream that stands behind the last bar. Raises StrategyError, and `compile_errors`."""
        stream = SignalStream(self.strategy, bars.base_ms, min_turnover=min_turnover)
        count = len(bars.ts)
        flags = np.zeros(count, dtype=np.uint8)
        held_back = np.zeros(4, dtype=np.int64)
        indexes: list[Int64] = []
        rows: list[Float64] = []
        at = 0
        while at < count:
            index = np.empty(max(1024, count // 64), dtype=np.int64)
            chunk = np.empty((len(index), cells.ROW_WIDTH))
            try:
                with division_raises():
                    at, found = module.scan_bars(
                        at, bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.reference_close,
                        bars.reference_ts, bars.funding, stream.params, stream.state, stream.build, bars.base_ms,
                        stream.timeframe_ms, stream.warm_up, min_turnover, stream.day_bars, stream.row, flags, index,
                        chunk, held_back,
                    )  # fmt: skip
            except compile_errors:
                raise
            except Exception as error:  # whatever a step of the user's may raise
                raise _step_failed(self.strategy, error, stream.build) from error
            indexes.append(index[:found])
            rows.append(chunk[:found])
        table = np.concatenate(rows) if rows else np.empty((0, cells.ROW_WIDTH))
        index = np.concatenate(indexes) if indexes else np.empty(0, dtype=np.int64)
        tags = table[:, cells.ROW_TAG]
        wrong = np.flatnonzero((tags < 1) | (tags > MAX_TAGS))
        if len(wrong):
            raise _wrong_tag(self.strategy, tags[wrong[0]], int(bars.ts[index[wrong[0]]]))
        found_signals = InstrumentSignals(
            flags=flags,
            rows=EntryRows(
                index=index,
                side=np.where(flags[index] & 1, 1, -1).astype(np.int64),
                tag=table[:, cells.ROW_TAG].astype(np.int64),
                stop=np.ascontiguousarray(table[:, cells.ROW_STOP]),
                target=np.ascontiguousarray(table[:, cells.ROW_TARGET]),
                max_bars=table[:, cells.ROW_MAX_BARS].astype(np.int64),
                weight=np.ascontiguousarray(table[:, cells.ROW_WEIGHT]),
                score=np.ascontiguousarray(table[:, cells.ROW_SCORE]),
            ),
            held_back={word: int(held_back[code]) for code, word in HELD_BACK.items()},
        )
        return found_signals, stream


def _step_failed(strategy: LoadedStrategy, error: Exception, build: Float64) -> StrategyError:
    last = build[cells.BUILD_LAST_TS]
    when = f" at the base bar of {format_time(int(last))}" if last > 0 else ""
    return StrategyError(
        f"strategy {strategy.name} raised {type(error).__name__}: {error}{when}",
        "a step sees its own file, the indicators, math and np"
        if isinstance(error, NameError)
        else "step() must return a signal for every bar: guard divisions and logarithms",
    )


def _wrong_tag(strategy: LoadedStrategy, tag: float, ts: int) -> StrategyError:
    return StrategyError(
        f"strategy {strategy.name} gave an entry the tag {tag:g} at the base bar of {format_time(ts)}",
        f"tags are 1 to {MAX_TAGS}",
    )


class SignalStream:
    """One base bar at a time, in plain Python: what a live loop uses. Memory and time per bar do not grow."""

    def __init__(self, strategy: LoadedStrategy, base_ms: int, *, min_turnover: float = 0.0) -> None:
        self.strategy = strategy
        self.base_ms = base_ms
        self.timeframe_ms = strategy.timeframe_ms
        self.warm_up = strategy.warm_up
        self.min_turnover = min_turnover
        self.day_bars = max(1, DAY_MS // base_ms)
        self.params = np.array([float(getattr(strategy.params, name)) for name in strategy.parameter_types])
        self.state: Any = np.zeros(max(1, strategy.cells))
        self.build: Any = np.zeros(cells.BUILD_VALUES + 2 * self.day_bars)
        self.build[cells.BUILD_OPEN_TS] = -1.0
        self.row: Any = np.zeros(cells.ROW_WIDTH)
        self.held_back = 0
        self._module: Any = None
        self._p: Any = None
        # Built-in strategies step over lists of Python's own floats, which raise by themselves.
        self._division = nullcontext if strategy.built_in else division_raises

    def step(
        self, ts: int, open_: float, high: float, low: float, close: float, volume: float,
        reference_close: float = float("nan"), reference_ts: int = -1, funding: float = float("nan"),
    ) -> int:  # fmt: skip
        """Take a base bar in; returns the flags of SignalTape (0 where no strategy bar closed). Details of an entry are
        in `row` (columns: kernel/signals.py), why one was kept back in `held_back`."""
        if self._p is None:
            self._begin()
        try:
            with self._division():
                flags = self._module.step_base_bar(
                    self.state, self._p, self.build, self.row, self.base_ms, self.timeframe_ms, ts, open_, high, low,
                    close, volume, reference_close, reference_ts, funding, self.warm_up, self.min_turnover,
                    self.day_bars,
                )  # fmt: skip
        except Exception as error:  # whatever a step of the user's may raise
            raise _step_failed(self.strategy, error, self.build) from error
        if flags & 3 and not 1 <= self.row[cells.ROW_TAG] <= MAX_TAGS:
            raise _wrong_tag(self.strategy, self.row[cells.ROW_TAG], ts)
        self.held_back = int(self.row[cells.ROW_HELD_BACK]) if flags & 256 else 0
        return int(flags) & 255

    def _begin(self) -> None:
        """From arrays, which the scan fills, to what CPython steps over quickest: lists of its own floats. A strategy
        of the user's keeps its array, since its step may slice it."""
        self._module = _plain_module(self.strategy)
        self._p = self._module.make_params(self.params)
        self.build = self.build.tolist()
        self.row = self.row.tolist()
        if self.strategy.built_in:
            self.state = self.state.tolist()

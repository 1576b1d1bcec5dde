"""From base bars to signals: builds the strategy's bars, steps the strategy, keeps entries back during warm-up, after a
gap and in a dead market. Pasted together with one strategy, whose `step` it calls (see engine/signals.py)."""

import math
from typing import Any

from memesnipe_cli.engine.kernel.array import Array
from memesnipe_cli.strategies.signal import Bar

# --- cells of the builder (1-d float64) -------------------------------------------------------------------------------
BUILD_OPEN_TS = 0  # open of the bar that is being built, -1 none
BUILD_OPEN = 1
BUILD_HIGH = 2
BUILD_LOW = 3
BUILD_CLOSE = 4
BUILD_VOLUME = 5
BUILD_COUNT = 6  # strategy bars so far
BUILD_LAST_TS = 7  # open of the last base bar
BUILD_QUIET = 8  # no entry while above 0: strategy bars left after a gap
BUILD_TURNOVER = 9  # quote volume of the last day
BUILD_RING = 10  # quote volumes of the last day's base bars, then their open times
BUILD_PLACE = 10
BUILD_SEEN = 11
BUILD_VALUES = 12

GAP_BARS = 3  # a hole of more base bars than this keeps entries back
GAP_REST = 3  # for this many strategy bars

# --- what a step leaves in `row` (1-d float64) ------------------------------------------------------------------------
ROW_TAG = 0
ROW_STOP = 1
ROW_TARGET = 2
ROW_MAX_BARS = 3
ROW_WEIGHT = 4
ROW_SCORE = 5
ROW_HELD_BACK = 6  # 0 no, 1 warm-up, 2 gap, 3 turnover
ROW_WIDTH = 7

WARM_UP = 1
AFTER_GAP = 2
DEAD_MARKET = 3


def turnover_24h(build: Array, ts: int, value: float, day_bars: int) -> None:
    """Quote volume of the last 24 hours, this base bar included, over a ring of the last day_bars bars and their
    times."""
    place = int(build[BUILD_PLACE])
    times = BUILD_VALUES + day_bars
    build[BUILD_VALUES + place] = value
    build[times + place] = ts
    build[BUILD_PLACE] = place + 1 if place + 1 < day_bars else 0
    if build[BUILD_SEEN] < day_bars:
        build[BUILD_SEEN] += 1.0


def turnover_sum(build: Array, ts: int, day_bars: int) -> float:
    """Sum of the ring's bars that opened less than a day before the end of the bar at ts."""
    times = BUILD_VALUES + day_bars
    total = 0.0
    for k in range(int(build[BUILD_SEEN])):
        if build[times + k] > ts - 86_400_000.0:
            total += build[BUILD_VALUES + k]
    return total


def emit_bar(
    s: Any,
    p: Any,
    build: Array,
    row: Array,
    tf_ms: int,
    ts: int,
    reference_close: float,
    reference_ts: int,
    funding: float,
    warm_up: int,
    min_turnover: float,
    day_bars: int,
) -> int:
    """Close the bar that is being built: step the strategy, return the flags, leave details in row."""
    bar = Bar(
        int(build[BUILD_OPEN_TS]),
        tf_ms,
        build[BUILD_OPEN],
        build[BUILD_HIGH],
        build[BUILD_LOW],
        build[BUILD_CLOSE],
        build[BUILD_VOLUME],
        reference_close,
        reference_ts,
        funding,
    )
    build[BUILD_OPEN_TS] = -1.0
    build[BUILD_COUNT] += 1.0
    found = step(s, bar, p)  # type: ignore[name-defined]  # noqa: F821 - pasted in
    flags = 128 | ((found.exits & 31) << 2)
    if build[BUILD_QUIET] > 0.0:
        build[BUILD_QUIET] -= 1.0
        quiet = True
    else:
        quiet = False
    if found.enter == 0:
        return flags
    row[ROW_TAG] = found.tag
    row[ROW_STOP] = found.stop
    row[ROW_TARGET] = found.target
    row[ROW_MAX_BARS] = found.max_bars
    row[ROW_WEIGHT] = found.weight
    row[ROW_SCORE] = found.score
    row[ROW_HELD_BACK] = 0.0
    if build[BUILD_COUNT] <= warm_up:
        row[ROW_HELD_BACK] = WARM_UP
    elif quiet:
        row[ROW_HELD_BACK] = AFTER_GAP
    elif min_turnover > 0.0 and turnover_sum(build, ts, day_bars) < min_turnover:
        row[ROW_HELD_BACK] = DEAD_MARKET
    if row[ROW_HELD_BACK] > 0.0:
        return flags | 256
    return flags | (1 if found.enter > 0 else 2)


def step_base_bar(
    s: Any,
    p: Any,
    build: Array,
    row: Array,
    base_ms: int,
    tf_ms: int,
    ts: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    reference_close: float,
    reference_ts: int,
    funding: float,
    warm_up: int,
    min_turnover: float,
    day_bars: int,
) -> int:
    """Take one base bar in. Returns flags as SignalTape describes them, plus 256 where an entry was held back; 0 where
    no strategy bar closed."""
    flags = 0
    late_exits = 0
    begins = ts - ts % tf_ms
    hole = build[BUILD_LAST_TS] > 0.0 and ts - build[BUILD_LAST_TS] > (GAP_BARS + 1) * base_ms
    if hole:
        build[BUILD_QUIET] = GAP_REST
    if build[BUILD_OPEN_TS] >= 0.0 and build[BUILD_OPEN_TS] != begins:
        # The longer bar's last base bars never came: it closes with the first one after it.
        flags = emit_bar(
            s,
            p,
            build,
            row,
            tf_ms,
            ts,
            reference_close,
            reference_ts,
            funding,
            warm_up,
            min_turnover,
            day_bars,
        )
        late_exits = flags & 124
        if hole:
            build[BUILD_QUIET] = GAP_REST  # the bar from before the hole is not one of those after it
    build[BUILD_LAST_TS] = ts
    if min_turnover > 0.0:
        turnover_24h(build, ts, volume * close, day_bars)
    if build[BUILD_OPEN_TS] < 0.0:
        build[BUILD_OPEN_TS] = begins
        build[BUILD_OPEN] = open_
        build[BUILD_HIGH] = high
        build[BUILD_LOW] = low
        build[BUILD_VOLUME] = 0.0
    build[BUILD_HIGH] = max(build[BUILD_HIGH], high)
    build[BUILD_LOW] = min(build[BUILD_LOW], low)
    build[BUILD_CLOSE] = close
    build[BUILD_VOLUME] += volume
    if ts + base_ms >= begins + tf_ms:
        flags = emit_bar(
            s,
            p,
            build,
            row,
            tf_ms,
            ts,
            reference_close,
            reference_ts,
            funding,
            warm_up,
            min_turnover,
            day_bars,
        )
        flags |= (
            late_exits  # of two bars that close at once the later one's entry counts, and the exits of both
        )
    return flags


def scan_bars(
    begin: int,
    ts: Array,
    open_: Array,
    high: Array,
    low: Array,
    close: Array,
    volume: Array,
    reference_close: Array,
    reference_ts: Array,
    funding: Array,
    params: Array,
    s: Any,
    build: Array,
    base_ms: int,
    tf_ms: int,
    warm_up: int,
    min_turnover: float,
    day_bars: int,
    row: Array,
    flags_out: Array,
    index_out: Array,
    rows_out: Array,
    held_back: Array,
) -> tuple[int, int]:
    """Step over all base bars from `begin` on. row (ROW_WIDTH,) scratch; flags_out (n,) uint8, index_out (m,),
    rows_out (m, ROW_WIDTH), held_back (4,) counts by reason. Returns (next bar, number of rows): next bar is n unless
    rows_out is full."""
    p = make_params(params)  # type: ignore[name-defined]  # noqa: F821 - pasted in
    count = 0
    with_reference = reference_close.shape[0] > 0
    with_funding = funding.shape[0] > 0
    for i in range(begin, ts.shape[0]):
        if count >= rows_out.shape[0]:
            return i, count
        flags = step_base_bar(
            s,
            p,
            build,
            row,
            base_ms,
            tf_ms,
            ts[i],
            open_[i],
            high[i],
            low[i],
            close[i],
            volume[i],
            reference_close[i] if with_reference else math.nan,
            reference_ts[i] if with_reference else -1,
            funding[i] if with_funding else math.nan,
            warm_up,
            min_turnover,
            day_bars,
        )
        if flags & 256:
            held_back[int(row[ROW_HELD_BACK])] += 1
        flags_out[i] = flags & 255
        if flags & 3:
            index_out[count] = i
            for k in range(ROW_WIDTH):
                rows_out[count, k] = row[k]
            count += 1
    return ts.shape[0], count

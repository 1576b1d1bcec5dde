"""Judges rows one by one: parts what may be used from what must be set aside, with the reason.

Findings are values: what was checked, how bad, where, what to do. A series as a whole is judged in
series_quality.py; filling is in filling.py and never happens here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from memesnipe_cli.clock import format_time, timeframe_ms
from memesnipe_cli.market.rows import NO_TIME, RawBars
from memesnipe_cli.store.tables import Bool, Candles, Float64, Int64, SeriesKey

# Bitcoin's first block; no market here is older.
EARLIEST_MS = 1_230_940_800_000
# Later times (2096) are units misread; they are not shown as dates.
LATEST_SHOWN_MS = 4_000_000_000_000
SPIKE_FACTOR = 10.0
SPIKE_RETURN_FACTOR = 2.0
SPIKE_LONGEST = 3

REASONS = {
    "time_unreadable": "the time cannot be read",
    "time_too_early": "the time lies before 2009",
    "not_finite": "a price or the volume is missing, NaN or infinite",
    "price_not_positive": "a price is zero or negative",
    "volume_negative": "the volume is negative",
    "high_below_low": "high is below low",
    "outside_range": "open or close lies outside low..high",
    "off_grid": "the time is not on the timeframe's grid",
    "future": "the time lies in the future",
    "unfinished": "the bar had not ended when it was read",
    "duplicate_conflict": "another row has the same time and other values",
    "spike": "the price jumped tenfold and came back",
}


# A row's verdict is a small number: 0 may be used, else the place of its reason plus one.
Int8 = npt.NDArray[np.int8]
_CLEAN = 0
_NAMES = ("", *REASONS)
_CODES = {name: code for code, name in enumerate(_NAMES)}


@dataclass(frozen=True)
class Finding:
    """One thing found. `severity` is error, warning or info; `count` says how many bars it concerns."""

    check: str
    severity: str
    where: str
    message: str
    hint: str = ""
    count: int = 1

    def as_record(self) -> dict[str, Any]:
        """The `finding` record."""
        return {
            "type": "finding",
            "v": 1,
            "check": self.check,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
            "hint": self.hint,
            "count": self.count,
        }


@dataclass(frozen=True)
class Judged:
    """Rows after judgement: what may be used, what is set aside (with reason), how many identical repeats
    there were (dropped: nothing is lost with them), and the findings about rows."""

    candles: Candles
    set_aside: list[dict[str, Any]]
    repeats: int
    findings: list[Finding]


def judge_rows(raw: RawBars, key: SeriesKey, now: int, *, spikes: bool = True) -> Judged:
    """Part usable bars from bad ones. `now` (ms UTC) says which bar is unfinished or in the future."""
    step = timeframe_ms(key.timeframe)
    verdict = _row_verdicts(raw, step, now)
    clean = verdict == _CLEAN
    order = np.flatnonzero(clean)
    ts = raw.ts[order]
    if len(ts) > 1 and not bool(np.all(ts[1:] > ts[:-1])):
        order = order[np.argsort(ts, kind="stable")]
        order, repeats, conflicts = _part_duplicates(raw, order)
        verdict[conflicts] = _CODES["duplicate_conflict"]
    else:
        repeats = 0
    if spikes:
        spiked = spike_mask(raw.close[order])
        verdict[order[spiked]] = _CODES["spike"]
        order = order[~spiked]
    used = raw.take(order)
    candles = Candles(
        key, used.ts, used.open, used.high, used.low, used.close, used.volume, used.synthetic.astype(np.bool_)
    )
    return Judged(candles, _set_aside_rows(raw, verdict), repeats, _row_findings(raw, verdict, repeats, key))


def _row_verdicts(raw: RawBars, step: int, now: int) -> Int8:
    """Code of the first reason that holds for each row."""
    prices = (raw.open, raw.high, raw.low, raw.close)
    finite = np.isfinite(raw.volume)
    positive = np.ones(len(raw), dtype=np.bool_)
    for price in prices:
        finite &= np.isfinite(price)
        positive &= price > 0.0
    top, bottom = np.maximum(raw.open, raw.close), np.minimum(raw.open, raw.close)
    checks: list[tuple[str, Bool]] = [
        ("time_unreadable", raw.ts == NO_TIME),
        ("time_too_early", raw.ts < EARLIEST_MS),
        ("not_finite", ~finite),
        ("price_not_positive", ~positive),
        ("volume_negative", raw.volume < 0.0),
        ("high_below_low", raw.high < raw.low),
        ("outside_range", (top > raw.high) | (bottom < raw.low)),
        ("off_grid", raw.ts % step != 0),
        ("future", raw.ts > now),
        ("unfinished", raw.ts > now - step),
    ]
    verdict = np.zeros(len(raw), dtype=np.int8)
    for reason, holds in reversed(checks):
        verdict[holds] = _CODES[reason]
    return verdict


def _part_duplicates(raw: RawBars, order: Int64) -> tuple[Int64, int, Int64]:
    """(rows to keep in order of time, identical repeats dropped, rows in conflict) of rows sorted by time.

    Of rows with one time and different values none can be trusted, so all of them are set aside.
    """
    ts = raw.ts[order]
    starts = np.flatnonzero(np.concatenate(([True], ts[1:] != ts[:-1])))
    group = np.cumsum(np.concatenate(([0], (ts[1:] != ts[:-1]).astype(np.int64))))
    differs = np.zeros(len(order), dtype=np.bool_)
    for column in (raw.open, raw.high, raw.low, raw.close, raw.volume):
        values = column[order]
        differs |= values != values[starts][group]
    in_conflict = np.bincount(group, weights=differs, minlength=len(starts)) > 0
    keep = order[starts[~in_conflict]]
    conflicts = order[in_conflict[group]]
    return keep, len(order) - len(keep) - len(conflicts), conflicts


def spike_mask(close: Float64) -> Bool:
    """Bars whose close stands at least tenfold off the close before them, where at most three bars later the
    price is back within twofold. Shape (n,), in order of time."""
    marked = np.zeros(len(close), dtype=np.bool_)
    if len(close) < 3:
        return marked
    logs = np.log(close)
    jumps = np.flatnonzero(np.abs(np.diff(logs)) >= math.log(SPIKE_FACTOR) - 1e-12) + 1
    for first in jumps.tolist():
        if marked[first]:
            continue
        base = logs[first - 1]
        for end in range(first + 1, min(first + SPIKE_LONGEST, len(logs) - 1) + 1):
            if abs(logs[end] - base) <= math.log(SPIKE_RETURN_FACTOR):
                marked[first:end] = np.abs(logs[first:end] - base) >= math.log(SPIKE_FACTOR) - 1e-12
                break
    return marked


def _set_aside_rows(raw: RawBars, verdict: Int8) -> list[dict[str, Any]]:
    def number(value: float) -> str | None:
        return repr(float(value)) if math.isfinite(value) else None

    return [
        {
            "row": int(place) + 1,
            "ts": int(raw.ts[place]) if raw.ts[place] != NO_TIME else None,
            "open": number(raw.open[place]),
            "high": number(raw.high[place]),
            "low": number(raw.low[place]),
            "close": number(raw.close[place]),
            "volume": number(raw.volume[place]),
            "check": _NAMES[verdict[place]],
            "reason": REASONS[_NAMES[verdict[place]]],
        }
        for place in np.flatnonzero(verdict != _CLEAN)
    ]


def _row_findings(raw: RawBars, verdict: Int8, repeats: int, key: SeriesKey) -> list[Finding]:
    found = []
    for reason, text in REASONS.items():
        places = np.flatnonzero(verdict == _CODES[reason])
        if not len(places):
            continue
        first = raw.ts[places[0]]
        when = f" {format_time(int(first))}" if EARLIEST_MS <= first < LATEST_SHOWN_MS else ""
        # The last bar of a live answer is always unfinished: nothing is wrong with it.
        severity = "info" if reason == "unfinished" else "error"
        found.append(
            Finding(
                reason,
                severity,
                f"{key}{when}",
                f"{text}: {len(places)} set aside",
                "see them with: memesnipe ingest set-aside",
                len(places),
            )
        )
    if repeats:
        found.append(
            Finding("duplicate", "info", str(key), f"{repeats} identical repeats dropped", "", repeats)
        )
    return found


def conflict_findings(key: SeriesKey, conflicts: int) -> list[Finding]:
    """What to say where incoming bars differed from stored ones."""
    if not conflicts:
        return []
    return [
        Finding(
            "conflict",
            "warning",
            str(key),
            f"{conflicts} bars differ from what is stored: the stored ones stay, the others are set aside",
            "see both with: memesnipe ingest set-aside; another market or venue under the same name?",
            conflicts,
        )
    ]

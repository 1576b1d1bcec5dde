"""Equity, drawdown, and the run beside buy and hold, as one inline SVG. Colours come from the page, by class.

Three panels with scales of their own: an account that puts two per cent into a trade would be a flat line on
the scale of a coin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.curves import Curves

_WIDTH, _HEIGHT = 960, 590
_LEFT, _RIGHT = 76, 944
_EQUITY = (30, 230)  # top and bottom of each panel
_FALL = (272, 352)
_RETURNS = (398, 538)
_DATES_AT = 566
_LEAST_FALL = 0.001  # a smaller drawdown is not blown up to fill its panel


def chart_svg(drawn: Curves, currency: str) -> str:
    """The picture, as an `<svg>` element; "" for curves without points."""
    if len(drawn.ts) < 2:
        return ""
    first, last = drawn.ts[0], drawn.ts[-1]
    across = _Scale(first, max(last, first + 1), _LEFT, _RIGHT)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Equity, drawdown, buy and hold">',
        *_equity_panel(drawn, across, currency),
        *_drawdown_panel(drawn, across),
        *_returns_panel(drawn, across),
        *_dates(across, first, last),
        "</svg>",
    ]
    return "\n".join(parts)


def _equity_panel(drawn: Curves, across: _Scale, currency: str) -> list[str]:
    marks = nice_marks(min(drawn.equity), max(drawn.equity), 4)
    up = _Scale(marks[0], marks[-1], _EQUITY[1], _EQUITY[0])
    return [
        _title(_EQUITY[0], f"equity, {currency}"),
        *(_level(up(mark), _mark_text(mark, marks)) for mark in marks),
        _line("equity", drawn.ts, drawn.equity, across, up),
    ]


def _drawdown_panel(drawn: Curves, across: _Scale) -> list[str]:
    top, bottom = _FALL
    deepest = max(*drawn.drawdown, _LEAST_FALL)
    down = _Scale(0.0, deepest, top, bottom)
    points = _points(drawn.ts, drawn.drawdown, across, down)
    return [
        _title(top, "drawdown"),
        _level(top, "0 %"),
        _level(bottom, f"-{deepest * 100:.3g} %"),
        f'<path class="fall" d="M{_LEFT} {top} L{points} L{_RIGHT} {top} Z"/>',
    ]


def _returns_panel(drawn: Curves, across: _Scale) -> list[str]:
    mine, held = _returns(drawn.equity), _returns(drawn.buy_and_hold)
    marks = nice_marks(min(*mine, *held), max(*mine, *held), 4)
    up = _Scale(marks[0], marks[-1], _RETURNS[1], _RETURNS[0])
    return [
        _title(_RETURNS[0], "return in per cent: the run, and buy and hold (dashed)"),
        *(_level(up(mark), _mark_text(mark, marks)) for mark in marks),
        _line("hold", drawn.ts, held, across, up),
        _line("equity", drawn.ts, mine, across, up),
    ]


class _Scale:
    """A straight line from data to picture coordinates; a span of nothing is drawn at its start."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._start = low, start
        self._factor = (end - start) / (high - low) if high > low else 0.0

    def __call__(self, value: float) -> float:
        return self._start + (value - self._low) * self._factor


def nice_marks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart, around [low, high]: ascending, at least two."""
    spread = high - low
    if spread <= 0:
        spread = max(abs(high), 1.0) * 0.1
    rough = spread / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999999)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        last += 1
    return [place * step for place in range(first, last + 1)]


def _returns(values: Sequence[float]) -> list[float]:
    start = values[0]
    return [(value / start - 1.0) * 100 for value in values] if start > 0 else [0.0] * len(values)


def _mark_text(mark: float, marks: Sequence[float]) -> str:
    digits = max(0, -math.floor(math.log10(marks[1] - marks[0]) + 1e-9))
    return f"{mark:,.{digits}f}"


def _title(top: float, text: str) -> str:
    return f'<text class="axis" x="{_LEFT}" y="{top - 10}">{escape(text)}</text>'


def _level(y: float, text: str) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}"/>'
        f'<text class="axis" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
    )


def _dates(across: _Scale, first: int, last: int) -> list[str]:
    """Six evenly spaced times below the picture, with the clock time where the span is short."""
    style = "%Y-%m-%d" if last - first > 6 * DAY_MS else "%m-%d %H:%M"
    shown = []
    for place in range(6):
        ts = first + (last - first) * place // 5
        anchor = "start" if place == 0 else "end" if place == 5 else "middle"
        text = datetime.fromtimestamp(ts // 1000, UTC).strftime(style)
        shown.append(
            f'<text class="axis" x="{across(ts):.1f}" y="{_DATES_AT}" text-anchor="{anchor}">{text}</text>'
        )
    return shown


def _line(name: str, ts: Sequence[int], values: Sequence[float], across: _Scale, up: _Scale) -> str:
    return f'<path class="{name}" d="M{_points(ts, values, across, up)}"/>'


def _points(ts: Sequence[int], values: Sequence[float], across: _Scale, up: _Scale) -> str:
    return " L".join(f"{across(when):.1f} {up(value):.1f}" for when, value in zip(ts, values, strict=True))

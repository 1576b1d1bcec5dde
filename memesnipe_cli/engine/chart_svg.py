"""Equity, buy and hold and drawdown as one inline SVG. Colours come from the page's style sheet, by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.engine.curves import Curves

_WIDTH, _HEIGHT = 960, 440
_LEFT, _RIGHT = 72, 948
_TOP, _EQUITY_BOTTOM = 28, 290
_FALL_TOP, _BOTTOM = 322, 408


def chart_svg(drawn: Curves, currency: str) -> str:
    """The picture, as an `<svg>` element; "" for curves without points."""
    if len(drawn.ts) < 2:
        return ""
    first, last = drawn.ts[0], drawn.ts[-1]
    across = _Scale(first, max(last, first + 1), _LEFT, _RIGHT)
    values = [*drawn.equity, *drawn.buy_and_hold]
    marks = nice_marks(min(values), max(values))
    up = _Scale(min(marks[0], min(values)), max(marks[-1], max(values)), _EQUITY_BOTTOM, _TOP)
    deepest = max(max(drawn.drawdown), 0.001)
    down = _Scale(0.0, deepest, _FALL_TOP, _BOTTOM)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Equity, buy and hold, drawdown">',
        *(_level(up(mark), _mark_text(mark, marks)) for mark in marks),
        *_dates(across, first, last),
        _level(_FALL_TOP, "0 %"),
        _level(_BOTTOM, f"-{deepest * 100:.3g} %"),
        f'<path class="hold" d="M{_points(drawn.ts, drawn.buy_and_hold, across, up)}"/>',
        f'<path class="equity" d="M{_points(drawn.ts, drawn.equity, across, up)}"/>',
        f'<path class="fall" d="M{across(first):.1f} {_FALL_TOP} L'
        f'{_points(drawn.ts, drawn.drawdown, across, down)} L{across(last):.1f} {_FALL_TOP} Z"/>',
        *_legend(currency),
        "</svg>",
    ]
    return "\n".join(parts)


class _Scale:
    """A straight line from data to picture coordinates; a span of nothing is drawn in its middle."""

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


def _mark_text(mark: float, marks: Sequence[float]) -> str:
    digits = max(0, -math.floor(math.log10(marks[1] - marks[0]) + 1e-9))
    return f"{mark:,.{digits}f}"


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
            f'<text class="axis" x="{across(ts):.1f}" y="{_BOTTOM + 22}" text-anchor="{anchor}">{text}</text>'
        )
    return shown


def _points(ts: Sequence[int], values: Sequence[float], across: _Scale, up: _Scale) -> str:
    return " L".join(f"{across(when):.1f} {up(value):.1f}" for when, value in zip(ts, values, strict=True))


def _legend(currency: str) -> list[str]:
    def entry(x: int, name: str, text: str) -> str:
        return (
            f'<line class="{name}" x1="{x}" y1="12" x2="{x + 24}" y2="12"/>'
            f'<text class="axis" x="{x + 30}" y="16">{escape(text)}</text>'
        )

    return [
        entry(_LEFT, "equity", f"equity, {currency}"),
        entry(_LEFT + 150, "hold", "buy and hold"),
        f'<text class="axis" x="{_LEFT}" y="{_FALL_TOP - 8}">drawdown</text>',
    ]

"""One picture of a running loop, made to fit its terminal: each thing at a place of its own, whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from memesnipe_cli.live.status import LoopStatus
from memesnipe_cli.live.status_parts import NAKED, UNKNOWN
from memesnipe_cli.live_view import columns, health, money
from memesnipe_cli.live_view.tables import table
from memesnipe_cli.live_view.words import clean, countdown, day_and_hour

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

SMALLEST = 25  # lines that hold everything; on fewer the least important ones go
_CTRL_C = "Ctrl-C: no new positions, the stops stay, says what is left. Twice: out at once."
_STOPPING = "Stopping: no new positions, the stops stay. Ctrl-C: out at once."

# The importance of a line where there are too few.
_GAP, _SOME, _NORMAL, _MORE, _MOST = range(5)
Line = tuple[int, Text]


@dataclass(frozen=True, slots=True)
class Page:
    """Something rich can draw. said: what the loop has told a person; silent_s: for how long it has shown nothing new,
    0 where it has; height: lines, 0 for those of the terminal; ended: the loop is over, so only what is there."""

    status: LoopStatus
    said: Sequence[str] = ()
    silent_s: float = 0.0
    height: int = 0
    ended: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = self.height or options.height or console.size.height
        lines = self._lines(options.max_width, max(height, SMALLEST), options.ascii_only)
        if self.ended:
            lines = [(rank, text) for rank, text in lines if text.plain]
        for text in _fitting(lines, height):
            text.plain = clean(text.plain)
            text.truncate(options.max_width, overflow="ellipsis" if not options.ascii_only else "crop")
            yield text

    def _lines(self, width: int, height: int, ascii_only: bool) -> list[Line]:
        status = self.status
        rows = _Rows.of(height)
        positions = sorted(status.positions, key=lambda each: each.protection != NAKED)
        orders = sorted(status.orders, key=lambda each: each.state != UNKNOWN)
        now = status.time_ms
        drawdown, loss = money.tier_lines(status, width, ascii_only=ascii_only)
        held = table(positions, columns.position_columns(now), width, rows.positions, empty="no positions")
        lines = [
            (_MOST, _both(_title(status), day_and_hour(now), width)),
            (_MOST, money.level_line(status)),
            (_SOME, money.cause_line(status)),
            (_MOST, money.money_line(status, width)),
            (_MORE, drawdown),
            (_MORE, loss),
            (_NORMAL, money.strategies_line(status)),
            (_GAP, Text("")),
            *_ranked(held, _MORE),
            (_MORE, health.orders_line(status)),
        ]
        if rows.orders:
            lines += _ranked(table(orders, columns.order_columns(now), width, rows.orders, empty=""), _SOME)
        decided = table(
            status.decisions[::-1],
            columns.decision_columns(),
            width,
            rows.decisions,
            empty="nothing decided yet",
            count=False,
        )
        if status.next_bar_s is not None:
            decided[0] = _both(decided[0], f"next bar in {countdown(status.next_bar_s)}", width)
        lines += [
            (_GAP, Text("")),
            *_ranked(decided, _SOME),
            (_GAP, Text("")),
            (_NORMAL, health.feed_line(status)),
            (_NORMAL, health.execution_line(status)),
            (_MORE, health.books_line(status)),
            *_ranked(self._notices(rows.notices), _MORE),
        ]
        if not self.ended:
            hint = Text(_STOPPING, style=columns.ATTENTION) if status.stopping else Text(_CTRL_C, style="dim")
            lines.append((_MOST, hint))
        return lines

    def _notices(self, room: int) -> list[Text]:
        found = health.notices(self.status, list(self.said), self.silent_s)
        more = f"1 of {len(found)}: " if len(found) > room else ""
        shown = [Text(words, style=tone, no_wrap=True) for words, tone in found[:room]]
        if more:
            shown[0] = Text.assemble(more, shown[0], no_wrap=True)
        return shown + [Text("")] * (room - len(shown))


@dataclass(frozen=True, slots=True)
class _Rows:
    """How many lines each table has, heading included; they hang on the height alone."""

    positions: int
    orders: int
    decisions: int
    notices: int

    @classmethod
    def of(cls, height: int) -> _Rows:
        extra = height - SMALLEST
        notices = 1 + min(extra // 6, 4)
        orders = min(extra // 3, 9) if extra >= 6 else 0
        positions = 5 + min(extra // 4, 8)
        taken = (notices - 1) + orders + (positions - 5)
        return cls(positions, orders, 4 + extra - taken, notices)


def _title(status: LoopStatus) -> Text:
    kind = ("LIVE, real money", "bold") if status.mode == "live" else ("PAPER", "bold")
    market = ", SIMULATED market" if status.simulated else ""
    return Text.assemble(kind, f"{market}  account {status.account} on {status.venue}", no_wrap=True)


def _both(left: Text, right: str, width: int) -> Text:
    """`left`, and `right` at the other end where both have room."""
    gap = width - left.cell_len - len(right)
    if gap < 2:
        return left
    return Text.assemble(left, " " * gap, right, no_wrap=True)


def _ranked(lines: Sequence[Text], rank: int) -> list[Line]:
    """Lines of a table: its heading and first row stay longer than the rest."""
    return [(rank if number < 2 else _GAP, line) for number, line in enumerate(lines)]


def _fitting(lines: Sequence[Line], height: int) -> list[Text]:
    """As many as there is room for: the least important go first, of those the lowest."""
    surplus = len(lines) - height
    out = {
        number
        for number, _ in sorted(enumerate(lines), key=lambda each: (each[1][0], -each[0]))[: max(0, surplus)]
    }
    return [text for number, (_, text) in enumerate(lines) if number not in out]

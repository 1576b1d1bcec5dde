"""How `memesnipe backtest` shows a result, fresh or stored, in each of the output modes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from memesnipe_cli.console import Console, OutputMode

if TYPE_CHECKING:
    from memesnipe_cli.engine.report import Report


def emit(console: Console, said: Report, *, trades: bool, page: Path | None) -> None:
    """The result on stdout; the page, if one is asked for, before it, so that `| head` does not lose it.

    JSON lines: the `trade` records where asked for, then the `backtest` record as the last line. JSON: one
    object of `backtest` and, where asked for, `trades`.
    """
    for warning in said.record["warnings"]:
        console.warn(warning)
    if page is not None:
        write_page(page, said)
        console.say(f"wrote {page}")
    if console.mode is OutputMode.HUMAN:
        from memesnipe_cli.engine.show import show

        console.render(show(said, trades=trades))
    elif console.mode is OutputMode.JSON:
        document: dict[str, Any] = {"backtest": said.record}
        if trades:
            document["trades"] = said.trades
        console.record(document)
    else:
        if trades:
            console.records(said.trades, ())
        console.record(said.record)


def write_page(page: Path, said: Report) -> None:
    """The result as a page that stands alone: there whole, or not at all. Raises OSError."""
    from memesnipe_cli.engine.report_html import report_html
    from memesnipe_cli.store.files import write_file

    write_file(page, report_html(said).encode("utf-8", "replace"))

"""The only module that writes to stdout (data) or stderr (talk, progress).

A command gets a Console, hands it values and never prints. On a terminal a person gets tables and colour; elsewhere
the same tables in plain text; `--json` gives one JSON document and `--jsonl` one object a line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

    from memesnipe_cli.errors import MemesnipeError

Row = Mapping[str, Any]


class OutputMode(StrEnum):
    """How data is written to stdout."""

    HUMAN = "human"
    JSON = "json"
    JSONL = "jsonl"


class PipeClosedError(Exception):
    """The reader of our stdout went away (`| head`): the command ends quietly."""


@dataclass(frozen=True)
class Column:
    """One column of a table for people: its heading, the row's key, and how a value is written."""

    heading: str
    key: str
    right: bool = False
    write: Callable[[Any], str] = lambda value: "" if value is None else str(value)


class Console:
    """Where a command's words go. `out` is data, `err` is talk."""

    def __init__(
        self,
        mode: OutputMode = OutputMode.HUMAN,
        *,
        verbosity: int = 0,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
    ) -> None:
        self.mode = mode
        self.verbosity = verbosity  # -1 quiet, 0 normal, 1 and more verbose
        self.out = out if out is not None else sys.stdout
        self.err = err if err is not None else sys.stderr

    # --- data: stdout -----------------------------------------------------------------------------------------

    def records(self, rows: Iterable[Row], columns: Sequence[Column], *, title: str = "", empty: str = "") -> None:
        """Many rows: a table of `columns` for a person, whole rows as a JSON array or as JSON lines.

        JSON lines stream; a table and an array are written at the end. `empty` is said where there are none.
        """
        if self.mode is OutputMode.JSONL:
            for row in rows:
                self.write_bytes(_json(row) + b"\n")
            return
        rows = list(rows)
        if self.mode is OutputMode.JSON:
            self.write_bytes(_json(rows, indent=True) + b"\n")
        elif rows:
            self.render(_table(rows, columns, title))
        elif empty:
            self.say(empty)

    def record(self, row: Row, show: Callable[[], RenderableType] | None = None) -> None:
        """One object: JSON in the machine modes, else what `show` returns, else a two-column table."""
        if self.mode is OutputMode.HUMAN:
            self.render(show() if show else _pairs(row))
        else:
            self.write_bytes(_json(row, indent=self.mode is OutputMode.JSON) + b"\n")

    def render(self, what: RenderableType) -> None:
        """Write something rich can draw to stdout; for people only."""
        from rich.console import Console as RichConsole

        colour = self.out.isatty()
        width = None if colour else _plain_width()
        with self._pipe():
            RichConsole(file=self.out, width=width, highlight=False, soft_wrap=False).print(what)

    def write_bytes(self, data: bytes) -> None:
        """Raw data to stdout (already encoded JSON lines)."""
        with self._pipe():
            buffer = getattr(self.out, "buffer", None)
            if buffer is None:
                self.out.write(data.decode())
            else:
                self.out.flush()
                buffer.write(data)
                # A line that somebody waits for down the pipe must not sit in our buffer.
                if len(data) < 65_536:
                    buffer.flush()

    # --- talk: stderr -----------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A remark for a person; silent with -q."""
        if self.verbosity >= 0:
            self._talk(text)

    def detail(self, text: str) -> None:
        """A remark shown only with -v."""
        if self.verbosity > 0:
            self._talk(text)

    def warn(self, text: str) -> None:
        """Something a person should know about; shown with -q too."""
        self._talk(f"warning: {text}")

    def error(self, error: MemesnipeError) -> None:
        """What was wrong and what to do next; in the machine modes also as an `error` record."""
        self._talk(f"error: {error.message}" + (f"\n  {error.hint}" if error.hint else ""))
        if self.mode is not OutputMode.HUMAN:
            self._talk(_json(error.as_record()).decode())

    @contextmanager
    def progress(self, description: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """A bar on stderr, drawn only on a terminal and not with -q. Yields `advance(amount)`."""
        if self.verbosity < 0 or not self.err.isatty():
            yield lambda amount: None
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(*columns, TimeRemainingColumn(), console=RichConsole(file=self.err), transient=True) as bar:
            task = bar.add_task(description, total=total)
            yield lambda amount: bar.advance(task, amount)

    def _talk(self, text: str) -> None:
        try:
            self.err.write(text + "\n")
            self.err.flush()
        except (BrokenPipeError, ValueError):
            # Nobody listens to the talk any more; the work goes on.
            self.err = open(os.devnull, "w")  # noqa: SIM115

    @contextmanager
    def _pipe(self) -> Iterator[None]:
        try:
            yield
            self.out.flush()
        except BrokenPipeError:
            # The interpreter flushes stdout once more at exit: give it somewhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())
            raise PipeClosedError from None


def _plain_width() -> int:
    """Into a file or a pipe a table is not folded to a terminal's width; COLUMNS still rules."""
    return int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdigit() else 200


def _json(value: Any, *, indent: bool = False) -> bytes:
    import orjson

    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(value, default=_json_default, option=options)


def _json_default(value: Any) -> Any:
    from decimal import Decimal
    from pathlib import Path

    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _table(rows: Sequence[Row], columns: Sequence[Column], title: str) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=column.right)
    for row in rows:
        table.add_row(*(Text(column.write(row.get(column.key))) for column in columns))
    return table


def _pairs(row: Row) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in row.items():
        table.add_row(Text(key), Text("" if value is None else str(value)))
    return table

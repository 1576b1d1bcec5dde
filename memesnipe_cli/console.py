"""The only module that writes to stdout (data) or stderr (talk, progress).

A command gets a Console, hands it values and never prints. On a terminal a person gets tables and colour;
elsewhere the same tables in plain text; `--json` gives one JSON document and `--jsonl` one object a line.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any

from memesnipe_cli.drawing import Column, Row, inert, plain_pairs, plain_table, rich_pairs, rich_table
from memesnipe_cli.errors import MemesnipeError, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = [
    "Column",
    "Console",
    "OutputMode",
    "PipeClosedError",
    "Row",
    "guard_standard_streams",
    "json_bytes",
]


class OutputMode(StrEnum):
    """How data is written to stdout."""

    HUMAN = "human"
    JSON = "json"
    JSONL = "jsonl"


class PipeClosedError(Exception):
    """The reader of our stdout went away (`| head`): the command ends quietly."""


class Console:
    """Where a command's words go. `out` is data, `err` is talk, `answers` is where a person's answers come
    from."""

    def __init__(
        self,
        mode: OutputMode = OutputMode.HUMAN,
        *,
        verbosity: int = 0,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
        answers: IO[str] | None = None,
    ) -> None:
        self.mode = mode
        self.verbosity = verbosity  # -1 quiet, 0 normal, 1 and more verbose
        self.out = out if out is not None else sys.stdout
        self.err = err if err is not None else sys.stderr
        self.answers = answers if answers is not None else sys.stdin

    # --- data: stdout ---------------------------------------------------------------------------------------

    def records(
        self, rows: Iterable[Row], columns: Sequence[Column], *, title: str = "", empty: str = ""
    ) -> None:
        """Many rows: a table of `columns` for a person, whole rows as a JSON array or as JSON lines.

        JSON lines stream; a table and an array (`[]` for no rows) are written at the end. `empty` is said to
        a person where there are none.
        """
        if self.mode is OutputMode.JSONL:
            for row in rows:
                self.write_bytes(json_bytes(row) + b"\n")
            return
        rows = list(rows)
        if self.mode is OutputMode.JSON:
            self.write_bytes(json_bytes(rows, indent=True) + b"\n")
        elif rows:
            if self.out.isatty():
                self.render(rich_table(rows, columns, title))
            else:
                self._plain(plain_table(rows, columns, title))
        elif empty:
            self.say(empty)

    def record(self, row: Row, show: Callable[[], RenderableType] | None = None) -> None:
        """One object: JSON in the machine modes, else what `show` returns, else a two-column table."""
        if self.mode is not OutputMode.HUMAN:
            self.write_bytes(json_bytes(row, indent=self.mode is OutputMode.JSON) + b"\n")
        elif show is not None:
            self.render(show())
        elif self.out.isatty():
            self.render(rich_pairs(row))
        else:
            self._plain(plain_pairs(row))

    def text(self, text: str, row: Row) -> None:
        """Plain text as it stands for a person (a template, a version), `row` in the machine modes."""
        if self.mode is OutputMode.HUMAN:
            self._plain(text.rstrip("\n"))
        else:
            self.record(row)

    def render(self, what: RenderableType) -> None:
        """Write something rich can draw to stdout; for people only."""
        from rich.console import Console as RichConsole

        if self.out.isatty():
            RichConsole(file=self.out, highlight=False).print(what)
            return
        # Drawn aside first: rich answers a reader that left with an exit code of its own.
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        paper = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="")
        RichConsole(file=paper, width=_plain_width(), highlight=False).print(what, end="")
        paper.seek(0)
        self._plain(paper.read().rstrip("\n"))

    def _plain(self, text: str) -> None:
        with self._writing():
            self.out.write(text + "\n")

    def write_bytes(self, data: bytes) -> None:
        """Raw data to stdout (already encoded JSON lines)."""
        with self._writing():
            buffer = getattr(self.out, "buffer", None)
            if buffer is None:
                self.out.write(data.decode())
            else:
                buffer.write(data)

    # --- talk: stderr ---------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A remark for a person; silent with -q."""
        if self.verbosity >= 0:
            self._talk(inert(text))

    def detail(self, text: str) -> None:
        """A remark shown only with -v."""
        if self.verbosity > 0:
            self._talk(inert(text))

    def warn(self, text: str) -> None:
        """Something a person should know about; shown with -q too."""
        self._talk(f"warning: {inert(text)}")

    def say_verbatim(self, text: str) -> None:
        """Text of several lines that a person asked for in so many words (help, a traceback)."""
        self._talk(text.rstrip("\n"))

    def error(self, error: MemesnipeError) -> None:
        """What was wrong and what to do next; in the machine modes also as an `error` record."""
        self._talk(inert(f"error: {error.message}" + (f"\n  {error.hint}" if error.hint else "")))
        if self.mode is not OutputMode.HUMAN:
            self._talk(json_bytes(error.as_record()).decode())

    @contextmanager
    def progress(self, description: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """A bar on stderr, drawn only on a terminal and not with -q. Yields `advance(amount)`."""
        if self.verbosity < 0 or not self.err.isatty():
            yield lambda amount: None
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(
            *columns, TimeRemainingColumn(), console=RichConsole(file=self.err), transient=True
        ) as bar:
            task = bar.add_task(description, total=total)
            yield lambda amount: bar.advance(task, amount)

    @property
    def can_ask(self) -> bool:
        """True where a person sits at a terminal and the output is for a person."""
        return self.mode is OutputMode.HUMAN and self.answers.isatty()

    def ask(self, question: str, default: str, flag: str) -> str:
        """A person's answer, an empty one meaning `default`. The question goes to stderr.

        Raises UsageError naming `flag` where nobody can answer.
        """
        if not self.can_ask:
            raise UsageError(
                f"{flag} is missing and there is no terminal to ask at", f"give {flag}, or --yes"
            )
        self.err.write(f"{question} [{default}]: ")
        self.err.flush()
        answer = self.answers.readline()
        if not answer:
            raise KeyboardInterrupt  # Ctrl-D: the person left
        return answer.strip() or default

    def _talk(self, text: str) -> None:
        try:
            self.err.write(text + "\n")
            self.err.flush()
        except (OSError, ValueError):
            # Nobody listens to the talk any more; the work goes on.
            self.err = open(os.devnull, "w")  # noqa: SIM115

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Around each write to stdout. Every record is flushed: somebody waits for it down the pipe."""
        try:
            yield
            self.out.flush()
        except BrokenPipeError:
            self._silence()
            raise PipeClosedError from None
        except OSError as error:
            self._silence()
            hint = "check where the output goes: a full disk or a closed file"
            raise MemesnipeError(f"stdout cannot be written: {error.strerror}", hint, code="system") from None

    def _silence(self) -> None:
        """The interpreter flushes stdout once more at exit: give it somewhere to go."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.out.fileno())


def guard_standard_streams() -> None:
    """Make stdin, stdout and stderr exist and take any text; for the start of the program.

    A closed descriptor (`>&-`) would otherwise be given to the next file that is opened, and talk would land
    in it. In a locale that lacks a character, a `?` or an escape is written in its place.
    """
    for number, name, flags in (
        (0, "stdin", os.O_RDONLY),
        (1, "stdout", os.O_WRONLY),
        (2, "stderr", os.O_WRONLY),
    ):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")


def _plain_width() -> int:
    """Into a file or a pipe a table is not folded to a terminal's width; COLUMNS still rules."""
    columns = os.environ.get("COLUMNS", "")
    return max(20, int(columns)) if columns.isdecimal() and len(columns) < 6 else 200


def json_bytes(value: Any, *, indent: bool = False) -> bytes:
    """`value` as JSON: Decimal as a plain decimal string, NaN as null, numpy as numbers, paths as text."""
    import orjson

    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indent else 0)
    if "numpy" in sys.modules:
        # Told to expect numpy, orjson imports it, and a command that has no arrays would wait for that.
        options |= orjson.OPT_SERIALIZE_NUMPY
    try:
        return orjson.dumps(value, default=_json_default, option=options)
    except TypeError:
        # A file name or argument whose bytes were no UTF-8 holds lone surrogates, which JSON cannot carry.
        return orjson.dumps(_valid_text(value), default=_json_default, option=options)


def _json_default(value: Any) -> Any:
    from decimal import Decimal
    from pathlib import Path

    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Path):
        return _valid_text(str(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _valid_text(value: Any) -> Any:
    """`value` with bytes that were no text written as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_valid_text(key): _valid_text(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_valid_text(inner) for inner in value]
    return value

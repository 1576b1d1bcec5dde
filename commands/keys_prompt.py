"""Asking for a secret at a terminal without showing it: one line, a pasted PEM, or pasted JSON."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from memesnipe_cli.console import Console
from memesnipe_cli.errors import UsageError

_MOST_LINES = 64
_LINE_BYTES = 4096
_PEM_BEGINS, _PEM_ENDS = "-----BEGIN", "-----END"


class HiddenPrompt:
    """Questions whose answers are not shown. Made by `hidden_prompt`."""

    def __init__(self, console: Console, terminal: int) -> None:
        self._console = console
        self._terminal = terminal

    def line(self, question: str) -> str:
        """One line. Raises KeyboardInterrupt where the person left (Ctrl-D)."""
        self._console.err.write(f"{question} (not shown): ")
        self._console.err.flush()
        try:
            return self._read()
        finally:
            # The person's own line end was not shown either.
            self._console.err.write("\n")
            self._console.err.flush()

    def text(self, question: str) -> str:
        """One line, or all lines of a pasted PEM or JSON object: they must not run on into the shell."""
        lines = [self.line(question)]
        if lines[0].lstrip().startswith("{"):
            while not _is_whole_object("\n".join(lines)):
                lines.append(self._next(lines))
        elif lines[0].lstrip().startswith(_PEM_BEGINS) and _PEM_ENDS not in lines[0]:
            while _PEM_ENDS not in lines[-1]:
                lines.append(self._next(lines))
        return "\n".join(lines)

    def _next(self, so_far: list[str]) -> str:
        if len(so_far) >= _MOST_LINES:
            raise UsageError(
                f"what was pasted does not end within {_MOST_LINES} lines", "paste it whole, and nothing else"
            )
        return self._read()

    def _read(self) -> str:
        # Cooked as it is, a terminal hands out one line a read.
        given = os.read(self._terminal, _LINE_BYTES)
        if not given:
            raise KeyboardInterrupt
        return given.decode("utf-8", "replace").rstrip("\r\n")


@contextmanager
def hidden_prompt(console: Console) -> Iterator[HiddenPrompt]:
    """A prompt on the person's terminal, which shows nothing of what is typed until the body is over; then what was
    typed and not read is thrown away. Raises UsageError where there is no terminal."""
    if not console.can_ask:
        raise UsageError(
            "there is no terminal to ask at",
            "give the key with --stdin, or with --fd N from a file descriptor; never as an argument",
        )
    terminal = console.answers.fileno()
    shown = termios.tcgetattr(terminal)
    hidden = termios.tcgetattr(terminal)
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
    try:
        yield HiddenPrompt(console, terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, shown)


def _is_whole_object(text: str) -> bool:
    """Whether every brace is closed again; braces inside of strings do not count."""
    depth, quoted, escaped = 0, False, False
    for sign in text:
        if quoted:
            quoted = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"':
            quoted = True
        else:
            depth += (sign == "{") - (sign == "}")
    return depth <= 0 and not quoted

"""The live view on a real terminal device: calm, never in the loop's way, and the terminal given back."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from view_cases import NOW, all_well, halted

from memesnipe_cli.console import Console, OutputMode
from memesnipe_cli.live_view.lines import Lines
from memesnipe_cli.live_view.opening import open_view
from memesnipe_cli.live_view.screen import REFRESH_S, Screen

ENTERS, LEAVES = "\x1b[?1049h", "\x1b[?1049l"
HIDES, SHOWS = "\x1b[?25l", "\x1b[?25h"
HOME = "\x1b[H"


class Terminal:
    """A terminal of 80 x 24. `file` is its end for programs, `read` gives what was drawn."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.file: IO[str] = os.fdopen(slave, "w", encoding="utf-8")
        self.resize(80, 24)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.file.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds: float = 0.2, until: str = "") -> str:
        """What was drawn, until nothing comes for a moment, or until some text has come."""
        found, give_up = b"", time.monotonic() + (5.0 if until else seconds)
        while time.monotonic() < give_up:
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    found += os.read(self.master, 65_536)
                except OSError:
                    break
            if until and until.encode() in found:
                break
        return found.decode("utf-8", "replace")

    def close(self) -> None:
        for end in (self.file.close, lambda: os.close(self.master)):
            try:
                end()
            except OSError:
                continue


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    made = Terminal()
    yield made
    made.close()


def test_the_terminal_is_taken_over_and_given_back(terminal: Terminal) -> None:
    with open_view(Console(err=terminal.file)) as view:
        assert isinstance(view, Screen)
        assert terminal.read() == ""  # nothing before there is something to show
        view.say("reconciled")
        view.show(all_well())
        during = terminal.read(until="Ctrl-C")
    after = terminal.read()
    assert during.startswith(ENTERS) and HIDES in during and "DOGE/USD" in during
    given_back = after.index(LEAVES)
    assert SHOWS in after
    left = after[given_back:]
    assert "momentum_5m" in left and "Ctrl-C" not in left  # the last page stays
    assert left.rstrip().endswith("reconciled")


def test_an_exception_gives_the_terminal_back(terminal: Terminal) -> None:
    with pytest.raises(ZeroDivisionError), open_view(Console(err=terminal.file)) as view:
        view.show(all_well())
        terminal.read(until="Ctrl-C")
        raise ZeroDivisionError
    after = terminal.read()
    assert LEAVES in after and SHOWS in after


def test_it_is_drawn_twice_a_second_at_most_and_in_place(terminal: Terminal) -> None:
    began = time.monotonic()
    with open_view(Console(err=terminal.file)) as view:
        while time.monotonic() - began < 1.2:
            view.show(all_well())
            time.sleep(0.01)
        seen = terminal.read(0.1)
    assert 1 <= seen.count(HOME) <= 1.4 / REFRESH_S + 2
    assert "\x1b[2J" not in seen  # a screen that is wiped first would flash


def test_it_follows_the_size_of_its_terminal(terminal: Terminal) -> None:
    with open_view(Console(err=terminal.file)) as view:
        view.show(all_well())
        assert "entry" not in terminal.read(until="Ctrl-C")
        terminal.resize(140, 30)
        assert "entry" in terminal.read(until="entry")


def test_a_terminal_that_stands_still_holds_nothing_up(terminal: Terminal) -> None:
    """Nobody reads: the device is soon full, and a write to it waits for ever."""
    terminal.resize(400, 200)
    longest = 0.0
    with open_view(Console(err=terminal.file)) as view:
        for _ in range(120):
            began = time.monotonic()
            view.show(all_well())
            view.say("still here")
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 3.5
    assert longest < 1.0
    terminal.read(0.3)  # lets the thread go


def test_a_terminal_that_is_gone_leaves_lines(terminal: Terminal) -> None:
    words = io.StringIO()
    copy = os.fdopen(os.dup(terminal.file.fileno()), "w")
    with Screen(copy, Lines(Console(err=words))) as view:
        view.show(all_well())
        terminal.read(until="Ctrl-C")
        terminal.close()
        give_up = time.monotonic() + 5
        while "live view has ended" not in words.getvalue() and time.monotonic() < give_up:
            view.show(halted())
            time.sleep(0.05)
    assert "the live view has ended (OSError" in words.getvalue()
    assert "HALT" in words.getvalue()


PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
from view_cases import all_well
from memesnipe_cli import signals
from memesnipe_cli.console import Console
from memesnipe_cli.live_view.opening import open_view
signals.install()
with open_view(Console()) as view:
    view.show(all_well())
    for _ in range(200):
        time.sleep(0.05)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 1)])
def test_a_signal_gives_the_terminal_back(terminal: Terminal, number: int, code: int) -> None:
    program = PROGRAM.format(tests=str(Path(__file__).parent))
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.DEVNULL,
        stderr=terminal.file,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert "DOGE/USD" in terminal.read(until="Ctrl-C")
        child.send_signal(number)
        assert abs(child.wait(timeout=10)) in (code, number)
    finally:
        child.kill()
        child.wait(timeout=10)
    after = terminal.read()
    assert LEAVES in after and SHOWS in after


def test_only_a_person_at_a_terminal_gets_a_screen(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for console in (
        Console(err=io.StringIO()),
        Console(OutputMode.JSONL, err=terminal.file),
        Console(OutputMode.JSON, err=terminal.file),
        Console(err=terminal.file, verbosity=-1),
    ):
        assert isinstance(open_view(console), Lines)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(open_view(Console(err=terminal.file)), Lines)
    assert terminal.read() == ""


def test_elsewhere_there_are_lines_on_change() -> None:
    words = io.StringIO()
    with open_view(Console(err=words)) as view:
        view.show(all_well())
        view.show(replace(all_well(), time_ms=NOW + 500))
        view.show(replace(halted(), time_ms=NOW + 1_000, stopping=False))
        view.say("one more\x1b[2J")
    lines = words.getvalue().splitlines()
    assert lines[0] == "2026-03-02T14:32:29Z  account main on kraken: live, real money; equity 201.34 USD"
    assert lines[2].startswith("warning: 2026-03-02T14:32:30Z  breaker: CLOSED -> HALT (drawdown)")
    assert lines[-1] == "one more?[2J"


def test_quiet_lines_say_only_what_is_trouble() -> None:
    words = io.StringIO()
    with open_view(Console(err=words, verbosity=-1)) as view:
        view.show(all_well())
        view.show(halted())
    assert [line.partition("  ")[2][:24] for line in words.getvalue().splitlines()] == [
        "breaker: CLOSED -> HALT "
    ]

"""The program as a process among others: pipes, signals, closed streams, poor locales."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = [sys.executable, str(Path(__file__).parent / "probe.py"), "probe"]


def start(*args: str) -> subprocess.Popen[str]:
    # The environment is given in so many words: readline, which pytest loads, sets COLUMNS behind Python's
    # back.
    return subprocess.Popen(
        [*PROBE, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=dict(os.environ),
    )


@pytest.mark.parametrize(
    ("sent", "code", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_ends_it_cleanly_with_its_own_code(sent: signal.Signals, code: int, said: str) -> None:
    process = start("--sleep", "60")
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, f"tidied up\n{said}\n")


DEFERS = """
import os, sys
from memesnipe_cli.signals import deferred, install
install()
try:
    with deferred():
        os.kill(os.getpid(), int(sys.argv[1]))
        print("the body is whole")
        if sys.argv[2] == "fails":
            raise OSError
    print("not reached")
except BaseException as stopped:
    print(type(stopped).__name__)
"""


@pytest.mark.parametrize("body", ["ends", "fails"])
@pytest.mark.parametrize(
    ("sent", "stopped"), [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "TerminatedError")]
)
def test_a_deferred_signal_acts_once_the_body_is_done(sent: signal.Signals, stopped: str, body: str) -> None:
    line = [sys.executable, "-c", DEFERS, str(int(sent)), body]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines() == ["the body is whole", stopped], done.stderr


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_library_that_makes_an_error_of_a_signal_changes_nothing(sent: signal.Signals, code: int) -> None:
    process = start("--fail-when-stopped")
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "bug" not in err


@pytest.mark.parametrize(
    ("line", "first"),
    [("--lines 200000 --jsonl", '{"type":"event","n":0}\n'), ("--drawn 2000", "x" * 99 + "\n")],
)
def test_a_reader_that_leaves_ends_it_quietly(line: str, first: str) -> None:
    process = start(*line.split())
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == first
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_an_error() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROBE, "--lines", "3", "--jsonl"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: stdout cannot be written: No space left on device\n")
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_a_closed_stdout_is_not_given_to_the_next_file(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['memesnipe', 'probe', '--text', 'lost']\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import probe; probe.install()\n"
        "from memesnipe_cli.console import guard_standard_streams; guard_standard_streams()\n"
        f"assert open({str(tmp_path / 'file')!r}, 'w').fileno() > 2\n"
        "from memesnipe_cli.__main__ import main; main()\n"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}])
def test_text_beyond_the_locale_is_no_error(encoding: dict[str, str]) -> None:
    done = subprocess.run(
        [*PROBE, "--text", "naïve ₿"], capture_output=True, env={**os.environ, **encoding}, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"na")


def test_an_argument_that_is_no_text_is_named_in_the_error() -> None:
    done = subprocess.run(
        [*PROBE, "--profile", b"\xff", "--fail", "UsageError", "--json"], capture_output=True
    )
    assert done.returncode == 2
    done = subprocess.run([*PROBE[:-1], "--json", b"\xff"], capture_output=True)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_without_a_terminal_a_table_is_plain_and_never_folded() -> None:
    done = subprocess.run(
        [*PROBE[:-1], "profile", "list"], capture_output=True, env={**os.environ, "COLUMNS": "20"}, timeout=60
    )
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 2 + 4

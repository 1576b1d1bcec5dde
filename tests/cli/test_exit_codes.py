"""Each way to end has one exit code and one form."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import probe
import pytest

from memesnipe_cli import cli
from memesnipe_cli.cli import run
from memesnipe_cli.errors import ExitCode


@pytest.fixture(autouse=True)
def probe_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cli, "COMMANDS", dict(cli.COMMANDS))
    probe.install()
    yield
    sys.modules.pop("memesnipe_cli.commands.probe", None)


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        ("MemesnipeError", 1, "failed"),
        ("DataError", 1, "data"),
        ("StrategyError", 1, "strategy"),
        ("UsageError", 2, "usage"),
        ("RefusedError", 3, "refused"),
        ("ConfigError", 4, "config"),
        ("NetworkError", 5, "network"),
        ("StoreError", 6, "store"),
        ("StoreBusyError", 6, "store_busy"),
        ("StoreDamagedError", 6, "store_damaged"),
        ("IntegrityError", 7, "integrity"),
    ],
)
def test_an_error_has_its_code_its_next_step_and_its_record(
    error: str, code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["probe", "--fail", error, "--json"], {}) == code
    written = capsys.readouterr()
    first, second, record = written.err.splitlines()
    assert (first, second) == (f"error: {error} happened", "  do this next")
    assert json.loads(record) == {
        "type": "error",
        "v": 1,
        "code": word,
        "message": f"{error} happened",
        "hint": "do this next",
    }
    assert written.out == ""


def test_what_a_command_returns_is_its_exit_code() -> None:
    assert run(["probe", "--returns", "1"], {}) == ExitCode.FAILED
    assert run(["probe"], {}) == ExitCode.OK


@pytest.mark.parametrize(
    "line",
    [
        "nope",
        "probe --nope",
        "probe --returns x",
        "probe extra",
        "--profile",
        "probe --json --jsonl",
        "probe --fail",
    ],
)
def test_wrong_usage_is_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split(), {}) == ExitCode.USAGE
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("error: ")
    assert len([text for text in written.err.splitlines() if not text.startswith("{")]) <= 2


def test_a_group_without_a_subcommand_shows_help_to_a_person_and_an_error_to_a_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["profile"], {}) == ExitCode.USAGE
    assert "Usage: memesnipe profile" in capsys.readouterr().err
    assert run(["profile", "--json"], {}) == ExitCode.USAGE
    assert '"message":"memesnipe profile needs a subcommand"' in capsys.readouterr().err


def test_a_bug_is_one_line_and_a_file_that_only_its_owner_reads(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert run(["probe", "--fail", "bug"], {}) == ExitCode.FAILED
    written = capsys.readouterr().err
    assert written.startswith("error: this is a bug: ZeroDivisionError: a secret of two lines\n")
    assert "Traceback" not in written
    (file,) = (home / "cache" / "memesnipe").glob("crash-*.txt")
    assert str(file) in written
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "ZeroDivisionError" in text and "--fail" not in text


def test_a_bug_shows_where_with_vv(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["probe", "--fail", "bug", "-vv"], {}) == ExitCode.FAILED
    assert "Traceback" in capsys.readouterr().err


def test_an_operating_system_error_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["probe", "--fail", "system"], {}) == ExitCode.FAILED
    assert "error: No such file or directory: /nonexistent/file" in capsys.readouterr().err


def test_the_version_in_all_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], {}) == ExitCode.OK
    assert capsys.readouterr().out.startswith("memesnipe ")
    assert run(["--version", "--json"], {}) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["type"] == "version"

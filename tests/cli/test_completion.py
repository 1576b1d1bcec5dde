"""Completion in bash, zsh and fish goes through the lazy table and knows the global options."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from memesnipe_cli.cli import COMMANDS, run

Memesnipe = Callable[..., "subprocess.CompletedProcess[str]"]


def offered(memesnipe: Memesnipe, shell: str, line: str) -> list[str]:
    """The words that a shell would offer at the end of a line."""
    environment = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    out = memesnipe(_MEMESNIPE_COMPLETE=f"complete_{shell}", **environment).stdout
    if shell == "zsh":
        # _arguments '*: :(("name":"help" ...
        return re.findall(r'^(?:_arguments \'\*: :\(\()?"([^"]*)"', out, re.MULTILINE)
    return [text.split("\t")[0] for text in out.splitlines()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("memesnipe ", list(COMMANDS)),
        ("memesnipe pro", ["profile"]),
        ("memesnipe --profile kraken -v profile s", ["show"]),
        ("memesnipe profile show ", ["cautious", "coinbase", "kraken", "paper"]),
        ("memesnipe profile list --profile c", ["cautious", "coinbase"]),
        ("memesnipe doctor --j", ["--json", "--jsonl"]),
        ("memesnipe init --cap", ["--capital"]),
    ],
)
def test_it_offers(memesnipe: Memesnipe, line: str, words: list[str]) -> None:
    assert offered(memesnipe, "bash", line) == words


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "words"),
    [("memesnipe profile ", ["list", "show", "validate", "diff"]), ("memesnipe init --cap", ["--capital"])],
)
def test_it_offers_the_same_in_other_shells(
    memesnipe: Memesnipe, shell: str, line: str, words: list[str]
) -> None:
    assert offered(memesnipe, shell, line) == words


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "COMPREPLY"), ("zsh", "#compdef memesnipe"), ("fish", "complete")]
)
def test_its_script_can_be_shown(shell: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--show-completion", shell], {}) == 0
    script = capsys.readouterr().out
    assert word in script and "_MEMESNIPE_COMPLETE" in script


def test_it_is_installed_in_the_users_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["--install-completion", "bash"], {}) == 0
    assert str(tmp_path) in capsys.readouterr().out
    assert "memesnipe" in (tmp_path / ".bashrc").read_text()


@pytest.mark.parametrize("words", [["tcsh"], ["bash", "zsh"]])
def test_an_unknown_shell_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--show-completion", *words], {}) == 2
    assert f"completion for {' '.join(words)} is not known" in capsys.readouterr().err

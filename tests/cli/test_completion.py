"""Completion in bash, zsh and fish goes through the lazy table and knows the global options."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from memesnipe_cli.cli import COMMANDS

Memesnipe = Callable[..., "subprocess.CompletedProcess[str]"]
Complete = Callable[[str], list[str]]


@pytest.fixture(params=["bash", "zsh", "fish"])
def complete(request: pytest.FixtureRequest, memesnipe: Memesnipe) -> Complete:
    """The words that a shell would offer at the end of a line."""
    shell = request.param

    def offered(line: str) -> list[str]:
        words = line.split(" ")
        environment = {
            "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
            "zsh": {"_TYPER_COMPLETE_ARGS": line},
            "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        }[shell]
        out = memesnipe(_MEMESNIPE_COMPLETE=f"complete_{shell}", **environment).stdout
        if shell == "zsh":
            return [text.strip().lstrip("_arguments '*: :((").split('"')[1] for text in out.splitlines() if '"' in text]
        return [text.split("\t")[0] for text in out.splitlines()]

    return offered


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("memesnipe ", list(COMMANDS)),
        ("memesnipe pro", ["profile"]),
        ("memesnipe profile ", ["list", "show", "validate", "diff"]),
        ("memesnipe --profile kraken -v profile s", ["show"]),
        ("memesnipe profile show ", ["cautious", "coinbase", "kraken", "paper"]),
        ("memesnipe profile list --profile c", ["cautious", "coinbase"]),
        ("memesnipe doctor --j", ["--json", "--jsonl"]),
        ("memesnipe init --cap", ["--capital"]),
    ],
)
def test_it_offers(complete: Complete, line: str, words: list[str]) -> None:
    assert complete(line) == words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_can_be_shown_for_installing(shell: str, memesnipe: Memesnipe) -> None:
    done = memesnipe("--show-completion", shell)
    assert done.returncode == 0
    assert "_MEMESNIPE_COMPLETE" in done.stdout

"""The pages on security and releases name nothing that is not there: files, tests, commands, targets of make."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from memesnipe_cli.cli import run

TOP = Path(__file__).parents[2]
PAGES = [TOP / "docs" / "security.md", TOP / "docs" / "release.md"]
POINTS = (
    "Key management",
    "Keys and wallets in memory",
    "Dependencies",
    "Data at rest",
    "Network",
    "Input validation",
    "Errors",
    "Access",
    "Monitoring",
    "What one machine cannot promise",
)


def named(pattern: str) -> list[str]:
    """What stands in the code of either page and looks so, each once."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = re.findall(r"`([^`\n]+)`", text)
    return sorted({match[0] for each in found if (match := re.fullmatch(pattern, each.strip()))})


def test_each_point_is_answered() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert [each for each in POINTS if f"\n## {each}\n" not in text] == []


@pytest.mark.parametrize("name", named(r"tests/\S+"))
def test_a_test_that_is_named_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert (TOP / path).is_file(), name
    tree = ast.parse((TOP / path).read_text(encoding="utf-8"))
    assert not test or test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", named(r"(?:memesnipe_cli|commands|docs|\.ci)/\S+"))
def test_a_file_that_is_named_exists(name: str) -> None:
    assert (TOP / name).exists(), name


@pytest.mark.parametrize("name", named(r"make [a-z-]+(?: [A-Z]+=\S+)?"))
def test_a_target_that_is_named_exists(name: str) -> None:
    target = name.split()[1]
    assert re.search(f"^{target}:", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), name


@pytest.mark.parametrize("name", named(r"memesnipe [a-z]+(?: .*)?"))
def test_a_command_that_is_named_exists(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [word for word in re.match(r"memesnipe((?: [a-z]+)+)", name)[1].split()]  # type: ignore[index]
    assert run([*words, "--help"], {}) == 0
    assert f"memesnipe {' '.join(words)}" in capsys.readouterr().out

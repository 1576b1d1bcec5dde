"""Whatever command line README.md and docs/ show, the program knows its subcommand and its options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from memesnipe_cli.cli import root_command
from memesnipe_cli.global_options import GLOBAL_OPTIONS

TOP = Path(__file__).parents[2]
PAGES = [
    TOP / "README.md",
    *sorted((TOP / "docs").glob("*.md")),
    *sorted((TOP / "docs" / "runbooks").glob("*.md")),
]
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def known_options(command: Any, path: str = "memesnipe", parent: Any = None) -> dict[str, set[str]]:
    """Whole name of each command -> the options that it takes, the global ones included."""
    context = command.make_context(path, [], parent=parent, resilient_parsing=True)
    own = {name for param in command.params for name in getattr(param, "opts", ())}
    everywhere = set(_OPTION.findall(" ".join(option for option, _ in GLOBAL_OPTIONS)))
    found = {path: own | everywhere | {"--help", "--install-completion", "--show-completion"}}
    if isinstance(command, TyperGroup):
        for name in command.list_commands(context):
            found |= known_options(command.get_command(context, name), f"{path} {name}", context)
    return found


def calls(page: Path) -> list[str]:
    """Every call of the program in the page's code, with what belongs to other programs cut off."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    inline = re.findall(
        r"`(memesnipe [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    )
    found = []
    for line in [*(line for block in blocks for line in block.splitlines()), *inline]:
        code = re.sub(r"'[^']*'|(?<!\S)#.*", "", line.replace("\\|", "|"))
        found += re.findall(r"(?:^\s*|^\$ |[|;&(] *)(memesnipe [^|;&>)]*)", code)
    return found


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    return known_options(root_command())


def test_the_pages_show_calls() -> None:
    assert sum(len(calls(page)) for page in PAGES) > 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_the_manual_shows_can_be_typed(page: Path, known: dict[str, set[str]]) -> None:
    for call in calls(page):
        names = re.sub(r"(?<!\S)(-q|--(store|profile) \S+) ", "", call).split()
        path = next((" ".join(names[:n]) for n in (3, 2, 1) if " ".join(names[:n]) in known), "memesnipe")
        wrong = set(_OPTION.findall(call)) - known[path]
        after = names[len(path.split()) :][:1]
        is_group = any(name.startswith(f"{path} ") for name in known)
        stray = is_group and path != "memesnipe" and after and after[0][0] not in "-.[…"
        assert not stray, f"{call}: {path} has no subcommand {after[0]}"
        assert path != "memesnipe" or names[1][:1] in "-C", f"{call}: no such subcommand"
        assert not wrong, f"{call}: {path} has no {', '.join(sorted(wrong))}"

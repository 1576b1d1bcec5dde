"""Every command explains itself, with an example, and the manual says the same."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.core import TyperGroup

from memesnipe_cli.cli import COMMANDS, root_command

DOCS = Path(__file__).parents[2] / "docs"


def manual() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_manual", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = manual()


def every_command() -> list[tuple[str, Any, str]]:
    return [
        (path, command, command.get_help(context))
        for path, command, context in GENERATE.commands(root_command())
    ]


def test_every_command_and_option_has_help() -> None:
    silent = []
    for path, command, _ in every_command():
        if not command.help:
            silent.append(path)
        silent += [f"{path} {param.name}" for param in command.params if not getattr(param, "help", "given")]
    assert silent == []


def test_every_command_shows_an_example_of_itself() -> None:
    for path, command, text in every_command():
        if isinstance(command, TyperGroup):
            continue
        _, found, examples = text.partition("Examples:\n")
        assert found, f"{path} --help has no Examples section"
        assert path in examples, f"no example of {path} calls it"


def test_examples_use_options_that_exist() -> None:
    known = {
        path: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text.partition("Examples:\n")[0]))
        for path, _, text in every_command()
    }
    for _, _, text in every_command():
        for line in text.partition("Examples:\n")[2].splitlines():
            for call in re.split(r"\||&&|;", line):
                words = _words(call)
                if not words or words[0] != "memesnipe":
                    continue
                names = [word for word in words if not word.startswith("-")]
                path = next(
                    (" ".join(names[:n]) for n in (3, 2, 1) if " ".join(names[:n]) in known), "memesnipe"
                )
                used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
                assert used <= known[path], f"{call.strip()}: {used - known[path]}"


def _words(call: str) -> list[str]:
    try:
        return shlex.split(call)
    except ValueError:
        return []


def test_the_manual_says_what_help_says() -> None:
    pages = GENERATE.pages()
    written = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "commands").glob("*.md")}
    assert sorted(written) == sorted(pages), "run: make docs"
    for name, text in pages.items():
        assert written[name] == text, f"docs/commands/{name} is stale; run: make docs"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_root_says_about_a_command_what_the_command_is(command: str) -> None:
    line = COMMANDS[command][1]
    assert line.endswith(".") and len(line) <= 90

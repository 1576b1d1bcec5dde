"""Writes docs/commands/NAME.md from the --help of every command, so that the manual cannot say something
else.

`python docs/generate.py` writes; `--check` writes nothing and fails where a page is missing, stale or left
over.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from memesnipe_cli.cli import HELP_WIDTH, root_command

PAGES = Path(__file__).parent / "commands"
NOTE = "<!-- Written by docs/generate.py from the commands' --help; do not edit. -->"


def commands(command: Any, name: str = "memesnipe", parent: Any = None) -> Iterator[tuple[str, Any, Any]]:
    """Every command below `command`, itself first: (its whole name, the command, its context)."""
    with command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=HELP_WIDTH, color=False
    ) as context:
        yield context.command_path, command, context
        if isinstance(command, TyperGroup):
            for child in command.list_commands(context):
                yield from commands(command.get_command(context, child), child, context)


def pages() -> dict[str, str]:
    """File name -> text: one page a subcommand with all that is below it, and one for the root."""
    texts: dict[str, list[str]] = {}
    for path, command, context in commands(root_command()):
        words = path.split()
        page = texts.setdefault(words[1] if len(words) > 1 else words[0], [NOTE])
        level = "#" if len(words) <= 2 else "##"
        page.append(f"{level} {path}\n\n```text\n{command.get_help(context).rstrip()}\n```")
    return {f"{name}.md": "\n\n".join(parts) + "\n" for name, parts in texts.items()}


def main() -> int:
    """Write or check; returns the exit code."""
    wanted = pages()
    stale = [name for name, text in wanted.items() if _read(PAGES / name) != text]
    left_over = [path.name for path in PAGES.glob("*.md") if path.name not in wanted]
    if "--check" in sys.argv[1:]:
        for name in [*stale, *left_over]:
            sys.stderr.write(f"docs/commands/{name} is not what --help says; run: make docs\n")
        return 1 if stale or left_over else 0
    PAGES.mkdir(exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(wanted[name], encoding="utf-8")
    for name in left_over:
        (PAGES / name).unlink()
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
